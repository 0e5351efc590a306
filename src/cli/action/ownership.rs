//! Gives the files we leave in the workspace to the workspace's owner. We run as root in a container, later steps do not. On a self-hosted
//! runner they could not even delete our files: `docs/reference/github-actions.md#user-and-file-ownership`.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};

/// Gives what was created to the workspace's owner, and nothing else. Links are not followed.
pub(super) fn give_away(created: &[PathBuf], workspace: &Path) -> io::Result<()> {
    let workspace = fs::metadata(workspace)?;
    for path in created {
        if fs::symlink_metadata(path)?.uid() != workspace.uid() {
            lchown(path, Some(workspace.uid()), Some(workspace.gid()))?;
        }
    }
    Ok(())
}
