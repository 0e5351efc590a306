//! A verification to run, with defaults that tests adjust.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::fake::{Fake, live_version, staged_version};
use crate::domain::case::{Expectation, TestCase, TestedOn};
use crate::domain::events::{Event, EventKind, Observer};
use crate::domain::plan::{Comparison, Limits, TrainPlan, VerifyPlan};
use crate::domain::report::CaseReport;
use crate::support::clock::SystemClock;
use crate::verify::{Judge, JudgeProof, VerifyOutcome, VerifyRequest, VerifyServices, verify};

/// Records all events.
#[derive(Default)]
pub(super) struct WaitListener(pub(super) Mutex<Vec<EventKind>>);

impl Observer for WaitListener {
    fn observe(&self, event: Event) {
        assert_eq!(event.model.as_deref(), Some("hotdog"));
        self.0.lock().unwrap().push(event.kind);
    }
}

impl WaitListener {
    pub(super) fn waits(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        events
            .iter()
            .filter_map(|event| if let EventKind::Waiting { reason, .. } = event { Some(reason.clone()) } else { None })
            .collect()
    }

    pub(super) fn notices(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        events.iter().filter_map(|event| if let EventKind::Notice(text) = event { Some(text.clone()) } else { None }).collect()
    }
}

/// A verification to run.
pub(super) struct Setting {
    pub(super) plan: VerifyPlan,
    pub(super) train: Option<TrainPlan>,
    pub(super) limits: Limits,
    pub(super) parallel: usize,
    pub(super) live: bool,
    pub(super) schema: Value,
    pub(super) judge: Option<Arc<dyn Judge>>,
    pub(super) keep: Option<PathBuf>,
    pub(super) cancelled: CancellationToken,
    pub(super) listener: WaitListener,
}

pub(super) fn text_schema() -> Value {
    json!({"components": {"schemas": {
        "Input": {"type": "object", "properties": {"n": {"type": "integer"}, "text": {"type": "string"}}},
        "Output": {"type": "string"},
    }}})
}

pub(super) fn file_schema() -> Value {
    json!({"components": {"schemas": {
        "Input": {"type": "object", "properties": {"n": {"type": "integer"}, "seed": {"type": "integer"}}},
        "Output": {"type": "string", "format": "uri"},
    }}})
}

impl Setting {
    pub(super) fn of(cases: Vec<TestCase>) -> Self {
        Self {
            plan: VerifyPlan { cases, compare: Comparison::Off, ..VerifyPlan::default() },
            train: None,
            limits: Limits::default(),
            parallel: 4,
            live: false,
            schema: text_schema(),
            judge: None,
            keep: None,
            cancelled: CancellationToken::new(),
            listener: WaitListener::default(),
        }
    }

    pub(super) async fn run(&self, fake: &Arc<Fake>) -> VerifyOutcome {
        let (staged, live) = (staged_version(), live_version());
        let request = VerifyRequest {
            name: "hotdog",
            plan: &self.plan,
            train: self.train.as_ref(),
            limits: &self.limits,
            parallel: self.parallel,
            on: TestedOn::Test,
            version: &staged,
            through: None,
            live: self.live.then_some(&live),
            schema: &self.schema,
            keep_outputs: self.keep.as_deref(),
            judge_proof: JudgeProof::AlongWithCases,
        };
        let services = VerifyServices { replicate: fake.clone(), judge: self.judge.clone(), clock: Arc::new(SystemClock) };
        let outcome = verify(&request, &services, &self.listener, &self.cancelled).await;
        assert_eq!(fake.running(), 0, "predictions were left running");
        outcome
    }
}

pub(super) fn case(inputs: &Value, expectation: Expectation) -> TestCase {
    TestCase { inputs: inputs.as_object().unwrap().clone(), expectation, ..TestCase::default() }
}

/// Cases with `n` counting from 0 that only have to succeed.
pub(super) fn numbered(count: usize) -> Vec<TestCase> {
    (0..count).map(|n| case(&json!({"n": n}), Expectation::Succeeds)).collect()
}

/// The id and status of each case.
pub(super) fn statuses(outcome: &VerifyOutcome) -> Vec<String> {
    outcome.cases.iter().map(|case| format!("{} {}", case.id, case.status.as_str())).collect()
}

/// The reason why a case did not pass.
pub(super) fn reason(case: &CaseReport) -> String {
    case.last_attempt().and_then(|attempt| attempt.reason.clone()).unwrap_or_default()
}

pub(super) fn codes(outcome: &VerifyOutcome) -> Vec<&str> {
    outcome.findings.iter().map(|finding| finding.code.as_str()).collect()
}
