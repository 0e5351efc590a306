//! The build context: the project's files and the recipe's, as one tar archive.
//!
//! The same tree gives the same bytes on every machine: entries are sorted, belong to root and have one fixed time; names, modes and links
//! are kept. The archive is written while it is read, so memory use stays flat however large the weights are.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use cog_source::recipe::RecipeFile;
use cog_source::weights::{ListedFile, WeightSelection};
use repository_files::FileError;
use tokio::io::{AsyncRead, AsyncReadExt, DuplexStream, ReadBuf};
use tokio_tar::{Builder, EntryType};
use tokio_util::task::AbortOnDropHandle;

use crate::build::dockerignore::{DockerIgnore, IgnorePatternError};
use crate::build::entry_header::entry_header;
use crate::clients::docker::BuildContext;

/// Folder of the recipe's files in the context.
const GENERATED_FOLDER: &str = ".cog/build/";

/// Never sent: version control, and Cog's own files.
const LEFT_OUT: [&str; 2] = [".git", ".cog"];

/// A project with more files is a mistake, such as a data set beside the model.
const MAX_ENTRIES: usize = 1_000_000;

pub(super) const IGNORE_FILE: &str = ".dockerignore";

/// A larger `.dockerignore` is rejected.
const IGNORE_FILE_BYTES: u64 = 1024 * 1024;

const PIPE_BYTES: usize = 512 * 1024;

/// The project cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// A file or folder cannot be read.
    #[error("failed to read {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The `.dockerignore` cannot be read: it is not a file of the project, or too large.
    #[error(transparent)]
    IgnoreFile(FileError),
    /// Docker would reject the `.dockerignore`.
    #[error(transparent)]
    Ignore(#[from] IgnorePatternError),
    /// The project has far too many files.
    #[error("the project has more than {MAX_ENTRIES} files")]
    TooManyFiles,
    /// A generated file is outside its folder.
    #[error("the generated file '{path}' is not under {GENERATED_FOLDER}")]
    Misplaced { path: String },
}

impl ContextError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof => {
                Some("the file changed while it was sent; build again when nothing writes to the project")
            }
            Self::Unreadable { .. } => Some("make it readable, or name it in .dockerignore"),
            Self::IgnoreFile(_) => Some("replace .dockerignore with a readable file in the project, smaller than 1 MiB"),
            Self::Ignore(_) => Some("correct the line; the rules are at https://docs.docker.com/build/concepts/context/"),
            Self::TooManyFiles => Some("name folders that the model does not need in .dockerignore"),
            Self::Misplaced { .. } => None,
        }
    }
}

/// An entry's text for a digest, and the file that holds its content.
#[derive(Debug)]
pub(super) struct DigestPart {
    pub(super) words: String,
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

/// The name of something that is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryName<'a> {
    pub(super) path: &'a Path,
    /// Where a link leads to.
    pub(super) target: Option<&'a Path>,
}

/// What will be sent.
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
        let ignore = read_ignore_file(root)?;
        let unsent = inside(root, unsent);
        let mut scan = ContextScan { root, ignore: &ignore, unsent: &unsent, entries: Vec::new(), special: Vec::new() };
        scan.folder(Path::new(""), &mut Vec::new())?;
        let found = Self { root: root.to_owned(), entries: scan.entries, generated: Vec::new(), special: scan.special };
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

    /// Adds a copy of a file at the project's root under another name, in place of what has that name; `None` if one of the two is not a file.
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
                ContextEntryKind::Folder => DigestPart { words: format!("folder {mode:o} {path}"), file: None },
                ContextEntryKind::Link { target } => DigestPart { words: format!("link {path}\0{}", target.display()), file: None },
                ContextEntryKind::File { size_bytes } => {
                    DigestPart { words: format!("file {mode:o} {size_bytes} {path}"), file: Some(self.root.join(&entry.path)) }
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

    fn stream(self, folder: Option<LayerFolder>, modified_at: u64) -> (BuildContext, FailureSlot) {
        let (writer, pipe) = tokio::io::duplex(PIPE_BYTES);
        let slot = FailureSlot::default();
        let failure = slot.clone();
        let writing = tokio::spawn(async move {
            self.write(writer, folder, modified_at).await.map_err(|error| {
                let error = failure.keep(error);
                io::Error::other(error)
            })
        });
        (Box::pin(Archive { pipe, writing: AbortOnDropHandle::new(writing) }), slot)
    }

    async fn write(self, pipe: DuplexStream, folder: Option<LayerFolder>, modified_at: u64) -> Result<(), ContextError> {
        let mut archive = Builder::new(pipe);
        let broken = |path: &Path| {
            let path = path.to_owned();
            move |source| ContextError::Unreadable { path, source }
        };
        if let Some(folder) = folder {
            let mut header = entry_header(EntryType::Directory, folder.mode, 0, modified_at);
            archive.append_data(&mut header, folder.path, tokio::io::empty()).await.map_err(broken(Path::new(folder.path)))?;
        }
        for folder in generated_folders(&self.generated) {
            let mut header = entry_header(EntryType::Directory, 0o755, 0, modified_at);
            archive.append_data(&mut header, &folder, tokio::io::empty()).await.map_err(broken(Path::new(&folder)))?;
        }
        for file in &self.generated {
            let mut header = entry_header(EntryType::Regular, 0o644, file.contents.len() as u64, modified_at);
            let appended = archive.append_data(&mut header, &file.path, file.contents.as_slice()).await;
            appended.map_err(broken(Path::new(&file.path)))?;
        }
        for entry in &self.entries {
            let name = folder.map_or_else(|| entry.path.clone(), |folder| Path::new(folder.path).join(&entry.path));
            let appended = self.append(&mut archive, entry, &name, modified_at).await;
            appended.map_err(broken(&self.root.join(&entry.path)))?;
        }
        archive.finish().await.map_err(broken(&self.root))
    }

    async fn append(
        &self,
        archive: &mut Builder<DuplexStream>,
        entry: &ContextEntry,
        name: &Path,
        modified_at: u64,
    ) -> io::Result<()> {
        match &entry.kind {
            ContextEntryKind::Folder => {
                let mut header = entry_header(EntryType::Directory, entry.mode, 0, modified_at);
                archive.append_data(&mut header, name, tokio::io::empty()).await
            }
            ContextEntryKind::Link { target } => {
                let mut header = entry_header(EntryType::Symlink, entry.mode, 0, modified_at);
                header.set_link_name(target)?;
                archive.append_data(&mut header, name, tokio::io::empty()).await
            }
            ContextEntryKind::File { size_bytes } => {
                let mut header = entry_header(EntryType::Regular, entry.mode, *size_bytes, modified_at);
                let (root, path) = (self.root.clone(), entry.source.as_ref().unwrap_or(&entry.path).clone());
                let opened = tokio::task::spawn_blocking(move || repository_files::open(&root, &path));
                let file = tokio::fs::File::from_std(opened.await.map_err(io::Error::other)??);
                // The header has promised this many bytes: a file that grows meanwhile is cut, one that shrinks is an error.
                let mut promised = file.take(*size_bytes);
                archive.append_data(&mut header, name, &mut promised).await?;
                match promised.limit() {
                    0 => Ok(()),
                    _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read")),
                }
            }
        }
    }
}

/// Every parent folder of a generated file, outer ones first.
fn generated_folders(files: &[RecipeFile]) -> std::collections::BTreeSet<String> {
    let ends = |path: &str| path.match_indices('/').map(|(end, _)| end).collect::<Vec<_>>();
    files.iter().flat_map(|file| ends(&file.path).into_iter().filter_map(|end| file.path.get(..end).map(str::to_owned))).collect()
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

/// Why the archive is incomplete: the daemon only sees that it stopped.
#[derive(Debug, Clone, Default)]
pub(super) struct FailureSlot(Arc<Mutex<Option<ContextError>>>);

impl FailureSlot {
    fn keep(&self, error: ContextError) -> String {
        let words = error.to_string();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        words
    }

    /// The failure, unless the daemon just closed the connection.
    pub(super) fn take(&self) -> Option<ContextError> {
        let error = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let is_hang_up = matches!(&error, ContextError::Unreadable { source, .. } if source.kind() == io::ErrorKind::BrokenPipe);
        (!is_hang_up).then_some(error)
    }
}

/// The reading side. A closed pipe alone would make a cut archive look complete, so the writer's result is checked.
struct Archive {
    pipe: DuplexStream,
    writing: AbortOnDropHandle<io::Result<()>>,
}

impl AsyncRead for Archive {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.pipe).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(ready!(Pin::new(&mut self.writing).poll(context)).map_err(io::Error::other)?)
    }
}

#[cfg(test)]
mod tests;
