//! Checks the health of an output, whatever the case expects: does it fit the schema, and do its files look right?

use cog_findings::Rule;
use cog_findings::text::shorten;
use cog_schema::{Method, ValueProblem, check_output, read};
use output_compare::{Defect, examine, text_defect};
use serde_json::Value;

use crate::domain::case::CaseKind;
use crate::verify::observation::{FetchFault, FetchedFile, Observation, PredictionOutcome, Unexamined};
use crate::verify::rules;

/// Defects that are reported for one output.
const DEFECT_LIMIT: usize = 5;

/// A kind of defect of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputDefect {
    /// It differs from the schema.
    OffSchema,
    /// It, or one of its files, looks broken.
    Unhealthy,
}

impl OutputDefect {
    pub(super) fn rule(self) -> &'static Rule {
        match self {
            Self::OffSchema => &rules::OUTPUT_OFF_SCHEMA,
            Self::Unhealthy => &rules::OUTPUT_UNHEALTHY,
        }
    }
}

/// The defects in the output of a succeeded prediction, with their messages. Fuzz inputs may well produce an image of a single color or an
/// empty text, so for them only defects that cannot be intended count.
pub(super) fn output_defects(seen: &Observation, document: &Value, kind: CaseKind) -> Vec<(OutputDefect, String)> {
    let (PredictionOutcome::Succeeded, Some(output)) = (&seen.outcome, &seen.output) else { return Vec::new() };
    let mut found = Vec::new();
    for problem in off_schema(document, output, kind) {
        found.push((OutputDefect::OffSchema, format!("output{} {}", problem.path, problem.message)));
    }
    let counts = |defect: &Defect| !kind.is_generated() || !defect.can_be_intended();
    for file in seen.files.iter().filter(|file| !file.is_text()) {
        let place = format!("output{} ({})", file.path, file.shown);
        match file.load() {
            Ok(loaded) => {
                let defects = examine(&loaded.media()).defects;
                found.extend(
                    defects
                        .iter()
                        .filter(|defect| counts(defect))
                        .map(|defect| (OutputDefect::Unhealthy, format!("{place}: {}", shorten(&defect.to_string(), 300)))),
                );
            }
            Err(Unexamined::Missing { message, fault: FetchFault::File | FetchFault::Service }) => {
                found.push((OutputDefect::Unhealthy, message));
            }
            // Limits of ours are not defects.
            Err(Unexamined::Missing { fault: FetchFault::Limit, .. } | Unexamined::TooLarge(_)) => {}
        }
    }
    if let Value::String(text) = output
        && seen.files.iter().all(FetchedFile::is_text)
        && let Some(defect) = text_defect(text).filter(counts)
    {
        found.push((OutputDefect::Unhealthy, defect.to_string()));
    }
    found.truncate(DEFECT_LIMIT);
    found
}

/// Where an output differs from its schema.
///
/// The output of a training is only the version it made and its weights, whatever else `train()` returned, so only the weights are
/// checked: `docs/reference/replicate-api.md#trainings`.
fn off_schema(document: &Value, output: &Value, kind: CaseKind) -> Vec<ValueProblem> {
    if !kind.is_training() {
        return check_output(document, Method::Predict, output);
    }
    let Value::Object(members) = output else { return Vec::new() };
    let Some(weights) = members.get("weights") else { return Vec::new() };
    let shape = read(document).output_of(Method::Train).cloned().unwrap_or_default();
    match shape.members() {
        None => check_output(document, Method::Train, weights),
        Some(_) => check_output(document, Method::Train, output)
            .into_iter()
            .filter(|problem| problem.path.starts_with(".weights"))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::clients::replicate::Download;
    use crate::verify::file_urls::UrlOrigin;
    use crate::verify::observation::RunFacts;

    fn seen(output: Value, file: Option<&'static [u8]>) -> Observation {
        let files = file.map(|bytes| FetchedFile {
            path: String::new(),
            url: "https://x/a.png".to_owned(),
            shown: "https://x/a.png".to_owned(),
            name: "a.png".to_owned(),
            origin: UrlOrigin::Declared,
            content: Ok(Download::of_bytes(Bytes::from_static(bytes), None)),
        });
        Observation {
            method: Method::Predict,
            outcome: PredictionOutcome::Succeeded,
            output: Some(output),
            files: files.into_iter().collect(),
            wanted: None,
            run: RunFacts::default(),
        }
    }

    fn document(output: &Value) -> Value {
        json!({"components": {"schemas": {"Input": {"type": "object", "properties": {}}, "Output": output}}})
    }

    #[test]
    fn defects_of_outputs_are_reported() {
        let text = document(&json!({"type": "string"}));
        let uri = document(&json!({"type": "string", "format": "uri"}));
        let cases: [(&Value, Observation, CaseKind, &[&str]); 8] = [
            (&text, seen(json!("hello"), None), CaseKind::Case, &[]),
            (&text, seen(json!(" "), None), CaseKind::Case, &["the text is blank"]),
            (&text, seen(json!(""), None), CaseKind::Fuzz, &[]),
            (
                &text,
                seen(json!("Traceback (most recent call last):\n"), None),
                CaseKind::Case,
                &["the text is a Python stack trace"],
            ),
            (&text, seen(json!(5), None), CaseKind::Case, &["output is 5, but must be string"]),
            (&uri, seen(json!("https://x/a.png"), Some(b"")), CaseKind::Case, &["output (https://x/a.png): the file is empty"]),
            (&uri, seen(json!("https://x/a.png"), Some(b"")), CaseKind::Fuzz, &["output (https://x/a.png): the file is empty"]),
            (&text, seen(json!(0), None), CaseKind::Fuzz, &["output is 0, but must be string"]),
        ];
        for (document, seen, kind, wanted) in cases {
            let said: Vec<String> = output_defects(&seen, document, kind).into_iter().map(|(_, message)| message).collect();
            assert_eq!(said, wanted);
        }
    }

    #[test]
    fn a_failed_prediction_has_no_defects() {
        let mut failed = seen(json!(5), None);
        failed.outcome = PredictionOutcome::Failed("boom".to_owned());
        assert_eq!(output_defects(&failed, &document(&json!({"type": "string"})), CaseKind::Case), []);
    }
}
