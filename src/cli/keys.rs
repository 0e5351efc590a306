//! The key that an official model's tests need: the repository's own scripts write it into its files and delete it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::build::{NamedSecret, written_secrets};
use crate::cli::action::head_commit;
use crate::cli::changed_tree::{ChangedTree, Journals, apart, prepare_error};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::clients::ErrorKind;
use crate::config::LoadedModel;
use crate::config::tokens::TOKENS;
use crate::domain::events::{Event, EventKind, Observer};
use crate::pipeline::{KeyFiles, ModelRun, PrepareTreeError, WrittenKey};
use crate::select::{JournalRecovery, Script, ScriptError, recover};
use crate::support::untrusted::Launcher;
use crate::support::{ExposeSecret as _, SecretString};

/// The scripts' paths in repositories of official models.
const WRITE: &str = "script/write-api-key";
const DELETE: &str = "script/delete-api-key";

/// The most files that a message names; further ones are counted. Another commit can differ in all of them.
const MAX_NAMED: usize = 20;

/// Variables that hold no secret, though a script may write their values.
const NO_SECRETS: [&str; 15] = [
    "CI", "HOME", "HOSTNAME", "LANG", "LC_ALL", "LOGNAME", "MODEL", "OLDPWD", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "TZ",
    "USER",
];

/// Attaches the scripts for keys to models with two passes.
pub(super) fn attach(runs: &mut [ModelRun], observer: &Arc<dyn Observer>, context: &Context) {
    for run in runs.iter_mut().filter(|run| run.plan.two_pass) {
        let scripts = KeyScripts {
            root: run.plan.repository().to_owned(),
            tree: ChangedTree::with_journal(run.plan.repository(), journals(context, run.plan.repository())),
            variables: context.environment.secrets(|name| !is_ours(name)),
            launcher: context.launcher.clone(),
            foreign: context.code_of(run.plan.repository()).why_foreign().map(str::to_owned),
            observer: Arc::clone(observer),
            printer: context.printer.clone(),
        };
        run.key_files = Some(Arc::new(SharedKeyScripts(Arc::new(scripts))));
    }
}

/// Where journals of a project's keys are kept.
fn journals(context: &Context, project: &Path) -> Journals {
    let folder = context.environment.state_folder(project).join("keys");
    Journals { folder, commit: head_commit(project, None) }
}

/// Restores the files that a killed process left with a key in them. Returns what the report should say.
///
/// # Errors
/// When a key may still be in the files.
pub(super) fn recover_from_kill(models: &[LoadedModel], context: &Context) -> Result<Vec<String>, Failure> {
    let projects: BTreeSet<&Path> = models.iter().map(|model| model.plan.repository()).collect();
    let mut notices = Vec::new();
    for project in projects {
        let unreadable = |error: std::io::Error| {
            let message = format!("failed to read the journal of an earlier run in {}: {error}", project.display());
            Failure::request(message)
                .hint(format!("check the files for a key, and remove {}", journals(context, project).folder.display()))
        };
        let Journals { folder, commit } = journals(context, project);
        match recover(&folder, project, commit.as_deref()).map_err(unreadable)? {
            JournalRecovery::Nothing => {}
            JournalRecovery::Restored { script, files } => notices.push(format!(
                "An earlier run was killed while the key of {script} was in the files. These are as they were before: {}",
                list(&files)
            )),
            JournalRecovery::Unclear { script, files, journal, is_other_commit } => {
                let why = if is_other_commit { "another commit is checked out since then, and " } else { "" };
                let message = format!(
                    "an earlier run was killed while the key of {script} was in the files; {why}these may still hold it: {}",
                    list(&files)
                );
                return Err(Failure::request(message).hint(format!(
                    "run {DELETE} or restore the files; if none of them holds a key, remove {}",
                    journal.display()
                )));
            }
            JournalRecovery::InUse { process } => {
                let process = process.map(|process| format!(" (process {process})")).unwrap_or_default();
                let message = format!("another safe-push{process} works with a key in {}", project.display());
                return Err(Failure::request(message).hint("wait until it has ended"));
            }
        }
    }
    for notice in &notices {
        context.printer.say(&format!("note: {notice}"));
    }
    Ok(notices)
}

fn list(files: &[PathBuf]) -> String {
    let (named, others) = files.split_at(files.len().min(MAX_NAMED));
    let named = named.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    if others.is_empty() { named } else { format!("{named} and {} more", others.len()) }
}

/// Whether a variable is for safe-push and the runner alone.
fn is_ours(name: &str) -> bool {
    let of_runner = ["INPUT_", "ACTIONS_", "RUNNER_", "GITHUB_"];
    TOKENS.iter().any(|token| token.is_called(name)) || of_runner.iter().any(|prefix| name.starts_with(prefix))
}

/// The scripts that write a model's key into its project and delete it.
struct KeyScripts {
    root: PathBuf,
    tree: ChangedTree,
    variables: BTreeMap<String, SecretString>,
    launcher: Launcher,
    /// Why the scripts count as foreign code, which is not run.
    foreign: Option<String>,
    observer: Arc<dyn Observer>,
    printer: Printer,
}

impl KeyScripts {
    /// Whether both scripts exist, checked before one of them is run.
    fn check_scripts(&self) -> Result<(), PrepareTreeError> {
        if let Some(reason) = &self.foreign {
            return Err(PrepareTreeError {
                message: format!("two_pass is set, but {WRITE} is not run: {reason}"),
                hint: Some("leave out two_pass for this event".to_owned()),
                kind: ErrorKind::Request,
            });
        }
        let Some(missing) = [WRITE, DELETE].into_iter().find(|path| !self.root.join(path).is_file()) else { return Ok(()) };
        Err(PrepareTreeError {
            message: format!("two_pass is set, but {missing} does not exist"),
            hint: Some(format!("{WRITE} writes the key that the tests need into a file, and {DELETE} deletes it")),
            kind: ErrorKind::Request,
        })
    }

    fn call(&self, path: &str, name: &str, cancelled: &CancellationToken) -> Result<(), ScriptError> {
        let script = Script::with_named_variables(&self.root, path.to_owned(), &self.variables, &self.launcher)?;
        script.call(name, &|| cancelled.is_cancelled())
    }

    fn write(&self, name: &str, cancelled: &CancellationToken) -> Result<WrittenKey, PrepareTreeError> {
        self.check_scripts()?;
        let ((), files) = self.tree.change(WRITE, || self.call(WRITE, name, cancelled))?;
        // A value that the script never got can only be in a file by chance.
        let given = Script::with_named_variables(&self.root, WRITE.to_owned(), &self.variables, &self.launcher);
        let given = given.map_err(|error| prepare_error(&error))?;
        let secret = given.variables().iter().filter(|(name, _)| !NO_SECRETS.contains(&name.as_str()));
        let variables: Vec<NamedSecret> = secret.map(|(name, value)| (name.clone(), value.clone())).collect();
        let secrets = written_secrets(&self.root, &files, &variables).map_err(|error| PrepareTreeError {
            message: format!("failed to read what {WRITE} has written: {error}"),
            hint: Some(
                "write the key into a file that can be read: its absence from the official image has to be proven".to_owned(),
            ),
            kind: ErrorKind::Request,
        })?;
        if secrets.secrets.is_empty() {
            return Err(PrepareTreeError {
                message: format!("{WRITE} has written nothing into the project that looks like a key"),
                hint: Some("write a value of its environment, or a word of at least 16 letters and digits".to_owned()),
                kind: ErrorKind::Request,
            });
        }
        self.printer.redactor().learn(secrets.secrets.iter().map(|(_, value)| value.expose_secret()));
        let shown: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        self.notice(name, format!("{WRITE} wrote a key for the tests: {}", shown.join(", ")));
        Ok(WrittenKey { files, secrets: secrets.secrets, unrecognized: secrets.unrecognized })
    }

    fn delete(&self, name: &str, cancelled: &CancellationToken) -> Result<(), PrepareTreeError> {
        let left = self.tree.revert(DELETE, || self.call(DELETE, name, cancelled))?;
        if !left.is_empty() {
            return Err(PrepareTreeError {
                message: format!("{DELETE} has run, and a key may still be in what {WRITE} or it has written: {}", list(&left)),
                hint: Some(format!("let {DELETE} remove every file that {WRITE} creates, and restore every file that it changes")),
                kind: ErrorKind::Request,
            });
        }
        self.notice(name, format!("{DELETE} deleted the key"));
        Ok(())
    }

    fn notice(&self, name: &str, text: String) {
        self.observer.observe(Event { model: Some(name.to_owned()), kind: EventKind::Notice(text) });
    }
}

/// The scripts as the pipeline calls them.
struct SharedKeyScripts(Arc<KeyScripts>);

impl KeyFiles for SharedKeyScripts {
    fn write<'a>(&'a self, name: &'a str, cancelled: &'a CancellationToken) -> BoxFuture<'a, Result<WrittenKey, PrepareTreeError>> {
        Box::pin(async move {
            let (scripts, name, cancelled) = (Arc::clone(&self.0), name.to_owned(), cancelled.clone());
            apart(move || scripts.write(&name, &cancelled)).await
        })
    }

    fn delete<'a>(&'a self, name: &'a str, cancelled: &'a CancellationToken) -> BoxFuture<'a, Result<(), PrepareTreeError>> {
        Box::pin(async move {
            let (scripts, name, cancelled) = (Arc::clone(&self.0), name.to_owned(), cancelled.clone());
            apart(move || scripts.delete(&name, &cancelled)).await
        })
    }

    fn put_back<'a>(&'a self) -> BoxFuture<'a, Vec<String>> {
        Box::pin(async move {
            let scripts = Arc::clone(&self.0);
            apart(move || Ok(scripts.tree.put_back())).await.unwrap_or_else(|error| vec![error.message])
        })
    }
}
