//! `clean` on a machine without a daemon, and what a broken one means.

use std::fs;
use std::path::PathBuf;

use process_mark::ProcessMark;
use test_support::Repository;

/// A repository with a folder for temporary files, in which a dead run left a folder.
fn with_leftovers() -> (Repository, PathBuf) {
    let repository = Repository::new();
    let temporary = repository.path().join("temporary");
    let mark = ProcessMark::current().unwrap().to_string();
    let dead = format!("{}-{}", u32::MAX, mark.split_once('-').unwrap().1);
    let left = temporary.join(format!("safe-push-demo-{dead}-x"));
    fs::create_dir_all(&left).unwrap();
    fs::create_dir(temporary.join(format!("safe-push-demo-{mark}-x"))).unwrap();
    fs::create_dir(temporary.join("somebody-elses")).unwrap();
    fs::write(left.join("predict.py"), "pass\n").unwrap();
    let repository =
        repository.variable("TMPDIR", &temporary.display().to_string()).variable("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    (repository, left)
}

#[test]
fn without_a_daemon_folders_are_cleaned() {
    let (repository, left) = with_leftovers();
    let dry = repository.run("clean --dry-run");
    assert_eq!((dry.code, left.exists()), (Some(0), true), "{dry}");
    assert!(dry.stdout.starts_with("would remove 1 folder\n"), "{dry}");
    let seen = repository.run("clean");
    assert_eq!((seen.code, left.exists()), (Some(0), false), "{seen}");
    assert!(seen.stdout.starts_with("removed 1 folder; freed "), "{seen}");
    assert!(seen.stderr.contains("only folders are cleaned"), "{seen}");
    assert_eq!(fs::read_dir(left.parent().unwrap()).unwrap().count(), 2, "what belongs to others stays");
    assert_eq!(repository.run("clean").stdout, "nothing is left of earlier runs\n");
}

#[test]
fn a_cleanup_is_a_document_too() {
    let (repository, _left) = with_leftovers();
    let seen = repository.run("clean --format json");
    let document: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!((&document["schema"], &document["dry_run"]), (&"safe-push/clean/v1".into(), &false.into()));
    assert_eq!((&document["folders"][0]["size_bytes"], &document["freed_bytes"]), (&5.into(), &5.into()));
    assert_eq!((&document["containers"], &document["images"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn a_daemon_that_cannot_be_used_is_a_message_and_folders_are_cleaned_all_the_same() {
    let (repository, left) = with_leftovers();
    let repository = repository.variable("DOCKER_HOST", "carrier-pigeon://daemon");
    let seen = repository.run("clean");
    assert_eq!((seen.code, left.exists()), (Some(3), false), "{seen}");
    assert!(seen.stderr.contains("warning: ") && seen.stderr.contains("carrier-pigeon"), "{seen}");
}

#[test]
fn findings_are_not_a_format_of_a_cleanup() {
    let (repository, left) = with_leftovers();
    let seen = repository.run("clean --format sarif");
    assert_eq!((seen.code, left.exists()), (Some(2), true), "{seen}");
}

/// The processes that say so in their command, and still run.
fn running(mark: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let commands = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    commands.filter(|command| String::from_utf8_lossy(command).starts_with(mark)).count()
}

fn wait_until(is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it took too long");
}

#[test]
fn what_the_script_of_a_killed_run_left_is_ended_and_removed() {
    use std::os::unix::fs::PermissionsExt as _;
    let repository = Repository::example("text-stats");
    let temporary = tempfile::tempdir().unwrap();
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let mark = format!("left-of-{}", std::process::id());
    let script = format!(
        "#!/bin/bash\n[ \"$MODEL\" = text-stats ] || true\necho key > \"$TMPDIR/key\"\n\
         (exec -a {mark} sleep 600) > /dev/null 2>&1 &\n(exec -a {mark} sleep 600)\n"
    );
    repository.write("script/select-model", &script);
    fs::set_permissions(repository.path().join("script/select-model"), fs::Permissions::from_mode(0o755)).unwrap();
    let repository = repository
        .variable("TMPDIR", &temporary.path().display().to_string())
        .variable("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    let mut killed = repository.start("check");
    wait_until(|| running(&mark) == 2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let left = || fs::read_dir(temporary.path()).unwrap().count();
    let dry = repository.run("clean --dry-run");
    assert!(dry.stdout.starts_with("would remove 1 folder\n"), "{dry}");
    assert!(running(&mark) >= 1 && left() == 1, "what the script had started itself goes on");
    let seen = repository.run("clean");
    assert!(seen.stdout.starts_with("removed 1 folder"), "{seen}");
    wait_until(|| running(&mark) == 0);
    assert_eq!(left(), 0, "{seen}");
}
