//! Tokens: never a flag, because every process of a machine can read the arguments of another.

use std::collections::BTreeMap;

use crate::config::settings::Action::{self, Push, Report, Select, Workflow};
use crate::support::SecretString;
use crate::support::secrets::{Weakness, weakness};

/// A token and where it can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The name of the action's input.
    pub input: &'static str,
    pub variable: &'static str,
    /// One line about it.
    pub help: &'static str,
    /// The actions that have it as an input.
    pub inputs: &'static [Action],
    /// The value of the input when a workflow sets none.
    pub default_input: Option<&'static str>,
}

impl Token {
    /// Whether a variable of this name carries it: its own, or that of the action's input.
    pub fn is_called(&self, variable: &str) -> bool {
        variable == self.variable || variable.strip_prefix("INPUT_").is_some_and(|input| input.eq_ignore_ascii_case(self.input))
    }
}

/// Declares the tokens: `Tokens` with a member for each, and `TOKENS`, the table.
macro_rules! tokens {
    ($(#[doc = $help:literal] $name:ident: $input:literal, $variable:literal, $inputs:expr $(, default $default:literal)?;)+) => {
        /// The tokens of a run, as far as they are set.
        #[derive(Debug, Clone, Default)]
        pub struct Tokens {
            $(#[doc = $help] pub $name: Option<SecretString>,)+
        }

        /// Every token.
        pub const TOKENS: &[Token] = &[$(Token {
            input: $input,
            variable: $variable,
            help: $help.trim_ascii(),
            inputs: $inputs,
            default_input: [$(Some($default),)? None][0],
        },)+];

        impl Tokens {
            /// The tokens among the variables, and among the inputs of the action if there are any.
            pub(super) fn find(environment: &BTreeMap<String, String>, in_action: bool) -> Self {
                Self { $($name: find(environment, in_action.then_some($input), $variable),)+ }
            }
        }
    };
}

tokens! {
    /// Token of Replicate's API
    replicate: "replicate_api_token", "REPLICATE_API_TOKEN", &[Push, Workflow];
    /// CLI token of Replicate's registry, from replicate.com/auth/token
    cog: "cog_token", "COG_TOKEN", &[Push, Workflow];
    /// Key of Claude's API, for the judge
    anthropic: "anthropic_api_key", "ANTHROPIC_API_KEY", &[Push, Workflow];
    /// Bearer token of a gateway to Claude's API, instead of a key
    anthropic_auth: "anthropic_auth_token", "ANTHROPIC_AUTH_TOKEN", &[];
    /// Bearer token of the Cog server that `verify --url` asks
    cog_server: "cog_server_token", "COG_SERVER_TOKEN", &[];
    /// Token that lists changed files and writes check runs and comments
    github: "github_token", "GITHUB_TOKEN", &[Push, Select, Report], default "${{ github.token }}";
    /// Integration key of PagerDuty, for alerts of the canary and of live tests
    pagerduty: "pagerduty_routing_key", "PAGERDUTY_ROUTING_KEY", &[Push, Workflow];
    /// URL that receives one JSON document about each run that failed or published
    notify: "notify_url", "NOTIFY_URL", &[Push, Workflow];
}

/// Tokens that the runner gives to steps for its services.
const OF_RUNNER: [&str; 2] = ["ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

/// Whether a variable of this name holds a secret of the run: one of the tokens, or one of the runner's.
pub fn is_secret(variable: &str) -> bool {
    OF_RUNNER.contains(&variable) || TOKENS.iter().any(|token| token.is_called(variable))
}

/// A token that is too weak to be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {weakness}")]
pub struct WeakToken {
    pub variable: String,
    /// Why it is too weak.
    pub weakness: Weakness,
}

/// Refuses tokens that are too short or too common: hiding them would mangle every report.
///
/// # Errors
/// The first of them.
pub fn check_tokens(environment: &BTreeMap<String, String>) -> Result<(), WeakToken> {
    let set =
        environment.iter().filter(|(name, value)| !value.trim().is_empty() && TOKENS.iter().any(|token| token.is_called(name)));
    for (name, value) in set {
        if let Some(weakness) = weakness(value.as_bytes()) {
            return Err(WeakToken { variable: name.clone(), weakness });
        }
    }
    Ok(())
}

fn find(environment: &BTreeMap<String, String>, input: Option<&str>, variable: &str) -> Option<SecretString> {
    let input = input.map(|input| format!("INPUT_{}", input.to_uppercase()));
    let names = input.as_deref().into_iter().chain([variable]);
    let mut set = names.filter_map(|name| environment.get(name)).map(|value| value.trim()).filter(|value| !value.is_empty());
    set.next().map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_a_word_is_refused_by_its_variable() {
        let environment = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let refused = check_tokens(&environment("ANTHROPIC_API_KEY", "model")).unwrap_err();
        assert_eq!(refused.to_string(), "ANTHROPIC_API_KEY is only 5 bytes long; a secret has at least 8");
        assert!(check_tokens(&environment("INPUT_COG_TOKEN", "Password")).is_err());
        assert_eq!(check_tokens(&environment("INPUT_COG_TOKEN", " ")), Ok(()));
        assert_eq!(check_tokens(&environment("MODEL", "model")), Ok(()));
        assert_eq!(check_tokens(&environment("COG_TOKEN", "cog-token-of-this-run")), Ok(()));
    }

    #[test]
    fn what_the_runner_gives_to_steps_is_a_secret_too() {
        for name in ["ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "PAGERDUTY_ROUTING_KEY", "INPUT_GITHUB_TOKEN"] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("ACTIONS_CACHE_URL"));
    }
}
