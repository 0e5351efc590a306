use std::time::Duration;

use cog_findings::{Finding, Location};
use insta::assert_snapshot;

use super::*;
use crate::domain::events::{Event, EventKind, LayerOutcome};
use crate::domain::report::{Stage, StageStatus};
use crate::report::json::run_json;
use crate::report::sample;

const PLAIN: Style = Style { color: false, width: 100, wraps: false };

fn text(run: &crate::report::json::v1::Run, style: Style) -> String {
    summary(run, Amount::Brief, Some("report.html"), style)
}

fn event(kind: EventKind) -> Event {
    Event { model: Some("hotdog".to_owned()), kind }
}

#[test]
fn a_passed_run_is_short() {
    assert_snapshot!(text(&run_json(&sample::passed()), PLAIN));
}

#[test]
fn a_failed_run_shows_each_failed_case() {
    assert_snapshot!(text(&run_json(&sample::failed_case()), PLAIN));
}

#[test]
fn a_finding_looks_like_a_compiler_error() {
    assert_snapshot!(text(&run_json(&sample::stopped_by_finding()), PLAIN));
}

#[test]
fn an_error_comes_with_its_fix() {
    assert_snapshot!(text(&run_json(&sample::service_error()), PLAIN));
}

#[test]
fn several_models_are_counted() {
    assert!(
        text(&run_json(&sample::two_models()), PLAIN)
            .contains("failed: 1 of 2 models passed, 1 of 1 case passed in 1 min 28 s; report: report.html")
    );
}

#[test]
fn text_of_models_cannot_move_the_cursor() {
    let text = text(&run_json(&sample::hostile()), PLAIN);
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn colors_only_add_escape_sequences() {
    let colored = text(&run_json(&sample::failed_case()), Style { color: true, ..PLAIN });
    let stripped = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(&colored, "").into_owned();
    assert_eq!(stripped, text(&run_json(&sample::failed_case()), PLAIN));
}

#[test]
fn stages_and_failures_are_shown_by_default() {
    let finished = EventKind::StageFinished {
        stage: Stage::Build,
        status: StageStatus::Passed,
        duration: Duration::from_secs(12),
        note: Some("121 MB".to_owned()),
    };
    assert_eq!(event_line(&event(finished), PLAIN, 0).unwrap(), "[hotdog] build passed in 12 s: 121 MB");
    assert_eq!(event_line(&event(EventKind::StageStarted(Stage::Build)), PLAIN, 0), None, "observers number stages");
    assert_eq!(event_line(&event(EventKind::StageStarted(Stage::Build)), PLAIN, 1).unwrap(), "[hotdog] build ...");
    let failed = sample::failed_case().models.remove(0).cases.remove(1);
    assert_eq!(
        event_line(&event(EventKind::CaseFinished(Box::new(failed))), PLAIN, 0).unwrap(),
        "[hotdog] case-2 failed in 1.6 s: expected exactly \"hello\", got \"howdy\""
    );
}

#[test]
fn a_repeated_push_is_shown_and_layers_on_request() {
    let repeated = EventKind::PushRepeated { reason: "502\n::error::x".to_owned(), wait: Duration::from_secs(2) };
    assert_eq!(event_line(&event(repeated), PLAIN, 0).unwrap(), "[hotdog] retrying the push in 2.0 s: 502 ::error::x");
    for (outcome, words) in [
        (LayerOutcome::Sent, "pushed"),
        (LayerOutcome::AlreadyThere, "already present"),
        (LayerOutcome::Mounted, "mounted from another model"),
    ] {
        let ended = event(EventKind::LayerPushed { outcome, done: 2, layers: 7 });
        assert_eq!(event_line(&ended, PLAIN, 0), None);
        assert_eq!(event_line(&ended, PLAIN, 1).unwrap(), format!("[hotdog]   layer 2 of 7: {words}"));
    }
}

#[test]
fn build_output_is_escaped_and_shown_only_on_request() {
    let output = event(EventKind::BuildOutput("\u{1b}[2Jgone".to_owned()));
    assert_eq!(event_line(&output, PLAIN, 0), None);
    assert_eq!(event_line(&output, PLAIN, 1).unwrap(), "[hotdog]   gone");
}

#[test]
fn details_of_several_lines_keep_their_lines() {
    let text = finding(
        &Finding::new(&sample::SAMPLE_RULE, "x").at(Location::at("a.py", 1, 2)).detail("source", "one\n  two").detail("old", "3"),
        PLAIN,
    );
    assert_eq!(text, "error[SP101]: x\n--> a.py:1:2\n = source: one\n             two\n = old: 3");
}

#[test]
fn quiet_prints_failures_only_and_verbose_every_stage() {
    let quiet = |report: &crate::domain::report::RunReport| summary(&run_json(report), Amount::of(true, 0), None, PLAIN);
    assert_eq!(quiet(&sample::passed()), "");
    assert!(!quiet(&sample::two_models()).contains("acme/hotdog passed"));
    assert!(quiet(&sample::two_models()).contains("error[SP101]"));
    assert!(summary(&run_json(&sample::two_models()), Amount::of(false, 1), None, PLAIN).contains("build    passed"));
}

#[test]
fn models_that_passed_take_a_line_each_and_come_first() {
    assert_snapshot!(text(&run_json(&sample::two_models()), PLAIN));
}

#[test]
fn a_traceback_keeps_its_indentation_and_is_shown_once() {
    let mut run = run_json(&sample::failed_case());
    let traceback =
        "Traceback (most recent call last):\n  File \"predict.py\", line 3, in predict\n    return words[0]\nIndexError: x";
    let case = &mut run.models[0].cases[1];
    case.reason = Some(format!("the prediction failed: {traceback}"));
    case.logs = format!("loading\n{traceback}");
    let shown = text(&run, PLAIN);
    assert_eq!(shown.matches("return words[0]").count(), 1, "{shown}");
    assert!(shown.contains("\n        return words[0]\n"), "{shown}");
}

#[test]
fn a_run_in_which_everything_failed_at_length_stays_readable() {
    let mut run = run_json(&sample::failed_case());
    let failed = run.models[0].cases[1].clone();
    let reason = Some("a long line of an error\n".repeat(100_000));
    run.models[0].cases = vec![crate::report::json::v1::Case { reason, ..failed }; 500];
    let shown = text(&run, PLAIN);
    assert_eq!(shown.matches("\ncase-2 failed: ").count(), 20);
    assert!(shown.contains("\n  and 480 more cases that failed or were flaky, in the report\n"), "{shown}");
    assert!(shown.lines().count() < 1000, "{}", shown.lines().count());
}

/// As captured from a terminal: what pip says when it does not trust a server.
#[test]
fn lines_of_a_terminal_break_at_words() {
    let narrow = Style { color: false, width: 80, wraps: true };
    let note = Some("3 notes; acme/text-stats has no version yet, so nothing was compared with a live version".to_owned());
    let inspected = EventKind::StageFinished { stage: Stage::Inspect, status: StageStatus::Passed, duration: Duration::ZERO, note };
    let name = "[stage-0 3/6] RUN --mount=type=cache,target=/root/.cache/pip CFLAGS=\"-O3 -funroll-loops -flto\" PIP_ROOT_USER_ACTION=ignore \
                python -m pip install --cache-dir /root/.cache/pip cog==0.23.1"
        .to_owned();
    let failed = EventKind::BuildStep { name: name.clone(), state: crate::domain::events::BuildStepState::Failed };
    let output = "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'SSLError(SSLCertVerificationError(1, \
                  '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))': /simple/cog/\nERROR: No matching distribution found";
    let found = Finding::new(&sample::SAMPLE_RULE, "the build failed")
        .at(Location::at("cog.yaml", 2, 3))
        .detail("step", name)
        .detail("output", output)
        .hint("the build does not trust the server's certificate: behind a proxy with its own root, set COG_CA_CERT to that certificate");
    let message =
        "failed to build acme/text-stats-test from the folder models/text-stats of the repository: the daemon ended the build";
    let shown = [
        event_line(&event(inspected), narrow, 0).unwrap(),
        event_line(&event(failed), narrow, 0).unwrap(),
        finding(&found, narrow),
        error(message, Some(message), narrow),
    ];
    let shown = shown.join("\n\n");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert_snapshot!(shown);
}

#[test]
fn a_flaky_case_says_why_it_failed_at_first() {
    let flaky = sample::failed_case().models.remove(0).cases.remove(2);
    assert_eq!(
        event_line(&event(EventKind::CaseFinished(Box::new(flaky.clone()))), PLAIN, 0).unwrap(),
        "[hotdog] compare-1 flaky in 1.6 s: passed when repeated; at first: output differs from the live version's: \"hullo\""
    );
    let detailed = event_line(&event(EventKind::CaseFinished(Box::new(flaky))), PLAIN, 1).unwrap();
    assert!(detailed.contains("(staged abc123, live abc123)"), "{detailed}");
}
