//! What earlier runs left behind because they were killed: every run removes it at its start, and `safe-push clean` on request.
//!
//! At a start this costs a few milliseconds with a quiet daemon, has a limit, and never fails the run.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use crate::cli::printer::Printer;
use crate::clients::docker::{DescribeDaemon as _, DockerError, RealDocker};
use crate::domain::cleanup::{Cleanup, LeftFolder};
use crate::support::clock::{Clock as _, SystemClock};
use crate::support::temporary_folder::{find_left_folders, folder_size, remove_folder};

/// How long a run may wait for the cleanup. The daemon finishes what was started; the next run does the rest.
const START_LIMIT: Duration = Duration::from_secs(5);

/// Removes what earlier runs left. Problems are warnings.
pub(super) async fn remove_at_start(docker: &RealDocker, printer: &Printer) {
    let swept = timeout(START_LIMIT, async { tokio::join!(remove_from(docker), remove_folders()) }).await;
    match swept {
        Ok((Ok(()), ())) => {}
        Ok((Err(error), ())) => printer.warn(format!("failed to remove what earlier runs left behind: {error}"), error.hint()),
        Err(_elapsed) => tracing::info!("removing leftovers of earlier runs is slow; the next run continues"),
    }
}

/// Removes what a killed run left in the daemon after this run had looked, as when the daemon completed a request for nobody.
pub(super) async fn remove_at_end(docker: &RealDocker) {
    match timeout(START_LIMIT, remove_from(docker)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::info!(%error, "failed to remove what earlier runs left behind"),
        Err(_elapsed) => tracing::info!("removing leftovers of earlier runs is slow"),
    }
}

async fn remove_from(docker: &RealDocker) -> Result<(), DockerError> {
    let left = docker.find_leftovers(SystemClock.now()).await?;
    if left.is_empty() {
        return Ok(());
    }
    let removal = docker.remove_leftovers(&left).await;
    tracing::info!(count = removal.removed.len(), "removed what earlier runs left behind");
    for problem in removal.problems {
        // Another run may be removing the same things at this time. What remains is found again.
        tracing::info!(%problem, "failed to remove what an earlier run left behind");
    }
    Ok(())
}

async fn remove_folders() {
    let removed = tokio::task::spawn_blocking(|| {
        for folder in find_left_folders(&temporary_folder()).unwrap_or_default() {
            if let Err(error) = remove_folder(&folder) {
                tracing::info!(%error, folder = %folder.display(), "failed to remove a folder of an earlier run");
            }
        }
    });
    if let Err(error) = removed.await {
        tracing::info!(%error, "failed to look for folders of earlier runs");
    }
}

fn temporary_folder() -> PathBuf {
    std::env::temp_dir()
}

/// A cleanup on request.
pub(super) struct Cleaner {
    cleanup: Cleanup,
}

impl Cleaner {
    /// A cleanup that removes, or only lists.
    pub(super) fn new(dry_run: bool) -> Self {
        Self { cleanup: Cleanup { dry_run, ..Cleanup::default() } }
    }

    /// Cleans the daemon.
    pub(super) async fn daemon(&mut self, docker: &RealDocker) -> Result<(), DockerError> {
        let left = docker.find_leftovers(SystemClock.now()).await?;
        if self.cleanup.dry_run || left.is_empty() {
            self.cleanup.daemon = left;
            return Ok(());
        }
        let before = docker.disk_usage().await;
        let removal = docker.remove_leftovers(&left).await;
        self.cleanup.daemon = removal.removed;
        self.cleanup.problems.extend(removal.problems.iter().map(ToString::to_string));
        if let (Ok(before), Ok(after)) = (before, docker.disk_usage().await) {
            self.cleanup.freed_bytes += before.images_bytes.saturating_sub(after.images_bytes);
        }
        Ok(())
    }

    /// Cleans the temporary folder, and returns the cleanup.
    pub(super) async fn folders(self) -> Cleanup {
        let Self { mut cleanup } = self;
        let worked = tokio::task::spawn_blocking(move || {
            match find_left_folders(&temporary_folder()) {
                Ok(found) => found.into_iter().for_each(|path| clean_folder(path, &mut cleanup)),
                Err(error) => cleanup.problems.push(format!("failed to read {}: {error}", temporary_folder().display())),
            }
            cleanup
        });
        // A panic of the task would be a bug, so it is passed on.
        worked.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

fn clean_folder(path: PathBuf, cleanup: &mut Cleanup) {
    let size_bytes = folder_size(&path);
    if !cleanup.dry_run
        && let Err(error) = remove_folder(&path)
    {
        cleanup.problems.push(format!("failed to remove {}: {error}", path.display()));
        return;
    }
    cleanup.freed_bytes += size_bytes;
    cleanup.folders.push(LeftFolder { path, size_bytes });
}
