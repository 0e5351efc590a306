//! The types of outputs.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use ruff_text_size::TextRange;

use super::annotation::{Annotation, Form, advice};
use super::error::SignatureErrors;
use super::known_type::{KnownType, NamedType};
use super::module::Module;
use super::options::CogVersion;
use super::project::ClassAt;
use super::reader::SignatureReader;
use super::rules;
use super::signature::{Member, OutputType, Primitive};

/// How many members an output may have in total, with classes expanded.
const MAX_MEMBERS: usize = 5000;

/// How deep types may be nested, including through aliases and classes.
const MAX_DEPTH: usize = 64;

/// The state of one walk through an output's type.
pub(super) struct OutputReader<'r, 't> {
    reader: &'r SignatureReader<'t>,
    members: Cell<usize>,
}

/// The classes around the current type, and the depth.
#[derive(Clone, Default)]
struct Inside {
    classes: BTreeSet<(String, usize)>,
    depth: usize,
}

fn unsupported(module: &Module, range: TextRange, message: impl Into<String>, hint: &str) -> SignatureErrors {
    module.fail(&rules::OUTPUT_UNSUPPORTED, range, message, hint)
}

fn optional(module: &Module, range: TextRange) -> SignatureErrors {
    let hint = "always return a value; members of a BaseModel may be Optional";
    module.fail(&rules::OUTPUT_OPTIONAL, range, "an output cannot be optional", hint)
}

impl<'r, 't> OutputReader<'r, 't> {
    pub(super) const fn new(reader: &'r SignatureReader<'t>) -> Self {
        Self { reader, members: Cell::new(0) }
    }

    pub(super) fn read(&self, module: &Rc<Module>, annotation: &Annotation) -> Result<OutputType, SignatureErrors> {
        self.output(module, annotation, &Inside::default())
    }

    fn deeper(module: &Module, range: TextRange, inside: &Inside) -> Result<Inside, SignatureErrors> {
        if inside.depth >= MAX_DEPTH {
            let message = "the type is nested too deeply to be read";
            return Err(module.fail(&rules::OUTPUT_TOO_LARGE, range, message, "return a flatter type"));
        }
        Ok(Inside { depth: inside.depth + 1, ..inside.clone() })
    }

    fn output(&self, module: &Rc<Module>, annotation: &Annotation, inside: &Inside) -> Result<OutputType, SignatureErrors> {
        let range = annotation.range;
        let inside = Self::deeper(module, range, inside)?;
        match &annotation.form {
            Form::Name(name) => match self.reader.named_type(module, name)? {
                NamedType::Known(KnownType::Any) => Ok(OutputType::Primitive(Primitive::Any)),
                NamedType::Known(KnownType::Dict) => Ok(OutputType::AnyDict),
                NamedType::Known(KnownType::List) => Ok(OutputType::List(Box::new(OutputType::Primitive(Primitive::Any)))),
                NamedType::Known(known) => Primitive::of(known).map(OutputType::Primitive).ok_or_else(|| {
                    let hint = if matches!(known, KnownType::Iterator | KnownType::ConcatenateIterator) {
                        "name the item type, as in Iterator[str]"
                    } else {
                        advice(name)
                    };
                    unsupported(module, range, format!("`{name}` alone is not an output type"), hint)
                }),
                NamedType::Class(class) if self.reader.is_model(&class)? => self.object(&class, &inside, module, range),
                NamedType::Class(_) => Err(module.fail(
                    &rules::TYPE_UNRESOLVABLE,
                    range,
                    format!("`{name}` is neither a BaseModel nor a TypedDict"),
                    "derive it from cog.BaseModel; dataclasses, enums and other classes are not described",
                )),
                NamedType::Alias(file, index) => {
                    let inner = self.reader.alias(&file, index, inside.depth, module, annotation)?;
                    self.output(&file, &inner, &inside)
                }
                NamedType::External(from) => Err(module.fail(
                    &rules::TYPE_UNRESOLVABLE,
                    range,
                    format!("`{name}` comes from {from}, which is not part of the project"),
                    format!("{}; or mark a JSON type as Annotated[{name}, cog.Opaque]", advice(name)),
                )),
                NamedType::Unknown => {
                    let message = format!("`{name}` is not a known type, and the project does not define it");
                    Err(module.fail(&rules::TYPE_UNRESOLVABLE, range, message, advice(name)))
                }
            },
            Form::Generic(name, arguments) => self.generic(module, annotation, name, arguments, &inside),
            Form::Union(members) => Err(self.union(module, range, members)),
            Form::None | Form::Other => {
                Err(module.fail(&rules::TYPE_UNRESOLVABLE, range, "`None` is not an output type", advice("None")))
            }
        }
    }

    fn union(&self, module: &Rc<Module>, range: TextRange, members: &[Annotation]) -> SignatureErrors {
        if members.len() == 2 && members.iter().any(|member| member.form == Form::None) {
            return optional(module, range);
        }
        unsupported(module, range, "an output cannot be a union", "return one type, or a BaseModel with optional members")
    }

    fn generic(
        &self,
        module: &Rc<Module>,
        annotation: &Annotation,
        name: &str,
        arguments: &[Annotation],
        inside: &Inside,
    ) -> Result<OutputType, SignatureErrors> {
        let range = annotation.range;
        let NamedType::Known(known) = self.reader.named_type(module, name)? else {
            return Err(unsupported(module, range, format!("`{name}[...]` is not an output type"), advice(name)));
        };
        match (known, arguments) {
            (KnownType::Annotated, [inner, metadata @ ..]) => {
                if self.reader.has_opaque(module, metadata)? {
                    self.reader.require(CogVersion::RUN, "Opaque", module, range)?;
                    if self.optional_inside(module, inner)?.is_some() {
                        return Err(optional(module, range));
                    }
                    return self.opaque(module, inner);
                }
                self.output(module, inner, inside)
            }
            (KnownType::Dict, [_, value]) => Ok(OutputType::Dict(Box::new(self.output(module, value, inside)?))),
            (KnownType::Dict, _) => Err(unsupported(module, range, "a dict takes two types", "write dict[str, int], for example")),
            (KnownType::Optional, _) => Err(optional(module, range)),
            (KnownType::Union, members) => Err(self.union(module, range, members)),
            (KnownType::List, [item]) => Ok(OutputType::List(Box::new(self.output(module, item, inside)?))),
            (KnownType::Iterator, [item]) => Ok(OutputType::Iterator(Box::new(self.output(module, item, inside)?))),
            (KnownType::ConcatenateIterator, [item]) => {
                let text = match &item.form {
                    Form::Name(name) => matches!(self.reader.named_type(module, name)?, NamedType::Known(KnownType::Str)),
                    _ => false,
                };
                if text {
                    return Ok(OutputType::ConcatenateIterator);
                }
                let message = format!("`{name}` joins text, so it can only yield str");
                Err(module.fail(&rules::CONCATENATE_NOT_TEXT, item.range, message, "use Iterator[...] for other values"))
            }
            (KnownType::List | KnownType::Iterator | KnownType::ConcatenateIterator, _) => {
                Err(unsupported(module, range, format!("`{name}[...]` takes one type"), "write list[str], for example"))
            }
            _ => Err(unsupported(module, range, format!("`{name}[...]` is not an output type"), advice(name))),
        }
    }

    /// A type that is passed through as JSON. Only lists are distinguished.
    fn opaque(&self, module: &Rc<Module>, inner: &Annotation) -> Result<OutputType, SignatureErrors> {
        let list = match &inner.form {
            Form::Name(name) => self.reader.is_list(module, name)?,
            Form::Generic(name, arguments) => arguments.len() == 1 && self.reader.is_list(module, name)?,
            _ => false,
        };
        let any = OutputType::Primitive(Primitive::Any);
        Ok(if list { OutputType::List(Box::new(any)) } else { any })
    }

    /// `X` of `Optional[X]`, `Union[X, None]` and `X | None`.
    fn optional_inside<'a>(
        &self,
        module: &Rc<Module>,
        annotation: &'a Annotation,
    ) -> Result<Option<&'a Annotation>, SignatureErrors> {
        let members = match &annotation.form {
            Form::Generic(name, arguments) => match (self.reader.named_type(module, name)?, arguments.as_slice()) {
                (NamedType::Known(KnownType::Optional), [inner]) => return Ok(Some(inner)),
                (NamedType::Known(KnownType::Union), members) => members,
                _ => return Ok(None),
            },
            Form::Union(members) => members,
            _ => return Ok(None),
        };
        Ok(match members {
            [none, inner] | [inner, none] if none.form == Form::None => Some(inner),
            _ => None,
        })
    }

    fn object(&self, class: &ClassAt, inside: &Inside, used_in: &Module, range: TextRange) -> Result<OutputType, SignatureErrors> {
        let key = class.key();
        if inside.classes.contains(&key) {
            let name = class.module.class(class.index).map(|class| class.name.to_string()).unwrap_or_default();
            return Ok(OutputType::Recursive(name));
        }
        let mut inner = inside.clone();
        inner.classes.insert(key);
        let (mut members, mut errors) = (Vec::new(), Vec::new());
        for field in self.reader.fields(class)? {
            self.members.set(self.members.get() + 1);
            if self.members.get() > MAX_MEMBERS {
                let message = format!("the output has more than {MAX_MEMBERS} members, with classes expanded");
                return Err(used_in.fail(&rules::OUTPUT_TOO_LARGE, range, message, "return a dict, or fewer nested classes"));
            }
            match self.member_type(&field.module, &field.annotation, &inner) {
                Ok((r#type, nullable)) => {
                    let required = field.default.is_none() && field.key_required.unwrap_or(!nullable);
                    members.push(Member { name: field.name, r#type, nullable, required, default: field.default });
                }
                Err(more) => errors.extend(more),
            }
        }
        let name = class.module.class(class.index).map(|class| class.name.to_string()).unwrap_or_default();
        if errors.is_empty() { Ok(OutputType::Object(name, members)) } else { Err(errors) }
    }

    /// The type of a member, and whether it may be `null`.
    fn member_type(
        &self,
        module: &Rc<Module>,
        annotation: &Annotation,
        inside: &Inside,
    ) -> Result<(OutputType, bool), SignatureErrors> {
        if let Form::Generic(name, arguments) = &annotation.form
            && let NamedType::Known(KnownType::Annotated) = self.reader.named_type(module, name)?
            && let [inner, metadata @ ..] = arguments.as_slice()
        {
            if self.reader.has_opaque(module, metadata)? {
                self.reader.require(CogVersion::RUN, "Opaque", module, annotation.range)?;
                return Ok(match self.optional_inside(module, inner)? {
                    Some(inner) => (self.opaque(module, inner)?, true),
                    None => (self.opaque(module, inner)?, false),
                });
            }
            return self.member_type(module, inner, &Self::deeper(module, annotation.range, inside)?);
        }
        match self.optional_inside(module, annotation)? {
            Some(inner) => Ok((self.output(module, inner, inside)?, true)),
            None => Ok((self.output(module, annotation, inside)?, false)),
        }
    }
}
