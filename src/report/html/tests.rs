use serde_json::json;

use super::*;
use crate::report::json::run_json;
use crate::report::sample;

fn html(report: &crate::domain::report::RunReport) -> String {
    report_html(&run_json(report)).unwrap()
}

#[test]
fn every_sample_is_rendered() {
    for report in sample::all() {
        let page = html(&report);
        assert!(page.contains("</html>"));
        assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
    }
}

#[test]
fn nothing_hostile_becomes_markup() {
    let page = html(&sample::hostile());
    assert!(!page.contains("<script"), "a script");
    assert!(!page.contains("javascript:alert(1)\""), "an address");
    assert!(!page.contains('\u{1b}'));
    assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
}

#[test]
fn the_page_asks_for_nothing_but_outputs() {
    let page = html(&sample::failed_case());
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    for reach in ["<script", "<link", "@import", "url(", "<iframe", "<form"] {
        assert!(!page.contains(reach), "{reach}");
    }
}

#[test]
fn pictures_stand_side_by_side() {
    let mut report = sample::failed_case();
    let case = &mut report.models[0].cases[2];
    case.attempts[0].output = Some(json!(["https://replicate.delivery/x/out.png"]));
    case.live.as_mut().unwrap().output = Some(json!("data:image/png;base64,AAAA"));
    let page = html(&report);
    assert!(page.contains("<img src=\"https://replicate.delivery/x/out.png\""), "{page}");
    assert!(page.contains("<img src=\"data:image/png;base64,AAAA\""), "{page}");
}

#[test]
fn addresses_of_other_kinds_are_text() {
    for output in
        ["javascript:alert(1)//x.png", "data:text/html,<b>x</b>", "data:image/svg+xml,<svg/>", "ftp://x/y.png", "https://x/ y.png"]
    {
        let mut report = sample::failed_case();
        report.models[0].cases[0].attempts[0].output = Some(json!(output));
        assert!(!html(&report).contains("<img"), "{output}");
    }
}

#[test]
fn a_text_that_differs_is_shown_line_by_line() {
    let page = html(&sample::failed_case());
    assert!(
        page.contains("<span class=\"remove\">- hello</span>") && page.contains("<span class=\"add\">+ howdy</span>"),
        "{page}"
    );
}
