//! Where source comes from.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// A larger file is no predictor.
const FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Files of a project, by their paths within it.
pub trait SourceTree {
    /// The text of a file; `None` when there is none. Paths have `/` between their parts.
    fn read(&self, path: &str) -> io::Result<Option<String>>;
}

/// A folder.
#[derive(Debug, Clone)]
pub struct FolderTree {
    root: PathBuf,
}

impl FolderTree {
    /// The files below `root`, and none outside of it.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl SourceTree for FolderTree {
    fn read(&self, path: &str) -> io::Result<Option<String>> {
        let relative = Path::new(path);
        if !relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(io::Error::other("it is outside of the project"));
        }
        let file = match fs::File::open(self.root.join(relative)) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !file.metadata()?.is_file() {
            return Ok(None);
        }
        let mut text = String::new();
        if file.take(FILE_BYTES + 1).read_to_string(&mut text)? as u64 > FILE_BYTES {
            return Err(io::Error::other(format!("it is larger than {} MiB", FILE_BYTES / 1024 / 1024)));
        }
        Ok(Some(text))
    }
}
