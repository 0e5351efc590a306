//! Annotations as they are written, with the names in them looked up. What a type means is left to `input_type` and `output`.

use std::rc::Rc;

use ruff_python_ast::{Expr, Operator};
use ruff_python_parser::parse_expression;
use ruff_text_size::Ranged;

use super::module::Module;
use super::names::{ClassRef, Symbol, resolve};
use super::world::World;
use crate::domain::finding::Location;
use crate::python::{ErrorKind, SignatureError};

/// Annotations within annotations, and aliases of aliases, are followed this far.
const MOST_STEPS: usize = 32;

/// An annotation.
#[derive(Debug, Clone)]
pub(super) struct Annotation {
    pub(super) kind: Kind,
    /// Where the whole annotation stands.
    pub(super) location: Location,
    /// As it is written.
    pub(super) shown: String,
}

/// Its form.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// `None`.
    None,
    /// A name.
    Name(Symbol),
    /// `Name[...]`.
    Generic(Symbol, Vec<Annotation>),
    /// `A | B`, `Union[A, B]` or `Optional[A]`.
    Union(Vec<Annotation>),
    /// Something else: a literal, a call.
    Other,
}

impl Annotation {
    /// The name by which Cog and `typing` know it, with what stands in its brackets.
    pub(super) fn known(&self) -> Option<(&str, &[Annotation])> {
        match &self.kind {
            Kind::Name(symbol) => Some((symbol.known_name()?, &[])),
            Kind::Generic(symbol, arguments) => Some((symbol.known_name()?, arguments)),
            Kind::None | Kind::Union(_) | Kind::Other => None,
        }
    }

    /// The class of the project that it names.
    pub(super) fn class(&self) -> Option<&ClassRef> {
        match &self.kind {
            Kind::Name(Symbol::Class(class)) => Some(class),
            _ => None,
        }
    }

    /// Without `Annotated[...]` around it, and whether `Opaque` was in there.
    pub(super) fn unwrapped(&self) -> (&Self, bool) {
        let mut inner = self;
        let mut opaque = false;
        while let Some(("Annotated", [first, rest @ ..])) = inner.known() {
            opaque |= rest.iter().any(|mark| matches!(&mark.kind, Kind::Name(symbol) if symbol.is_cog("Opaque")));
            inner = first;
        }
        (inner, opaque)
    }

    /// The members of a union other than `None`, and whether `None` is among them.
    pub(super) fn members(&self) -> (Vec<&Self>, bool) {
        match &self.kind {
            Kind::Union(members) => {
                let mut kept = Vec::new();
                let mut nullable = false;
                for member in members {
                    let (inner, inner_nullable) = member.members();
                    kept.extend(inner);
                    nullable |= inner_nullable;
                }
                (kept, nullable)
            }
            Kind::None => (Vec::new(), true),
            Kind::Name(_) | Kind::Generic(..) | Kind::Other => (vec![self], false),
        }
    }

    pub(super) fn unsupported(&self, hint: &str) -> SignatureError {
        SignatureError::new(
            ErrorKind::UnsupportedType,
            format!("'{}' is not a type that Cog knows", self.shown),
            self.location.clone(),
        )
        .hint(hint)
    }

    /// The error for a name that nobody knows.
    pub(super) fn unknown(&self) -> SignatureError {
        let from = match &self.kind {
            Kind::Name(Symbol::Outside { module, .. }) | Kind::Generic(Symbol::Outside { module, .. }, _) if !module.is_empty() => {
                format!(", which comes from '{module}',")
            }
            _ => String::new(),
        };
        SignatureError::new(
            ErrorKind::UnknownType,
            format!("nothing is known about the type '{}'{from}", self.shown),
            self.location.clone(),
        )
        .hint(
            "use a type of Cog's, a class of the project that derives from cog.BaseModel, or Annotated[..., Opaque] for an output",
        )
    }
}

/// Reads an annotation.
pub(super) fn read(world: &World<'_>, module: &Rc<Module>, expression: &Expr) -> Annotation {
    Reader { world, module, location: module.place(expression), steps: MOST_STEPS }.annotation(expression)
}

struct Reader<'a> {
    world: &'a World<'a>,
    module: &'a Rc<Module>,
    /// Where everything within is said to stand: ranges within a quoted annotation or an alias are those of another text.
    location: Location,
    steps: usize,
}

impl Reader<'_> {
    fn annotation(&self, expression: &Expr) -> Annotation {
        let shown = self.module.slice(expression.range());
        self.shown(expression, shown)
    }

    fn shown(&self, expression: &Expr, shown: &str) -> Annotation {
        let kind = if self.steps == 0 { Kind::Other } else { self.kind(expression) };
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        Annotation { kind, location: self.location.clone(), shown }
    }

    fn deeper(&self) -> Self {
        Reader { world: self.world, module: self.module, location: self.location.clone(), steps: self.steps.saturating_sub(1) }
    }

    fn kind(&self, expression: &Expr) -> Kind {
        match expression {
            Expr::NoneLiteral(_) => Kind::None,
            Expr::Name(_) | Expr::Attribute(_) => self.name(expression),
            Expr::Subscript(subscript) => {
                let Some(symbol) = resolve(self.world, self.module, &subscript.value) else { return Kind::Other };
                let arguments: Vec<Annotation> = match subscript.slice.as_ref() {
                    Expr::Tuple(tuple) => tuple.elts.iter().map(|item| self.deeper().annotation(item)).collect(),
                    single => vec![self.deeper().annotation(single)],
                };
                match symbol.known_name() {
                    Some("Optional") => Kind::Union(arguments.into_iter().chain([self.none()]).collect()),
                    Some("Union") => Kind::Union(arguments),
                    _ => Kind::Generic(symbol, arguments),
                }
            }
            Expr::BinOp(operation) if operation.op == Operator::BitOr => {
                Kind::Union(vec![self.deeper().annotation(&operation.left), self.deeper().annotation(&operation.right)])
            }
            Expr::StringLiteral(text) => match parse_expression(text.value.to_str()) {
                Ok(parsed) => {
                    let expression = parsed.into_expr();
                    self.deeper().shown(&expression, text.value.to_str()).kind
                }
                Err(_) => Kind::Other,
            },
            _ => Kind::Other,
        }
    }

    fn none(&self) -> Annotation {
        Annotation { kind: Kind::None, location: self.location.clone(), shown: "None".to_owned() }
    }

    /// A name, or what an alias stands for.
    fn name(&self, expression: &Expr) -> Kind {
        match resolve(self.world, self.module, expression) {
            Some(Symbol::Value { module, name }) => match module.value(&name) {
                Some(Expr::Call(_)) | None => Kind::Other,
                Some(value) => {
                    let steps = self.steps.saturating_sub(1);
                    Reader { world: self.world, module: &module, location: self.location.clone(), steps }.annotation(value).kind
                }
            },
            Some(Symbol::Outside { name, .. }) if name == "None" => Kind::None,
            Some(symbol) => Kind::Name(symbol),
            None => Kind::Other,
        }
    }
}

/// A hint for types that people reach for.
pub(super) fn hint_for(annotation: &Annotation) -> &'static str {
    match annotation.known().map(|(name, _)| name) {
        Some("Literal") => "use str with Input(choices=[...])",
        Some("tuple" | "Tuple" | "set" | "Set") => "use list[...]",
        Some("bytes") => "use cog.Path for files",
        Some("Generator") => "use Iterator[...]",
        Some("list" | "List") => "use list[...] of str, int, float, bool, Path or dict",
        _ => "use str, int, float, bool, Path, Secret, dict, or list[...] of those",
    }
}
