//! Findings: what every check reports.

use crate::code::RuleCode;
use crate::location::Location;
use crate::rule::Rule;
use crate::schema_change::SchemaChange;
use crate::severity::Severity;

/// One problem or fact that a check reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that was broken.
    pub code: RuleCode,
    /// How severe it is here; usually the severity of the rule.
    pub severity: Severity,
    /// The problem in one line, naming the value. Starts in lower case, without a final period.
    pub message: String,
    /// The line at fault, when there is one.
    pub location: Option<Location>,
    /// The fix, as an imperative.
    pub hint: Option<String>,
    /// The change of the schema, when the finding is about one.
    pub change: Option<Box<SchemaChange>>,
    /// More facts, each with a label: `("set by", "cog-safe-push.yaml")`.
    pub details: Vec<(String, String)>,
    /// The source line at the location, read when the finding was made. Untrusted text.
    pub excerpt: Option<String>,
}

impl Finding {
    /// Creates a finding of `rule` with the severity of the rule.
    pub fn new(rule: &Rule, message: impl Into<String>) -> Self {
        Self {
            code: RuleCode::of(rule),
            severity: rule.severity,
            message: message.into(),
            location: None,
            hint: None,
            change: None,
            details: Vec::new(),
            excerpt: None,
        }
    }

    /// Sets the location.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Sets the fix.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the change of the schema that the finding is about.
    #[must_use]
    pub fn change(mut self, change: SchemaChange) -> Self {
        self.change = Some(Box::new(change));
        self
    }

    /// Adds a labeled fact.
    #[must_use]
    pub fn detail(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.details.push((label.into(), value.into()));
        self
    }

    /// Overrides the severity.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Whether the finding stops the push.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
