//! Why a project cannot be inspected.

use std::io;
use std::path::PathBuf;

use cog_findings::{Finding, Location};

use crate::domain::verdict::Verdict;

/// A project cannot be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The folder has no `cog.yaml`.
    #[error("no cog.yaml found in {}", folder.display())]
    NoConfig {
        folder: PathBuf,
        /// A file with a similar name.
        near: Option<String>,
    },
    /// A file exists but cannot be read.
    #[error("failed to read {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// `cog.yaml` is not a configuration.
    #[error("{file} cannot be used")]
    Unusable {
        /// The file as the user knows it.
        file: String,
        /// Its problems.
        findings: Vec<Finding>,
    },
    /// `cog_version` is not a version.
    #[error("'{text}' is not a version of Cog")]
    BadVersion { text: String },
    #[error("the inspection was canceled")]
    Cancelled,
}

impl InspectError {
    /// The fix.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoConfig { near: Some(near), .. } => Some(format!("rename {near} to cog.yaml")),
            Self::NoConfig { near: None, .. } => {
                Some("run safe-push in the folder of a Cog model, or name the folder with --working-directory".to_owned())
            }
            Self::BadVersion { .. } => Some("pass a release such as 0.16.12 or v0.22.0, or latest".to_owned()),
            Self::Unreadable { .. } | Self::Unusable { .. } | Self::Cancelled => None,
        }
    }

    /// The verdict of a run that stops with this error.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Cancelled => Verdict::Cancelled,
            _ => Verdict::Misconfigured,
        }
    }

    /// Findings that explain the error.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Unusable { findings, .. } => findings,
            _ => &[],
        }
    }

    /// The location of the first finding.
    pub fn location(&self) -> Option<Location> {
        self.findings().first().and_then(|finding| finding.location.clone())
    }
}
