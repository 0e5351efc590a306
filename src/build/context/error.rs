//! Why a project cannot be sent to the daemon.

use std::io;
use std::path::PathBuf;

use repository_files::FileError;

use super::{GENERATED_FOLDER, MAX_ENTRIES};
use crate::build::dockerignore::IgnorePatternError;

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
