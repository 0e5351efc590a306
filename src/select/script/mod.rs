//! The repository's own script that knows its models: it names them, and prepares the repository's files for one of them.
//!
//! Two kinds are in use: `script/select-model`, which compares `$MODEL` with names, and `script/select.sh`, which joins templates and lists
//! its names with `--list`. Both are called with the name as their argument, and with `MODEL` set. [`crate::support::untrusted`] starts
//! them, isolated from everything that a pull request must not reach by changing them.

mod names;

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cog_findings::text::{count, last_lines, shorten};
use cog_findings::{Finding, Location};
use cog_source::yaml::{Value, read as read_yaml};
use repository_files::FileError;

use crate::domain::model_name::ModelName;
use crate::domain::project_place::SELECT_SCRIPTS;
use crate::select::rules;
use crate::support::SecretString;
use crate::support::process::{Bounds, ProcessError, ProcessOutput};
use crate::support::untrusted::{LaunchError, Launcher, ProgramKind, UntrustedProgram};

/// The value that means no script.
const NONE: &str = "none";

/// The variables that a script may see, when they are set.
const VARIABLES: [&str; 9] = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "CI"];

/// Settings for git when a script calls it. In a container the checkout belongs to another user, which git distrusts unless configured.
const GIT: [(&str, &str); 4] =
    [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*"), ("GIT_TERMINAL_PROMPT", "0")];

/// How long a script may take to prepare a tree: some fetch files.
const PREPARE_LIMIT: Duration = Duration::from_secs(300);

/// How long a script may take to name its models.
const LIST_LIMIT: Duration = Duration::from_secs(30);

/// How much of a script's output is kept, in bytes.
const WORDS_BYTES: usize = 256 * 1024;

/// How many of its last lines an error repeats.
const LAST_LINES: usize = 12;

/// Larger scripts are rejected.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A script that cannot be used, or that did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It was named but does not exist.
    #[error("the select script {path} does not exist")]
    Missing { path: String },
    /// It is outside the repository.
    #[error("the select script {path} is not in the repository")]
    Outside { path: String },
    /// It cannot be read.
    #[error("failed to read the select script {path}")]
    Unreadable {
        path: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It refused, or failed.
    #[error("{call} ended with {status}{}", after_error(last_lines))]
    Failed {
        /// Its path, and what it was called with.
        call: String,
        /// A description of the variables that it sees.
        sees: &'static str,
        /// How it ended.
        status: String,
        /// The last lines of its output. Untrusted text.
        last_lines: String,
    },
    /// It succeeded, but left an unusable file.
    #[error("{call} left {file} {problem}{}", after_error(last_lines))]
    BadResult {
        /// Its path, and what it was called with.
        call: String,
        /// The file, relative to the repository.
        file: String,
        /// The problem with the file.
        problem: String,
        /// The last lines of its output. Untrusted text.
        last_lines: String,
    },
    /// It took too long.
    #[error("{call} took longer than {limit_seconds} s and was stopped{}", after_error(last_lines))]
    TooLong {
        /// Its path, and what it was called with.
        call: String,
        limit_seconds: u64,
        /// The last lines of its output. Untrusted text.
        last_lines: String,
    },
    /// The run was canceled.
    #[error("{path} was canceled")]
    Cancelled { path: String },
    /// It was not run, because it would have been too close to secrets.
    #[error("{path}: {source}")]
    NotIsolated {
        path: String,
        /// What is missing.
        source: LaunchError,
    },
    /// It could not be run at all.
    #[error("{path} could not be run")]
    NotRun {
        path: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// The last lines of a script's output, to follow an error.
fn after_error(last_lines: &str) -> String {
    if last_lines.is_empty() { String::new() } else { format!("\n{last_lines}") }
}

impl ScriptError {
    /// The fix, as an imperative.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } | Self::Outside { .. } => {
                Some("correct select_script, which is relative to the repository, or set it to 'none'".to_owned())
            }
            Self::Unreadable { .. } => Some("check its permissions".to_owned()),
            Self::Failed { call, sees, .. } => {
                Some(format!("try it on your machine with `{call}`; here its environment has {sees}"))
            }
            Self::BadResult { call, file, .. } => Some(format!(
                "run `{call}` on your machine and look at {file}; `set -euo pipefail` ends a script at its first failure"
            )),
            Self::TooLong { .. } => Some("a script selects files; what takes long goes in the build".to_owned()),
            Self::NotRun { .. } => Some("check its first line and its permissions".to_owned()),
            Self::NotIsolated { source, .. } => source.hint().map(str::to_owned),
            Self::Cancelled { .. } => None,
        }
    }
}

/// The output of a script. Untrusted text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptOutput {
    /// Both streams. Long output is cut at the beginning.
    pub text: String,
    /// Whether something is missing at the beginning.
    pub is_cut: bool,
    /// The last lines of standard error alone: scripts complain there and go on.
    pub complaints: String,
}

/// The names that a script knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScriptNames {
    /// The names; `None` when the script does not list them.
    pub names: Option<Vec<ModelName>>,
    /// Problems with the list.
    pub findings: Vec<Finding>,
}

/// A repository's select script.
#[derive(Debug, Clone)]
pub struct Script {
    root: PathBuf,
    path: String,
    text: String,
    variables: BTreeMap<String, SecretString>,
    /// A description of these variables.
    sees: &'static str,
    launcher: Launcher,
}

impl Script {
    /// Finds the script: the named one, else the first in the usual places. It only sees the variables that a script needs.
    pub fn find(
        root: &Path,
        named: Option<&str>,
        environment: &BTreeMap<String, String>,
        launcher: &Launcher,
    ) -> Result<Option<Self>, ScriptError> {
        let path = match named {
            Some(NONE) => return Ok(None),
            Some(path) => path.to_owned(),
            None => match SELECT_SCRIPTS.iter().find(|path| root.join(path).is_file()) {
                Some(path) => (*path).to_owned(),
                None => return Ok(None),
            },
        };
        let kept = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), environment.get(*name)?.as_str().into())));
        let (text, sees) = (read(root, &path)?, "PATH and MODEL, an empty HOME, and no secrets");
        let launcher = launcher.clone();
        Ok(Some(Self { root: root.to_owned(), path, text, variables: kept.collect(), sees, launcher }))
    }

    /// A script of the repository that gets the usual variables, `MODEL`, and those whose names appear in its text.
    pub fn with_named_variables(
        root: &Path,
        path: String,
        environment: &BTreeMap<String, SecretString>,
        launcher: &Launcher,
    ) -> Result<Self, ScriptError> {
        let text = read(root, &path)?;
        let is_wanted = |name: &str| VARIABLES.contains(&name) || is_named(&text, name);
        let wanted = environment.iter().filter(|(name, _)| is_wanted(name));
        let variables = wanted.map(|(name, value)| (name.clone(), value.clone())).collect();
        let sees = "PATH and MODEL, an empty HOME, and the variables whose names the script contains";
        Ok(Self { root: root.to_owned(), path, text, variables, sees, launcher: launcher.clone() })
    }

    /// The variables that it gets.
    pub fn variables(&self) -> &BTreeMap<String, SecretString> {
        &self.variables
    }

    /// Its path, relative to the repository.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The names that it knows: from `--list` if it has that flag, else from its comparisons. Blocks while the script runs.
    pub fn names(&self, cancelled: &dyn Fn() -> bool) -> ScriptNames {
        let compared = names::compared(&self.text);
        let compared = (!compared.is_empty()).then_some(compared);
        if !names::lists(&self.text) {
            return ScriptNames { names: compared, findings: Vec::new() };
        }
        match self.run(Some("--list"), None, LIST_LIMIT, cancelled) {
            Ok(ended) => {
                let (names, others) = names::listed(&ended.stdout.text());
                let finding = others.first().map(|first| {
                    let message = format!(
                        "{} --list prints {} that cannot be the name of a model: '{}'",
                        self.path,
                        count(others.len(), "line"),
                        shorten(first, 100)
                    );
                    Finding::new(&rules::NOT_A_NAME, message)
                        .at(Location::file(&self.path))
                        .hint("a list has one name on each line")
                });
                ScriptNames { names: Some(names), findings: finding.into_iter().collect() }
            }
            Err(error) => {
                let finding = Finding::new(&rules::LIST_FAILED, one_line(&error)).at(Location::file(&self.path));
                ScriptNames { names: compared, findings: vec![finding.hint("names were taken from the configurations")] }
            }
        }
    }

    /// Runs it to prepare the repository's files for a model. Blocks while the script runs.
    pub fn prepare(&self, model: &str, cancelled: &dyn Fn() -> bool) -> Result<ScriptOutput, ScriptError> {
        let ended = self.run(Some(model), Some(model), PREPARE_LIMIT, cancelled)?;
        let complaints = ending(&ended.stderr.text());
        Ok(ScriptOutput { text: both(&ended), is_cut: ended.stdout.cut || ended.stderr.cut, complaints })
    }

    /// Checks the `cog.yaml` that it should have left for a model: one that is missing, empty or not YAML is its failure, not the
    /// project's. Other mistakes have a line in the file, and are left to its reader.
    pub fn check_result(&self, model: &str, file: &str, output: &ScriptOutput) -> Result<(), ScriptError> {
        let Some(problem) = unreadable(&self.root, file) else { return Ok(()) };
        let (call, file) = (format!("{} {model}", self.path), file.to_owned());
        Err(ScriptError::BadResult { call, file, problem, last_lines: ending(&output.text) })
    }

    /// Runs it for a model that only `MODEL` names. Blocks while the script runs. Its output is kept for errors alone.
    pub fn call(&self, model: &str, cancelled: &dyn Fn() -> bool) -> Result<(), ScriptError> {
        self.run(None, Some(model), PREPARE_LIMIT, cancelled).map(drop)
    }

    fn run(
        &self,
        argument: Option<&str>,
        model: Option<&str>,
        time: Duration,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<ProcessOutput, ScriptError> {
        let program = self.program().arguments(argument).variables(self.variables.clone());
        let program = match model {
            Some(model) => program.variable("MODEL", model),
            None => program,
        };
        let program = GIT.into_iter().fold(program, |program, (name, value)| program.variable(name, value));
        let path = || self.path.clone();
        let call = || argument.map_or_else(path, |argument| format!("{} {argument}", self.path));
        let ended = self.launcher.run(&program, Bounds { time, bytes: WORDS_BYTES, cancelled }).map_err(|error| match error {
            LaunchError::Process(ProcessError::Cancelled) => ScriptError::Cancelled { path: path() },
            LaunchError::Process(ProcessError::TooLong { limit, output }) => {
                ScriptError::TooLong { call: call(), limit_seconds: limit.as_secs(), last_lines: ending(&output.text()) }
            }
            LaunchError::Process(ProcessError::NotStarted(source) | ProcessError::NotWatched(source)) => {
                ScriptError::NotRun { path: path(), source }
            }
            source @ LaunchError::NotIsolated { .. } => ScriptError::NotIsolated { path: path(), source },
        })?;
        if ended.status.success() {
            return Ok(ended);
        }
        Err(ScriptError::Failed {
            call: call(),
            sees: self.sees,
            status: ended.status.to_string().replace("exit status:", "exit code"),
            last_lines: ending(&both(&ended)),
        })
    }

    /// An executable script with a `#!` line runs by itself; any other one runs in bash.
    fn program(&self) -> UntrustedProgram {
        let path = self.root.join(&self.path);
        let executable = path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0);
        if executable && self.text.starts_with("#!") {
            return UntrustedProgram::new(ProgramKind::Script, path, &self.root);
        }
        UntrustedProgram::new(ProgramKind::Script, "bash", &self.root).arguments([path])
    }
}

/// Whether a text contains the name of a variable as a whole word.
fn is_named(text: &str, variable: &str) -> bool {
    let mut words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    words.any(|word| word == variable)
}

fn read(root: &Path, path: &str) -> Result<String, ScriptError> {
    let bytes = repository_files::read(root, Path::new(path), MAX_BYTES).map_err(|error| match error {
        FileError::Missing { .. } | FileError::NotRegular { .. } => ScriptError::Missing { path: path.to_owned() },
        FileError::Outside { .. } => ScriptError::Outside { path: path.to_owned() },
        other => ScriptError::Unreadable { path: path.to_owned(), source: other.into() },
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Why a file cannot be a model's `cog.yaml`, after "left FILE".
fn unreadable(root: &Path, file: &str) -> Option<String> {
    let text = match repository_files::read_text(root, Path::new(file), MAX_BYTES) {
        Ok(text) => text,
        Err(FileError::Missing { .. }) => return Some("missing".to_owned()),
        Err(error) => return Some(format!("unreadable: {error}")),
    };
    match read_yaml(&text, file).map(|document| document.value) {
        Ok(Value::Map(_)) => None,
        Ok(Value::Null) => Some("empty".to_owned()),
        Ok(_) => Some("without a single key".to_owned()),
        Err(error) => {
            let line = error.location.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            Some(format!("unreadable: {line}{}", error.message))
        }
    }
}

fn both(ended: &ProcessOutput) -> String {
    [ended.stdout.text(), ended.stderr.text()].concat()
}

fn ending(text: &str) -> String {
    shorten(last_lines(text.trim_end(), LAST_LINES).trim(), 4000)
}

fn one_line(error: &ScriptError) -> String {
    let text = error.to_string().replacen('\n', ": ", 1);
    shorten(&text.split_whitespace().collect::<Vec<_>>().join(" "), 400)
}

#[cfg(test)]
mod tests;
