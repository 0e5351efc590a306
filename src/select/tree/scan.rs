//! The entries of a folder, and their properties.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Git's own folder, in which another checkout or fetch may write at any time.
const GIT: &str = ".git";

/// More files than this are not watched.
const MAX_ENTRIES: usize = 1_000_000;

/// An entry of a folder.
#[derive(Debug, Clone)]
pub(super) struct TreeEntry {
    pub(super) kind: TreeEntryKind,
    pub(super) stamp: Stamp,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) modified: Option<SystemTime>,
    /// The content, when it is kept.
    pub(super) bytes: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TreeEntryKind {
    File,
    Folder,
    Link(PathBuf),
    /// Sockets, pipes, devices: these are not restored.
    Other,
}

/// Properties that change with a file, even if its writer hides the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Whether content is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum ContentPolicy {
    /// As far as there is room.
    Kept { most_file_bytes: u64, most_bytes: u64 },
    /// It stays where it is.
    Left,
}

impl TreeEntry {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = path.symlink_metadata()?;
        let kind = match metadata.file_type() {
            kind if kind.is_symlink() => TreeEntryKind::Link(fs::read_link(path)?),
            kind if kind.is_dir() => TreeEntryKind::Folder,
            kind if kind.is_file() => TreeEntryKind::File,
            _ => TreeEntryKind::Other,
        };
        Ok(Self {
            kind,
            stamp: Stamp::of(&metadata),
            mode: metadata.mode() & 0o7777,
            owner: (metadata.uid(), metadata.gid()),
            modified: metadata.modified().ok(),
            bytes: None,
        })
    }

    /// Whether nothing changed between two scans. A folder changes with its contents, which are compared by themselves.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (TreeEntryKind::Folder, TreeEntryKind::Folder) => self.mode == other.mode,
            (one, other_kind) => one == other_kind && self.stamp == other.stamp && self.mode == other.mode,
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Size and time, in place of the content of a large file.
    pub(super) fn shown(&self) -> String {
        format!("{} bytes of {}.{:09}", self.size, self.modified.0, self.modified.1)
    }

    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        self.inode == other.inode
    }
}

/// Everything below a folder, by relative paths. Links are not followed.
pub(super) fn scan(root: &Path, content: ContentPolicy) -> io::Result<BTreeMap<PathBuf, TreeEntry>> {
    let mut scan = TreeScan { root, entries: BTreeMap::new(), room: content };
    scan.folder(&PathBuf::new())?;
    Ok(scan.entries)
}

struct TreeScan<'a> {
    root: &'a Path,
    entries: BTreeMap<PathBuf, TreeEntry>,
    room: ContentPolicy,
}

impl TreeScan<'_> {
    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let listing = match fs::read_dir(self.root.join(folder)) {
            Ok(listing) => listing,
            // Scripts do not change folders that cannot be read.
            Err(error) if !folder.as_os_str().is_empty() => {
                tracing::debug!(%error, folder = %folder.display(), "a folder is not watched");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for item in listing {
            let name = item?.file_name();
            if name == GIT {
                continue;
            }
            let path = folder.join(name);
            // Removed between listing and reading.
            let Ok(mut entry) = TreeEntry::of(&self.root.join(&path)) else { continue };
            if self.entries.len() >= MAX_ENTRIES {
                return Err(io::Error::other(format!("there are more than {MAX_ENTRIES} files")));
            }
            let is_folder = entry.kind == TreeEntryKind::Folder;
            if entry.kind == TreeEntryKind::File {
                entry.bytes = self.content(&path, entry.stamp.size);
            }
            self.entries.insert(path.clone(), entry);
            if is_folder {
                self.folder(&path)?;
            }
        }
        Ok(())
    }

    fn content(&mut self, path: &Path, size: u64) -> Option<Vec<u8>> {
        let ContentPolicy::Kept { most_file_bytes, most_bytes } = &mut self.room else { return None };
        if size > *most_file_bytes || size > *most_bytes {
            return None;
        }
        let bytes = repository_files::read(self.root, path, *most_file_bytes).ok()?;
        *most_bytes = most_bytes.saturating_sub(size);
        Some(bytes)
    }
}
