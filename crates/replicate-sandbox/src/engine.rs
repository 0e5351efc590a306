//! The interface between the API, which stores jobs, and the engines that compute them.
//!
//! There are two engines: `containers` boots the version's image, and `scripted` answers from a script in tests.
//! Engines know nothing about HTTP routes, prediction objects or URLs of output files.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::job_kind::JobKind;

/// What an engine needs to know about a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct EngineVersion {
    /// `owner/name`.
    pub(crate) model: String,
    /// The version's id: the 64 digits of the manifest's digest.
    pub(crate) id: String,
    /// Where the Docker daemon gets the image: `127.0.0.1:PORT/owner/name:TAG`, or the id of a local image.
    pub(crate) image: String,
    /// Whether the image has to be pulled first.
    pub(crate) pull: bool,
}

/// A prediction or training to compute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EngineJob {
    pub(crate) id: String,
    pub(crate) kind: JobKind,
    /// Validated inputs. Files are `http(s):` or `data:` URLs that a container can read.
    pub(crate) input: Map<String, Value>,
}

/// A step of a job in progress.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Progress {
    /// The version has booted and `predict()` starts: `starting` becomes `processing`.
    Started,
    /// More output of `setup()` or `predict()`.
    Logs(String),
}

/// How a job finished.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// It succeeded. Files in the output are `data:` URLs, which the API turns into URLs of its own.
    Succeeded {
        output: Value,
        /// Metrics reported by the version, apart from `predict_time`.
        metrics: Map<String, Value>,
    },
    Failed {
        /// The error message.
        error: String,
    },
    /// It was canceled while it ran.
    Canceled,
}

/// Runs versions.
pub(crate) trait Engine: Send + Sync {
    /// Runs one job until it finishes, and boots the version first if necessary. When `cancelled` fires, the job is also stopped in
    /// the container, and the outcome is [`Outcome::Canceled`]. A version that cannot boot is [`Outcome::Failed`].
    fn run<'a>(
        &'a self,
        version: &'a EngineVersion,
        job: EngineJob,
        progress: UnboundedSender<Progress>,
        cancelled: CancellationToken,
    ) -> BoxFuture<'a, Outcome>;

    /// Stops everything that was started and waits until it is gone.
    fn shutdown<'a>(&'a self) -> BoxFuture<'a, ()>;
}
