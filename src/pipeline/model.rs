//! One model through all stages.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::timeout;

use crate::clients::docker::NameImages;
use crate::domain::cleared::Cleared;
use crate::domain::identity::VersionRef;
use crate::domain::plan::PublishMode;
use crate::domain::report::Stage;
use crate::pipeline::building::{Building, image_of_run, kept_image};
use crate::pipeline::context::RunContext;
use crate::pipeline::course::Course;
use crate::pipeline::deploying::Deploying;
use crate::pipeline::grace::{FORGET_TIME, at_once};
use crate::pipeline::inspecting::{InspectedModel, Inspecting};
use crate::pipeline::model_page;
use crate::pipeline::moved::Comparing;
use crate::pipeline::promoting::{Description, leave_record, tested_before};
use crate::pipeline::publishing::Publishing;
use crate::pipeline::record::{Done, Halt, ModelRecord, StageWork};
use crate::pipeline::republishing::{Following, Republishing};
use crate::pipeline::second_pass::FirstPass;
use crate::pipeline::staging::Staging;
use crate::pipeline::stop::Stop;
use crate::pipeline::unchanged::Fingerprint;
use crate::pipeline::verifying::Verifying;
use crate::pipeline::{Goal, Services};

/// How long the daemon may take to forget an image when nobody waits for the end.
const PATIENT_FORGET_TIME: Duration = Duration::from_secs(30);

/// The stages of a push, as far as the goal and the model's plan go.
pub(super) struct Push<'a> {
    /// How far the run goes.
    pub(super) goal: Goal<'a>,
    /// Whether other models run with this one.
    pub(super) is_one_of_several: bool,
}

impl Course for Push<'_> {
    fn run<'a>(&'a self, record: &'a mut ModelRecord<'_>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let mut images = Vec::new();
            let ended = self.stages(record, &mut images).await;
            record.conclude(ended);
            if let Goal::Publish(services) = self.goal {
                model_page::follow(record, services.publish.replicate.as_ref()).await;
            }
            if let Some(services) = self.goal.build_services() {
                for image in images {
                    forget(&image, services.docker.names.as_ref(), record.context).await;
                }
            }
            if let Some(key) = &record.model.key_files {
                for left in key.put_back().await {
                    record.notice(left);
                }
            }
        })
    }
}

impl Push<'_> {
    /// The stages in order. `Ok` holds the reason why those that were not entered were not needed; `images` gets the names that have to
    /// leave the daemon with the run.
    async fn stages(&self, record: &mut ModelRecord<'_>, images: &mut Vec<String>) -> Result<&'static str, Halt> {
        let goal = self.goal;
        let plan = &record.model.plan;
        if matches!(goal, Goal::Publish(_)) && plan.publish == PublishMode::NoOfficialModel {
            record.found(record.model.config_findings.clone());
            return Ok("no official_model is configured, so nothing is tested or pushed");
        }
        let model = record.enter(Inspecting { goal }).await?;

        let Some(build) = goal.build_services() else { return Ok("only a check was asked for") };
        let project = &model.inspected.project;
        let name = match goal {
            Goal::Publish(_) => image_of_run(),
            _ => kept_image(project, self.is_one_of_several.then_some(plan.name.as_str())),
        };
        if matches!(goal, Goal::Publish(_)) && plan.build.image.is_none() {
            images.push(name.clone());
        }
        let building = Building { model: &model, name: &name, goal, services: build };
        let fingerprint = match goal {
            Goal::Publish(services) => match Self::fingerprint(record, building, services).await {
                Ok((_, Some(live))) => return Self::unchanged(record, live, &model, services).await,
                Ok((fingerprint, None)) => fingerprint,
                Err(stop) => {
                    record.enter(Refusing(stop)).await?;
                    Fingerprint::default()
                }
            },
            Goal::Check(_) | Goal::Build(_) => Fingerprint::default(),
        };
        let description = Description { environment: &build.environment, registry: build.registry.as_deref() };
        if let (Goal::Publish(services), PublishMode::Publish, Some(promotion)) = (goal, plan.publish, &record.model.promotion) {
            match tested_before(record, promotion, &model, description, &services.publish).await {
                Ok(Some(cleared)) => return Self::promoted(record, &cleared, &model, services).await,
                Ok(None) => {}
                Err(stop) => record.enter(Refusing(stop)).await?,
            }
        }
        let built = record.enter(building).await?;

        let Goal::Publish(services) = goal else { return Ok("only a build was asked for") };
        let staged =
            record.enter(Staging { built: &built, fingerprint: &fingerprint, building, services: &services.publish }).await?;

        let verifying = Verifying {
            staged,
            schema: &built.schema,
            replicate: &model.replicate,
            services: &services.verify,
            writer: services.publish.writer.as_deref(),
        };
        let cleared = record.enter(verifying).await?;
        if let (Some(promotion), true) = (&record.model.promotion, plan.publish != PublishMode::Publish) {
            leave_record(record, promotion, &model, &cleared.live, description).await;
        }
        match plan.publish {
            PublishMode::Publish => {}
            PublishMode::NotOnThisEvent => return Ok("the event allows tests only: nothing is published"),
            PublishMode::TestOnly | PublishMode::NoOfficialModel => return Ok("test only: nothing is published"),
            PublishMode::OfficialNotAsked => {
                return Ok("nothing is published: .safe-push.yaml sets two_pass, and push_official_model is not set outside of it");
            }
        }

        let second_name = image_of_run();
        if model.key.is_some() {
            images.push(second_name.clone());
        }
        let first = FirstPass { model: &model, built: &built, second_name: &second_name };
        let published = record.enter(Publishing { cleared: &cleared, first, services }).await?;

        let Some(deployment) = &plan.deployment else { return Ok("no deployment is configured") };
        let comparing = Comparing { model: &model, schema: &built.schema };
        let compared_outputs = cleared.live.compared_outputs();
        let version = &published;
        record
            .enter(Deploying {
                plan: deployment,
                version,
                comparing,
                compared_outputs,
                services: &services.publish,
                verify: &services.verify,
            })
            .await?;
        Ok("")
    }
}

impl Push<'_> {
    /// The model's fingerprint, and the live version if it has the same one.
    async fn fingerprint(
        record: &mut ModelRecord<'_>,
        building: Building<'_>,
        services: &Services,
    ) -> Result<(Fingerprint, Option<VersionRef>), Stop> {
        let fingerprint = Fingerprint::of(record, building, services).await?;
        let asking = async { Ok::<_, Stop>(fingerprint.is_live(&record.model.plan, building.model, services).await) };
        let live = at_once(asking, record.context.cancelled).await?;
        Ok((fingerprint, live))
    }

    /// Publishes nothing, because the live version has the same fingerprint. The deployment follows it if an earlier run did not get that
    /// far.
    async fn unchanged(
        record: &mut ModelRecord<'_>,
        live: VersionRef,
        model: &InspectedModel,
        services: &Services,
    ) -> Result<&'static str, Halt> {
        let reason = format!("nothing to publish: {}:{} has this source, base image and schema", live.model, live.id.short());
        for stage in [Stage::Build, Stage::Stage, Stage::Verify, Stage::Publish] {
            record.skip(stage, &reason);
        }
        record.report.unchanged = Some(live.clone());
        let Some(deployment) = &record.model.plan.deployment else { return Ok("no deployment is configured") };
        let deployed = &model.replicate.deployed;
        record.enter(Following { deployment, version: &live, deployed, services: &services.publish }).await?;
        Ok("")
    }

    /// Publishes what an earlier run tested.
    async fn promoted(
        record: &mut ModelRecord<'_>,
        cleared: &Cleared,
        model: &InspectedModel,
        services: &Services,
    ) -> Result<&'static str, Halt> {
        let version = cleared.staged().version.clone();
        for stage in [Stage::Build, Stage::Stage, Stage::Verify] {
            record.skip(stage, &format!("tested before, as {}:{}", version.model, version.id.short()));
        }
        record.report.staged = Some(version);
        let publish = &services.publish;
        let published = record.enter(Republishing { cleared, services: publish }).await?;
        let Some(deployment) = &record.model.plan.deployment else { return Ok("no deployment is configured") };
        let deployed = &model.replicate.deployed;
        record.enter(Following { deployment, version: &published, deployed, services: publish }).await?;
        Ok("")
    }
}

/// Ends a run before the build.
struct Refusing(Stop);

impl StageWork for Refusing {
    const STAGE: Stage = Stage::Build;
    type Value = ();

    async fn run(self, _record: &mut ModelRecord<'_>) -> Result<Done<()>, Stop> {
        Err(self.0)
    }
}

/// Removes the built image's name from the daemon. Its layers stay in the build cache.
async fn forget(image: &str, names: &dyn NameImages, context: &RunContext<'_>) {
    let limit = if context.cancelled.is_cancelled() { FORGET_TIME } else { PATIENT_FORGET_TIME };
    match timeout(limit, names.remove_image(image)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, image, "failed to remove the built image from the Docker daemon"),
        Err(_elapsed) => tracing::warn!(image, "the Docker daemon did not remove the built image in time"),
    }
}
