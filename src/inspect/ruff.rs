//! Runs Ruff with the repository's settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cog_findings::text::shorten;
use cog_findings::{Finding, Location, Severity};
use cog_source::project::Project;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::inspect::{InspectError, rules};
use crate::support::process::{Bounds, ProcessError, ProcessOutput};
use crate::support::untrusted::{LaunchError, Launcher, ProgramKind, UntrustedProgram};

/// Ruff takes milliseconds, but a file system may be slow.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Number of Ruff's messages that become findings.
const MAX_FINDINGS: usize = 200;

/// Longer output does not come from Ruff.
const OUTPUT_BYTES: usize = 16 * 1024 * 1024;

/// How much of Ruff's message a finding keeps.
const MESSAGE_BYTES: usize = 2000;

/// Ruff's default rules before there were hundreds: `docs/reference/cog-safe-push.md#linting`.
const RULES_WITHOUT_SETTINGS: &str = "E4,E7,E9,F";

/// cog-safe-push always allows E402: models set variables before they import.
const ALWAYS_ALLOWED: &str = "E402";

/// Files that may hold Ruff's settings.
const SETTINGS: [&str; 2] = ["ruff.toml", ".ruff.toml"];

/// A project's file that may hold Ruff's settings among others. A larger one is not read.
const PROJECT_FILE: &str = "pyproject.toml";
const PROJECT_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The programs that an inspection starts.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    /// The path of Ruff; `None` if it is not installed.
    pub ruff: Option<PathBuf>,
    pub path: Option<String>,
    /// Starts Ruff: it parses files and settings of the repository.
    pub launcher: Launcher,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuffOutcome {
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
    is_required: bool,
    cancelled: &CancellationToken,
) -> Result<(RuffOutcome, Vec<Finding>), InspectError> {
    let files = files(project);
    if files.is_empty() {
        return Ok((RuffOutcome::NothingToLint, Vec::new()));
    }
    let Some(program) = &tools.ruff else {
        let finding =
            Finding::new(&rules::LINT_MISSING, "Ruff is neither on PATH nor beside safe-push, so the source was not linted")
                .hint("install it with `pip install ruff`, or skip the lint with --no-lint or `no_lint: true` in .safe-push.yaml");
        let severity = if is_required { Severity::Error } else { finding.severity };
        return Ok((RuffOutcome::Missing, vec![finding.with_severity(severity)]));
    };
    let ruff = UntrustedProgram::new(ProgramKind::Reader, program, &project.folder)
        .arguments(arguments(&project.folder))
        .arguments(target_version(project))
        .arguments(["--"])
        .arguments(&files)
        .variables(tools.path.iter().map(|path| ("PATH".to_owned(), path.as_str().into())));
    let (launcher, stopped) = (tools.launcher.clone(), cancelled.clone());
    let work = move || {
        let bounds = Bounds { time: TIME_LIMIT, bytes: OUTPUT_BYTES, cancelled: &|| stopped.is_cancelled() };
        launcher.run(&ruff, bounds)
    };
    let ended = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    Ok(match ended {
        Ok(ended) if ended.stdout.cut => failed(&format!("its output is larger than {} MiB", OUTPUT_BYTES / 1024 / 1024)),
        Ok(ended) => read(&ended, project),
        Err(LaunchError::Process(ProcessError::Cancelled)) => return Err(InspectError::Cancelled),
        Err(LaunchError::Process(ProcessError::TooLong { limit, .. })) => {
            failed(&format!("it took longer than {} s", limit.as_secs()))
        }
        Err(LaunchError::Process(ProcessError::NotStarted(error) | ProcessError::NotWatched(error))) => {
            failed(&format!("it could not be run: {error}"))
        }
        Err(LaunchError::NotIsolated { problem }) => failed(&format!("it could not be run: {problem}")),
    })
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

/// The model's own Python, which its settings may not know. Ruff refuses versions that it does not know.
fn target_version(project: &Project) -> Option<String> {
    let written = project.config.build.python_version.as_ref()?;
    let mut parts = written.value.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next()??, parts.next()??);
    (major == 3 && (7..=14).contains(&minor)).then(|| format!("--target-version=py3{minor}"))
}

/// Whether the repository configures Ruff, in the folder or above it within the repository.
fn has_settings(folder: &Path) -> bool {
    // A relative folder has no ancestors above the current one.
    let folder = std::path::absolute(folder).unwrap_or_else(|_unknown| folder.to_owned());
    for ancestor in folder.ancestors() {
        let in_project_file = repository_files::read_text(ancestor, Path::new(PROJECT_FILE), PROJECT_FILE_BYTES)
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

fn read(output: &ProcessOutput, project: &Project) -> (RuffOutcome, Vec<Finding>) {
    if !output.status.success() {
        let problem = format!("it exited with {}: {}", output.status, without_source(&output.stderr.text()).trim());
        return failed(problem.trim_end_matches(": "));
    }
    let complaints: Vec<Complaint> = match serde_json::from_slice(&output.stdout.bytes) {
        Ok(complaints) => complaints,
        Err(error) => return failed(&format!("its output is not valid: {error}")),
    };
    let folder = std::fs::canonicalize(&project.folder).unwrap_or_else(|_unreadable| project.folder.clone());
    let findings = complaints.into_iter().take(MAX_FINDINGS).map(|complaint| finding(complaint, &folder));
    (RuffOutcome::Ran, findings.collect())
}

/// Ruff's message without the lines that it quotes from a settings file: a file that `extend` names may hold anything.
fn without_source(message: &str) -> String {
    let is_source = |line: &&str| line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|');
    message.lines().filter(|line| !is_source(line)).collect::<Vec<_>>().join("\n")
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

/// Whether a finding is Ruff's, about syntax. Older releases give it no code.
pub(super) fn is_about_syntax(finding: &Finding) -> bool {
    let code = finding.details.iter().find(|(label, _)| label == "ruff").map(|(_, code)| code.as_str());
    finding.code.as_str() == rules::LINT.code && matches!(code, None | Some("E999" | "invalid-syntax"))
}

fn failed(problem: &str) -> (RuffOutcome, Vec<Finding>) {
    let finding = Finding::new(&rules::LINT_FAILED, "ruff could not check the source")
        .detail("ruff", shorten(problem, MESSAGE_BYTES))
        .hint("fix its settings, or skip the lint with --no-lint");
    (RuffOutcome::Failed, vec![finding])
}
