//! What runs a version: the seam between the API, which keeps the books, and whatever computes an answer.
//!
//! Two engines stand behind it: `containers`, which boots the version's image, and `scripted`, which answers from a script in tests.
//! Engines know nothing of HTTP routes, prediction objects or URLs of output files.

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::job_kind::JobKind;

/// What an engine has to know of a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct EngineVersion {
    /// `owner/name`.
    pub(crate) model: String,
    /// The version's id: the 64 digits of the manifest's digest.
    pub(crate) id: String,
    /// How the Docker daemon gets the image: `127.0.0.1:PORT/owner/name@sha256:…`, or a local image for one handed over by reference.
    pub(crate) image: String,
    /// Whether the image has to be pulled first.
    pub(crate) pull: bool,
}

/// One prediction or training to be computed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EngineJob {
    /// The prediction's id.
    pub(crate) id: String,
    /// What to run.
    pub(crate) kind: JobKind,
    /// Validated inputs. Files are `http(s):` or `data:` URLs that a container can read.
    pub(crate) input: Map<String, Value>,
}

/// What happens on the way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Progress {
    /// The version is up and `predict()` begins: `starting` becomes `processing`.
    Started,
    /// More log text, of `setup()` or `predict()`.
    Logs(String),
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// With an output. Files are `data:` URLs, which the API turns into URLs of its own.
    Succeeded {
        /// The output.
        output: Value,
        /// Metrics beside `predict_time`, as the version reported them.
        metrics: Map<String, Value>,
    },
    /// With an error.
    Failed {
        /// Its text.
        error: String,
    },
    /// It was cancelled while it ran.
    Canceled,
}

/// Something that can run versions.
#[async_trait]
pub(crate) trait Engine: Send + Sync {
    /// Runtime one job to its end, booting the version first if need be. When `cancelled` fires, the job is stopped in the container too,
    /// and the outcome is [`Outcome::Canceled`]. Never panics; a version that cannot boot is [`Outcome::Failed`].
    async fn run(
        &self,
        version: &EngineVersion,
        job: EngineJob,
        progress: UnboundedSender<Progress>,
        cancelled: CancellationToken,
    ) -> Outcome;

    /// Stops everything that was started and waits until it is gone.
    async fn shutdown(&self);
}
