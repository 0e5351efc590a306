//! Why a signature cannot be read.

use cog_findings::{Finding, Location, Rule};

use crate::target::Target;

/// Why something could not be read: at least one error.
pub(super) type SignatureErrors = Vec<SignatureError>;

/// One reason why a signature cannot be read, with its location. Each kind is a [`Rule`] of [`RULES`](super::RULES).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SignatureError {
    rule: &'static Rule,
    message: String,
    location: Box<Location>,
    hint: Option<String>,
    missing_target: Option<Box<Target>>,
}

impl SignatureError {
    pub(super) fn new(rule: &'static Rule, location: Location, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), location: Box::new(location), hint: None, missing_target: None }
    }

    #[must_use]
    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(super) fn because_missing(mut self, target: &Target) -> Self {
        self.missing_target = Some(Box::new(target.clone()));
        self
    }

    /// The rule that is broken.
    pub const fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// Where the source is at fault.
    pub const fn location(&self) -> &Location {
        &self.location
    }

    /// What `cog.yaml` names in vain, if that is the reason: the file does not exist, or does not define it.
    pub fn missing_target(&self) -> Option<&Target> {
        self.missing_target.as_deref()
    }

    /// The fix.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub fn finding(&self) -> Finding {
        let finding = Finding::new(self.rule, &self.message).at((*self.location).clone());
        match &self.hint {
            Some(hint) => finding.hint(hint),
            None => finding,
        }
    }
}
