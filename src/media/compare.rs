//! Two files, whatever they are.

use crate::domain::output::{ComparedWith, Limit, Measurement, OutputComparison, Preview};
use crate::media::{MediaFile, MediaKind, animation, audio, binary, detect, json, picture, text};

/// How much two files may differ and still count as the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Mean distance of two pictures' colours, 0 to 510. The default is the peer's threshold.
    pub mean_colour_distance: f64,
    /// The same within the worst tile of 16 × 16 pixels: local damage disappears in the mean (`contracts/peer.md`, weakness 6).
    pub tile_colour_distance: f64,
    /// Difference of two numbers relative to the greater one. Whole numbers have to be equal.
    pub relative_number: f64,
    /// Difference of two numbers that counts as none, whatever their size.
    pub absolute_number: f64,
    /// Difference of two durations in seconds.
    pub duration_secs: f64,
    /// Mean difference of two sounds' loudness over time, where full scale is 1.
    pub loudness: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            mean_colour_distance: 8.0,
            tile_colour_distance: 64.0,
            relative_number: 1e-3,
            absolute_number: 1e-6,
            duration_secs: 0.1,
            loudness: 0.02,
        }
    }
}

impl Tolerance {
    /// Nothing may differ but what cannot be seen in decoded form, such as the compression of a picture.
    pub const fn none() -> Self {
        Self {
            mean_colour_distance: 0.0,
            tile_colour_distance: 0.0,
            relative_number: 0.0,
            absolute_number: 0.0,
            duration_secs: 0.0,
            loudness: 0.0,
        }
    }
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Whether the two count as the same.
    pub same: bool,
    /// What they are; of the left one, when they are of different kinds.
    pub kind: MediaKind,
    /// What was measured, each number with the threshold it was held to.
    pub metrics: Vec<Measurement>,
    /// What is to be said about it, one line each; the first says why they differ, when they do. Parts of texts are quoted: untrusted.
    pub remarks: Vec<String>,
    /// Where two pictures differ, as a small picture.
    pub heat_map: Option<Preview>,
}

impl Comparison {
    pub(super) fn new(kind: MediaKind, same: bool) -> Self {
        Self { same, kind, metrics: Vec::new(), remarks: Vec::new(), heat_map: None }
    }

    /// Adds a number that is told only to be known.
    pub(super) fn metric(self, name: &str, value: f64) -> Self {
        self.measured(name, value, None)
    }

    /// Adds a number that may not be greater than a threshold.
    pub(super) fn at_most(self, name: &str, value: f64, most: f64) -> Self {
        self.measured(name, value, Some(Limit::AtMost(most)))
    }

    /// Adds a number that may not be less than a threshold.
    pub(super) fn at_least(self, name: &str, value: f64, least: f64) -> Self {
        self.measured(name, value, Some(Limit::AtLeast(least)))
    }

    fn measured(mut self, name: &str, value: f64, limit: Option<Limit>) -> Self {
        self.metrics.push(Measurement { name: name.to_owned(), value, limit });
        self
    }

    pub(super) fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remarks.push(remark.into());
        self
    }

    /// A measurement by its name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value)
    }

    /// Why the two differ; `None` when they do not.
    pub fn reason(&self) -> Option<&str> {
        (!self.same).then(|| self.remarks.first().map_or("the files differ", String::as_str))
    }

    /// The comparison as a report takes it, and the remarks that are left beside the reason.
    pub fn into_output(mut self, place: String, with: ComparedWith) -> (OutputComparison, Vec<String>) {
        let reason = self.reason().map(str::to_owned);
        if reason.is_some() && !self.remarks.is_empty() {
            self.remarks.remove(0);
        }
        let Self { same, kind, metrics: measurements, remarks, heat_map } = self;
        let compared = OutputComparison { place, with, kind: kind.key().to_owned(), same, reason, measurements, heat_map };
        (compared, remarks)
    }
}

/// Compares two files. Those of different kinds are never the same.
pub fn compare(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    let (kind, other) = (detect(left), detect(right));
    if kind != other {
        // A JSON document and a text may be two spellings of one: both are compared as texts.
        if let (MediaKind::Text | MediaKind::Json, MediaKind::Text | MediaKind::Json) = (kind, other) {
            return text::compare_files(left, right);
        }
        return Comparison::new(kind, false).remark(format!("one is {kind}, the other is {other}"));
    }
    match kind {
        MediaKind::Text => text::compare_files(left, right),
        MediaKind::Json => json::compare_files(left, right, tolerance),
        MediaKind::Image if animation::is_animated(left) || animation::is_animated(right) => {
            animation::compare_files(left, right, tolerance)
        }
        MediaKind::Image => picture::compare_files(left, right, tolerance),
        MediaKind::Audio => audio::compare_files(left, right, tolerance),
        MediaKind::Video => binary::compare_files(left, right, kind).remark("videos are compared by their bytes only"),
        MediaKind::Binary => binary::compare_files(left, right, kind),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
