use std::time::Duration;

use cog_findings::{Finding, Location};
use insta::assert_snapshot;

use super::*;
use crate::domain::events::{Event, EventKind, LayerOutcome};
use crate::domain::report::{Stage, StageStatus};
use crate::report::json::run_json;
use crate::report::sample;

const PLAIN: Style = Style { color: false, width: 100 };

fn event(kind: EventKind) -> Event {
    Event { model: Some("hotdog".to_owned()), kind }
}

#[test]
fn a_passed_run_is_short() {
    assert_snapshot!(summary(&run_json(&sample::passed()), PLAIN));
}

#[test]
fn a_failed_run_shows_each_failed_case() {
    assert_snapshot!(summary(&run_json(&sample::failed_case()), PLAIN));
}

#[test]
fn a_finding_looks_like_a_compiler_error() {
    assert_snapshot!(summary(&run_json(&sample::stopped_by_finding()), PLAIN));
}

#[test]
fn an_error_comes_with_its_fix() {
    assert_snapshot!(summary(&run_json(&sample::service_error()), PLAIN));
}

#[test]
fn several_models_are_counted() {
    assert!(summary(&run_json(&sample::two_models()), PLAIN).ends_with("failed: 1 of 2 models passed"));
}

#[test]
fn text_of_models_cannot_move_the_cursor() {
    let text = summary(&run_json(&sample::hostile()), PLAIN);
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn colors_only_add_escape_sequences() {
    let colored = summary(&run_json(&sample::failed_case()), Style { color: true, ..PLAIN });
    let stripped = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(&colored, "").into_owned();
    assert_eq!(stripped, summary(&run_json(&sample::failed_case()), PLAIN));
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
    assert_eq!(event_line(&event(EventKind::StageStarted(Stage::Build)), PLAIN, 0), None);
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
