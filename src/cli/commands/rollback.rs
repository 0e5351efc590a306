//! `rollback`: an older version becomes the newest one again.

use crate::cli::arguments::RollbackArguments;
use crate::cli::conclude::{conclude, options};
use crate::cli::context::Context;
use crate::cli::decision::{decided, refuse_event, refuse_to_publish};
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::prepare::model_run;
use crate::cli::services;
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, RollbackRequest};

pub(super) async fn run(arguments: RollbackArguments, context: &Context) -> Result<Verdict, Failure> {
    let RollbackArguments { model, to, now, settings } = arguments;
    refuse_event(context)?;
    let mut loaded = load::load(vec![model.clone()], settings, context).await?;
    // A rollback is a publication: what may not publish may not do this either.
    let decided = decided(&loaded.run, false, context)?;
    let Some(wanted) = loaded.models.pop() else {
        return Err(Failure::request(format!("no configuration for {model}")));
    };
    refuse_to_publish(&decided, &wanted, "rolled back")?;
    let services = services::within_registry(&loaded.run, context).await?;
    let observer = context.observer();
    let request = RollbackRequest { to, now };
    let report =
        pipeline::roll_back(model_run(wanted), &request, &services, &options(loaded.notices), &*observer, &context.cancelled).await;
    Ok(conclude(&report, &loaded.run.settings.report_dir, context))
}
