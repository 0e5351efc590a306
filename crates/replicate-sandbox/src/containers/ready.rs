//! Waits until a container's server is ready, or is known to have failed.

use std::time::Duration;

use super::error::ContainerError;
use super::output::Output;
use super::protocol::{CogServer, HealthState};

/// How long to wait for the last output of a version that failed to boot.
const LAST_WORDS: Duration = Duration::from_millis(500);

const HEALTH_INTERVAL: Duration = Duration::from_millis(100);

/// Waits for the end of the setup. Its time is limited by the caller.
pub(super) async fn wait_until_ready(server: &CogServer, output: &Output) -> Result<(), ContainerError> {
    loop {
        if output.ended.is_cancelled() {
            let reason = output.last_line().unwrap_or_else(|| "the container exited without output".to_owned());
            return Err(ContainerError::Setup(reason));
        }
        match server.health().await {
            Ok(health) => match health.status {
                HealthState::Ready | HealthState::Busy => return Ok(()),
                HealthState::SetupFailed | HealthState::Defunct | HealthState::Unhealthy => {
                    // The failure may be reported before the last lines, both in the report and in the output.
                    tokio::select! {
                        () = output.ended.cancelled() => {}
                        () = tokio::time::sleep(LAST_WORDS) => {}
                    }
                    let health = server.health().await.unwrap_or(health);
                    // coglet's report ends with the reason but omits the traceback, which is in the output.
                    let reported =
                        health.setup_logs().lines().rfind(|line| !line.trim().is_empty() && !line.starts_with("[coglet]"));
                    let reason = reported.map(str::to_owned).or_else(|| output.last_line());
                    return Err(ContainerError::Setup(reason.unwrap_or_else(|| "setup() failed".to_owned())));
                }
                HealthState::Starting | HealthState::Unknown => {}
            },
            // The server does not listen yet.
            Err(cause) => tracing::trace!(%cause, "the health check failed"),
        }
        tokio::select! {
            () = output.ended.cancelled() => {}
            () = tokio::time::sleep(HEALTH_INTERVAL) => {}
        }
    }
}
