//! Which part of a model's schema a finding is about.

use std::fmt;

use crate::method::Method;

/// A part of a model's schema. Displays as reports name it: `input steps`, `output.items`, `training inputs`.
///
/// ```
/// use cog_findings::{Method, SchemaPart};
///
/// assert_eq!(SchemaPart::input(Method::Predict, "steps").to_string(), "input steps");
/// assert_eq!(SchemaPart::output(Method::Train).within(".weights").to_string(), "training output.weights");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaPart {
    /// The method.
    pub method: Method,
    /// The method's input, output, or all of it.
    pub member: SchemaMember,
    /// Steps from the member down to the part, as in `.items.name`; empty for the member itself.
    pub path: String,
}

/// What a method's schema consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaMember {
    /// The method as a whole.
    Method,
    /// All inputs together.
    Inputs,
    /// The input of this name.
    Input(String),
    /// The output.
    Output,
}

impl SchemaPart {
    const fn of(method: Method, member: SchemaMember) -> Self {
        Self { method, member, path: String::new() }
    }

    /// A method as a whole.
    pub const fn method(method: Method) -> Self {
        Self::of(method, SchemaMember::Method)
    }

    /// All inputs of a method.
    pub const fn inputs(method: Method) -> Self {
        Self::of(method, SchemaMember::Inputs)
    }

    /// One input. `name` appears in reports, so it must be free of control characters.
    pub fn input(method: Method, name: impl Into<String>) -> Self {
        Self::of(method, SchemaMember::Input(name.into()))
    }

    /// The output of a method.
    pub const fn output(method: Method) -> Self {
        Self::of(method, SchemaMember::Output)
    }

    /// A part below this one. `path` starts with a dot, or is empty.
    #[must_use]
    pub fn within(mut self, path: &str) -> Self {
        self.path.push_str(path);
        self
    }

    /// The name of the input, when the part belongs to one.
    pub fn input_name(&self) -> Option<&str> {
        match &self.member {
            SchemaMember::Input(name) => Some(name),
            SchemaMember::Method | SchemaMember::Inputs | SchemaMember::Output => None,
        }
    }
}

impl fmt::Display for SchemaPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let training = if self.method == Method::Train { "training " } else { "" };
        match &self.member {
            SchemaMember::Method => formatter.write_str(self.method.input_component())?,
            SchemaMember::Inputs => write!(formatter, "{training}inputs")?,
            SchemaMember::Input(name) => write!(formatter, "{training}input {name}")?,
            SchemaMember::Output => write!(formatter, "{training}output")?,
        }
        formatter.write_str(&self.path)
    }
}
