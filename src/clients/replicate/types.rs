//! What the API is about, in our words. Predictions are in `domain::prediction`.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::identity::{ModelRef, VersionId, VersionRef};
use crate::domain::prediction::Inputs;

/// Whom the token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name that owns models.
    pub username: String,
    /// What it is.
    pub kind: AccountKind,
}

/// A user or an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountKind {
    /// A person.
    User,
    /// A group of people.
    Organization,
    /// Something this program does not know.
    Other(String),
}

/// Hardware that the account may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hardware {
    /// For people: `Nvidia L40S GPU`.
    pub name: String,
    /// For configurations: `gpu-l40s`.
    pub sku: String,
}

/// Who can see a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Its owner.
    Private,
}

impl Visibility {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// A model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name.
    pub model: ModelRef,
    /// Who can see it.
    pub visibility: Visibility,
    /// Official models have no list of versions, and predictions of theirs are created by name.
    pub is_official: bool,
    /// The version pushed last. `None` for a model without one.
    pub latest_version: Option<Version>,
    /// The page for people.
    pub url: Option<String>,
}

/// A model to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewModel {
    /// Its name. The owner has to be the token's account.
    pub model: ModelRef,
    /// Who can see it. The API cannot change it later.
    pub visibility: Visibility,
    /// What it runs on, a SKU. The API cannot change it later.
    pub hardware: String,
    /// A line about it.
    pub description: Option<String>,
}

/// What became of a model to be made.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelCreation {
    /// It was made.
    Created(Box<Model>),
    /// It was there.
    AlreadyThere,
}

/// What became of something to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// The service deletes it. A version takes minutes to go.
    Accepted,
    /// It was not there, or not visible to this token.
    Absent,
}

/// A version of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// When it was pushed.
    pub created_at: Option<DateTime<Utc>>,
    /// The Cog that built it.
    pub cog_version: Option<String>,
    /// The OpenAPI document of its inputs and outputs.
    pub openapi_schema: Option<Value>,
}

/// What a prediction runs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PredictionTarget {
    /// Exactly this version.
    Version(VersionRef),
    /// An official model, whatever its version.
    Model(ModelRef),
    /// A deployment.
    Deployment {
        /// Its owner.
        owner: String,
        /// Its name.
        name: String,
    },
}

impl std::fmt::Display for PredictionTarget {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Version(version) => write!(formatter, "{}:{}", version.model, version.id.short()),
            Self::Model(model) => write!(formatter, "{model}"),
            Self::Deployment { owner, name } => write!(formatter, "deployment {owner}/{name}"),
        }
    }
}

/// A prediction to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionRequest {
    /// What it runs on.
    pub target: PredictionTarget,
    /// What it is given. Nulls are left out: the API refuses them for optional inputs.
    pub inputs: Inputs,
    /// When the service stops it by itself, counted from creation: the safety net for a caller that dies. Five seconds at least.
    pub lifetime: Option<Duration>,
}

impl PredictionRequest {
    /// A prediction without a lifetime of its own.
    pub fn new(target: PredictionTarget, inputs: Inputs) -> Self {
        Self { target, inputs, lifetime: None }
    }
}

/// A training to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRequest {
    /// What is trained.
    pub version: VersionRef,
    /// The model that gets the version it ends with. Has to exist and belong to the token's account.
    pub destination: ModelRef,
    /// What it is given. Nulls are left out.
    pub inputs: Inputs,
}

/// A deployment as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its owner.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// How often it was changed, from 1.
    pub release: Option<u64>,
    /// What it runs.
    pub version: Option<VersionRef>,
    /// What it runs on, a SKU.
    pub hardware: Option<String>,
    /// How many instances always run, and bill.
    pub min_instances: Option<u32>,
    /// How many instances run at most.
    pub max_instances: Option<u32>,
}

/// A deployment to be made. Its owner is the token's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeployment {
    /// The owner, to look whether it is there. Has to be the token's account.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// What it runs.
    pub version: VersionRef,
    /// What it runs on, a SKU.
    pub hardware: String,
    /// How many instances always run, and bill: 0 to 5.
    pub min_instances: u32,
    /// How many instances run at most: 0 to 20, not below `min_instances`.
    pub max_instances: u32,
}

/// What to change about a deployment; `None` keeps what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentPatch {
    /// What it runs.
    pub version: Option<VersionId>,
    /// What it runs on, a SKU.
    pub hardware: Option<String>,
    /// How many instances always run.
    pub min_instances: Option<u32>,
    /// How many instances run at most.
    pub max_instances: Option<u32>,
}

/// A deployment after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentUpdate {
    /// As it stands now.
    pub deployment: Deployment,
    /// Whether there was anything to change: each change makes a release.
    pub changed: bool,
}

/// A file to be uploaded, as input of a prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its name, at most 255 bytes.
    pub name: String,
    /// Its type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A file that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    /// What to give as the input's value. Only predictions of the same account can read it.
    pub url: String,
    /// When it goes.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What is accepted of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadLimits {
    /// Its size.
    pub bytes: usize,
    /// Its types, as beginnings: `image/`, `application/json`. Empty: any. A host that names no type, or only
    /// `application/octet-stream`, is believed.
    pub types: Vec<String>,
}

impl DownloadLimits {
    /// Any type, up to so many bytes.
    pub fn of_bytes(bytes: usize) -> Self {
        Self { bytes, types: Vec::new() }
    }
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its type as its host names it, without parameters.
    pub content_type: Option<String>,
}
