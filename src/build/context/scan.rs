//! Walks through a project and decides what is sent: the rules of `.dockerignore`, and what is never sent.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::ContextError;
use super::{ContextEntry, ContextEntryKind, IGNORE_FILE, MAX_ENTRIES};
use crate::build::dockerignore::DockerIgnore;

/// Never sent: version control, and Cog's own files.
const LEFT_OUT: [&str; 2] = [".git", ".cog"];

/// A larger `.dockerignore` is rejected.
const IGNORE_FILE_BYTES: u64 = 1024 * 1024;

/// What a walk found.
pub(super) struct Scanned {
    pub(super) entries: Vec<ContextEntry>,
    /// Sockets, named pipes and devices, relative to the root.
    pub(super) special: Vec<PathBuf>,
}

/// Scans a project. Nothing of `unsent` is in the result. Blocks.
pub(super) fn scan(root: &Path, unsent: &[PathBuf]) -> Result<Scanned, ContextError> {
    let ignore = read_ignore_file(root)?;
    let unsent = inside(root, unsent);
    let mut scan = ContextScan { root, ignore: &ignore, unsent: &unsent, entries: Vec::new(), special: Vec::new() };
    scan.folder(Path::new(""), &mut Vec::new())?;
    Ok(Scanned { entries: scan.entries, special: scan.special })
}

fn read_ignore_file(root: &Path) -> Result<DockerIgnore, ContextError> {
    let bytes = match repository_files::read(root, Path::new(IGNORE_FILE), IGNORE_FILE_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.is_missing() => return Ok(DockerIgnore::default()),
        Err(error) => return Err(ContextError::IgnoreFile(error)),
    };
    Ok(DockerIgnore::parse(&String::from_utf8_lossy(&bytes))?)
}

/// Those of the paths that exist under the root, relative to it. The root itself is left out: a project without files is not a project.
fn inside(root: &Path, paths: &[PathBuf]) -> Vec<PathBuf> {
    let Ok(root) = root.canonicalize() else { return Vec::new() };
    let relative = paths.iter().filter_map(|path| Some(path.canonicalize().ok()?.strip_prefix(&root).ok()?.to_owned()));
    relative.filter(|path| !path.as_os_str().is_empty()).collect()
}

/// A walk through a project.
struct ContextScan<'a> {
    root: &'a Path,
    ignore: &'a DockerIgnore,
    /// Relative to the root.
    unsent: &'a [PathBuf],
    entries: Vec<ContextEntry>,
    special: Vec<PathBuf>,
}

impl ContextScan<'_> {
    /// `skipped` holds ignored folders that are searched for exceptions; they are sent if one is found.
    fn folder(&mut self, folder: &Path, skipped: &mut Vec<ContextEntry>) -> Result<(), ContextError> {
        let full = self.root.join(folder);
        let unreadable = |source| ContextError::Unreadable { path: full.clone(), source };
        let mut names = Vec::new();
        for entry in fs::read_dir(&full).map_err(unreadable)? {
            names.push(entry.map_err(unreadable)?.file_name());
        }
        names.sort();
        for name in names {
            let path = folder.join(&name);
            if folder.as_os_str().is_empty() && LEFT_OUT.iter().any(|left_out| name == *left_out) {
                continue;
            }
            // Another checkout below the project: its history is sent, as Cog does, but not its tokens.
            if self.unsent.contains(&path) || repository_files::is_private_to_git(&path) {
                continue;
            }
            self.entry(&path, skipped)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, skipped: &mut Vec<ContextEntry>) -> Result<(), ContextError> {
        let shown = path.to_string_lossy();
        let is_ignored = self.ignore.is_ignored(&shown);
        if is_ignored && !self.ignore.may_hold_exceptions(&shown) {
            return Ok(());
        }
        let full = self.root.join(path);
        let unreadable = |source| ContextError::Unreadable { path: full.clone(), source };
        let metadata = fs::symlink_metadata(&full).map_err(unreadable)?;
        let Some(kind) = kind_of(&full, &metadata).map_err(unreadable)? else {
            if !is_ignored {
                self.special.push(path.to_owned());
            }
            return Ok(());
        };
        let is_folder = kind == ContextEntryKind::Folder;
        let entry = ContextEntry { path: path.to_owned(), source: None, kind, mode: metadata.permissions().mode() & 0o7777 };
        match (is_ignored, is_folder) {
            (true, false) => Ok(()),
            (true, true) => {
                skipped.push(entry);
                self.folder(path, skipped)?;
                // If the folder is still in the list, nothing in it was sent.
                if skipped.last().is_some_and(|last| last.path == path) {
                    skipped.pop();
                }
                Ok(())
            }
            (false, _) => {
                self.entries.append(skipped);
                self.entries.push(entry);
                if self.entries.len() > MAX_ENTRIES {
                    return Err(ContextError::TooManyFiles);
                }
                if is_folder { self.folder(path, skipped) } else { Ok(()) }
            }
        }
    }
}

/// Sockets, pipes and devices mean nothing in an image.
fn kind_of(path: &Path, metadata: &Metadata) -> io::Result<Option<ContextEntryKind>> {
    let kind = metadata.file_type();
    if kind.is_socket() || kind.is_fifo() || kind.is_block_device() || kind.is_char_device() {
        return Ok(None);
    }
    Ok(Some(if kind.is_symlink() {
        ContextEntryKind::Link { target: fs::read_link(path)? }
    } else if kind.is_dir() {
        ContextEntryKind::Folder
    } else {
        ContextEntryKind::File { size_bytes: metadata.len() }
    }))
}
