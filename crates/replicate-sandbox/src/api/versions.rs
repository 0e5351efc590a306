//! Versions of a model.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse as _;
use http::StatusCode;

use super::render::version_json;
use super::{RouteResult, pages};
use crate::database::Visibility;
use crate::problem::Problem;
use crate::service::Service;

pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Path((owner, name)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> RouteResult {
    let database = service.database();
    let model = service.visible_model(&database, &owner, &name)?;
    if model.is_official {
        return Err(Problem::NotFound);
    }
    let versions = model.visible(service.instant()).map(|version| (version.sequence, version));
    let path = format!("/v1/models/{owner}/{name}/versions");
    pages::page(&service, &path, &query, versions, |version| version_json(version))
}

pub(super) async fn get(
    State(service): State<Arc<Service>>,
    Path((owner, name, id)): Path<(String, String, String)>,
) -> RouteResult {
    let database = service.database();
    let model = service.visible_model(&database, &owner, &name)?;
    let version = model.visible(service.instant()).find(|version| version.id == id && !model.is_official);
    Ok(Json(version_json(version.ok_or(Problem::NotFound)?)).into_response())
}

/// The real service takes minutes. Here the version is gone at once.
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    Path((owner, name, id)): Path<(String, String, String)>,
) -> RouteResult {
    let full_name = format!("{owner}/{name}");
    let mut database = service.database();
    let model = service.own_model(&database, &owner, &name)?;
    let version = model.visible(service.instant()).find(|version| version.id == id).ok_or(Problem::NotFound)?;
    let is_deployed = database
        .deployments
        .values()
        .any(|deployment| deployment.release.model == full_name && deployment.release.version == version.id);
    let refusal = match (model.visibility, version.is_trained_on, is_deployed) {
        (Visibility::Public, _, _) => Some("Versions of public models cannot be deleted."),
        (_, true, _) => Some("This version was used to train other versions."),
        (_, _, true) => Some("This version is used by a deployment."),
        _ => None,
    };
    if let Some(detail) = refusal {
        return Err(Problem::BadRequest(detail.to_owned()));
    }
    if let Some(model) = database.models.get_mut(&full_name) {
        model.versions.retain(|version| version.id != id);
    }
    Ok(StatusCode::ACCEPTED.into_response())
}
