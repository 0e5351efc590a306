//! Two files, whatever they are.

use crate::{Limit, Measurement, MediaFile, MediaKind, Preview, Tolerance, audio, binary, detect, json, picture, text, video};

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

    /// Says why they differ. The first reason stays the first.
    pub(super) fn differs(mut self, reason: String) -> Self {
        self.same = false;
        self.remarks.push(reason);
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
        MediaKind::Image if picture::animation::is_animated(left) || picture::animation::is_animated(right) => {
            picture::animation::compare_files(left, right, tolerance)
        }
        MediaKind::Image => picture::compare_files(left, right, tolerance),
        MediaKind::Audio => audio::compare_files(left, right, tolerance),
        MediaKind::Video => video::compare_files(left, right, tolerance),
        MediaKind::Binary => binary::compare_files(left, right, kind),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
