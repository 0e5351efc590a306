//! Requests to the daemon and its responses.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretSlice;

use crate::domain::cleared::BuiltImage;
use crate::domain::events::LayerOutcome;
use crate::domain::identity::ImageDigest;
use crate::support::SecretString;
use crate::support::retry::RetryPolicy;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonVersion {
    /// The engine's, as in `20.10.24`.
    pub engine: String,
    /// The newest API version it supports, as in `1.41`.
    pub api: String,
    /// The folder in which it stores images, on its own machine.
    pub root_folder: Option<PathBuf>,
    /// How it stores images, as in `overlay2`.
    pub storage: Option<String>,
    /// Whether it has the runtime that gives containers NVIDIA's GPUs.
    pub has_nvidia_runtime: bool,
}

/// The disk space that the daemon uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// Layers of images, in bytes.
    pub images_bytes: u64,
    /// BuildKit's cache, in bytes.
    pub build_cache_bytes: u64,
}

/// The network of `RUN` steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BuildNetwork {
    /// The daemon's bridge.
    #[default]
    Default,
    /// The network of the daemon's machine.
    Host,
    /// No network.
    None,
}

/// A secret that `RUN --mount=type=secret,id=…` can read. It is not stored in any layer.
#[derive(Debug, Clone)]
pub struct BuildSecret {
    /// The id in the Dockerfile.
    pub id: String,
    /// The content of the file.
    pub value: SecretSlice<u8>,
}

/// A build of a Dockerfile. Always for linux/amd64, the only platform that Replicate runs.
#[derive(Debug, Clone, Default)]
pub struct ImageBuild {
    /// The Dockerfile's path within the context.
    pub dockerfile: String,
    /// The name of the image.
    pub tag: String,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
    /// Labels of the image. They travel in a URL, so keep them short. [`Derivation`] accepts long ones.
    pub labels: BTreeMap<String, String>,
    /// Whether to ignore the cache.
    pub no_cache: bool,
    /// Secrets for `RUN --mount=type=secret`.
    pub secrets: Vec<BuildSecret>,
    /// Proxies for `RUN` steps, by variable. BuildKit keeps them out of the image and of its cache's keys.
    pub proxies: BTreeMap<String, SecretString>,
    /// The network of `RUN` steps.
    pub network: BuildNetwork,
}

/// A new image derived from an existing one: other labels and a few small files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derivation {
    /// The image to derive from, by name or id.
    pub base: String,
    /// The name of the new image.
    pub tag: String,
    /// Labels to add or change, of any length.
    pub labels: BTreeMap<String, String>,
    /// Environment variables to set.
    pub environment: BTreeMap<String, String>,
    /// Files to add, in one layer. Without files, the layers are unchanged.
    pub files: Vec<DerivedFile>,
    /// The time of these files and of the folders they are in, in seconds since 1970, so that they make the same layer whenever they are
    /// added. The folders belong to root and can be entered by all. Without it, folders keep what they have, and new ones get the time of
    /// the build.
    pub fixed_time: Option<u64>,
}

/// A file that a [`Derivation`] adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedFile {
    /// Its path in the image, relative to the working folder.
    pub path: String,
    pub contents: Vec<u8>,
}

/// An image of the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageDetails {
    /// The daemon's id.
    pub id: String,
    /// Digests of the uncompressed layers, in order.
    pub diff_ids: Vec<ImageDigest>,
    pub labels: BTreeMap<String, String>,
    /// Its environment variables, as `NAME=value`.
    pub environment: Vec<String>,
    /// Its working directory.
    pub working_folder: String,
    /// The rest of its configuration without the labels, as JSON with sorted keys. For comparing two images.
    pub settings: String,
    pub size_bytes: u64,
    /// Its names in this daemon.
    pub names: Vec<String>,
    /// The manifests that it was pulled or pushed as, as `repository@sha256:...`.
    pub digests: Vec<String>,
}

impl ImageDetails {
    /// The image as a [`BuiltImage`] under this name.
    pub fn into_built(self, reference: impl Into<String>) -> BuiltImage {
        BuiltImage { reference: reference.into(), id: self.id, diff_ids: self.diff_ids, push_labels: BTreeMap::new() }
    }
}

#[derive(Debug, Clone)]
pub struct RegistryCredentials {
    /// The registry's host, as in `r8.im`.
    pub host: String,
    /// The user name.
    pub username: String,
    /// The password or token.
    pub password: SecretString,
}

#[derive(Debug, Clone)]
pub struct ImagePush {
    /// The repository, as in `r8.im/acme/hotdog`. The image must be tagged `repository:tag`.
    pub repository: String,
    /// The tag. Required, because without one the daemon pushes every tag of the repository.
    pub tag: String,
    /// Credentials, if any.
    pub credentials: Option<RegistryCredentials>,
    /// Retries after failures of the network or the registry. They are safe: existing layers are skipped.
    pub retry: RetryPolicy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushEvent {
    /// More bytes were sent.
    Progress(PushProgress),
    /// A layer is finished. The daemon does not report which.
    Layer {
        /// How it was finished.
        outcome: LayerOutcome,
        /// Number of finished layers.
        done: usize,
        /// Number of layers, as far as known.
        layers: usize,
    },
    /// The push failed and is repeated. All counts restart.
    Repeated {
        /// Why it failed.
        reason: String,
        /// The wait before it is repeated.
        wait: Duration,
    },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushProgress {
    pub sent_bytes: u64,
    /// Bytes of all layers being sent, as far as known.
    pub total_bytes: u64,
}

/// A pushed image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The manifest's digest.
    pub digest: ImageDigest,
    /// The manifest's size in bytes.
    pub manifest_bytes: u64,
}

/// A container that runs one command and is removed.
#[derive(Debug, Clone)]
pub struct ContainerRun {
    pub image: String,
    /// The command, without a shell. The image's entrypoint is not used.
    pub command: Vec<String>,
    /// Additional environment variables.
    pub environment: BTreeMap<String, String>,
    /// Whether it can reach the network.
    pub network: bool,
    /// How long it may run before it is stopped.
    pub time_limit: Duration,
    /// Limit for each of its outputs, in bytes. The rest is dropped.
    pub output_limit_bytes: usize,
}

/// The result of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerOutput {
    pub exit_code: i64,
    /// Standard output. Untrusted text.
    pub stdout: String,
    /// Standard error. Untrusted text.
    pub stderr: String,
    /// Whether an output exceeded the limit.
    pub truncated: bool,
}
