//! Canceled jobs: makes sure that their container stops them, or gives up on the container.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

use super::super::job_kind::JobKind;
use super::docker::RunningContainer;
use super::slot::Slot;

/// How long a canceled job may take to stop. A `predict()` that blocks ignores the request; its container is then given up.
const CANCEL_LIMIT: Duration = Duration::from_secs(5);
const CANCEL_INTERVAL: Duration = Duration::from_millis(100);

/// Stops a job whose future was dropped.
pub(super) struct CancelOnDrop {
    pub(super) job: Option<Abandoned>,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let (Some(job), Ok(runtime)) = (self.job.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(job.end());
        }
    }
}

/// A job that nobody waits for any more but that may still run in its container.
pub(super) struct Abandoned {
    pub(super) slot: Arc<Slot>,
    pub(super) running: Arc<RunningContainer>,
    /// Held until the job has stopped, so that no other job is sent to the busy container.
    pub(super) permit: OwnedSemaphorePermit,
    pub(super) kind: JobKind,
    pub(super) id: String,
}

impl Abandoned {
    async fn end(self) {
        let stopped = async {
            while matches!(self.running.server.cancel(self.kind, &self.id).await, Ok(true)) {
                sleep(CANCEL_INTERVAL).await;
            }
        };
        if timeout(CANCEL_LIMIT, stopped).await.is_err() {
            tracing::debug!(id = %self.id, "a canceled job keeps running, so its container is given up");
            self.slot.let_go(&self.running).await;
            self.running.permits.close();
        }
        drop(self.permit);
    }
}
