//! Derives a new image from another one, with other labels and a few files.
//!
//! Uses BuildKit's gRPC interface, because there labels travel in the message and not in a URL, so that a schema of any size fits.
//! (hyper rejects URLs longer than 64 KiB, which a percent-encoded schema soon exceeds.)

use bollard::grpc::build::{ImageBuildFrontendOptions, ImageBuildLoadInput, ImageBuildPlatform};
use bollard::grpc::driver::Build as _;
use bollard::grpc::driver::moby::Moby;
use cog_findings::text::double_quoted;
use tokio::runtime::Handle;
use tokio_tar::{Builder, Header};
use tokio_util::sync::CancellationToken;

use crate::clients::docker::real::STREAM_LIMIT;
use crate::clients::docker::{
    Derivation, DockerError, ImageDetails, InspectImages as _, NameImages as _, RealDocker, TemporaryImage,
};

const ATTEMPT: &str = "label the image";

impl RealDocker {
    pub(super) async fn derive(&self, derivation: &Derivation, cancelled: &CancellationToken) -> Result<ImageDetails, DockerError> {
        let base = self.inspect_image(&derivation.base).await?;
        // A Dockerfile cannot refer to an image by its id, and a name that others use may move meanwhile.
        let pinned = TemporaryImage::Base.name();
        self.tag_image(&base.id, &pinned).await?;
        let solved = self.solve(derivation, &pinned, cancelled).await;
        let unpinned = self.remove_image(&pinned).await;
        solved?;
        unpinned?;
        let derived = self.inspect_image(&derivation.tag).await?;
        let kept = if derivation.files.is_empty() {
            derived.diff_ids == base.diff_ids
        } else {
            derived.diff_ids.starts_with(&base.diff_ids)
        };
        if kept { Ok(derived) } else { Err(DockerError::LayersChanged { image: derivation.tag.clone() }) }
    }

    async fn solve(&self, derivation: &Derivation, base: &str, cancelled: &CancellationToken) -> Result<(), DockerError> {
        let context = context(derivation, base).await.map_err(broken)?;
        let platform = ImageBuildPlatform { architecture: "amd64".to_owned(), os: "linux".to_owned(), variant: None };
        let mut frontend = ImageBuildFrontendOptions::builder().platforms(&platform);
        for (name, value) in &derivation.labels {
            frontend = frontend.label(name, value);
        }
        let (client, tag) = (self.patient.clone(), derivation.tag.clone());
        let stop = cancelled.child_token();
        let _stopped_when_dropped = stop.clone().drop_guard();
        let runtime = Handle::current();
        // bollard's future cannot move between threads, so it stays on one.
        let solved = tokio::task::spawn_blocking(move || {
            runtime.block_on(async {
                let load = ImageBuildLoadInput::Upload(context.into());
                tokio::select! {
                    () = stop.cancelled() => None,
                    solved = Moby::new(&client).docker_build(&tag, frontend.build(), load, None, None) => Some(solved),
                }
            })
        });
        match solved.await {
            Ok(None) => Err(DockerError::Cancelled),
            Ok(Some(solved)) => solved.map_err(|error| {
                DockerError::from_grpc(&self.endpoint.to_string(), ATTEMPT, &derivation.base, STREAM_LIMIT, error)
            }),
            Err(error) => Err(broken(error)),
        }
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> DockerError {
    DockerError::Connection { attempted: ATTEMPT.to_owned(), source: Box::new(error) }
}

/// The build context: a Dockerfile and the files, small enough to keep in memory.
async fn context(derivation: &Derivation, base: &str) -> std::io::Result<Vec<u8>> {
    let mut dockerfile = format!("FROM {base}\n");
    for (name, value) in &derivation.environment {
        dockerfile.push_str(&format!("ENV {name}={}\n", double_quoted(value)));
    }
    if !derivation.files.is_empty() {
        dockerfile.push_str("COPY files/ ./\n");
    }
    let mut archive = Builder::new(Vec::new());
    append(&mut archive, "Dockerfile", dockerfile.as_bytes()).await?;
    for file in &derivation.files {
        append(&mut archive, &format!("files/{}", file.path), &file.contents).await?;
    }
    archive.into_inner().await
}

async fn append(archive: &mut Builder<Vec<u8>>, path: &str, contents: &[u8]) -> std::io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(contents.len() as u64);
    header.set_mode(0o644);
    // A fixed time, so that the same file makes the same layer.
    header.set_mtime(1);
    archive.append_data(&mut header, path, contents).await
}
