//! A case that a verification runs.

use std::time::Duration;

use cog_findings::Location;
use cog_schema::Method;

use crate::domain::case::{CaseId, CaseKind, Expectation};
use crate::domain::compare_rules::CompareRules;
use crate::domain::output_check::OutputCheck;
use crate::domain::prediction::Inputs;
use crate::verify::side::Side;

/// A case that a verification runs: written in the configuration, generated, or a comparison with live.
#[derive(Debug, Clone)]
pub(super) struct PlannedCase {
    pub(super) id: CaseId,
    pub(super) kind: CaseKind,
    pub(super) inputs: Inputs,
    pub(super) expectation: Expectation,
    /// Inputs whose values are secret, whatever the schema says.
    pub(super) secrets: Vec<String>,
    /// The time limit of its prediction; `None` for that of all.
    pub(super) timeout: Option<Duration>,
    /// How much its output may differ.
    pub(super) compare: CompareRules,
    /// Where the configuration asks for it.
    pub(super) location: Option<Location>,
}

impl PlannedCase {
    /// The method of the model that it calls.
    pub(super) fn method(&self) -> Method {
        self.side().method()
    }

    /// Whether the moment of its first output counts.
    pub(super) fn watches_output(&self) -> bool {
        let Expectation::Checks { checks, .. } = &self.expectation else { return false };
        checks.iter().any(|check| matches!(check, OutputCheck::FirstOutputSeconds(_)))
    }

    /// The side that answers it. A comparison also asks the live version.
    pub(super) fn side(&self) -> Side {
        if self.kind.is_training() { Side::Trainer } else { Side::Staged }
    }
}
