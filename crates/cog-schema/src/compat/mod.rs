//! Does a new version still take what callers send, and still return what they read?
//!
//! Inputs may only widen, outputs may only narrow. Both questions are one: does every value of one shape fit another? For inputs
//! the old shape has to fit the new one, for outputs the new one the old one. `fit.rs` answers it and names every gap;
//! `input.rs` and `output.rs` turn gaps into findings, each for its side; trainings go through the same code. Between documents of
//! different generations of Cog a few gaps are forgiven, see [`Dialect`].

mod fit;
mod input;
mod limits;
mod output;
mod report;

use cog_findings::{Finding, Severity, SourceMap};
use serde_json::Value;

use super::dialect::Dialect;
use super::read::{Schemas, read};
use super::rules;
use super::shape::{Method, Shape};
use report::Reporter;

/// What a comparison reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompatOptions {
    /// Whether changes that bother nobody (descriptions, order, additions) are reported as notes.
    pub notes: bool,
    /// How grave it is that an input is gone which the old version marked as deprecated. It breaks whoever still sends it, but an
    /// announcement that could never be carried out would be none: a warning unless a team decides otherwise.
    pub deprecated_removal: Severity,
    /// Places in the trainer's source.
    pub train_places: SourceMap,
}

impl Default for CompatOptions {
    fn default() -> Self {
        Self { notes: true, deprecated_removal: Severity::Warning, train_places: SourceMap::default() }
    }
}

/// The two shapes of one comparison, with the generations that wrote them.
struct Sides<'a> {
    old: &'a Shape,
    new: &'a Shape,
    old_dialect: Dialect,
    new_dialect: Dialect,
}

impl Sides<'_> {
    /// Whether the documents are of different known generations, so that a difference need not be a change of the model.
    fn cross_dialects(&self) -> bool {
        self.old_dialect.differs(self.new_dialect)
    }
}

/// Everything that changed between `old` (the live version's document) and `new`, gravest first and otherwise in the order of the
/// document. `places` are those of the new version's predictor.
///
/// What could not be read of either document is not repeated here: [`read`] and the lint report it.
pub fn compare(old: &Value, new: &Value, places: &SourceMap, options: &CompatOptions) -> Vec<Finding> {
    let (old, new) = (read(old), read(new));
    if old.is_empty() {
        return nothing_to_compare(&new);
    }
    let mut findings = Vec::new();
    for method in Method::ALL {
        let places = match method {
            Method::Predict => places,
            Method::Train => &options.train_places,
        };
        let mut reporter = Reporter::new(method, places);
        compare_method(&old, &new, options, &mut reporter);
        findings.extend(reporter.into_findings());
    }
    findings.retain(|finding| options.notes || finding.severity > Severity::Note);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn nothing_to_compare(new: &Schemas) -> Vec<Finding> {
    if new.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(&rules::NOTHING_TO_COMPARE, "the old version has no schema to compare with")
            .hint("compare with a version that has one, or look at the changes by eye"),
    ]
}

fn compare_method(old: &Schemas, new: &Schemas, options: &CompatOptions, reporter: &mut Reporter<'_>) {
    let method = reporter.method();
    match (old.inputs_of(method), new.inputs_of(method)) {
        (Some(old_inputs), Some(new_inputs)) => input::compare(
            &Sides { old: old_inputs, new: new_inputs, old_dialect: old.dialect, new_dialect: new.dialect },
            options,
            reporter,
        ),
        // A method whose absence is that of the generation is not compared.
        (Some(_), None) if method == Method::Train && new.dialect.omits_trainings() && old.dialect != new.dialect => return,
        (Some(_), None) => return reporter.method_removed(),
        (None, _) => return,
    }
    match (old.output_of(method), new.output_of(method)) {
        (Some(old_output), Some(new_output)) => output::compare(
            &Sides { old: old_output, new: new_output, old_dialect: old.dialect, new_dialect: new.dialect },
            reporter,
        ),
        (Some(_), None) => reporter.output_undescribed(),
        (None, _) => {}
    }
}
