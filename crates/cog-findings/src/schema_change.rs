//! A change of a model's schema, with both sides.

use crate::schema_part::SchemaPart;

/// A difference between the schema of the old version and that of the new one.
///
/// ```
/// use cog_findings::{ChangeKind, Method, SchemaChange, SchemaPart};
///
/// let change = SchemaChange {
///     part: SchemaPart::input(Method::Predict, "steps"),
///     kind: ChangeKind::Maximum,
///     old: None,
///     new: Some("<= 40".to_owned()),
///     breaks: Some("requests with a higher value".to_owned()),
/// };
/// assert_eq!(change.part.to_string(), "input steps");
/// assert_eq!((change.old_text(), change.new_text()), ("no maximum", "<= 40"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    pub part: SchemaPart,
    /// Which of its properties changed.
    pub kind: ChangeKind,
    /// The property in the old version: bounded, without control characters, secrets masked. `None` where it had none.
    pub old: Option<String>,
    /// The property in the new version, as `old`.
    pub new: Option<String>,
    /// Who breaks: `requests that send it`. `None` when nobody does.
    pub breaks: Option<String>,
}

impl SchemaChange {
    /// The old side as reports show it.
    pub fn old_text(&self) -> &str {
        self.kind.side_text(self.old.as_deref())
    }

    /// The new side as reports show it.
    pub fn new_text(&self) -> &str {
        self.kind.side_text(self.new.as_deref())
    }
}

/// Which property of a part changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// Only the new version has the part.
    Added,
    /// Only the old version has the part.
    Removed,
    /// The name, of a part that is the same otherwise.
    Name,
    /// Whether the part may be left out.
    Required,
    /// The JSON type, or what a list contains.
    Type,
    /// What a string stands for: text, a file, a secret, a date.
    Format,
    /// Whether `null` is allowed.
    Null,
    /// The alternatives of a union.
    Alternatives,
    /// The values to choose from.
    Choices,
    /// The lower bound.
    Minimum,
    /// The upper bound.
    Maximum,
    /// The number that values are multiples of.
    MultipleOf,
    /// The number of characters.
    Length,
    /// The regular expression.
    Pattern,
    /// The number of items, and whether they may repeat.
    ItemCount,
    /// The kinds of files that are accepted.
    Accept,
    /// Whether undeclared members are allowed.
    OtherMembers,
    /// Whether an output is an iterator.
    ArrayType,
    /// Whether an output's pieces make one text.
    ArrayDisplay,
    /// The value of an omitted input.
    Default,
    /// Whether callers are asked to stop using it.
    Deprecated,
    /// The author's description.
    Description,
    /// The order of the inputs.
    Order,
    /// Unknown: the part is too large to be compared in full.
    Incomplete,
}

impl ChangeKind {
    /// The kind in `snake_case`, as in `run.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Name => "name",
            Self::Required => "required",
            Self::Type => "type",
            Self::Format => "format",
            Self::Null => "null",
            Self::Alternatives => "alternatives",
            Self::Choices => "choices",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::MultipleOf => "multiple_of",
            Self::Length => "length",
            Self::Pattern => "pattern",
            Self::ItemCount => "item_count",
            Self::Accept => "accept",
            Self::OtherMembers => "other_members",
            Self::ArrayType => "array_type",
            Self::ArrayDisplay => "array_display",
            Self::Default => "default",
            Self::Deprecated => "deprecated",
            Self::Description => "description",
            Self::Order => "order",
            Self::Incomplete => "incomplete",
        }
    }

    /// One side of a change of this kind as reports show it; `None` reads as `no maximum` or the like.
    pub fn side_text(self, side: Option<&str>) -> &str {
        side.unwrap_or(match self {
            Self::Added | Self::Removed => "absent",
            Self::Minimum => "no minimum",
            Self::Maximum => "no maximum",
            Self::MultipleOf => "any number",
            Self::Length => "any length",
            Self::Pattern => "no pattern",
            Self::ItemCount => "any number of items",
            Self::Accept => "any file",
            Self::ArrayType => "a list",
            Self::ArrayDisplay => "separate",
            Self::Name
            | Self::Required
            | Self::Type
            | Self::Format
            | Self::Null
            | Self::Alternatives
            | Self::Choices
            | Self::OtherMembers
            | Self::Default
            | Self::Deprecated
            | Self::Description
            | Self::Order
            | Self::Incomplete => "none",
        })
    }
}
