//! What `NOTIFY_URL` receives about a run.

use cog_findings::text::shorten;
use serde_json::{Value, json};

use crate::domain::verdict::Verdict;
use crate::report::json::v1::{Model, Run, Severity};
use crate::report::label;

/// The longest reason.
const REASON_BYTES: usize = 500;

/// The document about a run that failed or published, and nothing about any other. `page` is the run's page.
pub(crate) fn notification(run: &Run, page: Option<&str>) -> Option<Value> {
    let has_published = run.models.iter().any(|model| model.versions.live.is_some());
    if run.verdict == Verdict::Cancelled || (run.verdict == Verdict::Passed && !has_published) {
        return None;
    }
    let mut lines = vec![format!("safe-push: {}", label::verdict(run.verdict))];
    lines.extend(run.models.iter().filter(|model| has_news(model)).map(line));
    lines.extend(run.error.as_ref().map(|error| shorten(&error.message, REASON_BYTES)));
    lines.extend(page.map(str::to_owned));
    let models: Vec<Value> = run.models.iter().filter(|model| has_news(model)).map(document).collect();
    Some(json!({
        "text": lines.join("\n"),
        "verdict": run.verdict,
        "exit_code": run.exit_code,
        "started_at": run.started_at,
        "url": page,
        "models": models,
        "tool_version": run.tool_version,
    }))
}

fn has_news(model: &Model) -> bool {
    model.verdict != Verdict::Passed || model.versions.live.is_some()
}

fn line(model: &Model) -> String {
    let name = if model.name == model.model { model.name.clone() } else { format!("{} ({})", model.name, model.model) };
    let what = match (&model.versions.live, reason(model)) {
        (Some(live), None) => format!("published {live}"),
        (Some(live), Some(reason)) => format!("published {live}, but {reason}"),
        (None, Some(reason)) => reason,
        (None, None) => label::verdict(model.verdict).to_owned(),
    };
    format!("{name}: {what}")
}

fn document(model: &Model) -> Value {
    json!({
        "name": model.name,
        "model": model.model,
        "verdict": model.verdict,
        "published": model.versions.live,
        "replaced": model.versions.previous,
        "reason": reason(model),
    })
}

/// Why a model did not pass, in one line.
pub(crate) fn reason(model: &Model) -> Option<String> {
    if model.verdict == Verdict::Passed {
        return None;
    }
    let error = model.error.as_ref().map(|error| error.message.clone());
    let finding = || {
        let mut errors = model.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.next().map(|finding| format!("{}: {}", finding.code, finding.message))
    };
    let case = || {
        let (name, reason) = model.cases.iter().find_map(|case| Some((&case.id, case.reason.as_ref()?)))?;
        Some(format!("{name}: {reason}"))
    };
    error.or_else(finding).or_else(case).map(|reason| shorten(&reason, REASON_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::run_json;
    use crate::report::sample;

    #[test]
    fn failed_and_published_runs_are_reported_and_others_are_not() {
        let mut run = run_json(&sample::passed());
        let payload = notification(&run, Some("https://github.com/acme/hotdog/actions/runs/42")).unwrap();
        assert_eq!(payload["models"].as_array().unwrap().len(), run.models.len());
        let text = payload["text"].as_str().unwrap();
        assert!(text.contains("published ") && text.ends_with("/runs/42"), "{text}");
        for model in &mut run.models {
            model.versions.live = None;
        }
        assert_eq!(notification(&run, None), None);
        run.verdict = Verdict::Failed;
        assert!(notification(&run, None).is_some());
        run.verdict = Verdict::Cancelled;
        assert_eq!(notification(&run, None), None);
    }
}
