//! The source files of a project. Paths outside it are rejected.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use repository_files::{FileError, FileKind};

/// Size limit of a Python file, in bytes. Handwritten source stays far below.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The files of a project as text.
pub trait SourceTree {
    /// The text of the file at `path`, relative to the project, with `/`. `None` when it does not exist.
    ///
    /// # Errors
    /// The file is outside the project, too large, not UTF-8, or unreadable.
    fn read(&self, path: &str) -> Result<Option<String>, Error>;
}

/// A folder on disk. Paths that leave it are rejected, including those through symbolic links.
#[derive(Debug, Clone)]
pub struct FolderTree {
    root: PathBuf,
}

impl FolderTree {
    /// The files in `root`.
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
    }
}

impl SourceTree for FolderTree {
    fn read(&self, path: &str) -> Result<Option<String>, Error> {
        if path.contains('\0') {
            return Err(Error::new(ErrorKind::PermissionDenied, "the path leaves the project"));
        }
        match repository_files::read_text(&self.root, Path::new(path), MAX_FILE_BYTES) {
            Ok(text) => Ok(Some(text)),
            // A folder is what an import of a package means.
            Err(FileError::Missing { .. } | FileError::NotRegular { kind: FileKind::Folder, .. }) => Ok(None),
            Err(error) => Err(named_by_caller(error)),
        }
    }
}

/// The error without its path, which findings name by themselves.
fn named_by_caller(error: FileError) -> Error {
    match error {
        FileError::Outside { .. } => Error::new(ErrorKind::PermissionDenied, "the path leaves the project"),
        FileError::TooLarge { .. } => Error::new(ErrorKind::FileTooLarge, "the file is larger than 4 MiB"),
        FileError::NotText { offset, .. } => Error::new(ErrorKind::InvalidData, format!("the file is not UTF-8 at byte {offset}")),
        FileError::NotRegular { kind, .. } => Error::new(ErrorKind::InvalidInput, format!("it is {kind}, not a regular file")),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, FolderTree) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        std::fs::write(folder.path().join("inner/a.py"), "x = 1\n").unwrap();
        std::fs::write(folder.path().join("outside.py"), "secret = 1\n").unwrap();
        let tree = FolderTree::new(folder.path().join("inner"));
        (folder, tree)
    }

    #[test]
    fn existing_files_are_read_and_missing_ones_are_none() {
        let (_folder, tree) = tree();
        assert_eq!(tree.read("a.py").unwrap().as_deref(), Some("x = 1\n"));
        assert_eq!(tree.read("./a.py").unwrap().as_deref(), Some("x = 1\n"));
        assert_eq!(tree.read("b.py").unwrap(), None);
        assert_eq!(tree.read("a.py/b.py").unwrap(), None);
        assert_eq!(tree.read("").unwrap(), None, "a folder is not a file");
    }

    #[test]
    fn the_root_is_never_left() {
        let (folder, tree) = tree();
        std::os::unix::fs::symlink("../outside.py", folder.path().join("inner/link.py")).unwrap();
        for path in ["../outside.py", "/etc/passwd", "x/../../outside.py", "link.py", "a\0.py"] {
            assert_eq!(tree.read(path).unwrap_err().kind(), ErrorKind::PermissionDenied, "{path}");
        }
    }

    #[test]
    fn large_files_and_other_encodings_are_rejected() {
        let (folder, tree) = tree();
        let size = usize::try_from(MAX_FILE_BYTES).unwrap();
        std::fs::write(folder.path().join("inner/large.py"), " ".repeat(size + 1)).unwrap();
        std::fs::write(folder.path().join("inner/latin.py"), b"# caf\xe9\n").unwrap();
        assert_eq!(tree.read("large.py").unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(tree.read("latin.py").unwrap_err().to_string(), "the file is not UTF-8 at byte 5");
    }
}
