//! Slow-downs that the outputs do not show.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cog_findings::Severity;
use rand::RngExt as _;
use serde_json::json;

use super::fake::*;
use super::setting::*;
use crate::domain::before_after::{Aspect, BeforeAfter, Trend};
use crate::domain::plan::{Comparison, Regressions, TestHardware};
use crate::support::seed::Seed;
use crate::verify::VerifyOutcome;

/// A live version and one that takes `change` times as long. Run times are off by up to 15 %.
fn versions(change: f64, seed: u64) -> Arc<Fake> {
    let random = Mutex::new(Seed(seed).generator("noise"));
    Fake::new(move |asked| {
        let input = asked.inputs["n"].as_f64().unwrap_or_default();
        let noise: f64 = random.lock().unwrap().random_range(0.85..1.15);
        let seconds = (1.0 + input) * noise * if asked.live { 1.0 } else { change };
        Script { run: Duration::from_secs_f64(seconds), ..output(json!("ok")) }
    })
}

fn compared(cases: usize) -> Setting {
    let mut setting = Setting::of(numbered(cases));
    setting.plan.compare = Comparison::All;
    setting.live = true;
    setting
}

fn entry(outcome: &VerifyOutcome, aspect: Aspect) -> Option<&BeforeAfter> {
    outcome.before_after.iter().find(|entry| entry.aspect == aspect)
}

#[tokio::test(start_paused = true)]
async fn two_hundred_runs_raise_no_false_alarm_and_two_hundred_slow_downs_of_half_are_found() {
    let (mut false_alarms, mut found, mut extra) = (0, 0, 0);
    for run in 0..200 {
        let fake = versions(1.0, run);
        let outcome = compared(5).run(&fake).await;
        false_alarms += usize::from(codes(&outcome).contains(&"SP621"));
        extra += fake.predictions().len() - 15;
        found += usize::from(codes(&compared(5).run(&versions(1.5, run)).await).contains(&"SP621"));
    }
    println!(
        "{false_alarms} false alarms, {found} of 200 slow-downs found, {:.2} extra predictions without one",
        f64::from(extra as u32) / 200.0
    );
    assert_eq!((false_alarms, found), (0, 200));
    assert!(extra < 200, "{extra}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_down_is_reported_with_both_times_and_stays_a_warning_below_the_limit() {
    for (limit, severity) in [(None, Severity::Warning), (Some(3.0), Severity::Warning), (Some(1.3), Severity::Error)] {
        let mut setting = compared(6);
        setting.plan.regressions = Regressions { predict_time: limit, ..Regressions::default() };
        let outcome = setting.run(&versions(1.6, 7)).await;
        let finding = outcome.findings.iter().find(|finding| finding.code.as_str() == "SP621").unwrap();
        assert_eq!(finding.severity, severity, "{limit:?}");
        assert!(finding.message.starts_with("slower: 6 of 6 inputs, typically 1."), "{}", finding.message);
        assert!(finding.message.ends_with(" s, confirmed by a second batch"), "{}", finding.message);
        assert_eq!(finding.hint.is_some(), limit == Some(1.3));
        let time = entry(&outcome, Aspect::PredictTime).unwrap();
        assert!(time.trend == Trend::Worse && time.ratio().unwrap() > 1.3, "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_down_that_goes_away_is_not_reported() {
    let fake = Fake::new(|asked| {
        let slow = !asked.live && asked.before == 0;
        Script { run: Duration::from_secs(if slow { 3 } else { 1 }), ..output(json!("ok")) }
    });
    let outcome = compared(5).run(&fake).await;
    assert_eq!(codes(&outcome), [""; 0]);
    let time = entry(&outcome, Aspect::PredictTime).unwrap();
    assert_eq!(time.trend, Trend::Alike);
}

#[tokio::test(start_paused = true)]
async fn with_fewer_than_five_inputs_numbers_are_shown_and_nothing_is_judged() {
    let fake = versions(3.0, 1);
    let outcome = compared(4).run(&fake).await;
    assert_eq!(codes(&outcome), [""; 0]);
    let time = entry(&outcome, Aspect::PredictTime).unwrap();
    assert_eq!(time.trend, Trend::NotJudged);
    assert!(time.before.is_some() && time.ratio().unwrap() > 2.0, "{time:?}");
    assert_eq!(fake.predictions().len(), 12, "no prediction is repeated");
}

#[tokio::test(start_paused = true)]
async fn a_benchmark_measures_every_case_again() {
    let fake = versions(1.5, 3);
    let mut setting = compared(5);
    setting.plan.compare = Comparison::First;
    setting.plan.benchmark = 3;
    let outcome = setting.run(&fake).await;
    assert_eq!(codes(&outcome), ["SP621"]);
    // One comparison, five cases, and two batches of three rounds of five pairs.
    assert_eq!(fake.predictions().len(), 2 + 5 + 2 * 3 * 5 * 2);
}

#[tokio::test(start_paused = true)]
async fn run_times_on_other_hardware_are_not_compared_but_their_price_is() {
    let hardware = |live: &str| TestHardware { tested: Some("gpu-h100".to_owned()), live: Some(live.to_owned()) };
    let mut setting = compared(5);
    setting.plan.hardware = hardware("gpu-t4");
    let outcome = setting.run(&versions(1.0, 5)).await;
    assert_eq!(codes(&outcome), ["SP624"]);
    let time = entry(&outcome, Aspect::PredictTime).unwrap();
    assert_eq!(time.note.as_deref(), Some("not judged: the live version runs on gpu-t4, this version on gpu-h100"));
    assert!(entry(&outcome, Aspect::Cost).unwrap().ratio().unwrap() > 4.0);
    setting.plan.hardware = hardware("gpu-h100");
    assert_eq!(codes(&setting.run(&versions(1.0, 5)).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_longer_boot_is_noted_and_a_warm_live_version_is_not_compared() {
    let booting = |live: u64, staged: u64| {
        Fake::new(move |asked| Script { boot: Duration::from_secs(if asked.live { live } else { staged }), ..output(json!("ok")) })
    };
    let outcome = compared(1).run(&booting(20, 90)).await;
    assert_eq!(codes(&outcome), ["SP622"]);
    let mut setting = compared(1);
    setting.plan.regressions.boot = Some(1.5);
    assert!(setting.run(&booting(60, 110)).await.findings[0].is_error());
    let outcome = compared(1).run(&booting(0, 90)).await;
    assert_eq!(codes(&outcome), [""; 0]);
    assert_eq!(entry(&outcome, Aspect::Boot).unwrap().before, None);
}

#[tokio::test(start_paused = true)]
async fn larger_outputs_are_noted() {
    let files = |size: usize| {
        let bytes: Vec<u8> = (0..size).map(|index| (index * 7919 % 251) as u8).collect();
        Fake::new(|asked| output(json!(if asked.live { "https://x/live.bin" } else { "https://x/staged.bin" })))
            .with_file("https://x/live.bin", bytes[..size / 3].to_vec())
            .with_file("https://x/staged.bin", bytes)
    };
    let mut setting = compared(1);
    setting.schema = file_schema();
    let outcome = setting.run(&files(900_000)).await;
    assert!(codes(&outcome).contains(&"SP625"), "{:?}", codes(&outcome));
    let size = entry(&outcome, Aspect::OutputSize).unwrap();
    assert_eq!((size.before, size.after), (Some(300_000.0), Some(900_000.0)));
}
