//! Whose failure is it? The question that decides the exit code.

use crate::domain::verdict::Verdict;

/// The class of a client's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// What we asked for is wrong: a name, a token, a permission, an input.
    Request,
    /// The service, or the way to it, failed us.
    Service,
    /// The account cannot pay.
    Billing,
    /// The model does not do what it should: it never starts, or never ends.
    Model,
    /// Somebody stopped the run.
    Cancelled,
}

impl ErrorKind {
    /// How a run ends that meets such an error.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Request => Verdict::Misconfigured,
            Self::Service => Verdict::ServiceError,
            Self::Billing => Verdict::Billing,
            Self::Model => Verdict::Failed,
            Self::Cancelled => Verdict::Cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_an_exit_code_of_its_own() {
        let kinds = [ErrorKind::Request, ErrorKind::Service, ErrorKind::Billing, ErrorKind::Model, ErrorKind::Cancelled];
        assert_eq!(kinds.map(|kind| kind.verdict().exit_code()), [2, 3, 4, 1, 130]);
    }
}
