use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    AnnotationPlaces, Annotations, COMMENT_BYTES, CheckState, CommentRow, Frame, JobEnd, LineAnnotation, Marker, Row, RunState,
    Workflow, WorkflowRun, check_text, comment_markdown, failed_check_text, row_of, row_of_failed_run, row_of_text,
};
use crate::domain::verdict::Verdict;
use crate::report::json::v1::{FindingEntry, Model, Run, Severity};
use crate::report::json::{FailedRun, run_json};
use crate::report::sample;

const ENDED: &str = "2026-01-02T03:05:33Z";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn frame() -> Frame {
    Frame {
        workflow: Workflow::of(Some("acme/hotdog/.github/workflows/models.yaml@refs/pull/7/merge"), Some("models")),
        run: WorkflowRun { id: 42, attempt: 1 },
        head_sha: SHA.to_owned(),
        run_url: Some("https://github.com/acme/hotdog/actions/runs/42".to_owned()),
        is_proposal: true,
    }
}

fn comment(rows: &[CommentRow]) -> String {
    comment_within(rows, COMMENT_BYTES)
}

fn comment_within(rows: &[CommentRow], limit_bytes: usize) -> String {
    comment_markdown(&RunState { rows: rows.to_vec(), missing_jobs: 0 }, &frame(), limit_bytes)
}

fn row(run: &Run) -> Row {
    row_of(&run.models[0], ENDED)
}

fn done(name: &str, row: Row) -> CommentRow {
    entry(name, CheckState::Result(Box::new(row)))
}

fn entry(name: &str, state: CheckState) -> CommentRow {
    CommentRow { name: name.to_owned(), url: Some("https://github.com/acme/hotdog/runs/7".to_owned()), state }
}

fn rows() -> Vec<CommentRow> {
    vec![
        done("small", row(&run_json(&sample::passed()))),
        done("large", row(&run_json(&sample::failed_case()))),
        done("broken", row(&run_json(&sample::stopped_by_finding()))),
        entry("crashed", CheckState::WithoutResult(JobEnd::Crashed)),
    ]
}

fn annotated(model: &Model) -> Vec<LineAnnotation> {
    Annotations::new(std::slice::from_ref(model), &AnnotationPlaces::default(), BTreeSet::new()).take(&model.findings).0
}

/// The text without code spans and fences: a run of backticks is closed by the next run of the same length.
fn outside_code(text: &str) -> String {
    let (mut rest, mut kept) = (text, String::new());
    while let Some(start) = rest.find('`') {
        kept.push_str(&rest[..start]);
        let length = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let inside = &rest[start + length..];
        let runs = inside.match_indices('`').map(|(at, _)| at).filter(|at| !inside[..*at].ends_with('`'));
        let end = runs.into_iter().find(|at| inside[*at..].len() - inside[*at..].trim_start_matches('`').len() == length);
        rest = end.map_or("", |end| &inside[end + length..]);
    }
    kept + rest
}

/// Asserts that a text for GitHub mentions nobody, executes and loads nothing, and does not close our elements.
fn assert_harmless(text: &str) {
    let outside_code = outside_code(text);
    for forbidden in ["@everyone", "<script", "![x]", "](https://evil", "](javascript"] {
        assert!(!outside_code.contains(forbidden), "{forbidden} in {text}");
    }
    let opened = text.matches("<details").count();
    let closed = outside_code.matches("</details>").count();
    assert!(opened >= closed, "{text}");
}

#[test]
fn a_comment_with_everything() {
    insta::assert_snapshot!(comment(&rows()));
}

#[test]
fn a_comment_with_measurements_of_differing_files() {
    let mut run = run_json(&sample::media());
    let rows = [done("skyline", row(&run))];
    let whole = comment(&rows);
    // With less room, the measurements are dropped first.
    let short = comment_within(&rows, whole.len() - 1);
    assert!(whole.contains("at most 8") && !short.contains("at most 8") && short.contains("compare-1"), "{short}");
    insta::assert_snapshot!(whole);
    for comparison in run.models[0].cases.iter_mut().flat_map(|case| &mut case.comparisons) {
        (comparison.same, comparison.place) = (false, sample::HOSTILE.to_owned());
        comparison.measurements[0].name = sample::HOSTILE.to_owned();
        comparison.measurements[0].holds = false;
    }
    assert_harmless(&comment(&[done("skyline", row(&run))]));
}

#[test]
fn a_row_of_an_earlier_version_is_read() {
    let mut value = serde_json::to_value(row(&run_json(&sample::passed()))).unwrap();
    let later = ["differing", "more_differing", "replaces", "speed", "annotated", "flaky"];
    value.as_object_mut().unwrap().retain(|name, _| !later.contains(&name.as_str()));
    assert_eq!(serde_json::from_value::<Row>(value).unwrap(), row(&run_json(&sample::passed())));
}

#[test]
fn a_comment_while_jobs_run_knows_those_that_have_not_started() {
    let passed = || row(&run_json(&sample::passed()));
    let mut rows: Vec<CommentRow> = (0..20).map(|number| done(&format!("model-{number:02}"), passed())).collect();
    rows.push(done("large", row(&run_json(&sample::failed_case()))));
    let text = |rows: &[CommentRow], missing_jobs| {
        comment_markdown(&RunState { rows: rows.to_vec(), missing_jobs }, &frame(), COMMENT_BYTES)
    };
    let waiting = text(&rows, 3);
    assert!(waiting.contains("## safe-push: ⏳ 21 of 24 models done, 1 did not pass, 3 not started\n"), "{waiting}");
    rows.push(entry("slow", CheckState::Running));
    let running = text(&rows, 2);
    assert!(running.contains("⏳ 21 of 24 models done, 1 did not pass, 2 not started"), "{running}");
    insta::assert_snapshot!(running);
}

#[test]
fn a_canceled_workflow_says_so_although_jobs_have_not_started() {
    let rows = vec![
        done("small", row(&run_json(&sample::passed()))),
        done("large", row(&run_json(&sample::cancelled()))),
        entry("slow", CheckState::WithoutResult(JobEnd::Cancelled)),
    ];
    let text = comment_markdown(&RunState { rows, missing_jobs: 2 }, &frame(), COMMENT_BYTES);
    assert!(text.contains("## safe-push: 🚫 canceled, 1 of 5 models passed\n"), "{text}");
    insta::assert_snapshot!(text);
}

fn misspelled() -> Run {
    let finding = sample::stopped_by_finding().models[0].findings[0].clone();
    FailedRun {
        tool_version: "0.1.0",
        at: chrono::DateTime::UNIX_EPOCH,
        verdict: Verdict::Misconfigured,
        message: "the configuration has 1 mistake".to_owned(),
        hint: Some("correct `test_case`".to_owned()),
        findings: &[finding],
    }
    .json()
}

#[test]
fn a_run_that_ended_before_its_models_were_known_is_a_row_of_its_own() {
    let run = misspelled();
    let row = row_of_failed_run(&run, ENDED);
    let text = failed_check_text(&run, &row);
    assert_eq!(row_of_text(&text.text), Some(row.clone()));
    insta::assert_snapshot!(format!("{}\n---\n{}\n---\n{}", text.title, text.summary, comment(&[done("", row)])));
}

#[test]
fn models_with_the_same_failure_share_its_message() {
    let broken = |name: &str| done(name, row(&run_json(&sample::stopped_by_finding())));
    let text = comment(&[broken("dev"), broken("schnell"), done("ok", row(&run_json(&sample::passed())))]);
    assert_eq!(text.matches("SP101").count(), 1, "{text}");
    assert!(text.contains("  - models: dev, schnell\n"), "{text}");
}

#[test]
fn many_passed_models_are_one_line_and_empty_columns_are_left_out() {
    let mut rows: Vec<CommentRow> =
        (0..11).map(|number| done(&format!("flux-{number:02}"), row(&run_json(&sample::passed())))).collect();
    let text = comment(&rows);
    assert!(text.contains("<details><summary>✅ 11 passed: flux-00, flux-01"), "{text}");
    assert!(!text.contains("fuzz inputs") && !text.contains("like live"), "{text}");
    rows.push(done("large", row(&run_json(&sample::failed_case()))));
    let text = comment(&rows);
    let place = |part: &str| text.find(part).unwrap();
    assert!(place("[large](") < place("<details>"), "those that failed come first: {text}");
}

#[test]
fn a_passed_proposal_says_what_it_replaces() {
    let mut run = run_json(&sample::passed());
    run.models[0].versions.live = None;
    let text = comment(&[done("small", row(&run))]);
    assert!(
        text.contains("Once merged and published, it replaces [`cccccccc`](https://replicate.com/acme/hotdog/versions/ccc"),
        "{text}"
    );
    assert!(text.contains("| try&nbsp;[`aaaaaaaa`](https://replicate.com/acme/hotdog-test/versions/aaa"), "{text}");
}

#[test]
fn a_finding_of_several_models_is_annotated_once_with_their_names() {
    let mut run = run_json(&sample::stopped_by_finding());
    let mut other = run.models[0].clone();
    other.name = "other".to_owned();
    run.models.push(other);
    let places = AnnotationPlaces::default();
    let mut annotations = Annotations::new(&run.models, &places, BTreeSet::new());
    let (first, marks) = annotations.take(&run.models[0].findings);
    assert!(first[0].message.ends_with(&format!("\nmodels: {}, other", run.models[0].name)), "{}", first[0].message);
    assert!(annotations.take(&run.models[1].findings).0.is_empty());
    // Another job reads what this one has annotated.
    let annotated: BTreeSet<String> = marks.into_iter().collect();
    assert!(Annotations::new(&run.models, &places, annotated).take(&run.models[0].findings).0.is_empty());
}

#[test]
fn a_note_is_annotated_only_on_lines_of_the_diff() {
    let mut run = run_json(&sample::stopped_by_finding());
    run.models[0].findings[0].severity = Severity::Note;
    assert!(annotated(&run.models[0]).is_empty());
    let mut places = AnnotationPlaces::default();
    places.add_patch("predict.py", "@@ -22 +22 @@\n-old\n+new");
    let taken = Annotations::new(&run.models, &places, BTreeSet::new()).take(&run.models[0].findings).0;
    assert_eq!(taken.len(), 1);
}

#[test]
fn a_hostile_model_cannot_change_the_comment() {
    let run = run_json(&sample::hostile());
    let comment = comment(&[done(sample::HOSTILE, row(&run))]);
    assert_harmless(&comment);
    insta::assert_snapshot!(comment);
    let check = check_text(&run, &run.models[0], &row(&run));
    assert_harmless(&check.summary);
    insta::assert_snapshot!(format!("{}\n---\n{}", check.title, check.summary));
}

#[test]
fn a_row_survives_a_round_trip_through_its_check_run() {
    for report in sample::all() {
        let run = run_json(&report);
        for model in &run.models {
            let row = row_of(model, ENDED);
            let check = check_text(&run, model, &row);
            assert_eq!(row_of_text(&check.text), Some(row));
        }
    }
    assert_eq!(row_of_text("<!-- safe-push:row:v1 ??? -->"), None);
}

#[test]
fn text_of_the_model_cannot_pose_as_its_row() {
    let mut run = run_json(&sample::failed_case());
    let passed = run_json(&sample::passed());
    let forged = check_text(&passed, &passed.models[0], &row(&passed)).text;
    run.models[0].cases[1].logs = forged;
    let check = check_text(&run, &run.models[0], &row(&run));
    assert_eq!(row_of_text(&check.text).map(|row| row.verdict), Some(run.models[0].verdict));
}

#[test]
fn annotations_are_on_valid_lines() {
    let mut run = run_json(&sample::stopped_by_finding());
    let found = annotated(&run.models[0]);
    assert_eq!((found[0].path.as_str(), found[0].line, found[0].columns), ("predict.py", 22, Some((9, 16))));
    run.models[0].findings[0].file = Some("../outside".to_owned());
    assert!(annotated(&run.models[0]).is_empty());
}

#[test]
fn a_comment_always_stays_within_its_limit() {
    let hostile = row(&run_json(&sample::hostile()));
    let rows: Vec<CommentRow> = (0..1000).map(|number| done(&format!("model-{number:04}"), hostile.clone())).collect();
    let mut seen = Vec::new();
    for used in [1, 10, 24, 60, 256, 1000] {
        let text = comment(&rows[..used]);
        assert!(text.len() <= COMMENT_BYTES, "{used}: {}", text.len());
        assert_harmless(&text);
        seen.push(text.contains("Some details are left out"));
    }
    assert!(!seen[0] && seen[5]);
}

#[test]
fn a_check_run_stays_within_its_limits() {
    let mut run = run_json(&sample::hostile());
    let case = run.models[0].cases[1].clone();
    run.models[0].cases = vec![case; 500];
    run.models[0].cases[0].logs = "```\n".repeat(100_000);
    let check = check_text(&run, &run.models[0], &row(&run));
    assert!(check.text.len() <= 65_535 && check.summary.len() <= 65_535);
    assert!(row_of_text(&check.text).is_some());
}

/// A generated configuration can have thousands of mistakes.
#[test]
fn thousands_of_findings_are_a_few_requests_and_leave_room_for_the_text() {
    let mut run = run_json(&sample::stopped_by_finding());
    let finding = run.models[0].findings[0].clone();
    run.models[0].findings = (1..=5000).map(|line| FindingEntry { line: Some(line), ..finding.clone() }).collect();
    let (places, model) = (AnnotationPlaces::default(), &run.models[0]);
    let (annotations, marks) = Annotations::new(&run.models, &places, BTreeSet::new()).take(&model.findings);
    assert_eq!((annotations.len(), marks.len()), (200, 200));
    let check = check_text(&run, model, &Row { annotated: marks, ..row(&run) });
    assert!(check.text.len() <= 65_535 && row_of_text(&check.text).is_some());
}

#[test]
fn a_comment_names_its_run_and_how_far_it_is() {
    assert_eq!(Marker::read(&comment(&rows())), Some(frame().marker(4)));
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(order in Just(rows()).prop_shuffle()) {
        prop_assert_eq!(comment(&order), comment(&rows()));
    }
}
