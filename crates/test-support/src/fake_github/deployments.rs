//! Deployments: creating one triggers checks and merges unless the request says otherwise, so a request that does not is a violation.

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Shared, answer, enter, refuse};

const FIELDS: [&str; 9] = [
    "ref",
    "task",
    "auto_merge",
    "required_contexts",
    "payload",
    "environment",
    "description",
    "transient_environment",
    "production_environment",
];

const STATUS_FIELDS: [&str; 7] =
    ["state", "target_url", "log_url", "description", "environment", "environment_url", "auto_inactive"];

const STATES: [&str; 7] = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];

#[derive(serde::Deserialize)]
pub(super) struct Wanted {
    environment: Option<String>,
    task: Option<String>,
    per_page: Option<usize>,
}

pub(super) async fn list(state: Shared, wanted: Query<Wanted>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, "/deployments", &headers, false).await {
        return refused;
    }
    let inner = state.lock().unwrap();
    if inner.denies_deployments {
        return refuse(StatusCode::FORBIDDEN, "Resource not accessible by integration");
    }
    let is_wanted = |found: &&Value| {
        wanted.environment.as_ref().is_none_or(|environment| found["environment"] == environment.as_str())
            && wanted.task.as_ref().is_none_or(|task| found["task"] == task.as_str())
    };
    let found = inner.deployments.iter().rev().filter(is_wanted).take(wanted.per_page.unwrap_or(30));
    answer(StatusCode::OK, false, &json!(found.cloned().collect::<Vec<_>>()))
}

pub(super) async fn create(state: Shared, headers: HeaderMap, body: Bytes) -> Response {
    let lost = match enter(&state, &Method::POST, "/deployments", &headers, true).await {
        Ok(lost) => lost,
        Err(refused) => return refused,
    };
    let mut deployment: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| deployment[name].as_str().unwrap_or_default();
    let problem = unknown(&deployment, &FIELDS)
        .or_else(|| text("ref").is_empty().then(|| "a deployment without a ref".to_owned()))
        .or_else(|| (deployment["auto_merge"] != false).then(|| "a deployment that may merge a branch".to_owned()))
        .or_else(|| (deployment["required_contexts"] != json!([])).then(|| "a deployment that waits for checks".to_owned()))
        .or_else(|| (text("environment").len() > 255).then(|| "the name of an environment is too long".to_owned()));
    let mut inner = state.lock().unwrap();
    if let Some(problem) = problem {
        inner.violations.push(problem.clone());
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, &problem);
    }
    if inner.denies_deployments {
        return refuse(StatusCode::FORBIDDEN, "Resource not accessible by integration");
    }
    deployment["id"] = json!(inner.id());
    deployment["statuses"] = json!([]);
    inner.deployments.push(deployment.clone());
    answer(StatusCode::CREATED, lost, &deployment)
}

pub(super) async fn add_status(state: Shared, Path(id): Path<u64>, headers: HeaderMap, body: Bytes) -> Response {
    let lost = match enter(&state, &Method::POST, &format!("/deployments/{id}/statuses"), &headers, true).await {
        Ok(lost) => lost,
        Err(refused) => return refused,
    };
    let status: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| status[name].as_str();
    let is_url = |name: &str| text(name).is_none_or(|url| url.starts_with("https://") || url.starts_with("http://"));
    let problem = unknown(&status, &STATUS_FIELDS)
        .or_else(|| (!STATES.contains(&text("state").unwrap_or_default())).then(|| "the state of a deployment".to_owned()))
        .or_else(|| (text("description").unwrap_or_default().chars().count() > 140).then(|| "a description is too long".to_owned()))
        .or_else(|| (!is_url("environment_url") || !is_url("log_url")).then(|| "an address of a deployment".to_owned()));
    let mut inner = state.lock().unwrap();
    if let Some(problem) = problem {
        inner.violations.push(problem.clone());
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, &problem);
    }
    match inner.deployments.iter_mut().find(|deployment| deployment["id"] == id) {
        Some(deployment) => {
            deployment["statuses"].as_array_mut().unwrap().push(status.clone());
            answer(StatusCode::CREATED, lost, &status)
        }
        None => refuse(StatusCode::NOT_FOUND, "Not Found"),
    }
}

fn unknown(value: &Value, known: &[&str]) -> Option<String> {
    let Some(object) = value.as_object() else { return Some("the body is not an object".to_owned()) };
    let field = object.keys().find(|field| !known.contains(&field.as_str()))?;
    Some(format!("{field} is not a permitted key"))
}
