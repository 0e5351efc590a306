//! Compares two documents: does the new version still accept what callers send, and return what they read?
//!
//! Inputs may only widen, outputs may only narrow. Both are the same question: does every value of one shape fit another? For inputs the
//! old shape must fit the new one, for outputs the new one must fit the old one. `fit` answers it and lists every gap. `input` and `output`
//! turn gaps into findings. Trainings go through the same code. Between documents of different generations of Cog a few gaps are ignored,
//! see [`Dialect`](crate::Dialect).

mod fit;
mod gap;
mod input;
mod limits;
mod options;
mod output;
mod reporter;
mod sides;
mod statement;

use cog_findings::{Finding, Method, Severity, SourceMap};
use serde_json::Value;

pub use self::options::CompatOptions;
use self::reporter::Reporter;
use self::sides::Sides;
use super::read::{Schemas, read};
use super::rules;

/// Everything that changed between `old` (the live version's document) and `new`: the most severe findings first, otherwise in the
/// order of the document. `source` locates the inputs and output of the new version's predictor.
///
/// Parts of either document that could not be read are not compared, and not reported here: [`read`] lists them in
/// [`Schemas::problems`].
///
/// ```
/// use cog_findings::{ChangeKind, SourceMap};
/// use cog_schema::{CompatOptions, compare};
/// use serde_json::json;
///
/// let document = |maximum: u32| {
///     json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
///         "steps": {"type": "integer", "maximum": maximum},
///     }}}}})
/// };
/// let findings = compare(&document(50), &document(40), &SourceMap::default(), &CompatOptions::default());
/// assert_eq!(findings[0].code.as_str(), "SP109");
/// assert_eq!(findings[0].message, "input steps now takes only values <= 40; before: <= 50");
/// assert_eq!(findings[0].change.as_ref().unwrap().kind, ChangeKind::Maximum);
/// ```
pub fn compare(old: &Value, new: &Value, source: &SourceMap, options: &CompatOptions) -> Vec<Finding> {
    let stops_streaming = streams(old) == Some(true) && streams(new) == Some(false);
    let (old, new) = (read(old), read(new));
    if old.is_empty() {
        return nothing_to_compare(&new);
    }
    let mut findings = Vec::new();
    for method in Method::ALL {
        let source = match method {
            Method::Predict => source,
            Method::Train => &options.train_source,
        };
        let mut reporter = Reporter::new(method, source);
        compare_method(&old, &new, options, &mut reporter);
        if stops_streaming && method == Method::Predict {
            reporter.streaming_removed();
        }
        findings.extend(reporter.into_findings());
    }
    findings.retain(|finding| options.notes || finding.severity > Severity::Note);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// Whether predictions can be streamed; `None` when the document does not describe how predictions are asked for.
fn streams(document: &Value) -> Option<bool> {
    let post = document.pointer("/paths/~1predictions/post")?;
    Some(post.get("x-cog-streaming").and_then(Value::as_bool).unwrap_or(false))
}

fn nothing_to_compare(new: &Schemas) -> Vec<Finding> {
    if new.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(&rules::NOTHING_TO_COMPARE, "the old version has no schema to compare with")
            .hint("compare with a version that has one, or review the changes yourself"),
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
        // Some generations leave out trainings: their absence says nothing about the model.
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
