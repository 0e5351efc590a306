//! The folder of a sandbox's files. A killed sandbox leaves it behind; the next one in the same place removes it.

use std::fs;
use std::io;
use std::path::Path;

use process_mark::folder::{self, MarkedFolder};

/// The start of the names of such folders.
pub const FOLDER_PREFIX: &str = "safe-push-sandbox";

/// Creates a folder in `parent`, by default the system's temporary folder, and removes those of dead sandboxes there.
pub(super) fn create(parent: Option<&Path>) -> io::Result<MarkedFolder> {
    let parent = match parent {
        Some(parent) => {
            fs::create_dir_all(parent)?;
            parent.to_owned()
        }
        None => std::env::temp_dir(),
    };
    remove_orphans(&parent);
    MarkedFolder::create(&parent, FOLDER_PREFIX)
}

fn remove_orphans(parent: &Path) {
    match folder::left_behind(parent, &[FOLDER_PREFIX]) {
        Ok(orphans) => {
            for orphan in orphans {
                if let Err(cause) = folder::remove(&orphan) {
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
        let first = create(Some(parent.path())).unwrap();
        let own = first.path().file_name().and_then(|name| name.to_str()).unwrap();
        let dead = own.replacen(&std::process::id().to_string(), &u32::MAX.to_string(), 1);
        fs::create_dir_all(parent.path().join(format!("{dead}x/registry"))).unwrap();
        let second = create(Some(parent.path())).unwrap();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2, "the dead one's is gone, the living ones' are not");
        first.remove().unwrap();
        drop(second);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
