//! Containers that run one command and are removed.

use std::collections::HashMap;

use bollard::container::{AttachContainerResults, LogOutput};
use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{AttachContainerOptions, CreateContainerOptions, RemoveContainerOptions, StartContainerOptions};
use futures::StreamExt;
use process_mark::{LABEL, ProcessMark};
use replicate_sandbox::MODEL_CAPABILITIES;
use tokio_util::sync::CancellationToken;

use crate::clients::docker::build::PLATFORM;
use crate::clients::docker::{ContainerOutput, ContainerRun, DockerError, RealDocker};

/// The limits of what the daemon keeps of a container's output. It is read while the container runs.
const LOG_LIMITS: [(&str, &str); 2] = [("max-size", "1m"), ("max-file", "1")];

impl RealDocker {
    pub(super) async fn run_container(
        &self,
        run: &ContainerRun,
        cancelled: &CancellationToken,
    ) -> Result<ContainerOutput, DockerError> {
        let options = CreateContainerOptions { name: None, platform: PLATFORM.to_owned() };
        let created = self
            .client
            .create_container(Some(options), body(run))
            .await
            .map_err(|error| self.meaning("create a container", &run.image, error))?;
        let container = Container { docker: self.clone(), id: Some(created.id.clone()) };
        let outcome = tokio::select! {
            () = cancelled.cancelled() => Err(DockerError::Cancelled),
            outcome = tokio::time::timeout(run.time_limit, self.run_to_end(&created.id, run)) => {
                outcome.unwrap_or_else(|_elapsed| Err(DockerError::TimedOut {
                    attempted: format!("run `{}` in the image", run.command.join(" ")),
                    limit: run.time_limit,
                }))
            }
        };
        container.remove().await;
        outcome
    }

    async fn run_to_end(&self, id: &str, run: &ContainerRun) -> Result<ContainerOutput, DockerError> {
        let meaning = |error| self.meaning("run a container", &run.image, error);
        // Attach before the start, so that no output is missed, whatever log driver the daemon uses.
        let options = AttachContainerOptions { stdout: true, stderr: true, stream: true, ..AttachContainerOptions::default() };
        let AttachContainerResults { mut output, input: _input } =
            self.patient.attach_container(id, Some(options)).await.map_err(meaning)?;
        self.client.start_container(id, None::<StartContainerOptions>).await.map_err(meaning)?;
        let mut stdout = Bounded::new(run.output_limit_bytes);
        let mut stderr = Bounded::new(run.output_limit_bytes);
        while let Some(chunk) = output.next().await {
            match chunk.map_err(meaning)? {
                LogOutput::StdOut { message } | LogOutput::Console { message } => stdout.push(&message),
                LogOutput::StdErr { message } => stderr.push(&message),
                LogOutput::StdIn { .. } => {}
            }
        }
        Ok(ContainerOutput {
            exit_code: self.exit_code(id, run).await?,
            truncated: stdout.truncated || stderr.truncated,
            stdout: stdout.into_text(),
            stderr: stderr.into_text(),
        })
    }

    async fn exit_code(&self, id: &str, run: &ContainerRun) -> Result<i64, DockerError> {
        match self.patient.wait_container(id, None).next().await {
            Some(Ok(ended)) => Ok(ended.status_code),
            // bollard turns every nonzero exit code into an error.
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
            Some(Err(error)) => Err(self.meaning("wait for a container", &run.image, error)),
            None => Err(DockerError::Daemon {
                attempted: "wait for a container".to_owned(),
                status: None,
                message: "the daemon did not report the exit code".to_owned(),
            }),
        }
    }

    pub(super) async fn remove_container(&self, id: &str) -> Result<(), DockerError> {
        let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
        match self.client.remove_container(id, Some(options)).await {
            Ok(()) => Ok(()),
            // It is gone, or someone else is removing it.
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
            Err(error) => Err(self.meaning("remove a container", id, error)),
        }
    }
}

fn body(run: &ContainerRun) -> ContainerCreateBody {
    // The image's own entrypoint could be anything, so it is replaced.
    ContainerCreateBody {
        image: Some(run.image.clone()),
        entrypoint: Some(run.command.iter().take(1).cloned().collect()),
        cmd: Some(run.command.iter().skip(1).cloned().collect()),
        env: Some(run.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(HashMap::from([(LABEL.to_owned(), ProcessMark::current().map(|mark| mark.to_string()).unwrap_or_default())])),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(HostConfig {
            network_mode: (!run.network).then(|| "none".to_owned()),
            // An init process that forwards signals and reaps children.
            init: Some(true),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(MODEL_CAPABILITIES.map(str::to_owned).to_vec()),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(LOG_LIMITS.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
            }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// A container that is removed even if the future that waits for it is dropped.
struct Container {
    docker: RealDocker,
    id: Option<String>,
}

impl Container {
    async fn remove(mut self) {
        if let Some(id) = &self.id
            && let Err(error) = self.docker.remove_container(id).await
        {
            tracing::warn!(%error, id, "failed to remove a container");
        }
        self.id = None;
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current()) else { return };
        let docker = self.docker.clone();
        runtime.spawn(async move {
            if let Err(error) = docker.remove_container(&id).await {
                tracing::warn!(%error, id, "failed to remove a container");
            }
        });
    }
}

/// The start of an output.
struct Bounded {
    bytes: Vec<u8>,
    limit_bytes: usize,
    truncated: bool,
}

impl Bounded {
    fn new(limit_bytes: usize) -> Self {
        Self { bytes: Vec::new(), limit_bytes, truncated: false }
    }

    fn push(&mut self, chunk: &[u8]) {
        let room = self.limit_bytes.saturating_sub(self.bytes.len());
        self.truncated |= chunk.len() > room;
        self.bytes.extend(chunk.iter().take(room));
    }

    fn into_text(self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_beyond_the_limit_is_dropped_and_said() {
        let mut output = Bounded::new(5);
        output.push(b"abc");
        assert!(!output.truncated);
        output.push(b"def");
        output.push(b"ghi");
        assert!(output.truncated);
        assert_eq!(output.into_text(), "abcde");
    }
}
