//! A run with images and audio.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use output_compare::{Limit, Measurement, MediaKind, Preview};
use serde_json::json;

use super::{Attempt, CaseKind, CaseReport, CaseStatus, Expectation, RunReport, Stage, StageStatus, Verdict, case, model, run};
use crate::domain::output::{ComparedWith, OutputComparison, OutputFile};

/// An image with this many stripes.
pub(crate) fn picture(stripes: u32) -> Preview {
    let pixels = RgbImage::from_fn(64, 48, |x, y| {
        let shade = if (x * stripes / 64).is_multiple_of(2) { 40 } else { 200 };
        Rgb([shade, (y * 5) as u8, (x * 3) as u8])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(pixels).write_to(&mut bytes, ImageFormat::Png).unwrap();
    Preview { media_type: "image/png", bytes: bytes.into_inner() }
}

fn file(place: &str, name: &str, kind: MediaKind, facts: &[&str], preview: Option<Preview>) -> OutputFile {
    OutputFile {
        place: place.to_owned(),
        url: format!("https://replicate.delivery/x/{name}"),
        kind,
        size_bytes: 123_456,
        facts: facts.iter().map(|fact| (*fact).to_owned()).collect(),
        preview,
    }
}

fn measured(name: &str, value: f64, limit: Option<Limit>) -> Measurement {
    Measurement { name: name.to_owned(), value, limit }
}

fn compared(id: &str, status: CaseStatus, outputs: [&str; 2]) -> CaseReport {
    let mut report = case(id, status);
    (report.kind, report.expectation) = (CaseKind::Compare, Expectation::Succeeds);
    let attempt = report.attempts.remove(0);
    let of = |output: &str| Attempt { output: Some(json!(output)), ..attempt.clone() };
    (report.attempts, report.live) = (vec![of(outputs[0])], Some(of(outputs[1])));
    report
}

/// A changed image and an unchanged audio file.
pub(crate) fn media() -> RunReport {
    let mut report = model("skyline");
    report.verdict = Verdict::Failed;
    super::stopped_after(&mut report, Stage::Verify, StageStatus::Failed);
    let [new, old] = ["https://replicate.delivery/x/new.png", "https://replicate.delivery/x/old.png"];
    let mut changed = compared("compare-1", CaseStatus::Failed, [new, old]);
    changed.attempts[0].reason =
        Some("output differs from the live version's: the mean color distance is 41.5, above 8.0".to_owned());
    changed.files = vec![file("output", "new.png", MediaKind::Image, &["64 x 48 pixels"], Some(picture(4)))];
    changed.live_files = vec![file("output", "old.png", MediaKind::Image, &["64 x 48 pixels"], Some(picture(5)))];
    changed.comparisons = vec![OutputComparison {
        place: "output".to_owned(),
        with: ComparedWith::Live,
        kind: MediaKind::Image,
        same: false,
        reason: Some("the mean color distance is 41.5, above 8.0".to_owned()),
        measurements: vec![
            measured("mean_color_distance", 41.5, Some(Limit::AtMost(8.0))),
            measured("structural_similarity", 0.91, Some(Limit::AtLeast(0.9))),
            measured("psnr_db", 18.25, None),
        ],
        heat_map: Some(picture(9)),
        expected: None,
        difference: None,
    }];
    let mut alike = compared("compare-2", CaseStatus::Passed, ["https://replicate.delivery/x/new.wav"; 2]);
    let sound = || Preview { media_type: "audio/wav", bytes: b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0".to_vec() };
    alike.files = vec![file("output", "new.wav", MediaKind::Audio, &["2.50 s"], Some(sound()))];
    alike.live_files = vec![file("output", "new.wav", MediaKind::Audio, &["2.50 s"], Some(sound()))];
    alike.comparisons = vec![OutputComparison {
        place: "output".to_owned(),
        with: ComparedWith::Live,
        kind: MediaKind::Audio,
        same: true,
        reason: None,
        measurements: vec![measured("duration_difference_secs", 0.0, Some(Limit::AtMost(0.1)))],
        heat_map: None,
        expected: None,
        difference: None,
    }];
    let mut expected = case("case-1", CaseStatus::Failed);
    expected.expectation = Expectation::MatchUrl("https://example.com/expected.png".to_owned());
    expected.attempts[0].output = Some(json!(new));
    expected.attempts[0].reason =
        Some("output differs from the expected file: the mean color distance is 33.1, above 8.0".to_owned());
    expected.files = vec![file("output", "new.png", MediaKind::Image, &["64 x 48 pixels"], Some(picture(4)))];
    expected.comparisons = vec![OutputComparison {
        place: "output".to_owned(),
        with: ComparedWith::Wanted,
        kind: MediaKind::Image,
        same: false,
        reason: Some("the mean color distance is 33.1, above 8.0".to_owned()),
        measurements: vec![measured("mean_color_distance", 33.1, Some(Limit::AtMost(8.0)))],
        heat_map: Some(picture(8)),
        expected: Some(picture(6)),
        difference: None,
    }];
    report.cases = vec![changed, alike, expected];
    run(vec![report])
}
