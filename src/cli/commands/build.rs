//! `build`: the image alone, as a run would build it.

use crate::cli::arguments::RunArguments;
use crate::cli::conclude::{conclude, nothing_to_do, options};
use crate::cli::context::Context;
use crate::cli::decision::decided;
use crate::cli::failure::Failure;
use crate::cli::keys;
use crate::cli::load;
use crate::cli::prepare;
use crate::cli::services;
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, Goal};

pub(super) async fn run(arguments: RunArguments, context: &Context) -> Result<Verdict, Failure> {
    let mut loaded = load::load_to_build(arguments.named, arguments.settings, context).await?;
    loaded.notices.extend(keys::recover_from_kill(&loaded.models, context)?);
    if loaded.models.is_empty() {
        return Ok(nothing_to_do(&loaded, context));
    }
    decided(&loaded.run, false, context)?.protect(&mut loaded.run, &loaded.models)?;
    let plans: Vec<_> = loaded.models.iter().map(|model| model.plan.clone()).collect();
    let services = services::for_build(&loaded.run, &plans, arguments.sandbox, context).await?;
    let options = options(loaded.notices);
    let observer = context.observer();
    let (runs, preparation) = prepare::runs(loaded.models, loaded.script.as_ref(), &loaded.run.settings.config_dir, &observer);
    let mut report = pipeline::run(runs, Goal::Build(&services), &options, &*observer, &context.cancelled).await;
    preparation.finish(&mut report);
    Ok(conclude(&report, &loaded.run.settings.report_dir, context))
}
