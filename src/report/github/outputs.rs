//! What the comment can show of outputs: images of both versions and where they differ, and the lines in which texts differ.
//!
//! Images come from the small copies of the report, which safe-push made itself. They are joined into one per output, so that there are
//! few files to upload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cog_findings::text::shorten;
use output_compare::{MediaFile, Preview, short_diff, side_by_side};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::report::CaseStatus;
use crate::report::escape;
use crate::report::json::v1::{Case, Model, Run};

/// Images that are shown of one model.
const IMAGES_OF_MODEL: usize = 3;

/// Texts whose differences are shown of one model.
const DIFFS: usize = 3;

/// Longer texts, both together, are left to `report.html`.
const DIFF_BYTES: usize = 256 * 1024;

/// Size limit of names and of lines, in bytes.
const LINE_BYTES: usize = 200;

/// The images of one output, on a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputImage {
    /// The case's name.
    pub case: String,
    /// The path of the file within the output.
    pub place: String,
    /// What they show, from left to right.
    pub panels: Vec<String>,
    /// The address of the file that has them side by side.
    pub url: String,
}

/// The lines in which a text differs from the live version's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputDiff {
    /// The case's name.
    pub case: String,
    /// Each after `-` or `+`.
    pub lines: Vec<String>,
}

/// The images of one output, side by side in one file.
#[derive(Debug)]
pub(crate) struct ImagesOfOutput {
    /// The model's name.
    pub(crate) model: String,
    pub(crate) file: Preview,
    /// Without its address.
    pub(crate) shown: OutputImage,
}

/// The images of a run that matter most: failures, then visible differences.
pub(crate) fn images_of_outputs(run: &Run, most: usize) -> Vec<ImagesOfOutput> {
    let mut found = Vec::new();
    for model in &run.models {
        let mut cases: Vec<&Case> = model.cases.iter().filter(|case| rank(case) < LEAST).collect();
        cases.sort_by_key(|case| rank(case));
        let images = cases.into_iter().flat_map(images_of_case).take(IMAGES_OF_MODEL);
        found.extend(images.filter_map(|images| images.of_model(model)).map(|image| (image, rank_of_model(model))));
    }
    found.sort_by_key(|(_, rank)| *rank);
    found.into_iter().map(|(image, _)| image).take(most).collect()
}

/// The rank of cases whose images nobody asked for.
const LEAST: u8 = 4;

fn rank(case: &Case) -> u8 {
    let has_difference = || case.comparisons.iter().any(|comparison| comparison.heat_map.is_some());
    match case.status {
        CaseStatus::Failed | CaseStatus::Errored | CaseStatus::Flaky => 0,
        _ if matches!(case.kind.as_str(), "fuzz" | "train-fuzz" | "warm-up") => LEAST,
        _ if has_difference() => 1,
        _ if !case.live_files.is_empty() => 2,
        _ => 3,
    }
}

fn rank_of_model(model: &Model) -> u8 {
    model.cases.iter().map(rank).min().unwrap_or(LEAST)
}

/// The small copies of one file, from left to right.
struct OutputImages<'a> {
    case: &'a str,
    place: &'a str,
    panels: Vec<(&'static str, &'a str)>,
}

/// A case's images, file by file.
fn images_of_case(case: &Case) -> Vec<OutputImages<'_>> {
    let mut images = Vec::new();
    for file in &case.files {
        let live = case.live_files.iter().find(|live| live.place == file.place);
        let comparisons = || case.comparisons.iter().filter(|comparison| comparison.place == file.place);
        let expected = comparisons().find_map(|comparison| comparison.expected.as_deref());
        let difference = comparisons().find_map(|comparison| comparison.heat_map.as_deref());
        let panels = [
            ("expected", expected),
            ("live", live.and_then(|live| live.preview.as_deref())),
            ("new", file.preview.as_deref()),
            ("difference", difference),
        ];
        let panels: Vec<(&str, &str)> = panels.into_iter().filter_map(|(name, copy)| Some((name, image_code(copy?)?))).collect();
        if panels.iter().any(|(name, _)| *name == "new") {
            images.push(OutputImages { case: &case.id, place: &file.place, panels });
        }
    }
    images
}

/// The content of a `data:` URL of an image.
fn image_code(address: &str) -> Option<&str> {
    let (media_type, code) = address.strip_prefix("data:")?.split_once(";base64,")?;
    matches!(media_type, "image/png" | "image/jpeg").then_some(code)
}

impl OutputImages<'_> {
    fn of_model(&self, model: &Model) -> Option<ImagesOfOutput> {
        let decoded: Vec<Vec<u8>> = self.panels.iter().map(|(_, code)| STANDARD.decode(code).ok()).collect::<Option<_>>()?;
        let files: Vec<MediaFile<'_>> = decoded.iter().map(|bytes| MediaFile::named("", bytes)).collect();
        let file = side_by_side(&files)?;
        let shown = OutputImage {
            case: shorten(self.case, LINE_BYTES),
            place: shorten(self.place, LINE_BYTES),
            panels: self.panels.iter().map(|(name, _)| (*name).to_owned()).collect(),
            url: String::new(),
        };
        Some(ImagesOfOutput { model: model.name.clone(), file, shown })
    }
}

/// The texts that differ from those of the live version.
pub(super) fn output_diffs(model: &Model) -> Vec<OutputDiff> {
    let diff = |case: &Case| {
        let [live, new] = [case.live.as_ref()?.output.as_ref()?, case.output.as_ref()?].map(text);
        let (live, new) = (live?, new?);
        if live == new || live.len() + new.len() > DIFF_BYTES {
            return None;
        }
        let lines = short_diff(&live, &new).iter().map(|line| shorten(&escape::line(line), LINE_BYTES)).collect();
        Some(OutputDiff { case: shorten(&case.id, LINE_BYTES), lines })
    };
    model.cases.iter().filter_map(diff).take(DIFFS).collect()
}

/// An output that is a text, or the pieces of one. Files differ in their addresses alone.
fn text(output: &Value) -> Option<String> {
    let is_address = |text: &str| text.starts_with("https://") || text.starts_with("http://") || text.starts_with("data:");
    match output {
        Value::String(text) => (!is_address(text)).then(|| text.clone()),
        Value::Array(items) if !items.is_empty() => {
            let pieces: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            pieces.filter(|pieces| !pieces.iter().any(|piece| is_address(piece))).map(|pieces| pieces.concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::json::run_json;
    use crate::report::sample;

    #[test]
    fn the_images_of_a_difference_are_one_file() {
        let images = images_of_outputs(&run_json(&sample::media()), 5);
        let shown: Vec<(&str, &str, String)> = images
            .iter()
            .map(|image| (image.shown.case.as_str(), image.shown.place.as_str(), image.shown.panels.join(" ")))
            .collect();
        assert_eq!(shown[0], ("compare-1", "output", "live new difference".to_owned()), "{shown:?}");
        assert_eq!(images[0].file.media_type, "image/png");
        assert!(images_of_outputs(&run_json(&sample::media()), 0).is_empty());
    }

    #[test]
    fn nothing_but_our_own_copies_is_an_image() {
        let mut run = run_json(&sample::media());
        for case in &mut run.models[0].cases {
            for file in &mut case.files {
                file.preview = Some("data:image/svg+xml;base64,PHN2Zy8+".to_owned());
            }
        }
        assert!(images_of_outputs(&run, 5).is_empty());
        run.models[0].cases[0].files[0].preview = Some("data:image/png;base64,not an image".to_owned());
        assert!(images_of_outputs(&run, 5).is_empty());
    }

    #[test]
    fn only_texts_have_a_difference_of_lines() {
        let of = |live: Value, new: Value| {
            let mut run = run_json(&sample::media());
            run.models[0].cases.truncate(1);
            let case = &mut run.models[0].cases[0];
            case.output = Some(new);
            case.live.as_mut().unwrap().output = Some(live);
            output_diffs(&run.models[0]).into_iter().next().map(|diff| diff.lines)
        };
        assert_eq!(of(json!("one\ntwo\n"), json!("one\n2\n")), Some(vec!["- two".to_owned(), "+ 2".to_owned()]));
        assert_eq!(of(json!(["a ", "cat"]), json!(["a ", "dog"])), Some(vec!["- a cat".to_owned(), "+ a dog".to_owned()]));
        for (live, new) in [
            (json!("same"), json!("same")),
            (json!("https://replicate.delivery/a.png"), json!("https://replicate.delivery/b.png")),
            (json!(["data:x"]), json!(["data:y"])),
            (json!(1), json!(2)),
            (json!([]), json!(["a"])),
        ] {
            assert_eq!(of(live, new), None);
        }
    }
}
