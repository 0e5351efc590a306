//! What the source does not tell.

use crate::domain::finding::{Finding, Location};
use crate::domain::rule::Rule;
use crate::python::rules;

/// Why a signature cannot be read. The kinds are Cog's own (`contracts/cog.md` section 4.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A file that is missing, too large, or no Python.
    Unreadable,
    /// The file has no class or function of that name.
    TargetNotFound,
    /// The class has no such method.
    MethodNotFound,
    /// No `->`.
    MissingReturn,
    /// A parameter without annotation.
    MissingAnnotation,
    /// An annotation that Cog has no schema for.
    UnsupportedType,
    /// `Input(default_factory=...)`.
    DefaultFactory,
    /// An output that may be `None`.
    OptionalOutput,
    /// A `ConcatenateIterator` of something else than `str`.
    ConcatenateIterator,
    /// Choices that only running the program would tell.
    ChoicesNotStatic,
    /// A default that only running the program would tell.
    DefaultNotStatic,
    /// A name that is neither Cog's nor of the project.
    UnknownType,
    /// `accept` on something that is no file.
    AcceptOnNonFile,
    /// Constraints on a type that cannot have them.
    MisplacedConstraint,
    /// A decorator's arguments.
    Decorator,
}

impl ErrorKind {
    fn rule(self) -> &'static Rule {
        match self {
            Self::Unreadable => &rules::UNREADABLE,
            Self::TargetNotFound => &rules::TARGET_NOT_FOUND,
            Self::MethodNotFound => &rules::METHOD_NOT_FOUND,
            Self::MissingReturn => &rules::MISSING_RETURN,
            Self::MissingAnnotation => &rules::MISSING_ANNOTATION,
            Self::UnsupportedType => &rules::UNSUPPORTED_TYPE,
            Self::DefaultFactory => &rules::DEFAULT_FACTORY,
            Self::OptionalOutput => &rules::OPTIONAL_OUTPUT,
            Self::ConcatenateIterator => &rules::CONCATENATE_ITERATOR,
            Self::ChoicesNotStatic => &rules::CHOICES_NOT_STATIC,
            Self::DefaultNotStatic => &rules::DEFAULT_NOT_STATIC,
            Self::UnknownType => &rules::UNKNOWN_TYPE,
            Self::AcceptOnNonFile => &rules::ACCEPT_ON_NON_FILE,
            Self::MisplacedConstraint => &rules::MISPLACED_CONSTRAINT,
            Self::Decorator => &rules::DECORATOR,
        }
    }
}

/// One thing that the source does not tell, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SignatureError {
    /// What kind of thing.
    pub kind: ErrorKind,
    /// What, in one line.
    pub message: String,
    /// Where.
    pub location: Location,
    /// The way out.
    pub hint: Option<String>,
}

impl SignatureError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>, location: Location) -> Self {
        Self { kind, message: message.into(), location, hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error as a finding.
    pub fn finding(&self) -> Finding {
        let finding = Finding::new(self.kind.rule(), self.message.clone()).at(self.location.clone());
        match &self.hint {
            Some(hint) => finding.hint(hint.clone()),
            None => finding,
        }
    }
}
