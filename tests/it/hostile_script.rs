//! A hostile select script on a developer's machine: there, too, it shares nothing with the tokens of the run.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::process::Command;

use test_support::hostile_script::{self, Targets, assert_harmless};
use test_support::{Repository, binary};

const TOKENS: &str = "r8_hostile_[a-z]+";

fn repository(mark: &str) -> Repository {
    let repository = Repository::example("text-stats").variable("REPLICATE_API_TOKEN", "r8_hostile_token");
    // The rest of the machine is the user's own: only what is nobody's business is looked for.
    let targets = Targets {
        tokens: TOKENS,
        files: &[],
        folders: &["/etc".to_owned(), "/root".to_owned()],
        sockets: &["/var/run/docker.sock".to_owned()],
        mark,
    };
    hostile_script::write(&repository, &targets);
    repository
}

#[test]
fn a_script_on_a_developers_machine_finds_no_token() {
    let repository = repository("hostiledeveloper");
    let seen = repository.run("select");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_harmless(&repository, "hostiledeveloper");
}

#[test]
fn descriptors_that_somebody_left_open_are_not_passed_on() {
    let repository = repository("hostiledescriptor");
    let secrets = tempfile::tempdir().unwrap();
    let path = secrets.path().join("token");
    std::fs::write(&path, "r8_hostile_token\n").unwrap();
    let path_of_programs = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let status = Command::new("bash")
        .args(["-c", "exec 7< \"$1\" 12< \"$1\"; exec \"$2\" select", "bash"])
        .arg(&path)
        .arg(binary())
        .current_dir(repository.path())
        .env_clear()
        .env("PATH", path_of_programs)
        .output()
        .unwrap()
        .status;
    assert!(status.success());
    assert_harmless(&repository, "hostiledescriptor");
    let open = File::open(&path).unwrap();
    assert!(open.as_raw_fd() > 2);
}

#[test]
fn a_process_that_holds_a_token_cannot_be_read() {
    let repository = Repository::example("text-stats").variable("REPLICATE_API_TOKEN", "r8_hostile_token");
    // A script that waits keeps the process alive.
    repository.write("script/select-model", "#!/bin/bash\n[ \"$1\" = --list ] && sleep 5\necho text-stats\n");
    let mut child = repository.start("select");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let status = std::fs::read_to_string(format!("/proc/{}/environ", child.id()));
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{}/environ", child.id())).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    // Root with all capabilities may read everything; nobody else may.
    assert!(status.is_err() || owner == 0, "{status:?}");
}
