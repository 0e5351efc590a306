//! Gives the files and folders of a report to the owner of the folder they are in. `docker run -v` writes as root into somebody's folder,
//! who could otherwise neither remove the report nor write the next one. Only root can give files away; others write as themselves, so a
//! refusal changes nothing.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, fchown, lchown};
use std::path::Path;

/// Gives a new folder to the owner of the one around it.
pub(super) fn give_folder(folder: &Path) {
    let Some(around) = folder.parent() else { return };
    let around = if around.as_os_str().is_empty() { Path::new(".") } else { around };
    if let (Ok(around), Ok(own)) = (fs::metadata(around), fs::symlink_metadata(folder))
        && around.uid() != own.uid()
    {
        drop(lchown(folder, Some(around.uid()), Some(around.gid())));
    }
}

/// Gives a new file to the owner of its folder.
pub(super) fn give_file(file: &File, folder: &Path) {
    if let (Ok(folder), Ok(own)) = (fs::metadata(folder), file.metadata())
        && folder.uid() != own.uid()
    {
        drop(fchown(file, Some(folder.uid()), Some(folder.gid())));
    }
}
