//! The build stage: the project, or an image that is given, becomes an image whose schema is known.

use cog_findings::Finding;
use cog_source::image_name::image_name;
use cog_source::labels::OPENAPI_SCHEMA;
use cog_source::project::Project;
use serde_json::Value;
use uuid::Uuid;

use crate::build::{BuildEnvironment, Built, OfficialBuild, SourceFacts, build, build_officially, prepare};
use crate::clients::docker::Docker;
use crate::clients::registry::Registry;
use crate::domain::cleared::BuiltImage;
use crate::domain::plan::Builder;
use crate::inspect::{Inspected, apply_policy, inspect_schema};
use crate::pipeline::context::RunContext;
use crate::pipeline::grace::at_once;
use crate::pipeline::inspecting::{About, InspectedModel, has_judge, judge};
use crate::pipeline::proof::{prove_files, prove_image, secrets_of};
use crate::pipeline::state::{Done, ModelState};
use crate::pipeline::stop::Stop;
use crate::pipeline::{Goal, ModelRun, rules};
use crate::verify::check_plan;

/// An image that may be staged.
pub(super) struct BuiltModel {
    /// The image.
    pub(super) image: BuiltImage,
    /// Its schema.
    pub(super) schema: Value,
}

/// What a build needs of the services.
#[derive(Clone, Copy)]
pub(super) struct ImageServices<'a> {
    pub(super) docker: &'a dyn Docker,
    pub(super) registry: Option<&'a dyn Registry>,
    pub(super) environment: &'a BuildEnvironment,
}

/// Builds a model, and looks at the schema of what was built. `name` is what the image is called in the daemon.
pub(super) async fn run(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    model: &InspectedModel,
    name: &str,
    services: ImageServices<'_>,
    context: &RunContext<'_>,
) -> Result<Done<BuiltModel>, Stop> {
    let plan = &run.plan;
    // With a key, what the tests use is not what becomes official.
    let secrets = secrets_of(services.environment);
    let is_official = plan.official_model.is_some() && !plan.two_pass && context.options.goal == Goal::Publish;
    // Before anything is built where that is possible, and then of what was built, for the tests use the same image.
    if is_official && plan.build.image.is_none() {
        prove_files(state, &model.inspected.project, plan, &secrets, context).await?;
    }
    let (built, note) = match &plan.build.image {
        Some(image) => at_once(given(image, services.docker), context.cancelled).await?,
        None => make(state, run, model, name, services, context).await?,
    };
    if is_official {
        prove_image(state, &built.image, services.docker, &secrets, context).await?;
    }
    check_schema(state, run, model, &built.schema, context)?;
    Ok(Done::new(built, note))
}

/// The image's name in the daemon: for a build alone the one that Cog would give it, else one that goes with the run. `one_of_several`
/// is the model's name where others are built with it: they mostly share a folder, and with it Cog's name.
pub(super) fn name_of(project: &Project, goal: Goal, one_of_several: Option<&str>) -> String {
    if goal == Goal::Publish {
        return format!("safe-push-run:{}", Uuid::new_v4().simple());
    }
    let folder = std::path::absolute(&project.folder).unwrap_or_else(|_unknown| project.folder.clone());
    let config = &project.config;
    let image = config.image.as_ref().map(|image| image.value.as_str());
    let model = config.model.as_ref().map(|model| model.value.as_str());
    let name = image_name(None, image, model, &folder.to_string_lossy());
    // A ':' before a '/' is a port.
    let is_tagged = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    match (one_of_several, is_tagged) {
        (None, true) => name,
        (None, false) => format!("{name}:latest"),
        (Some(model), true) => format!("{name}-{model}"),
        (Some(model), false) => format!("{name}:{model}"),
    }
}

/// Makes an image of a project.
pub(super) async fn make(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    model: &InspectedModel,
    name: &str,
    services: ImageServices<'_>,
    context: &RunContext<'_>,
) -> Result<(BuiltModel, String), Stop> {
    if run.plan.build.builder == Builder::Cog {
        return make_officially(run, name, services, context).await;
    }
    let inspected = &model.inspected;
    let preparing = prepare(
        &inspected.project,
        &run.plan.build,
        SourceFacts { schema: inspected.schema.as_ref(), concurrency: inspected.concurrency },
        name,
        Some(&run.plan.name),
        services.registry,
        services.environment,
    );
    let request = at_once(preparing, context.cancelled).await?;
    tell_advice(state, run, inspected, &request.findings);
    let built = build(&request, services.docker, context.observer, context.cancelled).await?;
    let note = describe(&built, context.options.goal);
    Ok((BuiltModel { image: built.image, schema: built.schema }, note))
}

/// The same by the official program. What it does is its own business; its image is looked at as any other.
async fn make_officially(
    run: &ModelRun,
    name: &str,
    services: ImageServices<'_>,
    context: &RunContext<'_>,
) -> Result<(BuiltModel, String), Stop> {
    let plan = &run.plan;
    let build = OfficialBuild { project: &plan.project, plan: &plan.build, image_name: name, model: &plan.name };
    let program = &services.environment.official;
    let built = build_officially(build, program, services.docker, context.observer, context.cancelled).await?;
    let note = describe(&built, context.options.goal);
    Ok((BuiltModel { image: built.image, schema: built.schema }, note))
}

/// Findings about the build that the inspection did not have yet, under the repository's policy.
fn tell_advice(state: &mut ModelState<'_>, run: &ModelRun, inspected: &Inspected, findings: &[Finding]) {
    let is_known = |finding: &Finding| {
        let same = |known: &Finding| known.code == finding.code && known.message == finding.message;
        inspected.findings.iter().any(same) || inspected.ignored.iter().any(same)
    };
    let new = findings.iter().filter(|finding| !is_known(finding)).cloned();
    let applied = apply_policy(new.collect(), &run.plan.inspect);
    state.report.ignored.extend(applied.ignored);
    state.found(applied.findings);
}

fn describe(built: &Built, goal: Goal) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
    let gigabytes = built.size_bytes as f64 / 1e9;
    let size = format!("{gigabytes:.2} GB, {} steps cached", built.cached_steps);
    match goal {
        Goal::Publish => size,
        Goal::Check | Goal::Build => format!("{}, {size}", built.image.reference),
    }
}

/// An image that is already built tells its schema by a label.
async fn given(image: &str, docker: &dyn Docker) -> Result<(BuiltModel, String), Stop> {
    let details = docker.inspect_image(image).await?;
    let schema = details.labels.get(OPENAPI_SCHEMA).and_then(|label| serde_json::from_str::<Value>(label).ok());
    let Some(schema) = schema.filter(Value::is_object) else {
        return Err(Stop::misconfigured(
            format!("the image '{image}' has no schema in its label {OPENAPI_SCHEMA}"),
            "give an image that `safe-push build` or `cog build` made",
        ));
    };
    Ok((BuiltModel { image: details.into_built(image), schema }, format!("{image}, already built")))
}

/// Whether two documents describe the same model. Their `info` names the program that made them, which may be another release of cog.
pub(super) fn says_the_same(one: &Value, other: &Value) -> bool {
    let described = |document: &Value| {
        let mut document = document.clone();
        document.as_object_mut().map(|object| object.shift_remove("info"));
        document
    };
    described(one) == described(other)
}

/// What was found before the build has to be true of the image too; what was not known then is looked at now.
fn check_schema(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    model: &InspectedModel,
    schema: &Value,
    context: &RunContext<'_>,
) -> Result<(), Stop> {
    let InspectedModel { inspected, known, .. } = model;
    let mut findings = Vec::new();
    let is_known = inspected.schema.as_ref().is_some_and(|known| says_the_same(known, schema));
    match &inspected.schema {
        Some(_) if is_known => return Ok(()),
        Some(_) if run.plan.build.image.is_some() => {
            let message = "the image's schema is not that of the project's source";
            findings.push(Finding::new(&rules::IMAGE_SCHEMA_DIFFERS, message).hint("build the image from this source"));
        }
        Some(_) => {
            let message = "the built image's schema is not the one that was inspected";
            findings.push(
                Finding::new(&rules::SCHEMA_NOT_AS_INSPECTED, message)
                    .hint("no build step may change the predictor; if none does, this is a bug in safe-push"),
            );
        }
        None => {}
    }
    let of_image = inspect_schema(schema, &inspected.source_maps, known.live.as_ref(), &run.plan.inspect);
    findings.extend(of_image.findings);
    let planned = check_plan(&run.plan.predict, run.plan.train.as_ref(), Some(schema), has_judge(context));
    findings.extend(planned.clone());
    state.report.ignored.extend(of_image.ignored);
    state.found(findings.clone());
    let about = |finding: &Finding| if planned.contains(finding) { About::Plan } else { About::Model };
    judge(&findings, about).map(|_note| ())
}
