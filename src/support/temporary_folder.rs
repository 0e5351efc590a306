//! Temporary folders that a later run finds and removes if this process is killed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use process_mark::folder;
use tempfile::TempDir;

/// The purposes of such folders. The sandbox makes its own, which are found here too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The canary's model.
    Canary,
    /// The demo's repository.
    Demo,
}

const SANDBOX: &str = "safe-push-sandbox";
const CANARY: &str = "safe-push-canary";
const DEMO: &str = "safe-push-demo";

/// A folder that is removed when dropped.
#[derive(Debug)]
pub struct TemporaryFolder {
    folder: TempDir,
    /// Tells other runs that this process is alive.
    _lock: Option<File>,
}

impl TemporaryFolder {
    /// Creates a folder in the system's temporary folder.
    pub fn create(purpose: Purpose) -> io::Result<Self> {
        let prefix = match purpose {
            Purpose::Canary => CANARY,
            Purpose::Demo => DEMO,
        };
        let folder = TempDir::with_prefix(folder::prefix(prefix))?;
        Ok(Self { _lock: folder::hold(folder.path()), folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Finds the folders that runs in `parent` left behind. Blocks.
pub fn find_left_folders(parent: &Path) -> io::Result<Vec<PathBuf>> {
    folder::left_behind(parent, &[SANDBOX, CANARY, DEMO])
}

/// The size of all files in a folder, in bytes. Blocks.
pub fn folder_size(folder: &Path) -> u64 {
    folder::size(folder)
}

/// Removes a folder. One that somebody else has removed is as good. Blocks.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_a_living_process_is_left_alone_and_one_of_a_dead_one_found() {
        let parent = tempfile::tempdir().unwrap();
        let own = folder::prefix(DEMO);
        let dead = own.replacen(&std::process::id().to_string(), &u32::MAX.to_string(), 1);
        let [own, dead] = [own, dead].map(|prefix| parent.path().join(format!("{prefix}x")));
        fs::create_dir(&own).unwrap();
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("predict.py"), "pass\n").unwrap();
        assert_eq!(find_left_folders(parent.path()).unwrap(), std::slice::from_ref(&dead));
        assert_eq!(folder_size(&dead), 5);
        remove_folder(&dead).unwrap();
        remove_folder(&dead).unwrap();
        assert!(own.exists() && !dead.exists());
    }
}
