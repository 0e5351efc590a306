//! `check`: what can be known without building. A token is used when there is one, to compare with the live version.

use crate::cli::arguments::CheckArguments;
use crate::cli::conclude::{conclude, nothing_to_do, options};
use crate::cli::context::Context;
use crate::cli::decision::decided;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::located::Located;
use crate::cli::prepare;
use crate::cli::services;
use crate::config::Tokens;
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, Goal};

pub(super) async fn run(CheckArguments { against, run: arguments }: CheckArguments, context: &Context) -> Result<Verdict, Failure> {
    let mut loaded = load::load_every(arguments.named, arguments.settings, context).await?;
    if loaded.models.is_empty() {
        return Ok(nothing_to_do(&loaded, context));
    }
    if decided(&loaded.run, false, context)?.is_foreign {
        loaded.run.tokens = Tokens::default();
    }
    let services = match against {
        Some(revision) => services::for_comparison(revision, context),
        None if arguments.sandbox => services::without_replicate(services::for_check(&loaded.run, context)?),
        None => services::for_check(&loaded.run, context)?,
    };
    let options = options(loaded.notices);
    let located = Located::of(&loaded.run, context);
    let observer = located.clone().observer(context.observer());
    let (runs, preparation) = prepare::runs(loaded.models, loaded.script.as_ref(), &loaded.run.settings.config_dir, &observer);
    let mut report = pipeline::run(runs, Goal::Check(&services), &options, &*observer, &context.cancelled).await;
    preparation.finish(&mut report);
    located.report(&mut report);
    Ok(conclude(&report, &loaded.run.settings.report_dir, context))
}
