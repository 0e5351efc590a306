//! One check of `doctor`.

use crate::report::documents::{ExaminationEntry, ExaminationState};
use crate::report::escape;

/// The state of what was examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckedState {
    Good,
    /// Some commands do less, or another value is likely meant.
    Doubtful,
    /// Some commands cannot work.
    Failed,
    /// It could not be examined, or is not needed here.
    Skipped,
}

impl CheckedState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One check, with its state and a fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Examination {
    pub(super) name: String,
    pub(super) state: CheckedState,
    pub(super) message: String,
    pub(super) fix: Option<String>,
}

impl Examination {
    pub(super) fn new(name: impl Into<String>, state: CheckedState, message: impl Into<String>) -> Self {
        Self { name: name.into(), state, message: message.into(), fix: None }
    }

    pub(super) fn good(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(name, CheckedState::Good, message)
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    pub(super) fn maybe_fix(mut self, fix: Option<impl Into<String>>) -> Self {
        self.fix = fix.map(Into::into);
        self
    }

    /// As a part of a JSON document.
    pub(super) fn entry(&self) -> ExaminationEntry {
        let state = match self.state {
            CheckedState::Good => ExaminationState::Ok,
            CheckedState::Doubtful => ExaminationState::Warning,
            CheckedState::Failed => ExaminationState::Failed,
            CheckedState::Skipped => ExaminationState::Skipped,
        };
        ExaminationEntry { check: self.name.clone(), state, message: self.message.clone(), fix: self.fix.clone() }
    }

    /// As one line, with the fix behind an arrow.
    pub(super) fn line(&self) -> String {
        let fix = self.fix.as_deref().map(|fix| format!(" -> {}", escape::line(fix))).unwrap_or_default();
        format!("{:<8} {:<20} {}{fix}", self.state.as_str(), self.name, escape::line(&self.message))
    }
}
