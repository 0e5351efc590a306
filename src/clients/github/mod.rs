//! GitHub's REST API, as far as a report needs it: check runs, comments of a pull request, lists of changed files.
//!
//! [`GitHub`] is the trait, [`RealGitHub`] speaks through octocrab, over the HTTP client of all our clients (its own knows no proxy), with
//! its retries off: those would repeat a creation at once, and a
//! second comment would be there. What may be repeated is decided in `policy`. What is written is left to `report`, when, to `deliver`.

mod api;
mod error;
mod policy;
mod real;
mod types;

pub use api::GitHub;
pub use error::GitHubError;
pub use policy::Policy;
pub use real::{GitHubOptions, RealGitHub};
pub use types::{
    Annotation, AnnotationLevel, ChangedFile, CheckRun, CheckRunOutput, Comment, Comparison, Conclusion, NewCheckRun, Repository,
    UpdatedCheckRun,
};
