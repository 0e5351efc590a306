//! Runs against a service that follows a script, on tokio's paused clock.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::clients::ErrorKind;
use crate::clients::replicate::limits::Polling;
use crate::clients::replicate::pace::Pace;
use crate::clients::replicate::wire::tests::prediction;
use crate::domain::plan::Limits;

const LIMITS: RunLimits = RunLimits {
    startup: Duration::from_secs(900),
    run: Duration::from_secs(300),
    polling: Polling {
        shortest: Duration::from_millis(100),
        longest_starting: Duration::from_secs(1),
        longest_running: Duration::from_millis(250),
        boots: false,
    },
    pace: None,
};

/// The course of a job, in seconds since its creation.
struct Script {
    /// When each status starts.
    statuses: Vec<(f64, &'static str)>,
    /// Whether canceling works, and whether it gets a response.
    cancel: Cancel,
    /// Whether the service reports when the job started.
    tells_start: bool,
    /// `GET` answers 404 until then.
    visible_after: f64,
    /// How long creating takes.
    create_takes: f64,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, PartialEq)]
enum Cancel {
    Works,
    IsIgnored,
    Hangs,
}

#[derive(Default)]
struct Seen {
    created: Option<Instant>,
    cancelled: Option<f64>,
    looks: usize,
}

fn script(statuses: &[(f64, &'static str)]) -> Script {
    let statuses = statuses.to_vec();
    Script {
        statuses,
        cancel: Cancel::Works,
        tells_start: true,
        visible_after: 0.0,
        create_takes: 0.0,
        seen: Mutex::new(Seen::default()),
    }
}

impl Script {
    fn age(&self) -> f64 {
        self.seen.lock().unwrap().created.unwrap().elapsed().as_secs_f64()
    }

    fn now(&self) -> Prediction {
        let cancelled = self.seen.lock().unwrap().cancelled;
        let age = self.age();
        let (_, status) = *self.statuses.iter().rev().find(|(from, _)| *from <= age).unwrap();
        let ends = !matches!(status, "starting" | "processing" | "paused");
        let status = if cancelled.is_some() && self.cancel == Cancel::Works && !ends { "canceled" } else { status };
        // Far from our own clock: nothing may depend on it.
        let created_at: DateTime<Utc> = "2001-01-01T00:00:00Z".parse().unwrap();
        let begins = self.statuses.iter().find(|(from, status)| *status == "processing" && *from <= age).map(|(from, _)| *from);
        let started_at =
            begins.filter(|_| self.tells_start).map(|from| created_at + TimeDelta::milliseconds((from * 1000.0) as i64));
        Prediction { created_at: Some(created_at), started_at, logs: "some logs".to_owned(), ..prediction(status) }
    }

    fn cancelled(&self) -> Option<f64> {
        self.seen.lock().unwrap().cancelled
    }

    fn looks(&self) -> usize {
        self.seen.lock().unwrap().looks
    }
}

impl Operation for Script {
    fn describe(&self) -> String {
        "run a prediction on acme/x".to_owned()
    }

    async fn create(&self, _cancelled: &CancellationToken) -> Result<Prediction, ReplicateError> {
        sleep(Duration::from_secs_f64(self.create_takes)).await;
        self.seen.lock().unwrap().created = Some(Instant::now());
        Ok(self.now())
    }

    async fn get(&self, _id: &PredictionId) -> Result<Prediction, ReplicateError> {
        self.seen.lock().unwrap().looks += 1;
        if self.age() < self.visible_after {
            return Err(ReplicateError::new("get", ReplicateFailure::NotFound { detail: "not found".to_owned() }));
        }
        Ok(self.now())
    }

    async fn cancel(&self, _id: &PredictionId) -> Result<Prediction, ReplicateError> {
        let age = self.age();
        self.seen.lock().unwrap().cancelled.get_or_insert(age);
        if self.cancel == Cancel::Hangs {
            pending::<()>().await;
        }
        Ok(Prediction { logs: String::new(), ..self.now() })
    }
}

async fn run(script: &Script) -> Result<Prediction, ReplicateError> {
    drive(script, &LIMITS, &|_: &Prediction| {}, &CancellationToken::new()).await
}

fn timed_out(error: &ReplicateError) -> &TimedOut {
    match error.failure() {
        ReplicateFailure::TimedOut(timed_out) => timed_out,
        other => panic!("no time-out: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn every_final_status_ends_the_run() {
    for status in ["succeeded", "failed", "canceled", "aborted"] {
        let script = script(&[(0.0, "starting"), (2.0, "processing"), (4.0, status)]);
        assert_eq!(run(&script).await.unwrap().status.as_str(), status);
        assert_eq!(script.cancelled(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_is_noticed_soon() {
    // The delay of noticing, for jobs that finish between half a second and two minutes after the start.
    let mut lags = Vec::new();
    for tenths in (5..1200).step_by(37) {
        let end = f64::from(tenths) / 10.0;
        let script = script(&[(0.0, "processing"), (end, "succeeded")]);
        run(&script).await.unwrap();
        lags.push(script.age() - end);
    }
    let mean = lags.iter().sum::<f64>() / lags.len() as f64;
    assert!(mean < 0.15, "{mean}");
    assert!(lags.iter().all(|lag| *lag <= 0.2501), "{lags:?}");
}

#[tokio::test(start_paused = true)]
async fn an_expected_end_is_noticed_sooner_and_with_fewer_polls() {
    for end in [0.3, 1.0, 5.0, 60.0] {
        let look = async |limits: RunLimits| {
            let script = script(&[(0.0, "processing"), (end, "succeeded")]);
            drive(&script, &limits, &|_: &Prediction| {}, &CancellationToken::new()).await.unwrap();
            (script.age() - end, script.looks())
        };
        let limits = RunLimits { polling: Polling::default(), ..LIMITS };
        let pace = Arc::new(Pace::default());
        pace.record(Duration::from_secs_f64(end * 1.03));
        let (lag, looks) = look(limits.clone().at_pace(Some(pace))).await;
        assert!(lag <= (end / 40.0).max(0.011), "{lag} s after {end} s");
        assert!(looks <= look(limits).await.1, "{looks} looks for {end} s");
    }
}

#[tokio::test(start_paused = true)]
async fn predictions_at_the_same_time_share_what_one_of_them_finds_out() {
    for end in [0.3, 1.0, 5.0, 60.0] {
        let (pace, script) = (Arc::new(Pace::default()), || script(&[(0.0, "starting"), (0.01, "processing"), (end, "succeeded")]));
        let scripts: Vec<Script> = (0..16).map(|_| script()).collect();
        let limits = RunLimits { polling: Polling::default(), ..LIMITS }.at_pace(Some(Arc::clone(&pace)));
        let (limits, known) = (&limits, &pace);
        let all = scripts.iter().map(|script| async move {
            drive(script, limits, &|_: &Prediction| {}, &CancellationToken::new()).await.unwrap();
            known.record(Duration::from_secs_f64(end - 0.01));
            script.age() - end
        });
        let lags = futures::future::join_all(all).await;
        assert!(lags.iter().all(|lag| *lag <= (end / 10.0).clamp(0.06, 0.3)), "{end} s: {lags:?}");
        let looks: Vec<usize> = scripts.iter().map(Script::looks).collect();
        assert!(looks.iter().sum::<usize>() <= 16 * if end < 10.0 { 6 } else { 20 }, "{end} s: {looks:?}");
        // The next ones need an early look and a last one.
        let next = script();
        drive(&next, limits, &|_: &Prediction| {}, &CancellationToken::new()).await.unwrap();
        assert!(next.looks() <= 3 && next.age() - end <= (end / 40.0).max(0.03), "{end} s: {} {}", next.looks(), next.age() - end);
    }
}

#[tokio::test(start_paused = true)]
async fn a_prediction_that_fails_without_a_run_time_does_not_delay_the_others() {
    let pace = Arc::new(Pace::default());
    let limits = RunLimits { polling: Polling::default(), ..LIMITS }.at_pace(Some(pace));
    let (fails, succeeds) = (script(&[(0.0, "starting"), (1.0, "failed")]), script(&[(0.0, "processing"), (20.0, "succeeded")]));
    let (never, quiet) = (CancellationToken::new(), |_: &Prediction| {});
    let (_, late) = tokio::join!(drive(&fails, &limits, &quiet, &never), async {
        drive(&succeeds, &limits, &quiet, &never).await.unwrap();
        succeeds.age() - 20.0
    });
    assert!(late <= 0.26, "{late}");
}

#[tokio::test(start_paused = true)]
async fn a_long_boot_is_not_polled_too_often() {
    let script = script(&[(0.0, "starting"), (600.0, "processing"), (601.0, "succeeded")]);
    run(&script).await.unwrap();
    assert!(script.looks() < 700, "{}", script.looks());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_never_starts_is_canceled_at_the_start_up_limit() {
    let script = script(&[(0.0, "starting")]);
    let error = run(&script).await.unwrap_err();
    let timed_out = timed_out(&error);
    assert_eq!((timed_out.limit, timed_out.allowed, timed_out.stopped), (TimeLimit::StartUp, LIMITS.startup, true));
    assert_eq!(timed_out.prediction.logs, "some logs");
    assert_eq!(error.kind(), ErrorKind::Model);
    assert_eq!(error.to_string(), "failed to run a prediction on acme/x");
    assert_eq!(script.cancelled().unwrap().round(), 900.0);
}

#[tokio::test(start_paused = true)]
async fn the_run_limit_counts_from_the_start() {
    let script = script(&[(0.0, "starting"), (890.0, "processing")]);
    let error = run(&script).await.unwrap_err();
    assert_eq!(timed_out(&error).limit, TimeLimit::Run);
    assert_eq!(script.cancelled().unwrap().round(), 1190.0);
}

#[tokio::test(start_paused = true)]
async fn processing_counts_as_started_without_a_date() {
    let script = Script { tells_start: false, ..script(&[(0.0, "starting"), (10.0, "processing")]) };
    let error = run(&script).await.unwrap_err();
    assert_eq!(timed_out(&error).limit, TimeLimit::Run);
    assert!((310.0..312.0).contains(&script.cancelled().unwrap()), "{:?}", script.cancelled());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_status_is_waited_out_but_not_forever() {
    let passing = script(&[(0.0, "starting"), (1.0, "paused"), (5.0, "succeeded")]);
    assert_eq!(run(&passing).await.unwrap().status, PredictionStatus::Succeeded);
    let lasting = script(&[(0.0, "paused")]);
    assert_eq!(timed_out(&run(&lasting).await.unwrap_err()).limit, TimeLimit::StartUp);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_finishes_at_the_limit_has_finished() {
    let script = script(&[(0.0, "processing"), (300.0, "succeeded")]);
    assert_eq!(run(&script).await.unwrap().status, PredictionStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_finishes_while_being_stopped_has_finished() {
    for status in ["succeeded", "failed"] {
        let script = Script { cancel: Cancel::IsIgnored, ..script(&[(0.0, "processing"), (301.0, status)]) };
        assert_eq!(run(&script).await.unwrap().status.as_str(), status);
        assert_eq!(script.cancelled().unwrap().round(), 300.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_without_effect_is_reported() {
    for cancel in [Cancel::IsIgnored, Cancel::Hangs] {
        let script = Script { cancel, ..script(&[(0.0, "processing")]) };
        let error = run(&script).await.unwrap_err();
        assert!(!timed_out(&error).stopped);
        assert!(script.age() < 315.0, "{}", script.age());
    }
}

#[tokio::test(start_paused = true)]
async fn a_canceled_run_is_canceled_at_the_service() {
    let script = script(&[(0.0, "processing")]);
    let cancelled = CancellationToken::new();
    let (outcome, ()) = tokio::join!(drive(&script, &LIMITS, &|_: &Prediction| {}, &cancelled), async {
        sleep(Duration::from_secs(30)).await;
        cancelled.cancel();
    });
    let error = outcome.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::Cancelled { still_running: None }), "{error:?}");
    assert_eq!(script.cancelled().unwrap().round(), 30.0);
}

#[tokio::test(start_paused = true)]
async fn a_canceled_run_does_not_wait_for_a_dead_service() {
    let script = Script { cancel: Cancel::Hangs, ..script(&[(0.0, "processing")]) };
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let error = drive(&script, &LIMITS, &|_: &Prediction| {}, &cancelled).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::Cancelled { still_running: Some(_) }), "{error:?}");
    assert_eq!(script.age().round(), 3.0);
}

#[tokio::test(start_paused = true)]
async fn a_job_created_during_cancellation_is_stopped_too() {
    let script = Script { create_takes: 2.0, ..script(&[(0.0, "starting")]) };
    let cancelled = CancellationToken::new();
    let (outcome, ()) = tokio::join!(drive(&script, &LIMITS, &|_: &Prediction| {}, &cancelled), async {
        sleep(Duration::from_secs(1)).await;
        cancelled.cancel();
    });
    assert!(matches!(outcome.unwrap_err().failure(), ReplicateFailure::Cancelled { still_running: None }));
    assert_eq!(script.cancelled(), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_new_prediction_may_be_invisible_for_a_moment() {
    let brief = Script { visible_after: 3.0, ..script(&[(0.0, "processing"), (2.0, "succeeded")]) };
    assert!(run(&brief).await.is_ok());
    let lasting = Script { visible_after: 60.0, ..script(&[(0.0, "processing"), (2.0, "succeeded")]) };
    let error = run(&lasting).await.unwrap_err();
    assert!(error.is_not_found());
    assert!(lasting.cancelled().is_some(), "what cannot be watched must not run on");
}

#[tokio::test(start_paused = true)]
async fn the_observer_gets_the_creation_and_each_change() {
    let script = script(&[(0.0, "starting"), (3.0, "processing"), (9.0, "succeeded")]);
    let heard = Mutex::new(Vec::new());
    let watcher = |prediction: &Prediction| heard.lock().unwrap().push(prediction.status.to_string());
    drive(&script, &LIMITS, &watcher, &CancellationToken::new()).await.unwrap();
    assert_eq!(*heard.lock().unwrap(), ["starting", "processing", "succeeded"]);
}

#[test]
fn the_services_deadline_is_later_than_ours() {
    assert_eq!(LIMITS.lifetime(), Some(Duration::from_secs(1260)));
    assert_eq!(RunLimits { run: Duration::MAX, ..LIMITS }.lifetime(), None);
}

#[test]
fn limits_come_from_the_plan() {
    let limits = Limits::default();
    assert_eq!(RunLimits::of_prediction(&limits).run, limits.predict);
    assert_eq!(RunLimits::of_training(&limits).run, limits.train);
    assert_eq!(RunLimits::of_training(&limits).startup, limits.startup);
}
