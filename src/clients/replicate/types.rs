//! The API's resources as types. Predictions are in `domain::prediction`.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::identity::{ModelRef, VersionId, VersionRef};
use crate::domain::prediction::Inputs;

/// The account that the token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name that owns its models.
    pub username: String,
    /// A user or an organization.
    pub kind: AccountKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountKind {
    User,
    Organization,
    /// A kind that safe-push does not know.
    Other(String),
}

/// Hardware that the account may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hardware {
    /// The name for people: `Nvidia L40S GPU`.
    pub name: String,
    /// The SKU for configurations: `gpu-l40s`.
    pub sku: String,
}

/// Who can see a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everyone.
    Public,
    /// Only the owner.
    Private,
}

impl Visibility {
    /// The API's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub model: ModelRef,
    /// Who can see it.
    pub visibility: Visibility,
    /// Whether it is official. Official models have no list of versions, and their predictions are created by name.
    pub is_official: bool,
    /// The version pushed last. `None` if there is none.
    pub latest_version: Option<Version>,
    /// The URL of its page.
    pub url: Option<String>,
}

/// What the page of a model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextOfPage {
    /// Markdown.
    pub readme: String,
    /// One line; `None` to leave it as it is.
    pub description: Option<String>,
}

/// A model to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewModel {
    /// Its name. The owner has to be the token's account.
    pub model: ModelRef,
    /// Who can see it. The API cannot change it later.
    pub visibility: Visibility,
    /// Its hardware, a SKU. The API cannot change it later.
    pub hardware: String,
    /// A one-line description.
    pub description: Option<String>,
}

/// The result of creating a model.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelCreation {
    Created(Box<Model>),
    /// It exists already.
    AlreadyThere,
}

/// The result of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// The service deletes it. For a version this takes minutes.
    Accepted,
    /// It does not exist, or is not visible to this token.
    Absent,
}

/// A version of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub id: VersionId,
    /// When it was pushed.
    pub created_at: Option<DateTime<Utc>>,
    /// The version of Cog that built it.
    pub cog_version: Option<String>,
    /// The OpenAPI document of its inputs and outputs.
    pub openapi_schema: Option<Value>,
}

/// What a prediction runs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PredictionTarget {
    Version(VersionRef),
    /// The current version of an official model.
    Model(ModelRef),
    Deployment {
        owner: String,
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

/// A prediction to create.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionRequest {
    /// The version, model or deployment to run.
    pub target: PredictionTarget,
    /// Its inputs. Nulls are left out, because the API rejects them for optional inputs.
    pub inputs: Inputs,
    /// How long after its creation the service cancels it by itself: a safety net if this process dies. At least five seconds.
    pub lifetime: Option<Duration>,
}

impl PredictionRequest {
    /// A prediction without a lifetime.
    pub fn new(target: PredictionTarget, inputs: Inputs) -> Self {
        Self { target, inputs, lifetime: None }
    }
}

/// A training to create.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRequest {
    pub version: VersionRef,
    /// The model that receives the trained version. It has to exist and belong to the token's account.
    pub destination: ModelRef,
    /// Its inputs. Nulls are left out.
    pub inputs: Inputs,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub owner: String,
    pub name: String,
    /// The number of its release, which counts changes from 1.
    pub release: Option<u64>,
    /// The version it runs.
    pub version: Option<VersionRef>,
    /// Its hardware, a SKU.
    pub hardware: Option<String>,
    /// Instances that always run and are billed.
    pub min_instances: Option<u32>,
    /// Instances that run at most.
    pub max_instances: Option<u32>,
}

/// A deployment to create. Its owner is the token's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeployment {
    /// The owner, for looking it up. It has to be the token's account.
    pub owner: String,
    pub name: String,
    /// The version to run.
    pub version: VersionRef,
    /// Its hardware, a SKU.
    pub hardware: String,
    /// Instances that always run and are billed: 0 to 5.
    pub min_instances: u32,
    /// Instances that run at most: 0 to 20, and not below `min_instances`.
    pub max_instances: u32,
}

/// Changes to a deployment. `None` keeps the current value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentPatch {
    /// The version to run.
    pub version: Option<VersionId>,
    /// The hardware, a SKU.
    pub hardware: Option<String>,
    /// Instances that always run.
    pub min_instances: Option<u32>,
    /// Instances that run at most.
    pub max_instances: Option<u32>,
}

/// The result of changing a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentUpdate {
    /// The deployment after the change.
    pub deployment: Deployment,
    /// Whether there was anything to change. Each change creates a release.
    pub changed: bool,
}

/// A file to upload as an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its name, at most 255 bytes long.
    pub name: String,
    pub content_type: String,
    pub bytes: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    /// The URL to pass as an input. Only predictions of the same account can read it.
    pub url: String,
    /// When it is deleted.
    pub expires_at: Option<DateTime<Utc>>,
}
