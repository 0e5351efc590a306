//! Files and variables that a configuration names: those whose content would get out are refused.
//!
//! A build secret, an input of a test case and the model's README leave the machine. The checkout may name files of the repository, and
//! variables that the workflow allows, but never a token of safe-push's own.

use std::path::Path;

use cog_findings::{Finding, Location};
use repository_files::FileError;
use serde_json::Value;

use super::Resolver;
use crate::config::git_folder::is_of_git;
use crate::config::model_file::ModelFile;
use crate::config::repository_file::FILE;
use crate::config::rules;
use crate::config::settings::Key;
use crate::config::tokens::TOKENS;
use crate::domain::case::TestCase;
use crate::domain::secret_spec::{SecretSource, SecretSpec};
use crate::support::SecretString;

impl Resolver<'_> {
    /// Sources of build secrets that nobody allowed. A malformed secret is reported when the build is prepared.
    pub(super) fn check_secrets(&self) -> Vec<Finding> {
        let specs = self.settings.docker_secrets.iter().enumerate();
        let specs = specs.filter_map(|(index, text)| Some((index, SecretSpec::parse(text).ok()?)));
        let found = specs.filter_map(|(index, spec)| Some((index, self.problem_of_secret(spec)?)));
        found
            .map(|(index, finding)| match self.place_of_secret(index) {
                Some(place) => finding.at(place.clone()),
                None => finding,
            })
            .collect()
    }

    /// The file becomes public. A missing one is reported when it is needed, because a script may still write it.
    pub(super) fn check_readme(&self, config: &ModelFile) -> Option<Finding> {
        let path = Path::new(self.settings.readme.as_deref()?);
        let problem = match is_of_git(self.root, path) {
            true => "it is a file of git's own, which may hold a token".to_owned(),
            false => outside(self.root, path)?.to_string(),
        };
        let finding =
            Finding::new(&rules::OUTSIDE, format!("readme cannot be used: {problem}")).hint("name a file of the repository");
        Some(match self.place_of(Key::readme, config) {
            Some(place) => finding.at(place),
            None => finding,
        })
    }

    /// Where a build secret is written, when the checkout names it.
    fn place_of_secret(&self, index: usize) -> Option<&Location> {
        let source = self.layers.source_of(Key::docker_secrets).filter(|source| source.starts_with(FILE))?;
        let section = if source == FILE { String::new() } else { format!("models.{}.", self.name) };
        self.places.get(&format!("{section}{}[{index}]", Key::docker_secrets.setting().name))
    }

    fn problem_of_secret(&self, SecretSpec { id, source }: SecretSpec) -> Option<Finding> {
        let by_checkout = self.is_of_repository(Key::docker_secrets);
        let is_allowed = |name: &String| self.settings.secret_variables.contains(name);
        match source {
            SecretSource::Variable(name) if is_own_secret(&name, by_checkout) => Some(
                Finding::new(
                    &rules::SECRET_SOURCE,
                    format!("the build secret '{id}' is {name}, which is a token of safe-push's own"),
                )
                .hint("make a token for the build, and give it in a variable of its own"),
            ),
            SecretSource::Variable(name) if by_checkout && !is_allowed(&name) => Some(
                Finding::new(&rules::SECRET_SOURCE, format!("the build secret '{id}' is taken from {name}, which is not allowed"))
                    .hint(format!("allow it with --secret-variable {name}")),
            ),
            SecretSource::File(path) if by_checkout && is_of_git(self.root, &path) => Some(
                Finding::new(
                    &rules::SECRET_SOURCE,
                    format!("the build secret '{id}' is a file of git's own, which may hold a token"),
                )
                .hint("name another file of the repository"),
            ),
            SecretSource::File(path) if by_checkout => outside(self.root, &path).map(|problem| {
                Finding::new(&rules::OUTSIDE, format!("the build secret '{id}' is taken from a file: {problem}"))
                    .hint("name a file of the repository, or name the secret with --secret")
            }),
            SecretSource::Variable(_) | SecretSource::File(_) => None,
        }
    }

    /// Test cases with the variables that they name as `$(env.NAME)`: only those that the workflow allows.
    pub(super) fn with_secrets(&self, cases: &[TestCase], findings: &mut Vec<Finding>) -> Vec<TestCase> {
        let mut cases = cases.to_vec();
        for case in &mut cases {
            let named: Vec<(String, String)> =
                case.inputs.iter().filter_map(|(input, value)| Some((input.clone(), variable_in(value)?.to_owned()))).collect();
            for (input, name) in named {
                match self.secret_of_case(&input, &name) {
                    Ok(value) => {
                        case.inputs.remove(&input);
                        case.secrets.push((input, value));
                    }
                    // A case that does not run sends nothing.
                    Err(_) if case.skip.is_some() => {}
                    Err(finding) => findings.push(match &case.location {
                        Some(place) => finding.at(place.input(&input).clone()),
                        None => *finding,
                    }),
                }
            }
        }
        cases
    }

    fn secret_of_case(&self, input: &str, name: &str) -> Result<SecretString, Box<Finding>> {
        let refused =
            |why: String| Finding::new(&rules::CASE_SECRET, format!("the input '{input}' of a test case is {name}, which {why}"));
        if is_own_secret(name, true) {
            let hint = "make a token for the model, in a variable of its own";
            return Err(Box::new(refused("is a token of safe-push's own".to_owned()).hint(hint)));
        }
        if !self.settings.secret_variables.iter().any(|allowed| allowed == name) {
            let hint = format!("allow it with --secret-variable {name}");
            return Err(Box::new(refused("is not allowed".to_owned()).hint(hint)));
        }
        match self.environment.get(name).filter(|value| !value.is_empty()) {
            Some(value) => Ok(SecretString::from(value.as_str())),
            None => Err(Box::new(refused("is not set".to_owned()).hint("set it in the environment of the step"))),
        }
    }
}

/// The variable in a value that is written as `$(env.NAME)`.
fn variable_in(value: &Value) -> Option<&str> {
    let name = value.as_str()?.trim().strip_prefix("$(env.")?.strip_suffix(')')?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

/// Whether a variable carries a token that no build may get. GitHub's own token is one only if the checkout names it.
fn is_own_secret(name: &str, by_checkout: bool) -> bool {
    let mut tokens = TOKENS.iter().filter(|token| by_checkout || token.variable != "GITHUB_TOKEN");
    tokens.any(|token| token.is_called(name)) || by_checkout && ["INPUT_", "ACTIONS_"].iter().any(|own| name.starts_with(own))
}

/// Why a file is outside of the repository; `None` for one inside, and for a missing one, which is reported when it is needed.
fn outside(root: &Path, path: &Path) -> Option<FileError> {
    repository_files::open(root, path).err().filter(|error| !error.is_missing())
}
