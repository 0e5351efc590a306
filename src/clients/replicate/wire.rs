//! The API's JSON.
//!
//! Reading is lenient. Unknown members are ignored, and a member that we can do without may be absent, null or of another type than
//! documented. Examples are `logs: null`, `error` of any type, and no `metrics`:
//! `docs/reference/replicate-api.md#the-prediction-object`.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::clients::replicate::types::{Account, AccountKind, Deployment, Hardware, Model, UploadedFile, Version, Visibility};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::{Prediction, PredictionId, PredictionStatus, reported_time};

/// Reads a value of the expected type, or the type's default for anything else.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// The body of an error response, after RFC 7807. All members are optional.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ProblemDetails {
    #[serde(deserialize_with = "lenient")]
    pub(super) title: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) detail: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) errors: Vec<ProblemError>,
    #[serde(deserialize_with = "lenient")]
    pub(super) invalid_fields: Vec<ProblemField>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProblemError {
    pub(super) pointer: Option<String>,
    pub(super) detail: Option<String>,
}

/// A member of `invalid_fields`.
#[derive(Debug, Deserialize)]
pub(super) struct ProblemField {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) field: Option<String>,
    pub(super) description: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    #[serde(default = "none")]
    pub(super) next: Option<String>,
    pub(super) results: Vec<T>,
}

fn none<T>() -> Option<T> {
    None
}

/// `GET /account`.
#[derive(Debug, Deserialize)]
pub(super) struct RawAccount {
    #[serde(rename = "type")]
    kind: String,
    username: String,
}

impl From<RawAccount> for Account {
    fn from(raw: RawAccount) -> Self {
        let kind = match raw.kind.as_str() {
            "user" => AccountKind::User,
            "organization" => AccountKind::Organization,
            _ => AccountKind::Other(raw.kind),
        };
        Self { username: raw.username, kind }
    }
}

/// A member of `GET /hardware`.
#[derive(Debug, Deserialize)]
pub(super) struct RawHardware {
    #[serde(default, deserialize_with = "lenient")]
    name: String,
    sku: String,
}

impl From<RawHardware> for Hardware {
    fn from(raw: RawHardware) -> Self {
        Self { name: raw.name, sku: raw.sku }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RawVersion {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    created_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient")]
    cog_version: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    openapi_schema: Option<Value>,
}

impl RawVersion {
    /// `None` if the id is not that of a pushed version, as happens with official models.
    pub(super) fn into_version(self) -> Option<Version> {
        let id = self.id.parse().ok()?;
        let Self { created_at, cog_version, openapi_schema, .. } = self;
        Some(Version { id, created_at, cog_version, openapi_schema: openapi_schema.filter(|schema| !schema.is_null()) })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RawModel {
    owner: String,
    name: String,
    visibility: String,
    #[serde(default, deserialize_with = "lenient")]
    is_official: bool,
    #[serde(default, deserialize_with = "lenient")]
    latest_version: Option<RawVersion>,
    #[serde(default, deserialize_with = "lenient")]
    url: Option<String>,
}

impl TryFrom<RawModel> for Model {
    type Error = String;

    fn try_from(raw: RawModel) -> Result<Self, String> {
        Ok(Self {
            model: ModelRef::new(&raw.owner, &raw.name).map_err(|error| error.to_string())?,
            visibility: match raw.visibility.as_str() {
                "public" => Visibility::Public,
                "private" => Visibility::Private,
                other => return Err(format!("'{other}' is not a visibility of a model")),
            },
            is_official: raw.is_official,
            latest_version: raw.latest_version.and_then(RawVersion::into_version),
            url: raw.url,
        })
    }
}

/// A prediction or a training.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawJob {
    id: String,
    status: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) model: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) version: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) deployment: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) input: Map<String, Value>,
    #[serde(default)]
    output: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
    #[serde(default, deserialize_with = "lenient")]
    logs: String,
    #[serde(default, deserialize_with = "lenient")]
    metrics: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) created_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient")]
    started_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient")]
    completed_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient")]
    urls: RawUrls,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct RawUrls {
    web: Option<String>,
}

impl RawJob {
    pub(super) fn id(&self) -> PredictionId {
        PredictionId::new(&self.id)
    }
}

impl From<RawJob> for Prediction {
    fn from(mut raw: RawJob) -> Self {
        let predict_time = raw.metrics.shift_remove("predict_time").and_then(|value| value.as_f64());
        Self {
            id: raw.id(),
            status: PredictionStatus::from(raw.status.as_str()),
            version: raw.version,
            inputs: raw.input,
            output: raw.output,
            error: raw.error.map(|error| match error {
                Value::String(text) => text,
                other => other.to_string(),
            }),
            logs: raw.logs,
            predict_time: predict_time.and_then(reported_time),
            metrics: raw.metrics,
            created_at: raw.created_at,
            started_at: raw.started_at,
            completed_at: raw.completed_at,
            web_url: raw.urls.web,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RawDeployment {
    owner: String,
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    current_release: RawRelease,
}

#[derive(Debug, Default, Deserialize)]
struct RawRelease {
    number: Option<u64>,
    model: Option<String>,
    version: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    configuration: RawConfiguration,
}

#[derive(Debug, Default, Deserialize)]
struct RawConfiguration {
    hardware: Option<String>,
    min_instances: Option<u32>,
    max_instances: Option<u32>,
}

impl From<RawDeployment> for Deployment {
    fn from(raw: RawDeployment) -> Self {
        let RawRelease { number, model, version, configuration } = raw.current_release;
        let version = model
            .zip(version)
            .and_then(|(model, version)| Some(VersionRef { model: model.parse().ok()?, id: version.parse().ok()? }));
        let RawConfiguration { hardware, min_instances, max_instances } = configuration;
        Self { owner: raw.owner, name: raw.name, release: number, version, hardware, min_instances, max_instances }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RawFile {
    urls: RawFileUrls,
    #[serde(default, deserialize_with = "lenient")]
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
struct RawFileUrls {
    get: String,
}

impl From<RawFile> for UploadedFile {
    fn from(raw: RawFile) -> Self {
        Self { url: raw.urls.get, expires_at: raw.expires_at }
    }
}

#[cfg(test)]
pub(super) mod tests;
