//! The machine: Docker, disk and Ruff.

use std::time::Duration;

use crate::cli::commands::doctor::examination::{CheckedState, Examination};
use crate::cli::context::Context;
use crate::cli::services;
use crate::config::RunSettings;
use crate::support::process::Bounds;
use crate::support::untrusted::{ProgramKind, UntrustedProgram};

/// The first API whose daemons have BuildKit.
const BUILDKIT_API: (u32, u32) = (1, 39);

/// `doctor` warns below this. A build refuses to start only below its own, lower minimum.
const LEAST_FREE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Printing a version takes milliseconds.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The Docker daemon, and whether it has BuildKit.
pub(super) async fn docker(run: &RunSettings) -> Examination {
    let answer = match services::docker(run).await {
        Ok(docker) => docker.daemon.version().await.map_err(Into::into),
        Err(failure) => Err(failure),
    };
    let version = match answer {
        Ok(version) => version,
        Err(failure) => {
            let failed = Examination::new("Docker", CheckedState::Failed, failure.message()).maybe_fix(failure.hint);
            return Examination { message: format!("{}; check, verify and schema work without it", failed.message), ..failed };
        }
    };
    let storage = version.storage.as_deref().map(|storage| format!(", images in {storage}")).unwrap_or_default();
    let description = format!("{} (API {}){storage}", version.engine, version.api);
    if api(&version.api).is_some_and(|api| api < BUILDKIT_API) {
        return Examination::new("Docker", CheckedState::Failed, format!("{description}, without BuildKit"))
            .fix("install Docker 20.10 or newer");
    }
    Examination::good("Docker", format!("{description}, with BuildKit"))
}

fn api(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The space where images are stored, and what they take.
pub(super) async fn disk(run: &RunSettings, context: &Context) -> Option<Examination> {
    let docker = services::docker(run).await.ok()?;
    let root = docker.daemon.version().await.ok()?.root_folder;
    let free = root.as_deref().and_then(free_bytes).or_else(|| free_bytes(context.environment.folder()))?;
    let gigabytes = |bytes: u64| format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10);
    let message = format!("{} are free", gigabytes(free));
    Some(if free < LEAST_FREE_BYTES {
        Examination::new("disk", CheckedState::Doubtful, message).fix("free space with `docker system prune`")
    } else {
        Examination::good("disk", message)
    })
}

fn free_bytes(folder: &std::path::Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    system.f_bavail.checked_mul(system.f_frsize)
}

/// Ruff, started as a check starts it.
pub(super) async fn ruff(context: &Context) -> Examination {
    let tools = services::tools(context);
    let Some(program) = tools.ruff.clone() else {
        return Examination::new("Ruff", CheckedState::Doubtful, "neither on PATH nor beside safe-push, so nothing is linted")
            .fix("pip install ruff");
    };
    let shown = program.display().to_string();
    let ruff = UntrustedProgram::new(ProgramKind::Reader, program, context.environment.folder()).arguments(["--version"]);
    let launcher = tools.launcher.clone();
    let ran =
        tokio::task::spawn_blocking(move || launcher.run(&ruff, Bounds { time: TIME_LIMIT, bytes: 10_000, cancelled: &|| false }));
    match ran.await {
        Ok(Ok(ended)) if ended.status.success() => Examination::good("Ruff", format!("{} in {shown}", ended.stdout.text().trim())),
        Ok(Ok(ended)) => Examination::new("Ruff", CheckedState::Doubtful, format!("{shown} exited with {}", ended.status))
            .fix("pip install --upgrade ruff"),
        Ok(Err(error)) => {
            let hint = error.hint();
            Examination::new("Ruff", CheckedState::Doubtful, format!("{shown} could not be run: {error}")).maybe_fix(hint)
        }
        Err(_crashed) => Examination::new("Ruff", CheckedState::Doubtful, format!("starting {shown} crashed")),
    }
}
