//! What can be known before a build: configuration, lint, signature, schema and compatibility with live.
use std::path::PathBuf;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Hardware, Replicate, ReplicateError};
use crate::cog::project::Project;
use crate::domain::finding::{Finding, Location};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::plan::{InspectPlan, ModelPlan};
use crate::domain::source_map::SourceMap;
use crate::domain::verdict::Verdict;

/// The live version.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveVersion {
    /// Which.
    pub version: VersionRef,
    /// Its schema.
    pub schema: Option<Value>,
}

/// Asks for it.
pub async fn live_version(replicate: &dyn Replicate, model: &ModelRef) -> Result<Option<LiveVersion>, ReplicateError> {
    let latest = replicate.model(model).await?.and_then(|found| found.latest_version);
    Ok(latest.map(|version| LiveVersion {
        version: VersionRef { model: model.clone(), id: version.id },
        schema: version.openapi_schema,
    }))
}

/// Tools.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    /// Ruff.
    pub ruff: Option<PathBuf>,
}

/// A request.
pub struct InspectRequest<'a> {
    /// The plan.
    pub plan: &'a ModelPlan,
    /// Findings of the configuration.
    pub config_findings: &'a [Finding],
    /// The live version.
    pub live: Option<&'a LiveVersion>,
    /// Hardware.
    pub hardware: Option<&'a [Hardware]>,
    /// Tools.
    pub tools: &'a Tools,
}

/// Ruff's outcome.
#[derive(Debug, Clone, Default)]
pub struct RuffOutcome;

/// The outcome.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// The project.
    pub project: Project,
    /// Its schema.
    pub schema: Option<Value>,
    /// Places.
    pub predict_places: SourceMap,
    /// Places.
    pub train_places: SourceMap,
    /// Findings.
    pub findings: Vec<Finding>,
    /// Ignored ones.
    pub ignored: Vec<Finding>,
    /// Ruff.
    pub ruff: RuffOutcome,
}

/// Findings about a schema.
#[derive(Debug, Clone, Default)]
pub struct SchemaFindings {
    /// Findings.
    pub findings: Vec<Finding>,
    /// Ignored ones.
    pub ignored: Vec<Finding>,
}

/// An error.
#[derive(Debug, thiserror::Error)]
#[error("failed to inspect the project")]
pub struct InspectError;

impl InspectError {
    /// The way out.
    pub fn hint(&self) -> Option<String> {
        None
    }

    /// Its verdict.
    pub fn verdict(&self) -> Verdict {
        Verdict::Misconfigured
    }

    /// Where.
    pub fn location(&self) -> Option<Location> {
        None
    }
}

/// Inspects.
pub async fn inspect(request: &InspectRequest<'_>, _cancelled: &CancellationToken) -> Result<Inspected, InspectError> {
    let text = std::fs::read_to_string(request.plan.project.join("cog.yaml")).map_err(|_unread| InspectError)?;
    let config = crate::cog::config::parse(&text, "cog.yaml").config.ok_or(InspectError)?;
    let (sdk, sdk_decision) = crate::cog::sdk::choose(None, None);
    let project = Project {
        folder: request.plan.project.clone(),
        config_file: "cog.yaml".into(),
        config_text: text,
        config,
        sdk,
        sdk_decision,
        requirements: None,
    };
    let schema = serde_json::json!({
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": {},
        "components": {"schemas": {
            "Input": {"title": "Input", "type": "object", "properties": {
                "text": {"title": "Text", "type": "string", "description": "What to say", "default": "hello", "x-order": 0},
            }},
            "Output": {"title": "Output", "type": "string"},
        }},
    });
    let schema = request.plan.build.cog_version.is_none().then_some(schema);
    let mut findings = request.config_findings.to_vec();
    if let Some(schema) = &schema {
        findings.extend(inspect_schema(schema, &SourceMap::default(), request.live, &request.plan.inspect).findings);
    }
    Ok(Inspected {
        project,
        schema,
        predict_places: SourceMap::default(),
        train_places: SourceMap::default(),
        findings,
        ignored: vec![],
        ruff: RuffOutcome,
    })
}

/// Inspects a schema.
pub fn inspect_schema(schema: &Value, _places: &SourceMap, live: Option<&LiveVersion>, plan: &InspectPlan) -> SchemaFindings {
    let Some(live) = live.and_then(|live| live.schema.as_ref()) else { return SchemaFindings::default() };
    if plan.ignore_schema_compatibility {
        return SchemaFindings::default();
    }
    SchemaFindings {
        findings: crate::schema::compat::compare(
            live,
            schema,
            &SourceMap::default(),
            &crate::schema::compat::CompatOptions::default(),
        ),
        ignored: vec![],
    }
}
