//! Check runs and the comment of a pull request.
//!
//! A job writes its model's check run twice: when it starts and when it finishes. Every job that finishes updates the comment from the
//! check runs of the commit. It is done only when it has read everything again and found nothing to do, so that the last of several jobs
//! always leaves the complete table (see [`comment`]).

mod checks;
mod comment;
mod finish;

pub use checks::{Checks, HeadCommit, started_name};
pub use comment::{CommentOutcome, refresh_comment};
pub use finish::{Finished, Standing, finish};
