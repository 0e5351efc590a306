//! The course of a verification: order, warm-up, retries, limits, stopping.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fake::*;
use super::setting::*;
use crate::clients::ErrorKind;
use crate::clients::replicate::ReplicateFailure;
use crate::domain::case::{CaseKind, Expectation};
use crate::domain::events::EventKind;
use crate::domain::plan::Limits;
use crate::domain::prediction::PredictionStatus;
use crate::domain::report::CaseStatus;
use crate::support::causes::with_causes;
use crate::verify::VerifyError;

#[tokio::test(start_paused = true)]
async fn cases_are_reported_in_plan_order_and_events_come_as_they_finish() {
    // Later cases finish earlier.
    let fake =
        Fake::new(|asked| Script { run: Duration::from_secs(10 - asked.inputs["n"].as_u64().unwrap()), ..output(json!("ok")) });
    let setting = Setting::of(numbered(4));
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed", "case-2 passed", "case-3 passed", "case-4 passed"]);
    assert_eq!(outcome.cost.predictions, 4);
    assert_eq!(outcome.cost.predict_seconds, 34.0);
    assert_eq!((outcome.cost.estimated_usd, outcome.seed), (None, None));
    assert!(outcome.stopped.is_none() && outcome.findings.is_empty(), "{:?}", outcome.findings);
    let events = setting.listener.0.lock().unwrap();
    let finished: Vec<String> = events
        .iter()
        .filter_map(|event| if let EventKind::CaseFinished(report) = event { Some(report.id.to_string()) } else { None })
        .collect();
    assert_eq!(finished, ["case-4", "case-3", "case-2", "case-1"]);
    let created = events.iter().filter(|event| matches!(event, EventKind::PredictionCreated { url: Some(_), .. })).count();
    assert_eq!(created, 4);
}

#[tokio::test(start_paused = true)]
async fn the_first_prediction_boots_the_version_and_the_others_wait_for_it() {
    let fake = Fake::new(|asked| Script {
        boot: if asked.inputs["n"] == 0 { Duration::from_secs(100) } else { Duration::ZERO },
        ..output(json!("ok"))
    });
    let start = Instant::now();
    let outcome = Setting::of(numbered(4)).run(&fake).await;
    assert!(outcome.cases.iter().all(|case| case.status == CaseStatus::Passed));
    // While it boots, nothing else is created. Then all run together.
    assert!((101..=103).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert_eq!(fake.predictions().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_warm_version_costs_no_extra_time() {
    let fake = Fake::new(|_| output(json!("ok")));
    let start = Instant::now();
    Setting::of(numbered(20)).run(&fake).await;
    // 20 predictions of one second, 4 at a time: 5 s, and a little for polling.
    assert!(start.elapsed() < Duration::from_millis(5900), "{:?}", start.elapsed());
    assert_eq!(fake.most_in_flight.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_never_starts_is_reported_once_and_nothing_else_runs() {
    let fake = Fake::new(|_| Script { boot: Duration::from_secs(100_000), ..output(json!("ok")) });
    let outcome = Setting::of(numbered(3)).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 failed", "case-2 skipped", "case-3 skipped"]);
    assert_eq!(fake.predictions().len(), 1);
    assert_eq!(fake.predictions()[0].status, PredictionStatus::Canceled);
    let stopped = outcome.stopped.unwrap();
    assert_eq!(stopped.kind(), ErrorKind::Model);
    assert!(stopped.hint().is_some());
    assert_eq!(
        stopped.to_string(),
        "the version never booted: p1 (https://replicate.example/p/p1) never started within the start-up limit of 15 min 0 s; it was \
         canceled"
    );
    assert!(matches!(stopped, VerifyError::NeverBooted { logs_tail, .. } if logs_tail == "first line\nlast line"));
    assert!(reason(&outcome.cases[0]).contains("start-up limit of 15 min"));
}

#[tokio::test(start_paused = true)]
async fn a_setup_that_fails_stops_everything_too() {
    let fake = Fake::new(|_| error("model container failed to boot and complete setup within 600 seconds"));
    let outcome = Setting::of(numbered(3)).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 failed", "case-2 skipped", "case-3 skipped"]);
    assert!(matches!(outcome.stopped, Some(VerifyError::NeverBooted { .. })));
    assert!(
        reason(&outcome.cases[0]).starts_with("the version never booted: model container failed"),
        "{}",
        reason(&outcome.cases[0])
    );
}

#[tokio::test(start_paused = true)]
async fn without_cases_the_minimal_inputs_warm_up_the_version() {
    let fake = Fake::new(|asked| if asked.inputs.is_empty() { output(json!("ok")) } else { error("not minimal") });
    let outcome = Setting::of(Vec::new()).run(&fake).await;
    assert_eq!(statuses(&outcome), ["warm-up passed"]);
    assert_eq!(outcome.cases[0].kind, CaseKind::WarmUp);
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_with_unsuitable_inputs_is_a_warning() {
    let fake = Fake::new(|_| error("ValueError: give me more"));
    let outcome = Setting::of(Vec::new()).run(&fake).await;
    assert_eq!(statuses(&outcome), ["warm-up passed"]);
    assert_eq!(codes(&outcome), ["SP617"]);
    assert!(!outcome.findings[0].is_error());
}

#[tokio::test(start_paused = true)]
async fn a_case_that_passes_when_repeated_is_flaky() {
    let fake = Fake::new(|asked| output(json!(if asked.before == 0 { "wrong" } else { "right" })));
    let outcome = Setting::of(vec![case(&json!({"n": 1}), Expectation::ExactString("right".to_owned()))]).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 flaky"]);
    let attempts = &outcome.cases[0].attempts;
    assert_eq!(attempts.len(), 2);
    assert_eq!(
        (attempts[0].output.clone(), attempts[0].reason.as_deref()),
        (Some(json!("wrong")), Some("expected 'right', got 'wrong'"))
    );
    assert_eq!((attempts[1].output.clone(), attempts[1].reason.as_deref()), (Some(json!("right")), None));
    assert_eq!(codes(&outcome), ["SP614"]);
    assert_eq!(outcome.findings[0].message, "case-1 failed once and then passed: expected 'right', got 'wrong'");
}

#[tokio::test(start_paused = true)]
async fn a_case_that_fails_twice_has_failed() {
    let fake = Fake::new(|_| error("RuntimeError: boom"));
    let outcome = Setting::of(numbered(1)).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 failed"]);
    assert_eq!(outcome.cases[0].attempts.len(), 2);
    assert_eq!(reason(&outcome.cases[0]), "the prediction failed: RuntimeError: boom");
    let attempt = outcome.cases[0].last_attempt().unwrap();
    assert_eq!(attempt.error.as_deref(), Some("RuntimeError: boom"));
    assert_eq!(attempt.logs_tail, "first line\nlast line");
    assert_eq!(attempt.url.as_deref(), Some("https://replicate.example/p/p2"));
    assert_eq!(attempt.metrics["predict_time"], json!(1.0));
}

#[tokio::test(start_paused = true)]
async fn a_prediction_that_takes_too_long_is_canceled_and_named() {
    let fake =
        Fake::new(
            |asked| if asked.inputs["n"] == 0 { output(json!("ok")) } else { Script { ending: Ending::Never, ..output(json!(0)) } },
        );
    let mut setting = Setting::of(numbered(2));
    setting.limits = Limits { predict: Duration::from_secs(30), ..Limits::default() };
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed", "case-2 failed"]);
    let reasons: Vec<_> = outcome.cases[1].attempts.iter().map(|attempt| attempt.reason.clone().unwrap()).collect();
    assert_eq!(reasons.len(), 1, "a second prediction would take as long");
    assert!(reasons[0].contains("did not finish within the run limit of 30 s; it was canceled"), "{}", reasons[0]);
    // The time until the limit is counted.
    assert_eq!(outcome.cost.predict_seconds, 31.0);
}

#[tokio::test(start_paused = true)]
async fn rejected_inputs_fail_without_a_second_attempt() {
    fn refusal() -> ReplicateFailure {
        ReplicateFailure::InvalidInput { fields: Vec::new(), detail: "- input.n: Must be less than or equal to 4".to_owned() }
    }
    let fake = Fake::new(|asked| if asked.inputs["n"] == 9 { refused(refusal) } else { output(json!("ok")) });
    let cases = vec![
        case(&json!({"n": 9}), Expectation::Succeeds),
        case(&json!({"n": 9}), Expectation::ErrorContains("less than or equal to 4".to_owned())),
        case(&json!({"n": 9}), Expectation::ErrorContains("something else".to_owned())),
        case(&json!({"n": 1}), Expectation::ErrorContains("less".to_owned())),
    ];
    let outcome = Setting::of(cases).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 failed", "case-2 passed", "case-3 failed", "case-4 failed"]);
    assert_eq!(reason(&outcome.cases[0]), "Replicate refused the inputs: - input.n: Must be less than or equal to 4");
    assert_eq!(outcome.cases[0].attempts.len(), 1);
    assert_eq!(outcome.cases[0].attempts[0].prediction, None);
    assert_eq!(reason(&outcome.cases[3]), "expected an error that contains 'less', but the prediction succeeded with \"ok\"");
}

#[tokio::test(start_paused = true)]
async fn fail_fast_stops_after_the_first_failure() {
    let fake = Fake::new(|asked| match asked.inputs["n"].as_u64().unwrap() {
        1 => error("boom"),
        n => Script { run: Duration::from_secs(if n == 0 { 60 } else { 5 }), ..output(json!("ok")) },
    });
    let mut setting = Setting::of(numbered(10));
    setting.plan.fail_fast = true;
    setting.parallel = 2;
    let start = Instant::now();
    let outcome = setting.run(&fake).await;
    // The second attempt goes before the first attempts of other cases, as soon as a slot is free.
    assert_eq!(statuses(&outcome)[..3], ["case-1 cancelled", "case-2 failed", "case-3 passed"]);
    // It may just have started when the failure was judged.
    assert!(matches!(outcome.cases[3].status, CaseStatus::Cancelled | CaseStatus::Skipped));
    assert!(outcome.cases[4..].iter().all(|case| case.status == CaseStatus::Skipped));
    assert!(outcome.stopped.is_none(), "a failed case is a result");
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(setting.listener.notices(), ["case-2 failed; skipping the remaining cases (fail_fast)"]);
}

#[tokio::test(start_paused = true)]
async fn canceling_stops_everything_within_seconds() {
    let fake = Fake::new(|asked| match asked.inputs["n"].as_u64().unwrap() {
        0 => output(json!("ok")),
        _ => Script { run: Duration::from_secs(600), ..output(json!("ok")) },
    });
    let setting = Setting::of(numbered(8));
    let cancelled = setting.cancelled.clone();
    let start = Instant::now();
    let (outcome, ()) = tokio::join!(setting.run(&fake), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        cancelled.cancel();
    });
    assert!(start.elapsed() < Duration::from_secs(14), "{:?}", start.elapsed());
    assert_eq!(
        statuses(&outcome),
        [
            "case-1 passed",
            "case-2 cancelled",
            "case-3 cancelled",
            "case-4 cancelled",
            "case-5 cancelled",
            "case-6 skipped",
            "case-7 skipped",
            "case-8 skipped",
        ]
    );
    assert!(matches!(outcome.stopped, Some(VerifyError::Cancelled)));
    assert_eq!(outcome.stopped.unwrap().kind(), ErrorKind::Cancelled);
    assert_eq!(fake.predictions().iter().filter(|prediction| prediction.status == PredictionStatus::Canceled).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn canceling_before_the_start_spends_nothing() {
    let fake = Fake::new(|_| output(json!("ok")));
    let setting = Setting::of(numbered(3));
    setting.cancelled.cancel();
    let outcome = setting.run(&fake).await;
    assert!(outcome.cases.iter().all(|case| case.status == CaseStatus::Skipped));
    assert_eq!(fake.predictions().len(), 0);
    assert!(matches!(outcome.stopped, Some(VerifyError::Cancelled)));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_pay_stops_everything() {
    fn no_credit() -> ReplicateFailure {
        ReplicateFailure::PaymentRequired { detail: "You have insufficient credit".to_owned() }
    }
    let fake = Fake::new(|asked| if asked.inputs["n"] == 5 { refused(no_credit) } else { output(json!("ok")) });
    let mut setting = Setting::of(numbered(20));
    setting.parallel = 2;
    let outcome = setting.run(&fake).await;
    assert_eq!(outcome.cases[5].status, CaseStatus::Errored);
    assert!(outcome.cases[5].remarks[0].contains("insufficient credit"), "{:?}", outcome.cases[5].remarks);
    assert!(outcome.cases[8..].iter().all(|case| case.status == CaseStatus::Skipped));
    let stopped = outcome.stopped.unwrap();
    assert_eq!(stopped.kind(), ErrorKind::Billing);
    assert!(stopped.hint().unwrap().contains("credit"));
}

#[tokio::test(start_paused = true)]
async fn a_permanent_service_failure_stops_everything() {
    fn outage() -> ReplicateFailure {
        ReplicateFailure::Server { status: 503, retry_after: None, detail: "down".to_owned() }
    }
    fn forbidden() -> ReplicateFailure {
        ReplicateFailure::Unauthorized { detail: "no".to_owned(), looks_like_cli_token: false }
    }
    for (failure, kind) in [(outage as fn() -> ReplicateFailure, ErrorKind::Service), (forbidden, ErrorKind::Request)] {
        let fake = Fake::new(move |_| refused(failure));
        let outcome = Setting::of(numbered(3)).run(&fake).await;
        assert_eq!(statuses(&outcome), ["case-1 errored", "case-2 skipped", "case-3 skipped"]);
        assert_eq!(outcome.stopped.unwrap().kind(), kind);
    }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_version_fails() {
    fn disabled() -> ReplicateFailure {
        ReplicateFailure::VersionDisabled { detail: "This version has been disabled".to_owned() }
    }
    let fake = Fake::new(|_| refused(disabled));
    let outcome = Setting::of(numbered(2)).run(&fake).await;
    assert_eq!(outcome.stopped.as_ref().map(VerifyError::kind), Some(ErrorKind::Model));
    assert!(matches!(outcome.stopped, Some(VerifyError::NeverBooted { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_was_just_pushed_may_take_a_moment_to_appear() {
    fn unknown() -> ReplicateFailure {
        ReplicateFailure::VersionNotPermitted { detail: "The specified version does not exist".to_owned() }
    }
    let fake = Fake::new(|asked| if asked.before < 3 { refused(unknown) } else { output(json!("ok")) });
    let outcome = Setting::of(numbered(1)).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed"]);
    let never = Fake::new(|_| refused(unknown));
    let outcome = Setting::of(numbered(2)).run(&never).await;
    assert_eq!(statuses(&outcome), ["case-1 errored", "case-2 skipped"]);
    assert_eq!(outcome.stopped.unwrap().kind(), ErrorKind::Request);
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_stops_everything() {
    let fake = Fake::new(|_| Script { run: Duration::from_secs(10), ..output(json!("ok")) });
    let mut setting = Setting::of(numbered(20));
    setting.parallel = 2;
    setting.limits.max_predict_seconds = Some(45);
    let outcome = setting.run(&fake).await;
    // Finished predictions are judged, including the one that exceeded the budget. The other one is canceled.
    let passed = outcome.cases.iter().filter(|case| case.status == CaseStatus::Passed).count();
    assert!((5..=6).contains(&passed), "{:?}", statuses(&outcome));
    let stopped = outcome.stopped.unwrap();
    assert_eq!(stopped.kind(), ErrorKind::Model);
    assert_eq!(stopped.to_string(), "predictions used 50 s of run time, but max_predict_seconds allows 45 s");
    assert!(outcome.cost.predict_seconds <= 60.0);
}

#[tokio::test(start_paused = true)]
async fn low_credit_makes_predictions_take_turns() {
    let fake = Fake::new(|_| output(json!("ok")));
    fake.throttled.store(true, Ordering::SeqCst);
    let start = Instant::now();
    let outcome = Setting::of(numbered(6)).run(&fake).await;
    assert!(outcome.cases.iter().all(|case| case.status == CaseStatus::Passed));
    assert_eq!(fake.most_in_flight.load(Ordering::SeqCst), 1);
    assert!(start.elapsed() >= Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn no_parallel_predictions_means_one_at_a_time() {
    let fake = Fake::new(|_| output(json!("ok")));
    let mut setting = Setting::of(numbered(3));
    setting.parallel = 0;
    assert_eq!(statuses(&setting.run(&fake).await).len(), 3);
    assert_eq!(fake.most_in_flight.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn secrets_among_the_inputs_are_never_shown() {
    let fake = Fake::new(|_| error("KeyError: hunter2"));
    let mut setting = Setting::of(vec![case(&json!({"key": "hunter2"}), Expectation::Succeeds)]);
    setting.schema = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
        "key": {"type": "string", "format": "password", "x-cog-secret": true},
    }}}}});
    let outcome = setting.run(&fake).await;
    assert_eq!(fake.predictions()[0].inputs["key"], json!("hunter2"), "the model gets it");
    let shown = format!("{:?} {:?} {:?}", outcome.cases, outcome.findings, setting.listener.0.lock().unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn secrets_in_the_reason_to_stop_are_hidden() {
    fn disabled() -> ReplicateFailure {
        ReplicateFailure::VersionDisabled { detail: "disabled: hunter2".to_owned() }
    }
    fn outage() -> ReplicateFailure {
        ReplicateFailure::Server { status: 500, retry_after: None, detail: "oops: hunter2".to_owned() }
    }
    for (script, wanted) in [
        (error("model container failed to boot: hunter2"), "the version never booted: model container failed to boot: ***"),
        (refused(disabled), "the version never booted: disabled: ***"),
        (
            refused(outage),
            "no further predictions can run: failed to create a prediction: Replicate responded with status 500: oops: ***",
        ),
    ] {
        let fake = Fake::new(move |_| script.clone());
        let mut setting = Setting::of(vec![case(&json!({"key": "hunter2"}), Expectation::Succeeds)]);
        setting.schema = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
            "key": {"type": "string", "format": "password"},
        }}}}});
        let outcome = setting.run(&fake).await;
        assert_eq!(with_causes(outcome.stopped.as_ref().unwrap()), wanted);
        let shown = format!("{outcome:?} {:?}", setting.listener.0.lock().unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_the_wait_before_a_retry_takes_effect() {
    let fake = Fake::new(|_| error("Prediction interrupted; please retry (code: PA)"));
    let setting = Setting::of(numbered(1));
    let cancelled: CancellationToken = setting.cancelled.clone();
    let (outcome, ()) = tokio::join!(setting.run(&fake), async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        cancelled.cancel();
    });
    assert_eq!(statuses(&outcome), ["case-1 cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn secrets_in_outputs_are_hidden_in_reasons_too() {
    let fake = Fake::new(|_| output(json!("your key is hunter2")));
    let mut setting = Setting::of(vec![case(&json!({"key": "hunter2"}), Expectation::ExactString("hello".to_owned()))]);
    setting.schema = json!({"components": {"schemas": {
        "Input": {"type": "object", "properties": {"key": {"type": "string", "format": "password"}}},
        "Output": {"type": "string"},
    }}});
    let outcome = setting.run(&fake).await;
    assert_eq!(reason(&outcome.cases[0]), "expected 'hello', got 'your key is ***'");
    assert!(!format!("{outcome:?}").contains("hunter2"));
}
