//! One way to start a program and one way to open a file of a repository: whoever names another is in a list, with the reason.

use std::fs;
use std::path::{Path, PathBuf};

/// Files that start programs themselves.
const START: [(&str, &str); 7] = [
    ("src/support/untrusted/launcher.rs", "starts the stage"),
    ("src/support/untrusted/isolator.rs", "becomes the program"),
    ("src/build/cog_cli/locate.rs", "the Cog CLI, which needs the Docker daemon; its environment is scrubbed"),
    ("src/cli/browser.rs", "the user's browser, on a page that safe-push wrote; its environment is scrubbed"),
    ("src/cli/demo/base_image.rs", "safe-push's own script, in a folder of its own"),
    ("src/cli/docker_login.rs", "the user's own credential helper, as Docker starts it"),
    ("src/verify/jq/worker.rs", "safe-push itself, without an environment, to run jq in limited memory"),
];

/// Files that open files themselves.
const OPEN: [(&str, &str); 9] = [
    ("src/build/schema.rs", "a file that the user's environment names"),
    ("src/cli/action/event.rs", "the runner's own file"),
    ("src/cli/build_environment.rs", "certificates that the user's environment names"),
    ("src/cli/demo/story.rs", "safe-push's own example"),
    ("src/clients/docker/own_container.rs", "the kernel's list of mounts"),
    ("src/select/tree/restore.rs", "sets the time of a file that was just written"),
    ("src/support/session.rs", "the kernel's list of processes"),
    ("src/support/untrusted/descriptors.rs", "the kernel's list of descriptors"),
    ("src/verify/jq/worker.rs", "the kernel's figures about its own memory"),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_for_tests = |path: &Path| {
        let name = path.file_stem().unwrap().to_string_lossy();
        name == "tests" || name == "testing" || name.ends_with("_tests")
    };
    entries.filter(|path| !is_for_tests(path)).flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Files whose own code, without their tests, contains one of these words.
fn containing(words: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "crates/cog-source/src", "crates/cog-schema/src"];
    let files = folders.iter().flat_map(|folder| sources(&root.join(folder)));
    let found = files.filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        let own = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        own.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| words.iter().any(|word| line.contains(word)))
    });
    let mut found: Vec<String> = found.map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect();
    found.sort();
    found
}

fn listed(list: &[(&str, &str)]) -> Vec<String> {
    let mut names: Vec<String> = list.iter().map(|(file, _reason)| (*file).to_owned()).collect();
    names.sort();
    names
}

#[test]
fn programs_are_started_by_the_launcher_alone() {
    assert_eq!(containing(&["Command::new("]), listed(&START), "start it with support::untrusted::Launcher");
}

#[test]
fn files_of_a_repository_are_opened_by_the_bounded_reader_alone() {
    assert_eq!(containing(&["fs::read(", "fs::read_to_string(", "File::open("]), listed(&OPEN), "open it with repository_files");
}
