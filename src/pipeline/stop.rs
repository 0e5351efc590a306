//! Why a stage did not pass, and what that means for the verdict.

use std::error::Error;

use cog_findings::Finding;
use cog_findings::text::shorten;

use crate::build::{BuildError, CogCliError, PrepareError};
use crate::clients::ErrorKind;
use crate::clients::cog_server::CogServerError;
use crate::clients::docker::DockerError;
use crate::clients::replicate::{ReplicateError, ReplicateFailure};
use crate::domain::cleared::Blocked;
use crate::domain::report::{ErrorReport, StageStatus};
use crate::domain::verdict::Verdict;
use crate::inspect::InspectError;
use crate::pipeline::{PrepareTreeError, rules};
use crate::publish::PublishError;
use crate::support::causes::with_causes;
use crate::verify::VerifyError;

/// Longer messages are cut.
const MESSAGE_BYTES: usize = 8000;

/// Why a stage did not pass.
#[derive(Debug)]
pub(super) enum Stop {
    /// It did its work and found something that stops the push: a result.
    Blocked {
        /// How the model's run ends.
        verdict: Verdict,
        /// One line about it.
        note: String,
    },
    /// It could not do its work.
    Error {
        /// How the model's run ends.
        verdict: Verdict,
        /// What went wrong.
        report: ErrorReport,
        /// The error as findings, if it has a place or concerns the version.
        findings: Vec<Finding>,
    },
    /// The run was canceled.
    Cancelled,
}

impl Stop {
    /// A wrong request that the pipeline itself found.
    pub(super) fn misconfigured(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let report = ErrorReport { message: message.into(), hint: Some(hint.into()) };
        Self::Error { verdict: Verdict::Misconfigured, report, findings: Vec::new() }
    }

    fn error(kind: ErrorKind, error: &dyn Error, hint: Option<impl Into<String>>) -> Self {
        let report = ErrorReport { message: shorten(&with_causes(error), MESSAGE_BYTES), hint: hint.map(Into::into) };
        Self::Error { verdict: kind.verdict(), report, findings: Vec::new() }
    }

    fn with_findings(mut self, found: impl IntoIterator<Item = Finding>) -> Self {
        if let Self::Error { findings, .. } = &mut self {
            findings.extend(found);
        }
        self
    }

    /// How the model's run ends.
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Blocked { verdict, .. } | Self::Error { verdict, .. } => *verdict,
            Self::Cancelled => Verdict::Cancelled,
        }
    }

    /// How the stage ended.
    pub(super) fn status(&self) -> StageStatus {
        match (self, self.verdict()) {
            (_, Verdict::Cancelled) => StageStatus::Cancelled,
            (Self::Blocked { .. }, _) | (_, Verdict::Failed) => StageStatus::Failed,
            _ => StageStatus::Errored,
        }
    }
}

impl From<CogServerError> for Stop {
    fn from(error: CogServerError) -> Self {
        let hint = match &error {
            CogServerError::Url(_) => "write it as in http://localhost:5000",
            CogServerError::Token => "correct COG_SERVER_TOKEN",
            CogServerError::Client(_) | CogServerError::NotCog { .. } => "check that the server runs and can be reached from here",
        };
        Self::error(error.kind(), &error, Some(hint))
    }
}

impl From<ReplicateError> for Stop {
    fn from(error: ReplicateError) -> Self {
        // A prediction that could not be stopped has to be reported; the cancellation itself is known.
        match error.failure() {
            ReplicateFailure::Cancelled { still_running: None } => Self::Cancelled,
            _ => Self::error(error.kind(), &error, error.hint()),
        }
    }
}

impl From<DockerError> for Stop {
    fn from(error: DockerError) -> Self {
        match error {
            DockerError::Cancelled => Self::Cancelled,
            error => Self::error(error.kind(), &error, error.hint()),
        }
    }
}

impl From<PrepareTreeError> for Stop {
    fn from(error: PrepareTreeError) -> Self {
        Self::error(error.kind, &error, error.hint.clone())
    }
}

impl From<InspectError> for Stop {
    fn from(error: InspectError) -> Self {
        if let InspectError::Cancelled = error {
            return Self::Cancelled;
        }
        let report = ErrorReport { message: shorten(&with_causes(&error), MESSAGE_BYTES), hint: error.hint() };
        Self::Error { verdict: error.verdict(), report, findings: error.findings().to_vec() }
    }
}

impl From<PrepareError> for Stop {
    fn from(error: PrepareError) -> Self {
        Self::error(error.kind(), &error, error.hint()).with_findings(error.findings())
    }
}

impl From<BuildError> for Stop {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Cancelled => Self::Cancelled,
            error => Self::error(error.kind(), &error, error.hint()).with_findings(build_finding(&error)),
        }
    }
}

impl From<CogCliError> for Stop {
    fn from(error: CogCliError) -> Self {
        let finding = match &error {
            CogCliError::Cancelled | CogCliError::Docker(DockerError::Cancelled) => return Self::Cancelled,
            CogCliError::Failed { last_lines, .. } => {
                Some(Finding::new(&rules::BUILD_FAILED, error.to_string()).detail("output", last_lines.join("\n")))
            }
            _ => None,
        };
        Self::error(error.kind(), &error, error.hint()).with_findings(finding)
    }
}

impl From<PublishError> for Stop {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Cancelled => Self::Cancelled,
            error => Self::error(error.kind(), &error, error.hint()).with_findings(error.finding()),
        }
    }
}

impl From<VerifyError> for Stop {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Cancelled => Self::Cancelled,
            VerifyError::Replicate(source) if source.kind() == ErrorKind::Cancelled => source.into(),
            error => Self::error(error.kind(), &error, error.hint()),
        }
    }
}

impl From<Blocked> for Stop {
    fn from(blocked: Blocked) -> Self {
        Self::Blocked { verdict: Verdict::Failed, note: blocked.to_string() }
    }
}

/// A failed build step as a finding, on the line that caused it.
fn build_finding(error: &BuildError) -> Option<Finding> {
    let BuildError::Failed(failure) = error else { return None };
    let mut finding = Finding::new(&rules::BUILD_FAILED, failure.to_string());
    finding.location = failure.location.clone();
    finding.hint = failure.hint.clone();
    Some(finding.detail("step", failure.step.clone()).detail("output", failure.last_lines.join("\n")))
}
