//! What the caller knows and `cog.yaml` does not say.

use crate::base_image::{BaseImageAnswer, CogBaseUse, DEFAULT_REGISTRY_HOST};
use crate::dockerfile::system::UvSource;
use crate::sdk::{NEWEST_KNOWN, Release, SdkVersion};
use crate::weights::WeightSelection;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// Its path, relative to the project.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// What the builder understands beyond Docker 20.10. The default is 20.10 itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DaemonFeatures {
    /// A frontend image to name in the first line. It is pulled from Docker Hub, so there must be a reason.
    pub syntax: Option<String>,
    /// Whether `COPY --link` is understood (frontend 1.4).
    pub copy_link: bool,
    /// Whether `COPY --exclude` is understood (frontend 1.19).
    pub copy_exclude: bool,
}

/// Weights that live in an image of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsImage {
    /// The name of that image.
    pub image: String,
    /// What is in it.
    pub selection: WeightSelection,
}

/// Facts about the project, the registry and the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFacts {
    /// The name of the configuration within the project; another one than `cog.yaml` is copied to that name in the image.
    pub config_name: String,
    /// The file that `build.python_requirements` names.
    pub requirements: Option<SourceText>,
    /// A Dockerfile to use instead of a generated one.
    pub dockerfile: Option<SourceText>,
    /// The SDK, as [`crate::sdk::choose`] gives it.
    pub sdk: SdkVersion,
    /// What `latest` is pinned to.
    pub newest_sdk: Release,
    /// The registry of `cog-base` images (`COG_REGISTRY_HOST`).
    pub registry_host: String,
    /// Whether `cog-base` is wanted.
    pub cog_base: CogBaseUse,
    /// What the registry said about [`super::cog_base_candidate`]; `None` when nobody asked.
    pub cog_base_answer: Option<BaseImageAnswer>,
    /// Whether a GPU model may start from nvidia/cuda.
    pub use_cuda_image: bool,
    /// Where uv comes from.
    pub uv: UvSource,
    /// What the daemon understands.
    pub daemon: DaemonFeatures,
    /// A certificate authority as PEM text.
    pub ca_certificate: Option<String>,
    /// The concurrency that a decorator on the predictor asks for; `cog.yaml` comes first.
    pub concurrency: Option<u32>,
    /// Whether debug symbols are removed from Python's libraries.
    pub strip: bool,
    /// Whether Python files are compiled ahead of time.
    pub precompile: bool,
    /// Weights in an image of their own.
    pub weights: Option<WeightsImage>,
    /// Whether choices and instructions are the official ones, faults included: to be compared with, not to be built.
    pub peer_exact: bool,
}

impl Default for RecipeFacts {
    fn default() -> Self {
        Self {
            config_name: "cog.yaml".to_owned(),
            requirements: None,
            dockerfile: None,
            sdk: SdkVersion::Latest,
            newest_sdk: NEWEST_KNOWN,
            registry_host: DEFAULT_REGISTRY_HOST.to_owned(),
            cog_base: CogBaseUse::Auto,
            cog_base_answer: None,
            use_cuda_image: true,
            uv: UvSource::None,
            daemon: DaemonFeatures::default(),
            ca_certificate: None,
            concurrency: None,
            strip: false,
            precompile: false,
            weights: None,
            peer_exact: false,
        }
    }
}
