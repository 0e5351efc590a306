//! What we leave in the workspace belongs to whom the workspace belongs to. We run as root in a container; the steps behind ours do not,
//! and on a machine of one's own they could not even tidy up (`contracts/github.md` section 1).

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
