//! A repository's files before a script changes them, so that they can be restored.
//!
//! Models run one after another in one folder, and each is prepared by a script that writes `cog.yaml` and the like. The script's changes
//! are reverted before the next model, and at the end. Earlier changes by the user are kept: they are part of what is restored. Changes
//! made after the script are left alone and reported.
//!
//! Without git: a stash would move the user's own work about, and files that git ignores would be missed.

mod journal;
mod own_folder;
mod restore;
mod scan;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::select::tree::scan::{ContentPolicy, TreeEntry, TreeEntryKind};

pub use journal::{Journal, JournalRecovery, recover};

/// Larger files are not kept: scripts select, they do not edit weights.
const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024;

/// The most bytes kept of all files together.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The files of a folder at one moment.
#[derive(Debug)]
pub struct Snapshot {
    root: PathBuf,
    entries: BTreeMap<PathBuf, TreeEntry>,
}

/// What changed since a snapshot, with the earlier state.
#[derive(Debug, Default)]
pub struct Changes {
    root: PathBuf,
    changes: Vec<FileChange>,
}

/// One path that changed.
#[derive(Debug)]
struct FileChange {
    /// Relative to the root.
    path: PathBuf,
    before: Option<TreeEntry>,
    after: Option<TreeEntry>,
}

impl Snapshot {
    /// Reads a folder's files, except git's own.
    pub fn take(root: &Path) -> io::Result<Self> {
        let entries = scan::scan(root, ContentPolicy::Kept { most_file_bytes: MAX_FILE_BYTES, most_bytes: MAX_BYTES })?;
        Ok(Self { root: root.to_owned(), entries })
    }

    /// The changes since then.
    pub fn changes(mut self) -> io::Result<Changes> {
        let mut now = scan::scan(&self.root, ContentPolicy::Left)?;
        let mut changes = Vec::new();
        for (path, before) in std::mem::take(&mut self.entries) {
            let after = now.remove(&path);
            if after.as_ref().is_none_or(|after| !before.is_as(after)) {
                changes.push(FileChange { path, before: Some(before), after });
            }
        }
        changes.extend(now.into_iter().map(|(path, after)| FileChange { path, before: None, after: Some(after) }));
        Ok(Changes { root: self.root, changes })
    }
}

impl Changes {
    /// The files that were changed, created or removed; folders are not listed.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let is_file = |entry: &Option<TreeEntry>| entry.as_ref().is_some_and(|entry| !matches!(entry.kind, TreeEntryKind::Folder));
        let files = self.changes.iter().filter(move |change| is_file(&change.before) || is_file(&change.after));
        files.map(|change| change.path.as_path())
    }

    /// The files that exist now and differ from their earlier state.
    pub fn left(&self) -> impl Iterator<Item = &Path> {
        self.changes.iter().filter(|change| restore::is_left(&self.root, change)).map(|change| change.path.as_path())
    }

    /// The changes of all paths that are not in `others`.
    #[must_use]
    pub fn without(mut self, others: &Self) -> Self {
        self.changes.retain(|change| others.changes.iter().all(|other| other.path != change.path));
        self
    }

    /// Restores everything. Returns a message for each path that could not or must not be restored.
    pub fn restore(self) -> Vec<String> {
        restore::restore(&self.root, self.changes)
    }
}

#[cfg(test)]
mod tests;
