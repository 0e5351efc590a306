//! The types of inputs.

use std::rc::Rc;

use ruff_text_size::TextRange;

use super::annotation::{Annotation, Form, advice};
use super::annotation_reader::AnnotationReader;
use super::error::SignatureErrors;
use super::known_type::{KnownType, NamedType};
use super::module::Module;
use super::options::CogVersion;
use super::reader::SignatureReader;
use super::rules;
use super::signature::{InputKind, InputType, Primitive};

/// How many aliases of annotations are followed.
const MAX_ALIASES: usize = 16;

impl Primitive {
    /// The scalar type of a known name.
    pub(super) const fn of(known: KnownType) -> Option<Self> {
        Some(match known {
            KnownType::Str => Self::String,
            KnownType::Int => Self::Integer,
            KnownType::Float => Self::Number,
            KnownType::Bool => Self::Boolean,
            KnownType::Path => Self::Path,
            KnownType::File => Self::File,
            KnownType::Secret => Self::Secret,
            KnownType::Any => Self::Any,
            _ => return None,
        })
    }
}

const fn plain(primitive: Primitive) -> InputType {
    InputType { kind: InputKind::Primitive(primitive), nullable: false }
}

fn unsupported(module: &Module, range: TextRange, message: impl Into<String>, hint: &str) -> SignatureErrors {
    module.fail(&rules::INPUT_UNSUPPORTED, range, message, hint)
}

impl SignatureReader<'_> {
    pub(super) fn input_type(&self, module: &Rc<Module>, annotation: &Annotation) -> Result<InputType, SignatureErrors> {
        self.input(module, annotation, 0)
    }

    fn input(&self, module: &Rc<Module>, annotation: &Annotation, aliases: usize) -> Result<InputType, SignatureErrors> {
        let range = annotation.range;
        match &annotation.form {
            Form::Name(name) => match self.named_type(module, name)? {
                NamedType::Known(KnownType::Dict) => Ok(plain(Primitive::Any)),
                NamedType::Known(known) => match Primitive::of(known) {
                    Some(primitive) => {
                        self.check_origin(module, name, known, range)?;
                        Ok(plain(primitive))
                    }
                    None if known == KnownType::List => {
                        Err(unsupported(module, range, format!("`{name}` has no item type"), "write list[str], for example"))
                    }
                    None => Err(unsupported(module, range, format!("`{name}` is not an input type"), advice(name))),
                },
                NamedType::Class(class) if self.typed_dict(&class)? => Ok(plain(Primitive::Any)),
                NamedType::Class(class) if self.is_model(&class)? => {
                    let message = format!("`{name}` is a model class, which cannot be an input");
                    Err(unsupported(module, range, message, "make its members separate inputs, or take a dict"))
                }
                NamedType::Class(_) => {
                    let message = format!("`{name}` is a class of the project, which cannot be an input");
                    Err(unsupported(module, range, message, "use str with Input(choices=[...]) instead of an Enum, or a dict"))
                }
                NamedType::Alias(file, index) => {
                    let inner = self.alias(&file, index, aliases, module, annotation)?;
                    self.input(&file, &inner, aliases + 1)
                }
                NamedType::External(from) => Err(module.fail(
                    &rules::TYPE_UNRESOLVABLE,
                    range,
                    format!("`{name}` comes from {from}, which is not part of the project"),
                    format!("{}; or mark a JSON type as Annotated[{name}, cog.Opaque]", advice(name)),
                )),
                NamedType::Unknown => Err(unsupported(module, range, format!("`{name}` is not a known type"), advice(name))),
            },
            Form::Generic(name, arguments) => self.generic_input(module, annotation, name, arguments, aliases),
            Form::Union(members) => self.union_input(module, range, members, aliases),
            Form::None | Form::Other => {
                Err(unsupported(module, range, "an input cannot be `None` alone", "name the type, as Optional[str]"))
            }
        }
    }

    fn generic_input(
        &self,
        module: &Rc<Module>,
        annotation: &Annotation,
        name: &str,
        arguments: &[Annotation],
        aliases: usize,
    ) -> Result<InputType, SignatureErrors> {
        let range = annotation.range;
        let used = name.rsplit('.').next().unwrap_or(name);
        let NamedType::Known(known) = self.named_type(module, name)? else {
            return Err(unsupported(module, range, format!("`{name}[...]` is not an input type"), advice(name)));
        };
        match (known, arguments) {
            (KnownType::Annotated, [inner, metadata @ ..]) => {
                if self.has_opaque(module, metadata)? {
                    self.require(CogVersion::RUN, "Opaque", module, range)?;
                    return self.opaque_input(module, inner);
                }
                self.input(module, inner, aliases)
            }
            (KnownType::Dict, _) => Ok(plain(Primitive::Any)),
            (KnownType::Optional, [inner]) => Ok(InputType { nullable: true, ..self.input(module, inner, aliases)? }),
            (KnownType::Union, members) => self.union_input(module, range, members, aliases),
            (KnownType::List, _) if !self.semantics.is_input_list(used) => {
                Err(unsupported(module, range, format!("`{name}[...]` is not an input type"), advice(name)))
            }
            (KnownType::List, [item]) => {
                let inner = self.input(module, item, aliases)?;
                match inner {
                    InputType { kind: InputKind::Primitive(primitive), nullable: false } => {
                        Ok(InputType { kind: InputKind::List(primitive), nullable: false })
                    }
                    InputType { nullable: true, .. } => Err(unsupported(
                        module,
                        item.range,
                        "the items of a list cannot be optional",
                        "remove None from the item type",
                    )),
                    _ => Err(unsupported(
                        module,
                        item.range,
                        "the items of a list cannot be lists or unions",
                        "use list[Any] or list[dict] for nested data",
                    )),
                }
            }
            (KnownType::List | KnownType::Optional, _) => {
                Err(unsupported(module, range, format!("`{name}[...]` takes one type"), "write list[str], for example"))
            }
            _ => Err(unsupported(module, range, format!("`{name}[...]` is not an input type"), advice(name))),
        }
    }

    fn union_input(
        &self,
        module: &Rc<Module>,
        range: TextRange,
        members: &[Annotation],
        aliases: usize,
    ) -> Result<InputType, SignatureErrors> {
        let mut kinds = Vec::new();
        let mut nullable = false;
        let mut inner_nullable = None;
        for member in members {
            if member.form == Form::None {
                nullable = true;
                continue;
            }
            let InputType { kind, nullable: optional } = self.input(module, member, aliases)?;
            if matches!(kind, InputKind::Union(_)) {
                return Err(unsupported(module, member.range, "a union inside a union", "write one flat union"));
            }
            inner_nullable = inner_nullable.or(optional.then_some(member.range));
            kinds.push((kind, member.range));
        }
        if let [(kind, _)] = kinds.as_slice() {
            return Ok(InputType { kind: kind.clone(), nullable: nullable || inner_nullable.is_some() });
        }
        if kinds.is_empty() {
            return Err(unsupported(module, range, "a union without a type", "name at least one type besides None"));
        }
        if let Some(range) = inner_nullable {
            return Err(unsupported(module, range, "an optional type inside a union", "write | None once, at the end"));
        }
        for (kind, range) in &kinds {
            if matches!(kind.primitive(), Primitive::Path | Primitive::File | Primitive::Secret) {
                let message = "files and secrets cannot be part of a union";
                return Err(unsupported(module, *range, message, "use two inputs, or str for a URL"));
            }
        }
        // Releases with pydantic had unions too.
        if self.cog >= CogVersion::WITHOUT_PYDANTIC {
            self.require(CogVersion::UNIONS, "a union as an input", module, range)?;
        }
        Ok(InputType { kind: InputKind::Union(kinds.into_iter().map(|(kind, _)| kind).collect()), nullable })
    }

    /// A type that is passed through as JSON. Only lists and `None` are distinguished.
    fn opaque_input(&self, module: &Rc<Module>, inner: &Annotation) -> Result<InputType, SignatureErrors> {
        match &inner.form {
            Form::Name(name) | Form::Generic(name, _) if self.is_list(module, name)? => {
                Ok(InputType { kind: InputKind::List(Primitive::Any), nullable: false })
            }
            Form::Generic(name, arguments) => match (self.named_type(module, name)?, arguments.as_slice()) {
                (NamedType::Known(KnownType::Optional), [inner]) => {
                    Ok(InputType { nullable: true, ..self.opaque_input(module, inner)? })
                }
                (NamedType::Known(KnownType::Union), members) => self.opaque_union(module, members),
                (NamedType::Known(KnownType::Annotated), [inner, ..]) => self.opaque_input(module, inner),
                _ => Ok(plain(Primitive::Any)),
            },
            Form::Union(members) => self.opaque_union(module, members),
            _ => Ok(plain(Primitive::Any)),
        }
    }

    fn opaque_union(&self, module: &Rc<Module>, members: &[Annotation]) -> Result<InputType, SignatureErrors> {
        match members {
            [inner, none] | [none, inner] if none.form == Form::None => {
                Ok(InputType { nullable: true, ..self.opaque_input(module, inner)? })
            }
            _ => Ok(plain(Primitive::Any)),
        }
    }

    pub(super) fn is_list(&self, module: &Rc<Module>, name: &str) -> Result<bool, SignatureErrors> {
        Ok(matches!(self.named_type(module, name)?, NamedType::Known(KnownType::List)))
    }

    /// Whether `cog.Opaque` is among the metadata of `Annotated`.
    pub(super) fn has_opaque(&self, module: &Rc<Module>, metadata: &[Annotation]) -> Result<bool, SignatureErrors> {
        for item in metadata {
            if let Form::Name(name) = &item.form
                && matches!(self.named_type(module, name)?, NamedType::Known(KnownType::Opaque))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The annotation behind an alias.
    pub(super) fn alias(
        &self,
        file: &Rc<Module>,
        index: usize,
        aliases: usize,
        used_in: &Module,
        used: &Annotation,
    ) -> Result<Annotation, SignatureErrors> {
        let unresolved = || {
            let message = format!("`{}` is not an alias of a type", used_in.text.slice(used.range));
            used_in.fail(&rules::TYPE_UNRESOLVABLE, used.range, message, "write the type itself")
        };
        let value = file.value(index).filter(|_| aliases < MAX_ALIASES).ok_or_else(unresolved)?;
        let reader = AnnotationReader { module: file, rule: &rules::TYPE_UNRESOLVABLE, semantics: self.semantics };
        reader.read(value).map_err(|_unknown| unresolved())
    }

    /// Warns about a file type that is not from Cog, which goes by the name alone.
    fn check_origin(&self, module: &Rc<Module>, name: &str, known: KnownType, range: TextRange) -> Result<(), SignatureErrors> {
        if !matches!(known, KnownType::Path | KnownType::File | KnownType::Secret) {
            return Ok(());
        }
        if let Some(from) = self.origin(module, name)?
            && from != "cog"
        {
            let message = format!("`{name}` comes from {from}, but Cog treats it as its own");
            self.warn(&rules::PATH_NOT_COG, module, range, message, "import it from cog");
        }
        Ok(())
    }
}
