use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::*;

const LIMIT: u64 = 1000;

struct Folders {
    outer: tempfile::TempDir,
}

impl Folders {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir_all(outer.path().join("repository/inner")).unwrap();
        fs::write(outer.path().join("secret"), "hush").unwrap();
        fs::write(outer.path().join("repository/inner/a.txt"), "text").unwrap();
        Self { outer }
    }

    fn root(&self) -> PathBuf {
        self.outer.path().join("repository")
    }

    fn link(&self, target: &str, name: &str) {
        symlink(target, self.root().join(name)).unwrap();
    }

    fn read(&self, path: &str) -> Result<String, FileError> {
        read_text(&self.root(), Path::new(path), LIMIT)
    }

    fn problem(&self, path: &str) -> String {
        let error = self.read(path).unwrap_err();
        assert!(error.is_missing() || error.fix().is_some());
        error.to_string().replace(&self.outer.path().canonicalize().unwrap().display().to_string(), "OUTER")
    }
}

#[test]
fn files_are_read_by_relative_and_by_absolute_path() {
    let folders = Folders::new();
    assert_eq!(folders.read("inner/a.txt").unwrap(), "text");
    assert_eq!(folders.read("./inner/a.txt").unwrap(), "text");
    assert_eq!(folders.read(&folders.root().join("inner/a.txt").display().to_string()).unwrap(), "text");
}

#[test]
fn settings_of_git_are_not_read() {
    let folders = Folders::new();
    for folder in [".git", "inner/.GIT/modules"] {
        fs::create_dir_all(folders.root().join(folder)).unwrap();
        fs::write(folders.root().join(folder).join("config"), "token").unwrap();
    }
    fs::write(folders.root().join("inner/.GIT/HEAD"), "ref: refs/heads/main").unwrap();
    fs::write(folders.root().join("inner/config"), "ours").unwrap();
    folders.link(".git/config", "settings");
    folders.link(".git", "folder");
    for path in [".git/config", "./.git/config", "inner/.GIT/modules/config", "settings", "folder/config"] {
        assert_eq!(folders.problem(path), format!("{path} holds git's own settings, and maybe a token"));
    }
    assert_eq!(folders.read("inner/.GIT/HEAD").unwrap(), "ref: refs/heads/main");
    assert_eq!(folders.read("inner/config").unwrap(), "ours");
    assert_eq!(read_text(&folders.root().join(".git"), Path::new("config"), LIMIT).unwrap(), "token");
}

#[test]
fn a_link_inside_the_repository_is_followed() {
    let folders = Folders::new();
    folders.link("inner/a.txt", "link");
    folders.link("inner", "folder");
    folders.link(&folders.root().join("inner/a.txt").display().to_string(), "absolute");
    for path in ["link", "folder/a.txt", "absolute"] {
        assert_eq!(folders.read(path).unwrap(), "text", "{path}");
    }
}

#[test]
fn nothing_outside_the_repository_is_read() {
    let folders = Folders::new();
    folders.link("../secret", "link");
    folders.link("../", "folder");
    folders.link("/etc/shadow", "shadow");
    folders.link("/dev/zero", "zero");
    assert_eq!(folders.problem("link"), "link leaves the repository: it leads to OUTER/secret");
    assert_eq!(folders.problem("folder/secret"), "folder/secret leaves the repository: it leads to OUTER/secret");
    assert_eq!(folders.problem("shadow"), "shadow leaves the repository: it leads to /etc/shadow");
    assert_eq!(folders.problem("zero"), "zero leaves the repository: it leads to /dev/zero");
    assert_eq!(folders.problem("../secret"), "../secret leaves the repository");
    assert_eq!(folders.problem("inner/../../secret"), "inner/../../secret leaves the repository");
    assert_eq!(folders.problem("/etc/passwd"), "/etc/passwd leaves the repository: it leads to /etc/passwd");
}

#[test]
fn a_named_pipe_is_an_error_and_never_waited_for() {
    let folders = Folders::new();
    let pipe = folders.root().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let started = Instant::now();
    assert_eq!(folders.problem("pipe"), "pipe is a named pipe, not a regular file");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn folders_and_sockets_are_errors() {
    let folders = Folders::new();
    let _listener = std::os::unix::net::UnixListener::bind(folders.root().join("socket")).unwrap();
    assert_eq!(folders.problem("inner"), "inner is a folder, not a regular file");
    assert_eq!(folders.problem("socket"), "socket is a socket, not a regular file");
}

#[test]
fn a_sparse_file_of_four_gigabytes_is_refused_by_its_size() {
    let folders = Folders::new();
    File::create(folders.root().join("sparse")).unwrap().set_len(4 << 30).unwrap();
    let started = Instant::now();
    assert_eq!(folders.problem("sparse"), "sparse is larger than 1000 bytes");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn the_limit_holds_for_files_that_claim_to_be_empty() {
    // The kernel's own files have no size, but contents.
    let error = read(Path::new("/proc"), Path::new("/proc/cpuinfo"), 10).unwrap_err();
    assert!(matches!(error, FileError::TooLarge { limit_bytes: 10, .. }), "{error:?}");
}

#[test]
fn missing_files_are_told_apart() {
    let folders = Folders::new();
    folders.link("gone", "dangling");
    for path in ["b", "inner/a.txt/b", "dangling"] {
        assert!(folders.read(path).unwrap_err().is_missing(), "{path}");
    }
}

#[test]
fn other_encodings_are_named_by_their_first_byte() {
    let folders = Folders::new();
    fs::write(folders.root().join("latin"), b"caf\xe9").unwrap();
    assert_eq!(folders.problem("latin"), "latin is not UTF-8 at byte 3");
}

#[test]
fn an_error_of_the_standard_library_keeps_the_fix() {
    let folders = Folders::new();
    fs::write(folders.root().join("large"), "x".repeat(1001)).unwrap();
    let error = io::Error::from(folders.read("large").unwrap_err());
    assert_eq!(error.to_string(), "large is larger than 1000 bytes; keep it below 1000 bytes");
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
}
