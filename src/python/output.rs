//! Types of outputs (`contracts/cog.md` section 4.2).

use super::annotation::{Annotation, Kind, hint_for};
use super::input_type::named;
use super::model::members;
use super::names::ClassRef;
use super::world::World;
use crate::python::{ErrorKind, Field, OutputType, Primitive, SignatureError};

const NO_NONE: &str = "an output has to be there: raise an error where there is nothing to return";

/// The type of an output.
pub(super) fn output_type(world: &World<'_>, annotation: &Annotation) -> Result<OutputType, SignatureError> {
    Outputs { world, within: Vec::new() }.top(annotation)
}

struct Outputs<'a> {
    world: &'a World<'a>,
    /// Classes that are being described, outermost first: one that contains itself is any object.
    within: Vec<(String, String)>,
}

impl Outputs<'_> {
    fn top(&mut self, annotation: &Annotation) -> Result<OutputType, SignatureError> {
        let (inner, opaque) = annotation.unwrapped();
        let (members, nullable) = inner.members();
        if nullable {
            return Err(SignatureError::new(
                ErrorKind::OptionalOutput,
                format!("the output '{}' may be None", annotation.shown),
                annotation.location.clone(),
            )
            .hint(NO_NONE));
        }
        if members.len() > 1 {
            return Err(annotation.unsupported("an output has one type: return a BaseModel with optional members"));
        }
        if opaque { Ok(opaque_type(inner)) } else { self.one(inner) }
    }

    fn one(&mut self, annotation: &Annotation) -> Result<OutputType, SignatureError> {
        if let Some(class) = annotation.class() {
            return self.class(class, annotation);
        }
        match annotation.known() {
            Some(("dict" | "Dict", [_key, value])) => Ok(OutputType::Map(Box::new(self.top(value)?))),
            Some(("list" | "List", [])) => Ok(OutputType::List(Box::new(OutputType::One(Primitive::Any)))),
            Some(("list" | "List", [item])) => Ok(OutputType::List(Box::new(self.top(item)?))),
            Some(("Iterator" | "AsyncIterator", [item])) => Ok(OutputType::Iterator(Box::new(self.top(item)?))),
            Some(("ConcatenateIterator" | "AsyncConcatenateIterator", [item])) => match item.known() {
                Some(("str", [])) => Ok(OutputType::Concatenate),
                _ => Err(SignatureError::new(
                    ErrorKind::ConcatenateIterator,
                    format!("a ConcatenateIterator yields str, not '{}'", item.shown),
                    annotation.location.clone(),
                )
                .hint("use Iterator[...]")),
            },
            Some((name, [])) => match named(name) {
                Some(primitive) => Ok(OutputType::One(primitive)),
                None if is_word_of_python(name) => Err(annotation.unsupported(hint_for(annotation))),
                None => Err(annotation.unknown()),
            },
            Some(_) => Err(annotation.unsupported(hint_for(annotation))),
            None if matches!(annotation.kind, Kind::Name(_) | Kind::Generic(..)) => Err(annotation.unknown()),
            None => Err(annotation.unsupported(hint_for(annotation))),
        }
    }

    fn class(&mut self, class: &ClassRef, annotation: &Annotation) -> Result<OutputType, SignatureError> {
        if self.within.contains(&class.key()) {
            return Ok(OutputType::One(Primitive::Any));
        }
        let Some(members) = members(self.world, class) else {
            return Err(annotation.unsupported("an output object is a class that derives from cog.BaseModel, or a TypedDict"));
        };
        self.within.push(class.key());
        let fields: Result<Vec<Field>, SignatureError> = members
            .into_iter()
            .map(|member| {
                let (kind, nullable) = self.member(&member.annotation)?;
                let required = !member.has_default && member.key_required.unwrap_or(!nullable);
                Ok(Field { name: member.name, kind, nullable, required })
            })
            .collect();
        self.within.pop();
        Ok(OutputType::Object(fields?))
    }

    fn member(&mut self, annotation: &Annotation) -> Result<(OutputType, bool), SignatureError> {
        let (inner, opaque) = annotation.unwrapped();
        let (members, nullable) = inner.members();
        match members.as_slice() {
            [single] if opaque => Ok((opaque_type(single), nullable)),
            [single] => {
                let (single, inner_opaque) = single.unwrapped();
                Ok((if inner_opaque { opaque_type(single) } else { self.one(single)? }, nullable))
            }
            _ => Err(annotation.unsupported("a member has one type, or one type and None")),
        }
    }
}

/// What `Annotated[T, Opaque]` promises.
fn opaque_type(inner: &Annotation) -> OutputType {
    let any = OutputType::One(Primitive::Any);
    match inner.known() {
        Some(("list" | "List", [] | [_])) => OutputType::List(Box::new(any)),
        _ => any,
    }
}

fn is_word_of_python(name: &str) -> bool {
    matches!(name, "tuple" | "Tuple" | "set" | "Set" | "bytes" | "Literal" | "Generator" | "Iterator" | "AsyncIterator" | "Union")
        || matches!(name, "Optional" | "ConcatenateIterator" | "AsyncConcatenateIterator" | "object" | "TypedDict" | "BaseModel")
}
