//! Temporary folders that carry the mark of their process in their name.
//!
//! A process also holds a lock on its folder, because a lock works across PID namespaces that share the folder: it is gone as soon as the
//! process is.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{AGE_LIMIT, Owner, ProcessMark};

/// How long a folder without a lock is left alone: its process may just have made it.
const YOUNG: Duration = Duration::from_secs(60 * 60);

/// A folder of this process, removed when dropped.
#[derive(Debug)]
pub struct MarkedFolder {
    folder: TempDir,
    /// Tells others that this process is alive.
    _lock: Option<File>,
}

impl MarkedFolder {
    /// Creates `PREFIX-MARK-…` in `parent`, which exists.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn create(parent: &Path, prefix: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(&start_of_name(prefix)).tempdir_in(parent)?;
        Ok(Self { _lock: hold(folder.path()), folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folder, and says whether that worked. Blocks.
    ///
    /// # Errors
    /// Something in the folder cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        self.folder.close()
    }
}

/// `PREFIX-MARK-`, or `PREFIX-` where there is no mark.
fn start_of_name(prefix: &str) -> String {
    ProcessMark::current().map_or_else(|| format!("{prefix}-"), |mark| format!("{prefix}-{mark}-"))
}

/// Holds the lock on a folder of this process until the file is dropped. `None` where folders cannot be locked.
fn hold(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    file.try_lock().is_ok().then_some(file)
}

/// Finds folders in `parent` whose names are `PREFIX-MARK-…` for one of the prefixes, and whose process has ended.
///
/// Only folders of the current user count, and no links: `parent` may be open to everybody.
pub fn left_behind(parent: &Path, prefixes: &[&str]) -> io::Result<Vec<PathBuf>> {
    use std::os::unix::fs::MetadataExt as _;
    let user = fs::metadata("/proc/self")?.uid();
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)?.strip_prefix('-')));
        let Some(mark) = rest.and_then(ProcessMark::parse_start) else { continue };
        // It may be removed at the same time.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() && metadata.uid() == user && is_left(&mark, &entry.path(), metadata.modified().ok()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn is_left(mark: &ProcessMark, folder: &Path, modified: Option<SystemTime>) -> bool {
    let age = modified.and_then(|modified| modified.elapsed().ok()).unwrap_or_default();
    match mark.owner() {
        Owner::Running => false,
        Owner::Ended => true,
        Owner::Unknown if age < YOUNG => false,
        Owner::Unknown => match File::open(folder).map_err(TryLockError::Error).and_then(|file| file.try_lock()) {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            // The file system has no locks for folders.
            Err(TryLockError::Error(_)) => age > AGE_LIMIT,
        },
    }
}

/// Removes a folder. It is not an error if somebody else has removed it. Blocks.
///
/// # Errors
/// Something in the folder cannot be removed.
pub fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The size of all files in a folder, in bytes, as far as they can be read. Links are not followed.
pub fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Parent(PathBuf);

    impl Parent {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("process-mark-test-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn add(&self, name: &str) -> PathBuf {
            let path = self.0.join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("file"), "12345").unwrap();
            path
        }

        fn left(&self) -> Vec<PathBuf> {
            left_behind(&self.0, &["a", "b-c"]).unwrap()
        }
    }

    impl Drop for Parent {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// This process, but for its number.
    fn dead() -> String {
        let mark = ProcessMark::current().unwrap().to_string();
        format!("{}-{}", u32::MAX, mark.split_once('-').unwrap().1)
    }

    #[test]
    fn only_marked_folders_of_dead_processes_are_left_behind() {
        let parent = Parent::new("dead");
        let dead = dead();
        let left = [parent.add(&format!("a-{dead}-x")), parent.add(&format!("b-c-{dead}-y"))];
        let own = MarkedFolder::create(&parent.0, "a").unwrap();
        parent.add(&format!("other-{dead}-x"));
        parent.add("a-without-a-mark");
        parent.add(&format!("a-{dead}"));
        fs::write(parent.0.join(format!("a-{dead}-file")), "").unwrap();
        std::os::unix::fs::symlink(&left[0], parent.0.join(format!("a-{dead}-link"))).unwrap();
        assert_eq!(parent.left(), left);
        assert_eq!(size(&left[0]), 5);
        for folder in &left {
            remove(folder).unwrap();
            remove(folder).unwrap();
        }
        assert!(parent.left().is_empty() && own.path().exists());
        let path = own.path().to_owned();
        own.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_of_another_namespace_is_left_alone_while_it_is_young_or_locked() {
        let parent = Parent::new("unknown");
        let mark = ProcessMark::current().unwrap().to_string();
        let mut parts: Vec<&str> = mark.split('-').collect();
        parts[2] = "1";
        let folder = parent.add(&format!("a-{}-x", parts.join("-")));
        assert!(parent.left().is_empty(), "young");
        let age = |duration| File::open(&folder).unwrap().set_modified(SystemTime::now() - duration).unwrap();
        age(YOUNG * 2);
        let lock = hold(&folder).unwrap();
        assert!(parent.left().is_empty(), "locked");
        drop(lock);
        assert_eq!(parent.left(), [folder]);
    }
}
