//! `promote`: publishes a version that an earlier run tested.

use std::path::Path;

use crate::cli::arguments::PromoteArguments;
use crate::cli::commands::verify::version_reference;
use crate::cli::conclude::{conclude, options};
use crate::cli::context::Context;
use crate::cli::decision::{decided, refuse_event, refuse_to_publish};
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::prepare::model_run;
use crate::cli::promotion::promotion;
use crate::cli::services;
use crate::domain::identity::{ModelRef, VersionId, VersionRef};
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, Tested};
use crate::report::json::v1::Run;

/// Larger files are rejected.
const RUN_BYTES: u64 = 256 * 1024 * 1024;

pub(super) async fn run(arguments: PromoteArguments, context: &Context) -> Result<Verdict, Failure> {
    let PromoteArguments { version, record, settings } = arguments;
    refuse_event(context)?;
    let (test_model, Some(id)) = version_reference(&version)? else {
        return Err(Failure::request(format!("'{version}' does not name a version")).hint("name it as OWNER/NAME-test:ID"));
    };
    let (model, tested_record) = find(&context.environment.folder().join(record), &test_model, &id)?;
    let mut loaded = load::load(vec![model.clone()], settings, context).await?;
    let decided = decided(&loaded.run, false, context)?;
    let Some(wanted) = loaded.models.pop() else {
        return Err(Failure::request(format!("no configuration for {model}")));
    };
    refuse_to_publish(&decided, &wanted, "promoted")?;
    let services = services::for_promotion(&loaded.run, &wanted.plan, context).await?;
    let Some(promotion) = promotion(&loaded.run, None) else {
        return Err(Failure::request("no token for Replicate's registry is set"));
    };
    let (observer, options) = (context.observer(), options(loaded.notices));
    let version = VersionRef { model: test_model, id };
    let (model, tested) = (model_run(wanted), Tested { version: &version, record: &tested_record });
    let report = pipeline::promote(model, tested, &promotion, &services, &options, &*observer, &context.cancelled).await;
    Ok(conclude(&report, &loaded.run.settings.report_dir, context))
}

/// The live model and the record of a version in a saved run.
fn find(path: &Path, test_model: &ModelRef, id: &VersionId) -> Result<(String, String), Failure> {
    let shown = path.display();
    let wrong = |problem: String| {
        let failure = Failure::request(format!("failed to read {shown}: {problem}"));
        failure.hint("name the run.json of the run that tested it with --record")
    };
    let (folder, name) = (path.parent().unwrap_or(path), Path::new(path.file_name().unwrap_or_default()));
    let text = repository_files::read_text(folder, name, RUN_BYTES).map_err(|error| wrong(error.to_string()))?;
    let run: Run = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let version = format!("{test_model}:{id}");
    let mut models = run.models.into_iter().filter(|model| model.versions.test.as_deref() == Some(&version));
    let Some(model) = models.next() else { return Err(wrong(format!("it did not test {version}"))) };
    match model.tested_record {
        Some(record) => Ok((model.model, record)),
        None => Err(Failure::request(format!("{shown} has no record of {version}"))
            .hint("a record is left by a run that passed, published nothing, and built the model from its source")),
    }
}
