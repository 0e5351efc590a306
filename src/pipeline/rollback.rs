//! A rollback: an older version of a live model becomes its newest one again.
//!
//! Nothing is built. The schemas are compared backwards, since callers may use by now what the older version lacks. Then a copy on the test
//! model answers one prediction, unless there is no time for that: what may be published then is [`LiveBefore`], and nothing else. The
//! deployment follows.

use cog_findings::text::count;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Replicate, Version};
use crate::domain::case::{Expectation, TestCase, TestedOn};
use crate::domain::cleared::{Cleared, LiveBefore, Replaced, Staged, Verified};
use crate::domain::events::Observer;
use crate::domain::identity::{ImageDigest, VersionId, VersionRef};
use crate::domain::plan::{Comparison, DeploymentPlan, FuzzPlan, ModelPlan, VerifyPlan};
use crate::domain::report::{RunReport, Stage};
use crate::inspect::{PolicyFindings, SourceMaps, compare_with};
use crate::pipeline::context::RunContext;
use crate::pipeline::course::{Course, run_each};
use crate::pipeline::grace::at_once;
use crate::pipeline::inspecting::check_models;
use crate::pipeline::record::{Done, Halt, ModelRecord, StageWork};
use crate::pipeline::republishing::{Following, Republishing};
use crate::pipeline::stop::Stop;
use crate::pipeline::verifying::drive;
use crate::pipeline::{ModelRun, RegistryServices, RunOptions};
use crate::publish::{PublishError, ReadyRequest, RestageRequest, check_ready, check_rights, restage};
use crate::verify::{JudgeAbility, JudgeProof, check_plan};

/// The fewest digits that count as part of an id.
const LEAST_DIGITS: usize = 6;

/// What to roll back to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RollbackRequest {
    /// The version's id or its first digits, with or without the model in front of it. `None` for the one before the newest.
    pub to: Option<String>,
    /// Publish at once, without a test prediction.
    pub now: bool,
}

/// Makes an older version of the plan's model the newest one again, and reports what happened. Never fails: errors are in the report.
pub async fn roll_back(
    model: ModelRun,
    request: &RollbackRequest,
    services: &RegistryServices,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    let context = RunContext::of_verification(&services.verify, options, observer, cancelled);
    run_each(&[model], &Rollback { request, services }, &context).await
}

struct Rollback<'a> {
    request: &'a RollbackRequest,
    services: &'a RegistryServices,
}

impl Course for Rollback<'_> {
    fn run<'a>(&'a self, record: &'a mut ModelRecord<'_>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let ended = self.stages(record).await;
            record.conclude(ended);
        })
    }
}

impl Rollback<'_> {
    async fn stages(&self, record: &mut ModelRecord<'_>) -> Result<&'static str, Halt> {
        let Self { request, services } = *self;
        let plan = &record.model.plan;
        let found = record.enter(LookingBack { request, services }).await?;
        record.skip(Stage::Build, "the version exists");
        let deployed = found.deployed.clone();
        let cleared = if request.now {
            for stage in [Stage::Stage, Stage::Verify] {
                record.skip(stage, "the version was live before, and --now was given");
            }
            found.cleared
        } else {
            let staged = record.enter(Restaging { version: &found.version, services }).await?;
            record.enter(TrialPrediction { staged, found: &found, services }).await?
        };
        // A version that appears in the meantime may be the fix.
        let publish = &services.publish;
        let published = record.enter(Republishing { cleared: &cleared, services: publish }).await?;
        let Some(deployment) = &plan.deployment else { return Ok("no deployment is configured") };
        record.enter(Following { deployment, version: &published, deployed: &deployed, services: publish }).await?;
        Ok("")
    }
}

/// An older version that may be live again, as far as its schema goes.
struct Found {
    version: VersionRef,
    schema: Option<Value>,
    /// The version that it replaces.
    replaces: Replaced,
    /// Its right to be published without a prediction.
    cleared: Cleared,
    /// What the deployment runs.
    deployed: Replaced,
}

/// Looks up the model and the version, and compares the schemas.
struct LookingBack<'a> {
    request: &'a RollbackRequest,
    services: &'a RegistryServices,
}

impl StageWork for LookingBack<'_> {
    const STAGE: Stage = Stage::Inspect;
    type Value = Found;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<Found>, Stop> {
        let (model, context) = (record.model, record.context);
        let plan = &model.plan;
        check_models(plan)?;
        record.found(model.config_findings.clone());
        let (versions, target, deployed, layers) = at_once(self.look_up(plan, context), context.cancelled).await?;
        let ids: Vec<VersionId> = versions.iter().map(|version| version.id.clone()).collect();
        let Some(before) = LiveBefore::find(&plan.model, &ids, &target.id, layers) else {
            return Err(Stop::misconfigured(
                format!("{}:{} is the newest version already", plan.model, target.id.short()),
                "name an older one with --to",
            ));
        };
        let version = before.version().clone();
        record.report.previous = ids.first().map(|id| VersionRef { model: plan.model.clone(), id: id.clone() });
        let newest = versions.first().and_then(|newest| newest.openapi_schema.as_ref());
        let compared = match (newest, target.openapi_schema.as_ref()) {
            (Some(now), Some(then)) => compare_with(now, then, &SourceMaps::default(), &plan.inspect),
            _ => {
                record.notice("one of the two versions has no schema, so the schemas were not compared");
                PolicyFindings::default()
            }
        };
        record.report.ignored.extend(compared.ignored);
        record.found(compared.findings.clone());
        if let Some(official) = &plan.official_model {
            record.notice(format!("{official} is not rolled back: the versions of official models are not listed"));
        }
        let replaces = before.replaces();
        let cleared = before.clear(&compared.findings).inspect_err(|_blocked| {
            record.notice(
                "callers may use by now what the older version does not have; --ignore-schema-compatibility rolls back anyway",
            );
        })?;
        let note = format!("from {} back to {}", ids.first().map_or("nothing", VersionId::short), version.id.short());
        Ok(Done::new(Found { version, schema: target.openapi_schema, replaces, cleared, deployed }, note))
    }
}

impl LookingBack<'_> {
    /// The versions newest first, the one to go back to, what the deployment runs, and the version's layers.
    async fn look_up(
        &self,
        plan: &ModelPlan,
        context: &RunContext<'_>,
    ) -> Result<(Vec<Version>, Version, Replaced, Vec<ImageDigest>), Stop> {
        let publish = &self.services.publish;
        let replicate = publish.replicate.as_ref();
        let account = context.account(replicate).await?;
        let Some(live) = replicate.model(&plan.model).await? else {
            return Err(PublishError::NoLiveModel { model: plan.model.clone() }.into());
        };
        if live.is_official {
            return Err(Stop::misconfigured(
                format!("{} is an official model, whose versions are not listed", plan.model),
                "roll the model back that it is published from, and publish that",
            ));
        }
        let versions = replicate.versions(&plan.model).await?;
        let target = choose(plan, &versions, self.request.to.as_deref())?;
        let deployed = if self.request.now {
            deployed(plan.deployment.as_ref(), replicate).await?
        } else {
            let request = ReadyRequest {
                account,
                test_model: &plan.test_model,
                test_hardware: plan.test_hardware.as_deref(),
                may_be_public: plan.allow.public_test_model,
                destination: None,
                live: None,
                deployment: plan.deployment.as_ref(),
            };
            check_ready(&request, replicate).await?.deployed
        };
        if let Some(writer) = publish.writer.as_deref() {
            check_rights(&[&plan.model], writer).await?;
        }
        let digest = target.id.digest();
        let stored = publish.registry.manifest(&plan.model.to_string(), digest.as_str()).await.map_err(PublishError::from)?;
        let Some(manifest) = stored else {
            return Err(Stop::misconfigured(
                format!("the registry no longer has the version {}:{}", plan.model, target.id),
                "name another version with --to, or check its commit out and publish that",
            ));
        };
        Ok((versions, target, deployed, manifest.layers))
    }
}

/// What the deployment runs, if there is one.
pub(super) async fn deployed(plan: Option<&DeploymentPlan>, replicate: &dyn Replicate) -> Result<Replaced, Stop> {
    let Some(plan) = plan else { return Ok(Replaced::Nothing) };
    let found = replicate.deployment(&plan.owner, &plan.name).await?;
    Ok(Replaced::of(found.and_then(|found| found.version).map(|version| version.id).as_ref()))
}

/// The version to go back to.
fn choose(plan: &ModelPlan, versions: &[Version], to: Option<&str>) -> Result<Version, Stop> {
    let model = &plan.model;
    let pages = format!("see https://replicate.com/{model}/versions");
    let Some(to) = to else {
        let [_, before, ..] = versions else {
            let problem = format!("{model} has {}, so there is nothing to go back to", count(versions.len(), "version"));
            return Err(Stop::misconfigured(problem, pages));
        };
        return Ok(before.clone());
    };
    let id = match to.rsplit_once(':') {
        Some((named, id)) if named.eq_ignore_ascii_case(&model.to_string()) => id,
        Some(_) => return Err(Stop::misconfigured(format!("'{to}' is not a version of {model}"), pages)),
        None => to,
    };
    let is_id = id.len() >= LEAST_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_id {
        let problem =
            format!("'{id}' is not a version id: expected its 64 hexadecimal digits, or at least the first {LEAST_DIGITS}");
        return Err(Stop::misconfigured(problem, pages));
    }
    let id = id.to_ascii_lowercase();
    let mut matching = versions.iter().filter(|version| version.id.as_str().starts_with(&id));
    match (matching.next(), matching.next()) {
        (Some(version), None) => Ok(version.clone()),
        (Some(_), Some(_)) => Err(Stop::misconfigured(format!("several versions of {model} start with {id}"), pages)),
        (None, _) => Err(Stop::misconfigured(format!("{model} does not have the version {id}"), pages)),
    }
}

/// Copies the version to the test model.
struct Restaging<'a> {
    version: &'a VersionRef,
    services: &'a RegistryServices,
}

impl StageWork for Restaging<'_> {
    const STAGE: Stage = Stage::Stage;
    type Value = Staged;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<Staged>, Stop> {
        let (plan, context) = (&record.model.plan, record.context);
        let request = RestageRequest {
            name: &plan.name,
            version: self.version,
            model: &plan.test_model,
            hardware: plan.test_hardware.as_deref(),
            may_be_public: plan.allow.public_test_model,
        };
        let staged = restage(&request, &self.services.publish, context.observer, context.cancelled).await;
        record.staged(&plan.test_model, staged)
    }
}

/// Runs one prediction on the copy.
struct TrialPrediction<'a> {
    staged: Staged,
    found: &'a Found,
    services: &'a RegistryServices,
}

impl StageWork for TrialPrediction<'_> {
    const STAGE: Stage = Stage::Verify;
    type Value = Cleared;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<Cleared>, Stop> {
        let Self { staged, found, services } = self;
        let Some(schema) = &found.schema else {
            return Err(Stop::misconfigured(
                format!("{} has no schema, so there is nothing to make an input from", found.version),
                "roll back without a prediction: --now",
            ));
        };
        let plan = &record.model.plan;
        let predict = trial(&plan.predict, schema, record.context.judge);
        // The plan was written for the newest source. The older version has to answer, no more.
        let run = ModelRun { plan: ModelPlan { predict, train: None, ..plan.clone() }, ..ModelRun::new(plan.clone()) };
        let mut trying = ModelRecord { model: &run, report: record.report.clone(), ..*record };
        let driven = drive(&mut trying, (&staged.version, TestedOn::Test), schema, None, &services.verify, JudgeProof::Done).await;
        record.report = trying.report;
        driven?;
        let verified = Verified::new(staged, record.report.cases.clone(), record.report.findings.clone());
        let cleared = verified.clear(record.model.plan.model.clone(), found.replaces.clone())?;
        Ok(Done::new(cleared, count(record.report.cases.len(), "case")))
    }
}

/// One prediction: the first test case whose inputs the older version takes, or generated inputs. It has to succeed, whatever the case
/// expects.
fn trial(plan: &VerifyPlan, schema: &Value, judge: JudgeAbility) -> VerifyPlan {
    let bare = VerifyPlan { cases: Vec::new(), compare: Comparison::Off, fuzz: None, fail_fast: true, ..plan.clone() };
    let takes = |case: &TestCase| {
        let alone = VerifyPlan { cases: vec![case.clone()], ..bare.clone() };
        check_plan(&alone, None, Some(schema), judge).iter().all(|finding| !finding.is_error())
    };
    let runs = |case: &&TestCase| !case.expectation.expects_error() && case.left_out(TestedOn::Test).is_none();
    let succeeding = plan.cases.iter().filter(runs);
    let case = succeeding.map(|case| TestCase { expectation: Expectation::Succeeds, ..case.clone() }).find(takes);
    let generated = || FuzzPlan { iterations: 1, prompt: None, ..FuzzPlan::default() };
    VerifyPlan { fuzz: case.is_none().then(generated), cases: case.into_iter().collect(), ..bare }
}
