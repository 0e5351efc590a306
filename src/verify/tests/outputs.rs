//! Output files: fetched, compared, checked, saved.

use std::io::Cursor;
use std::sync::atomic::Ordering;

use image::{ImageFormat, Rgb, RgbImage};
use output_compare::{Limit, MediaKind};
use serde_json::json;

use super::fake::*;
use super::setting::*;
use crate::domain::case::Expectation;
use crate::domain::output::ComparedWith;
use crate::domain::output_check::{ExpectedFile, ImageCheck, NumberRange, OutputCheck};
use crate::domain::plan::{Comparison, HealthMode, Limits};

const OUT: &str = "https://files.example/out.png";
const WANTED: &str = "https://files.example/wanted.png?signature=secret";

pub(super) fn image(shade: u8) -> Vec<u8> {
    let pixels = RgbImage::from_fn(40, 30, |x, y| Rgb([shade, (x * 6) as u8, (y * 8) as u8]));
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn files_setting(expectation: Expectation) -> Setting {
    let mut setting = Setting::of(vec![case(&json!({"n": 1}), expectation)]);
    setting.schema = file_schema();
    setting
}

#[tokio::test(start_paused = true)]
async fn an_image_like_the_expected_one_matches() {
    let fake = Fake::new(|_| output(json!(OUT))).with_file(OUT, image(100)).with_file(WANTED, image(102));
    let outcome = files_setting(Expectation::MatchUrl(WANTED.to_owned())).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed"]);
    assert_eq!(outcome.cases[0].remarks, Vec::<String>::new());
    let [compared] = &outcome.cases[0].comparisons[..] else { panic!("{:?}", outcome.cases[0]) };
    assert_eq!((compared.with, compared.same, compared.kind), (ComparedWith::Wanted, true, MediaKind::Image));
    let distance = compared.measurements.iter().find(|metric| metric.name == "mean_color_distance").unwrap();
    assert_eq!((distance.value, distance.limit), (2.0, Some(Limit::AtMost(8.0))));
}

#[tokio::test(start_paused = true)]
async fn an_image_unlike_the_expected_one_fails_with_measurements() {
    let fake = Fake::new(|_| output(json!(OUT))).with_file(OUT, image(100)).with_file(WANTED, image(200));
    let outcome = files_setting(Expectation::MatchUrl(WANTED.to_owned())).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 failed"]);
    assert_eq!(
        reason(&outcome.cases[0]),
        "the output does not match the expected file: the mean color distance is 100.0, above 8.0 (compare.mean_color_distance: \
         measured 100, limit 8; compare.worst_tile_distance: measured 100, limit 64)"
    );
    let [compared] = &outcome.cases[0].comparisons[..] else { panic!("{:?}", outcome.cases[0]) };
    assert_eq!(compared.reason.as_deref(), Some("the mean color distance is 100.0, above 8.0"));
    assert!(compared.measurements.iter().any(|metric| !metric.holds()), "{compared:?}");
    let shown = format!("{:?}", outcome.cases[0].remarks);
    assert!(!shown.contains("secret"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_text_unlike_the_expected_one_is_shown_line_by_line() {
    let [out, wanted] = ["https://files.example/out.txt", "https://files.example/wanted.txt"];
    let fake =
        Fake::new(move |_| output(json!(out))).with_file(out, b"one\ntwo\n".to_vec()).with_file(wanted, b"one\n2\n".to_vec());
    let outcome = files_setting(Expectation::MatchUrl(wanted.to_owned())).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 failed"]);
    let [compared] = &outcome.cases[0].comparisons[..] else { panic!("{:?}", outcome.cases[0]) };
    assert_eq!(compared.difference.as_deref(), Some("@@ -1,2 +1,2 @@\n one\n-2\n+two\n"));
    let command = outcome.cases[0].reproduction.as_deref().unwrap();
    assert!(command.starts_with("curl -sS -X POST") && command.contains(r#""input":{"n":1}"#), "{command}");
}

#[tokio::test(start_paused = true)]
async fn missing_files_fail_and_never_match_each_other() {
    let fake = Fake::new(|_| output(json!(OUT)));
    let outcome = files_setting(Expectation::MatchUrl(WANTED.to_owned())).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 failed"]);
    assert_eq!(
        reason(&outcome.cases[0]),
        "the file https://files.example/out.png could not be fetched: the file's host responded with status 404"
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_host_that_is_down_is_not_the_models_failure() {
    let fake = Fake::new(|_| output(json!("https://files.example/outage.png"))).with_file(WANTED, image(1));
    let outcome = files_setting(Expectation::MatchUrl(WANTED.to_owned())).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 errored"]);
    assert!(outcome.stopped.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_returns_a_url_as_text_can_be_matched_too() {
    let fake = Fake::new(|_| output(json!([OUT]))).with_file(OUT, image(1)).with_file(WANTED, image(1));
    let mut setting = files_setting(Expectation::MatchUrl(WANTED.to_owned()));
    setting.schema["components"]["schemas"]["Output"] = json!({"type": "array", "items": {"type": "string"}});
    assert_eq!(statuses(&setting.run(&fake).await), ["case-1 passed"]);
}

/// A model whose schema does not say that its text is the URL of a file.
fn text_setting(expectation: Expectation) -> Setting {
    Setting::of(vec![case(&json!({"n": 1}), expectation)])
}

#[tokio::test(start_paused = true)]
async fn files_that_only_look_like_urls_are_checked_judged_and_examined() {
    let image_of = |width: f64| {
        let width = Some(NumberRange { least: width, most: width });
        let check = OutputCheck::Image(ImageCheck { width, ..ImageCheck::default() });
        Expectation::Checks { checks: vec![check], text: String::new() }
    };
    let fake = || Fake::new(|_| output(json!(OUT))).with_file(OUT, image(100));
    assert_eq!(statuses(&text_setting(image_of(40.0)).run(&fake()).await), ["case-1 passed"]);
    assert_eq!(statuses(&text_setting(image_of(41.0)).run(&fake()).await), ["case-1 failed"]);

    let mut blank = Cursor::new(Vec::new());
    RgbImage::new(40, 30).write_to(&mut blank, ImageFormat::Png).unwrap();
    let fake = Fake::new(|_| output(json!(OUT))).with_file(OUT, blank.into_inner());
    let outcome = text_setting(Expectation::Succeeds).run(&fake).await;
    assert!(outcome.findings.iter().any(|finding| finding.code.as_str() == "SP612"), "{:?}", outcome.findings);

    let outcome = text_setting(Expectation::Succeeds).run(&Fake::new(|_| output(json!("https://x/nothing")))).await;
    assert_eq!((statuses(&outcome), outcome.findings.len()), (vec!["case-1 passed".to_owned()], 0), "{:?}", outcome.findings);
}

#[tokio::test(start_paused = true)]
async fn a_url_in_a_text_beside_the_declared_file_is_not_a_second_file() {
    let page = "https://files.example/page.html";
    let made = json!({"image": OUT, "page": page});
    let fake = Fake::new(move |_| output(made.clone())).with_file(OUT, image(100)).with_file(page, *b"<html>");
    let wanted = ExpectedFile { path: "want.png".to_owned(), content: Some(image(100).into()) };
    let mut setting = text_setting(Expectation::MatchFile(wanted));
    setting.schema["components"]["schemas"]["Output"] = json!({"type": "object", "properties": {
        "image": {"type": "string", "format": "uri"}, "page": {"type": "string"},
    }});
    assert_eq!(statuses(&setting.run(&fake).await), ["case-1 passed"]);
}

#[tokio::test(start_paused = true)]
async fn a_blank_image_is_a_warning_or_a_failure_depending_on_the_plan() {
    let blank = || {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(8, 8, Rgb([0, 0, 0])).write_to(&mut bytes, ImageFormat::Png).unwrap();
        Fake::new(|_| output(json!(OUT))).with_file(OUT, bytes.into_inner())
    };
    let mut setting = files_setting(Expectation::Succeeds);
    let outcome = setting.run(&blank()).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["case-1 passed".to_owned()], vec!["SP612"]));
    assert_eq!(outcome.findings[0].message, "case-1: output (https://files.example/out.png): the image has a single color");
    setting.plan.health = HealthMode::Fail;
    let outcome = setting.run(&blank()).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["case-1 failed".to_owned()], vec![]));
    setting.plan.health = HealthMode::Off;
    let fake = blank();
    let outcome = setting.run(&fake).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["case-1 passed".to_owned()], vec![]));
    assert_eq!(fake.downloads.load(Ordering::SeqCst), 0, "no check needs the file");
}

#[tokio::test(start_paused = true)]
async fn an_output_that_does_not_fit_the_schema_is_reported() {
    let fake = Fake::new(|_| output(json!(["a", 1])));
    let outcome = Setting::of(numbered(1)).run(&fake).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["case-1 passed".to_owned()], vec!["SP611"]));
}

#[tokio::test(start_paused = true)]
async fn an_empty_output_that_the_case_expects_is_not_a_defect() {
    let fake = Fake::new(|_| output(json!("")));
    let outcome = Setting::of(vec![case(&json!({"n": 1}), Expectation::ExactString(String::new()))]).run(&fake).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["case-1 passed".to_owned()], vec![]));
}

#[tokio::test(start_paused = true)]
async fn no_output_is_a_failure_but_empty_ones_are_outputs() {
    for (value, status) in [
        (json!(null), "case-1 failed"),
        (json!(0), "case-1 passed"),
        (json!(false), "case-1 passed"),
        (json!(""), "case-1 passed"),
        (json!([]), "case-1 passed"),
    ] {
        let fake = Fake::new(move |_| output(value.clone()));
        assert_eq!(statuses(&Setting::of(numbered(1)).run(&fake).await), [status]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_pieces_of_a_stream_are_judged_as_one_text() {
    let fake = Fake::new(|_| output(json!(["Hel", "lo"])));
    let mut setting = Setting::of(vec![case(&json!({"n": 1}), Expectation::ExactString("Hello".to_owned()))]);
    setting.schema["components"]["schemas"]["Output"] = json!({
        "type": "array", "items": {"type": "string"}, "x-cog-array-type": "iterator", "x-cog-array-display": "concatenate",
    });
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed"]);
    assert_eq!(outcome.cases[0].attempts[0].output, Some(json!("Hello")));
}

#[tokio::test(start_paused = true)]
async fn outputs_are_kept_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::new(|_| output(json!(OUT))).with_file(OUT, image(9));
    let mut setting = files_setting(Expectation::Succeeds);
    setting.keep = Some(folder.path().join("outputs"));
    let outcome = setting.run(&fake).await;
    assert_eq!(outcome.cases[0].remarks, ["file 1 was saved as case-1-1.png"]);
    assert_eq!(std::fs::read(folder.path().join("outputs/case-1-1.png")).unwrap(), image(9));
}

#[tokio::test(start_paused = true)]
async fn queries_run_on_outputs() {
    let fake = Fake::new(|asked| if asked.inputs["n"] == 1 { output(json!({"n": 0})) } else { output(json!("plain")) });
    let query = |n: u64, program: &str| case(&json!({"n": n}), Expectation::JqQuery(program.to_owned()));
    let cases = vec![query(1, ".n"), query(1, ".n > 0"), query(2, "length == 5"), query(1, "def f: f; f")];
    let outcome = Setting::of(cases).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed", "case-2 failed", "case-3 passed", "case-4 failed"]);
    assert_eq!(reason(&outcome.cases[1]), "jq query '.n > 0' returned false");
    assert!(outcome.cases[1].remarks.contains(&r#"applied to {"n":0}"#.to_owned()));
    // Stopped by its number of steps, or on a busy machine by its time.
    assert!(reason(&outcome.cases[3]).starts_with("jq query 'def f: f; f' failed: "), "{}", reason(&outcome.cases[3]));
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_that_no_check_needs_is_a_warning() {
    for url in ["https://files.example/outage.png", "https://files.example/gone.png"] {
        let fake = Fake::new(move |_| output(json!(url)));
        let outcome = files_setting(Expectation::Succeeds).run(&fake).await;
        assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["case-1 passed".to_owned()], vec!["SP612"]), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_report_gets_the_files_of_the_attempt_that_decided() {
    const AGAIN: &str = "https://files.example/again.png?signature=secret";
    let blank = {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(8, 8, Rgb([0, 0, 0])).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let fake = Fake::new(|asked| output(json!(if asked.before == 0 { OUT } else { AGAIN })))
        .with_file(OUT, blank)
        .with_file(AGAIN, image(9));
    let mut setting = files_setting(Expectation::Succeeds);
    setting.plan.health = HealthMode::Fail;
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 flaky"]);
    let [file] = outcome.cases[0].files.as_slice() else { panic!("{:?}", outcome.cases[0].files) };
    assert_eq!((file.place.as_str(), file.url.as_str()), ("output", "https://files.example/again.png?signature=***"));
    assert_eq!((file.kind, file.size_bytes), (MediaKind::Image, image(9).len() as u64));
    assert_eq!(file.facts, ["40 x 30 pixels"]);
    assert_eq!(file.preview.as_ref().map(|copy| copy.media_type), Some("image/png"));
}

#[tokio::test(start_paused = true)]
async fn files_are_shown_whatever_the_checker_needs() {
    let query = || Expectation::JqQuery("true".to_owned());
    let fake = Fake::new(|_| output(json!(OUT))).with_file(OUT, image(9));
    assert_eq!(files_setting(query()).run(&fake).await.cases[0].files.len(), 1);
    // A missing file does not fail a case whose checker does not need it.
    let outcome = files_setting(query()).run(&Fake::new(|_| output(json!(OUT)))).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["case-1 passed".to_owned()], vec![]));
    assert!(outcome.cases[0].files[0].facts[0].contains("could not be fetched"), "{:?}", outcome.cases[0].files);
}

#[tokio::test(start_paused = true)]
async fn both_sides_of_a_comparison_are_shown() {
    const LIVE: &str = "https://files.example/live.png";
    let fake =
        Fake::new(|asked| output(json!(if asked.live { LIVE } else { OUT }))).with_file(OUT, image(9)).with_file(LIVE, image(200));
    let mut setting = files_setting(Expectation::Succeeds);
    setting.plan.cases = Vec::new();
    (setting.plan.compare, setting.live) = (Comparison::First, true);
    let outcome = setting.run(&fake).await;
    let case = &outcome.cases[0];
    assert_eq!(statuses(&outcome), ["compare-1 failed"]);
    assert_eq!((case.files[0].url.as_str(), case.live_files[0].url.as_str()), (OUT, LIVE));
    assert!(case.files[0].preview.is_some() && case.live_files[0].preview.is_some());
    assert_ne!(case.files[0].preview, case.live_files[0].preview);
    assert_eq!(case.comparisons[0].place, case.files[0].place, "measurements belong to their files");
}

fn list_schema() -> serde_json::Value {
    json!({"components": {"schemas": {
        "Input": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "Output": {"type": "array", "items": {"type": "string", "format": "uri"}},
    }}})
}

/// The URL of a file of one prediction: they differ in every run, as Replicate's do.
fn url(live: bool, before: usize, number: usize) -> String {
    format!("https://files.example/{live}-{before}/{number}.txt")
}

/// A deterministic model with this many files, of which one changed.
fn many_files(count: usize, changed: Option<usize>) -> std::sync::Arc<Fake> {
    let mut fake =
        Fake::new(move |asked| output(json!((0..count).map(|number| url(asked.live, asked.before, number)).collect::<Vec<_>>())));
    for live in [true, false] {
        for (before, number) in (0..2).flat_map(|before| (0..count).map(move |number| (before, number))) {
            let is_changed = !live && changed == Some(number);
            let content = format!("file {number}{}", if is_changed { " changed" } else { "" });
            fake = fake.with_file(&url(live, before, number), content.into_bytes());
        }
    }
    fake
}

fn comparison_of_lists() -> Setting {
    let mut setting = Setting::of(Vec::new());
    setting.plan.compare = Comparison::First;
    setting.live = true;
    setting.schema = list_schema();
    setting
}

#[tokio::test(start_paused = true)]
async fn one_changed_file_of_many_fails_and_is_named() {
    for count in [33, 40, 500] {
        let changed = count - 2;
        let outcome = comparison_of_lists().run(&many_files(count, Some(changed))).await;
        assert_eq!(statuses(&outcome), ["compare-1 failed"], "{count}");
        let why = reason(&outcome.cases[0]);
        assert!(why.starts_with(&format!("output[{changed}] differs from the live version's: ")), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_equal_files_pass_with_one_prediction_each() {
    let outcome = comparison_of_lists().run(&many_files(500, None)).await;
    assert_eq!((statuses(&outcome), outcome.cost.predictions), (vec!["compare-1 passed".to_owned()], 2));
    assert_eq!(codes(&outcome), Vec::<&str>::new());
}

#[tokio::test(start_paused = true)]
async fn files_above_the_limit_are_compared_by_their_hashes() {
    let small = Limits { decoded_file_bytes: 10, ..Limits::default() };
    for (changed, status) in [(None, "compare-1 passed"), (Some(1), "compare-1 failed")] {
        let mut setting = comparison_of_lists();
        setting.limits = small;
        let fake = many_files(3, changed);
        for (live, before) in [(true, 0), (true, 1), (false, 0), (false, 1)] {
            let content = format!("a file that is too long to decode{}", if live || changed.is_none() { "" } else { "!" });
            fake.replace_file(&url(live, before, 1), content.into_bytes());
        }
        let outcome = setting.run(&fake).await;
        assert_eq!(statuses(&outcome), [status]);
        let remarks = outcome.cases[0].remarks.join("\n");
        assert!(remarks.contains("compared by size and hash only, because a file of 3"), "{remarks}");
    }
}

#[tokio::test(start_paused = true)]
async fn files_above_the_limit_that_live_does_not_repeat_are_reported_as_not_compared() {
    let mut setting = comparison_of_lists();
    setting.limits = Limits { decoded_file_bytes: 10, ..Limits::default() };
    let fake = many_files(1, None);
    for (live, before) in [(true, 0), (true, 1), (false, 0), (false, 1)] {
        fake.replace_file(&url(live, before, 0), format!("a file that is too long to decode: {live} {before}").into_bytes());
    }
    let outcome = setting.run(&fake).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["compare-1 passed".to_owned()], vec!["SP619"]));
    let message = &outcome.findings[0].message;
    assert!(message.starts_with("compare-1: 1 of 1 files were not compared: "), "{message}");
    let remarks = outcome.cases[0].remarks.join("\n");
    assert!(!remarks.contains("are alike"), "{remarks}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_too_large_to_download_is_a_warning_with_numbers() {
    let mut setting = comparison_of_lists();
    setting.limits = Limits { output_file_bytes: 10, ..Limits::default() };
    let fake = many_files(3, None);
    for (live, before) in [(true, 0), (false, 0)] {
        fake.replace_file(&url(live, before, 2), vec![b'x'; 11]);
    }
    let outcome = setting.run(&fake).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["compare-1 passed".to_owned()], vec!["SP619"]));
    let message = &outcome.findings[0].message;
    assert!(message.starts_with("compare-1: 1 of 3 files were not compared: "), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_expected_file_that_is_too_large_to_decode_is_not_the_models_failure() {
    for (content, expected) in [("0123456789ab", "case-1 passed"), ("0123456789xy", "case-1 errored")] {
        let fake = Fake::new(|_| output(json!(OUT)))
            .with_file(OUT, content.as_bytes().to_vec())
            .with_file(WANTED, b"0123456789ab".to_vec());
        let mut setting = files_setting(Expectation::MatchUrl(WANTED.to_owned()));
        setting.limits = Limits { decoded_file_bytes: 10, ..Limits::default() };
        let outcome = setting.run(&fake).await;
        assert_eq!((statuses(&outcome), outcome.cost.predictions), (vec![expected.to_owned()], 1));
    }
}

#[tokio::test(start_paused = true)]
async fn urls_in_texts_are_compared_by_what_is_behind_them() {
    let address = |live: bool, before: usize| format!("https://own.example/{live}-{before}.txt");
    for (staged, status) in [("same", "compare-1 passed"), ("other", "compare-1 failed")] {
        let mut setting = comparison_of_lists();
        setting.schema = text_schema();
        let mut fake = Fake::new(move |asked| output(json!(address(asked.live, asked.before))));
        for before in 0..2 {
            fake = fake.with_file(&address(true, before), b"same".to_vec()).with_file(&address(false, before), staged);
        }
        assert_eq!(statuses(&setting.run(&fake).await), [status]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_url_with_nothing_behind_it_is_text() {
    let mut setting = comparison_of_lists();
    setting.schema = text_schema();
    let outcome = setting.run(&Fake::new(|_| output(json!("https://own.example/page")))).await;
    assert_eq!((statuses(&outcome), codes(&outcome)), (vec!["compare-1 passed".to_owned()], Vec::<&str>::new()));
    let changed = Fake::new(|asked| output(json!(format!("https://own.example/{}", asked.live))));
    assert_eq!(statuses(&setting.run(&changed).await), ["compare-1 failed"]);
}
