//! Reports for GitHub: one check run per model, one comment per pull request, annotations.
//!
//! A check run carries its model's [`Row`] in its text, so that the last job can make the comment from the check runs of the commit.
//! Everything stays within GitHub's limits, counted in bytes: `docs/reference/github-actions.md#check-run-limits` and
//! `docs/reference/github-actions.md#comment-length`. Sending is left to `deliver`.

mod annotations;
mod check;
mod comment;
mod row;

#[cfg(test)]
mod tests;

pub(crate) use annotations::{AnnotationLevel, LineAnnotation, annotations};
pub(crate) use check::check_text;
pub(crate) use comment::{COMMENT_BYTES, CommentRow, MARKER, comment_markdown, run_of_comment};
pub(crate) use row::{external_id, read_external_id, row_of_text};
