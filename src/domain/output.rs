//! What is known of a case's output files: what they are, what a comparison measured, and small copies to look at, since the
//! originals vanish from Replicate within an hour.

/// One number that a comparison gave, with the threshold it was held to.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What was measured, in snake case and with the unit: `mean_colour_distance`, `duration_secs`.
    pub name: String,
    /// The number.
    pub value: f64,
    /// What it had to keep to; `None` when it is told only to be known.
    pub limit: Option<Limit>,
}

impl Measurement {
    /// Whether the number keeps to its threshold. A number that is none keeps to nothing.
    pub fn holds(&self) -> bool {
        self.limit.is_none_or(|limit| match limit {
            Limit::AtMost(most) => self.value <= most,
            Limit::AtLeast(least) => self.value >= least,
        })
    }
}

/// A threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// The number may not be greater.
    AtMost(f64),
    /// The number may not be less.
    AtLeast(f64),
}

/// Two files or values that were compared: an output of the staged version with the live version's, or with the one a case names.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputComparison {
    /// Where the file stands in the output: `output`, `output[0].mask`.
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
    /// A picture of where two pictures differ.
    pub heat_map: Option<Preview>,
}

/// What an output was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedWith {
    /// The live version's output.
    Live,
    /// The file at the address that the case names.
    Wanted,
}

/// What stands among the facts of a file whose small copy found no room in the report.
pub const NO_ROOM: &str = "no room for a preview";

/// One file of an output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputFile {
    /// Where it stands in the output: `output`, `output[0].mask`.
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

/// A small picture or sound that travels with the report.
#[derive(Clone, PartialEq, Eq)]
pub struct Preview {
    /// Of our own making, never an output's word: `image/png`, `image/jpeg`, `audio/wav`.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Preview {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Preview({}, {} bytes)", self.media_type, self.bytes.len())
    }
}
