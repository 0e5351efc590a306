//! What an event allows, for a step that calls the CLI and for a terminal. Runs that publish are in `tests/docker/writers.rs`.

use serde_json::Value;
use test_support::{Repository, Seen, runner};

/// Without a daemon and without tokens.
fn repository() -> Repository {
    Repository::example("text-stats").variable("DOCKER_HOST", "unix:///nowhere/docker.sock")
}

/// As `actions/checkout` leaves it: the commit that the event is about.
fn checked_out(repository: Repository) -> Repository {
    repository.write(".git/HEAD", &format!("{}\n", runner::CHECKED_OUT));
    repository.variable("GITHUB_SHA", runner::CHECKED_OUT)
}

/// A step that calls the CLI, on an event.
fn step(event: &str, payload: &Value) -> Repository {
    let repository = repository();
    repository.write("runner/event.json", &payload.to_string());
    let path = repository.path().join("runner/event.json").display().to_string();
    checked_out(repository)
        .variable("GITHUB_ACTIONS", "true")
        .variable("GITHUB_EVENT_NAME", event)
        .variable("GITHUB_EVENT_PATH", &path)
}

fn assert_checked(repository: &Repository, seen: &Seen, why: &str) {
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = repository.report();
    assert!(report["notices"].as_array().unwrap().contains(&why.into()), "{report}");
    let stages: Vec<_> = report["models"][0]["stages"].as_array().unwrap().iter().map(|stage| stage["status"].clone()).collect();
    assert_eq!(stages, ["passed", "skipped", "skipped", "skipped", "skipped", "skipped"]);
}

#[test]
fn a_trigger_type_restricts_the_command_line() {
    for (trigger, flag) in [("schedule", true), ("pull_request", true), ("pull_request", false)] {
        let (repository, line) = match flag {
            true => (repository(), format!("run --trigger-type {trigger}")),
            false => (repository().variable("SAFE_PUSH_TRIGGER_TYPE", trigger), "run".to_owned()),
        };
        assert_checked(&repository, &repository.run(&line), &format!("Nothing is published: trigger_type is {trigger}."));
    }
    let seen = repository().run("run --trigger-type push");
    assert!(seen.code == Some(2) && seen.stderr.contains("no Replicate API token"), "{seen}");
}

#[test]
fn a_step_that_calls_the_cli_obeys_its_event() {
    let own = runner::pull_request("acme/hotdog");
    for event in ["pull_request", "merge_group", "issue_comment"] {
        let repository = step(event, &own);
        assert_checked(&repository, &repository.run("run"), &format!("Nothing is published: the event is {event}."));
    }
    // Whose commit these are about, the event does not say.
    for event in ["something new", "deployment", "deployment_status", "status", "registry_package"] {
        let repository = step(event, &own).variable("REPLICATE_API_TOKEN", "r8_0123456789").variable("COG_TOKEN", "cog-0123456789");
        assert_checked(&repository, &repository.run("run"), "Nothing is published: the code is not the event's own.");
    }
    let fork = step("pull_request", &runner::pull_request("mallory/hotdog"))
        .variable("REPLICATE_API_TOKEN", "r8_0123456789")
        .variable("COG_TOKEN", "cog-0123456789");
    assert_checked(&fork, &fork.run("run"), "Nothing is published: the code is from a fork.");
    let seen = step("schedule", &own).run("run");
    assert!(seen.code == Some(2) && seen.stdout.contains("no Replicate API token"), "a schedule that compares nothing: {seen}");
    let seen = step("push", &serde_json::json!({})).run("run");
    assert!(seen.code == Some(2) && seen.stderr.contains("no Replicate API token"), "{seen}");
}

#[test]
fn one_of_the_runners_variables_is_enough() {
    let without_name = checked_out(repository()).variable("GITHUB_ACTIONS", "true");
    assert_checked(&without_name, &without_name.run("run"), "Nothing is published: the code is not the event's own.");
    let name_alone = checked_out(repository()).variable("GITHUB_EVENT_NAME", "merge_group");
    assert_checked(&name_alone, &name_alone.run("run"), "Nothing is published: the event is merge_group.");
}

#[test]
fn an_event_that_gives_secrets_to_a_fork_is_refused_by_every_command_that_reads_its_files() {
    for line in ["run", "run --sandbox", "check", "build", "verify acme/text-stats"] {
        let seen = step("pull_request_target", &runner::pull_request("mallory/hotdog")).run(line);
        assert_eq!(seen.code, Some(2), "{line}: {seen}");
        assert!(seen.stderr.contains("safe-push does not run on pull_request_target"), "{line}: {seen}");
    }
}

/// A comment on a pull request, in a workflow that checked out its head.
fn foreign_comment() -> Repository {
    let repository = step("issue_comment", &runner::pull_request("acme/hotdog"));
    repository.write(".git/HEAD", &format!("{}\n", runner::HEAD));
    repository.variable("REPLICATE_API_TOKEN", "r8_0123456789").variable("COG_TOKEN", "cog-0123456789")
}

#[test]
fn nothing_is_paid_for_inputs_of_foreign_code() {
    let seen = foreign_comment().run("verify acme/text-stats");
    assert!(seen.code == Some(2) && seen.stderr.contains("nothing is verified: the inputs come from foreign code"), "{seen}");
}

#[test]
fn a_check_of_foreign_code_uses_no_token() {
    // A request with the token would fail: nobody is there.
    let seen = foreign_comment().variable("REPLICATE_BASE_URL", "http://127.0.0.1:1").run("check");
    assert!(seen.code == Some(0) && seen.stdout.contains("without an API token the live version was not checked"), "{seen}");
}

#[test]
fn a_build_of_foreign_code_gets_no_secret_and_no_cog_cli() {
    for (settings, why) in [
        ("docker_secrets: [\"id=hf,env=HF_TOKEN\"]\n", "its build asks for secrets"),
        ("builder: cog\n", "its build asks for the Cog CLI"),
    ] {
        let repository = foreign_comment().variable("HF_TOKEN", "hf_0123456789");
        repository.write(".safe-push.yaml", settings);
        let seen = repository.run("build --secret-variable HF_TOKEN");
        assert!(seen.code == Some(2) && seen.stderr.contains(why), "{seen}");
    }
}

#[test]
fn models_that_exclude_each_other_stop_every_command_on_the_line() {
    for line in ["run", "run --sandbox", "check", "build"] {
        let repository = repository();
        repository.edit("cog-safe-push-configs/text-stats.yaml", "acme/text-stats-test", "Acme/Text-Stats");
        let seen = repository.run(line);
        assert_eq!(seen.code, Some(2), "{line}: {seen}");
        assert!(seen.stderr.contains("cog-safe-push-configs/text-stats.yaml:2:13"), "{line}: {seen}");
        assert!(seen.stderr.contains("SP007"), "{line}: {seen}");
    }
}

#[test]
fn nothing_that_a_step_prints_is_a_command_to_the_runner() {
    const COMMANDS: &str = "::add-mask::passed\n  ::set-output name=verdict::passed\nsay ##[add-mask]x\n";
    let with_script = |repository: Repository| {
        let text = format!("#!/bin/bash\nprintf '%b' '{}' | tee /dev/stderr\nexit 1\n", COMMANDS.replace('\n', "\\n"));
        repository.write("script/select-model", &text);
        let path = repository.path().join("script/select-model");
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        repository
    };
    let own = runner::pull_request("acme/hotdog");
    let fork = runner::pull_request("mallory/hotdog");
    for (payload, foreign) in [(&own, false), (&fork, true)] {
        for line in ["check --no-lint", "check --no-lint --format json", "check --no-lint --format github", "select"] {
            let repository = with_script(step("pull_request", payload));
            // Names and values of the repository reach the log without any script.
            repository
                .write("cog-safe-push-configs/text-stats.yaml", "model: acme/text-stats\n\"##[error]x\": 1\n\"::error::y\": 2\n");
            let seen = repository.run(line);
            for stream in [&seen.stdout, &seen.stderr] {
                for printed in stream.lines() {
                    let is_ours = line.ends_with("github") && printed.starts_with("::error ");
                    let is_command = printed.trim_start().starts_with("::") || printed.contains("##[");
                    assert!(is_ours || !is_command, "{line}, foreign {foreign}: {printed}\n{seen}");
                }
            }
            if line.ends_with("json") {
                serde_json::from_str::<Value>(&seen.stdout).unwrap();
            }
        }
    }
}
