//! A model's part of the page.

use std::time::Duration;

use cog_findings::text::{count, shorten};

use super::Verdict;
use super::anchors::Anchors;
use super::case::Case;
use super::cut::Cut;
use super::finding::{Finding, SchemaChange};
use super::trend::TrendView;
use crate::domain::report::{CaseStatus, StageStatus};
use crate::domain::verdict::Verdict::Passed;
use crate::report::before_after::before_after_text;
use crate::report::json::v1;
use crate::report::label;
use crate::support::clock::readable_duration;

/// Number of passed cases with media that are expanded, per model.
const OPEN_CASES: usize = 6;

/// Number of failures with different messages listed at the top.
const PROBLEMS: usize = 12;

/// Number of links to failures with one message.
const LINKS: usize = 8;

pub(crate) struct Model {
    pub(crate) anchor: String,
    pub(crate) open: bool,
    /// Whether its name on the command line says more than the model.
    pub(crate) is_named: bool,
    pub(crate) name: String,
    pub(crate) model: String,
    pub(crate) verdict: Verdict,
    pub(crate) error: Option<v1::ErrorEntry>,
    pub(crate) problems: Vec<ProblemGroup>,
    pub(crate) more_problems: usize,
    pub(crate) stages: Vec<Stage>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) layers: Option<Layers>,
    pub(crate) changes: Vec<SchemaChange>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) ignored: Option<String>,
    /// What was not checked.
    pub(crate) unchecked: Vec<String>,
    /// Whether findings come after the cases, because cases failed.
    pub(crate) has_failed_cases: bool,
    /// Cases and fuzz inputs.
    pub(crate) all_counts: String,
    pub(crate) case_counts: String,
    pub(crate) cases: Vec<Case>,
    pub(crate) fuzz_counts: String,
    pub(crate) seed: Option<u64>,
    pub(crate) fuzz: Vec<Case>,
    /// Whether smaller inputs were found for any fuzz failure.
    pub(crate) has_minimal: bool,
    pub(crate) trend: Option<TrendView>,
}

/// Failures with one message, each with a link to its part of the page.
pub(crate) struct ProblemGroup {
    pub(crate) links: Vec<ProblemLink>,
    /// Those without a link.
    pub(crate) more: usize,
    pub(crate) message: String,
}

pub(crate) struct ProblemLink {
    pub(crate) anchor: String,
    pub(crate) name: String,
}

pub(crate) struct Stage {
    pub(crate) class: &'static str,
    pub(crate) name: &'static str,
    pub(crate) word: &'static str,
    pub(crate) time: String,
    /// The duration in thousandths of the longest stage's.
    pub(crate) share: u64,
    pub(crate) note: Option<String>,
}

pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    pub(crate) code: bool,
}

pub(crate) struct Layers {
    pub(crate) equal: bool,
    pub(crate) count: String,
    pub(crate) staged: Vec<String>,
    pub(crate) published: Vec<String>,
}

impl Model {
    pub(super) fn of(model: &v1::Model, run: &v1::Run, anchors: &mut Anchors, cut: Cut) -> Self {
        let ignored: Vec<&str> = model.ignored.iter().map(|finding| finding.code.as_str()).collect();
        let anchor = anchors.of_model(&model.name);
        let longest = model.stages.iter().map(|stage| stage.duration_ms).max().unwrap_or_default().max(1);
        let mut cases: Vec<(&v1::Case, String)> =
            model.cases.iter().map(|case| (case, anchors.within(&anchor, &case.id))).collect();
        let findings: Vec<String> = model.findings.iter().map(|finding| anchors.within(&anchor, &finding.code)).collect();
        // Failures first.
        cases.sort_by_key(|(case, _)| rank(case.status));
        let (fuzz, others): (Vec<_>, Vec<_>) = cases.into_iter().partition(|(case, _)| is_fuzz(case));
        let view = |cases: Vec<(&v1::Case, String)>| -> Vec<Case> {
            cases.into_iter().map(|(case, anchor)| Case::of(case, anchor, cut)).collect()
        };
        let mut problems = problems(model, &findings, &others, &fuzz, cut);
        let more_problems = problems.len().saturating_sub(PROBLEMS);
        problems.truncate(PROBLEMS);
        Self {
            open: run.models.len() == 1 || model.verdict != Passed,
            is_named: !model.model.ends_with(&format!("/{}", model.name)),
            name: cut.line(&model.name),
            model: cut.line(&model.model),
            verdict: Verdict(model.verdict),
            error: model.error.as_ref().map(|error| cut.error(error)),
            problems,
            more_problems,
            stages: model.stages.iter().map(|stage| Stage::of(stage, longest, cut)).collect(),
            facts: facts(model, cut),
            layers: model.layers.as_ref().map(|layers| Layers {
                equal: layers.equal,
                count: count(layers.staged.len(), "layer"),
                staged: layers.staged.iter().map(|digest| cut.line(digest)).collect(),
                published: layers.published.iter().map(|digest| cut.line(digest)).collect(),
            }),
            changes: model.findings.iter().filter_map(|finding| SchemaChange::of(finding, cut)).collect(),
            findings: model.findings.iter().zip(findings).map(|(finding, anchor)| Finding::of(finding, anchor, cut)).collect(),
            ignored: (!ignored.is_empty()).then(|| cut.line(&ignored.join(", "))),
            unchecked: model.unchecked.iter().map(|line| cut.line(line)).collect(),
            has_failed_cases: others.iter().chain(&fuzz).any(|(case, _)| rank(case.status) == 0),
            all_counts: case_counts(&others.iter().chain(&fuzz).cloned().collect::<Vec<_>>()),
            case_counts: case_counts(&others),
            fuzz_counts: case_counts(&fuzz),
            cases: opened(view(others)),
            seed: model.seed,
            has_minimal: fuzz.iter().any(|(case, _)| case.minimal_inputs.is_some()),
            fuzz: view(fuzz),
            trend: TrendView::of(model, run, cut),
            anchor,
        }
    }
}

/// Expands the first cases with media. Failures are expanded anyway.
fn opened(mut cases: Vec<Case>) -> Vec<Case> {
    cases.iter_mut().filter(|case| !case.open && case.has_media()).take(OPEN_CASES).for_each(|case| case.open = true);
    cases
}

fn is_fuzz(case: &v1::Case) -> bool {
    matches!(case.kind.as_str(), "fuzz" | "train-fuzz")
}

/// The order of cases on the page.
const fn rank(status: CaseStatus) -> u8 {
    match status {
        CaseStatus::Failed | CaseStatus::Errored => 0,
        CaseStatus::Flaky => 1,
        CaseStatus::Cancelled => 2,
        CaseStatus::Passed | CaseStatus::Skipped => 3,
    }
}

/// Failures, those with equal messages together. `findings` are the anchors of the model's findings.
fn problems(
    model: &v1::Model,
    findings: &[String],
    cases: &[(&v1::Case, String)],
    fuzz: &[(&v1::Case, String)],
    cut: Cut,
) -> Vec<ProblemGroup> {
    let of_findings = model.findings.iter().zip(findings).filter(|(finding, _)| finding.severity == v1::Severity::Error);
    let of_findings = of_findings.map(|(finding, anchor)| (anchor, &finding.code, finding.message.as_str()));
    let failed = cases.iter().chain(fuzz).filter(|(case, _)| matches!(case.status, CaseStatus::Failed | CaseStatus::Errored));
    let of_cases = failed.map(|(case, anchor)| (anchor, &case.id, case.failure().unwrap_or("the case did not pass")));
    let mut problems: Vec<ProblemGroup> = Vec::new();
    for (anchor, name, message) in of_findings.chain(of_cases) {
        let link = ProblemLink { anchor: anchor.clone(), name: cut.line(name) };
        let message = shorten(&cut.line(message), 160);
        match problems.iter_mut().find(|problem| problem.message == message) {
            Some(problem) if problem.links.len() < LINKS => problem.links.push(link),
            Some(problem) => problem.more += 1,
            None => problems.push(ProblemGroup { links: vec![link], more: 0, message }),
        }
    }
    problems
}

fn facts(model: &v1::Model, cut: Cut) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |label, value: Option<String>, code| {
        if let Some(value) = value {
            facts.push(Fact { label, value: cut.line(&value), code });
        }
    };
    fact("Tested", model.versions.test.clone(), true);
    fact("Published", model.versions.live.clone(), true);
    fact("Official", model.versions.official.clone(), true);
    let previous = if model.versions.live.is_some() { "Previously live" } else { "Still live" };
    fact(previous, model.versions.previous.clone(), true);
    for version in &model.versions.trained {
        fact("Created by a test training", Some(version.clone()), true);
    }
    fact("Publication", model.transfer.as_ref().map(transfer), false);
    fact("README of its page", model.page.as_ref().map(page), false);
    fact("Deployment", model.deployment.as_ref().map(deployment), false);
    let compared = model.before_after.iter().map(|entry| {
        let row = before_after_text(entry);
        let note = if row.note.is_empty() { String::new() } else { format!(", {}", row.note) };
        format!("{}{note}", row.line())
    });
    fact("Before and after", Some(compared.collect::<Vec<_>>().join("; ")).filter(|line| !line.is_empty()), false);
    fact("Configuration", model.config.clone(), true);
    fact("Cost", (model.cost.predictions > 0).then(|| cost(&model.cost)), false);
    fact("Nothing to publish since", model.versions.unchanged.clone(), true);
    fact("Publish anyway with", label::publish_anyway(model).map(str::to_owned), false);
    fact("Roll back with", label::rollback(model), true);
    facts
}

fn page(page: &v1::PageEntry) -> String {
    let problem = page.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
    format!("{}{problem}", label::page(page))
}

fn transfer(transfer: &v1::TransferEntry) -> String {
    let reason = transfer.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{}{reason}", label::transfer(transfer))
}

fn deployment(deployment: &v1::Deployment) -> String {
    let change = label::deployment_change(deployment.change);
    let release = deployment.release.map(|number| format!(", release {number}")).unwrap_or_default();
    let previous = deployment.previous.as_ref().map(|version| format!("; before: {version}")).unwrap_or_default();
    format!("{} {change}{release}{previous}", deployment.name)
}

fn cost(cost: &v1::Cost) -> String {
    let repeats = match cost.platform_retries {
        0 => String::new(),
        number => format!(" ({number} repeated after platform errors)"),
    };
    let usd = cost.estimated_usd.map(|usd| format!(", about ${usd:.4}")).unwrap_or_default();
    let predictions = count(usize::try_from(cost.predictions).unwrap_or(usize::MAX), "prediction");
    format!("{predictions}{repeats}, {:.1} s of run time{usd}", cost.predict_seconds)
}

fn case_counts(cases: &[(&v1::Case, String)]) -> String {
    let statuses = [
        CaseStatus::Failed,
        CaseStatus::Errored,
        CaseStatus::Flaky,
        CaseStatus::Passed,
        CaseStatus::Cancelled,
        CaseStatus::Skipped,
    ];
    let counted = statuses.into_iter().filter_map(|status| {
        let number = cases.iter().filter(|(case, _)| case.status == status).count();
        (number > 0).then(|| format!("{number} {}", label::case(status)))
    });
    counted.collect::<Vec<_>>().join(", ")
}

impl Stage {
    fn of(stage: &v1::StageEntry, longest_ms: u64, cut: Cut) -> Self {
        let class = match stage.status {
            StageStatus::Passed => "passed",
            StageStatus::Failed => "failed",
            StageStatus::Errored => "errored",
            StageStatus::Cancelled => "cancelled",
            StageStatus::Skipped => "skipped",
        };
        let is_skipped = stage.status == StageStatus::Skipped;
        Self {
            class,
            name: stage.name.as_str(),
            word: label::stage(stage.status),
            time: if is_skipped { String::new() } else { readable_duration(Duration::from_millis(stage.duration_ms)) },
            share: if is_skipped { 0 } else { stage.duration_ms.min(longest_ms).saturating_mul(1000) / longest_ms },
            note: stage.note.as_deref().map(|note| cut.text(note)),
        }
    }
}
