//! Builds with the Cog CLI, replaced by a script that takes its flags and calls `docker build` itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use test_support::{Repository, docker_is_there};

/// Prints its version, builds an image with the schema beside it, and records how it was called. Each build has its own step: an image with
/// a shared step could be removed by another test.
const COG: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then echo "cog version 0.22.0 (built 2026-08-13T00:00:00Z)"; exit; fi
here=$(dirname "$0")
echo "$@" > "$here/arguments"
env > "$here/environment"
while [ $# -gt 0 ]; do if [ "$1" = --tag ]; then tag=$2; fi; shift; done
echo "Building from $(pwd)"
if [ -e broken ]; then echo "the weights are gone" >&2; exit 3; fi
printf 'FROM python:3.11-slim\nRUN : %s; echo official > /made-by\n' "$tag" |
    DOCKER_BUILDKIT=0 docker build --quiet --tag "$tag" --label "run.cog.openapi_schema=$(cat "$here/schema.json")" \
        --label "run.cog.pip_freeze=cog==0.22.0" -
"#;

/// A model with a stand-in for cog on its PATH.
fn repository() -> Option<Repository> {
    if !docker_is_there() {
        return None;
    }
    let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let repository = Repository::example("text-stats");
    let bin = repository.path().join("bin");
    let repository = repository
        .variable("PATH", &format!("{}:{path}", bin.display()))
        .variable("COG_TOKEN", "cog-token-of-this-run")
        .variable("HF_TOKEN", "hugging-face-token")
        .variable("OTHER", "not for builds");
    repository.write("bin/cog", COG);
    fs::set_permissions(bin.join("cog"), fs::Permissions::from_mode(0o755)).unwrap();
    repository.write("bin/schema.json", &repository.run("schema show --format json").stdout);
    // Managed weights need the Cog CLI.
    let text = repository.read("cog.yaml");
    let weights =
        "model: r8.im/acme/text-stats\nweights:\n  - name: w\n    target: /w\n    source:\n      uri: https://a.example/w\n";
    repository.write("cog.yaml", &format!("{text}{weights}"));
    Some(repository)
}

fn remove(repository: &Repository) {
    let text = repository.read("bin/arguments");
    let tag = text.split_whitespace().skip_while(|word| *word != "--tag").nth(1).unwrap();
    assert!(Command::new("docker").args(["rmi", "--force", tag]).output().unwrap().status.success());
}

#[test]
fn the_official_program_builds_what_we_do_not() {
    let Some(repository) = repository() else { return };
    let seen = repository.run("build --no-lint");
    assert_eq!(seen.code, Some(1), "{seen}");
    assert!(seen.stdout.contains("--builder cog") && seen.stdout.contains("managed weights"), "{seen}");

    let seen = repository.run("build --no-lint --builder cog --no-cache --secret id=hf,env=HF_TOKEN");
    assert_eq!(seen.code, Some(0), "{seen}");
    let arguments = repository.read("bin/arguments");
    assert!(arguments.starts_with("build --tag ") && arguments.contains("--no-cache"), "{arguments}");
    assert!(arguments.trim_end().ends_with("--secret=id=hf,env=HF_TOKEN"), "{arguments}");
    let environment = repository.read("bin/environment");
    assert!(environment.contains("HF_TOKEN=hugging-face-token"), "{environment}");
    assert!(!environment.contains("cog-token-of-this-run") && !environment.contains("OTHER="), "{environment}");
    remove(&repository);
}

#[test]
fn build_secrets_in_its_output_are_hidden() {
    let Some(repository) = repository() else { return };
    repository.write("token.txt", "file-token-0123456789\n");
    let shows = "echo \"step 1: $(cat token.txt) and $HF_TOKEN\"; echo \"$(cat token.txt)\" >&2; exit 3\n";
    repository.write("bin/cog", &COG.replace("if [ -e broken ]", &format!("{shows}if [ -e broken ]")));
    let seen = repository.run("build --no-lint --builder cog --secret id=a,src=token.txt --secret id=hf,env=HF_TOKEN");
    assert_eq!(seen.code, Some(1), "{seen}");
    assert!(seen.to_string().contains("step 1: *** and ***"), "{seen}");
    let report = repository.report().to_string();
    for secret in ["file-token-0123456789", "hugging-face-token"] {
        assert!(!seen.to_string().contains(secret) && !report.contains(secret), "{secret}: {seen}");
    }
    // What is missing is reported before cog starts.
    let seen = repository.run("build --no-lint --builder cog --secret id=a,src=missing.txt");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.to_string().contains("needs the file") && !seen.to_string().contains("step 1"), "{seen}");
}

#[test]
fn its_failure_is_reported_with_its_message() {
    let Some(repository) = repository() else { return };
    repository.write("broken", "");
    let seen = repository.run("build --no-lint --builder cog");
    assert_eq!(seen.code, Some(1), "{seen}");
    assert!(seen.stdout.contains("failed with exit code 3") && seen.stdout.contains("the weights are gone"), "{seen}");
}

#[test]
fn an_image_of_another_schema_is_found_out() {
    let Some(repository) = repository() else { return };
    let schema = repository.read("bin/schema.json").replace("ignore_case", "ignore_cases");
    repository.write("bin/schema.json", &schema);
    let seen = repository.run("build --no-lint --builder cog");
    assert_eq!(seen.code, Some(1), "{seen}");
    assert!(seen.stdout.contains("is not the one that was inspected"), "{seen}");
    remove(&repository);
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    let Some(repository) = repository() else { return };
    let seen = repository.run("build --no-lint --builder cog --cog-binary bin/nothing");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("failed to start") && seen.stdout.contains("--cog-binary"), "{seen}");
}
