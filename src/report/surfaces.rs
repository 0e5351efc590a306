//! The same failing run on every surface that is rendered here. `tests/it/surfaces.rs` has those that the CLI prints and writes, and
//! `tests/chromium` has the page.

use insta::assert_snapshot;
use test_support::saved_run::failing_run;

use super::console::{Amount, Style, summary};
use super::github::{
    COMMENT_BYTES, CheckState, CommentRow, Frame, RunState, Workflow, WorkflowRun, check_text, comment_markdown, failed_check_text,
    row_of, row_of_failed_run,
};
use super::json::from_json;
use super::json::v1::Run;
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
    text.lines().filter(can_break).map(|line| line.chars().count()).max().unwrap_or_default()
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

#[test]
fn the_comment() {
    let run = run();
    let entry = |name: &str, row| CommentRow {
        name: name.to_owned(),
        url: Some("https://github.com/acme/models/runs/7".to_owned()),
        state: CheckState::Result(Box::new(row)),
    };
    let mut rows: Vec<CommentRow> = run.models.iter().map(|model| entry(&model.name, row_of(model, ENDED))).collect();
    rows.push(entry("broken", row_of_failed_run(&alone(&run), ENDED)));
    assert_snapshot!(comment_markdown(&RunState { rows, missing_jobs: 0 }, &frame(), COMMENT_BYTES));
}

/// The job whose configuration could not be read.
fn alone(run: &Run) -> Run {
    Run { models: Vec::new(), ..run.clone() }
}

#[test]
fn the_check_runs() {
    let run = run();
    let healthy = Run { error: None, findings: Vec::new(), ..run.clone() };
    let mut text = String::new();
    let broken = alone(&run);
    let mut checks = vec![failed_check_text(&broken, &row_of_failed_run(&broken, ENDED))];
    let failed = run.models.iter().filter(|model| model.verdict != Verdict::Passed);
    checks.extend(failed.map(|model| check_text(&healthy, model, &row_of(model, ENDED))));
    for check in checks {
        // The row at the end is for programs.
        let (shown, row) = check.text.rsplit_once("\n\n<!--").unwrap();
        assert!(row.len() > 100, "{row}");
        text.push_str(&format!("title: {}\n\n{}\n\n{shown}\n\n=====\n\n", check.title, check.summary));
    }
    assert_snapshot!(text);
}
