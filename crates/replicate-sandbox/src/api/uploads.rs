//! Uploaded files for inputs.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::multipart::{Field, MultipartRejection};
use axum::extract::{Multipart, Path, Query, State};
use axum::response::IntoResponse as _;
use chrono::TimeDelta;
use http::StatusCode;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::attachment::attachment;
use super::{RouteResult, pages};
use crate::database::{Database, Upload};
use crate::problem::{FieldError, Problem};
use crate::service::Service;

const MAX_FILE_BYTES: usize = 100 * 1024 * 1024;
const MAX_PART_BYTES: usize = 64 * 1024;
const MAX_NAME_BYTES: usize = 255;
const LIFETIME: TimeDelta = TimeDelta::hours(24);

#[derive(Default)]
struct Parts {
    content: Option<Vec<u8>>,
    name: Option<String>,
    content_type: Option<String>,
    metadata: Option<Value>,
}

pub(super) async fn create(State(service): State<Arc<Service>>, multipart: Result<Multipart, MultipartRejection>) -> RouteResult {
    let parts = read(multipart.map_err(|cause| Problem::BadRequest(cause.body_text()))?).await?;
    let Some(content) = parts.content else {
        return Err(Problem::Validation(vec![FieldError::new("/content", "content is required")]));
    };
    let name = parts.name.unwrap_or_else(|| "file".to_owned());
    if name.len() > MAX_NAME_BYTES {
        return Err(Problem::Validation(vec![FieldError::new("/filename", "must not be longer than 255 bytes")]));
    }
    let content_type = parts.content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    let id = service.files.put(name.clone(), &content_type, &content).await.map_err(|cause| {
        tracing::warn!(%cause, "failed to store an upload");
        Problem::Internal("The file could not be stored.")
    })?;
    let created_at = service.clock.now();
    let mut database = service.database();
    let upload = Upload {
        id: id.clone(),
        name,
        content_type: service.files.find(&id).map(|file| file.content_type).unwrap_or_default(),
        size: content.len() as u64,
        sha256: hex::encode(Sha256::digest(&content)),
        metadata: parts.metadata.unwrap_or_else(|| Value::Object(Default::default())),
        created_at,
        expires_at: created_at + LIFETIME,
        sequence: database.next_sequence(),
    };
    let value = service.upload_json(&upload);
    database.uploads.insert(id, upload);
    Ok((StatusCode::CREATED, Json(value)).into_response())
}

async fn read(mut multipart: Multipart) -> Result<Parts, Problem> {
    let mut parts = Parts::default();
    while let Some(field) = multipart.next_field().await.map_err(|cause| Problem::BadRequest(cause.body_text()))? {
        match field.name() {
            Some("content") => {
                parts.name = parts.name.or_else(|| field.file_name().map(str::to_owned));
                parts.content_type = parts.content_type.or_else(|| field.content_type().map(str::to_owned));
                parts.content = Some(bounded(field, MAX_FILE_BYTES).await?);
            }
            Some("filename") => parts.name = Some(text(field).await?),
            Some("type") => parts.content_type = Some(text(field).await?),
            Some("metadata") => {
                let refuse = |_cause| Problem::Validation(vec![FieldError::new("/metadata", "must be JSON")]);
                parts.metadata = Some(serde_json::from_slice(&bounded(field, MAX_PART_BYTES).await?).map_err(refuse)?);
            }
            _ => {}
        }
    }
    Ok(parts)
}

async fn text(field: Field<'_>) -> Result<String, Problem> {
    Ok(String::from_utf8_lossy(&bounded(field, MAX_PART_BYTES).await?).into_owned())
}

async fn bounded(mut field: Field<'_>, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut content = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|cause| Problem::BadRequest(cause.body_text()))? {
        if content.len() + chunk.len() > limit {
            return Err(Problem::TooLarge);
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

pub(super) async fn list(State(service): State<Arc<Service>>, Query(query): Query<HashMap<String, String>>) -> RouteResult {
    let database = service.database();
    let now = service.clock.now();
    let uploads = database.uploads.values().filter(|upload| upload.expires_at > now).map(|upload| (upload.sequence, upload));
    pages::page(&service, "/v1/files", &query, uploads, |upload| service.upload_json(upload))
}

pub(super) async fn get(State(service): State<Arc<Service>>, Path(id): Path<String>) -> RouteResult {
    let database = service.database();
    Ok(Json(service.upload_json(service.upload(&database, &id)?)).into_response())
}

pub(super) async fn delete(State(service): State<Arc<Service>>, Path(id): Path<String>) -> RouteResult {
    {
        let mut database = service.database();
        service.upload(&database, &id)?;
        database.uploads.remove(&id);
    }
    service.files.remove(&id).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The real service expects a signature instead of the token here.
pub(super) async fn download(State(service): State<Arc<Service>>, Path(id): Path<String>) -> RouteResult {
    service.upload(&service.database(), &id)?;
    let (file, content) = service.files.read(&id).await.map_err(|_cause| Problem::NotFound)?;
    Ok(attachment(&file, content))
}

impl Service {
    fn upload<'b>(&self, database: &'b Database, id: &str) -> Result<&'b Upload, Problem> {
        let now = self.clock.now();
        database.uploads.get(id).filter(|upload| upload.expires_at > now).ok_or(Problem::NotFound)
    }
}
