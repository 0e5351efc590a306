//! What is known of a case's output files: what they are, what a comparison measured, and small copies to look at, since the
//! originals vanish from Replicate within an hour.

use output_compare::{Comparison, Measurement, Preview};

/// Two files or values that were compared: an output of the staged version with the live version's, or with the one a case names.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputComparison {
    /// The file's path in the output: `output`, `output[0].mask`.
    pub place: String,
    /// What it was compared with.
    pub with: ComparedWith,
    /// What the files are: `image`, `audio`, `video`, `text`, `json`, `binary`.
    pub kind: String,
    /// Whether they count as the same.
    pub same: bool,
    /// Why they do not. Untrusted where it quotes an output.
    pub reason: Option<String>,
    /// The numbers.
    pub measurements: Vec<Measurement>,
    /// An image of where two images differ.
    pub heat_map: Option<Preview>,
}

impl OutputComparison {
    /// Takes a finished comparison into the report. Returns the remarks that are left beside the reason.
    pub fn from_comparison(comparison: Comparison, place: String, with: ComparedWith) -> (Self, Vec<String>) {
        let reason = comparison.reason().map(str::to_owned);
        let Comparison { same, kind, metrics: measurements, mut remarks, heat_map } = comparison;
        if reason.is_some() && !remarks.is_empty() {
            remarks.remove(0);
        }
        (Self { place, with, kind: kind.key().to_owned(), same, reason, measurements, heat_map }, remarks)
    }
}

/// What an output was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedWith {
    /// The live version's output.
    Live,
    /// The file at the address that the case names.
    Wanted,
}

/// The fact noted for a file whose small copy did not fit in the report.
pub const NO_ROOM: &str = "no room for a preview";

/// One file of an output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputFile {
    /// Its path in the output: `output`, `output[0].mask`.
    pub place: String,
    /// Its address, which stops working within an hour; data addresses are shortened.
    pub url: String,
    /// What it is: `image`, `audio`, `video`, `text`, `json`, `binary`.
    pub kind: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Facts in a few words each: `1024 x 768 pixels`, `2.5 s`.
    pub facts: Vec<String>,
    /// A small copy that travels with the report.
    pub preview: Option<Preview>,
}
