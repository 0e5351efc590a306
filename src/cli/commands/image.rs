//! `image dockerfile`: the Dockerfile of a build, and the reasons for it.

use cog_findings::Finding;
use cog_source::recipe::{Conventions, Recipe};
use serde_json::json;

use crate::build;
use crate::cli::arguments::{DockerfileArguments, ImageCommand};
use crate::cli::build_environment::{self, Reach};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::load;
use crate::cli::prepare;
use crate::cli::printer::Format;
use crate::cli::services;
use crate::config::RunSettings;
use crate::domain::plan::ModelPlan;
use crate::domain::verdict::Verdict;
use crate::inspect::{self, with_excerpt};
use crate::report::console;
use crate::report::documents::{DecisionEntry, Dockerfile};

pub(super) async fn run(command: ImageCommand, context: &Context) -> Result<Verdict, Failure> {
    let ImageCommand::Dockerfile(arguments) = command;
    let explain = arguments.explain;
    let recipe = recipe(arguments, context).await?;
    match (context.printer.format, explain) {
        (Format::Json, _) => {
            let decisions = recipe.decisions.iter().map(|decision| DecisionEntry {
                what: decision.what.to_string(),
                chosen: decision.chosen.to_string(),
                because: decision.because.to_string(),
            });
            context.printer.json(&Dockerfile { decisions: decisions.collect(), dockerfile: recipe.dockerfile })?;
        }
        (_, true) => {
            for decision in &recipe.decisions {
                context.printer.result(&decision.to_string());
            }
        }
        (_, false) => context.printer.result(recipe.dockerfile.trim_end()),
    }
    Ok(Verdict::Passed)
}

async fn recipe(arguments: DockerfileArguments, context: &Context) -> Result<Recipe, Failure> {
    let conventions = if arguments.cog_exact { Conventions::CogCli } else { Conventions::Corrected };
    let loaded = load::load_to_build(arguments.model.into_iter().collect(), arguments.settings, context).await?;
    let number = loaded.models.len();
    let model = match loaded.models.into_iter().next() {
        Some(model) if number == 1 => model,
        Some(_) => return Err(Failure::request(format!("{number} models have a Dockerfile each")).hint("choose one with --models")),
        None => return Err(Failure::request("no model has changed").hint("choose one with --models")),
    };
    let (script, run) = (loaded.script.as_ref(), &loaded.run);
    let (model, preparation) =
        prepare::prepare_alone(model, script, &run.settings.config_dir, &context.observer(), &context.cancelled).await?;
    let recipe = recipe_of(&model.plan, conventions, run, context).await;
    for problem in preparation.put_back() {
        context.printer.say(&problem);
    }
    recipe
}

async fn recipe_of(plan: &ModelPlan, conventions: Conventions, run: &RunSettings, context: &Context) -> Result<Recipe, Failure> {
    let (project, mut findings) = inspect::load_project(&plan.project, &plan.place, plan.build.cog_version.as_deref()).await?;
    if !findings.iter().any(Finding::is_error) {
        findings.extend(inspect::build_findings(&project, &plan.build));
    }
    if findings.iter().any(Finding::is_error) {
        return Err(Failure { findings: shown(findings, plan), ..Failure::request("no build would take this project") });
    }
    let collected = build_environment::collect(
        &context.environment,
        &context.launcher,
        [plan],
        &plan.project,
        &run.settings.replicate_registry,
        Reach::Published,
        context.printer.redactor(),
    )?;
    let environment = build::BuildEnvironment { conventions, ..collected };
    // The schema changes nothing about the Dockerfile.
    let schema = json!({});
    let source = build::SourceFacts { schema: Some(&schema), concurrency: None };
    let registry = services::base_registry(run, context)?;
    let request = build::prepare(&project, &plan.build, source, "image:latest", None, Some(&*registry), &environment).await;
    let request = request.map_err(|error| {
        let (hint, findings) = (error.hint(), error.findings().to_vec());
        Failure { findings, ..Failure::new(error.kind().verdict(), error).maybe_hint(hint) }
    })?;
    for finding in shown(findings.into_iter().chain(request.findings).collect(), plan) {
        context.printer.say(&console::finding(&finding, context.printer.progress_style()));
    }
    Ok(request.recipe)
}

/// Findings with their lines, each once.
fn shown(findings: Vec<Finding>, plan: &ModelPlan) -> Vec<Finding> {
    let mut once: Vec<Finding> = Vec::new();
    for finding in findings {
        if !once.iter().any(|known| (&known.code, &known.message) == (&finding.code, &finding.message)) {
            once.push(with_excerpt(finding, plan.repository()));
        }
    }
    once
}
