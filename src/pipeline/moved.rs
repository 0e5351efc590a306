//! A model or a deployment that somebody else changed during the run: the schemas are compared again, and the decision is made again.

use cog_findings::{Finding, Severity};
use serde_json::Value;

use crate::domain::cleared::{Blocked, Cleared, Compared};
use crate::inspect::{PolicyFindings, compare_with};
use crate::pipeline::inspecting::InspectedModel;
use crate::pipeline::record::ModelRecord;
use crate::pipeline::stop::Stop;
use crate::publish::{Moved, PublishError};

/// How often a model may change between a check and the push after it. Beyond that, somebody publishes continuously.
const MAX_MOVES: usize = 5;

/// What is compared with a version that appeared during the run.
#[derive(Clone, Copy)]
pub(super) struct Comparing<'a> {
    pub(super) model: &'a InspectedModel,
    /// The schema of what was built.
    pub(super) schema: &'a Value,
}

/// The moves of one model so far.
#[derive(Default)]
pub(super) struct Moves(usize);

impl Moves {
    /// Clears a version again, to replace the version that is there now.
    pub(super) fn clear_again(
        &mut self,
        record: &mut ModelRecord<'_>,
        cleared: Cleared,
        moved: Box<Moved>,
        comparing: Comparing<'_>,
    ) -> Result<Cleared, Stop> {
        self.0 += 1;
        if self.0 > MAX_MOVES {
            return Err(PublishError::Moved(moved).into());
        }
        let findings = decide_again(record, &moved, moved.schema(), cleared.compared_outputs(), comparing)?;
        Ok(cleared.replacing(moved.replaced(), &findings, record.model.plan.allow.moved_live)?)
    }
}

/// Compares the schemas again and decides, with a finding about it in the report. `schema` is that of what is there now; `compared_outputs`
/// says whether outputs were compared with what was there before. Returns what the comparison found.
pub(super) fn decide_again(
    record: &mut ModelRecord<'_>,
    moved: &Moved,
    schema: Option<&Value>,
    compared_outputs: bool,
    Comparing { model, schema: ours }: Comparing<'_>,
) -> Result<Vec<Finding>, Blocked> {
    let found = match schema {
        Some(theirs) => compare_with(theirs, ours, &model.inspected.source_maps, &record.model.plan.inspect),
        None => PolicyFindings::default(),
    };
    record.report.ignored.extend(found.ignored);
    record.found(found.findings.clone());
    let compared = Compared { outputs: compared_outputs, may_move: record.model.plan.allow.moved_live };
    let decided = compared.clear_moved(&moved.name, &found.findings);
    record.found(vec![moved.finding(if decided.is_ok() { Severity::Warning } else { Severity::Error })]);
    decided.map(|()| found.findings)
}
