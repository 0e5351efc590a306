//! Gives the files we leave in the workspace to the workspace's owner. We run as root in a container, later steps do not. On a self-hosted
//! runner they could not even delete our files: `docs/reference/github-actions.md#user-and-file-ownership`.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

/// Gives a folder of ours, with all that is in it, to the workspace's owner. Links are not followed.
pub(super) fn give_away(folder: &Path, workspace: &Path) -> io::Result<()> {
    let workspace = fs::metadata(workspace)?;
    let owner = (workspace.uid(), workspace.gid());
    if fs::symlink_metadata(folder)?.uid() == owner.0 {
        return Ok(());
    }
    give(folder, owner)
}

fn give(path: &Path, owner: (u32, u32)) -> io::Result<()> {
    lchown(path, Some(owner.0), Some(owner.1))?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), owner)?;
        }
    }
    Ok(())
}
