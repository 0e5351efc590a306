//! Tells GitHub what happens. Nothing that GitHub refuses makes a run fail: it is said in the log, with the permissions that are missing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cog_findings::text::shorten;
use tokio::time::timeout;

use crate::cli::action::event::Event;
use crate::cli::action::ownership::give_away;
use crate::cli::environment::Environment;
use crate::cli::printer::Printer;
use crate::clients::github::{GitHub, GitHubError, GitHubOptions, Policy, RealGitHub};
use crate::clients::runner::{AnnotationLevel, LogAnnotation, StoppedCommands, annotation, append_summary, mask, write_output};
use crate::config::CommentMode;
use crate::deliver::github::{Checks, CommentOutcome, HeadCommit, finish, refresh_comment};
use crate::domain::model_name::ModelName;
use crate::domain::verdict::Verdict;
use crate::report::github as rendering;
use crate::report::github::annotations;
use crate::report::json::v1::Run;
use crate::report::markdown::report_markdown;
use crate::select::outputs;
use crate::support::SecretString;
use crate::support::clock::{Clock, SystemClock};

/// What a step may add to the job summary, with room for what other commands of the step add.
const SUMMARY_BYTES: usize = 900_000;

/// What an output may have: a job's outputs have 1 MiB together.
const OUTPUT_BYTES: usize = 60_000;

/// After a cancelled run GitHub kills us soon, so its check runs are ended within this time.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// Annotations in the log that the runner keeps for each level.
const LOG_ANNOTATIONS: usize = 10;

/// What the runner has set.
#[derive(Clone)]
pub(in crate::cli) struct Surroundings {
    environment: Environment,
    printer: Printer,
    stopped: StoppedCommands,
}

impl Surroundings {
    /// `None` when the program does not run as an action. Masks are registered at once, and commands in the log stopped.
    pub(in crate::cli) fn enter(environment: &Environment, printer: &mut Printer) -> Option<Self> {
        if !environment.is_action() {
            return None;
        }
        let secrets = environment.secret_values();
        let stopped = StoppedCommands::new();
        for line in secrets.iter().flat_map(|secret| mask(secret)) {
            printer.command(&line);
        }
        printer.command(&stopped.begin());
        printer.guard(secrets);
        Some(Self { environment: environment.clone(), printer: printer.clone(), stopped })
    }

    /// Ends what [`Surroundings::enter`] began. What is printed behind it are commands of ours.
    pub(in crate::cli) fn leave(&self) {
        self.printer.command(&self.stopped.end());
    }

    /// Ends a run that came to no result.
    pub(in crate::cli) fn failed(&self, message: &str) {
        self.leave();
        self.printer.command(&annotation(&LogAnnotation {
            level: AnnotationLevel::Error,
            file: None,
            line: None,
            column: None,
            end_column: None,
            title: "safe-push".to_owned(),
            message: self.printer.without(message),
        }));
    }

    /// Gives an output to the steps behind this one.
    pub(in crate::cli) fn output(&self, name: &str, value: &str) {
        let Some(path) = self.environment.get("GITHUB_OUTPUT") else { return };
        if let Err(error) = write_output(Path::new(path), name, &shorten(value, OUTPUT_BYTES)) {
            self.printer.complain(&format!("warning: the output {name} is not set: {error}"));
        }
    }

    /// A path as the steps behind this one know it: the workspace has another name outside of our container.
    fn within_workspace<'a>(&self, path: &'a Path) -> &'a Path {
        let workspace = self.environment.get("GITHUB_WORKSPACE");
        workspace.and_then(|workspace| path.strip_prefix(workspace).ok()).unwrap_or(path)
    }

    /// A folder of the workspace as GitHub knows it; `None` for one elsewhere.
    pub(super) fn folder_in_workspace(&self, folder: &Path) -> Option<String> {
        let within = folder.strip_prefix(self.environment.get("GITHUB_WORKSPACE")?).ok()?;
        Some(within.display().to_string())
    }

    fn give_away(&self, folder: &Path) {
        let Some(workspace) = self.environment.get("GITHUB_WORKSPACE").map(Path::new) else { return };
        if let Err(error) = give_away(folder, workspace) {
            self.printer.complain(&format!("warning: {} stays ours: {error}", folder.display()));
        }
    }

    fn summary(&self, markdown: &str) {
        let Some(path) = self.environment.get("GITHUB_STEP_SUMMARY") else { return };
        if let Err(error) = append_summary(Path::new(path), markdown) {
            self.printer.complain(&format!("warning: there is no job summary: {error}"));
        }
    }

    /// GitHub, with what the runner says of the repository; `None` without a token.
    pub(in crate::cli) fn github(
        &self,
        token: Option<SecretString>,
        api_url: Option<String>,
    ) -> Result<Option<Arc<dyn GitHub>>, GitHubError> {
        let (Some(token), Some(repository)) = (token, self.environment.get("GITHUB_REPOSITORY")) else { return Ok(None) };
        let repository = repository.parse().map_err(|problem| GitHubError::Settings { problem })?;
        let options = GitHubOptions { api_url, repository, token, policy: Policy::default() };
        Ok(Some(Arc::new(RealGitHub::new(options, Arc::new(SystemClock))?)))
    }

    /// The commit and the run that check runs are about.
    pub(in crate::cli) fn head(&self, event: &Event) -> Option<HeadCommit> {
        let number = |name: &str| self.environment.get(name).and_then(|value| value.parse().ok());
        Some(HeadCommit {
            sha: event.head_sha.clone()?,
            run_id: number("GITHUB_RUN_ID").unwrap_or_default(),
            attempt: number("GITHUB_RUN_ATTEMPT").unwrap_or(1),
        })
    }

    /// Says what GitHub did not let us do. The run goes on.
    pub(super) fn excuse(&self, error: &GitHubError) {
        let hint = error.hint().map(|hint| format!("\n  {hint}")).unwrap_or_default();
        self.printer.complain(&format!("warning: {error}{hint}"));
    }
}

/// One run of the action.
pub(in crate::cli) struct Face {
    surroundings: Surroundings,
    event: Event,
    github: Option<Arc<dyn GitHub>>,
    checks: Option<Checks>,
    comment: CommentMode,
}

impl Face {
    /// Begins the check runs.
    pub(in crate::cli) async fn begin(
        surroundings: Surroundings,
        event: Event,
        github: Option<Arc<dyn GitHub>>,
        models: &[String],
        comment: CommentMode,
    ) -> Self {
        let mut checks = None;
        // A fork's token may only read: asking would be refused for certain.
        if let (Some(github), Some(head), false) = (&github, surroundings.head(&event), event.is_fork) {
            match Checks::begin(&**github, head, models, SystemClock.now()).await {
                Ok(begun) => checks = Some(begun),
                Err(error) => surroundings.excuse(&error),
            }
        }
        Self { surroundings, event, github, checks, comment }
    }

    /// Ends the check runs of a run that came to no result.
    pub(in crate::cli) async fn fail(self, message: &str, verdict: Verdict) {
        if let (Some(github), Some(checks)) = (&self.github, self.checks) {
            let message = self.surroundings.printer.without(message);
            if let Err(error) = checks.fail(&**github, &message, verdict, SystemClock.now()).await {
                self.surroundings.excuse(&error);
            }
        }
    }

    /// Ends the check runs, refreshes the comment, and leaves outputs and the job summary.
    pub(in crate::cli) async fn end(self, run: &Run, report: Option<PathBuf>) {
        let Self { surroundings, event, github, checks, comment } = self;
        let is_cancelled = run.verdict == Verdict::Cancelled;
        let has_checks = checks.is_some();
        if let (Some(github), Some(checks)) = (&github, checks) {
            let head = checks.head().clone();
            let ended = checks.end(&**github, run, SystemClock.now());
            let ended = if is_cancelled { timeout(LAST_WORDS, ended).await.unwrap_or(Ok(())) } else { ended.await };
            if let Err(error) = ended {
                surroundings.excuse(&error);
            }
            if let (false, Some(number), true) = (is_cancelled, event.pull_request, comment == CommentMode::Update) {
                match refresh_comment(&**github, number, &head.sha, head.run_id, false).await {
                    Ok(CommentOutcome::Unsettled) => surroundings.printer.complain("warning: the comment may lack a model"),
                    Ok(_) => {}
                    Err(error) => surroundings.excuse(&error),
                }
            }
        }
        surroundings.summary(&report_markdown(run, SUMMARY_BYTES));
        if let Some(report) = &report {
            surroundings.give_away(report);
        }
        leave_outputs(&surroundings, run, report.as_deref());
        surroundings.leave();
        if !has_checks {
            for line in log_annotations(run) {
                surroundings.printer.command(&line);
            }
        }
    }
}

fn leave_outputs(surroundings: &Surroundings, run: &Run, report: Option<&Path>) {
    let versions: serde_json::Map<String, serde_json::Value> =
        run.models.iter().filter_map(|model| Some((model.name.clone(), model.versions.live.clone()?.into()))).collect();
    let names: Vec<ModelName> = run.models.iter().filter_map(|model| model.name.parse().ok()).collect();
    surroundings.output("verdict", run.verdict.as_str());
    surroundings.output("matrix", &outputs(&names).matrix.to_string());
    surroundings.output("versions", &serde_json::Value::Object(versions).to_string());
    if let Some(report) = report {
        surroundings.output("report_path", &surroundings.within_workspace(report).display().to_string());
    }
    surroundings.output("summary", &report_markdown(run, OUTPUT_BYTES));
}

/// The first findings of each level, as commands.
fn log_annotations(run: &Run) -> Vec<String> {
    let mut used = [0; 3];
    let found = run.models.iter().flat_map(annotations);
    let lines = found.filter_map(|found| {
        let (slot, level) = match found.level {
            rendering::AnnotationLevel::Failure => (0, AnnotationLevel::Error),
            rendering::AnnotationLevel::Warning => (1, AnnotationLevel::Warning),
            rendering::AnnotationLevel::Notice => (2, AnnotationLevel::Notice),
        };
        used[slot] += 1;
        (used[slot] <= LOG_ANNOTATIONS).then(|| {
            annotation(&LogAnnotation {
                level,
                file: Some(found.path),
                line: Some(found.line),
                column: None,
                end_column: None,
                title: found.title,
                message: found.message,
            })
        })
    });
    lines.collect()
}

impl Surroundings {
    /// The last job of a matrix: closes what others left open, and makes the comment true. The verdict is the gravest of all models.
    pub(in crate::cli) async fn finish(
        &self,
        github: &dyn GitHub,
        expected: &[String],
        mode: CommentMode,
    ) -> Result<Verdict, GitHubError> {
        let event = Event::of(&self.environment);
        let Some(head) = self.head(&event) else {
            return Err(GitHubError::Settings { problem: "there is no GITHUB_SHA".to_owned() });
        };
        let finished = finish(github, &head, expected, SystemClock.now()).await?;
        for model in &finished.closed {
            self.printer.complain(&format!("warning: the job of {model} left no result"));
        }
        let comment = rendering::comment_markdown(&finished.rows, &head.sha, head.run_id, SUMMARY_BYTES);
        self.summary(&comment);
        self.output("verdict", finished.verdict.as_str());
        if let (Some(number), true) = (event.pull_request, mode == CommentMode::Update) {
            refresh_comment(github, number, &head.sha, head.run_id, true).await?;
        }
        Ok(finished.verdict)
    }
}
