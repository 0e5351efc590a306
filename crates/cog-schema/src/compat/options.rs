//! What a comparison reports.

use cog_findings::{Severity, SourceMap};

/// What a comparison reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompatOptions {
    /// Whether changes that break nobody (descriptions, order, additions) are reported as notes.
    pub notes: bool,
    /// The severity of removing an input that the old version marked as deprecated. It breaks whoever still sends it, but an
    /// announced removal must be possible: a warning unless a team decides otherwise.
    pub deprecated_removal: Severity,
    /// Locations in the source of the new version's trainer.
    pub train_source: SourceMap,
}

impl Default for CompatOptions {
    fn default() -> Self {
        Self { notes: true, deprecated_removal: Severity::Warning, train_source: SourceMap::default() }
    }
}
