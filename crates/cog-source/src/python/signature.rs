//! A signature: what a predictor takes and gives, as Cog understands it.

use serde_json::Value;

use super::options::Mode;

/// A scalar type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Primitive {
    /// `str`
    String,
    /// `int`
    Integer,
    /// `float`
    Number,
    /// `bool`
    Boolean,
    /// `cog.Path`: a file that was downloaded, a URL on the wire.
    Path,
    /// `cog.File`, deprecated: an open file, a URL on the wire.
    File,
    /// `cog.Secret`
    Secret,
    /// `Any` and what is passed through as JSON.
    Any,
}

/// The type of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputType {
    /// What it is.
    pub kind: InputKind,
    /// Whether `None` is among its values.
    pub nullable: bool,
}

/// What an input is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    /// A scalar, a file, or any JSON.
    Primitive(Primitive),
    /// A list of scalars.
    List(Primitive),
    /// One of several types, each a scalar or a list.
    Union(Vec<InputKind>),
}

impl InputKind {
    /// The scalar in it: its own, or that of a list's items.
    pub const fn primitive(&self) -> Primitive {
        match self {
            Self::Primitive(primitive) | Self::List(primitive) => *primitive,
            Self::Union(_) => Primitive::Any,
        }
    }
}

/// One parameter of `run`, `predict` or `train`.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// The parameter's name.
    pub name: String,
    /// Its type.
    pub r#type: InputType,
    /// What `Input(...)` says about it.
    pub info: InputInfo,
}

/// The arguments of `Input(...)`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InputInfo {
    /// The default. `Some(Value::Null)` for `None`.
    pub default: Option<Value>,
    /// The description.
    pub description: Option<String>,
    /// `ge`
    pub minimum: Option<f64>,
    /// `le`
    pub maximum: Option<f64>,
    /// `min_length`
    pub min_length: Option<u64>,
    /// `max_length`
    pub max_length: Option<u64>,
    /// `regex`
    pub pattern: Option<String>,
    /// `choices`; empty when there are none.
    pub choices: Vec<Value>,
    /// `deprecated`
    pub deprecated: bool,
    /// `accept`: media types or endings a file may have.
    pub accept: Option<String>,
}

impl Input {
    /// Whether requests may say `null`. A bare `Secret` with default `None` is the one plain type that may.
    pub fn is_nullable(&self) -> bool {
        let secret = matches!(self.r#type.kind, InputKind::Primitive(Primitive::Secret));
        self.r#type.nullable || (secret && self.info.default == Some(Value::Null))
    }

    /// The default that requests may rely on. `None` on a type without `None` is no default.
    pub fn effective_default(&self) -> Option<&Value> {
        self.info.default.as_ref().filter(|default| !default.is_null() || self.is_nullable())
    }

    /// Whether requests must give it. A union must be given even when it is nullable.
    pub fn is_required(&self) -> bool {
        let union = matches!(self.r#type.kind, InputKind::Union(_));
        self.effective_default().is_none() && (union || !self.r#type.nullable)
    }
}

/// What a model gives.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputType {
    /// A scalar, a file, or any JSON.
    Primitive(Primitive),
    /// A list.
    List(Box<OutputType>),
    /// An object with values of one type.
    Dict(Box<OutputType>),
    /// A model class or typed dictionary, its members in order.
    Object(Vec<Member>),
    /// Values one after the other.
    Iterator(Box<OutputType>),
    /// Pieces of one text.
    ConcatenateIterator,
}

impl OutputType {
    /// Whether values come one after the other.
    pub const fn is_stream(&self) -> bool {
        matches!(self, Self::Iterator(_) | Self::ConcatenateIterator)
    }
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its type.
    pub r#type: OutputType,
    /// Whether it may be `null`.
    pub nullable: bool,
    /// Whether it is always there.
    pub required: bool,
}

/// What a predictor or trainer takes and gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// Which of the two it is.
    pub mode: Mode,
    /// The method's or function's own name: `run`, `predict`, `train`, or a function's.
    pub method: String,
    /// Whether it is `async def`.
    pub is_async: bool,
    /// The inputs, in order.
    pub inputs: Vec<Input>,
    /// The output.
    pub output: OutputType,
    /// Whether it is marked `@cog.streaming`.
    pub streaming: bool,
    /// `max` of `@cog.concurrent(max=...)`.
    pub concurrency: Option<u32>,
}
