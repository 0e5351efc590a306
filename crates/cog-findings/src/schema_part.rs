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
    pub method: Method,
    member: Member,
    /// Steps from the member down to the part, as in `.items.name`; empty for the member itself.
    path: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Member {
    /// The method as a whole.
    Method,
    /// All inputs together.
    Inputs,
    /// The input of this name.
    Input(String),
    Output,
}

impl SchemaPart {
    const fn of(method: Method, member: Member) -> Self {
        Self { method, member, path: String::new() }
    }

    /// A method as a whole.
    pub const fn method(method: Method) -> Self {
        Self::of(method, Member::Method)
    }

    pub const fn inputs(method: Method) -> Self {
        Self::of(method, Member::Inputs)
    }

    /// One input. `name` appears in reports, so it must be free of control characters.
    pub fn input(method: Method, name: impl Into<String>) -> Self {
        Self::of(method, Member::Input(name.into()))
    }

    pub const fn output(method: Method) -> Self {
        Self::of(method, Member::Output)
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
            Member::Input(name) => Some(name),
            Member::Method | Member::Inputs | Member::Output => None,
        }
    }
}

impl fmt::Display for SchemaPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let training = if self.method == Method::Train { "training " } else { "" };
        match &self.member {
            Member::Method => formatter.write_str(self.method.input_component())?,
            Member::Inputs => write!(formatter, "{training}inputs")?,
            Member::Input(name) => write!(formatter, "{training}input {name}")?,
            Member::Output => write!(formatter, "{training}output")?,
        }
        formatter.write_str(&self.path)
    }
}
