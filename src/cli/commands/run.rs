//! `run`: build, stage, verify, publish.

use crate::cli::arguments::RunArguments;
use crate::cli::context::Context;
use crate::cli::execute::{conclude, execute};
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::services;
use crate::config;
use crate::domain::verdict::Verdict;
use crate::pipeline::Goal;

pub(super) async fn run(arguments: RunArguments, context: &Context) -> Result<Verdict, Failure> {
    if arguments.help_config {
        context.printer.result(config::example_configuration());
        return Ok(Verdict::Passed);
    }
    let on_sandbox = arguments.sandbox;
    let loaded = load::load(arguments.model, arguments.settings, context)?;
    let plans: Vec<_> = loaded.models.iter().map(|model| model.plan.clone()).collect();
    let connected = if on_sandbox {
        services::sandbox(&loaded.run, &plans, context).await?
    } else {
        services::replicate(&loaded.run, context).await?
    };
    let report = execute(loaded.models, &connected, Goal::Publish, context).await;
    connected.close().await;
    conclude(&report, &loaded.run.report_dir, context)
}
