//! Slots: each holds at most one container of a version and kind of job, shared by the jobs that use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::docker::RunningContainer;

/// Holds the container of one version and kind of job.
#[derive(Default)]
pub(super) struct Slot {
    /// Locked while booting, so that other jobs wait instead of booting a second container.
    pub(super) running: tokio::sync::Mutex<Option<Arc<RunningContainer>>>,
    jobs: AtomicUsize,
    /// Counts started jobs, so that the idle timer notices one that came and went while it ran.
    jobs_started: AtomicU64,
}

impl Slot {
    /// Empties the slot if it still holds this container, which is then removed once its last job has finished.
    pub(super) async fn let_go(&self, container: &Arc<RunningContainer>) {
        let mut running = self.running.lock().await;
        if running.as_ref().is_some_and(|current| Arc::ptr_eq(current, container)) {
            *running = None;
        }
    }
}

/// A job in a slot. Dropping the last one starts the container's idle timer.
pub(super) struct ActiveJob {
    slot: Arc<Slot>,
    idle_stop: Duration,
    closing: CancellationToken,
}

impl ActiveJob {
    pub(super) fn new(slot: Arc<Slot>, idle_stop: Duration, closing: CancellationToken) -> Self {
        slot.jobs.fetch_add(1, Ordering::SeqCst);
        slot.jobs_started.fetch_add(1, Ordering::SeqCst);
        Self { slot, idle_stop, closing }
    }
}

impl Drop for ActiveJob {
    fn drop(&mut self) {
        if self.slot.jobs.fetch_sub(1, Ordering::SeqCst) > 1 || self.closing.is_cancelled() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (slot, idle_stop, closing) = (Arc::clone(&self.slot), self.idle_stop, self.closing.clone());
        let jobs_started = slot.jobs_started.load(Ordering::SeqCst);
        runtime.spawn(async move {
            tokio::select! {
                () = closing.cancelled() => return,
                () = sleep(idle_stop) => {}
            }
            let mut running = slot.running.lock().await;
            if slot.jobs_started.load(Ordering::SeqCst) == jobs_started
                && let Some(running) = running.take()
            {
                running.remove().await;
            }
        });
    }
}
