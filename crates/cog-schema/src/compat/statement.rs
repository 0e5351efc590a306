//! What a finding states about one change.

use cog_findings::{ChangeKind, Rule, SchemaChange, SchemaPart, Severity};

/// Which property changed, and from what to what.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    kind: ChangeKind,
    old: Option<String>,
    new: Option<String>,
}

impl Difference {
    pub(super) fn new(kind: ChangeKind, old: Option<String>, new: Option<String>) -> Self {
        Self { kind, old, new }
    }

    pub(super) fn old_text(&self) -> &str {
        self.kind.side_text(self.old.as_deref())
    }

    pub(super) fn new_text(&self) -> &str {
        self.kind.side_text(self.new.as_deref())
    }

    pub(super) fn into_change(self, part: SchemaPart, breaks: Option<&str>) -> SchemaChange {
        SchemaChange { part, kind: self.kind, old: self.old, new: self.new, breaks: breaks.map(str::to_owned) }
    }
}

/// What a finding states, apart from the part it is about.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) rule: &'static Rule,
    /// The rest of a sentence that starts with the part.
    pub(super) says: String,
    pub(super) breaks: Option<&'static str>,
    pub(super) hint: Option<String>,
    pub(super) severity: Severity,
}

impl Statement {
    pub(super) fn new(rule: &'static Rule, says: impl Into<String>) -> Self {
        Self { rule, says: says.into(), breaks: None, hint: None, severity: rule.severity }
    }

    /// Sets who breaks.
    pub(super) fn breaks(mut self, who: &'static str) -> Self {
        self.breaks = Some(who);
        self
    }

    /// Sets the fix.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Overrides the severity of the rule.
    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}
