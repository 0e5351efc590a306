//! `rollback`: an older version becomes the newest one again.

use crate::cli::action::Decision;
use crate::cli::arguments::RollbackArguments;
use crate::cli::conclude::{conclude, options};
use crate::cli::context::Context;
use crate::cli::decision::{decided, refuse_event};
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::prepare::model_run;
use crate::cli::services;
use crate::domain::plan::PublishMode;
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, RollbackRequest};

pub(super) async fn run(arguments: RollbackArguments, context: &Context) -> Result<Verdict, Failure> {
    let RollbackArguments { model, to, now, settings } = arguments;
    refuse_event(context)?;
    let mut loaded = load::load(Some(model.clone()), settings, context).await?;
    // A rollback is a publication: what may not publish may not do this either.
    let decided = decided(&loaded.run, false, context)?;
    if decided.is_foreign || decided.decision != Decision::Publish {
        let reason = decided.restriction.unwrap_or_else(|| "Nothing is published: the code is somebody else's.".to_owned());
        let failure = Failure::request(format!("nothing is rolled back. {reason}"));
        return Err(failure.hint("roll back from a terminal, or in a workflow that is started by hand"));
    }
    let Some(wanted) = loaded.models.pop() else {
        return Err(Failure::request(format!("no configuration for {model}")));
    };
    if wanted.plan.publish != PublishMode::Publish {
        let failure = Failure::request(format!("nothing is rolled back: the settings of {model} publish nothing"));
        return Err(failure.hint("leave out no_push and test_only for a rollback"));
    }
    let services = services::within_registry(&loaded.run, context).await?;
    let observer = context.observer();
    let request = RollbackRequest { to, now };
    let report =
        pipeline::roll_back(model_run(wanted), &request, &services, &options(loaded.notices), &*observer, &context.cancelled).await;
    Ok(conclude(&report, &loaded.run.settings.report_dir, context))
}
