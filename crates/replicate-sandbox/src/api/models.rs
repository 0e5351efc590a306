//! Models.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse as _;
use http::StatusCode;
use serde_json::{Map, Value};

use super::account::refuse_hardware;
use super::{RouteResult, body, pages};
use crate::database::{Database, Model, Visibility, is_name};
use crate::problem::{FieldError, Problem};
use crate::service::Service;

const MAX_MODELS: usize = 1000;
const GIVEN_TEXTS: [&str; 5] = ["description", "github_url", "paper_url", "license_url", "cover_image_url"];
const CHANGED_TEXTS: [&str; 6] = ["description", "readme", "github_url", "paper_url", "weights_url", "license_url"];

type Named = Path<(String, String)>;

pub(super) async fn create(State(service): State<Arc<Service>>, body: Result<Bytes, BytesRejection>) -> RouteResult {
    let body = body::object(body)?;
    let mut errors = Vec::new();
    let mut required = |name: &str, pointer: &'static str| match body.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Some(text.to_owned()),
        _ => {
            errors.push(FieldError::new(pointer, format!("{name} is required")));
            None
        }
    };
    let (owner, name) = (required("owner", "/owner"), required("name", "/name"));
    let (visibility, hardware) = (required("visibility", "/visibility"), required("hardware", "/hardware"));
    if name.as_deref().is_some_and(|name| !is_name(name)) {
        let rule =
            "must have only lowercase letters, numbers, dashes, underscores, or periods, and begin and end with a letter or number";
        errors.push(FieldError::new("/name", rule));
    }
    let visibility = match visibility.as_deref() {
        Some("public") => Visibility::Public,
        Some("private") => Visibility::Private,
        given => {
            if given.is_some() {
                errors.push(FieldError::new("/visibility", "must be public or private"));
            }
            Visibility::Private
        }
    };
    if let Some(detail) = hardware.as_deref().and_then(refuse_hardware) {
        errors.push(FieldError::new("/hardware", detail));
    }
    let (Some(owner), Some(name), Some(hardware), true) = (owner, name, hardware, errors.is_empty()) else {
        return Err(Problem::Validation(errors));
    };
    if owner != service.account.username {
        return Err(Problem::Forbidden("You do not have permission to create a model for this owner."));
    }
    let mut database = service.database();
    if database.models.contains_key(&format!("{owner}/{name}")) {
        return Err(Problem::Conflict("A model with that name and owner already exists."));
    }
    if database.models.values().filter(|model| model.owner == owner).count() >= MAX_MODELS {
        return Err(Problem::Validation(vec![FieldError::new("/name", "this account has reached its limit of models")]));
    }
    let texts = body.into_iter().filter(|(name, value)| GIVEN_TEXTS.contains(&name.as_str()) && value.is_string()).collect();
    let sequence = database.next_sequence();
    let model = Model { texts, ..Model::new(owner, name, visibility, hardware, sequence) };
    let value = service.model_json(&model, &database);
    database.models.insert(model.full_name(), model);
    Ok((StatusCode::CREATED, Json(value)).into_response())
}

pub(super) async fn list(State(service): State<Arc<Service>>, Query(query): Query<HashMap<String, String>>) -> RouteResult {
    let database = service.database();
    let models = database.models.values().filter(|model| service.can_see(model)).map(|model| (model.sequence, model));
    pages::page(&service, "/v1/models", &query, models, |model| service.model_json(model, &database))
}

pub(super) async fn get(State(service): State<Arc<Service>>, Path((owner, name)): Named) -> RouteResult {
    let database = service.database();
    let model = service.visible_model(&database, &owner, &name)?;
    Ok(Json(service.model_json(model, &database)).into_response())
}

pub(super) async fn update(
    State(service): State<Arc<Service>>,
    Path((owner, name)): Named,
    body: Result<Bytes, BytesRejection>,
) -> RouteResult {
    let changes: Map<String, Value> =
        body::object(body)?.into_iter().filter(|(name, _)| CHANGED_TEXTS.contains(&name.as_str())).collect();
    let mut database = service.database();
    service.own_model(&database, &owner, &name)?;
    if let Some(model) = database.models.get_mut(&format!("{owner}/{name}")) {
        model.texts.extend(changes);
    }
    let model = service.visible_model(&database, &owner, &name)?;
    Ok(Json(service.model_json(model, &database)).into_response())
}

pub(super) async fn delete(State(service): State<Arc<Service>>, Path((owner, name)): Named) -> RouteResult {
    let mut database = service.database();
    let model = service.own_model(&database, &owner, &name)?;
    if model.visibility == Visibility::Public {
        return Err(Problem::BadRequest("Only private models can be deleted.".to_owned()));
    }
    if !model.versions.is_empty() {
        return Err(Problem::BadRequest("A model with versions cannot be deleted.".to_owned()));
    }
    database.models.remove(&format!("{owner}/{name}"));
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn readme(State(service): State<Arc<Service>>, Path((owner, name)): Named) -> RouteResult {
    let database = service.database();
    let model = service.visible_model(&database, &owner, &name)?;
    let readme = model.texts.get("readme").and_then(Value::as_str).ok_or(Problem::NotFound)?;
    Ok(readme.to_owned().into_response())
}

/// The first successful prediction, like the examples that people save on a model's page.
pub(super) async fn examples(
    State(service): State<Arc<Service>>,
    Path((owner, name)): Named,
    Query(query): Query<HashMap<String, String>>,
) -> RouteResult {
    let database = service.database();
    let model = service.visible_model(&database, &owner, &name)?;
    let example = service.model_json(model, &database)["default_example"].take();
    let path = format!("/v1/models/{owner}/{name}/examples");
    let examples = Some(example).filter(|example| !example.is_null()).into_iter().map(|example| (0, example));
    pages::page(&service, &path, &query, examples, Value::clone)
}

impl Service {
    /// A model visible to this account.
    pub(super) fn visible_model<'b>(&self, database: &'b Database, owner: &str, name: &str) -> Result<&'b Model, Problem> {
        database.models.get(&format!("{owner}/{name}")).filter(|model| self.can_see(model)).ok_or(Problem::NotFound)
    }

    /// A model owned by this account.
    pub(super) fn own_model<'b>(&self, database: &'b Database, owner: &str, name: &str) -> Result<&'b Model, Problem> {
        let model = self.visible_model(database, owner, name)?;
        if model.owner == self.account.username {
            Ok(model)
        } else {
            Err(Problem::Forbidden("You do not have permission to change this model."))
        }
    }
}
