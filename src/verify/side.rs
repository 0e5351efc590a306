//! Which version answers a call, and through which method.

use cog_schema::Method;

/// Which version answers a call, and through which method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The version under test, for a prediction.
    Staged,
    /// The version under test, for a training. Trainings boot a container of their own.
    Trainer,
    /// The live version, for a prediction.
    Live,
}

impl Side {
    /// Whether this is the version under test.
    pub(super) fn is_staged(self) -> bool {
        self != Self::Live
    }

    pub(super) fn method(self) -> Method {
        match self {
            Self::Trainer => Method::Train,
            Self::Staged | Self::Live => Method::Predict,
        }
    }
}
