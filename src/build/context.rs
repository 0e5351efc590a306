//! The build context: the project's files and the recipe's, as one tar archive.
//!
//! A tree gives the same bytes on every machine: entries are sorted, belong to root and have one fixed time; names, modes and links
//! are kept. The archive is written while it is read, so memory use stays flat however large the weights are.

mod archive;
mod error;
mod scan;

use std::fs;
use std::path::{Path, PathBuf};

use cog_source::recipe::RecipeFile;
use cog_source::weights::{ListedFile, WeightSelection};

use self::archive::FailureSlot;
pub use self::error::ContextError;
use self::scan::Scanned;
use crate::clients::docker::BuildContext;

/// Folder of the recipe's files in the context.
const GENERATED_FOLDER: &str = ".cog/build/";

/// A project with more files is a mistake, such as a data set beside the model.
const MAX_ENTRIES: usize = 1_000_000;

pub(super) const IGNORE_FILE: &str = ".dockerignore";

/// An entry's text for a digest, and the file that holds its content.
#[derive(Debug)]
pub(super) struct DigestPart {
    pub(super) text: String,
    pub(super) file: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ContextEntryKind {
    Folder,
    File { size_bytes: u64 },
    Link { target: PathBuf },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ContextEntry {
    /// Relative to the root.
    path: PathBuf,
    /// Where its content is, relative to the root, if that is another place.
    source: Option<PathBuf>,
    kind: ContextEntryKind,
    mode: u32,
}

/// The folder of an image that a layer puts everything into.
#[derive(Debug, Clone, Copy)]
pub(super) struct LayerFolder {
    pub(super) path: &'static str,
    pub(super) mode: u32,
}

/// The name of an entry that is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryName<'a> {
    pub(super) path: &'a Path,
    /// Where a link leads to.
    pub(super) target: Option<&'a Path>,
}

/// The files that will be sent.
#[derive(Debug)]
pub(super) struct ContextFiles {
    root: PathBuf,
    entries: Vec<ContextEntry>,
    generated: Vec<RecipeFile>,
    special: Vec<PathBuf>,
}

/// The paths of the project's files, folders and links that a build would send, sorted within each folder. Blocks.
pub fn list_context(project: &Path) -> Result<Vec<PathBuf>, ContextError> {
    let files = ContextFiles::scan(project, &[], Vec::new())?;
    Ok(files.entries.into_iter().map(|entry| entry.path).collect())
}

impl ContextFiles {
    /// Scans a project and decides what is sent: everything but `unsent` and ignored files. Blocks.
    pub(super) fn scan(root: &Path, unsent: &[PathBuf], generated: Vec<RecipeFile>) -> Result<Self, ContextError> {
        let Scanned { entries, special } = scan::scan(root, unsent)?;
        let found = Self { root: root.to_owned(), entries, generated: Vec::new(), special };
        generated.into_iter().try_fold(found, Self::and_generated)
    }

    /// Adds a generated file.
    pub(super) fn and_generated(mut self, file: RecipeFile) -> Result<Self, ContextError> {
        let inside = file.path.strip_prefix(GENERATED_FOLDER);
        if !inside.is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | ".."))) {
            return Err(ContextError::Misplaced { path: file.path });
        }
        self.generated.push(file);
        self.generated.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(self)
    }

    /// Whether a file of the project is sent under this path. A link is not a file: its target may not be sent.
    pub(super) fn has_file(&self, path: &str) -> bool {
        self.entries.iter().any(|entry| entry.path == Path::new(path) && matches!(entry.kind, ContextEntryKind::File { .. }))
    }

    /// Sockets, named pipes and devices that would be sent if they could be, relative to the root.
    pub(super) fn special(&self) -> &[PathBuf] {
        &self.special
    }

    /// Links that lead to something else than a part of the project, with their targets.
    pub(super) fn links_outside(&self) -> Vec<(String, PathBuf)> {
        let root = fs::canonicalize(&self.root).unwrap_or_else(|_missing| self.root.clone());
        let leaves = |path: &Path| fs::canonicalize(root.join(path)).map_or(true, |real| !real.starts_with(&root));
        let outside = self.entries.iter().filter_map(|entry| match &entry.kind {
            ContextEntryKind::Link { target } if leaves(&entry.path) => {
                Some((entry.path.to_string_lossy().into_owned(), target.clone()))
            }
            _ => None,
        });
        outside.collect()
    }

    /// Each file with its size.
    pub(super) fn listing(&self) -> Vec<ListedFile> {
        let listed = |entry: &ContextEntry| match entry.kind {
            ContextEntryKind::File { size_bytes } => {
                Some(ListedFile { path: entry.path.to_string_lossy().into_owned(), size_bytes })
            }
            ContextEntryKind::Folder | ContextEntryKind::Link { .. } => None,
        };
        self.entries.iter().filter_map(listed).collect()
    }

    /// The names of everything that is sent, with the targets of links.
    pub(super) fn names(&self) -> impl Iterator<Item = EntryName<'_>> {
        self.entries.iter().map(|entry| match &entry.kind {
            ContextEntryKind::Link { target } => EntryName { path: &entry.path, target: Some(target.as_path()) },
            ContextEntryKind::Folder | ContextEntryKind::File { .. } => EntryName { path: &entry.path, target: None },
        })
    }

    /// The weights, and everything else. Generated files stay with the latter.
    pub(super) fn split(self, selection: &WeightSelection) -> (Self, Self) {
        let (weights, others) = self.entries.into_iter().partition(|entry| selection.holds(&entry.path.to_string_lossy()));
        let weights = Self { root: self.root.clone(), entries: weights, generated: Vec::new(), special: Vec::new() };
        (weights, Self { root: self.root, entries: others, generated: self.generated, special: self.special })
    }

    /// Adds a copy of a file at the project's root under another name, in place of what has that name; `None` if one of the two is not a
    /// file.
    pub(super) fn with_copy(mut self, file: &str, name: &str) -> Option<Self> {
        let is_file = |entry: &&ContextEntry| matches!(entry.kind, ContextEntryKind::File { .. });
        let original = self.entries.iter().find(|entry| entry.path == Path::new(file)).filter(is_file)?;
        let copy = ContextEntry { path: PathBuf::from(name), source: Some(original.path.clone()), ..original.clone() };
        match self.entries.iter_mut().find(|entry| entry.path == copy.path) {
            Some(taken) if taken.kind == ContextEntryKind::Folder => return None,
            Some(taken) => *taken = copy,
            None => self.entries.push(copy),
        }
        Some(self)
    }

    /// Replaces the generated files.
    pub(super) fn with_generated(self, generated: Vec<RecipeFile>) -> Self {
        Self { generated, ..self }
    }

    /// Every entry as text that covers everything but the content, which is in the file.
    pub(super) fn parts(&self) -> impl Iterator<Item = DigestPart> {
        self.entries.iter().map(|entry| {
            let (path, mode) = (entry.path.to_string_lossy(), entry.mode);
            match &entry.kind {
                ContextEntryKind::Folder => DigestPart { text: format!("folder {mode:o} {path}"), file: None },
                ContextEntryKind::Link { target } => DigestPart { text: format!("link {path}\0{}", target.display()), file: None },
                ContextEntryKind::File { size_bytes } => {
                    DigestPart { text: format!("file {mode:o} {size_bytes} {path}"), file: Some(self.root.join(&entry.path)) }
                }
            }
        })
    }

    pub(super) fn size_bytes(&self) -> u64 {
        let files =
            self.entries.iter().map(|entry| if let ContextEntryKind::File { size_bytes } = entry.kind { size_bytes } else { 0 });
        files.sum::<u64>() + self.generated.iter().map(|file| file.contents.len() as u64).sum::<u64>()
    }

    /// The archive. If reading the project fails, the reader fails too, and the slot has the reason.
    pub(super) fn into_stream(self, modified_at: u64) -> (BuildContext, FailureSlot) {
        self.stream(None, modified_at)
    }

    /// The archive of a layer that has the project's files in a folder. Generated files are not in it.
    pub(super) fn into_layer(self, folder: LayerFolder, modified_at: u64) -> (BuildContext, FailureSlot) {
        self.with_generated(Vec::new()).stream(Some(folder), modified_at)
    }
}

#[cfg(test)]
mod tests;
