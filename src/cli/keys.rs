//! The key that an official model's tests need: the repository's own scripts write it into its files and delete it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::build::{NamedSecret, written_secrets};
use crate::cli::context::Context;
use crate::cli::prepare::{prepare_error, unwatched};
use crate::cli::printer::Printer;
use crate::clients::ErrorKind;
use crate::config::tokens::TOKENS;
use crate::domain::events::{Event, EventKind, Observer};
use crate::pipeline::{KeyFiles, ModelRun, PrepareTreeError, WrittenKey};
use crate::select::{Before, Changes, Script};
use crate::support::{ExposeSecret as _, SecretString};

/// As the repositories of official models have them.
const WRITE: &str = "script/write-api-key";
const DELETE: &str = "script/delete-api-key";

/// What the scripts see of the environment, in words.
const SEES: &str = "all variables but the tokens of Replicate, Cog, Claude and GitHub and what the runner gives to actions";

/// Variables that hold no secret, though a script may write their values.
const NO_SECRETS: [&str; 15] = [
    "CI", "HOME", "HOSTNAME", "LANG", "LC_ALL", "LOGNAME", "MODEL", "OLDPWD", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "TZ",
    "USER",
];

/// Gives models with two passes their key.
pub(super) fn attach(runs: &mut [ModelRun], observer: &Arc<dyn Observer>, context: &Context) {
    for run in runs.iter_mut().filter(|run| run.plan.two_pass) {
        let keeper = Keeper {
            root: run.plan.project.clone(),
            variables: context.environment.secrets(|name| !is_ours(name)),
            observer: Arc::clone(observer),
            printer: context.printer.clone(),
            changes: Mutex::default(),
        };
        run.key_files = Some(Arc::new(Blocking(Arc::new(keeper))));
    }
}

/// Whether a variable is for safe-push and the runner alone.
fn is_ours(name: &str) -> bool {
    let of_runner = ["INPUT_", "ACTIONS_", "RUNNER_", "GITHUB_"];
    TOKENS.iter().any(|token| token.is_called(name)) || of_runner.iter().any(|prefix| name.starts_with(prefix))
}

/// Knows what was written.
struct Keeper {
    root: PathBuf,
    variables: BTreeMap<String, SecretString>,
    observer: Arc<dyn Observer>,
    printer: Printer,
    changes: Mutex<Option<Changes>>,
}

impl Keeper {
    fn changes(&self) -> MutexGuard<'_, Option<Changes>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both scripts, before one of them is run.
    fn check_scripts(&self) -> Result<(), PrepareTreeError> {
        let Some(missing) = [WRITE, DELETE].into_iter().find(|path| !self.root.join(path).is_file()) else { return Ok(()) };
        Err(PrepareTreeError {
            message: format!("two passes were asked for, but there is no {missing}"),
            hint: Some(format!("{WRITE} writes the key that the tests need into a file, and {DELETE} deletes it")),
            kind: ErrorKind::Request,
        })
    }

    fn call(&self, path: &str, name: &str, cancelled: &CancellationToken) -> Result<(), PrepareTreeError> {
        let script = Script::at(&self.root, path.to_owned(), self.variables.clone(), SEES);
        script.and_then(|script| script.call(name, &|| cancelled.is_cancelled())).map_err(|error| prepare_error(&error))
    }

    fn write(&self, name: &str, cancelled: &CancellationToken) -> Result<WrittenKey, PrepareTreeError> {
        self.check_scripts()?;
        let before = Before::take(&self.root).map_err(|error| unwatched(&error, WRITE))?;
        let written = self.call(WRITE, name, cancelled);
        let changes = before.changes().map_err(|error| unwatched(&error, WRITE))?;
        let files: Vec<PathBuf> = changes.files().map(Path::to_owned).collect();
        *self.changes() = Some(changes);
        written?;
        let secret = self.variables.iter().filter(|(name, _)| !NO_SECRETS.contains(&name.as_str()));
        let variables: Vec<NamedSecret> = secret.map(|(name, value)| (name.clone(), value.clone())).collect();
        let secrets = written_secrets(&self.root, &files, &variables).map_err(|error| PrepareTreeError {
            message: format!("what {WRITE} has written cannot be read: {error}"),
            hint: Some("nobody can prove later that it is gone".to_owned()),
            kind: ErrorKind::Request,
        })?;
        if secrets.is_empty() {
            return Err(PrepareTreeError {
                message: format!("{WRITE} has written nothing into the project that looks like a key"),
                hint: Some("it has to write a value of its environment, or a word of at least 16 letters and digits".to_owned()),
                kind: ErrorKind::Request,
            });
        }
        self.printer.learn(secrets.iter().map(|(_, value)| value.expose_secret().trim().to_owned()));
        let shown: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        self.tell(name, format!("{WRITE} wrote a key for the tests: {}", shown.join(", ")));
        Ok(WrittenKey { files, secrets })
    }

    fn delete(&self, name: &str, cancelled: &CancellationToken) -> Result<(), PrepareTreeError> {
        self.call(DELETE, name, cancelled)?;
        *self.changes() = None;
        self.tell(name, format!("{DELETE} deleted the key"));
        Ok(())
    }

    fn tell(&self, name: &str, text: String) {
        self.observer.observe(Event { model: Some(name.to_owned()), kind: EventKind::Notice(text) });
    }

    fn put_back(&self) -> Vec<String> {
        self.changes().take().map(Changes::restore).unwrap_or_default()
    }
}

/// Whatever way a run ends, the key goes.
impl Drop for Keeper {
    fn drop(&mut self) {
        for told in self.put_back() {
            tracing::warn!("{told}");
        }
    }
}

/// The keeper for asynchronous callers.
struct Blocking(Arc<Keeper>);

impl Blocking {
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keeper) -> Result<T, PrepareTreeError> + Send + 'static,
    ) -> Result<T, PrepareTreeError> {
        let keeper = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || work(&keeper)).await.unwrap_or_else(|error| {
            let message = format!("the key's script could not be watched: {error}");
            Err(PrepareTreeError { message, hint: None, kind: ErrorKind::Service })
        })
    }
}

#[async_trait]
impl KeyFiles for Blocking {
    async fn write(&self, name: &str, cancelled: &CancellationToken) -> Result<WrittenKey, PrepareTreeError> {
        let (name, cancelled) = (name.to_owned(), cancelled.clone());
        self.apart(move |keeper| keeper.write(&name, &cancelled)).await
    }

    async fn delete(&self, name: &str, cancelled: &CancellationToken) -> Result<(), PrepareTreeError> {
        let (name, cancelled) = (name.to_owned(), cancelled.clone());
        self.apart(move |keeper| keeper.delete(&name, &cancelled)).await
    }

    async fn put_back(&self) -> Vec<String> {
        self.apart(|keeper| Ok(keeper.put_back())).await.unwrap_or_else(|error| vec![error.message])
    }
}
