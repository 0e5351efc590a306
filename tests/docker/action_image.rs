//! The action's image, built once for all tests, and jobs that run it as the runner does.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Cursor;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::UNIX_EPOCH;

use replicate_sandbox::Sandbox;
use safe_push::clients::docker::{
    BuildEvent, BuildImages as _, BuildSecret, ImageBuild, InspectImages as _, NameImages as _, RealDocker,
};
use safe_push::support::ExposeSecret;
use serde_json::Value;
use test_support::fake_github::FakeGitHub;
use test_support::runner;
use test_support::{Repository, Seen, binary, retried, root};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::daemon::BASE;

/// What the image is called. A new build takes the name over.
const IMAGE: &str = "safe-push-test-action:latest";

/// The workspace belongs to the runner's user, who is not root.
const RUNNER_USER: u32 = 1001;

/// How a step reaches the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// As GitHub's runners have it.
    Bridge,
    /// As a job container with `options: --network host` has it: the services of these tests are on this machine's 127.0.0.1.
    Host,
}

/// A job with a checkout of the example.
pub(crate) struct Job {
    repository: Repository,
    /// `RUNNER_TEMP` and what is beside it.
    runner: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    network: Network,
    has_socket: bool,
    /// Tells this job's containers from those of others.
    mark: String,
}

/// A step that runs.
pub(crate) struct Running<'a> {
    job: &'a Job,
    client: Child,
}

impl Job {
    pub(crate) async fn new() -> Self {
        built().await;
        let repository = Repository::example("text-stats");
        // As actions/checkout leaves it: the commit that the event is about.
        repository.write(".git/HEAD", &format!("{}\n", runner::CHECKED_OUT));
        let runner_folder = tempfile::tempdir().unwrap();
        for folder in ["_github_home", "_github_workflow", "_runner_file_commands", "_temp"] {
            fs::create_dir(runner_folder.path().join(folder)).unwrap();
        }
        for file in ["output", "summary", "env", "path", "state"] {
            fs::write(runner_folder.path().join("_runner_file_commands").join(file), "").unwrap();
        }
        own(repository.path());
        let mark = uuid::Uuid::new_v4().simple().to_string()[..6].to_owned();
        let job = Self {
            repository,
            runner: runner_folder,
            environment: BTreeMap::new(),
            network: Network::Bridge,
            has_socket: true,
            mark,
        };
        // The certificate authorities of this machine, for builds of models: a file, since the runner's variables have a limit.
        match certificates() {
            Some(text) => {
                fs::write(job.runner.path().join("_temp/ca.crt"), text).unwrap();
                job.variable("COG_CA_CERT", "/github/runner_temp/ca.crt")
            }
            None => job,
        }
    }

    /// A variable of the step.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// An input that the workflow gives.
    pub(crate) fn input(self, name: &str, value: &str) -> Self {
        self.variable(&format!("INPUT_{}", name.to_uppercase()), value)
    }

    /// The tokens of a Replicate, and where it is.
    pub(crate) fn with_replicate(self, sandbox: &Sandbox) -> Self {
        self.variable("REPLICATE_BASE_URL", sandbox.base_url())
            .variable("REPLICATE_REGISTRY", sandbox.registry_host())
            .input("replicate_api_token", sandbox.api_token().expose_secret())
            .input("cog_token", sandbox.cli_token().expose_secret())
    }

    /// A job on a machine that gives its steps no Docker daemon.
    pub(crate) fn without_socket(mut self) -> Self {
        self.has_socket = false;
        self
    }

    /// What started the workflow.
    pub(crate) fn event(self, name: &str, payload: &Value, server: &FakeGitHub, token: &str, network: Network) -> Self {
        fs::write(self.runner.path().join("_github_workflow/event.json"), payload.to_string()).unwrap();
        let api = match network {
            Network::Host => server.url(),
            Network::Bridge => format!("http://{}:{}", gateway(), server.address.port()),
        };
        let inputs = ["models", "trigger_type", "test_only", "config_dir", "parallel", "comment", "judge_model", "docker_secrets"];
        let mut job = inputs.into_iter().fold(self, |job, input| job.input(input, "")).input("github_token", token);
        job.network = network;
        let variables = [
            ("HOME", "/github/home"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTION", "__org_safe-push-action"),
            ("GITHUB_API_URL", &api),
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_EVENT_PATH", "/github/workflow/event.json"),
            ("GITHUB_ENV", "/github/file_commands/env"),
            ("GITHUB_JOB", "push"),
            ("GITHUB_OUTPUT", "/github/file_commands/output"),
            ("GITHUB_PATH", "/github/file_commands/path"),
            ("GITHUB_REPOSITORY", "acme/hotdog"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_RUN_ID", "11"),
            ("GITHUB_SHA", runner::CHECKED_OUT),
            ("GITHUB_STATE", "/github/file_commands/state"),
            ("GITHUB_STEP_SUMMARY", "/github/file_commands/summary"),
            ("GITHUB_WORKSPACE", "/github/workspace"),
            ("RUNNER_OS", "Linux"),
            ("RUNNER_TEMP", "/github/runner_temp"),
            ("CI", "true"),
        ];
        variables.into_iter().fold(job, |job, (name, value)| job.variable(name, value))
    }

    /// The checkout, for whoever writes into it; [`Job::own_checkout`] follows.
    pub(crate) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Gives the checkout to the runner's user.
    pub(crate) fn own_checkout(&self) {
        own(self.repository.path());
    }

    /// The runner's user owns the files of commands, as well as the checkout.
    pub(crate) fn own_commands(&self) {
        own(self.runner.path());
    }

    /// Replaces a text of the checkout that has to be there.
    pub(crate) fn edit(&self, path: &str, before: &str, after: &str) {
        self.repository.edit(path, before, after);
        own(self.repository.path());
    }

    /// A file of the checkout.
    pub(crate) fn read(&self, path: &str) -> String {
        self.repository.read(path)
    }

    /// The command as the runner makes it: values of variables are not part of it.
    fn command(&self) -> Command {
        let temp = |folder: &str| self.runner.path().join(folder).display().to_string();
        let mut command = Command::new("docker");
        command.args(["run", "--name", &format!("safepushtestaction_{}", self.mark), "--label", &self.mark]);
        command.args(["--workdir", "/github/workspace", "--rm"]);
        for name in self.environment.keys() {
            command.args(["-e", name]);
        }
        if self.network == Network::Host {
            command.args(["--network", "host"]);
        }
        if self.has_socket {
            command.args(["-v", "/var/run/docker.sock:/var/run/docker.sock"]);
        }
        for (from, to) in [
            (temp("_temp"), "/github/runner_temp"),
            (temp("_github_home"), "/github/home"),
            (temp("_github_workflow"), "/github/workflow"),
            (temp("_runner_file_commands"), "/github/file_commands"),
            (self.repository.path().display().to_string(), "/github/workspace"),
        ] {
            command.args(["-v", &format!("{from}:{to}")]);
        }
        command.arg(IMAGE).envs(&self.environment).stdin(Stdio::null());
        command
    }

    /// Runs the step to its end.
    pub(crate) async fn run(&self) -> Seen {
        tokio::task::block_in_place(|| self.repository.seen(&self.command().output().unwrap()))
    }

    /// Starts the step.
    pub(crate) fn start(&self) -> Running<'_> {
        Running { job: self, client: self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap() }
    }

    /// What a shell in the image says.
    pub(crate) fn shell(&self, script: &str) -> String {
        let output = Command::new("docker").args(["run", "--rm", "--entrypoint", "bash", IMAGE, "-c", script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// A value for the steps behind this one.
    pub(crate) fn output(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.runner.path().join("_runner_file_commands/output")).unwrap();
        runner::output_in(&text, name)
    }

    /// The job summary.
    pub(crate) fn summary(&self) -> String {
        fs::read_to_string(self.runner.path().join("_runner_file_commands/summary")).unwrap()
    }

    /// Files of the checkout that are not the runner's user's.
    pub(crate) fn files_of_others(&self) -> Vec<PathBuf> {
        walk(self.repository.path()).into_iter().filter(|path| path.symlink_metadata().unwrap().uid() != RUNNER_USER).collect()
    }

    /// Containers of this job, and of the sandboxes and builds of safe-push that no other process can have started.
    pub(crate) fn containers(&self) -> String {
        let name = format!("name=safepushtestaction_{}", self.mark);
        let output = Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &name]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Names of images that only a sandbox in a container gives.
    pub(crate) fn images(&self) -> String {
        let output = Command::new("docker").args(["images", "--format", "{{.Repository}}"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let host = gateway().rsplit_once('.').map(|(network, _)| format!("{network}.")).unwrap();
        text.lines().filter(|name| name.starts_with(&host)).collect::<Vec<_>>().join("\n")
    }
}

impl Running<'_> {
    /// Cancels the job as the runner does, and returns the signals that this took.
    pub(crate) async fn cancel(mut self) -> (Seen, Vec<&'static str>) {
        let signals = runner::cancel(&mut self.client).await;
        let output = tokio::task::block_in_place(|| self.client.wait_with_output().unwrap());
        (self.job.repository.seen(&output), signals)
    }
}

/// Where containers on the daemon's bridge reach this machine.
fn gateway() -> String {
    let format = "{{(index .IPAM.Config 0).Subnet}}";
    let output = Command::new("docker").args(["network", "inspect", "bridge", "--format", format]).output().unwrap();
    // The daemon takes the first address; not every daemon names it.
    let subnet = String::from_utf8(output.stdout).unwrap();
    let (network, _) = subnet.rsplit_once(".0/").unwrap();
    format!("{network}.1")
}

/// What `benches/action-image` sets: another program or base than tests have.
fn setting(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok().filter(|value| !value.is_empty())
}

fn certificates() -> Option<String> {
    ["COG_CA_CERT", "SSL_CERT_FILE"].iter().find_map(|name| fs::read_to_string(std::env::var_os(name)?).ok())
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() && !path.is_symlink() { [vec![path.clone()], walk(&path)].concat() } else { vec![path] })
        .collect()
}

/// Gives a checkout to the runner's user.
fn own(folder: &Path) {
    for path in walk(folder).iter().map(PathBuf::as_path).chain([folder]) {
        std::os::unix::fs::lchown(path, Some(RUNNER_USER), Some(RUNNER_USER)).unwrap();
    }
}

/// Builds the image from our Dockerfile, with the CLI that was built for these tests: once for all tests, which may be processes of
/// their own.
async fn built() {
    static BUILT: OnceCell<()> = OnceCell::const_new();
    BUILT.get_or_init(build_once).await;
}

async fn build_once() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(folder.join("action-image.lock")).unwrap();
    tokio::task::block_in_place(|| lock.lock()).unwrap();
    let docker = RealDocker::connect(None).await.unwrap();
    let note = folder.join("action-image");
    let before = docker.inspect_image(IMAGE).await.ok();
    if let Some(image) = &before
        && fs::read_to_string(&note).is_ok_and(|noted| noted == made_of(&image.id))
    {
        return;
    }
    build(&docker).await;
    let after = docker.inspect_image(IMAGE).await.unwrap();
    fs::write(note, made_of(&after.id)).unwrap();
    if let Some(before) = before.filter(|before| before.id != after.id) {
        // A test beside us may still use it; then it stays.
        drop(docker.remove_image(&before.id).await);
    }
}

/// An image, and what it was made of.
fn made_of(image: &str) -> String {
    let program = fs::metadata(program()).unwrap();
    let changed = program.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    format!(
        "{image}\n{}\n{} bytes, changed {changed:?}\n{}",
        base(),
        program.len(),
        fs::read_to_string(dockerfile()).unwrap() + &fs::read_to_string(root().join("script/image-root")).unwrap()
    )
}

fn base() -> String {
    setting("ACTION_BASE").unwrap_or_else(|| BASE.to_owned())
}

fn program() -> PathBuf {
    setting("ACTION_BINARY").map_or_else(binary, PathBuf::from)
}

fn dockerfile() -> PathBuf {
    root().join("Dockerfile")
}

async fn build(docker: &RealDocker) {
    let base = base();
    // As `docker build` would, but through the API: a daemon of 20.10 has BuildKit, and its client may be missing.
    let build = ImageBuild {
        dockerfile: "Dockerfile".to_owned(),
        tag: IMAGE.to_owned(),
        arguments: [("BASE", base.as_str()), ("BINARY", "safe-push")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        secrets: certificates()
            .map(|text| BuildSecret { id: "ca".to_owned(), value: text.into_bytes().into() })
            .into_iter()
            .collect(),
        ..ImageBuild::default()
    };
    let context = context().await;
    let attempt = async || {
        let mut lines = Vec::new();
        let mut events = |event| {
            if let BuildEvent::Output { line, .. } = event {
                lines.push(line);
            }
        };
        let context = Box::pin(Cursor::new(context.clone()));
        let outcome = docker.build(&build, context, &mut events, &CancellationToken::new()).await;
        outcome.map_err(|error| format!("{error}\n{}", lines.join("\n")))
    };
    retried(attempt).await.unwrap_or_else(|problem| panic!("{problem}"));
}

async fn context() -> Vec<u8> {
    let mut archive = tokio_tar::Builder::new(Vec::new());
    archive.append_path_with_name(dockerfile(), "Dockerfile").await.unwrap();
    for file in ["pyproject.toml", "script/image-root"] {
        archive.append_path_with_name(root().join(file), file).await.unwrap();
    }
    // Symbols make most of a program that is built for tests.
    let stripped = tempfile::NamedTempFile::new().unwrap();
    let program = program();
    let strip = Command::new("strip").arg("-o").arg(stripped.path()).arg(&program).status();
    let program = if strip.is_ok_and(|status| status.success()) { stripped.path() } else { &program };
    let mut header = tokio_tar::Header::new_gnu();
    let bytes = fs::read(program).unwrap();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o755);
    archive.append_data(&mut header, "safe-push", Cursor::new(bytes)).await.unwrap();
    // What a release has beside the binary. Building the real one needs Go.
    let yq = b"#!/bin/sh\necho stand-in for yq\n";
    header.set_size(yq.len() as u64);
    archive.append_data(&mut header, "dist/image/yq", Cursor::new(yq)).await.unwrap();
    archive.into_inner().await.unwrap()
}
