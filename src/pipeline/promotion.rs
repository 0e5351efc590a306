//! What a model needs to take part in promotions: a seal, and where records of earlier runs are.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::domain::plan::PromoteMode;
use crate::domain::tested::{SEAL_PURPOSE, Seal};
use crate::support::SecretString;
use crate::support::seal::SealKey;

/// Where records of earlier runs are.
pub trait TestedRecords: Send + Sync {
    /// The record of a model. `None` when nothing was tested for what is published now.
    ///
    /// # Errors
    /// Why a record that may exist is not taken.
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, String>>;
}

/// How a model takes part in promotions.
#[derive(Clone)]
pub struct Promotion {
    /// Whether a version that was tested before is published instead.
    pub mode: PromoteMode,
    /// Seals records, and recognizes records of others.
    pub seal: Arc<RecordSeal>,
    /// Where records of earlier runs are. `None` where there are none.
    pub records: Option<Arc<dyn TestedRecords>>,
}

/// The seal of those who have the CLI token.
pub struct RecordSeal(SealKey);

impl RecordSeal {
    /// Derives it from the token. `None` for one that cannot be a key.
    pub fn of(cli_token: &SecretString) -> Option<Self> {
        SealKey::of(cli_token, SEAL_PURPOSE).map(Self)
    }
}

impl Seal for RecordSeal {
    fn seal(&self, text: &str) -> String {
        self.0.seal(text)
    }

    fn fits(&self, text: &str, seal: &str) -> bool {
        self.0.fits(text, seal)
    }
}
