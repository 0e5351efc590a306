//! Real clients and programs, from the settings of a run.

use std::sync::Arc;

use crate::cli::claude::VIDEO_DECODER;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::leftovers;
use crate::clients::docker::{Docker, RealDocker, RegistryCredentials};
use crate::clients::registry::{AnyRegistry, ImageDigests, RealRegistry, Registry as _, RegistryOptions};
use crate::clients::replicate::{BaseUrl, RealReplicate, Replicate, ReplicateOptions};
use crate::config::RunSettings;
use crate::domain::verdict::Verdict;
use crate::inspect::Tools;
use crate::support::SecretString;
use crate::support::clock::{Clock, SystemClock};
use crate::support::secrets::Redactor;

/// The machine's clock.
pub(in crate::cli) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The programs that safe-push starts.
pub(in crate::cli) fn tools(context: &Context) -> Tools {
    Tools {
        ruff: context.environment.program_here_or_beside("ruff"),
        path: context.environment.get("PATH").map(str::to_owned),
        launcher: context.launcher.clone(),
    }
}

/// Whether videos can be decoded for Claude.
pub(super) fn sees_videos(context: &Context) -> bool {
    context.environment.program(VIDEO_DECODER).is_some()
}

/// The Docker daemon.
pub(in crate::cli) async fn docker(run: &RunSettings) -> Result<Docker, Failure> {
    Ok(Docker::of(connect_docker(run).await?))
}

/// The Docker daemon, without what earlier runs left in it.
pub(super) async fn start_docker(run: &RunSettings, context: &Context) -> Result<Arc<RealDocker>, Failure> {
    let docker = connect_docker(run).await?;
    leftovers::remove_at_start(&docker, &context.printer).await;
    Ok(docker)
}

async fn connect_docker(run: &RunSettings) -> Result<Arc<RealDocker>, Failure> {
    Ok(Arc::new(RealDocker::connect(run.settings.docker_host.as_deref()).await?))
}

/// Replicate's API.
pub(in crate::cli) fn replicate_client(run: &RunSettings, token: SecretString) -> Result<Arc<dyn Replicate>, Failure> {
    let named = run.settings.replicate_base_url.as_deref().unwrap_or(BaseUrl::REPLICATE);
    let base_url: BaseUrl = named
        .parse()
        .map_err(|error| Failure::new(Verdict::Misconfigured, anyhow::Error::from(error)).hint("correct REPLICATE_BASE_URL"))?;
    Ok(Arc::new(RealReplicate::new(ReplicateOptions::new(base_url, token), Arc::new(SystemClock))?))
}

/// Digests of base images, wherever they are.
pub(super) fn digests(host: &str, credentials: Option<RegistryCredentials>, redactor: &Redactor) -> Arc<dyn ImageDigests> {
    let options = RegistryOptions { redactor: redactor.clone(), ..RegistryOptions::new(host, credentials) };
    Arc::new(AnyRegistry::new(options))
}

pub(super) fn open_registry(
    host: &str,
    credentials: Option<RegistryCredentials>,
    redactor: &Redactor,
) -> Result<Arc<RealRegistry>, Failure> {
    let options = RegistryOptions { redactor: redactor.clone(), ..RegistryOptions::new(host, credentials) };
    Ok(Arc::new(RealRegistry::new(options)?))
}

/// The registry that is asked for base images, which it shows to everybody.
pub(in crate::cli) fn base_registry(run: &RunSettings, context: &Context) -> Result<Arc<RealRegistry>, Failure> {
    open_registry(&run.settings.replicate_registry, None, context.printer.redactor())
}

/// The user that the CLI token belongs to.
pub(in crate::cli) async fn registry_user(
    run: &RunSettings,
    token: SecretString,
    redactor: &Redactor,
) -> Result<RegistryCredentials, Failure> {
    let host = run.settings.replicate_registry.clone();
    let anonymous = open_registry(&host, None, redactor)?;
    let username = anonymous.verify_token(&token).await?;
    Ok(RegistryCredentials { host, username, password: token })
}
