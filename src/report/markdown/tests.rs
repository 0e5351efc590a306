use insta::assert_snapshot;

use super::*;
use crate::report::json::run_json;
use crate::report::sample;

#[test]
fn a_failed_run_as_a_page() {
    assert_snapshot!(report_markdown(&run_json(&sample::failed_case()), REPORT_BYTES));
}

#[test]
fn a_run_stopped_by_a_finding_as_a_page() {
    assert_snapshot!(report_markdown(&run_json(&sample::stopped_by_finding()), REPORT_BYTES));
}

#[test]
fn a_run_with_images_as_a_page() {
    assert_snapshot!(report_markdown(&run_json(&sample::media()), REPORT_BYTES));
}

#[test]
fn two_models_have_a_table_first() {
    let text = report_markdown(&run_json(&sample::two_models()), REPORT_BYTES);
    assert!(text.contains("| hotdog-large | ❌&nbsp;failed |"), "{text}");
}

/// A line without code spans: the text between two equally long runs of backticks.
fn without_code_spans(line: &str) -> String {
    let mut kept = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        kept.push_str(&rest[..start]);
        let fence: String = rest[start..].chars().take_while(|c| *c == '`').collect();
        let inner = &rest[start + fence.len()..];
        let end = inner.find(&fence).unwrap_or_else(|| panic!("an open code span in {line}"));
        rest = inner[end..].trim_start_matches('`');
    }
    kept + rest
}

#[test]
fn hostile_text_stays_in_its_fence() {
    let text = report_markdown(&run_json(&sample::hostile()), REPORT_BYTES);
    let mut fence: Option<String> = None;
    for line in text.lines() {
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => {
                fence = Some(line.chars().take_while(|c| *c == '`').collect());
            }
            None => {
                let line = without_code_spans(line);
                assert!(!line.contains("<script") && !line.contains("@everyone") && !line.contains("![x]"), "{line}");
            }
        }
    }
    assert!(fence.is_none());
}

#[test]
fn the_limit_is_kept_and_reported() {
    let mut report = sample::failed_case();
    let case = report.models[0].cases[1].clone();
    report.models[0].cases.extend(std::iter::repeat_n(case, 200));
    let run = run_json(&report);
    for limit in [200_000, 100_000, 60_000, 30_000] {
        let text = report_markdown(&run, limit);
        assert!(text.len() <= limit, "{} of {limit}", text.len());
    }
    assert!(report_markdown(&run, 30_000).contains("Details of findings and cases are left out."));
}
