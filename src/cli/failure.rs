//! A command that ended without a result: its message, and its exit code.

use cog_findings::Finding;
use replicate_sandbox::SandboxError;

use crate::clients::claude::ClaudeError;
use crate::clients::docker::DockerError;
use crate::clients::github::GitHubError;
use crate::clients::pagerduty::PagerDutyError;
use crate::clients::registry::RegistryError;
use crate::clients::replicate::ReplicateError;
use crate::domain::verdict::Verdict;
use crate::inspect::InspectError;
use crate::support::causes::with_causes;

/// Why a command ended without a result.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit code's meaning.
    pub(super) verdict: Verdict,
    /// What happened, with its causes.
    pub(super) error: anyhow::Error,
    /// The fix, as an imperative.
    pub(super) hint: Option<String>,
    /// Findings that explain it better than the error.
    pub(super) findings: Vec<Finding>,
}

impl Failure {
    /// A failure with a known meaning.
    pub(super) fn new(verdict: Verdict, error: impl Into<anyhow::Error>) -> Self {
        Self { verdict, error: error.into(), hint: None, findings: Vec::new() }
    }

    /// The request is wrong.
    pub(super) fn request(message: impl Into<String>) -> Self {
        Self::new(Verdict::Misconfigured, anyhow::Error::msg(message.into()))
    }

    /// Adds the fix.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the fix, if there is one.
    pub(super) fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }

    /// The error and its causes.
    pub(super) fn message(&self) -> String {
        with_causes(self.error.as_ref())
    }
}

/// Unexpected errors at the edge (files, streams) count as a wrong request, unless they were given another meaning.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Verdict::Misconfigured, error)
    }
}

/// Errors of clients know who is at fault, and the fix.
macro_rules! from_client_errors {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                let (verdict, hint) = (error.kind().verdict(), error.hint());
                Self::new(verdict, error).maybe_hint(hint)
            }
        })*
    };
}

from_client_errors!(ClaudeError, DockerError, GitHubError, PagerDutyError, RegistryError, ReplicateError);

/// A project that cannot be inspected: its findings explain it better than the error.
impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        let (verdict, hint) = (error.verdict(), error.hint());
        let findings = error.findings().to_vec();
        Self { findings, ..Self::new(verdict, error).maybe_hint(hint) }
    }
}

/// The sandbox is a service like the others, with options of its own.
impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        let hint = error.hint();
        let verdict = if error.is_bad_option() { Verdict::Misconfigured } else { Verdict::ServiceError };
        Self::new(verdict, error).maybe_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_chain_says_nothing_twice() {
        let error = Err::<(), _>(std::io::Error::other("disk is full")).context("failed to write: disk is full").unwrap_err();
        assert_eq!(Failure::from(error).message(), "failed to write: disk is full");
        let error = Err::<(), _>(std::io::Error::other("disk is full")).context("failed to write").unwrap_err();
        assert_eq!(Failure::from(error).message(), "failed to write: disk is full");
    }
}
