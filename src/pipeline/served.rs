//! Verify alone, against a Cog server that runs somewhere: no account, no registry, no daemon.

use std::sync::Arc;

use cog_findings::text::count;
use futures::future::BoxFuture;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::clients::cog_server::CogServer;
use crate::domain::case::TestedOn;
use crate::domain::cleared::Blocked;
use crate::domain::events::Observer;
use crate::domain::identity::VersionRef;
use crate::domain::plan::{TestHardware, TrainPlan};
use crate::domain::report::{RunReport, Stage};
use crate::pipeline::context::RunContext;
use crate::pipeline::course::{Course, run_each};
use crate::pipeline::grace::at_once;
use crate::pipeline::inspecting::{About, checked_plan, judge};
use crate::pipeline::record::{Done, Halt, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::pipeline::verifying::drive;
use crate::pipeline::{ModelRun, RunOptions};
use crate::verify::{JudgeProof, VerifyServices};

/// Verifies a Cog server with the plan for a staged version. Outputs are not compared, and nothing is trained.
pub async fn verify_server(
    mut model: ModelRun,
    server: &CogServer,
    services: &VerifyServices,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    // Replicate's prices say nothing about a machine of somebody else.
    (model.plan.test_hardware, model.plan.predict.hardware) = (None, TestHardware::default());
    let services = VerifyServices { replicate: Arc::new(server.clone()), ..services.clone() };
    let context = RunContext::of_verification(&services, options, observer, cancelled);
    run_each(&[model], &OfServer { server, services: &services }, &context).await
}

struct OfServer<'a> {
    server: &'a CogServer,
    services: &'a VerifyServices,
}

impl Course for OfServer<'_> {
    fn run<'a>(&'a self, record: &'a mut ModelRecord<'_>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let ended = self.stages(record).await;
            record.conclude(ended);
        })
    }
}

impl OfServer<'_> {
    async fn stages(&self, record: &mut ModelRecord<'_>) -> Result<&'static str, Halt> {
        let schema = record.enter(Reaching { server: self.server }).await?;
        for stage in [Stage::Build, Stage::Stage] {
            record.skip(stage, "the server runs already");
        }
        record.enter(ServerCall { schema: &schema, server: self.server, services: self.services }).await?;
        Ok("nothing is published: the server runs already")
    }
}

/// Waits for the server and reads its schema, in place of an inspection.
struct Reaching<'a> {
    server: &'a CogServer,
}

impl StageWork for Reaching<'_> {
    const STAGE: Stage = Stage::Inspect;
    type Value = Value;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<Value>, Stop> {
        let (model, context) = (record.model, record.context);
        record.found(model.config_findings.clone());
        let schema = at_once(self.server.schema(model.plan.limits.startup), context.cancelled).await?;
        if model.plan.train.as_ref().is_some_and(TrainPlan::trains) {
            record.notice("nothing is trained: a Cog server that serves predictions has no trainings");
        }
        let mut plan = model.plan.clone();
        plan.train = None;
        record.read_schema(Some(&schema));
        record.found(checked_plan(&plan, Some(&schema), context).await?);
        judge(&record.report.findings, |_finding| About::Plan)?;
        Ok(Done::new(schema, self.server.url()))
    }
}

/// Runs the predictions on the server.
struct ServerCall<'a> {
    schema: &'a Value,
    server: &'a CogServer,
    services: &'a VerifyServices,
}

impl StageWork for ServerCall<'_> {
    const STAGE: Stage = Stage::Verify;
    type Value = ();

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<()>, Stop> {
        let version = version_of(self.server, record)?;
        drive(record, (&version, TestedOn::Test), self.schema, None, self.services, JudgeProof::AlongWithCases).await?;
        Blocked::find(&record.report.cases, &record.report.findings)?;
        Ok(Done::new((), count(record.report.cases.len(), "case")))
    }
}

/// A placeholder for the version in requests. A server has no versions, and does not read it.
fn version_of(server: &CogServer, record: &ModelRecord<'_>) -> Result<VersionRef, Stop> {
    let id = hex::encode(Sha256::digest(server.url()));
    let text = format!("{}:{id}", record.model.plan.model);
    text.parse().map_err(|_impossible| Stop::misconfigured("the model's name is not valid", "name the model as OWNER/NAME"))
}
