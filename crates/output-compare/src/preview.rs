//! Small copies of outputs for reports.

use std::fmt;

/// A small image or audio file that is embedded in a report.
#[derive(Clone, PartialEq, Eq)]
pub struct Preview {
    /// `image/png`, `image/jpeg`, `audio/wav`, …: always one of this crate's own constants, never text from the output.
    pub media_type: &'static str,
    /// The encoded file.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Preview {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Preview({}, {} bytes)", self.media_type, self.bytes.len())
    }
}
