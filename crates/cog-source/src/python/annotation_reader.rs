//! Reading annotations out of expressions.

use cog_findings::Rule;
use cog_findings::text::shorten;
use ruff_python_ast::{Expr, ExprStringLiteral, Operator};
use ruff_text_size::{Ranged, TextRange};

use super::annotation::{Annotation, Form};
use super::error::SignatureErrors;
use super::module::Module;
use super::reader::Semantics;
use super::syntax::dotted;

/// How deep brackets in an annotation may be nested.
const MAX_DEPTH: usize = 40;

/// The longest annotation in quotes that is read, in bytes.
const MAX_QUOTED_BYTES: usize = 1000;

/// Reads annotations of one file.
pub(super) struct AnnotationReader<'m> {
    pub module: &'m Module,
    /// The rule to report unreadable annotations under.
    pub rule: &'static Rule,
    pub semantics: &'static dyn Semantics,
}

impl AnnotationReader<'_> {
    pub(super) fn read(&self, expression: &Expr) -> Result<Annotation, SignatureErrors> {
        let found = self.any(expression, 0)?;
        if matches!(found.form, Form::Other) { Err(self.unsupported(expression.range())) } else { Ok(found) }
    }

    fn unsupported(&self, range: TextRange) -> SignatureErrors {
        let message = format!("`{}` is not a type that Cog can read", shorten(self.module.text.slice(range), 60));
        self.module.fail(self.rule, range, message, "write the type with plain names, such as list[str] or Optional[int]")
    }

    fn any(&self, expression: &Expr, depth: usize) -> Result<Annotation, SignatureErrors> {
        let range = expression.range();
        if depth > MAX_DEPTH {
            let message = "the type is nested too deeply to be read";
            return Err(self.module.fail(self.rule, range, message, "name the inner types as classes"));
        }
        let form = match expression {
            Expr::NoneLiteral(_) => Form::None,
            Expr::Name(_) | Expr::Attribute(_) => dotted(expression).map_or(Form::Other, Form::Name),
            Expr::Subscript(subscript) => match dotted(&subscript.value) {
                Some(name) => {
                    let written = match subscript.slice.as_ref() {
                        Expr::Tuple(tuple) => tuple.elts.as_slice(),
                        single => std::slice::from_ref(single),
                    };
                    Form::Generic(name.clone(), self.arguments(&name, written, depth)?)
                }
                None => Form::Other,
            },
            Expr::BinOp(binary) if binary.op == Operator::BitOr => {
                let mut members = Vec::new();
                for side in [&binary.left, &binary.right] {
                    match self.any(side, depth + 1)? {
                        Annotation { form: Form::Union(inner), .. } => members.extend(inner),
                        Annotation { form: Form::Other, range } => return Err(self.unsupported(range)),
                        single => members.push(single),
                    }
                }
                Form::Union(members)
            }
            Expr::StringLiteral(literal) => return self.quoted(literal, depth),
            _ => Form::Other,
        };
        Ok(Annotation { form, range })
    }

    fn arguments(&self, name: &str, written: &[Expr], depth: usize) -> Result<Vec<Annotation>, SignatureErrors> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let mut arguments = Vec::new();
        for (position, argument) in written.iter().enumerate() {
            // The values of a Literal are not types, and a Literal is rejected anyway.
            let metadata = last == "Literal" || (last == "Annotated" && position > 0);
            let read = match self.any(argument, depth + 1) {
                Ok(found) if found.form == Form::Other => Err(self.unsupported(argument.range())),
                read => read,
            };
            let found = if metadata { self.semantics.metadata(read, argument.range())? } else { read? };
            arguments.push(found);
        }
        Ok(arguments)
    }

    /// A forward reference: the text in the quotes is an annotation of its own.
    fn quoted(&self, literal: &ExprStringLiteral, depth: usize) -> Result<Annotation, SignatureErrors> {
        let range = literal.range();
        let [part] = literal.value.as_slice() else { return Err(self.unsupported(range)) };
        if part.value.len() > MAX_QUOTED_BYTES {
            return Err(self.unsupported(range));
        }
        match ruff_python_parser::parse_string_annotation(self.module.text.as_str(), part) {
            Ok(parsed) => match self.any(parsed.expr(), depth + 1)? {
                Annotation { form: Form::Other, .. } => Err(self.unsupported(range)),
                found => Ok(found),
            },
            Err(_) => Err(self.unsupported(range)),
        }
    }
}
