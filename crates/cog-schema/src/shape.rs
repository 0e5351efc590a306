//! What a value may look like, independent of how a Cog version writes it down.

use serde_json::{Number, Value};

/// What a value may look like.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    /// The JSON type.
    pub kind: Kind,
    /// Whether `null` fits too.
    pub nullable: bool,
    /// The only values that fit, without `null`. `None` when the kind alone decides.
    pub choices: Option<Vec<Value>>,
    /// Bounds of numbers, lengths, patterns and counts.
    pub limits: Limits,
    /// `uri` for files, `password` for secrets, or another format.
    pub format: Option<String>,
    /// `x-cog-secret`: the value is masked.
    pub secret: bool,
    /// `x-cog-accept` (Cog 0.22), split at commas: the kinds of files that are taken. Empty when all are.
    pub accept: Vec<String>,
    /// `x-cog-array-type`: `iterator` for an output that is yielded piece by piece.
    pub array_type: Option<String>,
    /// `x-cog-array-display`: `concatenate` for pieces of one text.
    pub array_display: Option<String>,
    /// What is said about the value and does not limit it.
    pub annotations: Annotations,
}

/// What a schema says about a value without limiting it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Annotations {
    /// The title.
    pub title: Option<String>,
    /// The author's description. That of a component behind a reference is not the author's ("An enumeration.") and is left out.
    pub description: Option<String>,
    /// What an omitted value stands for. `Some(Null)` and `None` mean the same to callers.
    pub default: Option<Value>,
    /// Whether the author asks callers to stop using it.
    pub deprecated: bool,
    /// `x-order`: the position among its siblings.
    pub order: Option<i64>,
}

/// A JSON type, with what it contains.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Kind {
    /// Any value, or one that could not be read further.
    #[default]
    Any,
    /// A string; files are strings with the format `uri`.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list whose items have one shape.
    Array(Box<Shape>),
    /// An object.
    Object(Members),
    /// Any of several shapes, none of them a union or nullable.
    Union(Vec<Shape>),
}

/// The members of an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Members {
    /// The declared members: inputs in `x-order`, others as written.
    pub declared: Vec<Member>,
    /// What is said of members that are not declared.
    pub rest: Rest,
}

impl Members {
    /// The declared member with this name.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.declared.iter().find(|member| member.name == name)
    }

    /// Whether nothing is declared and anything may be there, as in `dict`.
    pub fn is_free_form(&self) -> bool {
        self.declared.is_empty() && matches!(self.rest, Rest::Unsaid | Rest::Free)
    }
}

/// One declared member.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// Whether it has to be there: the `required` list alone decides (`docs/reference/cog.md#optional-inputs`).
    pub required: bool,
}

/// `additionalProperties`.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Rest {
    /// Not written: other members pass, and are ignored where some are declared.
    #[default]
    Unsaid,
    /// `true`: other members are welcome.
    Free,
    /// Other members have this shape.
    Typed(Box<Shape>),
    /// `false`: there are no other members.
    Refused,
}

/// Limits on numbers, strings and lists.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// The lower bound.
    pub minimum: Option<Bound>,
    /// The upper bound.
    pub maximum: Option<Bound>,
    /// The number every value is a multiple of.
    pub multiple_of: Option<Number>,
    /// The fewest characters.
    pub min_length: Option<u64>,
    /// The most characters.
    pub max_length: Option<u64>,
    /// A regular expression that matches somewhere in the string.
    pub pattern: Option<String>,
    /// The fewest items.
    pub min_items: Option<u64>,
    /// The most items.
    pub max_items: Option<u64>,
    /// Whether no two items may be equal.
    pub unique_items: bool,
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The number at the end.
    pub value: Number,
    /// Whether the number itself is outside.
    pub exclusive: bool,
}

impl Shape {
    /// A shape of this kind without any limit.
    pub fn of(kind: Kind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// The members, when this is an object.
    pub fn members(&self) -> Option<&Members> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether a value is a file's address.
    pub fn is_file(&self) -> bool {
        matches!(self.kind, Kind::String) && self.format.as_deref() == Some("uri")
    }

    /// Whether values must not be shown.
    pub fn is_secret(&self) -> bool {
        self.secret || self.format.as_deref() == Some("password")
    }

    /// Whether an output is yielded piece by piece.
    pub fn is_iterator(&self) -> bool {
        self.array_type.as_deref() == Some("iterator")
    }

    /// Whether an output's pieces make one text.
    pub fn is_concatenated(&self) -> bool {
        self.array_display.as_deref() == Some("concatenate")
    }
}
