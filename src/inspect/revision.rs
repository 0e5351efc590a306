//! A project at a git revision: its schema, read from the repository's objects. Nothing is checked out, and nothing is fetched.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use cog_findings::text::shorten;
use cog_source::config;
use cog_source::python::{self, Options, SourceTree};
use cog_source::sdk::{self, SchemaSource, SdkVersion};
use serde_json::Value;

use crate::inspect::Tools;
use crate::support::process::{Bounds, ProcessOutput};
use crate::support::untrusted::git;

/// Git reads an object in milliseconds, but a file system may be slow.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The most bytes of a name or of a problem in a message.
const NAME_BYTES: usize = 100;
const PROBLEM_BYTES: usize = 300;

/// Why a revision has no schema to compare with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevisionError {
    /// Git does not know it, or the folder is not in a repository.
    #[error("git does not know the revision '{name}'")]
    Unknown { name: String },
    /// The folder has no project there.
    #[error("the revision '{name}' has no cog.yaml in this folder")]
    NoProject { name: String },
    /// The schema cannot be read from its source.
    #[error("the schema of the revision '{name}' cannot be read: {problem}")]
    Unreadable {
        name: String,
        /// The cause.
        problem: String,
    },
}

impl RevisionError {
    /// The fix.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unknown { .. } => Some("name a commit, branch or tag; in CI, fetch the history (fetch-depth: 0)"),
            Self::NoProject { .. } => None,
            Self::Unreadable { .. } => Some("compare with another revision, or with a version on Replicate"),
        }
    }
}

/// A folder of a repository at a revision.
#[derive(Debug, Clone)]
pub struct Revision {
    folder: PathBuf,
    name: String,
    commit: String,
    tools: Tools,
}

impl Revision {
    /// Looks up a commit, a branch (also one that only origin has) or a tag. Blocks while git runs.
    ///
    /// # Errors
    /// Git does not know it.
    pub fn find(folder: &Path, name: &str, tools: &Tools) -> Result<Self, RevisionError> {
        let commit = [name.to_owned(), format!("refs/remotes/origin/{name}")].into_iter().find_map(|name| {
            let commit = format!("{name}^{{commit}}");
            let ended = run(folder, tools, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).ok()?;
            ended.status.success().then(|| ended.stdout.text().trim().to_owned())
        });
        match commit.filter(|commit| !commit.is_empty()) {
            Some(commit) => Ok(Self { folder: folder.to_owned(), name: name.to_owned(), commit, tools: tools.clone() }),
            None => Err(RevisionError::Unknown { name: shorten(name, NAME_BYTES) }),
        }
    }

    /// The schema that follows from the source and this configuration of Cog. Blocks while git runs.
    ///
    /// # Errors
    /// There is no project, or its schema cannot be read from its source.
    pub fn schema(&self, config_name: &str, cog_version: Option<&str>) -> Result<Value, RevisionError> {
        let unreadable = |problem: String| RevisionError::Unreadable {
            name: shorten(&self.name, NAME_BYTES),
            problem: shorten(&problem, PROBLEM_BYTES),
        };
        let text = self.read(config_name).map_err(|error| unreadable(error.to_string()))?;
        let text = text.ok_or_else(|| RevisionError::NoProject { name: shorten(&self.name, NAME_BYTES) })?;
        let setting = cog_version.and_then(SdkVersion::parse);
        let parsed = config::parse_for(&text, config_name, setting.as_ref());
        let Some(config) = parsed.config else {
            let problem = parsed.findings.first().map(|finding| finding.message.clone()).unwrap_or_default();
            return Err(unreadable(format!("its cog.yaml cannot be used: {problem}")));
        };
        let (sdk, _decision) = sdk::choose(setting.as_ref(), config.build.sdk_version.as_ref().map(|written| &written.value));
        if sdk.schema_source() == SchemaSource::Image {
            return Err(unreadable("only its image has it, because its SDK is older than 0.19".to_owned()));
        }
        let predict = config.predict.as_ref().map(|target| &target.value);
        let train = config.train.as_ref().map(|target| &target.value);
        let options = Options { cog_version: Some(sdk.named().to_string()) };
        match python::describe(self, predict, train, &options) {
            Ok(description) => Ok(description.document),
            Err(errors) => {
                let first = errors.first().map(|error| format!("{}: {error}", error.location())).unwrap_or_default();
                Err(unreadable(first))
            }
        }
    }
}

impl SourceTree for Revision {
    fn read(&self, path: &str) -> Result<Option<String>, io::Error> {
        let is_inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_inside || path.contains('\0') {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the path leaves the project"));
        }
        // A path that starts with a dot is relative to the folder.
        let object = format!("{}:./{}", self.commit, path.trim_start_matches("./"));
        let ended = run(&self.folder, &self.tools, &["cat-file", "blob", &object]).map_err(io::Error::other)?;
        if !ended.status.success() {
            return Ok(None);
        }
        if ended.stdout.cut {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than 4 MiB"));
        }
        String::from_utf8(ended.stdout.bytes)
            .map(Some)
            .map_err(|_invalid| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
    }
}

fn run(folder: &Path, tools: &Tools, arguments: &[&str]) -> Result<ProcessOutput, crate::support::untrusted::LaunchError> {
    let program = git(folder, |name| tools.path.as_deref().filter(|_| name == "PATH"), arguments);
    let bytes = usize::try_from(python::MAX_FILE_BYTES).unwrap_or(usize::MAX);
    tools.launcher.run(&program, Bounds { time: TIME_LIMIT, bytes, cancelled: &|| false })
}
