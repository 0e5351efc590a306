//! A folder in which the repository's scripts change files, which are restored afterwards.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use crate::clients::ErrorKind;
use crate::pipeline::PrepareTreeError;
use crate::select::{Changes, Journal, ScriptError, Snapshot};
use crate::support::locks::lock;

/// Where journals of changes are kept, and the commit that they are about, where that is known.
pub(super) struct Journals {
    pub(super) folder: PathBuf,
    pub(super) commit: Option<String>,
}

/// A folder in which scripts change files. The files are put back before the next script, on request, and at the latest when this is
/// dropped.
pub(super) struct ChangedTree {
    root: PathBuf,
    /// Where a journal is kept for the case that this process is killed.
    journals: Option<Journals>,
    state: Mutex<ChangedTreeState>,
}

#[derive(Default)]
struct ChangedTreeState {
    changes: Option<Changes>,
    journal: Option<Journal>,
    /// Why files could not be restored.
    problems: Vec<String>,
}

impl ChangedTreeState {
    fn restore(&mut self) {
        let problems: Vec<String> = self.changes.take().map(Changes::restore).into_iter().flatten().collect();
        // What could not be restored is left to the journal, and with it to the next start.
        if problems.is_empty() {
            self.close_journal();
        }
        self.journal = None;
        self.problems.extend(problems);
    }

    fn close_journal(&mut self) {
        if let Some(error) = self.journal.take().and_then(|journal| journal.clear().err()) {
            self.problems.push(format!("the journal of changed files could not be removed: {error}"));
        }
    }
}

impl ChangedTree {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), journals: None, state: Mutex::default() }
    }

    /// A folder whose changes the next process puts back if this one is killed: they hold a key.
    pub(super) fn with_journal(root: &Path, journals: Journals) -> Self {
        Self { root: root.to_owned(), journals: Some(journals), state: Mutex::default() }
    }

    /// Runs a script and remembers the files that it changes. They are returned relative to the folder. When the script fails they are put
    /// back at once.
    ///
    /// Blocks. Whoever restores the files in the meantime waits until the script has ended.
    pub(super) fn change<T>(
        &self,
        script: &str,
        run: impl FnOnce() -> Result<T, ScriptError>,
    ) -> Result<(T, Vec<PathBuf>), PrepareTreeError> {
        let mut state = self.state();
        state.restore();
        let before = Snapshot::take(&self.root).map_err(|error| unwatched(&error, script))?;
        if let Some(Journals { folder, commit }) = &self.journals {
            let journal = Journal::open(folder, &self.root, commit.clone(), script).map_err(|error| unnoted(&error, script))?;
            journal.begin(&before).map_err(|error| unnoted(&error, script))?;
            state.journal = Some(journal);
        }
        let outcome = run();
        let changes = before.changes().map_err(|error| unwatched(&error, script))?;
        let files = changes.files().map(Path::to_owned).collect();
        let noted = state.journal.as_ref().map_or(Ok(()), |journal| journal.record(&changes));
        state.changes = Some(changes);
        let outcome = match (outcome, noted) {
            (Ok(_), Err(error)) => {
                state.restore();
                return Err(unnoted(&error, script));
            }
            (outcome, _) => outcome,
        };
        match outcome {
            Ok(output) => Ok((output, files)),
            Err(error) => {
                state.restore();
                Err(prepare_error(&error))
            }
        }
    }

    /// Runs the script that takes back what the last one changed, and keeps the files as they are from then on. Returns those that either
    /// script changed and that are neither gone nor what they were before it: then nothing is kept.
    ///
    /// Blocks.
    pub(super) fn revert(
        &self,
        script: &str,
        run: impl FnOnce() -> Result<(), ScriptError>,
    ) -> Result<Vec<PathBuf>, PrepareTreeError> {
        let mut state = self.state();
        let before = Snapshot::take(&self.root).map_err(|error| unwatched(&error, script))?;
        run().map_err(|error| prepare_error(&error))?;
        let others = before.changes().map_err(|error| uncompared(&error, script))?;
        let written = state.changes.take().unwrap_or_default();
        let others = others.without(&written);
        let left: Vec<PathBuf> = written.left().chain(others.left()).map(Path::to_owned).collect();
        if left.is_empty() {
            state.close_journal();
        } else {
            state.problems.extend(others.restore());
            state.changes = Some(written);
        }
        Ok(left)
    }

    /// Puts the files back, and returns why some could not be.
    pub(super) fn put_back(&self) -> Vec<String> {
        let mut state = self.state();
        state.restore();
        std::mem::take(&mut state.problems)
    }

    fn state(&self) -> MutexGuard<'_, ChangedTreeState> {
        lock(&self.state)
    }
}

/// However a command ends, the files are put back.
impl Drop for ChangedTree {
    fn drop(&mut self) {
        for problem in self.put_back() {
            tracing::warn!("{problem}");
        }
    }
}

/// Runs blocking work on its own thread. The work finishes even if its caller stops waiting.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PrepareTreeError> + Send + 'static,
) -> Result<T, PrepareTreeError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        let message = format!("the repository's script could not be watched: {error}");
        Err(PrepareTreeError { message, hint: None, kind: ErrorKind::Service })
    })
}

/// A journal that could not be written before or after a script.
fn unnoted(error: &std::io::Error, script: &str) -> PrepareTreeError {
    PrepareTreeError {
        message: format!("failed to note what {script} changes, for the case that safe-push is killed: {error}"),
        hint: Some("make ~/.local/state writable, or set XDG_STATE_HOME to a folder that is".to_owned()),
        kind: ErrorKind::Request,
    }
}

/// Files that could not be remembered before a script changes them.
fn unwatched(error: &std::io::Error, script: &str) -> PrepareTreeError {
    PrepareTreeError {
        message: format!("failed to remember the repository's files, so {script} was not run: {error}"),
        hint: Some("check the permissions of the folder".to_owned()),
        kind: ErrorKind::Request,
    }
}

/// Files that could not be compared with what they were.
fn uncompared(error: &std::io::Error, script: &str) -> PrepareTreeError {
    PrepareTreeError {
        message: format!("failed to compare the repository's files with what they were before {script}: {error}"),
        hint: Some("check the permissions of the folder".to_owned()),
        kind: ErrorKind::Request,
    }
}

/// Converts a script's failure into the pipeline's error.
pub(super) fn prepare_error(error: &ScriptError) -> PrepareTreeError {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    PrepareTreeError { message: format!("{error}{source}"), hint: error.hint(), kind: kind_of(error) }
}

/// Who is at fault for a failed script: the request, because the script is in the repository.
pub(super) fn kind_of(error: &ScriptError) -> ErrorKind {
    match error {
        ScriptError::Cancelled { .. } => ErrorKind::Cancelled,
        _ => ErrorKind::Request,
    }
}
