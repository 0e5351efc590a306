//! Runs the program as a user does: in a folder of its own, with an environment of its own, and with what differs between runs taken
//! out of its words.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use replicate_sandbox::Sandbox;
use safe_push::support::ExposeSecret;
use tempfile::TempDir;

/// A repository and the environment that the program is started in.
pub(crate) struct Repository {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

/// Variables that a run on this machine needs: programs, certificates, the daemon.
const KEPT: [&str; 8] =
    ["PATH", "TMPDIR", "DOCKER_HOST", "COG_CA_CERT", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The certificates that builds on this machine need; empty where they need none.
pub(crate) fn ca_file() -> String {
    ["COG_CA_CERT", "SSL_CERT_FILE"].iter().find_map(|name| std::env::var_os(name)?.into_string().ok()).unwrap_or_default()
}

impl Repository {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut variables: BTreeMap<String, String> =
            KEPT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?.into_string().ok()?))).collect();
        variables.insert("HOME".to_owned(), folder.path().join("home").display().to_string());
        variables.insert("LANG".to_owned(), "C.UTF-8".to_owned());
        // Ruff may be installed or not.
        variables.insert("SAFE_PUSH_NO_LINT".to_owned(), "true".to_owned());
        Self { folder, variables }
    }

    /// A copy of one of the examples.
    pub(crate) fn example(name: &str) -> Self {
        let repository = Self::new();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), repository.path());
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces a text that has to be there.
    pub(crate) fn edit(&self, path: &str, before: &str, after: &str) {
        let text = fs::read_to_string(self.path().join(path)).unwrap();
        assert!(text.contains(before), "{path} has no '{before}'");
        self.write(path, &text.replace(before, after));
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Sets a variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Works on a sandbox: its services, its tokens, and the certificates that builds on this machine need.
    pub(crate) fn on(self, sandbox: &Sandbox) -> Self {
        self.variable("REPLICATE_BASE_URL", sandbox.base_url())
            .variable("REPLICATE_REGISTRY", sandbox.registry_host())
            .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret())
            .variable("COG_TOKEN", sandbox.cli_token().expose_secret())
            .variable("COG_CA_CERT", &ca_file())
    }

    /// Lints, with this text as the program `ruff`, or without a program of that name.
    pub(crate) fn with_ruff(mut self, script: Option<&str>) -> Self {
        use std::os::unix::fs::PermissionsExt;
        self.variables.remove("SAFE_PUSH_NO_LINT");
        let programs = self.path().join("home/bin");
        fs::create_dir_all(&programs).unwrap();
        if let Some(script) = script {
            fs::write(programs.join("ruff"), script).unwrap();
            fs::set_permissions(programs.join("ruff"), fs::Permissions::from_mode(0o755)).unwrap();
        }
        self.variable("PATH", &programs.display().to_string())
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_safe-push"));
        command.args(line.split_whitespace()).current_dir(self.path()).env_clear().envs(&self.variables).stdin(Stdio::null());
        command
    }

    /// Runs the program to its end and tells what a user sees.
    pub(crate) fn run(&self, line: &str) -> Seen {
        let output = self.command(line).output().unwrap();
        self.seen(&output)
    }

    /// Starts the program.
    pub(crate) fn start(&self, line: &str) -> Child {
        self.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What a user saw of a program that ended.
    pub(crate) fn seen(&self, output: &Output) -> Seen {
        let text = |bytes: &[u8]| self.scrub(&String::from_utf8_lossy(bytes));
        Seen { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// The parsed run.json.
    pub(crate) fn report(&self) -> serde_json::Value {
        serde_json::from_str(&self.read("safe-push-report/run.json")).unwrap()
    }

    /// A text without what differs between runs.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for path in [fs::canonicalize(self.path()).unwrap(), self.path().to_owned()] {
            text = text.replace(&path.display().to_string(), "[FOLDER]");
        }
        for (pattern, word) in [
            (r"127\.0\.0\.1:\d+", "[HOST]"),
            (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[UUID]"),
            (r"sha256:[0-9a-f]{12,64}", "[DIGEST]"),
            (r"\b[0-9a-f]{64}\b", "[VERSION]"),
            (r"\b[0-9a-f]{12}\b", "[SHORT]"),
            (r"\b[0-9a-z]{26}\b", "[PREDICTION]"),
            // Times are aligned to the right.
            (r" +\d+(\.\d+)? (h|min|s|ms)( \d+ (min|s))?\b", " [TIME]"),
            // What Cog itself warns of may come before a version has failed, or not.
            (r"(?m)^  logs\n(    <string>:1: DeprecationWarning.*\n)+", ""),
            (r"seed \d+", "seed [SEED]"),
            // What the daemon still knows differs.
            (r"\b\d+ steps? cached", "[CACHED]"),
            (r"\[stage-\d+ +\d+/\d+\]", "[STEP]"),
            (r"\b\d+(\.\d+)? (MB|MiB|kB|KiB|GB|GiB|B)\b", "[SIZE]"),
        ] {
            text = regex::Regex::new(pattern).unwrap().replace_all(&text, word).into_owned();
        }
        text
    }
}

/// What a user sees of a run.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Seen {
    /// The exit code and the result. What goes to standard error comes in the order in which predictions end.
    pub(crate) fn result(&self) -> String {
        format!("exit code: {:?}\n{}", self.code, self.stdout)
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(formatter, "exit code: {}", self.code.map_or("none".to_owned(), |code| code.to_string()))?;
        writeln!(formatter, "--- stdout ---\n{}", self.stdout.trim_end())?;
        write!(formatter, "--- stderr ---\n{}", self.stderr.trim_end())
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}

/// Asks a sandbox's API for a prediction and waits for its end.
pub(crate) async fn predict(sandbox: &Sandbox, path: &str, body: &serde_json::Value) -> serde_json::Value {
    // A second provider is refused, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = sandbox.api_token();
    let request = client.post(format!("{}/{path}", sandbox.api_url())).bearer_auth(token.expose_secret());
    let request = request.header("Prefer", "wait=60").json(body);
    let mut prediction: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    // The call returns with the first output, which need not be the end.
    while matches!(prediction["status"].as_str(), Some("starting" | "processing")) {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let get = client.get(prediction["urls"]["get"].as_str().unwrap()).bearer_auth(token.expose_secret());
        prediction = get.send().await.unwrap().json().await.unwrap();
    }
    prediction
}

/// Whether a test with Docker goes on: without a daemon it is skipped, except in CI, where it fails.
pub(crate) fn docker_is_there() -> bool {
    let there = Command::new("docker").arg("version").output().is_ok_and(|output| output.status.success());
    let image = there
        && Command::new("docker")
            .args(["image", "inspect", "python:3.11-slim"])
            .output()
            .is_ok_and(|output| output.status.success());
    assert!(
        image || std::env::var_os("CI").is_none_or(|value| value != "true"),
        "Docker with python:3.11-slim is needed: script/make-base-image"
    );
    image
}
