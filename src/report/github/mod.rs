//! Reports for GitHub: one check run per model, one comment per pull request and workflow, annotations.
//!
//! A check run carries its model's [`Row`] in its text, so that every job can make the comment from the check runs of the workflow run.
//! Everything stays within GitHub's limits, counted in bytes: `docs/reference/github-actions.md#check-run-limits` and
//! `docs/reference/github-actions.md#comment-length`. Sending is left to `deliver`.

mod annotations;
mod check;
mod check_id;
mod comment;
mod compared;
mod frame;
mod outputs;
mod places;
mod problems;
mod row;
mod shown_outputs;
mod state;

#[cfg(test)]
mod tests;

pub(crate) use annotations::{Annotations, LineAnnotation};
pub(crate) use check::{CheckText, check_text, failed_check_text};
pub(crate) use check_id::{CheckId, is_about};
pub use check_id::{MatrixJob, WorkflowRun};
pub(crate) use comment::{COMMENT_BYTES, comment_markdown};
pub use frame::{Frame, Workflow};
pub(crate) use frame::{MARKER, Marker};
pub(crate) use outputs::{ImagesOfOutput, OutputImage, images_of_outputs};
pub use places::AnnotationPlaces;
pub(crate) use row::{Row, row_of, row_of_failed_run, row_of_text};
pub use state::{CheckState, CommentRow, JobEnd, RunState};
