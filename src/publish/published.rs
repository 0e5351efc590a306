//! The result of a publication.

use cog_findings::Finding;

use crate::domain::identity::VersionRef;
use crate::domain::report::{LayerProof, Transfer};
use crate::publish::moved::Moved;

/// A published version.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    pub version: VersionRef,
    /// Its layers next to those that were tested.
    pub layers: LayerProof,
    /// How its layers got there.
    pub transfer: Transfer,
    /// The version that was live before, for a rollback. `None` for a model's first version.
    pub previous: Option<VersionRef>,
    /// The version that somebody else published between the check and the push, which it replaced unseen.
    pub overwritten: Option<Moved>,
    /// Findings about it.
    pub findings: Vec<Finding>,
}
