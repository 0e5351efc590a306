//! What changes for callers since the live version, as Markdown for releases and model pages.
//!
//! Only of models that passed: what did not pass reaches no caller. The text names no test and no finding; those are for the author.

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
    let passed = run.models.iter().filter(|model| model.verdict == Verdict::Passed);
    shorten(passed.map(of_model).collect::<Vec<_>>().join("\n").as_str(), limit_bytes)
}

fn of_model(model: &Model) -> String {
    let versions = &model.versions;
    let version = versions.live.as_deref().or(versions.test.as_deref()).map(escape::short_version);
    let heading = format!("### {}\n\n", escape::markdown(&model.model));
    let (Some(version), Some(previous)) = (version.clone(), versions.previous.as_deref()) else {
        return match version {
            Some(version) => format!("{heading}First version: {version}\n"),
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
    fn a_version_without_one_before_is_the_first() {
        let mut run = run_json(&sample::passed());
        run.models[0].versions.previous = None;
        let text = notes_markdown(&run, 10_000);
        assert!(text.contains("First version: [`bbbbbbbb`](https://replicate.com/acme/hotdog/versions/b"), "{text}");
    }

    #[test]
    fn without_a_change_they_say_so_and_what_failed_has_none() {
        let mut run = run_json(&sample::passed());
        run.models[0].before_after.clear();
        assert!(notes_markdown(&run, 10_000).ends_with("\n\n- Nothing changes for callers\n"));
        assert_eq!(notes_markdown(&run_json(&sample::failed_case()), 10_000), "");
    }
}
