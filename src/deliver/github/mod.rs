//! Check runs and the comment of a pull request.
//!
//! A job writes its model's check run twice: when it begins and when it ends. The comment is made from the check runs of the commit by
//! every job that ends. A job is done with it only when it has read everything again and found nothing to do, so that the last of several
//! jobs always leaves the complete table (see [`comment`]).

mod checks;
mod comment;
mod finish;

pub use checks::{Checks, HeadCommit, started_name};
pub use comment::{CommentOutcome, refresh_comment};
pub use finish::{Finished, Standing, finish};
