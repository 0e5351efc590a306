//! What a team sees on GitHub: a check run per model, one comment per pull request, annotations.
//!
//! A check run carries its model's [`Row`] within its text, so that the comment can be made from the check runs of a commit alone, by
//! whichever job comes last. All of it is bytes within GitHub's limits (`contracts/github.md` sections 3 and 4). Sending is left to
//! `deliver`.

mod annotations;
mod check;
mod comment;
mod row;

#[cfg(test)]
mod tests;

pub use annotations::{AnnotationLevel, LineAnnotation, annotations};
pub use check::{CheckText, check_text};
pub use comment::{COMMENT_BYTES, CommentRow, MARKER, comment_markdown, run_of_comment};
pub use row::{CaseCounts, Differing, Problem, Row, external_id, read_external_id, row_of, row_of_text};
