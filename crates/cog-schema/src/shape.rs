//! Shapes: the values that a schema allows, independent of how a Cog version writes it.

use serde_json::{Number, Value};

/// The values that a schema allows, and what it says about them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    /// The JSON type.
    pub kind: ShapeKind,
    /// Whether `null` is allowed.
    pub nullable: bool,
    /// The allowed values, without `null`. `None` when they are not listed.
    pub choices: Option<Vec<Value>>,
    /// Bounds of numbers, lengths, patterns and item counts.
    pub limits: Limits,
    /// `uri` for files, `password` for secrets, or another format.
    pub format: Option<String>,
    /// `x-cog-secret`: the value is masked.
    pub secret: bool,
    /// `x-cog-accept` (Cog 0.22), split at commas: the accepted kinds of files. Empty when all are.
    pub accept: Vec<String>,
    /// `x-cog-array-type`: `iterator` for an output that is returned piece by piece.
    pub array_type: Option<String>,
    /// `x-cog-array-display`: `concatenate` for pieces of one text.
    pub array_display: Option<String>,
    /// What the schema says about the value without limiting it.
    pub annotations: Annotations,
}

/// What a schema says about a value without limiting it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Annotations {
    pub title: Option<String>,
    /// The author's description. The description of a referenced component ("An enumeration.") is Cog's and is left out.
    pub description: Option<String>,
    /// The value of an omitted input. `Some(Null)` and `None` mean the same to callers.
    pub default: Option<Value>,
    /// Whether the author asks callers to stop using it.
    pub deprecated: bool,
    /// `x-order`: the position among its siblings.
    pub order: Option<i64>,
}

/// A JSON type, with what it contains.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ShapeKind {
    /// Any value, or a schema that could not be read further.
    #[default]
    Any,
    /// A string; files are strings with the format `uri`.
    String,
    /// A whole number.
    Integer,
    Number,
    /// True or false.
    Boolean,
    /// A list whose items share one shape.
    Array(Box<Shape>),
    Object(Members),
    /// Any of several shapes, none of them a union or nullable.
    Union(Vec<Shape>),
}

/// The members of an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Members {
    /// The declared members: inputs in `x-order`, others in the order of the document.
    pub declared: Vec<Member>,
    /// Whether undeclared members are allowed.
    pub others: OtherMembers,
}

impl Members {
    /// The declared member with this name.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.declared.iter().find(|member| member.name == name)
    }

    /// Whether no member is declared and any is allowed, as in `dict`.
    pub fn is_free_form(&self) -> bool {
        self.declared.is_empty() && matches!(self.others, OtherMembers::Unspecified | OtherMembers::Any)
    }
}

/// One declared member.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub name: String,
    pub shape: Shape,
    /// Whether it must be sent. The `required` list alone decides: `docs/reference/cog.md#optional-inputs`.
    pub required: bool,
}

/// Whether an object may have undeclared members: `additionalProperties`.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum OtherMembers {
    /// Not specified: allowed, and ignored where some members are declared.
    #[default]
    Unspecified,
    /// `true`: any are allowed.
    Any,
    /// Allowed with this shape.
    Typed(Box<Shape>),
    /// `false`: rejected.
    Forbidden,
}

/// Limits on numbers, strings and lists.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// The lower bound.
    pub minimum: Option<Bound>,
    /// The upper bound.
    pub maximum: Option<Bound>,
    /// The number that every value is a multiple of.
    pub multiple_of: Option<Number>,
    /// The minimum number of characters.
    pub min_length: Option<u64>,
    /// The maximum number of characters.
    pub max_length: Option<u64>,
    /// A regular expression that must match somewhere in the string.
    pub pattern: Option<String>,
    /// The minimum number of items.
    pub min_items: Option<u64>,
    /// The maximum number of items.
    pub max_items: Option<u64>,
    /// Whether no two items may be equal.
    pub unique_items: bool,
}

/// A lower or upper bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The bound itself.
    pub value: Number,
    /// Whether the bound itself is not allowed.
    pub exclusive: bool,
}

impl Shape {
    /// A shape of this kind without limits.
    pub fn of(kind: ShapeKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// The members of an object; `None` for other shapes.
    pub fn members(&self) -> Option<&Members> {
        match &self.kind {
            ShapeKind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether values are files, sent as URLs.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, ShapeKind::String) && self.format.as_deref() == Some("uri")
    }

    /// Whether values must not be shown.
    pub fn is_secret(&self) -> bool {
        self.secret || self.format.as_deref() == Some("password")
    }

    /// Whether an output is an iterator, returned piece by piece.
    pub fn is_iterator(&self) -> bool {
        self.array_type.as_deref() == Some("iterator")
    }

    /// Whether the pieces of an output form one text.
    pub fn is_concatenated(&self) -> bool {
        self.array_display.as_deref() == Some("concatenate")
    }
}
