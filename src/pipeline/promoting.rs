//! Test once, publish later: publishes a version that an earlier run tested, without building or running it again.
//!
//! A run that may not publish leaves a record of what it tested (`domain::tested`). A later run takes it if everything that the verdict
//! depended on is as it was; otherwise it does everything again, and says why.

use cog_findings::Finding;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::build::{BuildEnvironment, SourceFacts, prepare, source_digest};
use crate::clients::registry::Registry;
use crate::domain::cleared::{Cleared, Replaced, Verified};
use crate::domain::plan::{Builder, ModelPlan, PromoteMode};
use crate::domain::tested::{Circumstances, TestedRecord};
use crate::domain::verdict::Verdict;
use crate::pipeline::case_files::CaseFiles;
use crate::pipeline::grace::at_once;
use crate::pipeline::inspecting::InspectedModel;
use crate::pipeline::promotion::Promotion;
use crate::pipeline::record::ModelRecord;
use crate::pipeline::rules;
use crate::pipeline::stop::Stop;
use crate::publish::{PublishError, PublishServices};

/// What a build of the model needs to be described.
#[derive(Clone, Copy)]
pub(super) struct Description<'a> {
    pub(super) environment: &'a BuildEnvironment,
    pub(super) registry: Option<&'a dyn Registry>,
}

/// Leaves the record of a version that passed, for a run that publishes it later.
pub(super) async fn leave_record(
    record: &mut ModelRecord<'_>,
    promotion: &Promotion,
    model: &InspectedModel,
    cleared: &Cleared,
    description: Description<'_>,
) {
    if promotion.mode == PromoteMode::Never || !cleared.is_staged_image() {
        return;
    }
    match circumstances(record, model, description).await {
        Ok(now) => record.report.tested_record = cleared.record(now, promotion.seal.as_ref()),
        Err(reason) => tracing::debug!(reason, "the version cannot be promoted"),
    }
}

/// The version that was tested before, cleared; or `None`, with the reason among the findings.
pub(super) async fn tested_before(
    record: &mut ModelRecord<'_>,
    promotion: &Promotion,
    model: &InspectedModel,
    description: Description<'_>,
    publish: &PublishServices,
) -> Result<Option<Cleared>, Stop> {
    let Promotion { mode, records: Some(records), .. } = promotion else { return Ok(None) };
    if *mode == PromoteMode::Never {
        return Ok(None);
    }
    let cancelled = record.context.cancelled;
    let found = at_once(async { Ok::<_, Stop>(records.find(&record.model.plan.name).await) }, cancelled).await?;
    let reason = match found {
        Ok(Some(text)) => match take(record, &text, promotion, model, description, publish).await? {
            Ok(cleared) => return Ok(Some(cleared)),
            Err(reason) => reason,
        },
        Ok(None) if *mode == PromoteMode::Auto => return Ok(None),
        Ok(None) => "no pull request that tested it was merged".to_owned(),
        Err(reason) => reason,
    };
    if *mode == PromoteMode::Require {
        let note = format!("nothing is published, because promote is `require`: {reason}");
        return Err(Stop::Blocked { verdict: Verdict::Failed, note });
    }
    let message = format!("what was tested before is not published: {reason}");
    record.found(vec![Finding::new(&rules::NOT_PROMOTED, message)]);
    Ok(None)
}

/// Uses a record if it fits; otherwise returns the reason.
pub(super) async fn take(
    record: &ModelRecord<'_>,
    text: &str,
    promotion: &Promotion,
    model: &InspectedModel,
    description: Description<'_>,
    publish: &PublishServices,
) -> Result<Result<Cleared, String>, Stop> {
    let plan = &record.model.plan;
    let Some(tested) = TestedRecord::open(text, promotion.seal.as_ref()) else {
        return Ok(Err("its record was not written by a run with this CLI token".to_owned()));
    };
    let now = match circumstances(record, model, description).await {
        Ok(now) => now,
        Err(reason) => return Ok(Err(reason)),
    };
    let before = match tested.check(&now, &plan.test_model) {
        Ok(before) => before,
        Err(changed) => return Ok(Err(changed.to_string())),
    };
    let version = before.version();
    let digest = version.id.digest();
    let asking = async {
        let repository = version.model.to_string();
        publish.registry.manifest(&repository, digest.as_str()).await.map_err(PublishError::from)
    };
    let Some(manifest) = at_once(asking, record.context.cancelled).await? else {
        return Ok(Err(format!("the registry no longer has {version}")));
    };
    let cleared = Verified::by_record(&before, manifest.layers).clear(plan.model.clone(), Replaced::of(before.live()))?;
    Ok(Ok(cleared))
}

/// Everything that a verdict about the project depends on now, or why that is unknown.
async fn circumstances(
    record: &ModelRecord<'_>,
    model: &InspectedModel,
    Description { environment, registry }: Description<'_>,
) -> Result<Circumstances, String> {
    let plan = &record.model.plan;
    if plan.build.image.is_some() || plan.build.builder != Builder::Native {
        return Err("safe-push does not build it from its source".to_owned());
    }
    if plan.official_model.is_some() {
        return Err("the image of an official model is searched for secrets before it is pushed".to_owned());
    }
    let inspected = &model.inspected;
    let facts = SourceFacts { schema: inspected.schema.as_ref(), concurrency: inspected.concurrency };
    let prepared = prepare(&inspected.project, &plan.build, facts, "promotion", None, registry, environment);
    let request = prepared.await.map_err(|error| error.to_string())?;
    let digest = tokio::task::spawn_blocking(move || source_digest(&request)).await.map_err(|error| error.to_string())?;
    Ok(Circumstances {
        model: plan.model.clone(),
        tool_version: record.context.options.tool_version.clone(),
        source: digest.map_err(|error| error.to_string())?,
        configuration: configuration_digest(plan, inspected.schema.as_ref()).await?,
        live: model.replicate.live.as_ref().map(|live| live.version.id.clone()),
    })
}

/// The settings that a verdict depends on, and the files that test cases name, which may be outside the folder that is built. The text of
/// the settings depends on the version of safe-push, which a record names too.
async fn configuration_digest(plan: &ModelPlan, schema: Option<&Value>) -> Result<String, String> {
    let (root, predict, train, schema) = (plan.repository().to_owned(), plan.predict.clone(), plan.train.clone(), schema.cloned());
    let reading = move || CaseFiles::read(&root, &predict, train.as_ref(), schema.as_ref()).digest();
    let files = tokio::task::spawn_blocking(reading).await.map_err(|error| error.to_string())?;

    let inspect = &plan.inspect;
    let checks = (&inspect.ignore_schema_compatibility, &inspect.ignore, &inspect.severities);
    let build = &plan.build;
    let image = (&build.cog_version, &build.dockerfile, build.separate_weights, build.strip, build.precompile, &build.secrets);
    let text = format!("{checks:?} {image:?} {:?} {:?} {:?} {files}", plan.predict, plan.train, plan.limits);
    Ok(hex::encode(Sha256::digest(text)))
}
