//! The step of a workflow that this process is: the runner's variables, its files and its log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cog_findings::text::shorten;

use crate::cli::action::event::WorkflowEvent;
use crate::cli::action::job;
use crate::cli::action::ownership::give_away;
use crate::cli::environment::Environment;
use crate::cli::printer::Printer;
use crate::cli::wording::Wording;
use crate::clients::github::{GitHub, GitHubError, GitHubOptions, RealGitHub};
use crate::clients::runner::{StoppedCommands, append_summary, write_output};
use crate::deliver::github::Job;
use crate::deliver::{DeliveryTarget, Undelivered};
use crate::report::github::Frame;
use crate::support::SecretString;
use crate::support::clock::SystemClock;
use crate::support::secrets::weakness;

/// The most bytes of a job summary, with room for other commands of the step.
pub(super) const SUMMARY_BYTES: usize = 900_000;

/// The most bytes of an output: a job's outputs have 1 MiB together.
pub(super) const OUTPUT_BYTES: usize = 60_000;

/// The step of a workflow that this process is.
#[derive(Clone)]
pub(in crate::cli) struct ActionStep {
    environment: Environment,
    printer: Printer,
    stopped: StoppedCommands,
}

impl ActionStep {
    /// `None` when the process does not run as an action. Registers masks, and stops commands in the log.
    pub(in crate::cli) fn enter(environment: &Environment, printer: &mut Printer) -> Option<Self> {
        if !environment.is_action() {
            return None;
        }
        let secrets = environment.secret_values();
        let stopped = StoppedCommands::new();
        // A token that is a common word will be rejected soon. Masking it would mangle the message.
        secrets.iter().filter(|secret| weakness(secret.as_bytes()).is_none()).for_each(|secret| printer.mask(secret));
        printer.command(&stopped.begin());
        printer.join_streams();
        printer.word_as(Wording::of_action(environment));
        Some(Self { environment: environment.clone(), printer: printer.clone(), stopped })
    }

    /// Lets the runner obey commands again. What is printed after it are commands of ours.
    pub(in crate::cli) fn leave(&self) {
        self.printer.command(&self.stopped.end());
    }

    /// The event that started the workflow.
    pub(in crate::cli) fn event(&self) -> WorkflowEvent {
        WorkflowEvent::of(&self.environment)
    }

    /// Sets an output for the following steps.
    pub(in crate::cli) fn set_output(&self, name: &'static str, value: &str) -> Result<(), Undelivered> {
        let Some(path) = self.environment.get("GITHUB_OUTPUT") else { return Ok(()) };
        let written = write_output(Path::new(path), name, &self.printer.redactor().text(&shorten(value, OUTPUT_BYTES)));
        written.map_err(|error| Undelivered::new(DeliveryTarget::Output { name }, &error))
    }

    /// Adds to the job summary.
    pub(super) fn add_summary(&self, markdown: &str) -> Result<(), Undelivered> {
        let Some(path) = self.environment.get("GITHUB_STEP_SUMMARY") else { return Ok(()) };
        append_summary(Path::new(path), &self.printer.redactor().text(markdown))
            .map_err(|error| Undelivered::new(DeliveryTarget::Summary, &error))
    }

    /// Gives files and folders that were created to the owner of the workspace, so that the following steps can read and remove them.
    pub(super) fn give_away(&self, created: &[PathBuf]) -> Result<(), Undelivered> {
        let Some(workspace) = self.workspace() else { return Ok(()) };
        give_away(created, workspace).map_err(|error| Undelivered::new(DeliveryTarget::Folder, &error))
    }

    /// A path as the following steps know it: outside our container, the workspace has another path.
    pub(super) fn within_workspace<'a>(&self, path: &'a Path) -> &'a Path {
        let workspace = self.environment.get("GITHUB_WORKSPACE");
        workspace.and_then(|workspace| path.strip_prefix(workspace).ok()).unwrap_or(path)
    }

    /// A folder of the workspace as GitHub knows it; `None` for one elsewhere.
    pub(in crate::cli) fn folder_in_workspace(&self, folder: &Path) -> Option<String> {
        let within = folder.strip_prefix(self.environment.get("GITHUB_WORKSPACE")?).ok()?;
        Some(within.display().to_string())
    }

    /// A client for the workflow's repository; `None` without a token.
    pub(in crate::cli) fn github(
        &self,
        token: Option<SecretString>,
        api_url: Option<String>,
    ) -> Result<Option<Arc<dyn GitHub>>, GitHubError> {
        let (Some(token), Some(repository)) = (token, self.environment.get("GITHUB_REPOSITORY")) else { return Ok(None) };
        let repository = repository.parse().map_err(|problem| GitHubError::Settings { problem })?;
        let policy = job::policy(&self.environment);
        let options = GitHubOptions { api_url, repository, token, policy, redactor: self.printer.redactor().clone() };
        Ok(Some(Arc::new(RealGitHub::new(options, Arc::new(SystemClock))?)))
    }

    /// What check runs of this job are about; `None` if the runner names no commit.
    pub(in crate::cli) fn job(&self, event: &WorkflowEvent) -> Option<Job> {
        job::job(&self.environment, event)
    }

    /// What the comment says about the workflow run.
    pub(super) fn frame(&self, event: &WorkflowEvent) -> Option<Frame> {
        job::frame(&self.environment, event)
    }

    /// The repository's page.
    pub(super) fn repository_url(&self) -> Option<String> {
        job::repository_url(&self.environment)
    }

    /// The folder in which the repository is checked out.
    pub(super) fn workspace(&self) -> Option<&Path> {
        self.environment.get("GITHUB_WORKSPACE").map(Path::new)
    }

    /// The gate to the step's log.
    pub(super) fn printer(&self) -> &Printer {
        &self.printer
    }

    /// Warns of a target that was not reached.
    pub(in crate::cli) fn warn(&self, undelivered: &Undelivered) {
        self.printer.warn(undelivered, undelivered.hint.as_deref());
    }

    /// Warns of something that GitHub refused or did not answer. The run goes on.
    pub(in crate::cli) fn excuse(&self, error: &GitHubError) {
        self.printer.warn(error, error.hint());
    }
}
