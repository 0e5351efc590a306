//! Gaps: why values of one shape may not fit another.

use cog_findings::ChangeKind;

use crate::shape::{Members, Shape};

/// Which way values travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Callers send values made for the old shape to the new version.
    Inputs,
    /// The new version returns values to readers made for the old shape.
    Outputs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StringMeaning {
    /// Itself.
    Text,
    /// The file at its address.
    File,
    /// A value that must not be shown.
    Secret,
    /// A date or the like.
    Formatted,
}

impl StringMeaning {
    pub(super) fn of(shape: &Shape) -> Self {
        match shape.format.as_deref() {
            None => Self::Text,
            Some("uri") => Self::File,
            Some("password") => Self::Secret,
            Some(_) => Self::Formatted,
        }
    }
}

/// Why a value may not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gap {
    /// Another type.
    Type,
    /// A list on one side only.
    List,
    /// Anything on one side, a certain type on the other.
    Open {
        /// Whether that type is an object without declared members, as static documents write `Any`.
        free_form: bool,
    },
    /// One alternative fits nowhere.
    Variant,
    Null,
    /// Another format, or a format on one side only.
    Format {
        /// What the string means where it comes from.
        from: StringMeaning,
        to: StringMeaning,
    },
    /// Some listed values.
    Choices,
    /// All values but the listed ones.
    Restricted,
    /// Below the lower bound.
    Minimum,
    /// Above the upper bound.
    Maximum,
    /// Between multiples.
    Multiple,
    /// Too short or too long.
    Length,
    /// A pattern that does not match.
    Pattern,
    /// Too few, too many or repeated items.
    ItemCount,
    /// Kinds of files.
    Accept,
    /// Pieces on one side, a whole on the other.
    Stream,
    /// Pieces of one text on one side only.
    Display,
    /// A member that the other side does not declare.
    MemberUnknown,
    /// A member that only the other side declares.
    MemberMissing {
        /// Whether the other side requires it.
        required: bool,
    },
    /// A member that is optional on one side and required on the other.
    MemberRequired,
    /// Undeclared members.
    Closed,
    /// The comparison stopped at its limit.
    Unfinished,
}

impl Gap {
    /// Whether the gap matters to values that travel this way.
    pub(super) fn breaks(&self, direction: Direction) -> bool {
        match self {
            Self::Stream | Self::Display => direction == Direction::Outputs,
            Self::MemberUnknown | Self::Closed => direction == Direction::Inputs,
            Self::MemberMissing { required } => *required || direction == Direction::Outputs,
            _ => true,
        }
    }

    /// Whether an alternative with this gap is a different alternative rather than a narrower one.
    pub(super) fn is_total(&self) -> bool {
        matches!(self, Self::Type | Self::List | Self::Open { .. } | Self::Format { .. })
    }

    pub(super) fn open(to: &Shape) -> Self {
        Self::Open { free_form: to.members().is_some_and(Members::is_free_form) }
    }

    /// The kind of change that shows as this gap.
    pub(super) fn change_kind(&self, direction: Direction) -> ChangeKind {
        match self {
            Self::Type | Self::List | Self::Open { .. } => ChangeKind::Type,
            Self::Variant => ChangeKind::Alternatives,
            Self::Null => ChangeKind::Null,
            Self::Format { .. } => ChangeKind::Format,
            Self::Choices | Self::Restricted => ChangeKind::Choices,
            Self::Minimum => ChangeKind::Minimum,
            Self::Maximum => ChangeKind::Maximum,
            Self::Multiple => ChangeKind::MultipleOf,
            Self::Length => ChangeKind::Length,
            Self::Pattern => ChangeKind::Pattern,
            Self::ItemCount => ChangeKind::ItemCount,
            Self::Accept => ChangeKind::Accept,
            Self::Stream => ChangeKind::ArrayType,
            Self::Display => ChangeKind::ArrayDisplay,
            Self::MemberRequired => ChangeKind::Required,
            Self::Closed => ChangeKind::OtherMembers,
            Self::Unfinished => ChangeKind::Incomplete,
            // Inputs are compared from the old shape to the new one, outputs the other way around.
            Self::MemberUnknown => match direction {
                Direction::Inputs => ChangeKind::Removed,
                Direction::Outputs => ChangeKind::Added,
            },
            Self::MemberMissing { .. } => match direction {
                Direction::Inputs => ChangeKind::Added,
                Direction::Outputs => ChangeKind::Removed,
            },
        }
    }
}

/// One gap with both sides as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// Steps from the compared value: `.items.name`; empty for the value itself.
    pub(super) path: String,
    pub(super) gap: Gap,
    /// The side that values come from; `None` where it sets nothing.
    pub(super) from: Option<String>,
    /// The side that they have to fit.
    pub(super) to: Option<String>,
}
