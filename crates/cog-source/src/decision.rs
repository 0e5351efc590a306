//! The choices of a build and their reasons: the lines of `--explain`.

use std::fmt;

/// A choice that a build makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The subject, such as `CUDA`.
    pub what: String,
    /// The choice, such as `12.1`.
    pub chosen: String,
    /// The reason, as a clause that follows "because".
    pub because: String,
}

impl Decision {
    /// A choice with its reason.
    pub fn new(what: impl Into<String>, chosen: impl Into<String>, because: impl Into<String>) -> Self {
        Self { what: what.into(), chosen: chosen.into(), because: because.into() }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}, because {}", self.what, self.chosen, self.because)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_reads_as_a_sentence() {
        let decision = Decision::new("CUDA", "12.1", "torch 2.1.0 was built for it");
        assert_eq!(decision.to_string(), "CUDA: 12.1, because torch 2.1.0 was built for it");
    }
}
