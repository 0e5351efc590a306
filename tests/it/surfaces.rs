//! One failing run on every surface that the CLI prints or writes. `src/report/surfaces.rs` has terminals, the comment and check runs,
//! and `tests/chromium` has the page.

use insta::assert_snapshot;
use serde_json::Value;
use test_support::saved_run::failing_run;
use test_support::{Repository, Seen};

fn saved() -> Repository {
    let repository = Repository::new();
    repository.write("run.json", &failing_run().to_string());
    repository
}

/// Images are long, and differ with their encoder.
fn without_previews(text: &str) -> String {
    let previews = regex::Regex::new("data:([a-z]+/[a-z]+);base64,[A-Za-z0-9+/=]+").unwrap();
    previews.replace_all(text, "data:$1;base64,…").into_owned()
}

fn run(repository: &Repository, line: &str) -> Seen {
    let seen = repository.run(line);
    assert_eq!(seen.code, Some(0), "{seen}");
    Seen { stdout: without_previews(&seen.stdout), ..seen }
}

#[test]
fn what_the_cli_prints() {
    let repository = saved();
    assert_snapshot!("piped", run(&repository, "report run.json"));
    assert_snapshot!("quiet", run(&repository, "report run.json --quiet"));
    assert_snapshot!("verbose", run(&repository, "report run.json --verbose"));
    assert_snapshot!("github", run(&repository, "report run.json --format github"));
}

#[test]
fn what_the_cli_prints_for_programs() {
    let repository = saved();
    let json = run(&repository, "report run.json --format json");
    assert_snapshot!("json", json.stdout);
    let sarif = run(&repository, "report run.json --format sarif");
    let mut document: Value = serde_json::from_str(&sarif.stdout).unwrap();
    // The texts of rules are on the page of rules.
    let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap();
    rules.iter_mut().for_each(|rule| *rule = rule["id"].take());
    assert_snapshot!("sarif", format!("{document:#}"));
}

#[test]
fn what_the_cli_writes() {
    let repository = saved();
    run(&repository, "report run.json --out shown");
    assert_snapshot!("markdown", repository.read("shown/report.md"));
    assert_snapshot!("junit", repository.read("shown/junit.xml"));
    run(&repository, "report shown/run.json --out again");
    for file in ["run.json", "report.html"] {
        let is_same = repository.read(&format!("shown/{file}")) == repository.read(&format!("again/{file}"));
        assert!(is_same, "{file} of a saved run is kept as it is");
    }
}
