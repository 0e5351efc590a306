//! The types that outputs may have.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use ruff_text_size::TextRange;

use super::annotation::{Annotation, Form, advice};
use super::module::Module;
use super::options::Release;
use super::project::ClassAt;
use super::reader::{Failure, Known, Named, Reader, fail};
use super::rules;
use super::signature::{Member, OutputType, Primitive};

/// How many members an output may have in all, classes written out.
const MOST_MEMBERS: usize = 5000;

/// How often a name may stand for another annotation or class, one inside the other.
const DEEPEST: usize = 64;

/// The state of one walk through an output's type.
pub(super) struct OutputReader<'r, 't> {
    reader: &'r Reader<'t>,
    members: Cell<usize>,
}

/// The classes that the walk is inside of, and how deep it is.
#[derive(Clone, Default)]
struct Inside {
    classes: BTreeSet<(String, usize)>,
    depth: usize,
}

fn unsupported(module: &Module, range: TextRange, message: impl Into<String>, hint: &str) -> Failure {
    fail(&rules::OUTPUT_UNSUPPORTED, module, range, message, hint)
}

fn optional(module: &Module, range: TextRange) -> Failure {
    let hint = "always return a value; in a BaseModel, a member may be Optional";
    fail(&rules::OUTPUT_OPTIONAL, module, range, "an output cannot be optional", hint)
}

impl<'r, 't> OutputReader<'r, 't> {
    pub(super) const fn new(reader: &'r Reader<'t>) -> Self {
        Self { reader, members: Cell::new(0) }
    }

    /// The type of an output.
    pub(super) fn read(&self, module: &Rc<Module>, annotation: &Annotation) -> Result<OutputType, Failure> {
        self.output(module, annotation, &Inside::default())
    }

    fn deeper(module: &Module, range: TextRange, inside: &Inside) -> Result<Inside, Failure> {
        if inside.depth >= DEEPEST {
            let message = "the type is nested too deeply to be read";
            return Err(fail(&rules::OUTPUT_TOO_LARGE, module, range, message, "return a flatter type"));
        }
        Ok(Inside { depth: inside.depth + 1, ..inside.clone() })
    }

    fn output(&self, module: &Rc<Module>, annotation: &Annotation, inside: &Inside) -> Result<OutputType, Failure> {
        let range = annotation.range;
        let inside = Self::deeper(module, range, inside)?;
        match &annotation.form {
            Form::Name(name) => match self.reader.named(module, name)? {
                Named::Known(Known::Any | Known::Dict) => Ok(OutputType::Primitive(Primitive::Any)),
                Named::Known(Known::List) => Ok(OutputType::List(Box::new(OutputType::Primitive(Primitive::Any)))),
                Named::Known(known) => Primitive::of(known).map(OutputType::Primitive).ok_or_else(|| {
                    let hint = if matches!(known, Known::Iterator | Known::ConcatenateIterator) {
                        "say what it yields, as Iterator[str]"
                    } else {
                        advice(name)
                    };
                    unsupported(module, range, format!("`{name}` alone is not an output type"), hint)
                }),
                Named::Class(class) if self.reader.is_model(&class)? => self.object(&class, &inside, module, range),
                Named::Class(_) => Err(fail(
                    &rules::TYPE_UNRESOLVABLE,
                    module,
                    range,
                    format!("`{name}` is neither a BaseModel nor a TypedDict"),
                    "derive it from cog.BaseModel; dataclasses, enums and other classes are not described",
                )),
                Named::Alias(file, index) => {
                    let inner = self.reader.alias(&file, index, inside.depth, module, annotation)?;
                    self.output(&file, &inner, &inside)
                }
                Named::External(from) => Err(fail(
                    &rules::TYPE_UNRESOLVABLE,
                    module,
                    range,
                    format!("`{name}` comes from {from}, which is not part of the project"),
                    format!("{}; or mark a JSON type as Annotated[{name}, cog.Opaque]", advice(name)),
                )),
                Named::Unknown => {
                    let message = format!("`{name}` is not a known type, and the project does not define it");
                    Err(fail(&rules::TYPE_UNRESOLVABLE, module, range, message, advice(name)))
                }
            },
            Form::Generic(name, arguments) => self.generic(module, annotation, name, arguments, &inside),
            Form::Union(members) => Err(self.union(module, range, members)),
            Form::None | Form::Other => {
                Err(fail(&rules::TYPE_UNRESOLVABLE, module, range, "`None` is not an output type", advice("None")))
            }
        }
    }

    fn union(&self, module: &Rc<Module>, range: TextRange, members: &[Annotation]) -> Failure {
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
    ) -> Result<OutputType, Failure> {
        let range = annotation.range;
        let Named::Known(known) = self.reader.named(module, name)? else {
            return Err(unsupported(module, range, format!("`{name}[...]` is not an output type"), advice(name)));
        };
        match (known, arguments) {
            (Known::Annotated, [inner, metadata @ ..]) => {
                if self.reader.has_opaque(module, metadata)? {
                    self.reader.needs(Release::RUN, "Opaque", module, range)?;
                    if self.optional_inside(module, inner)?.is_some() {
                        return Err(optional(module, range));
                    }
                    return self.opaque(module, inner);
                }
                self.output(module, inner, inside)
            }
            (Known::Dict, [_, value]) => Ok(OutputType::Dict(Box::new(self.output(module, value, inside)?))),
            (Known::Dict, _) => Err(unsupported(module, range, "a dict takes two types", "write dict[str, int], for example")),
            (Known::Optional, _) => Err(optional(module, range)),
            (Known::Union, members) => Err(self.union(module, range, members)),
            (Known::List, [item]) => Ok(OutputType::List(Box::new(self.output(module, item, inside)?))),
            (Known::Iterator, [item]) => Ok(OutputType::Iterator(Box::new(self.output(module, item, inside)?))),
            (Known::ConcatenateIterator, [item]) => {
                let text = match &item.form {
                    Form::Name(name) => matches!(self.reader.named(module, name)?, Named::Known(Known::Str)),
                    _ => false,
                };
                if text {
                    return Ok(OutputType::ConcatenateIterator);
                }
                let message = format!("`{name}` joins texts, so it can only yield str");
                Err(fail(&rules::CONCATENATE_NOT_TEXT, module, item.range, message, "use Iterator[...] for other values"))
            }
            (Known::List | Known::Iterator | Known::ConcatenateIterator, _) => {
                Err(unsupported(module, range, format!("`{name}[...]` takes one type"), "write list[str], for example"))
            }
            _ => Err(unsupported(module, range, format!("`{name}[...]` is not an output type"), advice(name))),
        }
    }

    /// A type that is passed through as JSON. Only lists are told apart.
    fn opaque(&self, module: &Rc<Module>, inner: &Annotation) -> Result<OutputType, Failure> {
        let list = match &inner.form {
            Form::Name(name) => self.reader.is_list(module, name)?,
            Form::Generic(name, arguments) => arguments.len() == 1 && self.reader.is_list(module, name)?,
            _ => false,
        };
        let any = OutputType::Primitive(Primitive::Any);
        Ok(if list { OutputType::List(Box::new(any)) } else { any })
    }

    /// What is optional in `Optional[X]`, `Union[X, None]` and `X | None`.
    fn optional_inside<'a>(&self, module: &Rc<Module>, annotation: &'a Annotation) -> Result<Option<&'a Annotation>, Failure> {
        let members = match &annotation.form {
            Form::Generic(name, arguments) => match (self.reader.named(module, name)?, arguments.as_slice()) {
                (Named::Known(Known::Optional), [inner]) => return Ok(Some(inner)),
                (Named::Known(Known::Union), members) => members,
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

    fn object(&self, class: &ClassAt, inside: &Inside, used_in: &Module, range: TextRange) -> Result<OutputType, Failure> {
        let key = class.key();
        if inside.classes.contains(&key) {
            return Ok(OutputType::Primitive(Primitive::Any));
        }
        let mut inner = inside.clone();
        inner.classes.insert(key);
        let (mut members, mut errors) = (Vec::new(), Vec::new());
        for field in self.reader.fields(class)? {
            self.members.set(self.members.get() + 1);
            if self.members.get() > MOST_MEMBERS {
                let message = format!("the output has more than {MOST_MEMBERS} members, classes written out");
                return Err(fail(&rules::OUTPUT_TOO_LARGE, used_in, range, message, "return a dict, or fewer nested classes"));
            }
            match self.member_type(&field.module, &field.annotation, &inner) {
                Ok((r#type, nullable)) => {
                    let required = !field.has_default && field.key_required.unwrap_or(!nullable);
                    members.push(Member { name: field.name, r#type, nullable, required });
                }
                Err(more) => errors.extend(more),
            }
        }
        if errors.is_empty() { Ok(OutputType::Object(members)) } else { Err(errors) }
    }

    /// The type of a member, and whether it may be `null`.
    fn member_type(&self, module: &Rc<Module>, annotation: &Annotation, inside: &Inside) -> Result<(OutputType, bool), Failure> {
        if let Form::Generic(name, arguments) = &annotation.form
            && let Named::Known(Known::Annotated) = self.reader.named(module, name)?
            && let [inner, metadata @ ..] = arguments.as_slice()
        {
            if self.reader.has_opaque(module, metadata)? {
                self.reader.needs(Release::RUN, "Opaque", module, annotation.range)?;
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
