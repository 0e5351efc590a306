//! Reads files of a repository that somebody else controls.
//!
//! - Only regular files are read: a folder, a named pipe, a socket or a device is an error. Opening never waits.
//! - The size limit holds while reading, whatever the file claims.
//! - A symbolic link may lead anywhere inside the folder, and nowhere else. The opened file is checked, not its path, so a link that
//!   changes meanwhile gains nothing.
//! - Git's settings, in a `.git` folder, may hold a token. They are read only if that folder is named itself.
//!
//! What a file contains is left to the caller.

mod error;
mod git;
mod open;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

pub use error::{FileError, FileKind};
pub use git::is_private_to_git;

use crate::open::{open_checked, real_folder};

/// Opens a regular file inside the folder, to read it as a stream. `path` is relative to the folder, or absolute and inside it.
///
/// # Errors
/// The file is missing, unreadable, not a regular file, outside the folder, or one of git's settings.
pub fn open(folder: &Path, path: &Path) -> Result<File, FileError> {
    let failed = |source: io::Error| FileError::from_io(path, source);
    if !path.is_absolute() && path.components().any(|part| part == Component::ParentDir) {
        return Err(FileError::Outside { path: path.to_owned(), target: None });
    }
    let root = real_folder(folder).map_err(failed)?;
    open_checked(&root, &root.join(path), path)
}

/// Reads a file inside the folder. `path` is relative to the folder, or absolute and inside it.
///
/// # Errors
/// The errors of [`open`], and an error for a file that is larger than the limit.
pub fn read(folder: &Path, path: &Path, limit_bytes: u64) -> Result<Vec<u8>, FileError> {
    read_opened(open(folder, path)?, path, limit_bytes)
}

/// Reads a text file inside the folder.
///
/// # Errors
/// The errors of [`read`], and an error for a file that is not UTF-8.
pub fn read_text(folder: &Path, path: &Path, limit_bytes: u64) -> Result<String, FileError> {
    let bytes = read(folder, path, limit_bytes)?;
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let lines = bytes[..offset].iter().filter(|byte| **byte == b'\n').count();
        let line = u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1);
        let is_utf16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
        FileError::NotText { path: path.to_owned(), offset, line, is_utf16 }
    })
}

fn read_opened(file: File, path: &Path, limit_bytes: u64) -> Result<Vec<u8>, FileError> {
    let too_large = || FileError::TooLarge { path: path.to_owned(), limit_bytes };
    let size = file.metadata().map_err(|source| FileError::from_io(path, source))?.len();
    if size > limit_bytes {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(|source| FileError::from_io(path, source))?;
    if bytes.len() as u64 > limit_bytes {
        return Err(too_large());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
