//! The tables of a page.

use std::time::Duration;

use cog_findings::text::count;

use super::verdict_label;
use crate::domain::report::{CaseStatus, StageStatus};
use crate::report::before_after::before_after_text;
use crate::report::json::v1::{Case, Model};
use crate::report::{escape, label};
use crate::support::clock::readable_duration;

/// Lines of a page's difference that are shown.
const PAGE_LINES: usize = 200;

/// One row per model.
pub(super) fn models(models: &[&Model]) -> String {
    let mut text = "| model | verdict | cases | version |\n|---|---|---|---|\n".to_owned();
    for model in models {
        let passed = model.cases.iter().filter(|case| matches!(case.status, CaseStatus::Passed | CaseStatus::Flaky)).count();
        let versions = &model.versions;
        let version = match (&versions.live, &versions.unchanged, &versions.test) {
            (Some(live), _, _) => format!("published {}", escape::short_version(live)),
            (None, Some(unchanged), _) => format!("unchanged {}", escape::short_version(unchanged)),
            (None, None, Some(test)) => format!("tested {}", escape::short_version(test)),
            (None, None, None) => String::new(),
        };
        text.push_str(&format!(
            "| {} | {} | {passed} of {} | {version} |\n",
            escape::markdown(&model.name),
            escape::unbroken(verdict_label(model.verdict)),
            model.cases.len()
        ));
    }
    text
}

/// One row per stage.
pub(super) fn stages(model: &Model) -> String {
    let mut text = "| stage | status | time | |\n|---|---|---|---|\n".to_owned();
    for stage in &model.stages {
        let time = if stage.status == StageStatus::Skipped { String::new() } else { time(stage.duration_ms) };
        let note = stage.note.as_deref().map(escape::markdown).unwrap_or_default();
        text.push_str(&format!("| {} | {} | {time} | {note} |\n", stage.name, escape::unbroken(stage_label(stage.status))));
    }
    text
}

fn time(milliseconds: u64) -> String {
    escape::unbroken(&readable_duration(Duration::from_millis(milliseconds)))
}

fn stage_label(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Passed => "✅ passed",
        StageStatus::Failed => "❌ failed",
        StageStatus::Errored => "⚠️ error",
        StageStatus::Cancelled => "🚫 canceled",
        StageStatus::Skipped => "skipped",
    }
}

/// The tested and the published version, and whether their layers are the same.
pub(super) fn versions(model: &Model) -> String {
    let mut lines = Vec::new();
    let versions = &model.versions;
    for (label, version) in [
        ("Tested, to try it", &versions.test),
        ("Published", &versions.live),
        ("Official", &versions.official),
        (label::previous(model), &versions.previous),
    ] {
        if let Some(version) = version {
            lines.push(format!("- {label}: {}", escape::version(version)));
        }
    }
    if let (Some(unchanged), Some(how)) = (&versions.unchanged, label::publish_anyway(model)) {
        let (version, how) = (escape::version(unchanged), escape::markdown(how));
        lines.push(format!("- Nothing to publish: {version} is the same. Publish it anyway with {how}"));
    }
    lines.extend(versions.trained.iter().map(|version| format!("- Created by a test training: {}", escape::version(version))));
    if let Some(layers) = &model.layers {
        let verdict = if layers.equal { "the same in both versions" } else { "**different in the two versions**" };
        lines.push(format!("- {}, {verdict}", count(layers.staged.len(), "layer")));
    }
    if let Some(transfer) = &model.transfer {
        let reason = transfer.reason.as_deref().map(|reason| format!(" ({})", escape::markdown(reason))).unwrap_or_default();
        lines.push(format!("- Published {}{reason}", label::transfer(transfer)));
    }
    if let Some(deployment) = &model.deployment {
        let change = label::deployment_change(deployment.change);
        let release = deployment.release.map(|number| format!(", release {number}")).unwrap_or_default();
        lines.push(format!("- Deployment {}: {change}{release}", escape::code(&deployment.name)));
    }
    if let Some(page) = &model.page {
        let problem = page.problem.as_deref().map(|problem| format!(": {}", escape::markdown(problem))).unwrap_or_default();
        lines.push(format!("- README of the model's page, from {}: {}{problem}", escape::code(&page.file), label::page(page)));
    }
    if model.cost.predictions > 0 {
        let usd = model.cost.estimated_usd.map(|usd| format!(", about ${usd:.4}")).unwrap_or_default();
        let number = count(usize::try_from(model.cost.predictions).unwrap_or(usize::MAX), "prediction");
        lines.push(format!("- {number}, {:.1} s of run time{usd}", model.cost.predict_seconds));
    }
    if let Some(seed) = model.seed {
        lines.push(format!("- Seed of the fuzz inputs: `{seed}`"));
    }
    if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join("\n")) }
}

/// How the README of the model's page changes.
pub(super) fn page(model: &Model) -> String {
    let Some(page) = model.page.as_ref().filter(|page| !page.diff.is_empty()) else { return String::new() };
    let lines: Vec<&str> = page.diff.iter().take(PAGE_LINES).map(String::as_str).collect();
    let more = page.diff.len() - lines.len();
    let more = if more > 0 { format!("\nand {more} more lines\n") } else { String::new() };
    format!(
        "\n<details><summary>README of the model's page</summary>\n\n{}{more}\n</details>\n",
        escape::fenced(&lines.join("\n"), "diff")
    )
}

/// One row per aspect that the outputs do not show.
pub(super) fn before_after(model: &Model) -> String {
    if model.before_after.is_empty() {
        return String::new();
    }
    let mut text = "\n### Before and after\n\n| | live | this&nbsp;version | | |\n|---|---|---|---|---|\n".to_owned();
    for entry in &model.before_after {
        let row = before_after_text(entry);
        let trend = match row.trend {
            "worse" => "⚠️&nbsp;",
            _ => "",
        };
        text.push_str(&format!(
            "| {} | {} | {} | {trend}{} | {} |\n",
            escape::unbroken(row.name),
            escape::unbroken(&row.before),
            escape::unbroken(&row.after),
            row.ratio,
            escape::markdown(&row.note)
        ));
    }
    text
}

/// One row per case.
pub(super) fn cases(model: &Model) -> String {
    if model.cases.is_empty() {
        return String::new();
    }
    let mut text = "\n### Cases\n\n| case | checker | status | time | |\n|---|---|---|---|---|\n".to_owned();
    for case in failures_first(model) {
        let reason = case.failure().filter(|_| case.status != CaseStatus::Passed);
        let first = if case.status == CaseStatus::Flaky { "first attempt: " } else { "" };
        let reason = reason.map(|reason| format!("{first}{}", escape::markdown(&cog_findings::text::shorten(reason, 200))));
        // A comparison and a fuzz input are checked by what they are.
        let checker = if case.checker == "none" { &case.kind } else { &case.checker };
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            escape::markdown(&case.id),
            escape::markdown(checker),
            escape::unbroken(case_label(case.status)),
            time(case.duration_ms),
            reason.unwrap_or_default()
        ));
    }
    text
}

/// Failed cases, then flaky ones, then the others; each in the order of the configuration.
pub(super) fn failures_first(model: &Model) -> Vec<&Case> {
    let mut cases: Vec<&Case> = model.cases.iter().collect();
    cases.sort_by_key(|case| match case.status {
        CaseStatus::Failed | CaseStatus::Errored => 0,
        CaseStatus::Flaky => 1,
        CaseStatus::Cancelled | CaseStatus::Passed | CaseStatus::Skipped => 2,
    });
    cases
}

/// A status with an icon.
pub(super) fn case_label(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Passed => "✅ passed",
        CaseStatus::Failed => "❌ failed",
        CaseStatus::Flaky => "🔁 flaky",
        CaseStatus::Errored => "⚠️ error",
        CaseStatus::Cancelled => "🚫 canceled",
        CaseStatus::Skipped => "skipped",
    }
}
