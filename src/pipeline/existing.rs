//! Verify alone, against a version that exists already.

use cog_findings::text::count;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::Replicate;
use crate::domain::case::TestedOn;
use crate::domain::cleared::Blocked;
use crate::domain::events::Observer;
use crate::domain::identity::{ModelRef, VersionId, VersionRef};
use crate::domain::report::{RunReport, Stage};
use crate::inspect::live_model;
use crate::pipeline::context::RunContext;
use crate::pipeline::course::{Course, run_each};
use crate::pipeline::grace::at_once;
use crate::pipeline::inspecting::{About, check_models, checked_plan, judge};
use crate::pipeline::record::{Done, Halt, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::pipeline::verifying::drive;
use crate::pipeline::{ModelRun, RunOptions};
use crate::verify::{JudgeProof, VerifyServices};

/// A version that exists already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingVersion {
    /// Its model: any, whatever the plan names.
    pub model: ModelRef,
    /// Its id; `None` for the version pushed last.
    pub id: Option<VersionId>,
}

/// Verifies an existing version with the plan for a staged one. Nothing is built, pushed or published.
///
/// It is compared with the live version of the plan's model, unless it is that version.
pub async fn verify_existing(
    model: ModelRun,
    existing: &ExistingVersion,
    services: &VerifyServices,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    let context = RunContext::of_verification(services, options, observer, cancelled);
    run_each(&[model], &Verification { existing: Some(existing), services }, &context).await
}

/// Verifies the live version of each model with its plan: what users run may have changed without a commit.
pub async fn verify_live(
    models: Vec<ModelRun>,
    services: &VerifyServices,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    let context = RunContext::of_verification(services, options, observer, cancelled);
    run_each(&models, &Verification { existing: None, services }, &context).await
}

/// The stages of a verification alone.
struct Verification<'a> {
    /// `None` for the live version of each model.
    existing: Option<&'a ExistingVersion>,
    services: &'a VerifyServices,
}

impl Course for Verification<'_> {
    fn run<'a>(&'a self, record: &'a mut ModelRecord<'_>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let ended = self.stages(record).await;
            record.conclude(ended);
        })
    }
}

impl Verification<'_> {
    async fn stages(&self, record: &mut ModelRecord<'_>) -> Result<&'static str, Halt> {
        let live = ExistingVersion { model: record.model.plan.model.clone(), id: None };
        let existing = self.existing.unwrap_or(&live);
        let found = record.enter(LookingUp { existing, services: self.services }).await?;
        for stage in [Stage::Build, Stage::Stage] {
            record.skip(stage, "the version was there");
        }
        record.enter(VerifyingFound { found: &found, services: self.services }).await?;
        Ok("nothing is published: the version was there")
    }
}

struct FoundVersion {
    version: VersionRef,
    schema: Value,
    live: Option<VersionRef>,
    /// Whether it is the version that users run.
    on: TestedOn,
}

/// Looks the version up, in place of an inspection.
struct LookingUp<'a> {
    existing: &'a ExistingVersion,
    services: &'a VerifyServices,
}

impl StageWork for LookingUp<'_> {
    const STAGE: Stage = Stage::Inspect;
    type Value = FoundVersion;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<FoundVersion>, Stop> {
        let (model, context) = (record.model, record.context);
        let plan = &model.plan;
        check_models(plan)?;
        let replicate = self.services.replicate.as_ref();
        record.found(model.config_findings.clone());
        let asking = async {
            // Concurrently, because each request may take a while. A rejected token is reported first.
            let live = async { Ok::<_, Stop>(live_model(replicate, &plan.model).await?) };
            let (account, found, live) = tokio::join!(context.account(replicate), find(self.existing, replicate), live);
            account?;
            let (version, schema) = found?;
            let current = live?.version().map(|live| live.version);
            let on = if current.as_ref() == Some(&version) { TestedOn::Live } else { TestedOn::Test };
            Ok::<_, Stop>((version, schema, current.filter(|_| on == TestedOn::Test), on))
        };
        let (version, schema, live, on) = at_once(asking, context.cancelled).await?;
        record.report.staged = Some(version.clone());
        record.report.previous = live.clone();
        record.read_schema(Some(&schema));
        record.found(checked_plan(plan, Some(&schema), context).await?);
        // Everything checked here was written into the configuration.
        judge(&record.report.findings, |_finding| About::Plan)?;
        let note = format!("{}:{}", version.model, version.id.short());
        Ok(Done::new(FoundVersion { version, schema, live, on }, note))
    }
}

/// Verifies the version that was found.
struct VerifyingFound<'a> {
    found: &'a FoundVersion,
    services: &'a VerifyServices,
}

impl StageWork for VerifyingFound<'_> {
    const STAGE: Stage = Stage::Verify;
    type Value = ();

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<()>, Stop> {
        let FoundVersion { version, schema, live, .. } = self.found;
        drive(record, (version, self.found.on), schema, live.as_ref(), self.services, JudgeProof::AlongWithCases).await?;
        Blocked::find(&record.report.cases, &record.report.findings)?;
        Ok(Done::new((), count(record.report.cases.len(), "case")))
    }
}

/// The version and its schema.
async fn find(existing: &ExistingVersion, replicate: &dyn Replicate) -> Result<(VersionRef, Value), Stop> {
    let ExistingVersion { model, id } = existing;
    let named = async {
        match id {
            Some(id) => replicate.version(&VersionRef { model: model.clone(), id: id.clone() }).await,
            None => Ok(None),
        }
    };
    let (found, named) = tokio::join!(replicate.model(model), named);
    let Some(found) = found? else {
        return Err(Stop::misconfigured(
            format!("the model {model} does not exist, or the API token cannot see it"),
            "check the name, and that the token belongs to the account that can see it",
        ));
    };
    if found.is_official {
        return Err(Stop::misconfigured(
            format!("{model} is an official model, whose versions cannot be addressed"),
            "verify the version of the model it is published from",
        ));
    }
    let version = match id {
        None => found.latest_version,
        Some(_) => named?,
    };
    let Some(version) = version else {
        let wanted = id.as_ref().map_or_else(|| "any version".to_owned(), |id| format!("the version {id}"));
        return Err(Stop::misconfigured(
            format!("{model} does not have {wanted}"),
            format!("see https://replicate.com/{model}/versions"),
        ));
    };
    let reference = VersionRef { model: model.clone(), id: version.id };
    match version.openapi_schema {
        Some(schema) => Ok((reference, schema)),
        None => Err(Stop::misconfigured(
            format!("{reference} has no schema, so there is nothing to make inputs from"),
            "verify a version that was pushed with Cog 0.3.9 or later",
        )),
    }
}
