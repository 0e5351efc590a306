//! Restores files.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::select::tree::FileChange;
use crate::select::tree::scan::{TreeEntry, TreeEntryKind};

/// Reverts changes, and returns a message for each that could not be reverted.
pub(super) fn restore(root: &Path, changes: Vec<FileChange>) -> Vec<String> {
    let (made, kept): (Vec<FileChange>, Vec<FileChange>) = changes.into_iter().partition(|change| change.before.is_none());
    let mut problems = Vec::new();
    // A created file may be where something else was: created files are removed first, those in a folder before the folder.
    for change in made.iter().rev() {
        note(&mut problems, &change.path, remove(root, change));
    }
    for change in kept {
        note(&mut problems, &change.path, put_back(root, &change));
    }
    problems
}

/// Why an entry is left as it is.
enum RestoreError {
    /// It was changed again in the meantime.
    Touched,
    /// Its content was not kept.
    TooLarge,
    /// The folder is not empty.
    NotEmpty,
    /// It cannot be written.
    Failed(io::Error),
}

impl From<io::Error> for RestoreError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

fn note(problems: &mut Vec<String>, path: &Path, done: Result<(), RestoreError>) {
    let path = path.display();
    problems.extend(match done {
        Ok(()) => None,
        Err(RestoreError::Touched) => Some(format!("{path} was changed after the select script, and was left as it is")),
        Err(RestoreError::TooLarge) => Some(format!("{path} was changed by the select script and is too large to be restored")),
        Err(RestoreError::NotEmpty) => Some(format!("{path} was made by the select script and stays, for something else is in it")),
        Err(RestoreError::Failed(error)) => {
            Some(format!("{path} was changed by the select script and could not be restored: {error}"))
        }
    });
}

/// The current entry, without following links.
fn now(root: &Path, path: &Path) -> Option<TreeEntry> {
    TreeEntry::of(&root.join(path)).ok()
}

/// Whether it is as the script left it.
fn is_untouched(root: &Path, change: &FileChange) -> bool {
    match (now(root, &change.path), &change.after) {
        (None, None) => true,
        (Some(now), Some(after)) => now.is_as(after),
        _ => false,
    }
}

/// Whether an entry is as before. A script may have written the same content again.
fn is_as_before(root: &Path, path: &Path, before: &TreeEntry) -> bool {
    let Some(now) = now(root, path) else { return false };
    match (&before.kind, &now.kind) {
        (TreeEntryKind::File, TreeEntryKind::File) => match &before.bytes {
            Some(bytes) => {
                let limit = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                now.stamp.size() == limit && repository_files::read(root, path, limit).is_ok_and(|now| now == *bytes)
            }
            None => now.is_as(before),
        },
        (before, now) => before == now,
    }
}

/// Whether a file exists that differs from its earlier state. For a folder, its files count.
pub(super) fn is_left(root: &Path, change: &FileChange) -> bool {
    match (now(root, &change.path).map(|now| now.kind), &change.before) {
        (None | Some(TreeEntryKind::Folder), _) => false,
        (Some(_), None) => true,
        (Some(_), Some(before)) => !is_as_before(root, &change.path, before),
    }
}

fn remove(root: &Path, change: &FileChange) -> Result<(), RestoreError> {
    let Some(now) = now(root, &change.path) else { return Ok(()) };
    let path = root.join(&change.path);
    check_way(root, &change.path)?;
    if now.kind != TreeEntryKind::Folder {
        return if is_untouched(root, change) { Ok(fs::remove_file(path)?) } else { Err(RestoreError::Touched) };
    }
    match fs::remove_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Err(RestoreError::NotEmpty),
        done => Ok(done?),
    }
}

fn put_back(root: &Path, change: &FileChange) -> Result<(), RestoreError> {
    let Some(before) = &change.before else { return Ok(()) };
    let path = root.join(&change.path);
    if !is_untouched(root, change) {
        return if is_as_before(root, &change.path, before) { Ok(()) } else { Err(RestoreError::Touched) };
    }
    check_way(root, &change.path)?;
    let is_same_kind = change.after.as_ref().is_some_and(|after| after.kind == before.kind);
    if !is_same_kind
        && change.after.is_some()
        && matches!(before.kind, TreeEntryKind::File | TreeEntryKind::Folder | TreeEntryKind::Link(_))
    {
        clear(&path)?;
    }
    match &before.kind {
        TreeEntryKind::Folder => {
            if !is_same_kind {
                fs::create_dir_all(&path)?;
            }
            fs::set_permissions(&path, Permissions::from_mode(before.mode))?;
        }
        TreeEntryKind::Link(_) if is_same_kind => {}
        TreeEntryKind::Link(target) => {
            make_parent(&path)?;
            symlink(target, &path)?;
        }
        TreeEntryKind::File => file(root, &path, before, change.after.as_ref().filter(|_| is_same_kind))?,
        TreeEntryKind::Other => return Err(RestoreError::Failed(io::Error::other("it is not a file"))),
    }
    Ok(())
}

fn clear(path: &Path) -> Result<(), RestoreError> {
    if path.symlink_metadata()?.is_dir() {
        match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => return Err(RestoreError::NotEmpty),
            done => done?,
        }
    } else {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn file(root: &Path, path: &Path, before: &TreeEntry, after: Option<&TreeEntry>) -> Result<(), RestoreError> {
    let is_written_in_place = after.is_some_and(|after| after.stamp.is_same_file(&before.stamp));
    let Some(bytes) = &before.bytes else {
        // Its permissions or times alone may have changed.
        return match after {
            Some(after) if is_written_in_place && after.modified == before.modified => {
                Ok(fs::set_permissions(path, Permissions::from_mode(before.mode))?)
            }
            _ => Err(RestoreError::TooLarge),
        };
    };
    if is_written_in_place {
        let limit = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let same = repository_files::read(root, path.strip_prefix(root).unwrap_or(path), limit).is_ok_and(|now| now == *bytes);
        if !same {
            fs::set_permissions(path, Permissions::from_mode(before.mode | 0o200))?;
            fs::write(path, bytes)?;
        }
    } else {
        if after.is_some() {
            fs::remove_file(path)?;
        }
        make_parent(path)?;
        // Never through a link that was just created there.
        File::create_new(path)?.write_all(bytes)?;
        let (user, group) = before.owner;
        if let Err(error) = std::os::unix::fs::lchown(path, Some(user), Some(group)) {
            tracing::debug!(%error, path = %path.display(), "the owner of a file could not be restored");
        }
    }
    fs::set_permissions(path, Permissions::from_mode(before.mode))?;
    if let (Some(modified), Ok(file)) = (before.modified, File::open(path))
        && let Err(error) = file.set_modified(modified)
    {
        tracing::debug!(%error, path = %path.display(), "the time of a file could not be restored");
    }
    Ok(())
}

/// Restores an entry from a journal, in place of what is there now.
pub(super) fn write_back(
    path: &Path,
    kind: &TreeEntryKind,
    content: Option<&[u8]>,
    mode: u32,
    modified: Option<SystemTime>,
    now: Option<&TreeEntry>,
) -> io::Result<()> {
    match (now.map(|now| &now.kind), kind) {
        (Some(TreeEntryKind::Folder), TreeEntryKind::Folder) | (None, _) => {}
        (Some(TreeEntryKind::Folder), _) => fs::remove_dir(path)?,
        (Some(_), _) => fs::remove_file(path)?,
    }
    match kind {
        TreeEntryKind::Folder => fs::create_dir_all(path)?,
        TreeEntryKind::Link(target) => {
            make_parent(path)?;
            return symlink(target, path);
        }
        TreeEntryKind::File => {
            make_parent(path)?;
            // Never through a link that was just created there.
            let mut file = File::create_new(path)?;
            file.write_all(content.unwrap_or_default())?;
            if let Some(modified) = modified {
                file.set_modified(modified)?;
            }
        }
        TreeEntryKind::Other => return Err(io::Error::other("it is not a file")),
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Rejects a path that leads through a link: it may end outside the repository.
pub(super) fn check_way(root: &Path, path: &Path) -> io::Result<()> {
    let mut way = PathBuf::from(root);
    for part in path.parent().into_iter().flat_map(Path::components) {
        way.push(part);
        match way.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => {
                return Err(io::Error::other(format!("{} is a link", way.display())));
            }
            // Missing folders are created.
            _ => {}
        }
    }
    Ok(())
}
