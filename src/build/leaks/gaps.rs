//! What a search did not look into, for the report.

use cog_findings::Finding;
use cog_findings::text::count;

use crate::build::leaks::unpack::Unpacked;
use crate::build::rules;

/// One note for each reason.
pub(super) fn gap_findings(place: &str, unpacked: Unpacked) -> Vec<Finding> {
    let note = |(why, number): (String, usize)| {
        let message = format!("{} in {place} not searched for secrets: {why}", count(number, "packed file"));
        Finding::new(&rules::SECRET_SEARCH_INCOMPLETE, message)
    };
    unpacked.gaps.into_iter().map(note).collect()
}
