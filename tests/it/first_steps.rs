//! What a new user does first: `init`, `doctor`, `login`, `logs`, `rules`, `report --open`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use safe_push::support::ExposeSecret as _;
use serde_json::{Value, json};
use test_support::{Repository, Seen};

#[test]
fn init_writes_a_workflow_that_fits_the_number_of_models() {
    let repository = Repository::example("text-stats");
    let seen = repository.run("init --github --canary");
    assert_eq!(seen.code, Some(0), "{seen}");
    let workflow = repository.read(".github/workflows/safe-push.yaml");
    assert!(workflow.contains("uses: org/safe-push-action@v1") && workflow.contains("branches: [main]"), "{workflow}");
    for part in ["permissions:", "checks: write", "pull-requests: write", "concurrency:"] {
        assert!(workflow.contains(part), "no {part}: {workflow}");
    }
    assert!(repository.read(".github/workflows/safe-push-canary.yaml").contains("cron:"));
    assert_eq!(repository.run("init --github").code, Some(2), "a file is not replaced unless asked");

    repository.write("cog-safe-push-configs/other.yaml", &repository.read("cog-safe-push-configs/text-stats.yaml"));
    assert_eq!(repository.run("init --github --force").code, Some(0));
    assert!(repository.read(".github/workflows/safe-push.yaml").contains(".github/workflows/model-ci.yaml@v1"));
    assert_eq!(repository.run("init --canary").code, Some(2), "a canary is part of a workflow");
}

#[test]
fn a_workflow_is_added_beside_an_edited_configuration() {
    let repository = Repository::example("text-stats");
    let edited = repository.read("cog-safe-push-configs/text-stats.yaml");
    let seen = repository.run("init acme/text-stats --github");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stderr.contains("text-stats.yaml, which is already there") && seen.stdout.contains("safe-push.yaml"), "{seen}");
    assert_eq!(repository.read("cog-safe-push-configs/text-stats.yaml"), edited);
    assert!(repository.read(".github/workflows/safe-push.yaml").contains("branches: [main]"));

    let again = repository.run("init acme/text-stats --github");
    assert!(again.code == Some(2) && again.stderr.contains("replace it with `safe-push init --github --force`"), "{again}");
    let seen = repository.run("init --github --force");
    assert_eq!((seen.code, repository.read("cog-safe-push-configs/text-stats.yaml")), (Some(0), edited), "{seen}");
}

#[test]
fn a_first_configuration_is_checked_with_its_placeholders_named() {
    let repository = Repository::example("text-stats");
    fs::remove_dir_all(repository.path().join("cog-safe-push-configs")).unwrap();
    let owner = repository.run("init acme");
    assert!(owner.code == Some(2) && owner.stderr.contains("the cog.yaml of this folder needs the name of one model"), "{owner}");
    assert_eq!(repository.run("init acme/text-stats").code, Some(0));
    let seen = repository.run("check -v");
    assert!(seen.code == Some(0) && seen.stdout.contains("input 'text' still has the placeholder \"replace me\""), "{seen}");
}

#[test]
fn init_configures_each_model_of_a_repository() {
    let repository = Repository::new();
    for (folder, example) in [("models/stats", "text-stats"), ("models/sky", "skyline")] {
        let example = Repository::example(example);
        for file in ["cog.yaml", "predict.py"] {
            repository.write(&format!("{folder}/{file}"), &example.read(file));
        }
    }
    let several = repository.run("init acme/neither");
    assert_eq!(several.code, Some(2), "{several}");
    assert!(several.stderr.contains("safe-push init acme"), "{several}");
    let seen = repository.run("init acme");
    assert_eq!(seen.code, Some(0), "{seen}");
    for (folder, model) in [("models/stats", "acme/stats"), ("models/sky", "acme/sky")] {
        let text = repository.read(&format!("{folder}/cog-safe-push.yaml"));
        assert!(text.starts_with("# yaml-language-server: $schema=https://"), "{text}");
        assert!(text.contains(&format!("\nmodel: {model}\n")), "{text}");
        let checked = repository.run(&format!("-C {folder} check"));
        assert_eq!(checked.code, Some(0), "{checked}");
    }
    assert_eq!(Repository::new().run("init acme").code, Some(2));
}

fn states(seen: &Seen) -> Vec<(String, String)> {
    let found: Value = serde_json::from_str(&seen.stdout).unwrap_or_else(|error| panic!("{error}: {seen}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    found.as_array().unwrap().iter().map(|one| (text(&one["check"]), text(&one["state"]))).collect()
}

fn has(found: &[(String, String)], check: &str, state: &str) -> bool {
    found.contains(&(check.to_owned(), state.to_owned()))
}

#[test]
fn doctor_names_what_is_missing_with_the_fix() {
    let repository = Repository::example("text-stats").with_ruff(None).variable("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let seen = repository.run("doctor");
    assert_eq!(seen.code, Some(2), "{seen}");
    for part in
        ["failed   Docker", "warning  Ruff", "pip install ruff", "https://replicate.com/auth/token", "skipped  ANTHROPIC_API_KEY"]
    {
        assert!(seen.stdout.contains(part), "no '{part}': {seen}");
    }
    assert!(seen.stdout.lines().all(|line| line.len() < 300), "one line each: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_login_ask_whose_tokens_these_are() {
    let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
    sandbox.create_model("acme/text-stats-test", Visibility::Public, "cpu").unwrap();
    let repository = Repository::example("text-stats").on(&sandbox);
    let run = |line: &'static str| tokio::task::block_in_place(|| repository.run(line));
    let found = states(&run("doctor --format json"));
    assert!(has(&found, "REPLICATE_API_TOKEN", "ok") && has(&found, "COG_TOKEN", "ok"), "{found:?}");
    assert!(has(&found, "text-stats", "failed"), "the test model is public: {found:?}");
    let login = run("login");
    assert_eq!(login.code, Some(0), "{login}");
    assert!(login.stdout.contains("accepted, of acme") && login.stdout.contains("https://replicate.com/auth/token"), "{login}");
    let refused = tokio::task::block_in_place(|| {
        Repository::example("text-stats")
            .on(&sandbox)
            .variable("REPLICATE_API_TOKEN", "r8_0000000000000000")
            .run("login --format json")
    });
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(has(&states(&refused), "REPLICATE_API_TOKEN", "failed"), "{refused}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cog_login_saved_counts_as_the_token() {
    let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let repository = Repository::example("text-stats")
        .on(&sandbox)
        .variable("COG_TOKEN", "")
        .variable("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let run = |line: &str| tokio::task::block_in_place(|| repository.run(line));
    assert!(has(&states(&run("login --format json")), "COG_TOKEN", "warning"), "nothing is saved");
    let canary = run("canary");
    assert!(canary.code == Some(2) && canary.stderr.contains("no token for Replicate's registry is set"), "{canary}");

    let login = STANDARD.encode(format!("acme:{}", sandbox.cli_token().expose_secret()));
    let config = json!({"auths": {sandbox.registry_host(): {"auth": login}}});
    repository.write("home/.docker/config.json", &config.to_string());
    for line in ["login --format json", "doctor --format json"] {
        let seen = run(line);
        assert!(has(&states(&seen), "COG_TOKEN", "ok"), "{line}: {seen}");
    }
    let canary = run("canary");
    assert!(canary.stderr.contains("no Docker socket at unix:///nowhere/docker.sock"), "{canary}");
    sandbox.stop().await;
}

/// A sandbox with a prediction that printed these logs, a repository that uses it, and the prediction's id.
pub(crate) async fn predicted(logs: &'static str) -> (Sandbox, Repository, String) {
    let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
    let repository = Repository::example("text-stats").on(&sandbox);
    let run = |line: &str| tokio::task::block_in_place(|| repository.run(line));
    let schema: Value = serde_json::from_str(&run("schema show").stdout).unwrap();
    let script = Script::new(move |_| ScriptedReply::output("x").logs(logs));
    sandbox.push_scripted_version("acme/text-stats", Some(schema), script).unwrap();
    run("verify acme/text-stats --fuzz-iterations 0 --no-compare-outputs");
    let id = sandbox.predictions()[0].id.clone();
    (sandbox, repository, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_shows_what_a_prediction_printed() {
    let (sandbox, repository, id) = predicted("loaded 3 words\n\u{1b}[2Jdone\n").await;
    let run = |line: String| tokio::task::block_in_place(|| repository.run(&line));
    let seen = run(format!("logs https://replicate.com/p/{id}"));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains("loaded 3 words") && !seen.stdout.contains('\u{1b}'), "{seen}");
    assert!(seen.stderr.contains("succeeded"), "{seen}");
    let json: Value = serde_json::from_str(&run(format!("logs {id} --format json")).stdout).unwrap();
    assert_eq!((json["id"].as_str(), json["status"].as_str()), (Some("[PREDICTION]"), Some("succeeded")));
    assert_eq!(run("logs acme/text-stats".to_owned()).code, Some(2));
    sandbox.stop().await;
}

#[test]
fn a_rule_names_its_page() {
    let seen = Repository::new().run("rules SP101");
    assert!(seen.stdout.trim_end().ends_with("#sp101"), "{seen}");
    let colored = Repository::example("text-stats").variable("TERM", "xterm");
    colored.edit("predict.py", "description=\"The text to count\", ", "");
    let link = "\u{1b}]8;;https://github.com/org/safe-push-action/blob/main/docs/";
    assert!(colored.run("check --color always").stdout.contains(link));
    assert!(!colored.run("check --color never").stdout.contains("]8;;"));
    let page = colored.read("safe-push-report/report.html");
    assert!(page.contains("href=\"https://github.com/org/safe-push-action/blob/main/docs/"), "{page}");
}

#[test]
fn a_report_is_opened_without_tokens() {
    let repository = Repository::example("text-stats");
    repository.write("bin/page", "#!/bin/sh\necho \"$1\" > opened\nenv >> opened\n");
    fs::set_permissions(repository.path().join("bin/page"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", repository.path().join("bin").display(), std::env::var_os("PATH").unwrap().display());
    let repository = repository.variable("PATH", &path).variable("BROWSER", "page").variable("COG_TOKEN", "cog-token-of-this-test");
    assert_eq!(repository.run("report --open").code, Some(2), "there is none yet");
    assert_eq!(repository.run("check").code, Some(0));
    for line in ["report --open", "report safe-push-report/run.json --open"] {
        let _missing = fs::remove_file(repository.path().join("opened"));
        let seen = repository.run(line);
        assert_eq!(seen.code, Some(0), "{seen}");
        let mut opened = String::new();
        for _ in 0..100 {
            opened = fs::read_to_string(repository.path().join("opened")).unwrap_or_default();
            if opened.contains("PATH=") {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert!(opened.lines().next().unwrap().ends_with("safe-push-report/report.html"), "{opened}");
        assert!(!opened.contains("cog-token-of-this-test"), "{opened}");
    }
}
