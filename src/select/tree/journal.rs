//! A journal of what a script changes, for the process that starts after one that was killed.
//!
//! It is outside the repository, in a file that only its owner can read, named after the repository's path. Before the script runs, it
//! lists every file with size, time and digest; afterwards, the changed files with their earlier content. Of what the script wrote, it has
//! only digests, so it does not contain a key. It belongs to the commit that was checked out: if a different one is checked out, nothing is
//! restored. A lock beside it, which ends with its process, shows whether somebody still works with the files.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use process_mark::ProcessMark;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::select::tree::own_folder;
use crate::select::tree::restore::{self, check_way};
use crate::select::tree::scan::{self, ContentPolicy, TreeEntry, TreeEntryKind};
use crate::select::tree::{Changes, MAX_FILE_BYTES, Snapshot};

/// The format's version. A journal in another version restores nothing, and stops a build.
const FORMAT: u32 = 1;

/// Larger files are not journals.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// A journal of one repository, held by this process.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    root: PathBuf,
    commit: Option<String>,
    script: String,
    _lock: File,
}

/// What was left behind by a process that was killed.
#[derive(Debug, PartialEq, Eq)]
pub enum JournalRecovery {
    Nothing,
    /// These files were restored.
    Restored {
        script: String,
        files: Vec<PathBuf>,
    },
    /// These files may contain what the script wrote, and somebody has to check them.
    Unclear {
        script: String,
        files: Vec<PathBuf>,
        /// The journal. It is removed automatically once the files are as they were.
        journal: PathBuf,
        /// Whether another commit is checked out by now.
        is_other_commit: bool,
    },
    /// Another process works with the files.
    InUse {
        /// Its number, where it is known.
        process: Option<String>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Written {
    format: u32,
    root: String,
    /// What was checked out, where that is known.
    #[serde(default)]
    commit: Option<String>,
    script: String,
    /// The process, for messages.
    mark: Option<String>,
    /// Every file before the script, while it runs.
    before: Option<BTreeMap<String, EntryState>>,
    /// What it changed, once it has ended.
    changes: Vec<WrittenChange>,
}

/// The earlier state of an entry, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EntryState {
    kind: WrittenKind,
    mode: u32,
    /// The digest of the content or of a link's target; for large files, of size and time.
    digest: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenKind {
    File,
    Folder,
    Link,
    Other,
}

#[derive(Debug, Serialize, Deserialize)]
struct WrittenChange {
    /// In base64, since names may be any bytes.
    path: String,
    before: Option<Before>,
    after: Option<EntryState>,
}

/// The earlier state of an entry, with its content.
#[derive(Debug, Serialize, Deserialize)]
struct Before {
    was: EntryState,
    /// The content of a file or the target of a link, in base64. `None` for files that are too large.
    content: Option<String>,
    /// In nanoseconds since 1970.
    modified: Option<u64>,
    /// User and group.
    owner: (u32, u32),
}

impl Journal {
    /// Opens the journal of a repository, and locks it. `commit` is what is checked out, if that is known.
    ///
    /// # Errors
    /// When the folder cannot be written or is not this user's alone, or another process holds the journal.
    pub fn open(folder: &Path, root: &Path, commit: Option<String>, script: &str) -> io::Result<Self> {
        own_folder::make(folder)?;
        let root = root.canonicalize()?;
        let path = path_of(folder, &root);
        let lock = lock_of(&path)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another safe-push works with a key in this folder"),
            TryLockError::Error(error) => error,
        })?;
        Ok(Self { path, root, commit, script: script.to_owned(), _lock: lock })
    }

    /// Records the state of all files before the script.
    pub fn begin(&self, before: &Snapshot) -> io::Result<()> {
        let before = before.entries.iter().map(|(path, entry)| (name(path), was(&self.root.join(path), entry)));
        self.write(Some(before.collect()), Vec::new())
    }

    /// Records what the script changed.
    pub fn record(&self, changes: &Changes) -> io::Result<()> {
        let changes = changes.changes.iter().map(|change| WrittenChange {
            path: name(&change.path),
            before: change.before.as_ref().map(|before| Before {
                // The file has other content by now; the earlier content is in memory.
                was: EntryState { kind: kind(before), mode: before.mode, digest: digest_before(before) },
                content: content(before).map(|bytes| STANDARD.encode(bytes)),
                modified: before
                    .modified
                    .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
                    .and_then(|age| u64::try_from(age.as_nanos()).ok()),
                owner: before.owner,
            }),
            after: change.after.as_ref().map(|after| was(&self.root.join(&change.path), after)),
        });
        self.write(None, changes.collect())
    }

    /// Removes the journal: the files were restored, or are meant to stay as they are.
    pub fn clear(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn write(&self, before: Option<BTreeMap<String, EntryState>>, changes: Vec<WrittenChange>) -> io::Result<()> {
        let written = Written {
            format: FORMAT,
            root: self.root.display().to_string(),
            commit: self.commit.clone(),
            script: self.script.clone(),
            mark: ProcessMark::current().map(|mark| mark.to_string()),
            before,
            changes,
        };
        // Temporary files are readable by their owner alone.
        let mut file = tempfile::NamedTempFile::new_in(self.path.parent().unwrap_or(&self.path))?;
        file.write_all(&serde_json::to_vec(&written)?)?;
        file.as_file().sync_data()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

/// Restores what a killed process left changed while a script's changes were in a repository. `commit` is what is checked out now: if that
/// is a different one, the files are somebody else's work, and are only named.
///
/// # Errors
/// When the journal or the repository cannot be read, or the journal may be somebody else's.
pub fn recover(folder: &Path, root: &Path, commit: Option<&str>) -> io::Result<JournalRecovery> {
    let root = root.canonicalize()?;
    let path = path_of(folder, &root);
    if path.symlink_metadata().is_err() {
        return Ok(JournalRecovery::Nothing);
    }
    own_folder::check(folder)?;
    let written = read(&path)?;
    let lock = lock_of(&path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let process = written.mark.as_deref().and_then(ProcessMark::parse).map(|mark| mark.process().to_string());
            return Ok(JournalRecovery::InUse { process });
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let script = written.script.clone();
    let is_other_commit = written.commit.as_deref() != commit;
    let (restored, unclear) = match &written.before {
        Some(before) => (Vec::new(), changed_since(&root, before)?),
        None if is_other_commit => (Vec::new(), left_of(&root, &written.changes)),
        None => put_back(&root, &written.changes),
    };
    if unclear.is_empty() {
        fs::remove_file(&path)?;
        let files = restored;
        return Ok(if files.is_empty() { JournalRecovery::Nothing } else { JournalRecovery::Restored { script, files } });
    }
    Ok(JournalRecovery::Unclear { script, files: unclear, journal: path, is_other_commit })
}

fn read(path: &Path) -> io::Result<Written> {
    let mut bytes = Vec::new();
    own_folder::open(OpenOptions::new().read(true), path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    let written: Written = serde_json::from_slice(&bytes)?;
    if written.format != FORMAT {
        return Err(io::Error::other(format!("it has the format {}, and this version reads {FORMAT}", written.format)));
    }
    Ok(written)
}

/// Files that are not as they were before a script that was killed.
fn changed_since(root: &Path, before: &BTreeMap<String, EntryState>) -> io::Result<Vec<PathBuf>> {
    let now = scan::scan(root, ContentPolicy::Left)?;
    let mut changed: Vec<PathBuf> = Vec::new();
    for (path, entry) in &now {
        let is_folder = entry.kind == TreeEntryKind::Folder;
        if !is_folder && before.get(&name(path)) != Some(&was(&root.join(path), entry)) {
            changed.push(path.clone());
        }
    }
    // A file that is gone holds no key, but the build needs it.
    for gone in before.iter().filter(|(_, was)| was.kind != WrittenKind::Folder).map(|(path, _)| path_from(path)) {
        if !now.contains_key(&gone) {
            changed.push(gone);
        }
    }
    changed.sort();
    Ok(changed)
}

/// Files that are not as they were before a script that has ended.
fn left_of(root: &Path, changes: &[WrittenChange]) -> Vec<PathBuf> {
    let is_left = |change: &&WrittenChange| {
        let path = root.join(path_from(&change.path));
        let now = TreeEntry::of(&path).ok().map(|entry| was(&path, &entry));
        // Folders hold no key, and git does not know those that are empty.
        let is_folder = now.as_ref().is_some_and(|now| now.kind == WrittenKind::Folder);
        !is_folder && now.as_ref() != change.before.as_ref().map(|before| &before.was)
    };
    let mut left: Vec<PathBuf> = changes.iter().filter(is_left).map(|change| path_from(&change.path)).collect();
    left.sort();
    left
}

/// Restores the files that are as the script left them. Returns the restored files, and those that somebody has to check.
fn put_back(root: &Path, changes: &[WrittenChange]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut restored, mut unclear) = (Vec::new(), Vec::new());
    let (made, kept): (Vec<&WrittenChange>, Vec<&WrittenChange>) = changes.iter().partition(|change| change.before.is_none());
    // Files that were made go first, those in a folder before the folder.
    for change in made.into_iter().rev().chain(kept) {
        let path = path_from(&change.path);
        match put_one_back(root, &path, change) {
            Ok(true) => restored.push(path),
            Ok(false) => {}
            Err(_left) => unclear.push(path),
        }
    }
    restored.sort();
    unclear.sort();
    (restored, unclear)
}

/// Whether something was restored; `false` if it was as before.
fn put_one_back(root: &Path, relative: &Path, change: &WrittenChange) -> io::Result<bool> {
    let path = root.join(relative);
    let now = TreeEntry::of(&path).ok();
    let now_was = now.as_ref().map(|entry| was(&path, entry));
    if now_was.as_ref() == change.before.as_ref().map(|before| &before.was) {
        return Ok(false);
    }
    check_way(root, relative)?;
    let is_folder = |was: &Option<EntryState>| was.as_ref().is_some_and(|was| was.kind == WrittenKind::Folder);
    let Some(before) = &change.before else {
        if is_folder(&now_was) {
            fs::remove_dir(&path)?;
            return Ok(true);
        }
        if now_was != change.after {
            return Err(io::Error::other("it was changed again"));
        }
        fs::remove_file(&path)?;
        return Ok(true);
    };
    if now_was != change.after {
        return Err(io::Error::other("it was changed again"));
    }
    let content = before.content.as_ref().map(|content| STANDARD.decode(content)).transpose().map_err(io::Error::other)?;
    let modified = before.modified.map(|nanoseconds| SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds));
    let kind = match (before.was.kind, content.clone()) {
        (WrittenKind::Folder, _) => TreeEntryKind::Folder,
        (WrittenKind::Link, Some(target)) => TreeEntryKind::Link(PathBuf::from(std::ffi::OsString::from_vec(target))),
        (WrittenKind::File, Some(_)) => TreeEntryKind::File,
        _ => return Err(io::Error::other("its content was not kept")),
    };
    restore::write_back(&path, &kind, content.as_deref(), before.was.mode, modified, now.as_ref())?;
    let (user, group) = before.owner;
    if let Err(error) = std::os::unix::fs::lchown(&path, Some(user), Some(group)) {
        tracing::debug!(%error, path = %path.display(), "the owner of a file could not be restored");
    }
    Ok(true)
}

fn path_of(folder: &Path, root: &Path) -> PathBuf {
    let digest = hex::encode(Sha256::digest(root.as_os_str().as_bytes()));
    folder.join(format!("{}.json", &digest[..32]))
}

/// The lock beside a journal. It stays, since removing it would let two processes hold one each.
fn lock_of(path: &Path) -> io::Result<File> {
    own_folder::open(OpenOptions::new().create(true).truncate(false).write(true).mode(0o600), &path.with_extension("lock"))
}

fn name(path: &Path) -> String {
    STANDARD.encode(path.as_os_str().as_bytes())
}

fn path_from(name: &str) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(STANDARD.decode(name).unwrap_or_default()))
}

fn kind(entry: &TreeEntry) -> WrittenKind {
    match entry.kind {
        TreeEntryKind::File => WrittenKind::File,
        TreeEntryKind::Folder => WrittenKind::Folder,
        TreeEntryKind::Link(_) => WrittenKind::Link,
        TreeEntryKind::Other => WrittenKind::Other,
    }
}

/// A file of the repository.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    Ok(repository_files::read(path.parent().unwrap_or(path), path, MAX_FILE_BYTES)?)
}

/// The state of an entry on disk.
fn was(path: &Path, entry: &TreeEntry) -> EntryState {
    let digest = match &entry.kind {
        TreeEntryKind::File if entry.stamp.size() <= MAX_FILE_BYTES => match &entry.bytes {
            Some(bytes) => digest(bytes),
            None => read_file(path).map(|bytes| digest(&bytes)).unwrap_or_default(),
        },
        _ => digest_before(entry),
    };
    EntryState { kind: kind(entry), mode: entry.mode, digest }
}

/// The digest of an entry whose content, if kept at all, is in memory.
fn digest_before(entry: &TreeEntry) -> String {
    match (&entry.kind, &entry.bytes) {
        (TreeEntryKind::File, Some(bytes)) => digest(bytes),
        (TreeEntryKind::File, None) => entry.stamp.shown(),
        (TreeEntryKind::Link(target), _) => digest(target.as_os_str().as_bytes()),
        (TreeEntryKind::Folder | TreeEntryKind::Other, _) => String::new(),
    }
}

fn content(entry: &TreeEntry) -> Option<Vec<u8>> {
    match &entry.kind {
        TreeEntryKind::Link(target) => Some(target.as_os_str().as_bytes().to_vec()),
        _ => entry.bytes.clone(),
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const KEY: &str = "sk-live-0123456789";
    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
    const OTHER: &str = "ffffffffffffffffffffffffffffffffffffffff";

    struct Place {
        folder: tempfile::TempDir,
        state: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let place = Self { folder: tempfile::tempdir().unwrap(), state: tempfile::tempdir().unwrap() };
            place.write("settings.py", "KEY = None\n");
            place.write("old.txt", "old\n");
            place
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.folder.path().join(name), text).unwrap();
        }

        fn read(&self, name: &str) -> Option<String> {
            fs::read_to_string(self.folder.path().join(name)).ok()
        }

        fn journal(&self) -> Journal {
            let journals = self.state.path().join("journals");
            Journal::open(&journals, self.folder.path(), Some(COMMIT.to_owned()), "script/write-api-key").unwrap()
        }

        fn recover(&self) -> JournalRecovery {
            self.recover_at(COMMIT)
        }

        fn recover_at(&self, commit: &str) -> JournalRecovery {
            recover(&self.state.path().join("journals"), self.folder.path(), Some(commit)).unwrap()
        }

        /// A process that is killed after its script.
        fn killed(&self, script: impl FnOnce(&Self)) -> String {
            let journal = self.journal();
            let before = Snapshot::take(self.folder.path()).unwrap();
            journal.begin(&before).unwrap();
            script(self);
            journal.record(&before.changes().unwrap()).unwrap();
            let mode = journal.path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            fs::read_to_string(&journal.path).unwrap()
        }
    }

    fn write_key(place: &Place) {
        place.write("settings.py", &format!("KEY = '{KEY}'\n"));
        place.write("api_key.txt", KEY);
        fs::remove_file(place.folder.path().join("old.txt")).unwrap();
        fs::create_dir(place.folder.path().join("keys")).unwrap();
        place.write("keys/one.txt", KEY);
        std::os::unix::fs::symlink("api_key.txt", place.folder.path().join("link")).unwrap();
    }

    #[test]
    fn what_a_killed_process_left_is_put_back() {
        let place = Place::new();
        let journal = place.killed(write_key);
        assert!(!journal.contains(KEY) && !journal.contains(&STANDARD.encode(KEY)), "{journal}");
        let files = ["api_key.txt", "keys", "keys/one.txt", "link", "old.txt", "settings.py"].map(PathBuf::from).to_vec();
        assert_eq!(place.recover(), JournalRecovery::Restored { script: "script/write-api-key".to_owned(), files });
        assert_eq!((place.read("settings.py").as_deref(), place.read("old.txt").as_deref()), (Some("KEY = None\n"), Some("old\n")));
        for gone in ["api_key.txt", "keys", "link"] {
            assert!(!place.folder.path().join(gone).exists(), "{gone}");
        }
        assert_eq!(place.recover(), JournalRecovery::Nothing);
    }

    #[test]
    fn a_file_that_was_changed_again_is_named() {
        let place = Place::new();
        place.killed(write_key);
        place.write("api_key.txt", &format!("{KEY} and a note"));
        let JournalRecovery::Unclear { files, journal, .. } = place.recover() else { panic!("it was restored") };
        assert_eq!(files, [PathBuf::from("api_key.txt")]);
        assert_eq!(place.read("settings.py").as_deref(), Some("KEY = None\n"));
        // As soon as it is gone, nothing is unclear any longer.
        assert!(journal.exists());
        fs::remove_file(place.folder.path().join("api_key.txt")).unwrap();
        assert_eq!(place.recover(), JournalRecovery::Nothing);
        assert!(!journal.exists());
    }

    #[test]
    fn a_script_that_was_killed_leaves_names() {
        let place = Place::new();
        {
            let journal = place.journal();
            journal.begin(&Snapshot::take(place.folder.path()).unwrap()).unwrap();
            write_key(&place);
        }
        let JournalRecovery::Unclear { files, .. } = place.recover() else { panic!("it was restored") };
        assert_eq!(files, ["api_key.txt", "keys/one.txt", "link", "old.txt", "settings.py"].map(PathBuf::from));
    }

    #[test]
    fn nothing_is_put_back_into_the_tree_of_another_commit() {
        let place = Place::new();
        place.killed(write_key);
        // Checked out anew: files of its own, one of which happens to be what the script wrote, and one that it left.
        place.write("settings.py", "KEY = os.environ\n");
        place.write("keys/one.txt", KEY);
        fs::remove_file(place.folder.path().join("link")).unwrap();
        let JournalRecovery::Unclear { files, is_other_commit, .. } = place.recover_at(OTHER) else { panic!("it was restored") };
        assert!(is_other_commit);
        assert_eq!(files, ["api_key.txt", "keys/one.txt", "old.txt", "settings.py"].map(PathBuf::from));
        assert_eq!(place.read("settings.py").as_deref(), Some("KEY = os.environ\n"));
        assert_eq!(place.read("keys/one.txt").as_deref(), Some(KEY));
        assert!(!place.folder.path().join("old.txt").exists());
    }

    #[test]
    fn another_commit_without_a_trace_of_the_script_clears_the_journal() {
        let place = Place::new();
        place.killed(|place| place.write("api_key.txt", KEY));
        fs::remove_file(place.folder.path().join("api_key.txt")).unwrap();
        place.write("settings.py", "KEY = os.environ\n");
        assert_eq!(place.recover_at(OTHER), JournalRecovery::Nothing);
        assert_eq!(place.recover(), JournalRecovery::Nothing);
    }

    #[test]
    fn a_journal_that_others_could_have_written_is_not_read() {
        let place = Place::new();
        place.killed(write_key);
        let journals = place.state.path().join("journals");
        fs::set_permissions(&journals, fs::Permissions::from_mode(0o777)).unwrap();
        let error = recover(&journals, place.folder.path(), Some(COMMIT)).unwrap_err();
        assert!(error.to_string().ends_with("can be written by other users"), "{error}");
        assert_eq!(place.read("api_key.txt").as_deref(), Some(KEY), "nothing is touched");
        // Nor is a link in its place.
        fs::set_permissions(&journals, fs::Permissions::from_mode(0o700)).unwrap();
        let path = path_of(&journals, &place.folder.path().canonicalize().unwrap());
        let elsewhere = place.state.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(recover(&journals, place.folder.path(), Some(COMMIT)).is_err());
        assert_eq!(place.read("api_key.txt").as_deref(), Some(KEY));
    }

    #[test]
    fn a_process_that_lives_is_not_disturbed() {
        let place = Place::new();
        let journal = place.journal();
        journal.begin(&Snapshot::take(place.folder.path()).unwrap()).unwrap();
        let process = Some(std::process::id().to_string());
        assert_eq!(place.recover(), JournalRecovery::InUse { process });
        assert!(Journal::open(&place.state.path().join("journals"), place.folder.path(), None, "x").is_err());
        journal.clear().unwrap();
        drop(journal);
        assert_eq!(place.recover(), JournalRecovery::Nothing);
    }
}
