//! Builds with BuildKit: sends the context as a stream and receives status messages.

use std::collections::HashMap;

use bollard::body_try_stream;
use bollard::models::{BuildInfo, BuildInfoAux};
use bollard::query_parameters::{BuildImageOptions, BuilderVersion};
use futures::StreamExt;
use http::HeaderValue;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clients::docker::messages::ended_with_a_rest;
use crate::clients::docker::progress::BuildProgress;
use crate::clients::docker::session::SecretSession;
use crate::clients::docker::{BuildContext, BuildEvent, BuildNetwork, DockerError, ImageBuild, RealDocker};
use crate::support::ExposeSecret as _;

/// The only platform of Replicate.
pub(super) const PLATFORM: &str = "linux/amd64";

const ATTEMPT: &str = "build the image";

/// Chunk size for reading the context.
const CHUNK_BYTES: usize = 256 * 1024;

const SESSION_HEADER: &str = "X-Docker-Expose-Session-Uuid";

impl RealDocker {
    pub(super) async fn build_image(
        &self,
        build: &ImageBuild,
        context: BuildContext,
        events: &mut (dyn FnMut(BuildEvent) + Send),
        cancelled: &CancellationToken,
    ) -> Result<(), DockerError> {
        let session = Uuid::new_v4().to_string();
        let mut client = self.patient.clone();
        let _secrets = if build.secrets.is_empty() {
            None
        } else {
            // bollard opens its own session, without secrets, for every BuildKit build. It gets another id, so that the daemon
            // finds our session under the id that the build names.
            let aside = HeaderValue::from_str(&Uuid::new_v4().to_string()).ok();
            client = client.with_request_modifier(move |mut request| {
                if let (Some(header), Some(aside)) = (request.headers_mut().get_mut(SESSION_HEADER), &aside) {
                    header.clone_from(aside);
                }
                request
            });
            Some(SecretSession::open(&self.endpoint, &session, &build.secrets).await?)
        };
        let body = body_try_stream(ReaderStream::with_capacity(context, CHUNK_BYTES));
        let mut messages = client.build_image(options(build, session), None, Some(body));
        let mut progress = BuildProgress::default();
        let mut is_built = false;
        loop {
            let message = tokio::select! {
                // Dropping the stream closes the connection, which makes the daemon abort the build.
                () = cancelled.cancelled() => return Err(DockerError::Cancelled),
                message = messages.next() => message,
            };
            match message {
                None if is_built => return Ok(()),
                None => {
                    return Err(DockerError::Connection {
                        attempted: ATTEMPT.to_owned(),
                        source: "the response ended early".into(),
                    });
                }
                Some(Ok(BuildInfo { aux: Some(BuildInfoAux::BuildKit(status)), .. })) => {
                    progress.absorb(status).into_iter().for_each(&mut *events);
                }
                Some(Ok(message)) => is_built |= matches!(message.aux, Some(BuildInfoAux::Default(_))),
                Some(Err(error)) if is_built && ended_with_a_rest(&error) => return Ok(()),
                Some(Err(error)) => return Err(self.build_error(&progress, error)),
            }
        }
    }

    /// A stream error is BuildKit's verdict on the build. Other errors are the daemon's.
    fn build_error(&self, progress: &BuildProgress, error: bollard::errors::Error) -> DockerError {
        match self.meaning(ATTEMPT, "", error) {
            DockerError::Daemon { status: None, message, .. } | DockerError::CertificateUnknown { message, .. } => {
                DockerError::BuildFailed { step: progress.failed_step().map(str::to_owned), message }
            }
            // The text may also come from steps: a missing base image, or `apt-get` or `pip` reporting "404".
            DockerError::NoSuchImage { .. } | DockerError::InUse { .. } => DockerError::BuildFailed {
                step: progress.failed_step().map(str::to_owned),
                message: "an image it needs was not found".to_owned(),
            },
            other => other,
        }
    }
}

fn options(build: &ImageBuild, session: String) -> BuildImageOptions {
    let map = |entries: &std::collections::BTreeMap<String, String>| -> Option<HashMap<String, String>> {
        (!entries.is_empty()).then(|| entries.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    let mut arguments = build.arguments.clone();
    arguments.extend(build.proxies.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())));
    BuildImageOptions {
        dockerfile: build.dockerfile.clone(),
        t: Some(build.tag.clone()),
        nocache: build.no_cache,
        rm: true,
        forcerm: true,
        buildargs: map(&arguments),
        labels: map(&build.labels),
        networkmode: match build.network {
            BuildNetwork::Default => None,
            BuildNetwork::Host => Some("host".to_owned()),
            BuildNetwork::None => Some("none".to_owned()),
        },
        platform: PLATFORM.to_owned(),
        version: BuilderVersion::BuilderBuildKit,
        session: Some(session),
        ..BuildImageOptions::default()
    }
}
