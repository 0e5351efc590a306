//! Trainings.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse as _;
use http::StatusCode;
use serde_json::Value;

use super::create::{JobRequest, Shape, check_input, take_input};
use super::{RouteResult, body, pages};
use crate::job_kind::JobKind;
use crate::problem::Problem;
use crate::service::Service;

pub(super) async fn create(
    State(service): State<Arc<Service>>,
    Path((owner, name, id)): Path<(String, String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> RouteResult {
    let mut body = body::object(body)?;
    let input = take_input(&mut body, Shape::Training)?;
    let destination = body.get("destination").and_then(Value::as_str).unwrap_or_default().to_owned();
    let job = {
        let mut database = service.database();
        let model = service.visible_model(&database, &owner, &name)?;
        let version = model.visible(service.instant()).find(|version| version.id == id && !model.is_official);
        let version = version.cloned().ok_or(Problem::NotFound)?;
        if database.models.get(&destination).is_none_or(|model| model.owner != service.account.username) {
            return Err(Problem::NoDestination);
        }
        let trains = version.schema.as_ref().is_none_or(|schema| schema.pointer("/components/schemas/TrainingInput").is_some());
        if !trains {
            return Err(Problem::BadRequest("This version cannot be trained: it has no train interface.".to_owned()));
        }
        check_input(&version, JobKind::Training, &input)?;
        let full_name = format!("{owner}/{name}");
        let request =
            JobRequest { kind: JobKind::Training, input, deployment: None, destination: Some(destination), lifetime: None };
        let job = service.new_job(&mut database, &full_name, &version, request)?;
        let versions = database.models.get_mut(&full_name).map(|model| model.versions.iter_mut());
        if let Some(used) = versions.into_iter().flatten().find(|version| version.id == id) {
            used.is_trained_on = true;
        }
        job
    };
    let value = service.job_json(&job);
    service.begin(job);
    Ok((StatusCode::CREATED, Json(value)).into_response())
}

pub(super) async fn get(State(service): State<Arc<Service>>, Path(id): Path<String>) -> RouteResult {
    let database = service.database();
    let job = database.job(&id).filter(|job| job.kind == JobKind::Training).ok_or(Problem::NotFound)?;
    Ok(Json(service.job_json(job)).into_response())
}

pub(super) async fn cancel(State(service): State<Arc<Service>>, Path(id): Path<String>) -> RouteResult {
    if service.database().job(&id).is_some_and(|job| job.kind == JobKind::Training) {
        service.cancel(&id);
    }
    get(State(service), Path(id)).await
}

pub(super) async fn list(State(service): State<Arc<Service>>, Query(query): Query<HashMap<String, String>>) -> RouteResult {
    let database = service.database();
    let trainings = database.jobs().filter(|job| job.kind == JobKind::Training).map(|job| (job.sequence, job));
    pages::page(&service, "/v1/trainings", &query, trainings, |job| service.job_json(job))
}
