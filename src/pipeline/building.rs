//! The build stage: a project, or a given image, becomes an image whose schema is known.

use cog_findings::Finding;
use cog_source::image_name::image_name;
use cog_source::labels::OPENAPI_SCHEMA;
use cog_source::project::Project;
use serde_json::Value;

use crate::build::{
    BuildRequest, Built, CogCliBuild, CogCliError, Graft, NoGraft, SourceFacts, build, build_secrets, build_with_cog_cli, prepare,
};
use crate::clients::docker::{InspectImages, LostImages, TemporaryImage};
use crate::domain::cleared::BuiltImage;
use crate::domain::plan::Builder;
use crate::domain::report::Stage;
use crate::inspect::{Inspected, apply_policy, inspect_schema};
use crate::pipeline::grace::at_once;
use crate::pipeline::grafting::{self, Grafting};
use crate::pipeline::inspecting::{About, InspectedModel, checked_plan, judge};
use crate::pipeline::proof::{check_provable, prove_files, prove_image, secrets_of};
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::pipeline::{BuildServices, Goal, rules};
use crate::support::clock::Clock;

/// An image that may be staged.
pub(super) struct BuiltModel {
    pub(super) image: ModelImage,
    pub(super) schema: Value,
    /// The name of its base image, if that is known.
    pub(super) base_image: Option<String>,
}

/// Where an image is.
pub(super) enum ModelImage {
    /// In the daemon.
    Built(BuiltImage),
    /// Nowhere yet: most of its layers are in the registry.
    Grafted(Box<Graft>),
}

/// Builds a model, and checks the schema of the image.
#[derive(Clone, Copy)]
pub(super) struct Building<'a> {
    pub(super) model: &'a InspectedModel,
    /// The image's name in the daemon.
    pub(super) name: &'a str,
    pub(super) goal: Goal<'a>,
    pub(super) services: &'a BuildServices,
}

impl StageWork for Building<'_> {
    const STAGE: Stage = Stage::Build;
    type Value = BuiltModel;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<BuiltModel>, Stop> {
        let Self { model, goal, services, .. } = self;
        let plan = &record.model.plan;
        // With a key, the image that the tests use is not the one that becomes official.
        let has_official = plan.official_model.is_some() && matches!(goal, Goal::Publish(_));
        let is_official = has_official && !plan.two_pass;
        let mut secrets = match has_official {
            true => secrets_of(&services.environment, &plan.build, &model.inspected.project).await?,
            false => Vec::new(),
        };
        if has_official && !is_official {
            secrets.extend(model.key.iter().flat_map(|key| &key.secrets).cloned());
            check_provable(record, &secrets)?;
        }
        // First the files, before anything is built, and then the image, which the tests use too.
        if is_official && plan.build.image.is_none() {
            prove_files(record, &model.inspected.project, &secrets).await?;
        }
        let (built, note) = match &plan.build.image {
            Some(image) => {
                at_once(given(image, services.docker.inspect.as_ref(), record.context.clock), record.context.cancelled).await?
            }
            None => self.graft_or_build(record, is_official).await?,
        };
        if is_official && let ModelImage::Built(image) = &built.image {
            prove_image(record, image, services.docker.save.as_ref(), &secrets).await?;
        }
        check_schema(record, model, &built.schema).await?;
        Ok(Done::new(built, note))
    }
}

impl Building<'_> {
    /// Grafts if that is as good as a build. Otherwise builds, and records the reason.
    async fn graft_or_build(&self, record: &mut ModelRecord<'_>, is_official: bool) -> Result<(BuiltModel, String), Stop> {
        let Self { model, name, goal, services } = *self;
        let (plan, context) = (&record.model.plan, record.context);
        if plan.build.builder == Builder::Cog {
            let built = make(record, model, name, services).await?;
            let (note, image) = (describe(&built, goal), self.finish(built.image, Err(&NoGraft::CogCli), record).await?);
            return Ok((BuiltModel { image: ModelImage::Built(image), schema: built.schema, base_image: None }, note));
        }
        let request = prepared(record, model, name, services).await?;
        let beginning = async { Ok::<_, Stop>(Grafting::begin(plan, model, goal, &request).await) };
        let grafting = at_once(beginning, context.cancelled).await?;
        let reason = match &grafting {
            Ok(grafting) => {
                let making = async { Ok::<_, Stop>(grafting.graft(model, &request, is_official, context.clock).await) };
                match at_once(making, context.cancelled).await? {
                    Ok(graft) => {
                        grafting::remark(&graft).into_iter().for_each(|remark| record.notice(remark));
                        let note = grafting::describe(&graft);
                        let schema = graft.schema.clone();
                        return Ok((BuiltModel { image: ModelImage::Grafted(Box::new(graft)), schema, base_image: None }, note));
                    }
                    Err(reason) => reason,
                }
            }
            Err(reason) => reason.clone(),
        };
        let note = self.build(record, &request, grafting.as_ref()).await?;
        let (built, note) = note;
        Ok((built, if reason.is_news() { format!("{note}; built: {reason}") } else { note }))
    }

    async fn build(
        &self,
        record: &ModelRecord<'_>,
        request: &BuildRequest,
        grafting: Result<&Grafting<'_>, &NoGraft>,
    ) -> Result<(BuiltModel, String), Stop> {
        let context = record.context;
        let built = build(request, &self.services.docker, context.observer, context.cancelled).await?;
        let (note, image) = (describe(&built, self.goal), self.finish(built.image, grafting, record).await?);
        let base_image = Some(request.recipe.base_image.clone());
        Ok((BuiltModel { image: ModelImage::Built(image), schema: built.schema, base_image }, note))
    }

    /// Builds a model whose graft the registry did not accept.
    pub(super) async fn build_after_all(&self, record: &mut ModelRecord<'_>) -> Result<BuiltModel, Stop> {
        let request = prepared(record, self.model, self.name, self.services).await?;
        let beginning = async { Ok::<_, Stop>(Grafting::begin(&record.model.plan, self.model, self.goal, &request).await) };
        let grafting = at_once(beginning, record.context.cancelled).await?;
        Ok(self.build(record, &request, grafting.as_ref()).await?.0)
    }

    /// Adds the label that lets a later run graft on the image, if that is allowed.
    async fn finish(
        &self,
        image: BuiltImage,
        grafting: Result<&Grafting<'_>, &NoGraft>,
        record: &ModelRecord<'_>,
    ) -> Result<BuiltImage, Stop> {
        if !matches!(self.goal, Goal::Publish(_)) {
            return Ok(image);
        }
        let details = self.services.docker.inspect.inspect_image(&image.id).await?;
        Ok(grafting::labelled(image, Some(&details), grafting, record.context.clock))
    }
}

/// A name in the daemon for an image that is removed with the run.
pub(super) fn image_of_run() -> String {
    TemporaryImage::Run.name()
}

/// The name that Cog would give the image, for a build that keeps it. `one_of_several` is the model's name if other models are built too:
/// they mostly share a folder, and so Cog's name.
pub(super) fn kept_image(project: &Project, one_of_several: Option<&str>) -> String {
    let folder = project.folder.join(project.config_name());
    let folder = folder.parent().unwrap_or(&project.folder);
    let folder = std::path::absolute(folder).unwrap_or_else(|_unknown| folder.to_owned());
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

/// Builds the image of a project.
pub(super) async fn make(
    record: &mut ModelRecord<'_>,
    model: &InspectedModel,
    name: &str,
    services: &BuildServices,
) -> Result<Built, Stop> {
    let (plan, context) = (&record.model.plan, record.context);
    let docker = &services.docker;
    if plan.build.builder == Builder::Cog {
        if services.environment.cache_mounts.is_alone() {
            let message = "the code is not the repository's own, and the Cog CLI would share its caches with later builds";
            return Err(Stop::misconfigured(message, "use the builder native, which keeps them apart"));
        }
        // The Cog CLI makes its own choices; its image is checked like any other.
        let build = CogCliBuild {
            project: &plan.project,
            config: &plan.place.config_name(),
            plan: &plan.build,
            image_name: name,
            model: &plan.name,
        };
        // They are hidden in its output, and held to the same rules as for our own builds.
        let hiding = build_secrets(&plan.build, &plan.project, &services.environment);
        let _hidden = at_once(hiding, context.cancelled).await?;
        let program = &services.environment.cog_cli;
        let mut lost = LostImages::default();
        return loop {
            match build_with_cog_cli(build, program, docker.inspect.as_ref(), context.observer, context.cancelled).await {
                Err(CogCliError::Docker(error)) if lost.try_again(&error) => {}
                outcome => break Ok(outcome?),
            }
        };
    }
    let request = prepared(record, model, name, services).await?;
    Ok(build(&request, docker, context.observer, context.cancelled).await?)
}

/// Everything that is known before the daemon is called.
pub(super) async fn prepared(
    record: &mut ModelRecord<'_>,
    model: &InspectedModel,
    name: &str,
    services: &BuildServices,
) -> Result<BuildRequest, Stop> {
    let (plan, context, inspected) = (&record.model.plan, record.context, &model.inspected);
    let preparing = prepare(
        &inspected.project,
        &plan.build,
        SourceFacts { schema: inspected.schema.as_ref(), concurrency: inspected.concurrency },
        name,
        Some(&plan.name),
        services.registry.as_deref(),
        &services.environment,
    );
    let request = at_once(preparing, context.cancelled).await?;
    record_advice(record, inspected, &request.findings)?;
    Ok(request)
}

/// Reports findings about the build that the inspection did not have yet, under the repository's policy. Stops on errors.
fn record_advice(record: &mut ModelRecord<'_>, inspected: &Inspected, findings: &[Finding]) -> Result<(), Stop> {
    let is_known = |finding: &Finding| {
        let same = |known: &Finding| known.code == finding.code && known.message == finding.message;
        inspected.findings.iter().any(same) || inspected.ignored.iter().any(same)
    };
    let new = findings.iter().filter(|finding| !is_known(finding)).cloned();
    let applied = apply_policy(new.collect(), &record.model.plan.inspect);
    record.report.ignored.extend(applied.ignored);
    record.found(applied.findings.clone());
    judge(&applied.findings, |_| About::Model).map(|_counts| ())
}

fn describe(built: &Built, goal: Goal<'_>) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
    let gigabytes = built.size_bytes as f64 / 1e9;
    let size = format!("{gigabytes:.2} GB, {} steps cached", built.cached_steps);
    match goal {
        Goal::Publish(_) => size,
        Goal::Check(_) | Goal::Build(_) => format!("{}, {size}", built.image.reference),
    }
}

/// Reads the schema of an existing image from its label.
async fn given(reference: &str, images: &dyn InspectImages, clock: &dyn Clock) -> Result<(BuiltModel, String), Stop> {
    let details = images.inspect_image(reference).await?;
    let schema = details.labels.get(OPENAPI_SCHEMA).and_then(|label| serde_json::from_str::<Value>(label).ok());
    let Some(schema) = schema.filter(Value::is_object) else {
        return Err(Stop::misconfigured(
            format!("the image '{reference}' has no schema in its label {OPENAPI_SCHEMA}"),
            "use an image built by `safe-push build` or `cog build`",
        ));
    };
    // Whoever built it may have added a recipe of their own.
    let image = grafting::labelled(details.clone().into_built(reference), Some(&details), Err(&NoGraft::GivenImage), clock);
    Ok((BuiltModel { image: ModelImage::Built(image), schema, base_image: None }, format!("{reference}, already built")))
}

/// Whether two documents describe the same model. Their `info` names the Cog release that wrote them, which may differ.
pub(super) fn says_the_same(one: &Value, other: &Value) -> bool {
    let described = |document: &Value| {
        let mut document = document.clone();
        document.as_object_mut().map(|object| object.shift_remove("info"));
        document
    };
    described(one) == described(other)
}

/// Checks that the image has the inspected schema. A schema that was unknown before the build is checked now.
async fn check_schema(record: &mut ModelRecord<'_>, model: &InspectedModel, schema: &Value) -> Result<(), Stop> {
    let InspectedModel { inspected, replicate, .. } = model;
    let plan = &record.model.plan;
    let mut findings = Vec::new();
    let is_known = inspected.schema.as_ref().is_some_and(|known| says_the_same(known, schema));
    match &inspected.schema {
        Some(_) if is_known => return Ok(()),
        Some(_) if plan.build.image.is_some() => {
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
    let of_image = inspect_schema(schema, &inspected.source_maps, replicate.live.as_ref(), &plan.inspect);
    findings.extend(of_image.findings);
    record.read_schema(Some(schema));
    let planned = checked_plan(plan, Some(schema), record.context).await?;
    findings.extend(planned.clone());
    record.report.ignored.extend(of_image.ignored);
    record.found(findings.clone());
    let about = |finding: &Finding| if planned.contains(finding) { About::Plan } else { About::Model };
    judge(&findings, about).map(|_note| ())
}
