//! `run`: build, stage, verify, publish.

use crate::cli::arguments::RunArguments;
use crate::cli::context::Context;
use crate::cli::execute::{conclude, execute, nothing_to_do};
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::prepare;
use crate::cli::services;
use crate::domain::verdict::Verdict;
use crate::pipeline::Goal;

pub(super) async fn run(arguments: RunArguments, context: &Context) -> Result<Verdict, Failure> {
    let on_sandbox = arguments.sandbox;
    let loaded = load::load(arguments.model, arguments.settings, context)?;
    if loaded.models.is_empty() {
        return nothing_to_do(&loaded, context);
    }
    let plans: Vec<_> = loaded.models.iter().map(|model| model.plan.clone()).collect();
    let mut connected = if on_sandbox {
        services::sandbox(&loaded.run, &plans, context).await?
    } else {
        services::replicate(&loaded.run, &plans, context).await?
    };
    connected.notices.extend(loaded.notices);
    let observer = context.observer();
    let (runs, preparation) = prepare::runs(loaded.models, loaded.script.as_ref(), &loaded.run.config_dir, &observer);
    let mut report = execute(runs, &connected, Goal::Publish, &*observer, context).await;
    connected.close().await;
    preparation.finish(&mut report);
    conclude(&report, &loaded.run.report_dir, context)
}
