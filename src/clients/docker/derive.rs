//! Derives a new image from an existing one, with other labels and a few files.
//!
//! Uses BuildKit's gRPC interface, because there labels travel in the message and not in a URL, so that a schema of any size fits.
//! (hyper rejects URLs longer than 64 KiB, which a percent-encoded schema soon exceeds.)

use std::collections::BTreeSet;

use bollard::grpc::build::{ImageBuildFrontendOptions, ImageBuildLoadInput, ImageBuildPlatform};
use bollard::grpc::driver::Build as _;
use bollard::grpc::driver::moby::Moby;
use cog_findings::text::double_quoted;
use tokio::runtime::Handle;
use tokio_tar::{Builder, EntryType, Header};
use tokio_util::sync::CancellationToken;

use crate::clients::docker::real::STREAM_LIMIT;
use crate::clients::docker::{
    Derivation, DerivedFile, DockerError, ImageDetails, InspectImages as _, NameImages as _, RealDocker, TemporaryImage,
};

const ATTEMPT: &str = "label the image";

impl RealDocker {
    pub(super) async fn derive(&self, derivation: &Derivation, cancelled: &CancellationToken) -> Result<ImageDetails, DockerError> {
        let base = self.inspect_image(&derivation.base).await?;
        // A Dockerfile cannot refer to an image by its id, and a name that others use may move meanwhile.
        let pinned = TemporaryImage::Base.name();
        self.tag_image(&base.id, &pinned).await?;
        let solved = self.solve(derivation, &pinned, &base.working_folder, cancelled).await;
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

    async fn solve(
        &self,
        derivation: &Derivation,
        base: &str,
        working_folder: &str,
        cancelled: &CancellationToken,
    ) -> Result<(), DockerError> {
        let context = context(derivation, base, working_folder).await.map_err(broken)?;
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

/// The archive in the context that is unpacked into the image.
const PACKED: &str = "files.tar";

/// The build context: a Dockerfile and the files, small enough to keep in memory.
///
/// `COPY` gives folders the time of the build. An archive that `ADD` unpacks keeps its own times.
async fn context(derivation: &Derivation, base: &str, working_folder: &str) -> std::io::Result<Vec<u8>> {
    let mut dockerfile = format!("FROM {base}\n");
    for (name, value) in &derivation.environment {
        dockerfile.push_str(&format!("ENV {name}={}\n", double_quoted(value)));
    }
    if !derivation.files.is_empty() {
        dockerfile.push_str(&match derivation.fixed_time {
            Some(_) => format!("ADD {PACKED} /\n"),
            None => "COPY files/ ./\n".to_owned(),
        });
    }
    let mut archive = Builder::new(Vec::new());
    append(&mut archive, "Dockerfile", dockerfile.as_bytes(), SOME_TIME).await?;
    match derivation.fixed_time {
        Some(time) => append(&mut archive, PACKED, &packed(&derivation.files, working_folder, time).await?, SOME_TIME).await?,
        None => {
            for file in &derivation.files {
                append(&mut archive, &format!("files/{}", file.path), &file.contents, SOME_TIME).await?;
            }
        }
    }
    archive.into_inner().await
}

/// The files below the root of the image, each folder on the way before what is in it.
async fn packed(files: &[DerivedFile], working_folder: &str, time: u64) -> std::io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    let mut known = BTreeSet::new();
    for file in files {
        let path = format!("{}/{}", working_folder.trim_matches('/'), file.path);
        let path = path.trim_start_matches('/');
        for folder in path.match_indices('/').filter_map(|(end, _)| path.get(..end)) {
            if known.insert(folder.to_owned()) {
                let mut header = header(0, 0o755, time);
                header.set_entry_type(EntryType::Directory);
                archive.append_data(&mut header, folder, &b""[..]).await?;
            }
        }
        append(&mut archive, path, &file.contents, time).await?;
    }
    archive.into_inner().await
}

/// A fixed time, so that the same file makes the same layer.
const SOME_TIME: u64 = 1;

async fn append(archive: &mut Builder<Vec<u8>>, path: &str, contents: &[u8], time: u64) -> std::io::Result<()> {
    archive.append_data(&mut header(contents.len() as u64, 0o644, time), path, contents).await
}

fn header(size_bytes: u64, mode: u32, time: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(size_bytes);
    header.set_mode(mode);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    header
}
