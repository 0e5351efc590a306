//! Failures of the platform are not failures of the model.

use serde_json::json;

use super::fake::*;
use super::setting::*;
use crate::domain::case::Expectation;
use crate::domain::prediction::PredictionStatus;

const INTERRUPTED: &str = "Prediction interrupted; please retry (code: PA)";

#[tokio::test(start_paused = true)]
async fn an_interrupted_prediction_is_retried_and_counted_separately() {
    let fake = Fake::new(|asked| if asked.before < 2 { error(INTERRUPTED) } else { output(json!("ok")) });
    let setting = Setting::of(numbered(1));
    let outcome = setting.run(&fake).await;
    // Not flaky: the model did nothing wrong.
    assert_eq!(statuses(&outcome), ["case-1 passed"]);
    assert_eq!((outcome.cost.predictions, outcome.cost.platform_retries), (3, 2));
    let reasons: Vec<_> = outcome.cases[0].attempts.iter().map(|attempt| attempt.reason.as_deref()).collect();
    assert_eq!(
        reasons,
        [
            Some("platform error PA: the prediction was interrupted"),
            Some("platform error PA: the prediction was interrupted"),
            None
        ]
    );
    assert_eq!(setting.listener.waits().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_keeps_failing_leaves_the_case_errored() {
    let fake = Fake::new(|_| error(INTERRUPTED));
    let outcome = Setting::of(numbered(1)).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 errored"]);
    assert_eq!((outcome.cost.predictions, outcome.cost.platform_retries), (4, 3));
    assert!(outcome.stopped.is_none());
}

#[tokio::test(start_paused = true)]
async fn each_code_has_its_own_number_of_retries() {
    for (text, predictions) in
        [("Director: unexpected error handling prediction (E8765)", 2), ("unknown (E1000)", 3), ("timeout (E6716)", 4)]
    {
        let fake = Fake::new(move |_| error(text));
        let outcome = Setting::of(numbered(1)).run(&fake).await;
        assert_eq!((statuses(&outcome), fake.predictions().len()), (vec!["case-1 errored".to_owned()], predictions), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn running_out_of_memory_is_the_models_failure() {
    let fake = Fake::new(|_| error("Director: unexpected error handling prediction (E1001)"));
    let outcome = Setting::of(numbered(1)).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 failed"]);
    assert!(outcome.cases[0].remarks.iter().any(|remark| remark.contains("out of memory")), "{:?}", outcome.cases[0].remarks);
}

#[tokio::test(start_paused = true)]
async fn a_prediction_canceled_by_someone_else_never_passes() {
    for status in [PredictionStatus::Canceled, PredictionStatus::Aborted] {
        let fake = Fake::new(move |_| Script { ending: Ending::Status(status.clone()), ..output(json!(0)) });
        let outcome = Setting::of(numbered(1)).run(&fake).await;
        assert_eq!(statuses(&outcome), ["case-1 errored"]);
        assert_eq!(fake.predictions().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_platform_error_does_not_satisfy_an_expected_error() {
    let fake = Fake::new(|asked| if asked.before == 0 { error(INTERRUPTED) } else { error("ValueError: interrupted by design") });
    let cases = vec![case(&json!({"n": 1}), Expectation::ErrorContains("interrupted".to_owned()))];
    let outcome = Setting::of(cases).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed"]);
    assert_eq!(fake.predictions().len(), 2);
}
