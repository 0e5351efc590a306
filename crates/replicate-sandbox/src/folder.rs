//! The folder of a sandbox's files. A killed sandbox leaves it behind; the next one in the same place removes it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use process_mark::folder;
use tempfile::TempDir;

const PREFIX: &str = "safe-push-sandbox";

/// A temporary folder, removed when dropped.
#[derive(Debug)]
pub(super) struct Folder {
    folder: TempDir,
    /// Tells others that this process is alive.
    _lock: Option<File>,
}

impl Folder {
    /// Creates a folder in `parent`, by default the system's temporary folder, and removes those of dead sandboxes there.
    pub(super) fn create(parent: Option<&Path>) -> io::Result<Self> {
        let parent = match parent {
            Some(parent) => {
                fs::create_dir_all(parent)?;
                parent.to_owned()
            }
            None => std::env::temp_dir(),
        };
        remove_orphans(&parent);
        let folder = tempfile::Builder::new().prefix(&folder::prefix(PREFIX)).tempdir_in(parent)?;
        Ok(Self { _lock: folder::hold(folder.path()), folder })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folder. Blocks.
    pub(super) fn remove(self) -> io::Result<()> {
        self.folder.close()
    }
}

fn remove_orphans(parent: &Path) {
    match folder::left_behind(parent, &[PREFIX]) {
        Ok(orphans) => {
            for orphan in orphans {
                // Another sandbox may be removing it too.
                if let Err(cause) = fs::remove_dir_all(&orphan) {
                    tracing::debug!(%cause, folder = %orphan.display(), "failed to remove the folder of an earlier sandbox");
                }
            }
        }
        Err(cause) => tracing::debug!(%cause, "failed to look for folders of earlier sandboxes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_a_dead_sandbox_goes_with_the_next_one() {
        let parent = tempfile::tempdir().unwrap();
        let own = folder::prefix(PREFIX);
        let dead = own.replacen(&std::process::id().to_string(), &u32::MAX.to_string(), 1);
        fs::create_dir_all(parent.path().join(format!("{dead}x/registry"))).unwrap();
        let first = Folder::create(Some(parent.path())).unwrap();
        let second = Folder::create(Some(parent.path())).unwrap();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2, "the dead one's is gone, the living ones' are not");
        first.remove().unwrap();
        drop(second);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
