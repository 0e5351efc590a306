//! `verify`: the verification alone, of a version that is already there.

use crate::cli::arguments::VerifyArguments;
use crate::cli::conclude::{conclude, options};
use crate::cli::context::Context;
use crate::cli::decision::decided;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::prepare::model_run;
use crate::cli::services;
use crate::domain::identity::{ModelRef, VersionId, split_version};
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, ExistingVersion};

pub(super) async fn run(arguments: VerifyArguments, context: &Context) -> Result<Verdict, Failure> {
    let (mut loaded, named) = match is_name(&arguments.version) {
        true => (load::load(vec![arguments.version.clone()], arguments.settings, context).await?, None),
        false => {
            let (model, version) = version_reference(&arguments.version)?;
            (load::load_for_version(model.to_string(), arguments.settings, context).await?, Some((model, version)))
        }
    };
    if decided(&loaded.run, false, context)?.is_foreign {
        let message = "nothing is verified: the inputs come from foreign code, and the token's account pays for each prediction";
        return Err(Failure::request(message).hint("run this on an event that is about the repository's own commit"));
    }
    let Some(wanted) = loaded.models.pop() else {
        return Err(Failure::request(format!("no configuration for {}", arguments.version)));
    };
    let (model, version) = named.unwrap_or_else(|| (wanted.plan.test_model.clone(), None));
    let services = services::for_verification(&loaded.run)?;
    let observer = context.observer();
    let report = pipeline::verify_existing(
        model_run(wanted),
        &ExistingVersion { model, id: version },
        &services,
        &options(loaded.notices),
        &*observer,
        &context.cancelled,
    )
    .await;
    Ok(conclude(&report, &loaded.run.settings.report_dir, context))
}

/// Whether a text is the name of a configuration.
fn is_name(text: &str) -> bool {
    !text.contains(['/', ':'])
}

pub(super) fn version_reference(text: &str) -> Result<(ModelRef, Option<VersionId>), Failure> {
    let wrong =
        |error: anyhow::Error| Failure::new(Verdict::Misconfigured, error).hint("name a version as OWNER/NAME:ID, or OWNER/NAME");
    let (model, id) = split_version(text);
    let model = model.parse().map_err(|error: crate::domain::identity::IdentityError| wrong(error.into()))?;
    let id = id.map(str::parse).transpose().map_err(|error: crate::domain::identity::IdentityError| wrong(error.into()))?;
    Ok((model, id))
}
