//! Annotations as written: names, brackets, bars, and quoted annotations.

use ruff_text_size::TextRange;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Annotation {
    pub form: Form,
    pub range: TextRange,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
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

/// The hint for a type that is not supported.
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
        "None" => "return a value, for example a str that describes the result",
        _ => "use str, int, float, bool, cog.Path, or a list or dict of them",
    }
}
