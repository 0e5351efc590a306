//! The size of the files of outputs, on both versions.

use super::statistics::median;
use crate::domain::report::CaseReport;

/// Growth from which larger outputs are reported.
const GROWTH: f64 = 1.5;

/// Outputs that grew by fewer bytes are not reported.
const LEAST_BYTES: f64 = 100_000.0;

/// Median sizes of the outputs of paired inputs, in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OutputSizes {
    pub(super) live: f64,
    pub(super) staged: f64,
}

impl OutputSizes {
    /// `None` if no output has files whose size is known.
    pub(super) fn of(reports: &[CaseReport]) -> Option<Self> {
        let sum = |files: &[crate::domain::output::OutputFile]| files.iter().map(|file| file.size_bytes as f64).sum::<f64>();
        let pairs: Vec<(f64, f64)> = reports
            .iter()
            .filter(|report| report.live.is_some())
            .map(|report| (sum(&report.live_files), sum(&report.files)))
            .filter(|(live, staged)| *live > 0.0 && *staged > 0.0)
            .collect();
        Some(Self {
            live: median(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>())?,
            staged: median(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>())?,
        })
    }

    pub(super) fn grew(self) -> bool {
        self.staged >= self.live * GROWTH && self.staged - self.live >= LEAST_BYTES
    }
}
