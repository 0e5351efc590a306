//! Output files: images and audio of both versions side by side, where they differ, and the measurements.

use serde_json::Value;

use super::cut::{Cut, is_web_address};
use super::diff::{self, Line};
use super::embedded::{AUDIO, IMAGES, embedded};
use crate::report::json::v1::{Case, ComparisonEntry, FileEntry};
use crate::report::measurement::{compared_with, file_text, measurement_text};

/// Number of files shown per output.
const FILES: usize = 24;

/// A file of an output, in both versions, with its comparisons.
pub(crate) struct FileView {
    pub(crate) name: String,
    pub(crate) figures: Vec<Figure>,
    /// What the two images are that can be overlaid: below, above.
    pub(crate) slides: Option<(&'static str, &'static str)>,
    pub(crate) comparisons: Vec<ComparisonView>,
}

/// One version of a file, or a heat map.
pub(crate) struct Figure {
    pub(crate) class: &'static str,
    pub(crate) title: &'static str,
    pub(crate) alt: String,
    pub(crate) image: Option<String>,
    pub(crate) audio: Option<String>,
    pub(crate) facts: String,
    /// The link to the original, which stops working within an hour.
    pub(crate) original: Option<String>,
    /// The URL, if it cannot be a link.
    pub(crate) address: Option<String>,
}

/// A comparison of the file with another.
pub(crate) struct ComparisonView {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) title: String,
    pub(crate) reason: Option<String>,
    pub(crate) measures: Vec<Measure>,
    pub(crate) difference: Vec<Line>,
}

/// A measurement.
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) limit: String,
    /// The setting that changes the limit.
    pub(crate) setting: Option<String>,
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
}

/// The files of a case, and a note about further ones.
pub(super) fn files(case: &Case, cut: Cut) -> (Vec<FileView>, Option<String>) {
    let (files, live_files) = (files_of(&case.files, case.output.as_ref()), {
        let output = case.live.as_ref().and_then(|live| live.output.as_ref());
        files_of(&case.live_files, output)
    });
    let mut names: Vec<&str> = Vec::new();
    let all = files.iter().chain(&live_files).map(|file| file.place.as_str());
    for name in all.chain(case.comparisons.iter().map(|comparison| comparison.place.as_str())) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let left_out = names.len().saturating_sub(FILES);
    names.truncate(FILES);
    let has_live = case.live.is_some() || !live_files.is_empty();
    let view = |name: &str| {
        let find = |files: &[FileEntry]| files.iter().find(|file| file.place == name).cloned();
        let comparisons: Vec<&ComparisonEntry> = case.comparisons.iter().filter(|entry| entry.place == name).collect();
        FileView::of(name, find(&files), find(&live_files), &comparisons, has_live, cut)
    };
    let note = (left_out > 0).then(|| format!("{left_out} more files are not shown; run.json lists them"));
    (names.into_iter().map(view).collect(), note)
}

/// The files that the run lists, or else the URLs in the output itself.
fn files_of(files: &[FileEntry], output: Option<&Value>) -> Vec<FileEntry> {
    if !files.is_empty() {
        return files.to_vec();
    }
    let items = match output {
        Some(Value::Array(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let entry = |(index, item): (usize, &Value)| {
        let url = item.as_str()?;
        let copy = embedded(url, &IMAGES).or_else(|| embedded(url, &AUDIO));
        if copy.is_none() && !is_web_address(url) {
            return None;
        }
        Some(FileEntry {
            place: if matches!(output, Some(Value::Array(_))) { format!("output[{index}]") } else { "output".to_owned() },
            url: if copy.is_some() { String::new() } else { url.to_owned() },
            kind: String::new(),
            size_bytes: 0,
            facts: Vec::new(),
            preview: copy,
        })
    };
    items.iter().enumerate().filter_map(entry).collect()
}

impl FileView {
    fn of(
        name: &str,
        file: Option<FileEntry>,
        live: Option<FileEntry>,
        comparisons: &[&ComparisonEntry],
        has_live: bool,
        cut: Cut,
    ) -> Self {
        let name = cut.line(name);
        let expected = comparisons.iter().find_map(|comparison| Some((*comparison, comparison.expected.as_ref()?)));
        let fits_live = matches!((&file, &live), (Some(file), Some(live)) if fit(file, live));
        // Images have a heat map only if they are of one size.
        let fits_expected =
            live.is_none() && file.is_some() && expected.is_some_and(|(comparison, _)| comparison.heat_map.is_some());
        let slides = match (fits_live, fits_expected) {
            (true, _) => Some(("live", "staged")),
            (false, true) => Some(("expected", "output")),
            (false, false) => None,
        };
        let titles = if has_live { ("Live version", "Staged version") } else { ("", "Output") };
        let mut figures = Vec::new();
        figures.extend(expected.map(|(_, copy)| Figure {
            class: if live.is_none() { "live" } else { "expected" },
            title: "Expected",
            alt: format!("Expected file, {name}"),
            image: embedded(copy, &IMAGES),
            audio: embedded(copy, &AUDIO),
            facts: String::new(),
            original: None,
            address: None,
        }));
        figures.extend(live.map(|live| Figure::of("live", titles.0, &name, &live, cut)));
        figures.extend(file.map(|file| Figure::of("staged", titles.1, &name, &file, cut)));
        for comparison in comparisons {
            let image = comparison.heat_map.as_deref().and_then(|address| embedded(address, &IMAGES));
            figures.extend(image.map(|image| Figure {
                class: "heat",
                title: if comparison.with == "live" { "Where they differ" } else { "Where it differs from the expected file" },
                alt: format!("Heat map of the differences, {name}"),
                image: Some(image),
                audio: None,
                facts: String::new(),
                original: None,
                address: None,
            }));
        }
        Self { figures, slides, comparisons: comparisons.iter().map(|entry| ComparisonView::of(entry, &name, cut)).collect(), name }
    }
}

/// Whether both are images of the same size.
fn fit(one: &FileEntry, two: &FileEntry) -> bool {
    let is_image = |file: &FileEntry| file.preview.as_deref().is_some_and(|copy| embedded(copy, &IMAGES).is_some());
    let pixels = |file: &FileEntry| file.facts.iter().find(|fact| fact.ends_with(" pixels")).cloned();
    is_image(one) && is_image(two) && pixels(one) == pixels(two)
}

impl Figure {
    fn of(class: &'static str, title: &'static str, place: &str, file: &FileEntry, cut: Cut) -> Self {
        let is_link = is_web_address(&file.url);
        Self {
            class,
            title,
            alt: format!("{title}, {place}"),
            image: file.preview.as_deref().and_then(|copy| embedded(copy, &IMAGES)),
            audio: file.preview.as_deref().and_then(|copy| embedded(copy, &AUDIO)),
            facts: cog_findings::text::shorten(&cut.line(&file_text(file)), 1000),
            original: is_link.then(|| file.url.clone()),
            address: (!is_link && !file.url.is_empty()).then(|| cog_findings::text::shorten(&cut.line(&file.url), 200)),
        }
    }
}

impl ComparisonView {
    fn of(entry: &ComparisonEntry, place: &str, cut: Cut) -> Self {
        let (class, word) = if entry.same { ("passed", "the same") } else { ("failed", "different") };
        let measure = |measured: &crate::report::json::v1::MeasurementEntry| {
            let text = measurement_text(measured);
            let (class, word) = match (text.limit.is_empty(), measured.holds) {
                (true, _) => ("", ""),
                (false, true) => ("good", "✓ yes"),
                (false, false) => ("bad", "✗ no"),
            };
            Measure { name: cut.line(&text.name), value: text.value, limit: text.limit, setting: text.setting, class, word }
        };
        Self {
            class,
            word,
            title: format!("{place} compared with {}", compared_with(entry)),
            reason: entry.reason.as_deref().map(|reason| cut.text(reason)),
            measures: entry.measurements.iter().take(40).map(measure).collect(),
            difference: entry.difference.as_deref().map(|text| diff::of_hunks(&cut.text(text))).unwrap_or_default(),
        }
    }
}
