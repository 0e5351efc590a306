//! Files of a repository that are not what they seem: none hangs the program, fills its memory or shows a file of the machine.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use test_support::{Repository, Seen};

/// Every file that a check reads, and what a build reads as well.
const FILES: [&str; 5] = ["cog-safe-push-configs/text-stats.yaml", ".safe-push.yaml", "cog.yaml", "predict.py", "requirements.txt"];

fn repository() -> Repository {
    let repository = Repository::example("text-stats");
    repository.write(
        "cog.yaml",
        "build:\n  python_version: \"3.11\"\n  python_requirements: requirements.txt\npredict: \"predict.py:Predictor\"\n",
    );
    repository.write("requirements.txt", "numpy==1.26.4\n");
    repository
}

/// Checks a repository in which one file was replaced.
fn check(file: &str, replace: impl Fn(&Path)) -> Seen {
    let repository = repository();
    let path: PathBuf = repository.path().join(file);
    if path.exists() {
        fs::remove_file(&path).unwrap();
    }
    replace(&path);
    let begun = Instant::now();
    let seen = repository.run("check");
    assert!(begun.elapsed() < Duration::from_secs(20), "{file} took {:?}", begun.elapsed());
    assert!(seen.code != Some(0), "{file} was accepted: {seen}");
    seen
}

fn told(seen: &Seen) -> String {
    format!("{}{}", seen.stdout, seen.stderr)
}

#[test]
fn a_named_pipe_is_an_error() {
    for file in FILES {
        let seen = check(file, |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()));
        assert!(told(&seen).contains("named pipe"), "{file}: {seen}");
    }
}

#[test]
fn a_sparse_file_of_four_gigabytes_is_an_error() {
    for file in FILES {
        let seen = check(file, |path| fs::File::create(path).unwrap().set_len(4 << 30).unwrap());
        assert!(told(&seen).contains("larger than [SIZE]"), "{file}: {seen}");
    }
}

#[test]
fn a_link_to_a_file_of_the_machine_is_an_error_and_shows_nothing() {
    for (target, shown) in [("/etc/shadow", "root:"), ("/etc/passwd", "root:"), ("/dev/zero", "\0")] {
        for file in FILES {
            let seen = check(file, |path| symlink(target, path).unwrap());
            let text = told(&seen);
            assert!(text.contains("leaves the"), "{file} -> {target}: {seen}");
            assert!(!text.contains(shown), "{file} -> {target}: {seen}");
        }
    }
}

#[test]
fn a_link_inside_the_repository_is_followed() {
    let repository = repository();
    for file in FILES.into_iter().filter(|file| *file != ".safe-push.yaml") {
        let path = repository.path().join(file);
        let moved = repository.path().join("moved").join(path.file_name().unwrap());
        fs::create_dir_all(moved.parent().unwrap()).unwrap();
        fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
    }
    let seen = repository.run("check");
    assert_eq!(seen.code, Some(0), "{seen}");
}

#[test]
fn a_folder_in_place_of_a_file_is_an_error() {
    for file in FILES {
        check(file, |path| fs::create_dir(path).unwrap());
    }
}
