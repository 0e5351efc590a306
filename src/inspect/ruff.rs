//! Runs Ruff with the repository's settings.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use cog_findings::text::shorten;
use cog_findings::{Finding, Location};
use cog_source::project::Project;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::inspect::{InspectError, rules};

/// Ruff takes milliseconds, but a file system may be slow.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Number of Ruff's messages that become findings.
const MOST_FINDINGS: usize = 200;

/// Longer output does not come from Ruff.
const OUTPUT_BYTES: u64 = 16 * 1024 * 1024;

/// How much of Ruff's message a finding keeps.
const MESSAGE_BYTES: usize = 2000;

/// Ruff's default rules before there were hundreds: `docs/reference/cog-safe-push.md#linting`.
const RULES_WITHOUT_SETTINGS: &str = "E4,E7,E9,F";

/// cog-safe-push always allows E402: models set variables before they import.
const ALWAYS_ALLOWED: &str = "E402";

/// Files that may hold Ruff's settings.
const SETTINGS: [&str; 2] = ["ruff.toml", ".ruff.toml"];

/// The programs that an inspection runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tools {
    /// The path of Ruff; `None` if it is not installed.
    pub ruff: Option<PathBuf>,
    /// The `PATH` for Ruff.
    pub path: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuffOutcome {
    /// Ruff is disabled.
    Disabled,
    /// The project has no source to lint.
    NothingToLint,
    /// Ruff is not installed.
    Missing,
    /// Ruff checked the source.
    Ran,
    /// Ruff could not check the source.
    Failed,
}

#[derive(Deserialize)]
struct Complaint {
    code: Option<String>,
    message: String,
    filename: String,
    location: Option<Position>,
    end_location: Option<Position>,
}

#[derive(Deserialize)]
struct Position {
    row: u32,
    column: u32,
}

/// Runs Ruff on the files of the predictor and the trainer.
pub(super) async fn run(
    project: &Project,
    tools: &Tools,
    cancelled: &CancellationToken,
) -> Result<(RuffOutcome, Vec<Finding>), InspectError> {
    let files = files(project);
    if files.is_empty() {
        return Ok((RuffOutcome::NothingToLint, Vec::new()));
    }
    let Some(program) = &tools.ruff else {
        let finding = Finding::new(&rules::LINT_MISSING, "ruff was not found on PATH, so the source cannot be linted")
            .hint("install it with `pip install ruff`, or skip the lint with --no-lint or `no_lint: true` in .safe-push.yaml");
        return Ok((RuffOutcome::Missing, vec![finding]));
    };
    let mut command = Command::new(program);
    command
        .args(arguments(&project.folder))
        .arg("--")
        .args(&files)
        .current_dir(&project.folder)
        .env_clear()
        .envs(tools.path.as_ref().map(|path| ("PATH", path)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = tokio::select! {
        () = cancelled.cancelled() => return Err(InspectError::Cancelled),
        output = tokio::time::timeout(TIME_LIMIT, bounded_output(&mut command)) => output,
    };
    Ok(match output {
        Ok(Ok(output)) => read(&output, project),
        Ok(Err(error)) => failed(&format!("it could not be run: {error}")),
        Err(_elapsed) => failed(&format!("it took longer than {} s", TIME_LIMIT.as_secs())),
    })
}

/// Runs a program and reads its output up to a limit. Dropping the future kills the program.
async fn bounded_output(command: &mut Command) -> io::Result<Output> {
    let mut child = command.spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::try_join!(read_bounded(stdout), read_bounded(stderr))?;
    Ok(Output { status: child.wait().await?, stdout, stderr })
}

async fn read_bounded(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(OUTPUT_BYTES + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() as u64 > OUTPUT_BYTES {
        return Err(io::Error::other(format!("its output is larger than {} MiB", OUTPUT_BYTES / 1024 / 1024)));
    }
    Ok(bytes)
}

/// The files that exist; reading the signature reports missing ones.
fn files(project: &Project) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for target in [&project.config.predict, &project.config.train].into_iter().flatten() {
        if !files.contains(&target.value.file) && project.folder.join(&target.value.file).is_file() {
            files.push(target.value.file.clone());
        }
    }
    files
}

fn arguments(folder: &Path) -> Vec<&'static str> {
    let mut arguments = vec!["check", "--output-format", "json", "--exit-zero", "--no-cache", "--quiet"];
    if has_settings(folder) {
        arguments.extend(["--extend-ignore", ALWAYS_ALLOWED]);
    } else {
        arguments.extend(["--isolated", "--select", RULES_WITHOUT_SETTINGS, "--ignore", ALWAYS_ALLOWED]);
    }
    arguments
}

/// Whether the repository configures Ruff, in the folder or above it within the repository.
fn has_settings(folder: &Path) -> bool {
    // A relative folder has no ancestors above the current one.
    let folder = std::path::absolute(folder).unwrap_or_else(|_unknown| folder.to_owned());
    for ancestor in folder.ancestors() {
        let in_project_file = std::fs::read_to_string(ancestor.join("pyproject.toml"))
            .is_ok_and(|text| text.lines().any(|line| line.trim_start().starts_with("[tool.ruff")));
        if in_project_file || SETTINGS.iter().any(|name| ancestor.join(name).is_file()) {
            return true;
        }
        if ancestor.join(".git").exists() {
            return false;
        }
    }
    false
}

fn read(output: &Output, project: &Project) -> (RuffOutcome, Vec<Finding>) {
    if !output.status.success() {
        let problem = format!("it exited with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        return failed(problem.trim_end_matches(": "));
    }
    let complaints: Vec<Complaint> = match serde_json::from_slice(&output.stdout) {
        Ok(complaints) => complaints,
        Err(error) => return failed(&format!("its output is not valid: {error}")),
    };
    let folder = std::fs::canonicalize(&project.folder).unwrap_or_else(|_unreadable| project.folder.clone());
    let findings = complaints.into_iter().take(MOST_FINDINGS).map(|complaint| finding(complaint, &folder));
    (RuffOutcome::Ran, findings.collect())
}

fn finding(complaint: Complaint, folder: &Path) -> Finding {
    let path = Path::new(&complaint.filename);
    let file = path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let location = match (complaint.location, complaint.end_location) {
        (Some(start), Some(end)) if start.row == end.row => Location::at(file, start.row, start.column).until_column(end.column),
        (Some(start), _) => Location::at(file, start.row, start.column),
        (None, _) => Location::file(file),
    };
    // Ruff's messages about syntax may have several lines.
    let message = shorten(&complaint.message.split_whitespace().collect::<Vec<_>>().join(" "), MESSAGE_BYTES);
    match complaint.code {
        Some(code) => Finding::new(&rules::LINT, format!("{code} {message}")).at(location).detail("ruff", code),
        // A syntax error has no code in older releases.
        None => Finding::new(&rules::LINT, message).at(location),
    }
}

fn failed(problem: &str) -> (RuffOutcome, Vec<Finding>) {
    let finding = Finding::new(&rules::LINT_FAILED, "ruff could not check the source")
        .detail("ruff", shorten(problem, MESSAGE_BYTES))
        .hint("fix its settings, or skip the lint with --no-lint");
    (RuffOutcome::Failed, vec![finding])
}
