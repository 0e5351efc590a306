//! Models that share a folder: the repository's select script prepares it for each, and its changes are put back before the next one and at
//! the end.

use std::path::PathBuf;
use std::sync::Arc;

use cog_findings::text::count;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::cli::changed_tree::{ChangedTree, apart, kind_of};
use crate::cli::failure::Failure;
use crate::clients::ErrorKind;
use crate::config::LoadedModel;
use crate::domain::events::{Event, EventKind, Observer};
use crate::domain::report::RunReport;
use crate::domain::verdict::Verdict;
use crate::pipeline::{ModelRun, PrepareTree, PrepareTreeError};
use crate::select::{Script, ScriptError};

/// How many changed files are named.
const MAX_FILES: usize = 10;

/// The folder of a run, which the select script may have changed.
#[derive(Default)]
pub(super) struct Preparation(Option<Arc<SelectScript>>);

impl Preparation {
    /// Puts the files back. Those that could not be are noted in the report.
    pub(super) fn finish(self, report: &mut RunReport) {
        report.notices.extend(self.put_back());
    }

    /// Puts the files back, and returns why some could not be.
    pub(super) fn put_back(self) -> Vec<String> {
        self.0.map(|script| script.tree.put_back()).unwrap_or_default()
    }
}

/// Converts models for the pipeline, each with the script that prepares the folder for it. The script knows models by the names of their
/// configurations; for a model without one the folder stays as it is.
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
    let script = Arc::new(SelectScript {
        script: script.clone(),
        tree: ChangedTree::new(first.plan.repository()),
        observer: Arc::clone(observer),
    });
    let prepared = |model: LoadedModel| {
        let wanted = is_known(&model);
        // A model that is an image already needs no cog.yaml.
        let file = model.plan.build.image.is_none().then(|| model.plan.place.config_file());
        let tree = wanted.then(|| Arc::new(SharedSelectScript { script: Arc::clone(&script), file }) as Arc<dyn PrepareTree>);
        ModelRun { prepare_tree: tree, ..model_run(model) }
    };
    let runs = models.into_iter().map(prepared).collect();
    (runs, Preparation(Some(script)))
}

/// Converts a loaded model for the pipeline, in a folder that is ready.
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

/// Converts a script's failure into a command's.
pub(super) fn failed(error: ScriptError) -> Failure {
    let (kind, hint) = (kind_of(&error), error.hint());
    let verdict = if kind == ErrorKind::Cancelled { Verdict::Cancelled } else { Verdict::Misconfigured };
    Failure::new(verdict, error).maybe_hint(hint)
}

/// The select script of a folder that models share.
struct SelectScript {
    script: Script,
    tree: ChangedTree,
    observer: Arc<dyn Observer>,
}

impl SelectScript {
    /// `file` is the `cog.yaml` that it has to leave.
    fn prepare(&self, name: &str, file: Option<&str>, cancelled: &CancellationToken) -> Result<(), PrepareTreeError> {
        let script = || {
            let output = self.script.prepare(name, &|| cancelled.is_cancelled())?;
            file.map_or(Ok(()), |file| self.script.check_result(name, file, &output))?;
            Ok(output)
        };
        let (output, changed) = self.tree.change(self.script.path(), script)?;
        self.show(name, &output.text);
        self.show(name, &changed_files(&changed));
        for line in output.complaints.lines().filter(|line| !line.trim().is_empty()) {
            let kind = EventKind::Notice(format!("{}: {line}", self.script.path()));
            self.observer.observe(Event { model: Some(name.to_owned()), kind });
        }
        Ok(())
    }

    /// Shows the script's output like that of a build.
    fn show(&self, name: &str, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            self.observer.observe(Event { model: Some(name.to_owned()), kind: EventKind::BuildOutput(line.to_owned()) });
        }
    }
}

/// The files that a script changed, on one line.
fn changed_files(files: &[PathBuf]) -> String {
    let shown: Vec<String> = files.iter().take(MAX_FILES).map(|path| path.display().to_string()).collect();
    let shown = shown.join(", ");
    match files.len().checked_sub(MAX_FILES) {
        _ if files.is_empty() => "the select script changed no file".to_owned(),
        Some(more @ 1..) => format!("the select script changed {shown} and {}", count(more, "other file")),
        _ => format!("the select script changed {shown}"),
    }
}

/// The select script as the pipeline calls it.
struct SharedSelectScript {
    script: Arc<SelectScript>,
    /// The `cog.yaml` that it has to leave, relative to the repository.
    file: Option<String>,
}

impl PrepareTree for SharedSelectScript {
    fn description(&self, name: &str) -> String {
        format!("{} {name}", self.script.script.path())
    }

    fn prepare<'a>(&'a self, name: &'a str, cancelled: &'a CancellationToken) -> BoxFuture<'a, Result<(), PrepareTreeError>> {
        Box::pin(async move {
            let (script, file) = (Arc::clone(&self.script), self.file.clone());
            let (name, cancelled) = (name.to_owned(), cancelled.clone());
            apart(move || script.prepare(&name, file.as_deref(), &cancelled)).await
        })
    }
}
