//! What is asked of the daemon, and what it answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretSlice;

use crate::domain::cleared::BuiltImage;
use crate::domain::events::LayerOutcome;
use crate::domain::identity::ImageDigest;
use crate::support::SecretString;
use crate::support::retry::RetryPolicy;

/// Versions of the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonVersion {
    /// The engine, as in `20.10.24`.
    pub engine: String,
    /// The newest API it speaks, as in `1.41`.
    pub api: String,
    /// Where it keeps images, on its own machine.
    pub root_folder: Option<PathBuf>,
}

/// What the daemon's things take up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// Layers of images.
    pub images_bytes: u64,
    /// BuildKit's cache.
    pub build_cache_bytes: u64,
}

/// How `RUN` steps reach the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BuildNetwork {
    /// Through the daemon's bridge.
    #[default]
    Default,
    /// As the daemon's machine does.
    Host,
    /// Not at all.
    None,
}

/// A value that `RUN --mount=type=secret,id=…` can read. It reaches no layer.
#[derive(Debug, Clone)]
pub struct BuildSecret {
    /// The name in the Dockerfile.
    pub id: String,
    /// What the file holds.
    pub value: SecretSlice<u8>,
}

/// A build of a Dockerfile. Always for linux/amd64, the only platform that Replicate runs.
#[derive(Debug, Clone, Default)]
pub struct ImageBuild {
    /// The Dockerfile's path within the context.
    pub dockerfile: String,
    /// The name the image gets.
    pub tag: String,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
    /// Labels of the image. They travel in a URL: keep them short, [`Derivation`] takes long ones.
    pub labels: BTreeMap<String, String>,
    /// Ignores the cache.
    pub no_cache: bool,
    /// Secrets for `RUN --mount=type=secret`.
    pub secrets: Vec<BuildSecret>,
    /// How `RUN` steps reach the network.
    pub network: BuildNetwork,
}

/// A new image on top of another: labels, and a few small files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derivation {
    /// The image to start from, by name or id.
    pub base: String,
    /// The name the new image gets.
    pub tag: String,
    /// Labels to add or to change, of any length.
    pub labels: BTreeMap<String, String>,
    /// Variables to set.
    pub environment: BTreeMap<String, String>,
    /// Files to add, in one layer. Without any the layers stay as they are.
    pub files: Vec<DerivedFile>,
}

/// A file that a [`Derivation`] adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedFile {
    /// Its path in the image, relative to the working folder.
    pub path: String,
    /// What it holds.
    pub contents: Vec<u8>,
}

/// An image in the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageDetails {
    /// The daemon's id.
    pub id: String,
    /// Digests of the uncompressed layers, in order.
    pub diff_ids: Vec<ImageDigest>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its environment, `NAME=value`.
    pub environment: Vec<String>,
    /// Its working folder.
    pub working_folder: String,
    /// All that its configuration says beside the labels, as JSON with sorted keys: for comparing two images.
    pub settings: String,
    /// What it takes up.
    pub size_bytes: u64,
    /// Names it has here.
    pub names: Vec<String>,
}

impl ImageDetails {
    /// The image under a name, as the stages hand it on.
    pub fn into_built(self, reference: impl Into<String>) -> BuiltImage {
        BuiltImage { reference: reference.into(), id: self.id, diff_ids: self.diff_ids }
    }
}

/// A user of a registry.
#[derive(Debug, Clone)]
pub struct RegistryCredentials {
    /// The registry's host, as in `r8.im`.
    pub host: String,
    /// The user.
    pub username: String,
    /// The password or token.
    pub password: SecretString,
}

/// An image to be pushed.
#[derive(Debug, Clone)]
pub struct ImagePush {
    /// The repository, as in `r8.im/acme/hotdog`. The image must be tagged `repository:tag`.
    pub repository: String,
    /// The tag. Always given: without one, the daemon pushes every tag that the repository has here.
    pub tag: String,
    /// Who pushes.
    pub credentials: Option<RegistryCredentials>,
    /// How failures of the network or the registry are repeated. A push can be: layers that are there already are skipped.
    pub retry: RetryPolicy,
}

/// Something that happened in a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushEvent {
    /// Bytes went over.
    Progress(PushProgress),
    /// A layer is finished. The daemon's client does not say which.
    Layer {
        /// How.
        outcome: LayerOutcome,
        /// Number of finished layers.
        done: usize,
        /// Number of layers, as far as it is known.
        layers: usize,
    },
    /// It failed, and begins again. What is counted begins again too.
    Repeated {
        /// Why it failed.
        reason: String,
        /// After how long it begins again.
        wait: Duration,
    },
}

/// How far a push is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushProgress {
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes of all layers being sent, as far as they are known.
    pub total_bytes: u64,
}

/// A pushed image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The manifest's digest.
    pub digest: ImageDigest,
    /// The manifest's size.
    pub manifest_bytes: u64,
}

/// A container that runs one command and goes.
#[derive(Debug, Clone)]
pub struct ContainerRun {
    /// The image.
    pub image: String,
    /// The command, without a shell. The image's entrypoint is not used.
    pub command: Vec<String>,
    /// More environment variables.
    pub environment: BTreeMap<String, String>,
    /// Whether it may reach the network.
    pub network: bool,
    /// After how long it is stopped.
    pub time_limit: Duration,
    /// How much of each of its outputs is kept.
    pub output_limit_bytes: usize,
}

/// What a container left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerOutput {
    /// The exit code.
    pub exit_code: i64,
    /// Standard output. Untrusted text.
    pub stdout: String,
    /// Standard error. Untrusted text.
    pub stderr: String,
    /// Whether one of them was longer than allowed.
    pub truncated: bool,
}
