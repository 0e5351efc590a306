//! Shared state of all models of a run.

use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Account, Hardware, Replicate, ReplicateError};
use crate::domain::events::{Event, EventKind, Observer};
use crate::pipeline::RunOptions;
use crate::support::clock::Clock;

/// Shared state of all models of a run.
pub(super) struct RunContext<'a> {
    pub(super) has_judge: bool,
    pub(super) clock: &'a dyn Clock,
    pub(super) options: &'a RunOptions,
    pub(super) observer: &'a dyn Observer,
    pub(super) cancelled: &'a CancellationToken,
    account: OnceCell<Account>,
    hardware: OnceCell<Vec<Hardware>>,
}

impl<'a> RunContext<'a> {
    pub(super) fn new(
        has_judge: bool,
        clock: &'a dyn Clock,
        options: &'a RunOptions,
        observer: &'a dyn Observer,
        cancelled: &'a CancellationToken,
    ) -> Self {
        Self { has_judge, clock, options, observer, cancelled, account: OnceCell::new(), hardware: OnceCell::new() }
    }

    /// The token's account, asked for once per run: the cheapest way to learn that the token is rejected.
    pub(super) async fn account(&self, replicate: &dyn Replicate) -> Result<&Account, ReplicateError> {
        self.account.get_or_try_init(|| replicate.account()).await
    }

    /// The hardware that the account may use, asked for once per run.
    pub(super) async fn hardware(&self, replicate: &dyn Replicate) -> Result<&[Hardware], ReplicateError> {
        self.hardware.get_or_try_init(|| replicate.hardware()).await.map(Vec::as_slice)
    }

    pub(super) fn tell(&self, model: &str, kind: EventKind) {
        self.observer.observe(Event { model: Some(model.to_owned()), kind });
    }
}
