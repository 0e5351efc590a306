//! Routes outside Replicate's API: output files, pages for people, the registry's token check, and images by reference.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FormRejection};
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::attachment::{NOSNIFF, attachment};
use super::{RouteResult, body};
use crate::clock::timestamp;
use crate::error::SandboxError;
use crate::job_kind::JobKind;
use crate::problem::{FieldError, Problem};
use crate::service::Service;

/// Anyone who has the URL may fetch the file, as with the delivery hosts of the real service.
pub(super) async fn output_file(State(service): State<Arc<Service>>, Path((id, name)): Path<(String, String)>) -> RouteResult {
    let is_output = service.files.find(&id).is_some_and(|file| file.name == name) && !service.database().uploads.contains_key(&id);
    if !is_output {
        return Err(Problem::NotFound);
    }
    let (file, content) = service.files.read(&id).await.map_err(|_cause| Problem::NotFound)?;
    Ok(attachment(&file, content))
}

fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), NOSNIFF], text).into_response()
}

pub(super) async fn index(State(service): State<Arc<Service>>) -> Response {
    let mut text = format!(
        "safe-push sandbox: a Replicate-compatible API and registry of the account {}\n\nREPLICATE_BASE_URL={}/v1\nREPLICATE_REGISTRY={}\n\nmodels:\n",
        service.account.username, service.base_url, service.host
    );
    for model in service.database().models.values().filter(|model| service.can_see(model)) {
        let versions = model.visible(service.instant()).count();
        text.push_str(&format!(
            "  {}  {}  {}  versions: {versions}  runs: {}\n",
            model.full_name(),
            model.visibility.as_str(),
            model.hardware,
            model.run_count
        ));
    }
    plain(text)
}

/// The page that a model's `url` leads to. Browsers send no token, so it needs none and shows only names and ids.
pub(super) async fn model_page(State(service): State<Arc<Service>>, Path((owner, name)): Path<(String, String)>) -> RouteResult {
    let database = service.database();
    let model = service.visible_model(&database, &owner, &name)?;
    let mut text = format!("{owner}/{name}\n{}, {}\n\nversions, newest first:\n", model.visibility.as_str(), model.hardware);
    for version in model.visible(service.instant()).rev() {
        text.push_str(&format!("  {}  {}\n", version.id, timestamp(version.created_at)));
    }
    Ok(plain(text))
}

/// The page that a prediction's `urls.web` leads to. Anyone with the URL may read it: the id cannot be guessed.
pub(super) async fn prediction_page(State(service): State<Arc<Service>>, Path(id): Path<String>) -> RouteResult {
    let database = service.database();
    let job = database.job(&id).ok_or(Problem::NotFound)?;
    let what = match job.kind {
        JobKind::Prediction => "prediction",
        JobKind::Training => "training",
    };
    let shown = serde_json::to_string_pretty(&service.job_json(job)).unwrap_or_default();
    Ok(plain(format!("{what} {id} of {}\n\n{shown}\n", job.version.model)))
}

/// Checks a CLI token and returns its owner.
pub(super) async fn verify_token(
    State(service): State<Arc<Service>>,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> RouteResult {
    let Form(form) = form.map_err(|cause| Problem::BadRequest(cause.body_text()))?;
    let token = form.get("token").map(String::as_str).unwrap_or_default();
    if token != service.account.cli_token.expose_secret() {
        return Err(Problem::Unauthenticated);
    }
    Ok(Json(json!({"username": service.account.username})).into_response())
}

pub(super) async fn display_token_url(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({"url": format!("{}/auth/token", service.base_url)}))
}

/// Takes `{"model": "owner/name", "image": "local:tag"}` and adds a version, for daemons that cannot push to this registry.
pub(super) async fn register_image(State(service): State<Arc<Service>>, body: Result<Bytes, BytesRejection>) -> RouteResult {
    let body = body::object(body)?;
    let text = |name: &str, pointer: &'static str| {
        let missing = || Problem::Validation(vec![FieldError::new(pointer, format!("{name} is required"))]);
        body.get(name).and_then(Value::as_str).ok_or_else(missing)
    };
    let (model, image) = (text("model", "/model")?, text("image", "/image")?);
    match service.register_image(model, image).await {
        Ok(id) => Ok((StatusCode::CREATED, Json(json!({"model": model, "version": id}))).into_response()),
        Err(SandboxError::NoModel(_)) => Err(Problem::NotFound),
        Err(cause) => {
            let source = std::error::Error::source(&cause).map(|source| format!(": {source}")).unwrap_or_default();
            Err(Problem::BadRequest(format!("{cause}{source}")))
        }
    }
}
