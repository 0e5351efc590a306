//! The folder for journals: it belongs to this user, and no link of somebody else leads to it.
//!
//! In a place that everybody can write to, such as `/tmp`, somebody else may have created the folder first: as a link that leads elsewhere,
//! or with a journal that puts files of their choice into a project.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Writable by the group or by everybody.
const BY_OTHERS: u32 = 0o022;
/// Writable by everybody, each for their own files.
const SHARED: u32 = 0o1002;

/// Creates the folder, and checks it.
///
/// # Errors
/// It cannot be created, or does not belong to this user alone.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    check(folder)
}

/// Checks an existing folder, and every folder above it that is in a place shared by all users.
///
/// # Errors
/// When one of them is a link, belongs to somebody else, or can be written by others.
pub(super) fn check(folder: &Path) -> io::Result<()> {
    let folder = std::path::absolute(folder)?;
    let shared = folder.ancestors().skip(1).find(|above| above.metadata().is_ok_and(|found| found.mode() & SHARED == SHARED));
    let is_below = |path: &Path| shared.is_some_and(|shared| path != shared && path.starts_with(shared));
    for path in folder.ancestors().take_while(|path| *path == folder || is_below(path)) {
        let metadata = fs::symlink_metadata(path)?;
        if !metadata.is_dir() {
            return Err(refused(path, "is not a folder of its own"));
        }
        check_owner(path, &metadata)?;
    }
    Ok(())
}

/// Opens a file in such a folder. `options` may create it.
///
/// # Errors
/// It is a link, not a file, or does not belong to this user alone.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(refused(path, "is not a file"));
    }
    check_owner(path, &metadata)?;
    Ok(file)
}

fn check_owner(path: &Path, metadata: &Metadata) -> io::Result<()> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused(path, "belongs to another user"));
    }
    if metadata.mode() & BY_OTHERS != 0 {
        return Err(refused(path, "can be written by other users"));
    }
    Ok(())
}

fn refused(path: &Path, problem: &str) -> io::Error {
    io::Error::other(format!("{} {problem}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_of_ones_own_is_made_and_taken() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("safe-push-0/safe-push/keys");
        make(&folder).unwrap();
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        make(&folder).unwrap();
    }

    #[test]
    fn links_and_folders_that_others_can_write_are_refused_wherever_they_are_on_the_way() {
        for spoiled in ["safe-push-0", "safe-push-0/safe-push", "safe-push-0/safe-push/keys"] {
            let place = tempfile::tempdir().unwrap();
            set_mode(place.path(), 0o1777);
            let folder = place.path().join("safe-push-0/safe-push/keys");
            make(&folder).unwrap();
            set_mode(&place.path().join(spoiled), 0o777);
            let error = make(&folder).unwrap_err().to_string();
            assert!(error.ends_with("can be written by other users"), "{spoiled}: {error}");

            set_mode(&place.path().join(spoiled), 0o700);
            let elsewhere = place.path().join("elsewhere");
            fs::rename(place.path().join(spoiled), &elsewhere).unwrap();
            symlink(&elsewhere, place.path().join(spoiled)).unwrap();
            let error = make(&folder).unwrap_err().to_string();
            assert!(error.ends_with("is not a folder of its own"), "{spoiled}: {error}");
        }
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        // Only the superuser can give files away.
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("keys");
        make(&folder).unwrap();
        std::os::unix::fs::chown(&folder, Some(12345), None).unwrap();
        assert!(check(&folder).unwrap_err().to_string().ends_with("belongs to another user"));
    }

    #[test]
    fn files_that_are_links_or_pipes_are_not_opened() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("target"), "x").unwrap();
        symlink("target", place.path().join("link")).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, place.path().join("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let mut reading = OpenOptions::new();
        reading.read(true);
        open(&mut reading, &place.path().join("target")).unwrap();
        for refused in ["link", "pipe"] {
            assert!(open(&mut reading, &place.path().join(refused)).is_err(), "{refused}");
        }
    }
}
