//! What `check` reports, on which lines. No build and no Docker.

use std::fs;

use insta::assert_snapshot;
use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use safe_push::support::ExposeSecret;
use serde_json::Value;
use test_support::{Repository, Seen};

/// A live version of `acme/text-stats` as the example describes it, and a repository to change.
struct Live {
    sandbox: Sandbox,
    repository: Repository,
}

impl Live {
    async fn new() -> Self {
        let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
        let repository = Repository::example("text-stats")
            .variable("REPLICATE_BASE_URL", sandbox.base_url())
            .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret());
        let schema: Value = serde_json::from_str(&repository.run("schema show").stdout).unwrap();
        let script = Script::always(ScriptedReply::output("unused"));
        sandbox.push_scripted_version("acme/text-stats", Some(schema), script).unwrap();
        Self { sandbox, repository }
    }

    /// Runs the CLI without blocking the sandbox, which lives in this process.
    async fn run(&self, line: &str) -> Seen {
        tokio::task::block_in_place(|| self.repository.run(line))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_model_passes() {
    let live = Live::new().await;
    let seen = live.run("check").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    live.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn breaking_changes_are_shown_on_their_lines() {
    let live = Live::new().await;
    let source = live.repository.read("predict.py");
    let top = source.lines().find(|line| line.trim_start().starts_with("top: int")).unwrap().to_owned();

    live.repository.edit("predict.py", &format!("{top}\n"), "");
    assert_snapshot!("an_input_removed", live.run("check").await);

    live.repository.write("predict.py", &source.replace("ge=0, le=50", "ge=0, le=20"));
    assert_snapshot!("a_range_tightened", live.run("check").await);
    assert_snapshot!("annotations", live.run("check --format github").await);
    assert_snapshot!("a_difference", live.run("schema diff acme/text-stats").await);

    let sarif: Value = serde_json::from_str(&live.run("schema diff acme/text-stats --format sarif").await.stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "predict.py");
    let line = place["region"]["startLine"].as_u64().unwrap();
    assert_eq!(source.lines().nth(usize::try_from(line).unwrap() - 1).unwrap(), top);
    assert_eq!(result["ruleId"], sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"]);

    let ignored = live.run("check --ignore-schema-compatibility").await;
    assert_eq!(ignored.code, Some(0), "{ignored}");
    assert!(ignored.stdout.contains("warning["), "still reported: {ignored}");
    live.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_ignored_only_for_the_model_that_ignores_it() {
    let live = Live::new().await;
    live.repository.edit("predict.py", "ge=0, le=50", "ge=0, le=20");
    let configured = live.repository.read("cog-safe-push-configs/text-stats.yaml");
    live.repository.write("cog-safe-push-configs/lenient.yaml", &configured);
    live.repository.write(".safe-push.yaml", "models:\n  lenient:\n    ignore: [SP109]\n");
    assert_snapshot!("ignored_for_one_model", live.run("check --models lenient,text-stats").await);
    let run: Value = serde_json::from_str(&live.repository.read("safe-push-report/run.json")).unwrap();
    assert_eq!(run["models"][0]["ignored"][0]["code"], "SP109", "ignored findings are still listed");
    live.sandbox.stop().await;
}

#[test]
fn the_schema_names_the_sdk_of_the_project() {
    let repository = Repository::example("text-stats");
    let version = |arguments: &str| {
        let schema: Value = serde_json::from_str(&repository.run(arguments).stdout).unwrap();
        schema["info"]["version"].as_str().unwrap().to_owned()
    };
    // Like Cog's own generator: its own release since 0.22, a constant before.
    assert_eq!(version("schema show --cog-version 0.22.0"), "0.22.0");
    assert_eq!(version("schema show --cog-version 0.23.0"), "0.23.0");
    assert_eq!(version("schema show --cog-version 0.21.0"), "0.1.0");
    assert_eq!(version("schema show"), "0.23.1");
    repository.edit("cog.yaml", "\"0.23.1\"", "\"0.22.0\"");
    assert_eq!(version("schema show"), "0.22.0");
    repository.edit("cog.yaml", "  sdk_version: \"0.22.0\"\n", "");
    assert_eq!(version("schema show"), cog_source::sdk::NEWEST_KNOWN.to_string());
}

#[test]
fn a_broken_cog_yaml_is_reported_by_schema_show_too() {
    let repository = Repository::example("text-stats");
    repository.write("cog.yaml", "predict: [1, 2\n");
    assert_snapshot!(repository.run("schema show"));
}

#[test]
fn a_format_for_findings_is_rejected_by_commands_without_findings() {
    assert_snapshot!(Repository::example("text-stats").run("select --models all --format sarif"));
}

#[test]
fn without_ruff_check_goes_on() {
    let repository = Repository::example("text-stats").with_ruff(None);
    assert_snapshot!(repository.run("check"));
    assert_eq!(repository.run("check --no-lint").code, Some(0));
    for required in [repository.run("check --require-lint"), repository.variable("CI", "true").run("check")] {
        assert_eq!(required.code, Some(2), "{required}");
        assert!(required.stdout.contains("error[SP403]"), "{required}");
    }
}

#[test]
fn ruffs_findings_are_shown_on_their_lines() {
    let answer = r#"[{"code":"F401","message":"`re` imported but unused","filename":"predict.py","location":{"row":3,"column":8},"end_location":{"row":3,"column":10},"fix":null,"url":null}]"#;
    let script = format!("#!/bin/sh\necho '{answer}'\nexit 0\n");
    assert_snapshot!(Repository::example("text-stats").with_ruff(Some(&script)).run("check"));
}

/// Ruff parses settings of somebody else, which may name other files: `extend = "~/.gitconfig"`.
#[test]
fn ruff_reads_nothing_of_the_user_and_sends_nothing() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".gitconfig"), "quietly = kept\n").unwrap();
    let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_nonblocking(true).unwrap();
    let script = format!(
        "#!/bin/bash\nread -r line < {}/.gitconfig; echo \"found: $line\" >&2\n(echo sent > /dev/udp/127.0.0.1/{}) 2> /dev/null\nexit 2\n",
        home.path().display(),
        receiver.local_addr().unwrap().port()
    );
    let repository = Repository::example("text-stats").variable("HOME", &home.path().display().to_string());
    let seen = repository.with_ruff(Some(&script)).run("check");
    assert!(seen.stdout.contains("SP402") && seen.stdout.contains("found:"), "{seen}");
    assert!(!seen.stdout.contains("quietly"), "{seen}");
    assert!(receiver.recv(&mut [0; 16]).is_err(), "a datagram was sent");
}

#[test]
fn lines_that_ruff_quotes_from_settings_are_left_out() {
    let message = "ruff failed\n  Cause: Failed to parse /x\n  Cause: TOML parse error at line 12, column 5\n   |\n12 | quietly = kept\n   |     ^\n\
                   invalid table header";
    let script = format!("#!/bin/sh\necho '{message}' >&2\nexit 2\n");
    assert_snapshot!(Repository::example("text-stats").with_ruff(Some(&script)).run("check"));
}
