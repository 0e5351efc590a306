//! The type names that Cog knows.

use std::rc::Rc;

use super::module::Module;
use super::project::ClassAt;

/// A type that Cog knows by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownType {
    Str,
    Int,
    Float,
    Bool,
    Path,
    File,
    Secret,
    Any,
    Dict,
    List,
    Optional,
    Union,
    Annotated,
    Opaque,
    Iterator,
    ConcatenateIterator,
    BaseModel,
    TypedDict,
    Required,
    NotRequired,
    ClassVar,
}

impl KnownType {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "str" => Self::Str,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "Path" => Self::Path,
            "File" => Self::File,
            "Secret" => Self::Secret,
            "Any" => Self::Any,
            "dict" | "Dict" => Self::Dict,
            "list" | "List" => Self::List,
            "Optional" => Self::Optional,
            "Union" => Self::Union,
            "Annotated" => Self::Annotated,
            "Opaque" => Self::Opaque,
            "Iterator" | "AsyncIterator" => Self::Iterator,
            "ConcatenateIterator" | "AsyncConcatenateIterator" => Self::ConcatenateIterator,
            "BaseModel" => Self::BaseModel,
            "TypedDict" => Self::TypedDict,
            "Required" => Self::Required,
            "NotRequired" => Self::NotRequired,
            "ClassVar" => Self::ClassVar,
            _ => return None,
        })
    }

    /// The type that a module outside the project exports under a name.
    pub(super) fn exported(module: &str, name: &str) -> Option<Self> {
        const HOMES: &[&str] = &["builtins", "cog", "collections.abc", "pydantic", "pydantic.v1", "typing", "typing_extensions"];
        Self::named(name).filter(|_| HOMES.contains(&module))
    }
}

/// What a name in an annotation refers to.
#[derive(Debug, Clone)]
pub(super) enum NamedType {
    /// A type that Cog knows.
    Known(KnownType),
    /// A class of the project.
    Class(ClassAt),
    /// An assignment whose value is another annotation: its file and statement.
    Alias(Rc<Module>, usize),
    /// A name from this module, outside the project.
    External(String),
    /// A function, a file, or an unknown name.
    Unknown,
}

impl From<Option<KnownType>> for NamedType {
    fn from(known: Option<KnownType>) -> Self {
        known.map_or(Self::Unknown, Self::Known)
    }
}
