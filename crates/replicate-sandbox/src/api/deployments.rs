//! Deployments: `docs/reference/replicate-api.md#deployments`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse as _;
use http::StatusCode;
use serde_json::{Map, Value};

use super::account::refuse_hardware;
use super::{RouteResult, body, pages};
use crate::database::{Configuration, Database, Deployment, Release, is_name};
use crate::problem::{FieldError, Problem};
use crate::service::Service;

const MAX_MIN_INSTANCES: u64 = 5;
const MAX_MAX_INSTANCES: u64 = 20;
/// How long a deployment has to be unused before it can be deleted.
const UNUSED_FOR: Duration = Duration::from_secs(15 * 60);

type Named = Path<(String, String)>;
type Body = Result<Bytes, BytesRejection>;

pub(super) async fn create(State(service): State<Arc<Service>>, body: Body) -> RouteResult {
    let body = body::object(body)?;
    let mut errors: Vec<FieldError> = [("name", "/name"), ("model", "/model"), ("version", "/version"), ("hardware", "/hardware")]
        .into_iter()
        .filter(|(name, _)| !body.get(*name).is_some_and(Value::is_string))
        .map(|(name, pointer)| FieldError::new(pointer, format!("{name} is required")))
        .collect();
    for (name, pointer) in [("min_instances", "/min_instances"), ("max_instances", "/max_instances")] {
        if !body.contains_key(name) {
            errors.push(FieldError::new(pointer, format!("{name} is required")));
        }
    }
    if !errors.is_empty() {
        return Err(Problem::Validation(errors));
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, model) = (text("name"), text("model"));
    let mut database = service.database();
    let empty = Configuration { hardware: String::new(), min_instances: 0, max_instances: 0 };
    let mut release = Release { number: 1, model, version: String::new(), created_at: service.clock.now(), configuration: empty };
    if !is_name(&name) {
        errors.push(FieldError::new("/name", "must have only lowercase letters, numbers, dashes, underscores, or periods"));
    }
    errors.extend(service.apply(&database, &mut release, &body));
    if !errors.is_empty() {
        return Err(Problem::Validation(errors));
    }
    if database.deployments.contains_key(&name) {
        return Err(Problem::Conflict("A deployment with that name and owner already exists."));
    }
    let sequence = database.next_sequence();
    let deployment = Deployment { name: name.clone(), release, last_used: None, sequence };
    let value = service.deployment_json(&deployment);
    database.deployments.insert(name, deployment);
    Ok(Json(value).into_response())
}

pub(super) async fn update(State(service): State<Arc<Service>>, Path((owner, name)): Named, body: Body) -> RouteResult {
    let body = body::object(body)?;
    let mut database = service.database();
    let mut release = service.own_deployment(&database, &owner, &name)?.release.clone();
    let errors = service.apply(&database, &mut release, &body);
    if !errors.is_empty() {
        return Err(Problem::Validation(errors));
    }
    // Every update counts, even one that changes nothing.
    release.number += 1;
    release.created_at = service.clock.now();
    let deployment = database.deployments.get_mut(&name).ok_or(Problem::NotFound)?;
    deployment.release = release;
    Ok(Json(service.deployment_json(deployment)).into_response())
}

pub(super) async fn get(State(service): State<Arc<Service>>, Path((owner, name)): Named) -> RouteResult {
    let database = service.database();
    Ok(Json(service.deployment_json(service.own_deployment(&database, &owner, &name)?)).into_response())
}

pub(super) async fn list(State(service): State<Arc<Service>>, Query(query): Query<HashMap<String, String>>) -> RouteResult {
    let database = service.database();
    let deployments = database.deployments.values().map(|deployment| (deployment.sequence, deployment));
    pages::page(&service, "/v1/deployments", &query, deployments, |deployment| service.deployment_json(deployment))
}

pub(super) async fn delete(State(service): State<Arc<Service>>, Path((owner, name)): Named) -> RouteResult {
    let mut database = service.database();
    let deployment = service.own_deployment(&database, &owner, &name)?;
    let now = service.instant();
    let is_used = deployment.last_used.is_some_and(|used| now.saturating_duration_since(used) < UNUSED_FOR);
    if is_used || deployment.release.configuration.min_instances > 0 {
        let detail = "A deployment can be deleted when it is offline and was not used for 15 minutes.";
        return Err(Problem::BadRequest(detail.to_owned()));
    }
    database.deployments.remove(&name);
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Service {
    /// A deployment of this account. Other accounts' deployments count as missing.
    pub(super) fn own_deployment<'b>(&self, database: &'b Database, owner: &str, name: &str) -> Result<&'b Deployment, Problem> {
        database.deployments.get(name).filter(|_| owner == self.account.username).ok_or(Problem::NotFound)
    }

    /// Applies the changes in the body, and returns the rejected ones.
    fn apply(&self, database: &Database, release: &mut Release, body: &Map<String, Value>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if let Some(version) = body.get("version") {
            release.version = version.as_str().unwrap_or_default().to_owned();
            let found = database.version(&release.model, &release.version, self.instant());
            if !found.is_some_and(|(model, _)| self.can_see(model)) {
                let model = &release.model;
                errors.push(FieldError::new("/version", format!("{model} has no such version, or you may not use it")));
            }
        }
        if let Some(hardware) = body.get("hardware") {
            release.configuration.hardware = hardware.as_str().unwrap_or_default().to_owned();
            errors.extend(refuse_hardware(&release.configuration.hardware).map(|detail| FieldError::new("/hardware", detail)));
        }
        let mut count = |name: &str, pointer: &'static str, most: u64, target: &mut u64| match body
            .get(name)
            .map(|value| value.as_u64().filter(|count| *count <= most))
        {
            None => {}
            Some(Some(count)) => *target = count,
            Some(None) => errors.push(FieldError::new(pointer, format!("must be a whole number from 0 to {most}"))),
        };
        let configuration = &mut release.configuration;
        count("min_instances", "/min_instances", MAX_MIN_INSTANCES, &mut configuration.min_instances);
        count("max_instances", "/max_instances", MAX_MAX_INSTANCES, &mut configuration.max_instances);
        if errors.is_empty() && configuration.max_instances < configuration.min_instances {
            errors.push(FieldError::new("/max_instances", "must not be less than min_instances"));
        }
        errors
    }
}
