//! Sample runs for the tests of all renderings.

mod media;

use std::time::Duration;

use chrono::{TimeZone, Utc};
use cog_findings::{ChangeKind, Finding, Location, Method, Rule, SchemaChange, SchemaPart, Severity};
use serde_json::{Map, json};

use crate::domain::before_after::{Aspect, BeforeAfter, Trend};
use crate::domain::case::{CaseId, CaseKind, Expectation};
use crate::domain::cost::Cost;
use crate::domain::identity::{ImageDigest, ModelRef, VersionRef};
use crate::domain::prediction::{Inputs, PredictionId};
use crate::domain::report::{
    Attempt, CaseReport, CaseStatus, DeploymentChange, DeploymentReport, ErrorReport, LayerProof, ModelReport, PublishRoute,
    RunReport, Stage, StageReport, StageStatus, Transfer,
};
use crate::domain::verdict::Verdict;

pub(crate) use media::media;

/// A rule that only these samples use.
pub(crate) const SAMPLE_RULE: Rule = Rule {
    code: "SP101",
    name: "input-removed",
    severity: Severity::Error,
    summary: "An input was removed.",
    why: "Everyone who sends it: Replicate rejects undeclared inputs.",
    example: "None.",
};

/// Text by which a model may try to deceive a reader or run code.
pub(crate) const HOSTILE: &str = "</details><script>alert(1)</script> @everyone #1 ``` ::set-env name=X::y \u{1b}[31m ![x](https://evil.example/x.png) javascript:alert(1)";

/// One run of every kind.
pub(crate) fn all() -> Vec<RunReport> {
    vec![passed(), failed_case(), stopped_by_finding(), service_error(), cancelled(), two_models(), media(), hostile()]
}

fn version(model: &str, digit: char) -> VersionRef {
    let id: String = std::iter::repeat_n(digit, 64).collect();
    VersionRef { model: model.parse().unwrap(), id: id.parse().unwrap() }
}

fn digest(digit: char) -> ImageDigest {
    format!("sha256:{}", std::iter::repeat_n(digit, 64).collect::<String>()).parse().unwrap()
}

fn model(name: &str) -> ModelReport {
    let live: ModelRef = format!("acme/{name}").parse().unwrap();
    let test = live.with_suffix("-test");
    let stage =
        |stage, seconds| StageReport { stage, status: StageStatus::Passed, duration: Duration::from_secs(seconds), note: None };
    ModelReport {
        name: name.to_owned(),
        model: live.clone(),
        test_model: test.clone(),
        config_file: Some(format!("cog-safe-push-configs/{name}.yaml")),
        verdict: Verdict::Passed,
        staged: Some(version(&test.to_string(), 'a')),
        published: Some(version(&live.to_string(), 'b')),
        official: None,
        unchanged: None,
        previous: Some(version(&live.to_string(), 'c')),
        trained: Vec::new(),
        transfer: Some(Transfer { route: PublishRoute::Mounted, present: 1, mounted: 1, streamed: 0, sent_bytes: 0, reason: None }),
        layers: Some(LayerProof { staged: vec![digest('1'), digest('2')], published: vec![digest('1'), digest('2')] }),
        tested_record: None,
        deployment: Some(DeploymentReport {
            name: format!("acme/{name}-production"),
            change: DeploymentChange::Updated,
            release: Some(4),
            previous_version: Some(version(&live.to_string(), 'c')),
        }),
        page: None,
        stages: vec![
            stage(Stage::Inspect, 1),
            stage(Stage::Build, 42),
            stage(Stage::Stage, 9),
            stage(Stage::Verify, 31),
            stage(Stage::Publish, 4),
            stage(Stage::Deploy, 1),
        ],
        findings: Vec::new(),
        ignored: Vec::new(),
        cases: vec![case("case-1", CaseStatus::Passed)],
        before_after: vec![
            BeforeAfter {
                aspect: Aspect::PredictTime,
                before: Some(2.3),
                after: Some(3.2),
                trend: Trend::Worse,
                note: Some("slower: 5 of 5 inputs, typically 1.41× (1.31–1.62×), 2.3 s → 3.2 s".to_owned()),
            },
            BeforeAfter { aspect: Aspect::Boot, before: Some(41.0), after: Some(97.0), trend: Trend::Worse, note: None },
            BeforeAfter { aspect: Aspect::ImageSize, before: Some(4e9), after: Some(4.1e9), trend: Trend::Alike, note: None },
            BeforeAfter { aspect: Aspect::Cost, before: Some(0.000_517), after: Some(0.00072), trend: Trend::Worse, note: None },
        ],
        seed: Some(4711),
        cost: Cost { predictions: 12, platform_retries: 1, predict_seconds: 18.5, estimated_usd: Some(0.0019) },
        error: None,
    }
}

pub(crate) fn case(id: &str, status: CaseStatus) -> CaseReport {
    let inputs: Inputs = [("text".to_owned(), json!("hello")), ("top".to_owned(), json!(3))].into_iter().collect();
    CaseReport {
        id: CaseId::new(id),
        kind: CaseKind::Case,
        status,
        inputs,
        expectation: Expectation::ExactString("hello".to_owned()),
        location: Some(Location::at("cog-safe-push-configs/hotdog.yaml", 8, 5)),
        attempts: vec![Attempt {
            prediction: Some(PredictionId::new("abc123")),
            url: Some("https://replicate.com/p/abc123".to_owned()),
            output: Some(json!("hello")),
            error: None,
            logs_tail: "loading\nready".to_owned(),
            reason: None,
            duration: Duration::from_millis(1500),
            metrics: Map::from_iter([("predict_time".to_owned(), json!(1.25))]),
        }],
        live: None,
        remarks: Vec::new(),
        files: Vec::new(),
        live_files: Vec::new(),
        comparisons: Vec::new(),
        minimal_inputs: None,
        reproduction: None,
        sources: Vec::new(),
        duration: Duration::from_millis(1600),
    }
}

fn run(models: Vec<ModelReport>) -> RunReport {
    RunReport {
        tool_version: "0.1.0".to_owned(),
        started_at: Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap(),
        duration: Duration::from_secs(88),
        verdict: models.iter().map(|model| model.verdict).max().unwrap_or(Verdict::Passed),
        models,
        notices: vec!["Ran on the embedded sandbox: nothing was sent to Replicate.".to_owned()],
    }
}

fn stopped_after(report: &mut ModelReport, stage: Stage, status: StageStatus) {
    for entry in &mut report.stages {
        if entry.stage == stage {
            entry.status = status;
        } else if entry.stage > stage {
            entry.status = StageStatus::Skipped;
            entry.duration = Duration::ZERO;
            entry.note = Some(format!("{stage} did not pass"));
        }
    }
    if stage < Stage::Publish {
        (report.published, report.layers, report.transfer) = (None, None, None);
    }
    if stage < Stage::Stage {
        report.staged = None;
        report.cases.clear();
        report.seed = None;
    }
    report.deployment = None;
}

pub(crate) fn passed() -> RunReport {
    run(vec![model("hotdog")])
}

pub(crate) fn failed_case() -> RunReport {
    let mut report = model("hotdog");
    report.verdict = Verdict::Failed;
    stopped_after(&mut report, Stage::Verify, StageStatus::Failed);
    let mut failed = case("case-2", CaseStatus::Failed);
    for attempt in &mut failed.attempts {
        attempt.output = Some(json!("howdy"));
        attempt.reason = Some("expected exactly \"hello\", got \"howdy\"".to_owned());
    }
    let mut flaky = case("compare-1", CaseStatus::Flaky);
    flaky.kind = CaseKind::Compare;
    flaky.live = flaky.attempts.first().cloned();
    let mut first = flaky.attempts[0].clone();
    first.reason = Some("output differs from the live version's: \"hullo\"".to_owned());
    flaky.attempts.insert(0, first);
    flaky.remarks = vec!["mean difference 0.4 of 8 allowed".to_owned()];
    let mut fuzz = case("fuzz-7", CaseStatus::Failed);
    fuzz.kind = CaseKind::Fuzz;
    fuzz.location = Some(Location::at("cog-safe-push-configs/hotdog.yaml", 21, 3));
    fuzz.expectation = Expectation::Succeeds;
    fuzz.minimal_inputs = Some(Map::from_iter([("text".to_owned(), json!(""))]));
    for attempt in &mut fuzz.attempts {
        attempt.output = None;
        attempt.error = Some("IndexError: list index out of range".to_owned());
        attempt.reason = Some("the prediction failed: IndexError: list index out of range".to_owned());
    }
    report.cases.extend([failed, flaky, fuzz]);
    run(vec![report])
}

pub(crate) fn stopped_by_finding() -> RunReport {
    let mut report = model("hotdog");
    report.verdict = Verdict::Failed;
    stopped_after(&mut report, Stage::Inspect, StageStatus::Failed);
    report.findings.push(
        Finding::new(&SAMPLE_RULE, "input 'buildings' was removed")
            .at(Location::at("predict.py", 22, 9).until_column(17))
            .change(SchemaChange {
                part: SchemaPart::input(Method::Predict, "buildings"),
                kind: ChangeKind::Removed,
                old: Some("integer, 1 to 60".to_owned()),
                new: None,
                breaks: Some("callers that send it".to_owned()),
            })
            .hint("keep it with a default, or publish under another model"),
    );
    run(vec![report])
}

pub(crate) fn service_error() -> RunReport {
    let mut report = model("hotdog");
    report.verdict = Verdict::ServiceError;
    stopped_after(&mut report, Stage::Stage, StageStatus::Errored);
    report.staged = None;
    report.error = Some(ErrorReport {
        message: "failed to push r8.im/acme/hotdog-test: 502 Bad Gateway".to_owned(),
        hint: Some("run it again; the layers that arrived are not sent again".to_owned()),
    });
    run(vec![report])
}

pub(crate) fn cancelled() -> RunReport {
    let mut report = model("hotdog");
    report.verdict = Verdict::Cancelled;
    stopped_after(&mut report, Stage::Verify, StageStatus::Cancelled);
    report.cases.push(case("case-2", CaseStatus::Cancelled));
    report.cases.push(case("case-3", CaseStatus::Skipped));
    run(vec![report])
}

pub(crate) fn two_models() -> RunReport {
    let mut models = passed().models;
    models.extend(stopped_by_finding().models);
    models[1].name = "hotdog-large".to_owned();
    run(models)
}

pub(crate) fn hostile() -> RunReport {
    let mut report = failed_case();
    for case in &mut report.models[0].cases {
        case.inputs.insert(HOSTILE.to_owned(), json!(HOSTILE));
        case.remarks.push(HOSTILE.to_owned());
        for attempt in &mut case.attempts {
            attempt.output = Some(json!(HOSTILE));
            attempt.error = Some(HOSTILE.to_owned());
            attempt.reason = Some(HOSTILE.to_owned());
            attempt.logs_tail = format!("{HOSTILE}\n{HOSTILE}");
            attempt.url = Some("javascript:alert(1)".to_owned());
        }
    }
    report.models[0].findings.push(Finding::new(&SAMPLE_RULE, HOSTILE).at(Location::at(HOSTILE, 1, 1)).hint(HOSTILE));
    report
}
