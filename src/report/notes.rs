//! What changes for callers since the live version, as Markdown for releases and model pages.
//!
//! Only of models that passed: what did not pass reaches no caller. The text names no test and no finding; those are for the author.

use std::collections::BTreeMap;

use cog_findings::text::shorten;

use crate::domain::before_after::{Aspect, Trend};
use crate::domain::verdict::Verdict;
use crate::report::before_after::before_after_text;
use crate::report::escape;
use crate::report::json::v1::{Model, Run, SchemaChangeEntry};

/// Size limit of one value, in bytes.
const VALUE_BYTES: usize = 300;

/// The notes of all models that passed; empty without any.
pub(crate) fn notes_markdown(run: &Run, limit_bytes: usize) -> String {
    let passed: Vec<String> = run.models.iter().filter_map(notes_of_model).collect();
    shorten(passed.join("\n").as_str(), limit_bytes)
}

/// The notes of a model; `None` if it did not pass.
pub(crate) fn notes_of_model(model: &Model) -> Option<String> {
    (model.verdict == Verdict::Passed).then(|| of_model(model))
}

/// The notes of models by their names, as JSON that a step can read. Where there are too many, each is cut.
pub(crate) fn notes_json(notes: &BTreeMap<String, String>, limit_bytes: usize) -> String {
    let mut each = limit_bytes;
    loop {
        let cut: BTreeMap<&str, String> = notes.iter().map(|(name, text)| (name.as_str(), shorten(text, each))).collect();
        let text = serde_json::json!(cut).to_string();
        if text.len() <= limit_bytes {
            return text;
        }
        if each == 0 {
            return "{}".to_owned();
        }
        each /= 2;
    }
}

fn of_model(model: &Model) -> String {
    let versions = &model.versions;
    let version = versions.live.as_deref().or(versions.test.as_deref()).map(escape::short_version);
    let heading = format!("### {}\n\n", escape::markdown(&model.model));
    let (Some(version), Some(previous)) = (version.clone(), versions.previous.as_deref()) else {
        return match version {
            Some(version) => format!("{heading}First version: {version}\n"),
            // A run without a token, or without a live version.
            None if versions.previous.is_none() && versions.unchanged.is_none() => {
                format!("{heading}- Not compared with a live version\n")
            }
            None => format!("{heading}{}", list(&changes(model))),
        };
    };
    format!("{heading}{version} after {}\n\n{}", escape::short_version(previous), list(&changes(model)))
}

fn list(changes: &[String]) -> String {
    if changes.is_empty() {
        return "- Nothing changes for callers\n".to_owned();
    }
    changes.iter().map(|change| format!("- {change}\n")).collect()
}

/// Changes of the schema, those that break somebody first, then those of time and money.
fn changes(model: &Model) -> Vec<String> {
    let found = model.findings.iter().chain(&model.ignored).filter_map(|finding| finding.schema_change.as_ref());
    let mut schema: Vec<&SchemaChangeEntry> = Vec::new();
    for change in found {
        if !schema.contains(&change) {
            schema.push(change);
        }
    }
    schema.sort_by_key(|change| change.breaks.is_none());
    let judged = model.before_after.iter().filter(|entry| {
        matches!(entry.trend, Trend::Better | Trend::Worse)
            && matches!(entry.aspect, Aspect::PredictTime | Aspect::Boot | Aspect::OutputSize | Aspect::Cost)
    });
    let judged = judged.map(|entry| {
        let text = before_after_text(entry);
        format!("{}: {}", text.trend, escape::markdown(&text.line()))
    });
    schema.into_iter().map(of_change).chain(judged).collect()
}

fn of_change(change: &SchemaChangeEntry) -> String {
    let code = |text: &str| escape::code(&shorten(text, VALUE_BYTES));
    let part = code(&change.part);
    let train = if change.method == "train" { " of trainings" } else { "" };
    let text = match change.kind.as_str() {
        "added" => format!("new {part}{train}: {}", code(&change.new)),
        "removed" => format!("{part}{train} was removed: {}", code(&change.old)),
        kind => format!("{part}{train}: {} from {} to {}", escape::markdown(kind), code(&change.old), code(&change.new)),
    };
    match &change.breaks {
        Some(breaks) => format!("**{text}**, which breaks {}", escape::markdown(breaks)),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::run_json;
    use crate::report::sample;

    #[test]
    fn notes_name_what_callers_notice() {
        let mut run = run_json(&sample::passed());
        let broken = run_json(&sample::stopped_by_finding()).models.remove(0);
        run.models[0].ignored = broken.findings.clone();
        let text = notes_markdown(&run, 10_000);
        insta::assert_snapshot!(text);
        assert!(!text.contains("image"), "callers do not see its size");
    }

    #[test]
    fn notes_of_many_models_stay_readable_json() {
        let notes: BTreeMap<String, String> =
            (0..200).map(|number| (format!("model-{number}"), "- \"input\"\n".repeat(100))).collect();
        let text = notes_json(&notes, 60_000);
        let read: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
        assert!(read.len() == 200 && text.len() <= 60_000 && read.values().all(|note| note.starts_with("- \"input\"")), "{text}");
        assert_eq!(notes_json(&BTreeMap::new(), 60_000), "{}");
        assert_eq!(notes_json(&notes, 100), "{}");
    }

    #[test]
    fn a_version_without_one_before_is_the_first() {
        let mut run = run_json(&sample::passed());
        run.models[0].versions.previous = None;
        let text = notes_markdown(&run, 10_000);
        assert!(text.contains("First version: [`bbbbbbbb`](https://replicate.com/acme/hotdog/versions/b"), "{text}");
    }

    #[test]
    fn what_was_not_compared_is_not_called_unchanged() {
        let mut run = run_json(&sample::passed());
        let model = &mut run.models[0];
        (model.versions.live, model.versions.test, model.versions.previous) = (None, None, None);
        assert!(notes_markdown(&run, 10_000).ends_with("\n\n- Not compared with a live version\n"));
    }

    #[test]
    fn without_a_change_they_say_so_and_what_failed_has_none() {
        let mut run = run_json(&sample::passed());
        run.models[0].before_after.clear();
        assert!(notes_markdown(&run, 10_000).ends_with("\n\n- Nothing changes for callers\n"));
        assert_eq!(notes_markdown(&run_json(&sample::failed_case()), 10_000), "");
    }
}
