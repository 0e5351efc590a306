//! Who is at fault for an error. Decides the exit code.

use crate::domain::verdict::Verdict;

/// Who is at fault for a client's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request: a name, token, permission or input is wrong.
    Request,
    /// The service or the network.
    Service,
    /// The account's credit or spend limit.
    Billing,
    /// The model: it never starts or never finishes.
    Model,
    Cancelled,
}

impl ErrorKind {
    /// The verdict of a run that fails with such an error.
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
    fn every_kind_has_its_own_exit_code() {
        let kinds = [ErrorKind::Request, ErrorKind::Service, ErrorKind::Billing, ErrorKind::Model, ErrorKind::Cancelled];
        assert_eq!(kinds.map(|kind| kind.verdict().exit_code()), [2, 3, 4, 1, 130]);
    }
}
