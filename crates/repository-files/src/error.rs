//! Why a file of a repository is not read.

use std::fmt;
use std::fs::FileType;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// A file of a repository that is not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing has that path.
    #[error("{} does not exist", path.display())]
    Missing { path: PathBuf },
    /// A folder, a named pipe, a socket or a device.
    #[error("{} is {kind}, not a regular file", path.display())]
    NotRegular { path: PathBuf, kind: FileKind },
    /// A path or a link that leaves the folder.
    #[error("{} leaves the repository{}", path.display(), leads_to(target.as_deref()))]
    Outside {
        path: PathBuf,
        /// The file that a link leads to.
        target: Option<PathBuf>,
    },
    /// A file of git's own that may hold a token.
    #[error("{} holds git's own settings, and maybe a token", path.display())]
    OfGit { path: PathBuf },
    /// A file that is too large.
    #[error("{} is larger than {}", path.display(), size(*limit_bytes))]
    TooLarge { path: PathBuf, limit_bytes: u64 },
    /// A file that is not UTF-8.
    #[error("{} is {} at byte {offset}", path.display(), encoding(*is_utf16))]
    NotText {
        path: PathBuf,
        /// The first byte that is not UTF-8.
        offset: usize,
        /// Its line, from 1.
        line: u32,
        /// Whether the file starts as UTF-16 does.
        is_utf16: bool,
    },
    /// The system does not let it be read.
    #[error("failed to read {}", path.display())]
    Unreadable {
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl FileError {
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing { path },
            // A socket, or a device without a driver.
            _ if source.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                Self::NotRegular { path, kind: FileKind::Other }
            }
            _ => Self::Unreadable { path, source },
        }
    }

    /// Whether nothing has that path.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// What to do about it, in the imperative.
    pub fn fix(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } => return None,
            Self::NotRegular { .. } => "replace it with a regular file".to_owned(),
            Self::Outside { .. } => "copy the file into the repository, or link to a file inside it".to_owned(),
            Self::OfGit { .. } => "name a file that is under version control".to_owned(),
            Self::TooLarge { limit_bytes, .. } => format!("keep it below {}", size(*limit_bytes)),
            Self::NotText { .. } => "save it as UTF-8".to_owned(),
            Self::Unreadable { .. } => "check its permissions".to_owned(),
        })
    }
}

/// For callers whose own errors hold one of the standard library. The fix is part of the text.
impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        let kind = match &error {
            FileError::Unreadable { .. } => {
                let FileError::Unreadable { source, .. } = error else { return Self::other(error) };
                return source;
            }
            FileError::Missing { .. } => io::ErrorKind::NotFound,
            FileError::NotRegular { kind: FileKind::Folder, .. } => io::ErrorKind::IsADirectory,
            FileError::NotRegular { .. } => io::ErrorKind::InvalidInput,
            FileError::Outside { .. } | FileError::OfGit { .. } => io::ErrorKind::PermissionDenied,
            FileError::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            FileError::NotText { .. } => io::ErrorKind::InvalidData,
        };
        let fix = error.fix().map(|fix| format!("; {fix}")).unwrap_or_default();
        Self::new(kind, format!("{error}{fix}"))
    }
}

/// The kind of a file that is not regular.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Folder,
    /// A named pipe.
    Pipe,
    Socket,
    Device,
    /// Something else.
    Other,
}

impl FileKind {
    pub(crate) fn of(kind: FileType) -> Option<Self> {
        match () {
            () if kind.is_file() => None,
            () if kind.is_dir() => Some(Self::Folder),
            () if kind.is_fifo() => Some(Self::Pipe),
            () if kind.is_socket() => Some(Self::Socket),
            () if kind.is_block_device() || kind.is_char_device() => Some(Self::Device),
            () => Some(Self::Other),
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Folder => "a folder",
            Self::Pipe => "a named pipe",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Other => "a special file",
        })
    }
}

fn encoding(is_utf16: bool) -> &'static str {
    if is_utf16 { "UTF-16, not UTF-8" } else { "not UTF-8" }
}

fn leads_to(target: Option<&Path>) -> String {
    target.map(|target| format!(": it leads to {}", target.display())).unwrap_or_default()
}

/// A limit as people write it.
fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        _ if bytes >= KIB * KIB && bytes.is_multiple_of(KIB * KIB) => format!("{} MiB", bytes / KIB / KIB),
        _ if bytes >= KIB && bytes.is_multiple_of(KIB) => format!("{} KiB", bytes / KIB),
        _ => format!("{bytes} bytes"),
    }
}
