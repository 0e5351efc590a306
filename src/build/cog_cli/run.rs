//! Runs the Cog CLI: reports its output while it runs, and inspects its image afterwards.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;

use cog_source::labels::OPENAPI_SCHEMA;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{CogCliError, CogProgram};
use crate::build::Built;
use crate::build::label::FREEZE_LABEL;
use crate::clients::docker::InspectImages;
use crate::domain::events::{Event, EventKind, Observer};
use crate::domain::plan::BuildPlan;
use crate::domain::project_place::COG_YAML;

/// Lines of output that an error keeps, and bytes that a report keeps.
const KEPT_LINES: usize = 30;
const LOG_LINES: usize = 2000;

/// The project and plan of a build.
#[derive(Debug, Clone, Copy)]
pub struct CogCliBuild<'a> {
    /// The folder that is built.
    pub project: &'a Path,
    /// The configuration, relative to it.
    pub config: &'a str,
    pub plan: &'a BuildPlan,
    /// The name that the image gets, `repository:tag`.
    pub image_name: &'a str,
    /// The model that events of the build name.
    pub model: &'a str,
}

/// Builds a project's image with the Cog CLI.
pub async fn build_with_cog_cli(
    build: CogCliBuild<'_>,
    places: &CogProgram,
    images: &dyn InspectImages,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Built, CogCliError> {
    let started = Instant::now();
    let program = tokio::select! {
        () = cancelled.cancelled() => return Err(CogCliError::Cancelled),
        program = places.locate(build.plan.cog_binary.as_deref(), build.plan.cog_version.as_deref()) => program?,
    };
    let not_started = |source| CogCliError::NotStarted { program: program.clone(), source };
    let mut command = places.command(&program);
    command.args(arguments(build)).current_dir(build.project).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(not_started)?;
    let (sender, mut lines) = mpsc::channel(64);
    tokio::spawn(follow(child.stdout.take(), sender.clone()));
    tokio::spawn(follow(child.stderr.take(), sender));
    let mut log: VecDeque<String> = VecDeque::new();
    let mut output = places.redactor.stream();
    loop {
        let line = tokio::select! {
            // Dropping it kills the process, and the daemon stops a build whose client is gone.
            () = cancelled.cancelled() => return Err(CogCliError::Cancelled),
            line = lines.recv() => line,
        };
        let ended = line.is_none();
        let shown = match line {
            Some(line) => output.push_line(&line),
            None => output.finish_lines(),
        };
        for line in shown {
            observer.observe(Event { model: Some(build.model.to_owned()), kind: EventKind::BuildOutput(line.clone()) });
            if log.len() == LOG_LINES {
                log.pop_front();
            }
            log.push_back(line);
        }
        if ended {
            break;
        }
    }
    let status = child.wait().await.map_err(not_started)?;
    if !status.success() {
        let last_lines = log.iter().skip(log.len().saturating_sub(KEPT_LINES)).cloned().collect();
        return Err(CogCliError::Failed { program, exit_code: status.code(), last_lines });
    }
    let image = images.inspect_image(build.image_name).await?;
    let schema = image.labels.get(OPENAPI_SCHEMA).and_then(|label| serde_json::from_str::<Value>(label).ok());
    let Some(schema) = schema.filter(Value::is_object) else { return Err(CogCliError::NoSchema { program }) };
    Ok(Built {
        schema,
        pip_freeze: image.labels.get(FREEZE_LABEL).cloned().unwrap_or_default(),
        size_bytes: image.size_bytes,
        image: image.into_built(build.image_name),
        duration: started.elapsed(),
        cached_steps: 0,
        log: Vec::from(log).join("\n"),
    })
}

/// The flags have the same names in every release: `docs/reference/cog.md#flags-in-every-release`.
fn arguments(build: CogCliBuild<'_>) -> Vec<String> {
    let plan = build.plan;
    let mut arguments = ["build", "--tag", build.image_name, "--progress", "plain"].map(str::to_owned).to_vec();
    if build.config != COG_YAML {
        arguments.extend(["--file".to_owned(), build.config.to_owned()]);
    }
    for (is_wanted, flag) in [
        (plan.no_cache, "--no-cache"),
        (plan.separate_weights, "--separate-weights"),
        (plan.strip, "--strip"),
        (plan.precompile, "--precompile"),
    ] {
        arguments.extend(is_wanted.then(|| flag.to_owned()));
    }
    arguments.extend(plan.use_cog_base_image.map(|wanted| format!("--use-cog-base-image={wanted}")));
    arguments.extend(plan.dockerfile.as_ref().map(|path| format!("--dockerfile={}", path.display())));
    arguments.extend(plan.secrets.iter().map(|secret| format!("--secret={secret}")));
    arguments
}

async fn follow(output: Option<impl AsyncRead + Unpin>, lines: mpsc::Sender<String>) {
    let Some(output) = output else { return };
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    // Without line breaks, a line is as long as the whole output: for a build, some megabytes at most.
    while matches!(reader.read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        if lines.send(text).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_becomes_flags() {
        let plan = BuildPlan {
            no_cache: true,
            separate_weights: true,
            use_cog_base_image: Some(false),
            dockerfile: Some("docker/Dockerfile".into()),
            secrets: vec!["id=a,env=A".to_owned()],
            ..BuildPlan::default()
        };
        let build = CogCliBuild { project: Path::new("."), config: "cog.yaml", plan: &plan, image_name: "a:b", model: "a" };
        assert_eq!(
            arguments(build).join(" "),
            "build --tag a:b --progress plain --no-cache --separate-weights --use-cog-base-image=false \
             --dockerfile=docker/Dockerfile --secret=id=a,env=A"
        );
        let plan = BuildPlan::default();
        let build = CogCliBuild { plan: &plan, ..build };
        assert_eq!(arguments(build).join(" "), "build --tag a:b --progress plain");
        let elsewhere = CogCliBuild { config: "models/a/cog.yaml", ..build };
        assert_eq!(arguments(elsewhere).join(" "), "build --tag a:b --progress plain --file models/a/cog.yaml");
    }
}
