//! Temporary folders that a later run finds and removes if this process is killed.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use process_mark::folder;
pub use process_mark::folder::{MarkedFolder as TemporaryFolder, size as folder_size};

use crate::support::session;

/// The purposes of such folders. The sandbox makes its own, which are found here too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The canary's model.
    Canary,
    /// The demo's repository.
    Demo,
    /// What an untrusted program may write besides the checkout.
    Program,
}

const CANARY: &str = "safe-push-canary";
const DEMO: &str = "safe-push-demo";
const PROGRAM: &str = "safe-push-program";

/// Creates a folder in the system's temporary folder. It is removed when dropped.
pub fn temporary_folder(purpose: Purpose) -> io::Result<TemporaryFolder> {
    let prefix = match purpose {
        Purpose::Canary => CANARY,
        Purpose::Demo => DEMO,
        Purpose::Program => PROGRAM,
    };
    TemporaryFolder::create(&env::temp_dir(), prefix)
}

/// Finds the folders that runs in `parent` left behind. Blocks.
pub fn find_left_folders(parent: &Path) -> io::Result<Vec<PathBuf>> {
    folder::left_behind(parent, &[replicate_sandbox::FOLDER_PREFIX, CANARY, DEMO, PROGRAM])
}

/// Removes a folder that was left behind, once the processes of its program are ended. Blocks.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    session::end_noted(folder);
    folder::remove(folder)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_of_a_living_process_is_left_alone_and_one_of_a_dead_one_found() {
        let parent = tempfile::tempdir().unwrap();
        let living = TemporaryFolder::create(parent.path(), DEMO).unwrap();
        let own = living.path().file_name().and_then(|name| name.to_str()).unwrap();
        let dead = parent.path().join(own.replacen(&std::process::id().to_string(), &u32::MAX.to_string(), 1));
        fs::create_dir(&dead).unwrap();
        assert_eq!(find_left_folders(parent.path()).unwrap(), [dead]);
    }
}
