//! A signature as values.

use serde_json::Value;

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `run()` or `predict()`.
    Predict,
    /// `train()`.
    Train,
}

/// The types that JSON Schema has a word for, as Cog names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Primitive {
    /// `str`.
    Str,
    /// `int`.
    Int,
    /// `float`.
    Float,
    /// `bool`.
    Bool,
    /// `cog.Path`.
    Path,
    /// `cog.File`.
    File,
    /// `cog.Secret`.
    Secret,
    /// `Any`, `dict`: any object.
    Any,
}

impl Primitive {
    /// Whether values are files.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::Path | Self::File)
    }
}

/// The type of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputType {
    /// One value.
    One(Primitive),
    /// A list of values.
    List(Primitive),
    /// Any of several types.
    Union(Vec<InputType>),
}

/// What `Input()` asks of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Constraints {
    /// `ge`.
    pub minimum: Option<Value>,
    /// `le`.
    pub maximum: Option<Value>,
    /// `min_length`.
    pub min_length: Option<u64>,
    /// `max_length`.
    pub max_length: Option<u64>,
    /// `regex`.
    pub pattern: Option<String>,
    /// `choices`, when there are any.
    pub choices: Vec<Value>,
    /// `accept`.
    pub accept: Option<String>,
}

impl Constraints {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct InputField {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: InputType,
    /// Whether `None` is a value.
    pub nullable: bool,
    /// The default as written; `Some(Null)` for `None`.
    pub default: Option<Value>,
    /// The description.
    pub description: Option<String>,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// What is asked of its value.
    pub constraints: Constraints,
}

/// A member of an output object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: OutputType,
    /// Whether it may be `None`.
    pub nullable: bool,
    /// Whether it is always there.
    pub required: bool,
}

/// The type of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputType {
    /// One value.
    One(Primitive),
    /// A list.
    List(Box<OutputType>),
    /// Values by name.
    Map(Box<OutputType>),
    /// An object with known members.
    Object(Vec<Field>),
    /// Pieces, one after another.
    Iterator(Box<OutputType>),
    /// Pieces of one text.
    Concatenate,
}

/// What a target takes and returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// What the target is.
    pub mode: Mode,
    /// The name of the method or function.
    pub method: String,
    /// The inputs, in the order of the parameters.
    pub inputs: Vec<InputField>,
    /// The output.
    pub output: OutputType,
    /// `@streaming`.
    pub streaming: bool,
    /// `@concurrent(max=...)`.
    pub concurrency: Option<u32>,
    /// Whether it is `async`.
    pub is_async: bool,
}
