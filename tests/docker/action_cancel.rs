//! A job that is cancelled, in each stage, as the runner cancels it: INT, 7.5 s later TERM, 2.5 s later KILL. Whatever it was at, its check
//! run says so, nothing is published, and nothing runs on.

use std::process::Command;
use std::time::{Duration, Instant};

use http::Method;
use replicate_sandbox::{Fault, FaultEffect, Sandbox, Visibility};
use safe_push::support::ExposeSecret;
use serde_json::json;
use test_support::fake_github::{FakeGitHub, WRITER};
use test_support::runner::{self, output};
use test_support::{Repository, ca_file, docker_is_there, sandbox_options};

const LIVE: &str = "acme/text-stats";
const FOREVER: Duration = Duration::from_secs(600);

/// A push of the example, and the services it talks to.
struct Push {
    sandbox: Sandbox,
    server: FakeGitHub,
    repository: Repository,
}

impl Push {
    async fn new() -> Self {
        let options = sandbox_options();
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model(LIVE, Visibility::Public, "cpu").unwrap();
        let server = FakeGitHub::start("127.0.0.1:0").await;
        let repository = runner::step(Repository::example("text-stats"), &server.url(), "push", &json!({}), WRITER)
            .variable("REPLICATE_BASE_URL", sandbox.base_url())
            .variable("REPLICATE_REGISTRY", sandbox.registry_host())
            .variable("INPUT_REPLICATE_API_TOKEN", sandbox.api_token().expose_secret())
            .variable("INPUT_COG_TOKEN", sandbox.cli_token().expose_secret())
            .variable("COG_CA_CERT", &ca_file());
        Self { sandbox, server, repository }
    }

    /// Requests to the registry for the model that end in this.
    fn hang(&self, method: Method, path: &str) {
        self.sandbox.inject(Fault::next(usize::MAX, FaultEffect::Delay(FOREVER)).on(method, path));
    }

    fn asked(&self, method: &Method, path: &str) -> bool {
        self.sandbox.requests().iter().any(|request| request.method == *method && request.path.starts_with(path))
    }

    /// Starts the step, cancels it when it has come so far, and looks at what is left.
    async fn cancelled_when(&self, stage: &str, is_there: impl Fn(&Self) -> bool) {
        let mut child = self.repository.start("");
        let deadline = Instant::now() + Duration::from_secs(240);
        while !is_there(self) {
            assert!(Instant::now() < deadline, "{stage} was never reached");
            if child.try_wait().unwrap().is_some() {
                panic!("{stage} was never reached: {}", self.repository.seen(&child.wait_with_output().unwrap()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let process = child.id();
        let signals = runner::cancel(&mut child).await;
        let seen = tokio::task::block_in_place(|| self.repository.seen(&child.wait_with_output().unwrap()));
        assert_eq!(signals, ["INT"], "{stage} is not over before the runner gets rougher: {seen}");
        assert_eq!(seen.code, Some(130), "{stage}: {seen}");
        let runs = self.server.check_runs();
        let conclusions: Vec<_> = runs.iter().map(|run| (run["status"].as_str(), run["conclusion"].as_str())).collect();
        assert_eq!(conclusions, [(Some("completed"), Some("cancelled"))], "{stage}: {seen}");
        assert_eq!(output(&self.repository, "verdict").as_deref(), Some("cancelled"), "{stage}");
        assert_eq!(self.repository.report()["verdict"], "cancelled", "{stage}");
        assert_eq!(self.sandbox.versions(LIVE), vec![], "{stage}: something is published");
        let mut predictions = self.sandbox.predictions().into_iter();
        assert_eq!(predictions.find(|prediction| ["starting", "processing"].contains(&prediction.status)), None, "{stage}");
        assert_eq!(containers_of(process), "", "{stage}");
        assert_eq!(self.server.violations(), Vec::<String>::new());
    }
}

/// Containers that a process of ours has started.
fn containers_of(process: u32) -> String {
    let format = "{{.ID}} {{.Label \"dev.safe-push.process\"}}";
    let output = Command::new("docker").args(["ps", "--all", "--format", format]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| line.contains(&format!(" {process}-"))).collect::<Vec<_>>().join("\n")
}

/// Whether a process of this machine, in whatever container, has these words on its command line.
fn runs(words: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read_to_string(process.path().join("cmdline")).ok());
    lines.into_iter().any(|line| line.replace('\0', " ").trim_end() == words)
}

#[tokio::test(flavor = "multi_thread")]
async fn in_inspect() {
    let push = Push::new().await;
    let script = "#!/bin/sh\nexec /bin/sleep 604.25\n";
    let repository = push.repository.with_ruff(Some(script));
    let push = Push { repository, ..push };
    push.cancelled_when("inspect", |_| runs("/bin/sleep 604.25")).await;
    assert!(!runs("/bin/sleep 604.25"), "the linter runs on");
    push.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_build() {
    if !docker_is_there() {
        return;
    }
    let push = Push::new().await;
    push.repository.edit("cog.yaml", "  sdk_version", "  run:\n    - sleep 603.75\n  sdk_version");
    push.cancelled_when("build", |_| runs("sleep 603.75")).await;
    let end = Instant::now() + Duration::from_secs(5);
    while runs("sleep 603.75") {
        assert!(Instant::now() < end, "the build runs on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    push.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_stage() {
    if !docker_is_there() {
        return;
    }
    let push = Push::new().await;
    push.hang(Method::PUT, "/v2/acme/text-stats-test/manifests");
    push.cancelled_when("stage", |push| push.asked(&Method::PUT, "/v2/acme/text-stats-test/manifests")).await;
    assert_eq!(push.sandbox.versions("acme/text-stats-test"), vec![]);
    push.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_verify() {
    if !docker_is_there() {
        return;
    }
    let push = Push::new().await;
    let slow = "        import time\n        time.sleep(600)\n        words = self.word";
    push.repository.edit("predict.py", "        words = self.word", slow);
    push.cancelled_when("verify", |push| push.sandbox.predictions().iter().any(|prediction| prediction.status == "processing"))
        .await;
    push.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_publish() {
    if !docker_is_there() {
        return;
    }
    let push = Push::new().await;
    push.hang(Method::PUT, "/v2/acme/text-stats/manifests");
    push.cancelled_when("publish", |push| push.asked(&Method::PUT, "/v2/acme/text-stats/manifests")).await;
    push.sandbox.stop().await;
}
