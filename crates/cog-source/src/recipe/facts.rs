//! Facts that the caller adds to `cog.yaml`.

use super::conventions::Conventions;
use crate::base_image::{BaseImageAnswer, CogBaseUse, DEFAULT_REGISTRY_HOST};
use crate::dockerfile::system::UvSource;
use crate::sdk::{NEWEST_KNOWN, Release, SdkVersion};
use crate::weights::WeightSelection;

/// A text file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// Its path, relative to the project.
    pub file: String,
    pub text: String,
}

/// Features of the builder beyond Docker 20.10. The default has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DaemonFeatures {
    /// A frontend image to name in the first line. It is pulled from Docker Hub.
    pub syntax: Option<String>,
    /// Whether it supports `COPY --link` (frontend 1.4).
    pub copy_link: bool,
    /// Whether it supports `COPY --exclude` (frontend 1.19).
    pub copy_exclude: bool,
}

/// Weights in a separate image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsImage {
    /// The name of that image.
    pub image: String,
    /// The files in it.
    pub selection: WeightSelection,
}

/// Facts about the project, the registry and the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFacts {
    /// The file name of the configuration. A name other than `cog.yaml` is copied to `cog.yaml` in the image.
    pub config_name: String,
    /// The file that `build.python_requirements` names.
    pub requirements: Option<SourceText>,
    /// A Dockerfile to use instead of a generated one.
    pub dockerfile: Option<SourceText>,
    /// The SDK, from [`crate::sdk::choose`].
    pub sdk: SdkVersion,
    /// The release that `latest` is pinned to.
    pub newest_sdk: Release,
    /// The registry of `cog-base` images (`COG_REGISTRY_HOST`).
    pub registry_host: String,
    /// Whether to start from a `cog-base` image.
    pub cog_base: CogBaseUse,
    /// The registry's answer about [`super::cog_base_candidate`]; `None` when it was not asked.
    pub cog_base_answer: Option<BaseImageAnswer>,
    /// Whether a GPU model may start from nvidia/cuda.
    pub use_cuda_image: bool,
    /// Where uv comes from.
    pub uv: UvSource,
    /// The features of the Docker daemon.
    pub daemon: DaemonFeatures,
    /// A certificate authority as PEM text.
    pub ca_certificate: Option<String>,
    /// The concurrency from a decorator on the predictor. `cog.yaml` overrides it.
    pub concurrency: Option<u32>,
    /// Whether debug symbols are removed from Python's libraries.
    pub strip: bool,
    /// Whether Python files are compiled ahead of time.
    pub precompile: bool,
    /// Weights in a separate image.
    pub weights: Option<WeightsImage>,
    /// Whose choices and instructions are planned.
    pub conventions: Conventions,
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
            conventions: Conventions::Corrected,
        }
    }
}
