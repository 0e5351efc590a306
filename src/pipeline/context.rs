//! What all models of a run share.

use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Account, Replicate, ReplicateError};
use crate::domain::events::{Event, EventKind, Observer};
use crate::inspect::Tools;
use crate::pipeline::RunOptions;
use crate::support::clock::Clock;

/// What all models of a run share.
pub(super) struct RunContext<'a> {
    pub(super) replicate: Option<&'a dyn Replicate>,
    pub(super) has_judge: bool,
    pub(super) clock: &'a dyn Clock,
    pub(super) tools: &'a Tools,
    pub(super) options: &'a RunOptions,
    pub(super) observer: &'a dyn Observer,
    pub(super) cancelled: &'a CancellationToken,
    account: OnceCell<Account>,
}

impl<'a> RunContext<'a> {
    pub(super) fn new(
        replicate: Option<&'a dyn Replicate>,
        has_judge: bool,
        clock: &'a dyn Clock,
        tools: &'a Tools,
        options: &'a RunOptions,
        observer: &'a dyn Observer,
        cancelled: &'a CancellationToken,
    ) -> Self {
        Self { replicate, has_judge, clock, tools, options, observer, cancelled, account: OnceCell::new() }
    }

    /// Whom the token belongs to, asked once: the cheapest way to learn that it is not accepted.
    pub(super) async fn account(&self, replicate: &dyn Replicate) -> Result<&Account, ReplicateError> {
        self.account.get_or_try_init(|| replicate.account()).await
    }

    pub(super) fn tell(&self, model: &str, kind: EventKind) {
        self.observer.observe(Event { model: Some(model.to_owned()), kind });
    }
}
