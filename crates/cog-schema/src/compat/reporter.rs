//! Collects the findings about one method.

use cog_findings::{ChangeKind, Finding, Location, Method, SchemaChange, SchemaPart, SourceMap};

use super::statement::{Difference, Statement};
use crate::json::show_name;
use crate::rules;

/// Collects the findings about one method, with their locations.
#[derive(Debug)]
pub(super) struct Reporter<'a> {
    method: Method,
    source: &'a SourceMap,
    findings: Vec<Finding>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(method: Method, source: &'a SourceMap) -> Self {
        Self { method, source, findings: Vec::new() }
    }

    pub(super) fn method(&self) -> Method {
        self.method
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// An input, or with a path a part of it.
    pub(super) fn input(&mut self, name: &str, path: &str, difference: Difference, statement: Statement) {
        let location = self.source.input(name);
        self.add(SchemaPart::input(self.method, show_name(name)).within(path), location, difference, statement);
    }

    pub(super) fn inputs(&mut self, difference: Difference, statement: Statement) {
        self.add(SchemaPart::inputs(self.method), self.source.target.as_ref(), difference, statement);
    }

    /// The output, or with a path a part of it.
    pub(super) fn output(&mut self, path: &str, difference: Difference, statement: Statement) {
        self.add(SchemaPart::output(self.method).within(path), self.source.output(), difference, statement);
    }

    pub(super) fn method_removed(&mut self) {
        let (what, hint) = match self.method {
            Method::Predict => {
                ("predictions", "the new document has no Input; rebuild the image with the `run` or `predict` key in cog.yaml")
            }
            Method::Train => ("trainings", "restore the `train` key in cog.yaml, or announce the removal first"),
        };
        let change = SchemaChange {
            part: SchemaPart::method(self.method),
            kind: ChangeKind::Removed,
            old: Some("described".to_owned()),
            new: None,
            breaks: None,
        };
        let mut finding =
            Finding::new(&rules::METHOD_REMOVED, format!("the new version no longer offers {what}")).change(change).hint(hint);
        finding.location.clone_from(&self.source.target);
        self.findings.push(finding);
    }

    pub(super) fn streaming_removed(&mut self) {
        let difference = Difference::new(ChangeKind::ArrayType, Some("streamed".to_owned()), Some("not streamed".to_owned()));
        let statement = Statement::new(&rules::STREAMING_REMOVED, "can no longer be streamed")
            .breaks("everyone who asks for server-sent events")
            .hint("restore @cog.streaming");
        self.output("", difference, statement);
    }

    pub(super) fn output_undescribed(&mut self) {
        let difference = Difference::new(ChangeKind::Removed, Some("described".to_owned()), None);
        let statement =
            Statement::new(&rules::OUTPUT_UNDESCRIBED, "is no longer described").hint("annotate the method's return type");
        self.output("", difference, statement);
    }

    fn add(&mut self, part: SchemaPart, location: Option<&Location>, difference: Difference, statement: Statement) {
        let mut finding = Finding::new(statement.rule, format!("{part} {}", statement.says)).with_severity(statement.severity);
        finding.hint = statement.hint;
        finding.location = location.cloned();
        self.findings.push(finding.change(difference.into_change(part, statement.breaks)));
    }
}
