//! Predictions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::create::{JobRequest, Shape, check_input, take_input};
use super::{RouteResult, body, pages};
use crate::database::Status;
use crate::job_kind::JobKind;
use crate::problem::{FieldError, Problem};
use crate::service::Service;

type Body = Result<Bytes, BytesRejection>;

pub(super) async fn create(State(service): State<Arc<Service>>, headers: HeaderMap, body: Body) -> RouteResult {
    let preferences = Preferences::read(&headers)?;
    let mut body = body::object(body)?;
    let input = take_input(&mut body, Shape::Versioned)?;
    let named = body.get("version").and_then(Value::as_str).unwrap_or_default();
    let job = {
        let mut database = service.database();
        let (model, version) = service.named_version(&database, named)?;
        let (model, version) = (model.full_name(), version.clone());
        check_input(&version, JobKind::Prediction, &input)?;
        service.new_job(&mut database, &model, &version, preferences.request(input, None))?
    };
    service.answer_created(service.begin(job), &preferences).await
}

/// Only for official models. Others answer 404, although `GET` finds them: `docs/reference/replicate-api.md#creating-predictions`.
pub(super) async fn create_on_model(
    State(service): State<Arc<Service>>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> RouteResult {
    let preferences = Preferences::read(&headers)?;
    let mut body = body::object(body)?;
    let input = take_input(&mut body, Shape::Unversioned)?;
    let job = {
        let mut database = service.database();
        let model = service.visible_model(&database, &owner, &name)?;
        let latest = model.visible(service.instant()).next_back().filter(|_| model.is_official);
        let version = latest.cloned().ok_or(Problem::NotFound)?;
        check_input(&version, JobKind::Prediction, &input)?;
        service.new_job(&mut database, &format!("{owner}/{name}"), &version, preferences.request(input, None))?
    };
    service.answer_created(service.begin(job), &preferences).await
}

pub(super) async fn create_on_deployment(
    State(service): State<Arc<Service>>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> RouteResult {
    let preferences = Preferences::read(&headers)?;
    let mut body = body::object(body)?;
    let input = take_input(&mut body, Shape::Unversioned)?;
    let job = {
        let mut database = service.database();
        let now = service.instant();
        let release = service.own_deployment(&database, &owner, &name)?.release.clone();
        let version = database.version(&release.model, &release.version, now).map(|(_, version)| version.clone());
        let version = version.ok_or(Problem::Version)?;
        check_input(&version, JobKind::Prediction, &input)?;
        if let Some(deployment) = database.deployments.get_mut(&name) {
            deployment.last_used = Some(now);
        }
        service.new_job(&mut database, &release.model, &version, preferences.request(input, Some(format!("{owner}/{name}"))))?
    };
    service.answer_created(service.begin(job), &preferences).await
}

/// The preferences in the headers of a creation.
struct Preferences {
    wait_seconds: Option<u64>,
    lifetime: Option<Duration>,
}

impl Preferences {
    fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self { wait_seconds: body::requested_wait(headers)?, lifetime: body::lifetime(headers)? })
    }

    fn request(&self, input: Map<String, Value>, deployment: Option<String>) -> JobRequest {
        JobRequest { kind: JobKind::Prediction, input, deployment, destination: None, lifetime: self.lifetime }
    }
}

impl Service {
    /// The response to a creation, with the real service's pitfalls: after a wait, a success is reported as `processing` without metrics,
    /// logs and completion time, although its output is complete.
    async fn answer_created(&self, id: String, preferences: &Preferences) -> RouteResult {
        let Some(seconds) = preferences.wait_seconds else {
            let database = self.database();
            let job = database.job(&id).ok_or(Problem::NotFound)?;
            // The response shows the job as created, whatever happened since.
            let mut value = self.job_json(job);
            for (name, initial) in [("status", json!("starting")), ("output", Value::Null), ("error", Value::Null)] {
                value[name] = initial;
            }
            strip_end(&mut value);
            value["started_at"] = Value::Null;
            return Ok((StatusCode::CREATED, Json(value)).into_response());
        };
        let is_over = self.wait_for(&id, Duration::from_secs(seconds)).await;
        let database = self.database();
        let job = database.job(&id).ok_or(Problem::NotFound)?;
        let mut value = self.job_json(job);
        if job.status() == Status::Succeeded {
            value["status"] = json!("processing");
            strip_end(&mut value);
        } else if !is_over {
            value["status"] = json!("starting");
        }
        let status = if is_over { StatusCode::CREATED } else { StatusCode::ACCEPTED };
        let mut response = (status, Json(value)).into_response();
        if let Ok(applied) = HeaderValue::from_str(&format!("wait={seconds}")) {
            response.headers_mut().insert("preference-applied", applied);
        }
        Ok(response)
    }
}

fn strip_end(value: &mut Value) {
    value["logs"] = json!("");
    value["metrics"] = json!({});
    value["completed_at"] = Value::Null;
}

/// Also finds trainings, because their `urls` lead here.
pub(super) async fn get(State(service): State<Arc<Service>>, Path(id): Path<String>) -> RouteResult {
    let database = service.database();
    let job = database.job(&id).ok_or(Problem::NotFound)?;
    Ok(Json(service.job_json(job)).into_response())
}

pub(super) async fn cancel(State(service): State<Arc<Service>>, Path(id): Path<String>) -> RouteResult {
    service.cancel(&id);
    get(State(service), Path(id)).await
}

pub(super) async fn list(State(service): State<Arc<Service>>, Query(query): Query<HashMap<String, String>>) -> RouteResult {
    let moment = |name: &str, pointer: &'static str| -> Result<Option<DateTime<Utc>>, Problem> {
        let Some(text) = query.get(name) else { return Ok(None) };
        let refuse = |_cause| Problem::Validation(vec![FieldError::new(pointer, "must be a date and time as in ISO 8601")]);
        text.parse().map(Some).map_err(refuse)
    };
    let after = moment("created_after", "/created_after")?;
    let before = moment("created_before", "/created_before")?;
    // All predictions here come from the API.
    let wants_web = query.get("source").is_some_and(|source| source == "web");
    let database = service.database();
    let jobs = database
        .jobs()
        .filter(|job| job.kind == JobKind::Prediction && !wants_web)
        .filter(|job| after.is_none_or(|after| job.created_at >= after) && before.is_none_or(|before| job.created_at < before))
        .map(|job| (job.sequence, job));
    pages::page(&service, "/v1/predictions", &query, jobs, |job| service.job_json(job))
}

/// The output as server-sent events, all of them at the end.
pub(super) async fn stream(State(service): State<Arc<Service>>, Path(id): Path<String>) -> RouteResult {
    const LONGEST: Duration = Duration::from_secs(30 * 60);
    if !service.database().job(&id).is_some_and(|job| job.streams) {
        return Err(Problem::NotFound);
    }
    service.wait_for(&id, LONGEST).await;
    let database = service.database();
    let job = database.job(&id).ok_or(Problem::NotFound)?;
    let mut text = String::new();
    let mut event = |name: &str, data: &str| {
        let lines: String = data.split('\n').map(|line| format!("data: {line}\n")).collect();
        text.push_str(&format!("event: {name}\n{lines}\n"));
    };
    for chunk in job.output.as_array().into_iter().flatten() {
        event("output", chunk.as_str().unwrap_or(&chunk.to_string()));
    }
    if let Some(error) = &job.error {
        event("error", &json!({"detail": error}).to_string());
    }
    let reason = match job.status() {
        Status::Canceled | Status::Aborted => json!({"reason": "canceled"}),
        Status::Failed => json!({"reason": "error"}),
        _ => json!({}),
    };
    event("done", &reason.to_string());
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], text).into_response() as Response)
}
