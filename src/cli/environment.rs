//! The process's environment, read once. All other code gets what it needs passed in.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::settings::Key;
use crate::config::tokens::is_secret;
use crate::support::SecretString;

/// Variables that a run needs even if it takes no settings from the environment.
const KEPT_WHEN_BARE: [&str; 8] =
    ["PATH", "HOME", "TMPDIR", "DOCKER_HOST", "COG_CA_CERT", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"];

/// The input that names further secrets.
const EXTRA_SECRETS: &str = "INPUT_EXTRA_SECRETS";

/// Prefixes of variables that other programs obey.
const RESERVED: [&str; 10] =
    ["GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_", "SAFE_PUSH_", "DOCKER_", "LD_", "GIT_", "BASH_", "PYTHON"];

/// Variables and working folder as they were when the program started.
#[derive(Clone)]
pub(super) struct Environment {
    variables: BTreeMap<String, String>,
    /// The variables that the input extra_secrets sets.
    extra_secrets: BTreeSet<String>,
    folder: PathBuf,
}

impl Environment {
    /// Reads the process's environment. Values that are not Unicode are left out: none of our variables has one.
    pub(super) fn of_process() -> Self {
        let variables = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::with_extra_secrets(variables.collect(), env::current_dir().unwrap_or_else(|_gone| PathBuf::from(".")))
    }

    /// These variables and no other.
    #[cfg(test)]
    pub(super) fn of<'a>(variables: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self::with_extra_secrets(variables, PathBuf::from("."))
    }

    /// Turns the input extra_secrets into variables: a workflow cannot choose the names of variables itself. None of them replaces another,
    /// or one that means something to the runner or to us.
    fn with_extra_secrets(mut variables: BTreeMap<String, String>, folder: PathBuf) -> Self {
        let mut extra_secrets = BTreeSet::new();
        for line in variables.remove(EXTRA_SECRETS).unwrap_or_default().lines() {
            let Some((name, value)) = line.trim().split_once('=') else { continue };
            let Ok(value) = serde_json::from_str::<String>(value) else { continue };
            if is_free(name) && !value.trim().is_empty() && !variables.contains_key(name) {
                variables.insert(name.to_owned(), value);
                extra_secrets.insert(name.to_owned());
            }
        }
        Self { variables, extra_secrets, folder }
    }

    /// The environment for another folder: what programs and certificates need, and no settings.
    pub(super) fn bare_at(&self, folder: &Path) -> Self {
        let variables = self.variables.iter().filter(|(name, _)| KEPT_WHEN_BARE.contains(&name.as_str()));
        let variables = variables.map(|(name, value)| (name.clone(), value.clone())).collect();
        Self { variables, extra_secrets: BTreeSet::new(), folder: folder.to_owned() }
    }

    /// Makes another folder the working folder. A setting that names one too is overruled.
    pub(super) fn move_to(&mut self, folder: PathBuf) {
        self.folder = folder;
        self.variables.retain(|name, _| !is_working_directory(name));
    }

    /// A variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The variables of these names, as values that are not shown.
    pub(super) fn secrets(&self, is_wanted: impl Fn(&str) -> bool) -> BTreeMap<String, SecretString> {
        let wanted = self.variables.iter().filter(|(name, _)| is_wanted(name));
        wanted.map(|(name, value)| (name.clone(), SecretString::from(value.as_str()))).collect()
    }

    /// Whether the program runs as an action: the runner says so and gives inputs. A step that calls it as a program has none.
    pub(super) fn is_action(&self) -> bool {
        self.is_workflow() && self.variables.keys().any(|name| name.starts_with("INPUT_"))
    }

    /// Whether a workflow started the program, as an action or in a step that calls it. Either variable is enough: a step may lack one.
    pub(super) fn is_workflow(&self) -> bool {
        self.get("GITHUB_ACTIONS") == Some("true") || self.get("GITHUB_EVENT_NAME").is_some()
    }

    /// The values of all tokens, and of the secrets that the runner gives to steps.
    pub(super) fn secret_values(&self) -> Vec<String> {
        let is_ours = |name: &str| is_secret(name) || is_secret(&name.replace('-', "_"));
        let names = self.variables.keys().filter(|name| is_ours(name) || self.extra_secrets.contains(*name));
        let mut values: Vec<String> = names.filter_map(|name| self.get(name)).map(str::to_owned).collect();
        values.sort();
        values.dedup();
        values
    }

    /// The folder for data that outlives a run: the user's state folder, or else a temporary folder of the user. It is never inside the
    /// project.
    pub(super) fn state_folder(&self, project: &Path) -> PathBuf {
        let named = self.get("XDG_STATE_HOME").map(PathBuf::from);
        let of_user = self.get("HOME").map(|home| Path::new(home).join(".local/state"));
        let of_system = || env::temp_dir().join(format!("safe-push-{}", rustix::process::getuid().as_raw()));
        let project = project.canonicalize().unwrap_or_else(|_missing| project.to_owned());
        let is_outside = |folder: &PathBuf| {
            let existing = folder.ancestors().find_map(|folder| folder.canonicalize().ok());
            existing.is_some_and(|existing| !existing.starts_with(&project))
        };
        named.into_iter().chain(of_user).find(is_outside).unwrap_or_else(of_system).join("safe-push")
    }

    pub(super) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The path of a program that can be started by its name.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        let folders = env::split_paths(self.get("PATH")?).collect::<Vec<_>>();
        folders.into_iter().map(|folder| folder.join(name)).find(|path| is_program(path))
    }

    /// The path of a program that can be started by its name, or that is installed beside this executable, like the dependencies of a
    /// Python package.
    pub(super) fn program_here_or_beside(&self, name: &str) -> Option<PathBuf> {
        let beside = || {
            // An executable may be a link into the folder where its package is installed.
            let executable = env::current_exe().ok()?.canonicalize().ok()?;
            Some(executable.parent()?.join(name)).filter(|path| is_program(path))
        };
        self.program(name).or_else(beside)
    }

    /// The working folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Whether a secret may have this name as a variable.
fn is_free(name: &str) -> bool {
    let is_word = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_word && !RESERVED.iter().any(|prefix| name.starts_with(prefix)) && !KEPT_WHEN_BARE.contains(&name) && !is_secret(name)
}

/// Whether a variable is the setting `working_directory`, or the input of that name.
fn is_working_directory(name: &str) -> bool {
    let setting = Key::working_directory.setting();
    let input = format!("INPUT_{}", setting.name.to_uppercase());
    name == setting.variable() || name.replace('-', "_") == input
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_secrets_are_variables_that_are_hidden() {
        let lines = "FAL_KEY=\"fal-key-of-us\"\nTWO=\"line-one\\nline-two\"\n=null\nGITHUB_OUTPUT=\"/tmp/x\"\nPATH=\"/x\"\nCOG_TOKEN=\"other-token\"\nlower=\"x\"";
        let environment = Environment::of([(EXTRA_SECRETS, lines.to_owned()), ("GITHUB_ACTIONS", "true".to_owned())]);
        assert_eq!((environment.get("FAL_KEY"), environment.get("TWO")), (Some("fal-key-of-us"), Some("line-one\nline-two")));
        for name in [EXTRA_SECRETS, "GITHUB_OUTPUT", "PATH", "COG_TOKEN", "lower", ""] {
            assert_eq!(environment.get(name), None, "{name}");
        }
        assert_eq!(environment.secret_values(), ["fal-key-of-us", "line-one\nline-two"]);
    }
}
