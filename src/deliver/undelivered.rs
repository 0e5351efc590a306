//! A report that did not reach one of its targets.

use std::error::Error;
use std::fmt;

use crate::clients::github::GitHubError;

/// Where a run's report is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryTarget {
    /// The folder of `run.json` and the rendered reports.
    Folder,
    /// Standard output.
    Console,
    /// A model's check run.
    CheckRun {
        /// The model's name.
        model: String,
    },
    /// The check runs of the commit.
    CheckRuns,
    /// The comment of the pull request.
    Comment,
    /// The images of the comment.
    Images,
    /// The job summary.
    Summary,
    /// A deployment on GitHub.
    Deployment { environment: String },
    /// An output of the step.
    Output { name: &'static str },
}

impl fmt::Display for DeliveryTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder => formatter.write_str("the report folder"),
            Self::Console => formatter.write_str("standard output"),
            Self::CheckRuns => formatter.write_str("the check runs"),
            Self::CheckRun { model } if model.is_empty() => formatter.write_str("the check run of the run"),
            Self::CheckRun { model } => write!(formatter, "the check run of {model}"),
            Self::Comment => formatter.write_str("the pull request's comment"),
            Self::Images => formatter.write_str("the comment's images"),
            Self::Summary => formatter.write_str("the job summary"),
            Self::Deployment { environment } => write!(formatter, "the deployment of {environment}"),
            Self::Output { name } => write!(formatter, "the output {name}"),
        }
    }
}

/// A target that was not reached, or only in part. The other targets and the verdict are not affected.
#[derive(Debug)]
pub struct Undelivered {
    pub target: DeliveryTarget,
    /// The error and its causes.
    pub message: String,
    /// The fix.
    pub hint: Option<String>,
}

impl Undelivered {
    /// A target that could not be reached because of an error.
    pub fn new(target: DeliveryTarget, error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { target, message, hint: None }
    }

    pub fn at_github(target: DeliveryTarget, error: &GitHubError) -> Self {
        Self { hint: error.hint().map(str::to_owned), ..Self::new(target, error) }
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.target, self.message)
    }
}
