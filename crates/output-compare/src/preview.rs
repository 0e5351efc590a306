//! Small copies of outputs, for reports.

use std::fmt;

/// A small picture or sound that travels with the report.
#[derive(Clone, PartialEq, Eq)]
pub struct Preview {
    /// Of our own making, never an output's word: `image/png`, `image/jpeg`, `audio/wav`.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Preview {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Preview({}, {} bytes)", self.media_type, self.bytes.len())
    }
}
