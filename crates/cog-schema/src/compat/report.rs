//! Findings about one method: where they point and how they name their subject.

use cog_findings::{Finding, Location, Rule, SourceMap};

use crate::json::show_name;
use crate::rules;
use crate::shape::Method;

/// What a finding is about: `input steps`, `output.items`.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    path: String,
    location: Option<Location>,
}

/// Both sides of a change, in words.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) old: String,
    pub(super) new: String,
}

impl Change {
    pub(super) fn new(old: impl Into<String>, new: impl Into<String>) -> Self {
        Self { old: old.into(), new: new.into() }
    }
}

/// Collects the findings about one method.
#[derive(Debug)]
pub(super) struct Reporter<'a> {
    method: Method,
    places: &'a SourceMap,
    findings: Vec<Finding>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(method: Method, places: &'a SourceMap) -> Self {
        Self { method, places, findings: Vec::new() }
    }

    pub(super) fn method(&self) -> Method {
        self.method
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// An input, or with a path a part of it.
    pub(super) fn input(&self, name: &str, path: &str) -> Subject {
        Subject {
            path: format!("{} {}{path}", self.method.input_word(), show_name(name)),
            location: self.places.input(name).cloned(),
        }
    }

    /// All inputs.
    pub(super) fn inputs(&self) -> Subject {
        Subject { path: format!("{}s", self.method.input_word()), location: self.places.target.clone() }
    }

    /// The output, or with a path a part of it.
    pub(super) fn output(&self, path: &str) -> Subject {
        Subject { path: format!("{}{path}", self.method.output_word()), location: self.places.output().cloned() }
    }

    /// Adds a finding whose message is the subject and what is said about it.
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn method_removed(&mut self) {
        let (what, hint) = match self.method {
            Method::Predict => ("prediction", "the new document has no Input; build it again with the `run` or `predict` key"),
            Method::Train => ("training", "put the `train` key back into cog.yaml, or announce the end of trainings first"),
        };
        let mut finding = Finding::new(&rules::METHOD_REMOVED, format!("the new version offers no {what}"))
            .detail("path", self.method.input_component())
            .detail("old", "described")
            .detail("new", "absent")
            .hint(hint);
        finding.location.clone_from(&self.places.target);
        self.add(finding);
    }

    pub(super) fn output_undescribed(&mut self) {
        let subject = self.output("");
        let finding = subject
            .finding(&rules::OUTPUT_UNDESCRIBED, "is no longer described", &Change::new("described", "absent"))
            .hint("annotate what the method returns");
        self.add(finding);
    }
}

impl Subject {
    /// A finding of `rule`: the subject, what is said about it, and both sides.
    pub(super) fn finding(&self, rule: &Rule, says: &str, change: &Change) -> Finding {
        let mut finding = Finding::new(rule, format!("{} {says}", self.path))
            .detail("path", &self.path)
            .detail("old", &change.old)
            .detail("new", &change.new);
        finding.location.clone_from(&self.location);
        finding
    }
}
