//! What commands print with `--format json` fits the published schemas. Those that need Docker (`canary`) are in `tests/docker`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Command;

use jsonschema::Validator;
use safe_push::reference::documents;
use serde_json::Value;
use test_support::{Repository, Seen, root};

use crate::first_steps::predicted;

/// The schema in the repository of what a command prints.
fn schema(command: &str) -> Validator {
    let document = documents().iter().find(|document| document.commands.contains(&command));
    let path = document.unwrap_or_else(|| panic!("no schema is published for {command}")).path;
    let schema: Value = serde_json::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_fits(command: &str, document: &Value) {
    let problems: Vec<String> =
        schema(command).iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{command}: {problems:#?}\n{document:#}");
}

fn printed(seen: &Seen) -> Value {
    serde_json::from_str(&seen.stdout).unwrap_or_else(|error| panic!("{error}: {seen}"))
}

/// Every field of these objects is required, so an empty one fits none.
#[test]
fn a_schema_rejects_other_documents() {
    for document in documents() {
        for wrong in [serde_json::json!({}), serde_json::json!([{}]), serde_json::json!("text")] {
            assert!(!schema(document.commands[0]).is_valid(&wrong), "{} accepts {wrong}", document.path);
        }
    }
}

#[test]
fn what_needs_no_service_fits_its_schema() {
    let repository = Repository::example("text-stats").variable("DOCKER_HOST", "unix:///nowhere/docker.sock");
    repository.write("one.txt", "one\n");
    repository.write("two.txt", "two\n");
    let shown = repository.run("schema show");
    repository.write("live.json", &shown.stdout.replace("\"top\"", "\"count\""));
    let mut looked_at = BTreeSet::new();
    for (command, arguments, code) in [
        ("doctor", "", 2),
        ("login", "", 0),
        ("select", "", 0),
        ("rules", "", 0),
        ("rules", "SP101", 0),
        ("clean", "--dry-run", 0),
        ("image dockerfile", "", 0),
        ("schema diff", "live.json", 1),
        ("schema lint", "", 0),
        ("compare", "one.txt two.txt", 1),
        ("compare", "one.txt one.txt", 0),
    ] {
        let seen = repository.run(&format!("{command} {arguments} --format json"));
        assert_eq!(seen.code, Some(code), "{command}: {seen}");
        assert_fits(command, &printed(&seen));
        looked_at.insert(command);
    }
    // These have tests of their own.
    looked_at.extend(["sandbox", "logs", "canary"]);
    let published: BTreeSet<_> = documents().iter().flat_map(|document| document.commands.iter().copied()).collect();
    assert_eq!(looked_at, published);
}

#[test]
fn changed_models_have_reasons() {
    let repository = Repository::example("text-stats");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let output = Command::new("git").args(identity).args(arguments).current_dir(repository.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "first"]);
    repository.edit("predict.py", "top", "count");
    let document = printed(&repository.run("select --models changed --format json"));
    assert_fits("select", &document);
    assert_eq!(document["count"], 1, "{document:#}");
}

/// A command that fails prints a run with an error, as the page says.
#[test]
fn a_failure_is_a_run_with_an_error() {
    let schema: Value = serde_json::from_str(&fs::read_to_string(root().join("schemas/run.schema.json")).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let repository = Repository::example("text-stats");
    for line in ["rules SP999", "compare missing.txt missing.txt", "logs x", "schema diff nowhere", "select --models nobody", "run"]
    {
        let seen = repository.run(&format!("{line} --format json"));
        assert_eq!(seen.code, Some(2), "{line}: {seen}");
        let run = printed(&seen);
        assert!(schema.is_valid(&run) && run["error"]["message"].is_string(), "{line}: {run:#}");
    }
}

#[test]
fn the_sandbox_says_where_it_is() {
    let repository = Repository::example("text-stats");
    repository.write("script.yaml", "models: []\n");
    let mut child = repository.start("sandbox --format json --script script.yaml");
    let mut text = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        text.push_str(&line);
        if line == "}" {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_fits("sandbox", &serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prediction_fits_the_schema_of_logs() {
    let (sandbox, repository, id) = predicted("loaded\n").await;
    let run = |line: String| tokio::task::block_in_place(|| repository.run(&line));
    assert_fits("logs", &printed(&run(format!("logs {id} --format json"))));
    sandbox.stop().await;
}

/// A workflow would read an empty result as an empty answer.
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let repository = Repository::example("text-stats");
    let into = |target: &str, line: &str| repository.run_through("sh", &["-c", &format!("exec \"$0\" {line} {target}")]);
    for line in [
        "select",
        "select --matrix",
        "schema show",
        "image dockerfile",
        "rules",
        "completions bash",
        "check",
        "check --format json",
        "check --format sarif",
        "run --help",
        "--version",
    ] {
        let seen = into(">/dev/full", line);
        assert_eq!(seen.code, Some(2), "{line}: {seen}");
        let is_reported = seen.stderr.contains("error: failed to write the result to standard output: No space left on device");
        assert!(is_reported, "{line}: {seen}");
        assert_eq!(seen.stderr.matches("error:").count(), 1, "{line}: {seen}");
    }
    // `check --format github` writes only findings.
    repository.edit("predict.py", "text: str", "text");
    let seen = into(">/dev/full", "check --format github");
    assert!(!matches!(seen.code, Some(0)) && seen.stderr.contains("failed to write the result"), "{seen}");
    for line in ["select", "rules", "run --help"] {
        let seen = into("| true", line);
        assert!(seen.stderr.is_empty(), "a reader that went away: {seen}");
    }
}
