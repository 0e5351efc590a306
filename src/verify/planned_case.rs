//! A case that a verification runs.

use cog_findings::Location;
use cog_schema::Method;

use crate::domain::case::{CaseId, CaseKind, Expectation};
use crate::domain::prediction::Inputs;
use crate::verify::side::Side;

/// A case that a verification runs: written in the configuration, generated, or a comparison with live.
#[derive(Debug, Clone)]
pub(super) struct PlannedCase {
    pub(super) id: CaseId,
    pub(super) kind: CaseKind,
    pub(super) inputs: Inputs,
    pub(super) expectation: Expectation,
    /// Where the configuration asks for it.
    pub(super) location: Option<Location>,
}

impl PlannedCase {
    /// The method of the model that it calls.
    pub(super) fn method(&self) -> Method {
        self.side().method()
    }

    /// The side that answers it. A comparison also asks the live version.
    pub(super) fn side(&self) -> Side {
        if self.kind.is_training() { Side::Trainer } else { Side::Staged }
    }
}
