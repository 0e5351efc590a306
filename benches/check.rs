//! How long `check` takes, as a whole process against a sandbox on this machine: for an unchanged model, and for one that lost an input.
//! Prints a table and never fails, because times on a busy machine say little.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::time::{Duration, Instant};

use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use safe_push::support::ExposeSecret;
use serde_json::Value;
use test_support::Repository;

/// Measurements per row.
const RUNS: usize = 15;

fn measure(repository: &Repository, code: i32) -> (Duration, Duration) {
    let mut runs: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            let seen = tokio::task::block_in_place(|| repository.run("check"));
            let wall = began.elapsed();
            assert_eq!(seen.code, Some(code), "{seen}");
            wall
        })
        .collect();
    runs.sort();
    (runs[RUNS / 2], runs[RUNS - 1])
}

#[tokio::main]
async fn main() {
    let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
    let repository = Repository::example("text-stats")
        .variable("REPLICATE_BASE_URL", sandbox.base_url())
        .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret());
    let schema: Value = serde_json::from_str(&repository.run("schema show").stdout).unwrap();
    sandbox.push_scripted_version("acme/text-stats", Some(schema), Script::always(ScriptedReply::output("unused"))).unwrap();

    let unchanged = measure(&repository, 0);
    let source = repository.read("predict.py");
    let top = source.lines().find(|line| line.trim_start().starts_with("top: int")).unwrap();
    repository.edit("predict.py", &format!("{top}\n"), "");
    let removed = measure(&repository, 1);
    println!("check                median    slowest of {RUNS}");
    for (name, (median, slowest)) in [("unchanged", unchanged), ("an input removed", removed)] {
        println!("{name:<18} {:>6} ms {:>6} ms", median.as_millis(), slowest.as_millis());
    }
    sandbox.stop().await;
}
