//! Types of inputs (`contracts/cog.md` section 4.3).

use super::annotation::{Annotation, Kind, hint_for};
use super::model::is_typed_dict;
use super::world::World;
use crate::python::{InputType, Primitive, SignatureError};

/// The type of an input, and whether `None` is a value of it.
pub(super) fn input_type(world: &World<'_>, annotation: &Annotation) -> Result<(InputType, bool), SignatureError> {
    let (annotation, _opaque) = annotation.unwrapped();
    let (members, nullable) = annotation.members();
    match members.as_slice() {
        [] => Err(annotation.unsupported(hint_for(annotation))),
        [single] => Ok((one(world, single)?, nullable)),
        several => {
            let mut variants = Vec::new();
            for member in several {
                let variant = one(world, member)?;
                if matches!(variant, InputType::One(Primitive::Path | Primitive::File | Primitive::Secret)) {
                    return Err(
                        member.unsupported("a file or a secret cannot be one of several types: make it an input of its own")
                    );
                }
                variants.push(variant);
            }
            Ok((InputType::Union(variants), nullable))
        }
    }
}

fn one(world: &World<'_>, annotation: &Annotation) -> Result<InputType, SignatureError> {
    let (annotation, _opaque) = annotation.unwrapped();
    if let Some(primitive) = primitive(world, annotation) {
        return Ok(InputType::One(primitive));
    }
    match annotation.known() {
        Some(("list" | "List", [item])) => match primitive(world, item.unwrapped().0) {
            Some(item) => Ok(InputType::List(item)),
            None if is_known(item) => Err(annotation.unsupported(hint_for(annotation))),
            None => Err(item.unknown()),
        },
        Some(_) => Err(annotation.unsupported(hint_for(annotation))),
        None if annotation.class().is_some() => {
            Err(annotation.unsupported("an object is annotated as dict or as a TypedDict; other classes cannot be inputs"))
        }
        None if matches!(annotation.kind, Kind::Name(_) | Kind::Generic(..)) => Err(annotation.unknown()),
        None => Err(annotation.unsupported(hint_for(annotation))),
    }
}

fn is_known(annotation: &Annotation) -> bool {
    annotation.known().is_some() || !matches!(annotation.kind, Kind::Name(_))
}

/// A type with a word of its own; type arguments of objects are dropped.
fn primitive(world: &World<'_>, annotation: &Annotation) -> Option<Primitive> {
    if annotation.class().is_some_and(|class| is_typed_dict(world, class)) {
        return Some(Primitive::Any);
    }
    match annotation.known()? {
        ("dict" | "Dict", _) => Some(Primitive::Any),
        (name, []) => named(name),
        _ => None,
    }
}

/// The primitive that a bare name stands for.
pub(super) fn named(name: &str) -> Option<Primitive> {
    Some(match name {
        "str" => Primitive::Str,
        "int" => Primitive::Int,
        "float" => Primitive::Float,
        "bool" => Primitive::Bool,
        "Path" => Primitive::Path,
        "File" => Primitive::File,
        "Secret" => Primitive::Secret,
        "Any" | "dict" | "Dict" => Primitive::Any,
        _ => return None,
    })
}
