//! One failing run on every surface that is rendered here. `tests/it/surfaces.rs` has those that the CLI prints and writes, and
//! `tests/chromium` has the page.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use test_support::saved_run::failing_run;

use super::console::{Amount, Style, columns, summary};
use super::failures::failures_of;
use super::github::{
    AnnotationPlaces, Annotations, COMMENT_BYTES, CheckState, CheckText, CommentRow, Frame, LineAnnotation, Row, RunState,
    Workflow, WorkflowRun, check_text, comment_markdown, failed_check_text, row_of, row_of_failed_run,
};
use super::json::from_json;
use super::json::v1::{Model, Run};
use super::markdown::{REPORT_BYTES, report_markdown};
use crate::domain::verdict::Verdict;

const ENDED: &str = "2026-01-02T03:07:13Z";

fn run() -> Run {
    from_json(&failing_run().to_string()).unwrap()
}

fn terminal(width: usize, amount: Amount) -> String {
    summary(&run(), amount, Some("safe-push-report/report.html"), Style { color: false, width, wraps: true })
}

/// The longest line but for those that hold one word, which cannot be broken, and the command to copy.
fn widest(text: &str) -> usize {
    let can_break = |line: &&str| line.split_whitespace().count() > 2 && !line.contains("reproduce it with: ");
    text.lines().filter(can_break).map(columns).max().unwrap_or_default()
}

#[test]
fn a_terminal_of_80_columns() {
    let text = terminal(80, Amount::Brief);
    assert!(widest(&text) <= 80, "{text}");
    assert_snapshot!(text);
}

#[test]
fn a_terminal_of_120_columns() {
    let text = terminal(120, Amount::Brief);
    assert!(widest(&text) <= 120, "{text}");
    assert_snapshot!(text);
}

#[test]
fn a_terminal_with_verbose() {
    assert_snapshot!(terminal(120, Amount::Full));
}

fn frame() -> Frame {
    Frame {
        workflow: Workflow::of(Some("acme/models/.github/workflows/models.yaml@refs/pull/7/merge"), Some("models")),
        run: WorkflowRun { id: 42, attempt: 1 },
        head_sha: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        run_url: Some("https://github.com/acme/models/actions/runs/42".to_owned()),
        is_proposal: true,
    }
}

fn entry(name: &str, row: Row) -> CommentRow {
    CommentRow {
        name: name.to_owned(),
        url: Some("https://github.com/acme/models/runs/7".to_owned()),
        state: CheckState::Result(Box::new(row)),
    }
}

fn comment(rows: Vec<CommentRow>) -> String {
    comment_markdown(&RunState { rows, missing_jobs: 0 }, &frame(), COMMENT_BYTES)
}

/// A check run's page: its title, summary and annotations, and its text without the row at the end, which is for programs.
fn check_page(check: &CheckText, annotations: &[LineAnnotation]) -> String {
    let (shown, row) = check.text.rsplit_once("\n\n<!--").unwrap();
    assert!(row.len() > 100, "{row}");
    let annotations: String = annotations
        .iter()
        .map(|found| {
            let message = found.message.replace('\n', "\n  ");
            format!("@ {}:{} {:?}: {}\n  {message}\n", found.path, found.line, found.level, found.title)
        })
        .collect();
    format!("title: {}\n\n{}\n\n{annotations}\n{shown}\n\n=====\n\n", check.title, check.summary)
}

fn model_page(healthy: &Run, model: &Model) -> String {
    let places = AnnotationPlaces::default();
    let models = std::slice::from_ref(model);
    let (annotations, _marks) = Annotations::new(models, &places, BTreeSet::new()).take(&failures_of(model));
    check_page(&check_text(healthy, model, &row_of(model, ENDED)), &annotations)
}

#[test]
fn the_comment() {
    let run = run();
    let mut rows: Vec<CommentRow> = run.models.iter().map(|model| entry(&model.name, row_of(model, ENDED))).collect();
    rows.push(entry("broken", row_of_failed_run(&alone(&run), ENDED)));
    assert_snapshot!(comment(rows));
}

/// The job whose configuration could not be read.
fn alone(run: &Run) -> Run {
    Run { models: Vec::new(), ..run.clone() }
}

/// A run in which every model passed: two of a pull request.
fn passing() -> Run {
    let mut run = run();
    let failed = run.models.iter().position(|model| model.name == "skyline").unwrap();
    let compared = run.models[failed].before_after.clone();
    run.models.retain(|model| matches!(model.name.as_str(), "hotdog" | "voice"));
    run.models[0].before_after = compared;
    Run { error: None, findings: Vec::new(), verdict: Verdict::Passed, exit_code: 0, ..run }
}

#[test]
fn the_check_runs() {
    let run = run();
    let healthy = Run { error: None, findings: Vec::new(), ..run.clone() };
    let broken = alone(&run);
    let places = AnnotationPlaces::default();
    let (annotations, _marks) = Annotations::new(&[], &places, BTreeSet::new()).take(&broken.findings);
    let mut text = check_page(&failed_check_text(&broken, &row_of_failed_run(&broken, ENDED)), &annotations);
    let failed = run.models.iter().filter(|model| model.verdict != Verdict::Passed);
    text.extend(failed.map(|model| model_page(&healthy, model)));
    assert_snapshot!(text);
}

#[test]
fn the_comment_of_a_run_that_passed() {
    let run = passing();
    assert_snapshot!(comment(run.models.iter().map(|model| entry(&model.name, row_of(model, ENDED))).collect()));
}

#[test]
fn the_comment_of_one_model_that_passed() {
    let run = passing();
    assert_snapshot!(comment(vec![entry("hotdog", row_of(&run.models[0], ENDED))]));
}

#[test]
fn the_check_runs_of_a_run_that_passed() {
    let run = passing();
    assert_snapshot!(run.models.iter().map(|model| model_page(&run, model)).collect::<String>());
}

#[test]
fn the_job_summary() {
    assert_snapshot!(report_markdown(&run(), REPORT_BYTES));
}

#[test]
fn the_job_summary_of_a_run_that_passed() {
    assert_snapshot!(report_markdown(&passing(), REPORT_BYTES));
}
