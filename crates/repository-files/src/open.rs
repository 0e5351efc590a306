//! Opens files without waiting, and checks what was opened.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::{FileError, FileKind};
use crate::git::is_private_to_git;

/// A folder without links in its path. An empty path is the current one.
pub(crate) fn real_folder(folder: &Path) -> io::Result<PathBuf> {
    if folder.as_os_str().is_empty() { Path::new(".").canonicalize() } else { folder.canonicalize() }
}

/// Opens a file and checks that it is regular and inside the folder. Errors name the file as `shown`.
pub(crate) fn open_checked(root: &Path, full: &Path, shown: &Path) -> Result<File, FileError> {
    let failed = |source: io::Error| FileError::from_io(shown, source);
    // A device may do something when it is opened, so what a path leads to is checked before, and what was opened again.
    let irregular = |kind| FileError::NotRegular { path: shown.to_owned(), kind };
    let target = full.canonicalize().map_err(failed)?;
    check_inside(root, &target, shown)?;
    if let Some(kind) = FileKind::of(fs::metadata(&target).map_err(failed)?.file_type()) {
        return Err(irregular(kind));
    }
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(|_beyond| failed(io::ErrorKind::InvalidInput.into()))?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(full).map_err(failed)?;
    if let Some(kind) = FileKind::of(file.metadata().map_err(failed)?.file_type()) {
        return Err(irregular(kind));
    }
    check_inside(root, &place_of(&file).unwrap_or(target), shown)?;
    Ok(file)
}

fn check_inside(root: &Path, target: &Path, shown: &Path) -> Result<(), FileError> {
    let Ok(inside) = target.strip_prefix(root) else {
        return Err(FileError::Outside { path: shown.to_owned(), target: Some(target.to_owned()) });
    };
    if is_private_to_git(inside) {
        return Err(FileError::OfGit { path: shown.to_owned() });
    }
    Ok(())
}

/// Where an opened file is; `None` without the kernel's list of open files.
fn place_of(file: &File) -> Option<PathBuf> {
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok().filter(|place| place.is_absolute())
}
