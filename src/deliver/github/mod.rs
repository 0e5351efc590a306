//! Check runs and the comment of a pull request with its images, and deployments of the versions.
//!
//! A job writes its model's check run twice: when it starts and when it finishes. Every job that finishes updates the comment from the
//! check runs of the workflow run. The last of several jobs always leaves the complete table (see [`comment`]).

mod checks;
mod comment;
mod deployments;
mod finish;
mod image_files;
mod images;
mod job;
mod overview;

pub use crate::report::github::{
    AnnotationPlaces, CheckState, CommentRow, Frame, JobEnd, MatrixJob, RunState, Workflow, WorkflowRun,
};
pub use checks::{Checks, Completed, check_name};
pub use comment::{CommentKnowledge, CommentOutcome, MODELS_FOR_EVERY_JOB, refresh_comment};
pub use deployments::{Placement, announce};
pub use finish::{Finished, JobResult, close_superseded, finish};
pub use images::{ImageBranch, ImagesByModel, show_images};
pub use job::Job;
pub use overview::Overview;
