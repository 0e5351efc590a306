//! Models share a folder: the repository's select script prepares it for each, and what the script changed is put back before the next one and
//! at the end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use cog_findings::text::count;
use tokio_util::sync::CancellationToken;

use crate::cli::failure::Failure;
use crate::clients::ErrorKind;
use crate::config::LoadedModel;
use crate::domain::events::{Event, EventKind, Observer};
use crate::domain::report::RunReport;
use crate::domain::verdict::Verdict;
use crate::pipeline::{ModelRun, PrepareTree, PrepareTreeError};
use crate::select::{Before, Changes, Script, ScriptError};

/// How many changed files are named.
const MOST_FILES: usize = 10;

/// What became of the folder in a run.
#[derive(Default)]
pub(super) struct Preparation(Option<Arc<Keeper>>);

impl Preparation {
    /// Puts the files back; what could not be goes into the report.
    pub(super) fn finish(self, report: &mut RunReport) {
        report.notices.extend(self.put_back());
    }

    /// Puts the files back, and tells what could not be.
    pub(super) fn put_back(self) -> Vec<String> {
        self.0.map(|keeper| keeper.finish()).unwrap_or_default()
    }
}

/// Models as the pipeline takes them, each with the script that prepares the folder for it. The script knows models by their configurations'
/// names; a model without one is taken as the folder stands.
pub(super) fn runs(
    models: Vec<LoadedModel>,
    script: Option<&Script>,
    config_dir: &str,
    observer: &Arc<dyn Observer>,
) -> (Vec<ModelRun>, Preparation) {
    let is_known = |model: &LoadedModel| {
        let file = model.plan.config_file.as_deref().and_then(|file| file.strip_prefix(config_dir));
        file.is_some_and(|rest| rest.starts_with('/'))
    };
    let Some((script, first)) = script.zip(models.iter().find(|model| is_known(model))) else {
        return (models.into_iter().map(model_run).collect(), Preparation::default());
    };
    let keeper = Arc::new(Keeper {
        script: script.clone(),
        root: first.plan.project.clone(),
        observer: Arc::clone(observer),
        state: Mutex::default(),
    });
    let prepared = |model: LoadedModel| {
        let wanted = is_known(&model);
        let tree = wanted.then(|| Arc::new(Blocking(Arc::clone(&keeper))) as Arc<dyn PrepareTree>);
        ModelRun { prepare_tree: tree, ..model_run(model) }
    };
    let runs = models.into_iter().map(prepared).collect();
    (runs, Preparation(Some(keeper)))
}

/// A loaded model as the pipeline takes it, in a folder that is ready.
pub(super) fn model_run(model: LoadedModel) -> ModelRun {
    ModelRun { config_findings: model.findings, ..ModelRun::new(model.plan) }
}

/// Prepares the folder for one model, outside of a run. The files are put back when the result goes.
pub(super) async fn prepare_alone(
    model: LoadedModel,
    script: Option<&Script>,
    config_dir: &str,
    observer: &Arc<dyn Observer>,
    cancelled: &CancellationToken,
) -> Result<(LoadedModel, Preparation), Failure> {
    let (runs, preparation) = runs(vec![model.clone()], script, config_dir, observer);
    for run in runs {
        if let Some(tree) = run.prepare_tree {
            let failed = |error: PrepareTreeError| {
                let (verdict, hint) = (error.kind.verdict(), error.hint.clone());
                Failure::new(verdict, error).maybe_hint(hint)
            };
            tree.prepare(&run.plan.name, cancelled).await.map_err(failed)?;
        }
    }
    Ok((model, preparation))
}

/// A script's failure is the request's: it stands in the repository.
pub(super) fn failed(error: ScriptError) -> Failure {
    let (kind, hint) = (kind_of(&error), error.hint());
    let verdict = if kind == ErrorKind::Cancelled { Verdict::Cancelled } else { Verdict::Misconfigured };
    Failure::new(verdict, error).maybe_hint(hint)
}

fn kind_of(error: &ScriptError) -> ErrorKind {
    match error {
        ScriptError::Cancelled { .. } => ErrorKind::Cancelled,
        _ => ErrorKind::Request,
    }
}

/// Knows what the script has changed.
struct Keeper {
    script: Script,
    root: std::path::PathBuf,
    observer: Arc<dyn Observer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    changes: Option<Changes>,
    /// What could not be put back.
    told: Vec<String>,
}

impl State {
    fn restore(&mut self) {
        let told = self.changes.take().map(Changes::restore);
        self.told.extend(told.into_iter().flatten());
    }
}

impl Keeper {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prepare(&self, name: &str, cancelled: &CancellationToken) -> Result<(), PrepareTreeError> {
        let mut state = self.state();
        state.restore();
        let before = Before::take(&self.root).map_err(|error| unwatched(&error, self.script.path()))?;
        let prepared = self.script.prepare(name, &|| cancelled.is_cancelled());
        state.changes = Some(before.changes().map_err(|error| unwatched(&error, self.script.path()))?);
        match prepared {
            Ok(output) => {
                self.tell(name, &output.text);
                self.tell(name, &state.changes.as_ref().map(changed_files).unwrap_or_default());
                Ok(())
            }
            Err(error) => {
                state.restore();
                Err(prepare_error(&error))
            }
        }
    }

    /// What the script said is shown as a build's words are.
    fn tell(&self, name: &str, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            self.observer.observe(Event { model: Some(name.to_owned()), kind: EventKind::BuildOutput(line.to_owned()) });
        }
    }

    fn finish(&self) -> Vec<String> {
        let mut state = self.state();
        state.restore();
        std::mem::take(&mut state.told)
    }
}

/// Which files a script changed, in a line.
fn changed_files(changes: &Changes) -> String {
    let files: Vec<String> = changes.files().map(|path| path.display().to_string()).collect();
    let shown = files.iter().take(MOST_FILES).cloned().collect::<Vec<_>>().join(", ");
    match files.len().checked_sub(MOST_FILES) {
        _ if files.is_empty() => "the select script changed no file".to_owned(),
        Some(more @ 1..) => format!("the select script changed {shown} and {}", count(more, "other file")),
        _ => format!("the select script changed {shown}"),
    }
}

/// Files that could not be remembered before a script changes them.
pub(super) fn unwatched(error: &std::io::Error, script: &str) -> PrepareTreeError {
    PrepareTreeError {
        message: format!("the repository's files could not be remembered, so that {script} was not run: {error}"),
        hint: Some("check the permissions of the folder".to_owned()),
        kind: ErrorKind::Request,
    }
}

/// A script's failure as the pipeline takes it.
pub(super) fn prepare_error(error: &ScriptError) -> PrepareTreeError {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    PrepareTreeError { message: format!("{error}{source}"), hint: error.hint(), kind: kind_of(error) }
}

/// Whatever way a command ends, the files go back.
impl Drop for Keeper {
    fn drop(&mut self) {
        for told in self.finish() {
            tracing::warn!("{told}");
        }
    }
}

/// The keeper for asynchronous callers. One who does not wait for the end finds the files put back all the same: whoever puts them
/// back waits for the script.
struct Blocking(Arc<Keeper>);

#[async_trait]
impl PrepareTree for Blocking {
    async fn prepare(&self, name: &str, cancelled: &CancellationToken) -> Result<(), PrepareTreeError> {
        let (keeper, name, cancelled) = (Arc::clone(&self.0), name.to_owned(), cancelled.clone());
        let done = tokio::task::spawn_blocking(move || keeper.prepare(&name, &cancelled)).await;
        done.unwrap_or_else(|error| {
            let message = format!("the select script could not be watched: {error}");
            Err(PrepareTreeError { message, hint: None, kind: ErrorKind::Service })
        })
    }
}
