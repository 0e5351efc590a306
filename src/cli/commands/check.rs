//! `check`: what can be known without building. A token is used when there is one, to compare with the live version.

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
    let services = services::for_check(&loaded.run, context)?;
    let options = options(Goal::Check, Vec::new());
    let runs = loaded.models.into_iter().map(model_run).collect();
    let observer = context.observer();
    let report = pipeline::check(runs, &services, &options, &*observer, &context.cancelled).await;
    conclude(&report, &loaded.run.report_dir, context)
}
