//! The signature of a predictor or trainer: its inputs and its output, as Cog understands them.

use cog_findings::Method;
use serde_json::Value;

/// A scalar type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Primitive {
    String,
    /// `int`
    Integer,
    /// `float`
    Number,
    /// `bool`
    Boolean,
    /// `cog.Path`: a downloaded file; a URL in requests.
    Path,
    /// `cog.File`, deprecated: an open file; a URL in requests.
    File,
    /// `cog.Secret`
    Secret,
    /// `Any`, and types that are passed through as JSON.
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputType {
    /// The type without `None`.
    pub kind: InputKind,
    /// Whether it includes `None`.
    pub nullable: bool,
}

/// The type of an input, without `None`.
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
    /// The scalar type: its own, or that of the items of a list.
    pub(crate) const fn primitive(&self) -> Primitive {
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
    pub r#type: InputType,
    /// The arguments of `Input(...)`.
    pub info: InputInfo,
}

/// The arguments of `Input(...)`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InputInfo {
    /// The default. `Some(Value::Null)` for `None`.
    pub default: Option<Value>,
    pub description: Option<String>,
    /// `ge`
    pub minimum: Option<f64>,
    /// `le`
    pub maximum: Option<f64>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    /// `regex`
    pub pattern: Option<String>,
    /// `choices`; empty without any.
    pub choices: Vec<Value>,
    pub deprecated: bool,
    /// `accept`: allowed media types or file endings.
    pub accept: Option<String>,
}

impl Input {
    /// Whether requests may pass `null`. A plain `Secret` with default `None` is the only type without `None` that may.
    pub(crate) fn is_nullable(&self) -> bool {
        let secret = matches!(self.r#type.kind, InputKind::Primitive(Primitive::Secret));
        self.r#type.nullable || (secret && self.info.default == Some(Value::Null))
    }

    /// Whether requests must include it although its default is `None`, which its type excludes.
    pub fn is_required_despite_none(&self) -> bool {
        self.info.default == Some(Value::Null) && self.is_required()
    }

    /// The default of requests without the input. `None` on a type without `None` does not count.
    pub(crate) fn effective_default(&self) -> Option<&Value> {
        self.info.default.as_ref().filter(|default| !default.is_null() || self.is_nullable())
    }

    /// Whether requests must include it. A union is required even when it is nullable.
    pub(crate) fn is_required(&self) -> bool {
        let union = matches!(self.r#type.kind, InputKind::Union(_));
        self.effective_default().is_none() && (union || !self.r#type.nullable)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum OutputType {
    /// A scalar, a file, or any JSON.
    Primitive(Primitive),
    List(Box<OutputType>),
    /// An object with any values: `dict`. `Any` is a [`Primitive`].
    AnyDict,
    /// An object whose values have one type.
    Dict(Box<OutputType>),
    /// A class that is part of itself, by its name.
    Recursive(String),
    /// A model class or typed dictionary: its name, and its members in order.
    Object(String, Vec<Member>),
    /// A stream of values.
    Iterator(Box<OutputType>),
    /// A stream of text, joined by readers.
    ConcatenateIterator,
}

impl OutputType {
    pub(crate) const fn is_stream(&self) -> bool {
        matches!(self, Self::Iterator(_) | Self::ConcatenateIterator)
    }
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub name: String,
    pub r#type: OutputType,
    /// Whether it may be `null`.
    pub nullable: bool,
    /// Whether it is always present.
    pub required: bool,
    /// Its default, if the class gives one.
    pub default: Option<MemberDefault>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum MemberDefault {
    Value(Value),
    /// One that only the running model knows.
    AtRunTime,
}

/// The signature of a predictor or trainer.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// Whether it answers predictions or trainings.
    pub method: Method,
    /// The name of the method or function.
    pub name: String,
    /// Whether it is `async def`.
    pub is_async: bool,
    /// The inputs, in order.
    pub inputs: Vec<Input>,
    pub output: OutputType,
    /// Whether it has `@cog.streaming`.
    pub streaming: bool,
    /// `max` of `@cog.concurrent(max=...)`.
    pub concurrency: Option<u32>,
}
