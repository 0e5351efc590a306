//! Annotations as written: names, brackets, bars, and the same inside quotes.

use cog_findings::Rule;
use cog_findings::text::shorten;
use ruff_python_ast::{Expr, Operator};
use ruff_text_size::{Ranged, TextRange};

use super::module::Module;
use super::reader::{Failure, dotted, fail};

/// How deep brackets in an annotation may be nested.
const DEEPEST: usize = 40;

/// The longest annotation in quotes that is read, in bytes.
const LONGEST_QUOTED: usize = 1000;

/// An annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Annotation {
    pub form: Form,
    pub range: TextRange,
}

/// How it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// `None`
    None,
    /// `a.b`
    Name(String),
    /// `a.b[x, y]`
    Generic(String, Vec<Annotation>),
    /// `x | y`, flat
    Union(Vec<Annotation>),
    /// Anything else. Allowed only as metadata of `Annotated`.
    Other,
}

/// Reads annotations of one file.
pub(super) struct AnnotationReader<'m> {
    pub module: &'m Module,
    /// The rule that unreadable annotations break: one for inputs, another for outputs.
    pub rule: &'static Rule,
    /// Whether metadata must be readable too, as for Cog.
    pub exact: bool,
}

impl AnnotationReader<'_> {
    /// Reads an annotation.
    pub(super) fn read(&self, expression: &Expr) -> Result<Annotation, Failure> {
        let found = self.any(expression, 0)?;
        if matches!(found.form, Form::Other) { Err(self.unsupported(expression.range())) } else { Ok(found) }
    }

    fn unsupported(&self, range: TextRange) -> Failure {
        let message = format!("`{}` is not a type that Cog can read", shorten(self.module.text.slice(range), 60));
        fail(self.rule, self.module, range, message, "write the type with plain names, as list[str] or Optional[int]")
    }

    fn any(&self, expression: &Expr, depth: usize) -> Result<Annotation, Failure> {
        let range = expression.range();
        if depth > DEEPEST {
            let message = "the type is nested too deeply to be read";
            return Err(fail(self.rule, self.module, range, message, "name the inner types as classes"));
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
        if self.exact && matches!(form, Form::Other) {
            return Err(self.unsupported(range));
        }
        Ok(Annotation { form, range })
    }

    fn arguments(&self, name: &str, written: &[Expr], depth: usize) -> Result<Vec<Annotation>, Failure> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let mut arguments = Vec::new();
        for (position, argument) in written.iter().enumerate() {
            // The values of a Literal are no types, and it is refused anyway.
            let metadata = last == "Literal" || (last == "Annotated" && position > 0);
            let found = match self.any(argument, depth + 1) {
                Err(_) if metadata && !self.exact => Annotation { form: Form::Other, range: argument.range() },
                found => found?,
            };
            if matches!(found.form, Form::Other) && !metadata {
                return Err(self.unsupported(argument.range()));
            }
            arguments.push(found);
        }
        Ok(arguments)
    }

    /// A forward reference: the text in the quotes is an annotation of its own.
    fn quoted(&self, literal: &ruff_python_ast::ExprStringLiteral, depth: usize) -> Result<Annotation, Failure> {
        let range = literal.range();
        let [part] = literal.value.as_slice() else { return Err(self.unsupported(range)) };
        if part.value.len() > LONGEST_QUOTED {
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

/// What would do instead of a type that is not supported.
pub(super) fn advice(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or(name) {
        "tuple" | "Tuple" | "set" | "Set" | "frozenset" | "FrozenSet" | "Sequence" | "Iterable" => {
            "use list[...], with one type for all items"
        }
        "Literal" => "use str or int with Input(choices=[...])",
        "bytes" | "bytearray" | "BytesIO" | "BinaryIO" | "Image" => "use cog.Path and write the data to a file",
        "Generator" | "AsyncGenerator" | "Iterable[str]" => "use Iterator[...] or AsyncIterator[...]",
        "ndarray" | "Tensor" => "use list[float], or cog.Path with a file",
        "datetime" | "date" => "use str, as in 2026-01-31",
        "Enum" | "StrEnum" | "IntEnum" => "use str with Input(choices=[...])",
        "None" => "return a value, for example a str that tells what was done",
        _ => "use str, int, float, bool, cog.Path, or a list or dict of them",
    }
}
