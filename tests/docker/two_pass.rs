//! An official model whose tests need a key: written for the tests, deleted for the official image, and proven gone.

use std::io::{BufRead as _, BufReader};
use std::process::Command;

use replicate_sandbox::{Sandbox, Visibility};
use serde_json::{Value, json};
use test_support::{Repository, Seen, docker_is_there, predict, sandbox_options};

const KEY: &str = "fal-0123456789-abcdef";
const LIVE: &str = "acme/proxy";
const OFFICIAL: &str = "acme/official-proxy";

/// Answers only with its key, like a proxy for another service.
const PREDICT: &str = r#"from pathlib import Path

from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="What to say")) -> str:
        key = Path("/src/api_key.txt")
        if not key.exists():
            raise RuntimeError("no key")
        return f"{text}, with a key of {len(key.read_text().strip())}"
"#;

const CONFIG: &str = r#"model: acme/proxy
official_model: acme/official-proxy
test_model: acme/proxy-test
test_hardware: cpu
predict:
  compare_outputs: false
  test_cases:
    - inputs: {text: hello}
      exact_string: hello, with a key of 21
"#;

struct Proxy {
    sandbox: Sandbox,
    repository: Repository,
    /// Journals are kept here: the test's home folder is inside the repository.
    state: tempfile::TempDir,
}

impl Proxy {
    async fn new() -> Option<Self> {
        if !docker_is_there() {
            return None;
        }
        let options = sandbox_options();
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model(LIVE, Visibility::Private, "cpu").unwrap();
        sandbox.create_model(OFFICIAL, Visibility::Public, "cpu").unwrap();
        sandbox.set_official(OFFICIAL, true).unwrap();
        let state = tempfile::tempdir().unwrap();
        let place = state.path().display().to_string();
        let repository = Repository::new().on(&sandbox).variable("API_KEY", KEY).variable("XDG_STATE_HOME", &place);
        repository.write("cog.yaml", "build:\n  python_version: \"3.11\"\npredict: predict.py:Predictor\n");
        repository.write("predict.py", PREDICT);
        repository.write("cog-safe-push.yaml", CONFIG);
        // The script must not get the tokens.
        let write = "#!/bin/sh\nset -eu\n[ -z \"${COG_TOKEN:-}${REPLICATE_API_TOKEN:-}\" ]\necho \"$API_KEY\" > api_key.txt\n";
        repository.write("script/write-api-key", write);
        repository.write("script/delete-api-key", "#!/bin/sh\nrm api_key.txt\n");
        Some(Self { sandbox, repository, state })
    }

    /// Runs the program without holding up the sandbox, which lives in this process.
    fn run(&self) -> Seen {
        tokio::task::block_in_place(|| self.repository.run("run --two-pass"))
    }

    fn versions(&self) -> (usize, usize) {
        (self.sandbox.versions(LIVE).len(), self.sandbox.versions(OFFICIAL).len())
    }

    fn key_is_here(&self) -> bool {
        self.repository.path().join("api_key.txt").exists()
    }

    /// Asks a model for a prediction and waits for its end.
    async fn predict(&self, path: &str, mut body: Value) -> Value {
        body["input"] = json!({"text": "hello"});
        predict(&self.sandbox, path, &body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_model_has_no_key_and_the_tested_one_has() {
    let Some(proxy) = Proxy::new().await else { return };
    let seen = proxy.run();
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(proxy.versions(), (1, 1), "{seen}");
    assert!(!proxy.key_is_here() && !seen.to_string().contains(KEY), "{seen}");
    assert!(seen.stderr.contains("of the official image are those that were tested"), "{seen}");
    let official = format!("{OFFICIAL}:{}", proxy.sandbox.versions(OFFICIAL)[0].id);
    assert_eq!(proxy.repository.report()["models"][0]["versions"]["official"], official);
    let live = proxy.predict("predictions", json!({"version": proxy.sandbox.versions(LIVE)[0].id})).await;
    assert_eq!(live["output"], "hello, with a key of 21", "{live}");
    let official = proxy.predict(&format!("models/{OFFICIAL}/predictions"), json!({})).await;
    assert_eq!(official["error"], "no key", "{official}");
    proxy.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_left_in_a_file_stops_the_official_push() {
    let Some(proxy) = Proxy::new().await else { return };
    proxy.repository.edit("script/write-api-key", "> api_key.txt", "> api_key.txt; printf 'KEY = \"%s\"' $API_KEY > key.py");
    let seen = proxy.run();
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_eq!(proxy.versions(), (1, 0), "{seen}");
    assert!(seen.stdout.contains("a key may still be in what script/write-api-key or it has written: key.py"), "{seen}");
    assert!(!seen.to_string().contains(KEY), "{seen}");
    assert!(!proxy.repository.path().join("key.py").exists(), "it is put back");
    proxy.sandbox.stop().await;
}

/// Nothing of what is left looks like a key, and what does is gone.
#[tokio::test(flavor = "multi_thread")]
async fn no_file_of_the_key_may_be_left_whatever_it_holds() {
    let Some(proxy) = Proxy::new().await else { return };
    proxy.repository.write("settings.py", "MODE = 'none'\n");
    let more = "> api_key.txt; echo 'some key in words' > vault.txt; echo \"MODE = 'key'\" >> settings.py";
    proxy.repository.edit("script/write-api-key", "> api_key.txt", more);
    proxy.repository.write("script/delete-api-key", "#!/bin/sh\nmv api_key.txt old.txt\n");
    let seen = proxy.run();
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_eq!(proxy.versions(), (1, 0), "{seen}");
    assert!(seen.stdout.contains("it has written: settings.py, vault.txt, old.txt"), "{seen}");
    assert_eq!(proxy.repository.read("settings.py"), "MODE = 'none'\n");
    for gone in ["api_key.txt", "vault.txt", "old.txt"] {
        assert!(!proxy.repository.path().join(gone).exists(), "{gone}");
    }
    proxy.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_repository_has_anyway_stops_the_official_push() {
    let Some(proxy) = Proxy::new().await else { return };
    proxy.repository.write("notes.txt", &format!("the key is {KEY}"));
    let seen = proxy.run();
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_eq!(proxy.versions(), (1, 0), "{seen}");
    assert!(seen.stdout.contains("SP584") && seen.stdout.contains("notes.txt contains the value of API_KEY"), "{seen}");
    assert!(!seen.to_string().contains(KEY), "{seen}");
    proxy.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weak_key_and_a_public_model_for_it_stop_the_run_before_its_build() {
    let Some(proxy) = Proxy::new().await else { return };
    proxy
        .repository
        .write("script/write-api-key", "#!/bin/sh\necho \"$WEAK_KEY\" > key.txt\necho session-0123456789-abcdef > s.txt\n");
    proxy.repository.write("script/delete-api-key", "#!/bin/sh\nrm s.txt\n");
    let repository = proxy.repository.variable("WEAK_KEY", "abc1234");
    let run = || tokio::task::block_in_place(|| repository.run("run --two-pass"));
    let seen = run();
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("SP585") && seen.stdout.contains("the value of WEAK_KEY is only 7 bytes long"), "{seen}");
    assert!(!repository.path().join("key.txt").exists() && !repository.path().join("s.txt").exists(), "{seen}");
    repository.edit("cog-safe-push.yaml", "model: acme/proxy\n", "model: acme/shown\n");
    proxy.sandbox.create_model("acme/shown", Visibility::Public, "cpu").unwrap();
    let seen = run();
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("model is acme/shown, which is public"), "{seen}");
    assert_eq!(proxy.sandbox.versions(LIVE).len() + proxy.sandbox.versions("acme/shown").len(), 0);
    proxy.sandbox.stop().await;
}

/// A folder that builds share keeps what an earlier one had put there.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_only_a_layer_holds_stops_it_too() {
    let Some(proxy) = Proxy::new().await else { return };
    let base = format!("safe-push-two-pass:{}", std::process::id());
    let cog_yaml = proxy.repository.read("cog.yaml");
    proxy.repository.write("cog.yaml", &format!("{cog_yaml}image: {base}\n"));
    let seen = proxy.repository.run("build");
    assert_eq!(seen.code, Some(0), "{seen}");
    proxy.repository.write("cog.yaml", &cog_yaml);
    let keep = "if [ -e /src/api_key.txt ]; then cp /src/api_key.txt /kept/; fi; cp -r /kept /opt/kept";
    let run = format!("RUN --mount=type=cache,id={base},target=/kept {keep}");
    proxy.repository.write("Dockerfile.own", &format!("FROM {base}\nCOPY . /src\n{run}\n"));
    proxy.repository.write("cog-safe-push.yaml", &format!("{CONFIG}dockerfile: Dockerfile.own\n"));
    let seen = proxy.run();
    assert!(Command::new("docker").args(["rmi", "--force", &base]).output().unwrap().status.success());
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_eq!(proxy.versions(), (1, 0), "{seen}");
    assert!(seen.stdout.contains("the image's file /opt/kept/api_key.txt contains the value of API_KEY"), "{seen}");
    proxy.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_its_tests_leaves_no_key_behind() {
    let Some(proxy) = Proxy::new().await else { return };
    proxy.repository.edit("cog-safe-push.yaml", "hello, with", "goodbye, with");
    let seen = proxy.run();
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!(proxy.versions(), (0, 0), "{seen}");
    assert!(!proxy.key_is_here(), "{seen}");
    proxy.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_passes_need_is_reported_before_anything_is_done() {
    let Some(proxy) = Proxy::new().await else { return };
    let said = |change: &dyn Fn()| {
        change();
        let seen = proxy.run();
        assert_eq!(seen.code, Some(2), "{seen}");
        seen.stdout
    };
    let message = said(&|| proxy.repository.edit("script/write-api-key", "echo \"$API_KEY\" > api_key.txt", "exit 3"));
    assert!(message.contains("script/write-api-key ended with exit code 3"), "{message}");
    let message = said(&|| proxy.repository.edit("script/write-api-key", "exit 3", "echo yes > answer.txt"));
    assert!(message.contains("nothing into the project that looks like a key"), "{message}");
    for script in ["script/delete-api-key", "script/write-api-key"] {
        let message = said(&|| std::fs::remove_file(proxy.repository.path().join(script)).unwrap());
        assert!(message.contains(&format!("{script} does not exist")), "{message}");
    }
    let message = said(&|| proxy.repository.edit("cog-safe-push.yaml", "official_model: acme/official-proxy\n", ""));
    assert!(message.contains("cog-safe-push.yaml does not set official_model"), "{message}");
    assert!(!proxy.repository.path().join("answer.txt").exists() && proxy.versions() == (0, 0));
    proxy.sandbox.stop().await;
}

/// Starts a run and kills it as soon as the key is in the files.
fn kill_with_the_key(repository: &Repository) {
    let mut child = repository.start("run --two-pass");
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    for line in stderr.lines() {
        let line = line.unwrap();
        said.push_str(&line);
        if line.contains("wrote a key for the tests") {
            break;
        }
    }
    assert!(Command::new("kill").args(["-KILL", &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap();
    assert!(repository.path().join("api_key.txt").exists(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_next_build_puts_the_files_back_first() {
    let Some(proxy) = Proxy::new().await else { return };
    proxy.repository.edit("script/write-api-key", "> api_key.txt", "> api_key.txt; echo \"# $API_KEY\" >> predict.py");
    tokio::task::block_in_place(|| kill_with_the_key(&proxy.repository));
    assert!(proxy.repository.read("predict.py").contains(KEY));
    let journals: Vec<_> = std::fs::read_dir(proxy.state.path().join("safe-push/keys")).unwrap().collect();
    for journal in journals {
        assert!(!std::fs::read_to_string(journal.unwrap().path()).unwrap().contains(KEY));
    }
    let seen = tokio::task::block_in_place(|| proxy.repository.run("build"));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stderr.contains("These are as they were before: api_key.txt, predict.py"), "{seen}");
    assert!(!proxy.key_is_here() && proxy.repository.read("predict.py") == PREDICT, "{seen}");
    assert!(proxy.repository.report().to_string().contains("An earlier run was killed"));
    proxy.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_a_file_that_changed_since_stops_the_next_build() {
    let Some(proxy) = Proxy::new().await else { return };
    tokio::task::block_in_place(|| kill_with_the_key(&proxy.repository));
    proxy.repository.write("api_key.txt", &format!("{KEY} # and a note\n"));
    for command in ["build", "run"] {
        let seen = tokio::task::block_in_place(|| proxy.repository.run(command));
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(seen.stderr.contains("these may still hold it: api_key.txt") && !seen.to_string().contains(KEY), "{seen}");
    }
    std::fs::remove_file(proxy.repository.path().join("api_key.txt")).unwrap();
    let seen = tokio::task::block_in_place(|| proxy.repository.run("build"));
    assert_eq!(seen.code, Some(0), "{seen}");
    proxy.sandbox.stop().await;
}

/// Docker writes `&` as `\u0026` in its configuration.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_docker_escapes_stops_the_official_push() {
    const ESCAPED: &str = "K=abc&def<01234567>ghi";
    let Some(proxy) = Proxy::new().await else { return };
    let repository = proxy.repository.variable("HF_TOKEN", ESCAPED);
    repository.write(
        "cog.yaml",
        &format!("build:\n  python_version: \"3.11\"\nenvironment: [\"{ESCAPED}\"]\npredict: predict.py:Predictor\n"),
    );
    let seen = tokio::task::block_in_place(|| repository.run("run --two-pass --secret id=hf,env=HF_TOKEN"));
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("SP584") && seen.stdout.contains("the value of HF_TOKEN"), "{seen}");
    assert!(!seen.to_string().contains(ESCAPED), "{seen}");
    assert_eq!(proxy.sandbox.versions(OFFICIAL).len(), 0);
    proxy.sandbox.stop().await;
}
