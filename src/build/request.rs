//! What goes into a build, and what comes out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use cog_findings::Finding;
use cog_source::recipe::Recipe;
use serde_json::Value;

use crate::clients::docker::BuildSecret;
use crate::domain::cleared::BuiltImage;
use crate::support::secrets::Redactor;

/// Where the image's OpenAPI document comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum SchemaSource {
    /// Made from the Python source (SDK 0.19 and later).
    Static(Value),
    /// The SDK in the image makes it (before 0.19).
    FromImage,
    /// A file, taken as it is.
    Given(PathBuf),
}

/// The image that a build starts from, for labels that name its last layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseLayers {
    /// Its reference.
    pub image: String,
    /// How many layers it has: the first ones of the built image.
    pub count: usize,
}

/// A build of one project.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The model it is for, as its events name it.
    pub model: Option<String>,
    /// The folder that is sent, less what `.dockerignore` names.
    pub project: PathBuf,
    /// Further paths that are not sent: absolute, or relative to the working folder.
    pub unsent: Vec<PathBuf>,
    /// How to build it.
    pub recipe: Recipe,
    /// The name of the final image, `repository:tag`.
    pub image_name: String,
    /// Labels of the final image, beside those with what only the build knows: schema and packages.
    pub labels: BTreeMap<String, String>,
    /// The `cog-base` image that it starts from, whose last layer the labels name.
    pub base_layers: Option<BaseLayers>,
    /// Where its schema comes from.
    pub schema: SchemaSource,
    /// Findings about the build; never errors.
    pub findings: Vec<Finding>,
    /// Values for `RUN --mount=type=secret`.
    pub secrets: Vec<BuildSecret>,
    /// Hides secrets in the build's output.
    pub redactor: Redactor,
    /// Ignores the cache.
    pub no_cache: bool,
    /// The time of every file sent, in seconds since 1970, so that the same tree makes the same layers.
    pub source_date_epoch: u64,
}

/// A built image and how it was built.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The final image.
    pub image: BuiltImage,
    /// Its OpenAPI document.
    pub schema: Value,
    /// Its Python packages, as `pip freeze` lists them.
    pub pip_freeze: String,
    /// What it takes up.
    pub size_bytes: u64,
    /// How long it took.
    pub duration: Duration,
    /// How many of the Dockerfile's steps were in the cache.
    pub cached_steps: usize,
    /// The end of the build's log. Untrusted text.
    pub log: String,
}
