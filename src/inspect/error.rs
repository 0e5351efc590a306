//! Why a project cannot be inspected.

use std::io;
use std::path::PathBuf;

use cog_findings::{Finding, Location};

use crate::domain::verdict::Verdict;

/// A project that cannot be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// There is no `cog.yaml`.
    #[error("there is no cog.yaml in {}", folder.display())]
    NoConfig {
        /// Where it was looked for.
        folder: PathBuf,
        /// A file whose name is near.
        near: Option<String>,
    },
    /// A file that is there and cannot be read.
    #[error("failed to read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `cog.yaml` is no configuration at all.
    #[error("{file} cannot be used")]
    Unusable {
        /// The file as the user knows it.
        file: String,
        /// What is wrong with it.
        findings: Vec<Finding>,
    },
    /// `cog_version` is no version.
    #[error("'{text}' is not a version of Cog")]
    BadVersion {
        /// What was asked for.
        text: String,
    },
    /// Somebody stopped the run.
    #[error("the inspection was cancelled")]
    Cancelled,
}

impl InspectError {
    /// The way out.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoConfig { near: Some(near), .. } => Some(format!("rename {near} to cog.yaml")),
            Self::NoConfig { near: None, .. } => {
                Some("run safe-push in the folder of a Cog model, or name it with --working-directory".to_owned())
            }
            Self::BadVersion { .. } => Some("give a release as in 0.16.12 or v0.22.0, or latest".to_owned()),
            Self::Unreadable { .. } | Self::Unusable { .. } | Self::Cancelled => None,
        }
    }

    /// How a run ends that meets it.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Cancelled => Verdict::Cancelled,
            _ => Verdict::Misconfigured,
        }
    }

    /// What there is to say with places.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Unusable { findings, .. } => findings,
            _ => &[],
        }
    }

    /// The place of the first problem.
    pub fn location(&self) -> Option<Location> {
        self.findings().first().and_then(|finding| finding.location.clone())
    }
}
