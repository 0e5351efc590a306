//! Colors, when they are enabled.

use crate::domain::report::{CaseStatus, StageStatus};
use crate::domain::verdict::Verdict;

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Whether ANSI colors are used.
    pub(crate) color: bool,
    /// The width in columns. Tables fit into it; sentences may not.
    pub(crate) width: usize,
}

/// A color by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Warning,
    Quiet,
    Strong,
}

impl Style {
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Warning => "33",
            Tone::Quiet => "2",
            Tone::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

pub(super) fn tone_of_verdict(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Passed => Tone::Good,
        Verdict::Cancelled => Tone::Warning,
        Verdict::Failed | Verdict::ServiceError | Verdict::Billing | Verdict::Misconfigured => Tone::Bad,
    }
}

pub(super) fn tone_of_stage(status: StageStatus) -> Tone {
    match status {
        StageStatus::Passed => Tone::Good,
        StageStatus::Failed | StageStatus::Errored => Tone::Bad,
        StageStatus::Cancelled => Tone::Warning,
        StageStatus::Skipped => Tone::Quiet,
    }
}

pub(super) fn tone_of_case(status: CaseStatus) -> Tone {
    match status {
        CaseStatus::Passed => Tone::Good,
        CaseStatus::Failed | CaseStatus::Errored => Tone::Bad,
        CaseStatus::Flaky | CaseStatus::Cancelled => Tone::Warning,
        CaseStatus::Skipped => Tone::Quiet,
    }
}
