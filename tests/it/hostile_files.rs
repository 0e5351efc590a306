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
    let started = Instant::now();
    let seen = repository.run("check");
    assert!(started.elapsed() < Duration::from_secs(20), "{file} took {:?}", started.elapsed());
    assert!(seen.code != Some(0), "{file} was accepted: {seen}");
    seen
}

fn reported(seen: &Seen) -> String {
    format!("{}{}", seen.stdout, seen.stderr)
}

#[test]
fn a_named_pipe_is_an_error() {
    for file in FILES {
        let seen = check(file, |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()));
        assert!(reported(&seen).contains("named pipe"), "{file}: {seen}");
    }
}

#[test]
fn a_named_pipe_anywhere_in_the_project_is_an_error_unless_dockerignore_names_it() {
    let repository = repository();
    assert!(Command::new("mkfifo").arg(repository.path().join("feed")).status().unwrap().success());
    let seen = repository.run("check");
    assert_eq!(seen.code, Some(1), "{seen}");
    assert!(seen.stdout.contains("error[SP591]") && seen.stdout.contains("feed"), "{seen}");
    repository.write(".dockerignore", "feed\n");
    assert_eq!(repository.run("check").code, Some(0));
}

#[test]
fn a_sparse_file_of_four_gigabytes_is_an_error() {
    for file in FILES {
        let seen = check(file, |path| fs::File::create(path).unwrap().set_len(4 << 30).unwrap());
        assert!(reported(&seen).contains("larger than [SIZE]"), "{file}: {seen}");
    }
}

#[test]
fn a_link_to_a_file_of_the_machine_is_an_error_and_shows_nothing() {
    for (target, shown) in [("/etc/shadow", "root:"), ("/etc/passwd", "root:"), ("/dev/zero", "\0")] {
        for file in FILES {
            let seen = check(file, |path| symlink(target, path).unwrap());
            let text = reported(&seen);
            assert!(text.contains("leaves the"), "{file} -> {target}: {seen}");
            assert!(!text.contains(shown), "{file} -> {target}: {seen}");
        }
    }
}

/// `actions/checkout` leaves GitHub's token in `.git/config`, and a model gets the files of its inputs.
#[test]
fn settings_of_git_are_not_read_and_reach_no_model() {
    let git = |repository: &Path| {
        fs::create_dir_all(repository.join(".git")).unwrap();
        fs::write(repository.join(".git/config"), "AUTHORIZATION = basic hush-hush").unwrap();
    };
    for file in FILES {
        let seen = check(file, |path| {
            let repository = path.ancestors().find(|folder| folder.join("cog.yaml").exists() || folder.join("predict.py").exists());
            let repository = repository.unwrap();
            git(repository);
            symlink(repository.join(".git/config"), path).unwrap();
        });
        let reported = reported(&seen);
        assert!(!reported.contains("hush-hush"), "{file}: {seen}");
    }
    let repository = repository();
    git(repository.path());
    symlink(".git/config", repository.path().join("settings")).unwrap();
    repository.edit("predict.py", "text: str", "text: Path");
    repository.edit("predict.py", "from cog import", "from cog import Path,");
    for file in [".git/config", "settings"] {
        repository.write(
            "cog-safe-push-configs/text-stats.yaml",
            &format!(
                "model: acme/x\ntest_model: acme/x-test\ntest_hardware: cpu\npredict:\n  test_cases:\n    - inputs: {{text: '@{file}'}}\n"
            ),
        );
        let seen = repository.run("check");
        assert!(seen.stdout.contains("SP632") && seen.stdout.contains("holds git's own settings"), "{file}: {seen}");
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

/// A file beside a good one, to be named on the command line.
fn named(replace: impl Fn(&Path)) -> Repository {
    let repository = repository();
    repository.write("good.json", "{}");
    replace(&repository.path().join("odd.json"));
    repository
}

#[test]
fn files_of_the_command_line_are_regular_ones_of_a_limited_size() {
    type Replace = fn(&Path);
    let kinds: [(&str, Replace); 3] = [
        ("named pipe", |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success())),
        ("is a device", |path| symlink("/dev/zero", path).unwrap()),
        ("larger than [SIZE]", |path| fs::File::create(path).unwrap().set_len(4 << 30).unwrap()),
    ];
    for (what, replace) in kinds {
        for command in ["compare good.json odd.json", "compare odd.json good.json", "schema lint odd.json", "report odd.json"] {
            let repository = named(replace);
            let started = Instant::now();
            let seen = repository.run(command);
            assert!(started.elapsed() < Duration::from_secs(20), "{command} took {:?}", started.elapsed());
            assert_eq!(seen.code, Some(2), "{command}: {seen}");
            assert!(reported(&seen).contains(what), "{command}: {seen}");
        }
    }
    // A link of the user's own may lead anywhere.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("good.json"), "{}").unwrap();
    let repository = named(|path| symlink(elsewhere.path().join("good.json"), path).unwrap());
    assert_eq!(repository.run("compare good.json odd.json").code, Some(0));
}

#[test]
fn init_writes_through_no_link() {
    let elsewhere = tempfile::tempdir().unwrap();
    let outside = elsewhere.path().join("new.yaml");
    let configuration = |repository: &Repository| repository.path().join("cog-safe-push-configs/hot.yaml");
    let link = |repository: &Repository| symlink(&outside, configuration(repository)).unwrap();
    let repository = repository();
    link(&repository);
    let seen = repository.run("init acme/hot");
    assert!(seen.code == Some(2) && reported(&seen).contains("already there"), "{seen}");
    let seen = repository.run("init acme/hot --force");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(!outside.exists() && !configuration(&repository).is_symlink(), "{seen}");
    assert!(fs::read_to_string(configuration(&repository)).unwrap().contains("model: acme/hot"));
    // Nor into a folder that is elsewhere.
    fs::remove_dir_all(repository.path().join("cog-safe-push-configs")).unwrap();
    symlink(elsewhere.path(), repository.path().join("cog-safe-push-configs")).unwrap();
    let seen = repository.run("init acme/cold");
    assert!(seen.code != Some(0) && fs::read_dir(elsewhere.path()).unwrap().count() == 0, "{seen}");
}

#[test]
fn a_dockerignore_that_leads_out_is_found_by_check() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("shared"), "data/\n").unwrap();
    let repository = Repository::example("text-stats");
    symlink(elsewhere.path().join("shared"), repository.path().join(".dockerignore")).unwrap();
    let seen = repository.run("check");
    assert!(!matches!(seen.code, Some(0)), "{seen}");
    for part in ["SP590", ".dockerignore leaves the repository", "replace .dockerignore with a readable file in the project"] {
        assert!(reported(&seen).contains(part), "no '{part}': {seen}");
    }
    let repository = Repository::example("text-stats");
    repository.write("shared", "data/\n");
    symlink("shared", repository.path().join(".dockerignore")).unwrap();
    assert_eq!(repository.run("check").code, Some(0), "a link inside the project is followed");
}

#[test]
fn a_configuration_in_another_encoding_is_named_with_its_line() {
    let utf16 = |text: &str| [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<u8>>();
    let model = "cog-safe-push-configs/text-stats.yaml";
    for (file, bytes, place, problem) in [
        (model, utf16("model: acme/text-stats\n"), ":1:1", "UTF-16, not UTF-8 at byte 0"),
        (model, b"model: acme/text-stats\n# caf\xe9\n".to_vec(), ":2:1", "not UTF-8 at byte 28"),
        ("cog.yaml", b"build:\n  python_version: \"3.11\"\n  # caf\xe9\n".to_vec(), ":3:1", "not UTF-8 at byte 39"),
        ("cog.yaml", utf16("build: {}\n"), ":1:1", "UTF-16, not UTF-8 at byte 0"),
    ] {
        let repository = Repository::example("text-stats");
        fs::write(repository.path().join(file), bytes).unwrap();
        let seen = repository.run("check");
        assert_eq!(seen.code, Some(2), "{seen}");
        let code = if file == model { "SP001" } else { "SP501" };
        for part in [code, &format!("{file}{place}"), problem, "save it as UTF-8"] {
            assert!(reported(&seen).contains(part), "no '{part}': {seen}");
        }
    }
    // At the top, it is not taken for a repository without a configuration.
    let repository = Repository::example("text-stats");
    fs::remove_dir_all(repository.path().join("cog-safe-push-configs")).unwrap();
    fs::write(repository.path().join("cog-safe-push.yaml"), utf16("model: acme/text-stats\n")).unwrap();
    let seen = repository.run("check");
    assert!(seen.code == Some(2) && reported(&seen).contains("UTF-16"), "{seen}");
}
