//! What a model is to a plan, and which models must not be one and the same.

use std::fmt;

/// The role of a model in a plan. On a clash, the later role must change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelRole {
    /// Gets what was tested.
    Live,
    /// Gets what was tested, once it is proven to contain no secret.
    Official,
    /// Gets what is going to be tested.
    Test,
    /// Gets what test trainings produce.
    Destination,
}

impl ModelRole {
    /// The key that names it in a configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Live => "model",
            Self::Official => "official_model",
            Self::Test => "test_model",
            Self::Destination => "train.destination",
        }
    }

    /// Whether versions get there before they are tested.
    pub const fn is_untested(self) -> bool {
        matches!(self, Self::Test | Self::Destination)
    }

    /// Whether a model may have these two roles in different configurations. One live model may have several
    /// configurations, and models may share a test model: every prediction names its version. What is published after a proof must not be
    /// published without it, and what is published at all must not get anything untested.
    pub fn goes_with(self, other: Self) -> bool {
        self == other || (self.is_untested() && other.is_untested())
    }
}

impl fmt::Display for ModelRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Live => "live model",
            Self::Official => "official model",
            Self::Test => "test model",
            Self::Destination => "destination of trainings",
        })
    }
}
