//! Findings: the currency of every check.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::rule::Rule;

/// How grave a finding is. Ordered: a note is less than an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; changes nothing.
    Note,
    /// Should be looked at; does not stop a push.
    Warning,
    /// Stops the push.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A rule's stable code, as in `SP101`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleCode(Cow<'static, str>);

impl RuleCode {
    /// The code of a rule compiled into the program.
    pub const fn of(rule: &Rule) -> Self {
        Self(Cow::Borrowed(rule.code))
    }

    /// A code read from a file or a report.
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

/// A place in a file. Lines and columns count from 1; columns count characters, not bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The path as the user knows it, relative to the repository where possible, with `/`.
    pub file: String,
    /// The line, when it is known.
    pub line: Option<u32>,
    /// The column, when it is known.
    pub column: Option<u32>,
    /// The column just behind the last character, on the same line, when it is known.
    pub end_column: Option<u32>,
}

impl Location {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None, end_column: None }
    }

    /// A place in a file.
    pub fn at(file: impl Into<String>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line: Some(line), column: Some(column), end_column: None }
    }

    /// The same place with its end on the same line.
    #[must_use]
    pub fn until_column(mut self, end_column: u32) -> Self {
        self.end_column = Some(end_column);
        self
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
            if let Some(column) = self.column {
                write!(formatter, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// One fact that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule it stems from.
    pub code: RuleCode,
    /// How grave it is here.
    pub severity: Severity,
    /// What is wrong, in one line, naming the value. Lowercase start, no final period.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// The way out.
    pub hint: Option<String>,
    /// More facts, each with a label: `("old", "maximum 10")`.
    pub details: Vec<(String, String)>,
    /// The line at the location as it was when the finding was made. Untrusted text.
    pub excerpt: Option<String>,
}

impl Finding {
    /// A finding of `rule` with the rule's own severity.
    pub fn new(rule: &Rule, message: impl Into<String>) -> Self {
        Self {
            code: RuleCode::of(rule),
            severity: rule.severity,
            message: message.into(),
            location: None,
            hint: None,
            details: Vec::new(),
            excerpt: None,
        }
    }

    /// The same finding at a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// The same finding with the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same finding with one more labelled fact.
    #[must_use]
    pub fn detail(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.details.push((label.into(), value.into()));
        self
    }

    /// The same finding with another severity.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Whether it stops the push.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
