//! Output files of a case in its report: facts, measurements of comparisons, and small copies, because Replicate deletes the originals
//! within an hour.

use output_compare::{Comparison, Measurement, MediaKind, Preview};

/// A comparison of an output of the staged version with the live version's, or with the file that the case names.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputComparison {
    /// Path of the file or value in the output: `output`, `output[0].mask`.
    pub place: String,
    pub with: ComparedWith,
    /// The kind of the files.
    pub kind: MediaKind,
    /// Whether they count as the same.
    pub same: bool,
    /// Why they differ. Untrusted: it may quote an output.
    pub reason: Option<String>,
    /// Every number with its threshold.
    pub measurements: Vec<Measurement>,
    /// A small image of where two images differ.
    pub heat_map: Option<Preview>,
    /// A small copy of the expected file. The live version's files are listed with the case.
    pub expected: Option<Preview>,
    /// How two texts or JSON documents differ, as the hunks of a unified diff: `-` the other side, `+` the staged version's. Untrusted.
    pub difference: Option<String>,
}

impl OutputComparison {
    /// Converts a comparison for the report. Also returns its remarks without the reason.
    pub fn from_comparison(comparison: Comparison, place: String, with: ComparedWith) -> (Self, Vec<String>) {
        let reason = comparison.reason().map(str::to_owned);
        let Comparison { same, kind, measurements, mut remarks, heat_map, .. } = comparison;
        if reason.is_some() && !remarks.is_empty() {
            remarks.remove(0);
        }
        (Self { place, with, kind, same, reason, measurements, heat_map, expected: None, difference: None }, remarks)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedWith {
    /// The live version's output.
    Live,
    /// The file at the URL in the case (`match_url`).
    Wanted,
}

/// The fact that stands in for a preview that did not fit into the report.
pub const NO_ROOM: &str = "no room for a preview";

#[derive(Debug, Clone, PartialEq)]
pub struct OutputFile {
    /// Path in the output: `output`, `output[0].mask`.
    pub place: String,
    /// Without signatures; `data:` URLs are shortened. It stops working within an hour.
    pub url: String,
    pub kind: MediaKind,
    /// 0 for a file that could not be fetched.
    pub size_bytes: u64,
    /// Facts in a few words each: `1024 x 768 pixels`, `2.5 s`.
    pub facts: Vec<String>,
    /// A small copy that is embedded in the report.
    pub preview: Option<Preview>,
}
