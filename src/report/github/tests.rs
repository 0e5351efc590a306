use proptest::prelude::*;

use super::row::{Row, row_of};
use super::run_of_comment;
use super::{COMMENT_BYTES, CommentRow, annotations, check_text, comment_markdown, external_id, read_external_id, row_of_text};
use crate::report::json::run_json;
use crate::report::json::v1::Run;
use crate::report::sample;

const ENDED: &str = "2026-01-02T03:05:33Z";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn row(run: &Run) -> Row {
    row_of(&run.models[0], ENDED)
}

fn entry(name: &str, row: Option<Row>, is_finished: bool) -> CommentRow {
    CommentRow { name: name.to_owned(), url: Some("https://github.com/acme/hotdog/runs/7".to_owned()), row, is_finished }
}

fn rows() -> Vec<CommentRow> {
    vec![
        entry("small", Some(row(&run_json(&sample::passed()))), true),
        entry("large", Some(row(&run_json(&sample::failed_case()))), true),
        entry("broken", Some(row(&run_json(&sample::stopped_by_finding()))), true),
        entry("crashed", None, true),
    ]
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
    insta::assert_snapshot!(comment_markdown(&rows(), SHA, 42, COMMENT_BYTES));
}

#[test]
fn a_comment_with_measurements_of_differing_files() {
    let mut run = run_json(&sample::media());
    let rows = [entry("skyline", Some(row(&run)), true)];
    let whole = comment_markdown(&rows, SHA, 42, COMMENT_BYTES);
    // With less room, the measurements are dropped first.
    let short = comment_markdown(&rows, SHA, 42, whole.len() - 1);
    assert!(whole.contains("at most 8") && !short.contains("at most 8") && short.contains("compare-1"), "{short}");
    insta::assert_snapshot!(whole);
    for comparison in run.models[0].cases.iter_mut().flat_map(|case| &mut case.comparisons) {
        (comparison.same, comparison.place) = (false, sample::HOSTILE.to_owned());
        comparison.measurements[0].name = sample::HOSTILE.to_owned();
        comparison.measurements[0].holds = false;
    }
    assert_harmless(&comment_markdown(&[entry("skyline", Some(row(&run)), true)], SHA, 42, COMMENT_BYTES));
}

#[test]
fn a_row_of_an_earlier_version_is_read() {
    let mut value = serde_json::to_value(row(&run_json(&sample::passed()))).unwrap();
    value.as_object_mut().unwrap().retain(|name, _| !name.ends_with("differing"));
    assert_eq!(serde_json::from_value::<Row>(value).unwrap(), row(&run_json(&sample::passed())));
}

#[test]
fn a_comment_while_jobs_run() {
    let rows = [entry("small", None, false), entry("large", Some(row(&run_json(&sample::passed()))), true)];
    insta::assert_snapshot!(comment_markdown(&rows, SHA, 42, COMMENT_BYTES));
}

#[test]
fn a_hostile_model_cannot_change_the_comment() {
    let run = run_json(&sample::hostile());
    let rows = [entry(sample::HOSTILE, Some(row(&run)), true)];
    let comment = comment_markdown(&rows, SHA, 42, COMMENT_BYTES);
    assert_harmless(&comment);
    insta::assert_snapshot!(comment);
    let check = check_text(&run, &run.models[0], ENDED);
    assert_harmless(&check.summary);
    insta::assert_snapshot!(format!("{}\n---\n{}", check.title, check.summary));
}

#[test]
fn a_row_survives_a_round_trip_through_its_check_run() {
    for report in sample::all() {
        let run = run_json(&report);
        for model in &run.models {
            let check = check_text(&run, model, ENDED);
            assert_eq!(row_of_text(&check.text), Some(row_of(model, ENDED)));
        }
    }
    assert_eq!(row_of_text("<!-- safe-push:row:v1 ??? -->"), None);
}

#[test]
fn text_of_the_model_cannot_pose_as_its_row() {
    let mut run = run_json(&sample::failed_case());
    let forged = check_text(&run_json(&sample::passed()), &run_json(&sample::passed()).models[0], ENDED).text;
    run.models[0].cases[1].logs = forged;
    let check = check_text(&run, &run.models[0], ENDED);
    assert_eq!(row_of_text(&check.text).map(|row| row.verdict), Some(run.models[0].verdict));
}

#[test]
fn only_our_external_ids_are_read_back() {
    assert_eq!(read_external_id(&external_id("a:b", 12, 3)), Some((12, 3, "a:b")));
    assert_eq!(read_external_id("something else"), None);
}

#[test]
fn annotations_are_on_valid_lines() {
    let mut run = run_json(&sample::stopped_by_finding());
    let found = annotations(&run.models[0]);
    assert_eq!((found[0].path.as_str(), found[0].line, found[0].columns), ("predict.py", 22, Some((9, 16))));
    run.models[0].findings[0].file = Some("../outside".to_owned());
    assert!(annotations(&run.models[0]).is_empty());
}

#[test]
fn a_comment_always_stays_within_its_limit() {
    let hostile = row(&run_json(&sample::hostile()));
    let rows: Vec<CommentRow> = (0..1000).map(|number| entry(&format!("model-{number:04}"), Some(hostile.clone()), true)).collect();
    let mut seen = Vec::new();
    for used in [1, 10, 24, 60, 256, 1000] {
        let text = comment_markdown(&rows[..used], SHA, 42, COMMENT_BYTES);
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
    let check = check_text(&run, &run.models[0], ENDED);
    assert!(check.text.len() <= 65_535 && check.summary.len() <= 65_535);
    assert!(row_of_text(&check.text).is_some());
}

#[test]
fn a_comment_names_its_run() {
    assert_eq!(run_of_comment(&comment_markdown(&rows(), SHA, 42, COMMENT_BYTES)), Some(42));
    assert_eq!(run_of_comment("I think <!-- safe-push:summary v1 run=7 --> is nice"), None);
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(order in Just(rows()).prop_shuffle()) {
        prop_assert_eq!(comment_markdown(&order, SHA, 1, COMMENT_BYTES), comment_markdown(&rows(), SHA, 1, COMMENT_BYTES));
    }
}
