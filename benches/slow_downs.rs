//! How often a slow-down is reported although there is none, and how often one is found, through the whole CLI: a scripted live version and
//! a staged one with equal outputs, whose run times are off by up to 15 %, and five paired cases. Prints the rates and never fails, because
//! a busy machine adds noise of its own. A number after `--` sets the runs per row; the default is 200.
//!
//! The rule itself is tested on simulated times (`src/verify/speed/simulation.rs`), and on a fake service with a paused clock
//! (`src/verify/tests/speed.rs`).

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use secrecy::ExposeSecret as _;
use serde_json::json;
use test_support::Repository;

/// Runs at the same time.
const AT_ONCE: usize = 8;

/// The noise of a run time.
const NOISE: f64 = 0.15;

const CONFIG: &str = "model: acme/pace\nparallel: 10\npredict:\n  compare_outputs: true\n  test_cases:\n    - inputs: {n: 0}\n    \
                      - inputs: {n: 1}\n    - inputs: {n: 2}\n    - inputs: {n: 3}\n    - inputs: {n: 4}\n  fuzz: {iterations: 0}\n";

/// A version whose predictions take 0.6 to 1 s, times `factor`, with noise.
fn version(factor: f64, seed: u64) -> Script {
    let random = Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed)));
    Script::new(move |request| {
        let noise: f64 = random.lock().unwrap().random_range(1.0 - NOISE..1.0 + NOISE);
        let seconds = (0.6 + 0.1 * request.input["n"].as_f64().unwrap()) * noise * factor;
        ScriptedReply::output("the same").after(Duration::from_secs_f64(seconds))
    })
}

/// Whether a run reports that the staged version is slower.
async fn is_reported(factor: f64, seed: u64) -> bool {
    let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.create_model("acme/pace", Visibility::Private, "cpu").unwrap();
    let schema = json!({"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "paths": {}, "components": {"schemas": {
        "Input": {"type": "object", "title": "Input", "required": ["n"], "properties": {"n": {"type": "integer", "title": "N"}}},
        "Output": {"type": "string", "title": "Output"},
    }}});
    let staged = sandbox.push_scripted_version("acme/pace", Some(schema.clone()), version(factor, 2 * seed)).unwrap();
    sandbox.push_scripted_version("acme/pace", Some(schema), version(1.0, 2 * seed + 1)).unwrap();
    let repository = Repository::new()
        .variable("REPLICATE_BASE_URL", sandbox.base_url())
        .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret());
    repository.write("cog-safe-push.yaml", CONFIG);
    let repository = Arc::new(repository);
    let (started, line) = (Arc::clone(&repository), format!("verify acme/pace:{staged} --compare all"));
    let seen = tokio::task::spawn_blocking(move || started.run(&line)).await.unwrap();
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = repository.report();
    sandbox.stop().await;
    report["models"][0]["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == "SP621")
}

#[tokio::main]
async fn main() {
    let runs: u64 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(200);
    println!("staged is  reported         time");
    for factor in [1.0, 1.5] {
        let began = Instant::now();
        let reported = stream::iter(0..runs)
            .map(|seed| is_reported(factor, seed))
            .buffer_unordered(AT_ONCE)
            .filter(|reported| futures::future::ready(*reported))
            .count()
            .await;
        println!("{factor:>5.1} x    {reported:>3} of {runs:<3} runs  {:.0} s", began.elapsed().as_secs_f64());
    }
}
