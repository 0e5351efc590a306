//! `build`: the image alone, as a run would build it.

use crate::cli::arguments::RunArguments;
use crate::cli::context::Context;
use crate::cli::execute::{conclude, model_run, options};
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::services;
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, Goal};

pub(super) async fn run(arguments: RunArguments, context: &Context) -> Result<Verdict, Failure> {
    let loaded = load::load(arguments.model, arguments.settings, context)?;
    let plans: Vec<_> = loaded.models.iter().map(|model| model.plan.clone()).collect();
    let services = services::for_build(&loaded.run, &plans, context).await?;
    let runs = loaded.models.into_iter().map(model_run).collect();
    let observer = context.observer();
    let report = pipeline::build_only(runs, &services, &options(Goal::Build, Vec::new()), &*observer, &context.cancelled).await;
    conclude(&report, &loaded.run.report_dir, context)
}
