//! The judge.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use output_compare::MediaKind;
use serde_json::json;
use tokio::time::Instant;

use super::fake::*;
use super::outputs::image;
use super::setting::*;
use crate::clients::ErrorKind;
use crate::domain::case::Expectation;
use crate::domain::plan::Comparison;
use crate::domain::report::CaseStatus;
use crate::verify::{Judge, JudgeError, JudgeQuestion, JudgeSubject, JudgeVerdict, Judgement, VerifyError};

/// Gives these answers in turn and repeats the last one.
struct Panel {
    answers: Vec<Option<bool>>,
    asked: AtomicUsize,
    questions: Mutex<Vec<JudgeQuestion>>,
    takes: Duration,
}

impl Panel {
    fn new(answers: &[Option<bool>]) -> Arc<Self> {
        Arc::new(Self { answers: answers.to_vec(), asked: AtomicUsize::new(0), questions: Mutex::default(), takes: Duration::ZERO })
    }
}

impl Judge for Panel {
    fn judge<'a>(&'a self, question: &'a JudgeQuestion) -> BoxFuture<'a, Result<Judgement, JudgeError>> {
        Box::pin(async move {
            let number = self.asked.fetch_add(1, Ordering::SeqCst);
            self.questions.lock().unwrap().push(question.clone());
            tokio::time::sleep(self.takes).await;
            match self.answers[number.min(self.answers.len() - 1)] {
                Some(passed) => Ok(Judgement { verdict: passed.into(), reason: format!("opinion {}", number + 1) }),
                None => Err(JudgeError::new("overloaded", ErrorKind::Service)),
            }
        })
    }
}

fn prompted(judge: &Arc<Panel>) -> Setting {
    let mut setting = Setting::of(vec![case(&json!({"n": 1}), Expectation::MatchPrompt("a cat".to_owned()))]);
    setting.judge = Some(judge.clone());
    setting.schema = file_schema();
    setting
}

fn with_image() -> Arc<Fake> {
    Fake::new(|_| output(json!("https://x/a.png?signature=secret"))).with_file("https://x/a.png?signature=secret", image(1))
}

#[tokio::test(start_paused = true)]
async fn one_approval_is_enough() {
    let judge = Panel::new(&[Some(true)]);
    let outcome = prompted(&judge).run(&with_image()).await;
    assert_eq!(statuses(&outcome), ["case-1 passed"]);
    assert_eq!(outcome.cases[0].remarks, ["Claude approves: opinion 1"]);
    let questions = judge.questions.lock().unwrap();
    assert_eq!(questions[0].subject, JudgeSubject::FitsDescription("a cat".to_owned()));
    let file = &questions[0].output.files[0];
    assert_eq!((file.kind, file.name.as_str(), file.facts[1].as_str()), (MediaKind::Image, "a.png", "40 x 30 pixels"));
    assert_eq!(questions[0].output.value, json!("https://x/a.png?signature=***"));
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_overruled_by_two_approvals() {
    let judge = Panel::new(&[Some(false), Some(true), Some(true)]);
    let outcome = prompted(&judge).run(&with_image()).await;
    assert_eq!((statuses(&outcome), judge.asked.load(Ordering::SeqCst)), (vec!["case-1 passed".to_owned()], 3));
}

#[tokio::test(start_paused = true)]
async fn two_rejections_fail_the_case() {
    let judge = Panel::new(&[Some(false), Some(true), Some(false), Some(false)]);
    let outcome = prompted(&judge).run(&with_image()).await;
    assert_eq!(statuses(&outcome), ["case-1 failed"]);
    // A second prediction was created and judged too.
    assert_eq!(judge.asked.load(Ordering::SeqCst), 6);
    assert!(reason(&outcome.cases[0]).contains("Claude rejects it: opinion"));
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_fails_leaves_the_case_errored() {
    let judge = Panel::new(&[None]);
    let outcome = prompted(&judge).run(&with_image()).await;
    assert_eq!(statuses(&outcome), ["case-1 errored"]);
    assert_eq!(reason(&outcome.cases[0]), "Claude gave no answer: overloaded");
}

#[tokio::test(start_paused = true)]
async fn without_a_judge_nothing_passes_silently() {
    let mut setting = prompted(&Panel::new(&[Some(true)]));
    setting.judge = None;
    assert_eq!(statuses(&setting.run(&with_image()).await), ["case-1 errored"]);
}

#[tokio::test(start_paused = true)]
async fn judging_does_not_hold_up_predictions() {
    let judge = Arc::new(Panel { takes: Duration::from_secs(3), ..Arc::into_inner(Panel::new(&[Some(true)])).unwrap() });
    let mut setting = prompted(&judge);
    setting.plan.cases = (0..12).map(|n| case(&json!({"n": n}), Expectation::MatchPrompt("a cat".to_owned()))).collect();
    setting.parallel = 4;
    let start = Instant::now();
    setting.run(&with_image()).await;
    // Three rounds of one-second predictions, and the last judgment.
    assert!(start.elapsed() < Duration::from_millis(6900), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_judge_is_asked_when_a_model_never_repeats_itself() {
    for (approves, status) in [(true, "compare-1 passed"), (false, "compare-1 failed")] {
        let judge = Panel::new(&[Some(approves)]);
        let fake = Fake::new(|asked| output(json!(format!("a story {} {}", asked.live, asked.before))));
        let mut setting = prompted(&judge);
        setting.plan.cases = Vec::new();
        setting.plan.compare = Comparison::First;
        setting.live = true;
        setting.schema = text_schema();
        let outcome = setting.run(&fake).await;
        assert_eq!(statuses(&outcome), [status]);
        let questions = judge.questions.lock().unwrap();
        assert!(matches!(&questions[0].subject, JudgeSubject::LikeLive(live) if live.value == json!("a story true 0")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_judge_is_abandoned_on_cancellation() {
    let judge = Arc::new(Panel { takes: Duration::from_secs(10_000), ..Arc::into_inner(Panel::new(&[Some(true)])).unwrap() });
    let setting = prompted(&judge);
    let cancelled = setting.cancelled.clone();
    let fake = with_image();
    let (outcome, ()) = tokio::join!(setting.run(&fake), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        cancelled.cancel();
    });
    assert_eq!(statuses(&outcome), ["case-1 cancelled"]);
}

/// Fails every question with this error.
struct Failing(ErrorKind, bool);

impl Judge for Failing {
    fn judge<'a>(&'a self, _: &'a JudgeQuestion) -> BoxFuture<'a, Result<Judgement, JudgeError>> {
        Box::pin(async move { Err(JudgeError { is_final: self.1, ..JudgeError::new("no", self.0) }) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_claude_is_not_the_models() {
    for (kind, is_final, cases) in [(ErrorKind::Request, true, 1), (ErrorKind::Billing, true, 1), (ErrorKind::Service, false, 3)] {
        let mut setting = prompted(&Panel::new(&[Some(true)]));
        setting.judge = Some(Arc::new(Failing(kind, is_final)));
        setting.plan.cases = (0..3).map(|n| case(&json!({"n": n}), Expectation::MatchPrompt("a cat".to_owned()))).collect();
        setting.parallel = 1;
        let outcome = setting.run(&with_image()).await;
        assert_eq!(outcome.stopped.as_ref().map(VerifyError::kind), Some(kind));
        let errored = outcome.cases.iter().filter(|case| case.status == CaseStatus::Errored).count();
        assert!(if is_final { errored < 3 } else { errored == cases }, "{kind:?}: {:?}", statuses(&outcome));
    }
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_cannot_tell_leaves_the_case_errored_and_a_random_model_compared_by_kind() {
    struct Blind;
    impl Judge for Blind {
        fn judge<'a>(&'a self, _: &'a JudgeQuestion) -> BoxFuture<'a, Result<Judgement, JudgeError>> {
            Box::pin(
                async move { Ok(Judgement { verdict: JudgeVerdict::CannotTell, reason: "the video is not shown".to_owned() }) },
            )
        }
    }
    let mut setting = prompted(&Panel::new(&[Some(true)]));
    setting.judge = Some(Arc::new(Blind));
    let outcome = setting.run(&with_image()).await;
    assert_eq!(statuses(&outcome), ["case-1 errored"]);
    assert_eq!(reason(&outcome.cases[0]), "Claude cannot tell: the video is not shown");
    assert!(outcome.stopped.is_none());
    let fake = Fake::new(|asked| output(json!(format!("a story {} {}", asked.live, asked.before))));
    setting.plan.cases = Vec::new();
    setting.plan.compare = Comparison::First;
    setting.live = true;
    setting.schema = text_schema();
    let outcome = setting.run(&fake).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["compare-1 passed".to_owned()], vec!["SP613"]));
}

#[tokio::test(start_paused = true)]
async fn the_judge_gets_the_whole_text() {
    let judge = Panel::new(&[Some(true)]);
    let long = format!("{}THE_END", "word ".repeat(40_000));
    let fake = Fake::new(move |_| output(json!(long)));
    let mut setting = prompted(&judge);
    setting.schema = text_schema();
    assert_eq!(statuses(&setting.run(&fake).await), ["case-1 passed"]);
    let questions = judge.questions.lock().unwrap();
    assert!(questions[0].output.value.as_str().unwrap().ends_with("THE_END"));
}
