use bytes::Bytes;
use cog_schema::Method;
use serde_json::{Value, json};

use super::*;
use crate::clients::replicate::Download;
use crate::verify::file_urls::UrlOrigin;
use crate::verify::observation::{FetchFault, FetchProblem, FetchedFile};

fn seen(outcome: PredictionOutcome, output: Option<Value>) -> Observation {
    Observation::without_files(Method::Predict, outcome, output)
}

fn succeeded(output: Value) -> Observation {
    seen(PredictionOutcome::Succeeded, Some(output))
}

fn file(bytes: &'static [u8]) -> FetchedFile {
    let content = Ok(Download::of_bytes(Bytes::from_static(bytes), None));
    FetchedFile {
        path: String::new(),
        url: String::new(),
        shown: "https://x/f".to_owned(),
        name: "f.txt".to_owned(),
        origin: UrlOrigin::Declared,
        content,
    }
}

fn gone() -> FetchedFile {
    FetchedFile { content: Err(FetchProblem { message: "gone".to_owned(), fault: FetchFault::File }), ..file(b"") }
}

/// `passed`, `ask ...`, or the reason.
fn outcome(expectation: &Expectation, seen: &Observation) -> String {
    match check_for(expectation, &CompareRules::default()).check(seen) {
        CheckResult::Passed(_) => "passed".to_owned(),
        CheckResult::Failed { reason, .. } => reason,
        CheckResult::Compared { comparison, .. } => comparison.reason.unwrap_or_else(|| "passed".to_owned()),
        CheckResult::Unknown(why) => format!("unknown: {why}"),
        CheckResult::AskJudge(description) => format!("ask {description}"),
    }
}

fn text(text: &str) -> Expectation {
    Expectation::ExactString(text.to_owned())
}

fn query(program: &str) -> Expectation {
    Expectation::JqQuery(program.to_owned())
}

fn fails_with(text: &str) -> Expectation {
    Expectation::ErrorContains(text.to_owned())
}

#[test]
fn checkers_say_what_they_expected_and_what_they_got() {
    let failed = || seen(PredictionOutcome::Failed("ValueError: n is 7".to_owned()), None);
    let refused = || seen(PredictionOutcome::Refused("n has to be <= 4".to_owned()), None);
    let cases: [(Expectation, Observation, &str); 25] = [
        (Expectation::Succeeds, succeeded(json!(0)), "passed"),
        (Expectation::Succeeds, succeeded(json!("")), "passed"),
        (Expectation::Succeeds, succeeded(Value::Null), "the prediction succeeded without an output"),
        (Expectation::Succeeds, seen(PredictionOutcome::Succeeded, None), "the prediction succeeded without an output"),
        (Expectation::Succeeds, failed(), "the prediction failed: ValueError: n is 7"),
        (Expectation::Succeeds, refused(), "Replicate refused the inputs: n has to be <= 4"),
        (text("hello"), succeeded(json!("hello")), "passed"),
        (text("hello"), succeeded(json!("hello ")), "expected 'hello', got 'hello '"),
        (text("hello"), succeeded(json!("Hello")), "expected 'hello', got 'Hello'"),
        (text(""), succeeded(json!("")), "passed"),
        (text(""), succeeded(json!("x")), "expected '', got 'x'"),
        (text("5"), succeeded(json!(5)), "expected a string, got 5"),
        (text("x"), failed(), "the prediction failed: ValueError: n is 7"),
        (query(".[] > 1"), succeeded(json!([2, 0])), "jq query '.[] > 1' returned false as result 2"),
        (query(".n"), succeeded(json!({"n": 0})), "passed"),
        (query(".[]"), succeeded(json!([])), "jq query '.[]' returned no result"),
        (query(".n == 1"), succeeded(json!("{\"n\": 1}")), "passed"),
        (query("startswith(\"he\")"), succeeded(json!("hello")), "passed"),
        (query(".a.b"), succeeded(json!({})), "jq query '.a.b' returned null"),
        (fails_with("n is 7"), failed(), "passed"),
        (fails_with("<= 4"), refused(), "passed"),
        (fails_with("other"), failed(), "expected an error that contains 'other', got 'ValueError: n is 7'"),
        (
            fails_with("x"),
            succeeded(json!("fine")),
            "expected an error that contains 'x', but the prediction succeeded with \"fine\"",
        ),
        (Expectation::MatchPrompt("a cat".to_owned()), succeeded(json!("meow")), "ask a cat"),
        (Expectation::MatchPrompt("a cat".to_owned()), failed(), "the prediction failed: ValueError: n is 7"),
    ];
    for (expectation, seen, wanted) in cases {
        assert_eq!(outcome(&expectation, &seen), wanted, "{expectation:?}");
    }
}

#[test]
fn files_are_compared() {
    let url = || Expectation::MatchUrl("https://x/wanted".to_owned());
    let with = |files: Vec<FetchedFile>, wanted: FetchedFile| Observation {
        files,
        wanted: Some(wanted),
        ..succeeded(json!("https://x/f"))
    };
    let cases: [(Observation, &str); 6] = [
        (with(vec![file(b"a\n")], file(b"a\r\n")), "passed"),
        (with(vec![file(b"a")], file(b"b")), "the texts differ"),
        (with(vec![], file(b"b")), "expected one file, got \"https://x/f\" (0 files)"),
        (with(vec![file(b"a"), file(b"a")], file(b"a")), "expected one file, got \"https://x/f\" (2 files)"),
        (with(vec![gone()], file(b"a")), "the file https://x/f could not be fetched: gone"),
        (with(vec![file(b"a")], gone()), "the file https://x/f could not be fetched: gone"),
    ];
    for (seen, wanted) in cases {
        assert_eq!(outcome(&url(), &seen), wanted);
    }
}

#[test]
fn checkers_ask_only_for_what_they_need() {
    let needs = |expectation: Expectation| check_for(&expectation, &CompareRules::default()).needs();
    assert_eq!(needs(text("x")), Needs::default());
    assert_eq!(needs(query(".")), Needs::default());
    assert_eq!(needs(Expectation::MatchPrompt(String::new())), Needs { output_files: NeededFiles::Declared, wanted_url: None });
    let url = Expectation::MatchUrl("https://x".to_owned());
    assert_eq!(needs(url), Needs { output_files: NeededFiles::Declared, wanted_url: Some("https://x".to_owned()) });
}

#[test]
fn a_long_text_comes_with_a_diff() {
    let result = check_for(&text("one\ntwo\nthree\n"), &CompareRules::default()).check(&succeeded(json!("one\n2\nthree\n")));
    let CheckResult::Failed { remarks, .. } = result else { panic!("{result:?}") };
    assert_eq!(remarks, ["- two", "+ 2"]);
}

#[test]
fn the_judge_is_not_asked_about_missing_files() {
    let seen = Observation { files: vec![gone()], ..succeeded(json!("https://x/f")) };
    assert_eq!(outcome(&Expectation::MatchPrompt("x".to_owned()), &seen), "the file https://x/f could not be fetched: gone");
}

#[test]
fn long_outputs_are_cut_in_reasons() {
    let reason = outcome(&text("x"), &succeeded(json!("y".repeat(1_000_000))));
    assert!(reason.len() < 500, "{}", reason.len());
}

fn png(width: u32, height: u32) -> Bytes {
    let image = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 3) as u8, (y * 5) as u8, 90]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    Bytes::from(bytes.into_inner())
}

#[test]
fn images_are_held_to_format_size_and_likeness() {
    use crate::domain::output_check::{ExpectedFile, ImageCheck, NumberRange};
    let exactly = |number: f64| Some(NumberRange { least: number, most: number });
    let output = |bytes: Bytes| Observation {
        files: vec![FetchedFile { content: Ok(Download::of_bytes(bytes, None)), name: "f.png".to_owned(), ..file(b"") }],
        ..succeeded(json!("https://x/f"))
    };
    let like = |bytes: Bytes| Some(ExpectedFile { path: "expected.png".to_owned(), content: Some(bytes) });
    let reported = |check: ImageCheck, seen: &Observation| {
        outcome(&Expectation::Checks { checks: vec![OutputCheck::Image(check)], text: String::new() }, seen)
    };
    let seen = output(png(60, 40));
    let base =
        || ImageCheck { format: Some("png".to_owned()), width: exactly(60.0), height: exactly(40.0), ..ImageCheck::default() };
    for (check, wanted) in [
        (base(), "passed"),
        (ImageCheck { like: like(png(60, 40)), min_ssim: Some(0.99), ..base() }, "passed"),
        (ImageCheck { format: Some("webp".to_owned()), ..base() }, "output is a png file, not webp"),
        (ImageCheck { width: exactly(61.0), ..base() }, "output is 60 pixels wide, expected 61"),
        (ImageCheck { like: like(png(30, 40)), ..base() }, "output is not like expected.png: "),
        (
            ImageCheck { like: Some(ExpectedFile::named("missing.png")), ..base() },
            "output was not compared, because missing.png was not read",
        ),
    ] {
        let found = reported(check, &seen);
        assert!(found.starts_with(wanted), "{found} instead of {wanted}");
    }
    let found = reported(base(), &succeeded(json!("no file")));
    assert_eq!(found, "expected an image file in the output, got \"no file\"");
}

#[test]
fn a_file_of_the_repository_is_matched_like_one_at_a_url() {
    use crate::domain::output_check::ExpectedFile;
    let matches = |content: &'static [u8]| {
        let file = ExpectedFile { path: "expected/a.txt".to_owned(), content: Some(Bytes::from_static(content)) };
        let seen = Observation { files: vec![self::file(b"cat")], ..succeeded(json!("https://x/f")) };
        outcome(&Expectation::MatchFile(file), &seen)
    };
    assert_eq!((matches(b"cat").as_str(), matches(b"dog").as_str()), ("passed", "the texts differ"));
}
