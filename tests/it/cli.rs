//! The CLI as a user sees it, where no Docker is needed.

use insta::assert_snapshot;
use serde_json::json;
use test_support::Repository;

const CONFIG: &str = "cog-safe-push-configs/text-stats.yaml";

#[test]
fn help_names_every_command() {
    assert_snapshot!(Repository::new().run("--help"));
}

#[test]
fn help_of_run_names_every_setting() {
    assert_snapshot!(Repository::new().run("run --help"));
}

#[test]
fn a_misspelled_key_is_reported_with_its_line_and_the_nearest_key() {
    let repository = Repository::example("text-stats");
    repository.edit(CONFIG, "test_hardware:", "test_hardwear:");
    assert_snapshot!(repository.run("run"));
}

#[test]
fn a_missing_token_is_reported_with_both_fixes() {
    assert_snapshot!(Repository::example("text-stats").run("run"));
}

#[test]
fn a_missing_registry_token_is_reported_separately() {
    let repository = Repository::example("text-stats").variable("REPLICATE_API_TOKEN", "r8_0000000000000000000000000000000000000");
    assert_snapshot!(repository.run("run"));
}

#[test]
fn a_missing_daemon_is_a_service_error() {
    let repository = Repository::example("text-stats").variable("DOCKER_HOST", "unix:///nowhere/docker.sock");
    assert_snapshot!(repository.run("run --sandbox"));
}

#[test]
fn an_unknown_flag_is_an_invalid_request() {
    let seen = Repository::new().run("run --paralel 3");
    assert_eq!(seen.code, Some(2));
    assert!(seen.stderr.contains("--parallel"), "{}", seen.stderr);
}

#[test]
fn a_folder_without_a_model_says_what_is_missing() {
    assert_snapshot!(Repository::new().run("check"));
}

#[test]
fn check_without_a_token_still_reports_findings_of_the_source() {
    let repository = Repository::example("text-stats");
    repository.edit("predict.py", "description=\"The text to count\", ", "");
    assert_snapshot!(repository.run("check"));
}

#[test]
fn errors_are_json_too_on_request() {
    let seen = Repository::example("text-stats").run("run --format json");
    let error: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(error["schema"], "safe-push/v1");
    assert_eq!(error["verdict"], "misconfigured");
    assert!(error["error"]["hint"].as_str().unwrap().contains("REPLICATE_API_TOKEN"), "{error}");
}

#[test]
fn select_names_the_models_of_the_repository() {
    let repository = Repository::example("text-stats");
    let config = repository.read(CONFIG);
    repository.write("cog-safe-push-configs/text-stats-large.yaml", &config);
    let seen = repository.run("select --models all");
    assert_eq!(seen.stdout, "text-stats\ntext-stats-large\n", "{seen}");
    let seen = repository.run("select --models text-stat");
    assert_eq!(seen.code, Some(2));
    assert!(seen.stderr.contains("did you mean 'text-stats'"), "{seen}");
}

#[test]
fn init_writes_a_configuration_that_loads() {
    let repository = Repository::example("text-stats");
    std::fs::remove_dir_all(repository.path().join("cog-safe-push-configs")).unwrap();
    let seen = repository.run("init acme/text-stats");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_snapshot!(repository.read(CONFIG));
    assert_eq!(repository.run("check").code, Some(0));
    let again = repository.run("init acme/text-stats");
    assert_eq!(again.code, Some(2), "{again}");
}

#[test]
fn the_official_dockerfile_is_shown_for_comparison() {
    let repository = Repository::example("text-stats");
    let seen = repository.run("image dockerfile --cog-exact --no-cog-base-image");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.starts_with("#syntax=docker/dockerfile:1.4\nFROM python:3.11-slim\n"), "{seen}");
    assert!(seen.stdout.contains("uv pip install --no-cache cog==0.23.1\n") && seen.stdout.contains("\nCOPY . /src\n"), "{seen}");
    repository.edit("cog.yaml", "run: ", "predict: ");
    let old = repository.run("image dockerfile --cog-exact --cog-version 0.16.12");
    assert_eq!(old.code, Some(2), "{old}");
    assert!(old.stderr.contains("before 0.17"), "{old}");
}

#[test]
fn the_schema_of_the_source_is_shown() {
    let seen = Repository::example("text-stats").run("schema show");
    let document: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    let inputs = document["components"]["schemas"]["Input"]["properties"].as_object().unwrap();
    assert_eq!(inputs.keys().collect::<Vec<_>>(), ["text", "top", "ignore_case"]);
}

#[test]
fn a_breaking_schema_change_is_reported_with_exit_code_1() {
    let repository = Repository::example("text-stats");
    let old = repository.run("schema show").stdout;
    repository.write("old.json", &old);
    assert_eq!(repository.run("schema diff old.json").code, Some(0));
    repository.edit("predict.py", "top: int", "count: int");
    repository.edit("predict.py", "ranked[:top]", "ranked[:count]");
    assert_snapshot!(repository.run("schema diff old.json"));
}

#[test]
fn documents_that_could_not_be_read_in_full_are_not_called_compatible() {
    let repository = Repository::new();
    let document = |last: &str, alternatives: usize| {
        let mut types: Vec<_> = (0..alternatives).map(|number| json!({"type": "string", "maxLength": number})).collect();
        types.push(json!({"type": last}));
        json!({"components": {"schemas": {"Input": {"type": "object", "properties": {}}, "Output": {"anyOf": types}}}}).to_string()
    };
    repository.write("old.json", &document("integer", 120));
    repository.write("new.json", &document("boolean", 120));
    let seen = repository.run("schema diff old.json new.json");
    assert!(seen.code == Some(1) && !seen.stdout.contains("compatible"), "{seen}");
    for document in ["the old document", "the new document"] {
        assert!(seen.stdout.contains(&format!("{document}: the schema is too deep or too large to be read in full")), "{seen}");
    }
}

#[test]
fn an_unknown_rule_suggests_a_similar_one() {
    let seen = Repository::new().run("rules SP1O1");
    assert_eq!(seen.code, Some(2));
    assert!(seen.stderr.contains("did you mean SP101?"), "{seen}");
}

#[test]
fn wrong_options_of_the_sandbox_are_wrong_requests() {
    for (options, problem, fix) in [
        ("--bind 192.0.2.1", "failed to listen on 192.0.2.1", "name an address of this machine with --bind"),
        ("--username ../x", "'../x' is not a valid name of an account", "use lowercase letters"),
        ("--host a/b", "'a/b' is not a valid host name", "give the host alone"),
        ("--script nowhere.yaml", "failed to read the script nowhere.yaml", ""),
    ] {
        let seen = Repository::new().run(&format!("sandbox {options}"));
        assert_eq!(seen.code, Some(2), "{options}: {seen}");
        assert!(
            seen.stderr.contains(problem) && seen.stderr.contains(fix) && !seen.stderr.contains("another port"),
            "{options}: {seen}"
        );
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let seen = Repository::new().run(&format!("sandbox --port {}", taken.local_addr().unwrap().port()));
    assert!(seen.code == Some(3) && seen.stderr.contains("another port"), "{seen}");
}

#[test]
fn a_named_folder_without_configurations_is_an_error() {
    let repository = Repository::example("text-stats");
    std::fs::create_dir(repository.path().join("configs")).unwrap();
    for folder in ["configs", "nowhere"] {
        let seen = repository.run(&format!("check --config-dir {folder}"));
        assert!(seen.code == Some(2) && seen.stderr.contains(&format!("found no configuration in {folder}/")), "{folder}: {seen}");
    }
    std::fs::remove_dir_all(repository.path().join("cog-safe-push-configs")).unwrap();
    let seen = repository.run("check");
    assert_eq!(seen.code, Some(0), "a project without a configuration is checked: {seen}");
}

#[test]
fn a_report_folder_that_is_a_file_is_named_with_the_fix() {
    let repository = Repository::example("text-stats");
    repository.write("taken", "");
    for (folder, problem) in
        [("taken", "taken is not a folder"), ("taken/below", "taken is not a folder"), ("/dev/full", "/dev/full is not a folder")]
    {
        let seen = repository.run(&format!("check --report-dir {folder}"));
        assert_eq!(seen.code, Some(0), "{seen}");
        assert!(seen.stderr.contains(problem) && seen.stderr.contains("--report-dir"), "{folder}: {seen}");
    }
}
