//! The stable codes that findings carry.

use std::borrow::Cow;
use std::fmt;

use crate::rule::Rule;

/// A rule's stable code, as in `SP101`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleCode(Cow<'static, str>);

impl RuleCode {
    pub const fn of(rule: &Rule) -> Self {
        Self(Cow::Borrowed(rule.code))
    }

    /// Reads a code from a file or a report, in upper or lower case.
    pub fn parse(text: &str) -> Self {
        Self(Cow::Owned(text.trim().to_ascii_uppercase()))
    }

    /// The code's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
