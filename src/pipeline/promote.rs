//! A promotion by hand: publishes a version that an earlier run tested, if nothing has changed since.
//!
//! The project is inspected, but nothing is built and no prediction runs. Without a valid record, nothing is published.

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::domain::cleared::{Cleared, Replaced};
use crate::domain::events::Observer;
use crate::domain::identity::VersionRef;
use crate::domain::report::{RunReport, Stage};
use crate::domain::tested::TestedRecord;
use crate::domain::verdict::Verdict;
use crate::pipeline::context::RunContext;
use crate::pipeline::course::{Course, run_each};
use crate::pipeline::inspecting::{InspectedModel, Inspecting};
use crate::pipeline::promoting::{Description, take};
use crate::pipeline::record::{Done, Halt, ModelRecord, StageWork};
use crate::pipeline::republishing::{Following, Republishing};
use crate::pipeline::rollback::deployed;
use crate::pipeline::stop::Stop;
use crate::pipeline::{Goal, ModelRun, PromoteServices, Promotion, RunOptions};
use crate::verify::JudgeAbility;

/// A version that is to be published, and the record that says it was tested.
#[derive(Debug, Clone, Copy)]
pub struct Tested<'a> {
    /// As the caller named it. Only the record is sealed, so this has to be the version in it.
    pub version: &'a VersionRef,
    pub record: &'a str,
}

/// Publishes a version that was tested, and reports what happened. Never fails: errors are in the report.
pub async fn promote(
    model: ModelRun,
    tested: Tested<'_>,
    promotion: &Promotion,
    services: &PromoteServices,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    // The tests are behind it: nothing is judged.
    let judge = JudgeAbility { exists: true, sees_videos: true };
    let context = RunContext::new((judge, true), services.check.clock.as_ref(), options, observer, cancelled);
    run_each(&[model], &Promote { tested, promotion, services }, &context).await
}

struct Promote<'a> {
    tested: Tested<'a>,
    promotion: &'a Promotion,
    services: &'a PromoteServices,
}

impl Course for Promote<'_> {
    fn run<'a>(&'a self, record: &'a mut ModelRecord<'_>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let ended = self.stages(record).await;
            record.conclude(ended);
        })
    }
}

impl Promote<'_> {
    async fn stages(&self, record: &mut ModelRecord<'_>) -> Result<&'static str, Halt> {
        let publish = &self.services.publish;
        let model = record.enter(Inspecting { goal: Goal::Check(&self.services.check) }).await?;
        for stage in [Stage::Build, Stage::Stage] {
            record.skip(stage, "the version was tested before");
        }
        let Checked { cleared, deployed } = record.enter(Checking { promote: self, model: &model }).await?;
        let published = record.enter(Republishing { cleared: &cleared, services: publish }).await?;
        let Some(deployment) = &record.model.plan.deployment else { return Ok("no deployment is configured") };
        record.enter(Following { deployment, version: &published, deployed: &deployed, services: publish }).await?;
        Ok("")
    }
}

/// A version that may be published, and what the deployment runs.
struct Checked {
    cleared: Cleared,
    deployed: Replaced,
}

/// Checks the record, in place of predictions.
struct Checking<'a> {
    promote: &'a Promote<'a>,
    model: &'a InspectedModel,
}

impl StageWork for Checking<'_> {
    const STAGE: Stage = Stage::Verify;
    type Value = Checked;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<Checked>, Stop> {
        let Promote { tested, promotion, services } = *self.promote;
        refuse_other_version(tested, promotion)?;
        let description = Description { environment: &services.environment, registry: Some(services.publish.registry.as_ref()) };
        let taken = take(record, tested.record, promotion, self.model, description, &services.publish).await?;
        let cleared = taken.map_err(|reason| Stop::Blocked {
            verdict: Verdict::Failed,
            note: format!("it is not published without another test: {reason}"),
        })?;
        let deployed = deployed(record.model.plan.deployment.as_ref(), services.publish.replicate.as_ref()).await?;
        let version = cleared.staged().version.clone();
        let note = format!("{}:{} was tested before", version.model, version.id.short());
        record.report.staged = Some(version);
        Ok(Done::new(Checked { cleared, deployed }, note))
    }
}

/// The record alone would decide what is published, whatever the caller named.
fn refuse_other_version(Tested { version, record }: Tested<'_>, promotion: &Promotion) -> Result<(), Stop> {
    match TestedRecord::open(record, promotion.seal.as_ref()).map(|record| record.version()) {
        Some(sealed) if sealed != *version => Err(Stop::Blocked {
            verdict: Verdict::Misconfigured,
            note: format!(
                "{version} is not published: its record was left by a test of {sealed}. Name that version, or the run.json of the run that tested {}",
                version.id.short()
            ),
        }),
        _ => Ok(()),
    }
}
