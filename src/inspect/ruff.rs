//! Ruff, as the repository has set it up.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::cog::project::Project;
use crate::domain::finding::{Finding, Location};
use crate::inspect::{InspectError, rules};
use crate::support::text::shorten;

/// Ruff takes milliseconds; a file system may not.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// More complaints than this help nobody.
const MOST_FINDINGS: usize = 200;

/// How much of Ruff's words a finding keeps.
const WORDS_BYTES: usize = 2000;

/// What every Ruff has meant by its default rules before they became hundreds (`contracts/peer.md` section 5, number 13).
const RULES_WITHOUT_SETTINGS: &str = "E4,E7,E9,F";

/// The peer allows it always: models set variables before they import.
const ALWAYS_ALLOWED: &str = "E402";

/// Files in which Ruff's settings may stand.
const SETTINGS: [&str; 2] = ["ruff.toml", ".ruff.toml"];

/// Programs that an inspection starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tools {
    /// Where Ruff is; `None` when it is not installed.
    pub ruff: Option<PathBuf>,
    /// The `PATH` that it is started with.
    pub path: Option<String>,
}

/// What became of Ruff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuffOutcome {
    /// Switched off.
    NotWanted,
    /// There is no source to look at.
    NothingToLint,
    /// It looked.
    Ran,
    /// It could not.
    Failed,
}

#[derive(Deserialize)]
struct Complaint {
    code: Option<String>,
    message: String,
    filename: String,
    location: Option<Place>,
    end_location: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    row: u32,
    column: u32,
}

/// Runs Ruff over the files of the predictor and the trainer.
pub(super) async fn run(
    project: &Project,
    tools: &Tools,
    cancelled: &CancellationToken,
) -> Result<(RuffOutcome, Vec<Finding>), InspectError> {
    let files = files(project);
    if files.is_empty() {
        return Ok((RuffOutcome::NothingToLint, Vec::new()));
    }
    let Some(program) = &tools.ruff else { return Err(InspectError::NoRuff) };
    let mut command = Command::new(program);
    command
        .args(arguments(&project.folder))
        .arg("--")
        .args(&files)
        .current_dir(&project.folder)
        .env_clear()
        .envs(tools.path.as_ref().map(|path| ("PATH", path)))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::select! {
        () = cancelled.cancelled() => return Err(InspectError::Cancelled),
        output = tokio::time::timeout(TIME_LIMIT, command.output()) => output,
    };
    Ok(match output {
        Ok(Ok(output)) => read(&output, project),
        Ok(Err(error)) => failed(&format!("it could not be started: {error}")),
        Err(_elapsed) => failed(&format!("it took longer than {} s", TIME_LIMIT.as_secs())),
    })
}

/// The files that are there; a missing one is told by whoever reads the signature.
fn files(project: &Project) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for target in [&project.config.predict, &project.config.train].into_iter().flatten() {
        if !files.contains(&target.file) && project.folder.join(&target.file).is_file() {
            files.push(target.file.clone());
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

/// Whether the repository sets Ruff up: in the folder, or above it as far as the repository reaches.
fn has_settings(folder: &Path) -> bool {
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
        return failed(String::from_utf8_lossy(&output.stderr).trim());
    }
    let complaints: Vec<Complaint> = match serde_json::from_slice(&output.stdout) {
        Ok(complaints) => complaints,
        Err(error) => return failed(&format!("its output cannot be read: {error}")),
    };
    let findings = complaints.into_iter().take(MOST_FINDINGS).map(|complaint| finding(complaint, project));
    (RuffOutcome::Ran, findings.collect())
}

fn finding(complaint: Complaint, project: &Project) -> Finding {
    let folder = std::fs::canonicalize(&project.folder).unwrap_or_else(|_unreadable| project.folder.clone());
    let path = Path::new(&complaint.filename);
    let file = path.strip_prefix(&folder).unwrap_or(path).display().to_string();
    let location = match (complaint.location, complaint.end_location) {
        (Some(start), Some(end)) if start.row == end.row => Location::at(file, start.row, start.column).until_column(end.column),
        (Some(start), _) => Location::at(file, start.row, start.column),
        (None, _) => Location::file(file),
    };
    // A syntax error has no code.
    let code = complaint.code.map(|code| format!("{code} ")).unwrap_or_default();
    let message = format!("{code}{}", shorten(&complaint.message, WORDS_BYTES));
    Finding::new(&rules::LINT, message).at(location)
}

fn failed(words: &str) -> (RuffOutcome, Vec<Finding>) {
    let finding = Finding::new(&rules::LINT_FAILED, "ruff could not check the source")
        .detail("ruff", shorten(words, WORDS_BYTES))
        .hint("repair its settings, or leave the lint out with --no-lint");
    (RuffOutcome::Failed, vec![finding])
}
