//! Where settings come from, and what holds for a run as a whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::settings::SECRETS;
use crate::domain::model_name::ModelName;
use crate::support::SecretString;
use crate::support::path_patterns::PathPatterns;

/// Values of flags by the names of settings. A switch has `true`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags(pub BTreeMap<&'static str, Vec<String>>);

/// Where settings come from.
#[derive(Clone, Default)]
pub struct Sources {
    /// The folder of the repository.
    pub repository: PathBuf,
    /// The environment's variables.
    pub environment: BTreeMap<String, String>,
    /// Whether inputs of the action are among them.
    pub action: bool,
    /// Flags.
    pub flags: Flags,
    /// The model on the command line.
    pub model_argument: Option<String>,
    /// The model whose version is verified. It chooses the configuration, whose own model stays the live one.
    pub verified_model: Option<String>,
    /// Whether all models are meant when several have a configuration and none was chosen. Otherwise that is an error: a run that publishes
    /// has to be told what.
    pub every_model: bool,
    /// The models, where somebody has already found out what a request such as `changed` means.
    pub selected: Option<Vec<ModelName>>,
}

/// Tokens, as far as they are there.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Of Replicate's API.
    pub replicate: Option<SecretString>,
    /// Of Replicate's registry: the CLI token.
    pub cog: Option<SecretString>,
    /// Of Claude's API.
    pub anthropic: Option<SecretString>,
    /// Of GitHub's API.
    pub github: Option<SecretString>,
}

/// An event that decides whether a run publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// `pull_request`.
    PullRequest,
    /// `push`.
    Push,
    /// `workflow_dispatch`.
    WorkflowDispatch,
    /// `schedule`.
    Schedule,
    /// `merge_group`.
    MergeGroup,
}

impl Trigger {
    /// GitHub's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PullRequest => "pull_request",
            Self::Push => "push",
            Self::WorkflowDispatch => "workflow_dispatch",
            Self::Schedule => "schedule",
            Self::MergeGroup => "merge_group",
        }
    }

    /// The event by GitHub's name for it.
    pub fn of_event(name: &str) -> Option<Self> {
        let all = [Self::PullRequest, Self::Push, Self::WorkflowDispatch, Self::Schedule, Self::MergeGroup];
        all.into_iter().find(|trigger| trigger.as_str() == name)
    }
}

/// What becomes of the pull request's comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CommentMode {
    /// One comment, kept up to date.
    #[default]
    Update,
    /// None.
    Off,
}

/// Which files models are made of.
#[derive(Debug, Clone, Default)]
pub struct ModelPaths {
    /// Of models without patterns of their own.
    pub all: Option<PathPatterns>,
    /// Of single models, by their names.
    pub models: BTreeMap<String, PathPatterns>,
}

impl ModelPaths {
    /// Of one model; `None` when nothing is said.
    pub fn of_model(&self, name: &str) -> Option<&PathPatterns> {
        self.models.get(name).or(self.all.as_ref())
    }
}

/// What holds for a run as a whole.
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// The folder of the repository.
    pub repository: PathBuf,
    /// Which models were asked for: `all`, `changed`, or names.
    pub models: Option<String>,
    /// The folder with configurations, relative to the repository.
    pub config_dir: String,
    /// The script that knows models, relative to the repository; `None` when nothing is said and the usual places are looked at.
    pub select_script: Option<String>,
    /// What `changed` compares with; origin's default branch when nothing is said.
    pub base: Option<String>,
    /// Which files models are made of.
    pub paths: ModelPaths,
    /// The event that decides whether a run publishes; the one that started the workflow when nothing is said.
    pub trigger: Option<Trigger>,
    /// What becomes of the pull request's comment.
    pub comment: CommentMode,
    /// Where reports go, relative to the working folder.
    pub report_dir: PathBuf,
    /// Replicate's registry.
    pub registry_host: String,
    /// Replicate's API; its own when nothing is said.
    pub replicate_base_url: Option<String>,
    /// Claude's API; its own when nothing is said.
    pub anthropic_base_url: Option<String>,
    /// Tokens that questions to Claude may cost; the client's own limit when nothing is said.
    pub judge_budget: Option<u64>,
    /// GitHub's API; its own when nothing is said.
    pub github_api_url: Option<String>,
    /// The Docker daemon; the default socket when nothing is said.
    pub docker_host: Option<String>,
    /// Tokens.
    pub tokens: Tokens,
}

/// The tokens among variables and inputs.
pub(super) fn tokens(sources: &Sources) -> Tokens {
    let token = |index: usize| {
        let secret = &SECRETS[index];
        let input = format!("INPUT_{}", secret.input.to_uppercase());
        let names = [input.as_str(), secret.variable];
        let names = if sources.action { &names[..] } else { &names[1..] };
        let found = names.iter().filter_map(|name| sources.environment.get(*name)).map(|value| value.trim());
        found.into_iter().find(|value| !value.is_empty()).map(SecretString::from)
    };
    Tokens { replicate: token(0), cog: token(1), anthropic: token(2), github: token(3) }
}
