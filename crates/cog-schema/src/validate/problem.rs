//! Problems of values.

/// Which kind of problem a value has, as Replicate distinguishes them (`invalid_fields[].type`,
/// `docs/reference/replicate-api.md#error-bodies`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// It is missing.
    Required,
    /// It is not declared.
    Unknown,
    /// It has another JSON type.
    Type,
    /// It is `null`, which is not allowed.
    Null,
    /// It is not one of the choices.
    Choice,
    /// It is outside its bounds, or not a multiple.
    Range,
    /// It is too short or too long.
    Length,
    /// It does not match the pattern.
    Pattern,
    /// It has too few, too many or repeated items.
    Items,
    /// It is not a URL.
    Format,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueProblem {
    /// The path within the value: `[1].name`; empty for the value itself.
    pub path: String,
    pub kind: ProblemKind,
    /// The rest of a sentence that starts with the value: `is 51, but must be <= 50`.
    pub message: String,
}

impl ValueProblem {
    pub(super) fn missing() -> Self {
        Self { path: String::new(), kind: ProblemKind::Required, message: "is required".to_owned() }
    }

    pub(super) fn unknown() -> Self {
        Self { path: String::new(), kind: ProblemKind::Unknown, message: "is not an input of the model".to_owned() }
    }
}
