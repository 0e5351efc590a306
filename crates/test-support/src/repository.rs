//! Runs the CLI as a user does: in its own folder and environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use replicate_sandbox::Sandbox;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use crate::built::{binary, kept_layers};
use crate::scrub::scrub;
use crate::{Seen, root};

/// A repository, and the environment of the CLI.
pub struct Repository {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

/// Variables that a run on this machine needs: programs, certificates, the daemon.
const KEPT: [&str; 8] =
    ["PATH", "TMPDIR", "DOCKER_HOST", "COG_CA_CERT", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The certificates that builds on this machine need; empty if none.
pub fn ca_file() -> String {
    ["COG_CA_CERT", "SSL_CERT_FILE"].iter().find_map(|name| std::env::var_os(name)?.into_string().ok()).unwrap_or_default()
}

impl Repository {
    /// An empty folder.
    #[expect(clippy::new_without_default, reason = "a folder is made")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut variables: BTreeMap<String, String> =
            KEPT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?.into_string().ok()?))).collect();
        variables.insert("HOME".to_owned(), folder.path().join("home").display().to_string());
        variables.insert("LANG".to_owned(), "C.UTF-8".to_owned());
        variables.insert("SAFE_PUSH_SANDBOX_LAYERS".to_owned(), kept_layers().display().to_string());
        // Ruff may or may not be installed.
        variables.insert("SAFE_PUSH_NO_LINT".to_owned(), "true".to_owned());
        Self { folder, variables }
    }

    /// A copy of one of the examples.
    pub fn example(name: &str) -> Self {
        let repository = Self::new();
        copy(&root().join("examples").join(name), repository.path());
        repository
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces a text that must be in the file.
    pub fn edit(&self, path: &str, before: &str, after: &str) {
        let text = fs::read_to_string(self.path().join(path)).unwrap();
        assert!(text.contains(before), "{path} has no '{before}'");
        self.write(path, &text.replace(before, after));
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Sets a variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Uses a sandbox: its services, its tokens, and the certificates that builds on this machine need.
    pub fn on(self, sandbox: &Sandbox) -> Self {
        self.variable("REPLICATE_BASE_URL", sandbox.base_url())
            .variable("REPLICATE_REGISTRY", sandbox.registry_host())
            .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret())
            .variable("COG_TOKEN", sandbox.cli_token().expose_secret())
            .variable("COG_CA_CERT", &ca_file())
    }

    /// Enables linting, with this script as `ruff`, or without a `ruff`.
    pub fn with_ruff(mut self, script: Option<&str>) -> Self {
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
        let mut command = Command::new(binary());
        command.args(line.split_whitespace()).current_dir(self.path()).env_clear().envs(&self.variables).stdin(Stdio::null());
        command
    }

    /// Runs the CLI until it exits.
    pub fn run(&self, line: &str) -> Seen {
        self.run_timed(line).0
    }

    /// Runs the CLI until it exits, and measures how long that takes.
    pub fn run_timed(&self, line: &str) -> (Seen, Duration) {
        let mut command = self.command(line);
        let began = Instant::now();
        let output = command.output().unwrap();
        let took = began.elapsed();
        (self.seen(&output), took)
    }

    /// Runs another program with the CLI's path as its last argument, in the same folder and environment.
    pub fn run_through(&self, program: &str, arguments: &[&str]) -> Seen {
        let mut command = Command::new(program);
        command.args(arguments).arg(binary()).current_dir(self.path()).env_clear().envs(&self.variables).stdin(Stdio::null());
        self.seen(&command.output().unwrap())
    }

    /// Runs the CLI in a folder of the repository.
    pub fn run_in(&self, folder: &str, line: &str) -> Seen {
        let output = self.command(line).current_dir(self.path().join(folder)).output().unwrap();
        self.seen(&output)
    }

    /// Runs a program in a folder of the repository, in the environment of the CLI and with further variables.
    pub fn run_program(&self, program: &Path, arguments: &[String], folder: &str, more: &BTreeMap<String, String>) -> Seen {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.path().join(folder)).env_clear().envs(&self.variables).envs(more);
        self.seen(&command.stdin(Stdio::null()).output().unwrap())
    }

    /// Starts the CLI with pipes for both streams.
    pub fn start(&self, line: &str) -> Child {
        self.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What a user saw of a finished run.
    pub fn seen(&self, output: &Output) -> Seen {
        let text = |bytes: &[u8]| self.scrub(&String::from_utf8_lossy(bytes));
        Seen { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Removes from a text what differs between runs.
    pub fn scrub(&self, text: &str) -> String {
        scrub(text, self.path())
    }

    /// The parsed run.json.
    pub fn report(&self) -> serde_json::Value {
        serde_json::from_str(&self.read("safe-push-report/run.json")).unwrap()
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}
