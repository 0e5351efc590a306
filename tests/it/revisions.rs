//! Comparisons with git revisions: no token, no network.

use std::process::Command;

use serde_json::Value;
use test_support::Repository;

fn git(repository: &Repository, line: &str) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let mut command = Command::new("git");
    command.args(identity).args(line.split(' ')).current_dir(repository.path());
    let output = command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", repository.path()).output().unwrap();
    assert!(output.status.success(), "git {line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The example as the only commit of `main`, and a change of an input after it.
fn changed() -> Repository {
    let repository = Repository::example("text-stats");
    git(&repository, "init --quiet --initial-branch main");
    git(&repository, "add .");
    git(&repository, "commit --quiet --message first");
    git(&repository, "tag v1");
    repository.edit("predict.py", "ge=0, le=50", "ge=0, le=20");
    repository
}

#[test]
fn check_compares_with_a_revision_without_a_token() {
    // An API that answers nobody: a request to it would fail the check.
    let repository =
        changed().variable("REPLICATE_API_TOKEN", "r8_0000000000000000").variable("REPLICATE_BASE_URL", "http://127.0.0.1:1");
    for revision in ["main", "v1", "HEAD"] {
        let seen = repository.run(&format!("check --against {revision}"));
        assert_eq!(seen.code, Some(1), "{seen}");
        assert!(seen.stdout.contains("error[SP109]") && seen.stdout.contains("predict.py:24"), "{seen}");
        assert!(seen.stdout.contains(&format!("compared with the revision {revision}")), "{seen}");
    }
    git(&repository, "commit --quiet --all --message second");
    assert_eq!(repository.run("check --against main").code, Some(0));
    assert_eq!(repository.run("check --against v1").code, Some(1));
}

#[test]
fn a_revision_is_read_in_a_folder_of_the_repository_and_breaks_nobody_before_the_model() {
    let repository = Repository::new();
    repository.write("README.md", "models\n");
    git(&repository, "init --quiet --initial-branch main");
    git(&repository, "add .");
    git(&repository, "commit --quiet --message empty");
    let example = Repository::example("text-stats");
    for file in ["cog.yaml", "predict.py", "cog-safe-push-configs/text-stats.yaml"] {
        repository.write(&format!("models/stats/{file}"), &example.read(file));
    }
    let seen = repository.run("-C models/stats check --against main");
    assert_eq!(seen.code, Some(0), "{seen}");
    git(&repository, "add .");
    git(&repository, "commit --quiet --message model");
    repository.edit("models/stats/predict.py", "top: int", "count: int");
    repository.edit("models/stats/predict.py", "ranked[:top]", "ranked[:count]");
    let seen = repository.run("-C models/stats check --against main --ignore-schema-compatibility");
    assert!(seen.stdout.contains("'top'") || seen.stdout.contains("input top"), "{seen}");
}

#[test]
fn an_unknown_revision_is_an_invalid_request() {
    for revision in ["nowhere", "--output=/tmp/x", "v1:predict.py"] {
        let seen = changed().run(&format!("check --against={revision}"));
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(format!("{seen}").contains("git does not know the revision"), "{seen}");
    }
}

#[test]
fn schemas_of_two_revisions_are_compared() {
    let repository = changed();
    git(&repository, "commit --quiet --all --message second");
    let seen = repository.run("schema diff v1 main --format json");
    assert_eq!(seen.code, Some(1), "{seen}");
    let findings: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(findings[0]["code"], "SP109", "{findings}");
    assert_eq!(repository.run("schema diff main").code, Some(0));
    assert_eq!(repository.run("schema diff v1").code, Some(1), "the folder is the new side");
    assert_eq!(repository.run("schema diff nowhere").code, Some(2));
}
