//! The build itself: two builds and a look into the image between them, told as events.

use std::collections::BTreeMap;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::build::context::ContextFiles;
use crate::build::failure::{BuildFailure, FailureCause};
use crate::build::log::BuildLog;
use crate::build::steps::{StepMap, is_internal};
use crate::build::{BuildError, BuildRequest, Built, disk, label, schema};
use crate::clients::docker::{BuildEvent, BuildNetwork, Docker, DockerError, ImageBuild};
use crate::cog::recipe::RecipeFile;
use crate::domain::events::{BuildStepState, Event, EventKind, Observer};

/// Where the Dockerfile is in the context. A file of that name in the project is another.
const DOCKERFILE: &str = ".cog/build/Dockerfile";

/// Builds the project's image, with its schema inside and on its labels.
///
/// When `cancelled` fires, the build is stopped, containers are removed, and the outcome is [`BuildError::Cancelled`].
pub async fn build(
    request: &BuildRequest,
    docker: &dyn Docker,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Built, BuildError> {
    let begun = Instant::now();
    let first = format!("safe-push-build:{}", Uuid::new_v4().simple());
    let outcome = build_as(&first, request, docker, observer, cancelled).await;
    // The layers stay with the final image, or in the cache; only the name goes.
    if let Err(error) = docker.remove_image(&first).await {
        tracing::warn!(%error, first, "the name of the first build could not be removed");
    }
    outcome.map(|built| Built { duration: begun.elapsed(), ..built })
}

async fn build_as(
    first: &str,
    request: &BuildRequest,
    docker: &dyn Docker,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Built, BuildError> {
    let context = scan(request).await?;
    check_space(request, &context, docker).await?;
    let told = build_files(first, request, context, docker, observer, cancelled).await?;
    let document = schema::schema_of(&request.schema, first, docker, cancelled).await?;
    let pip_freeze = schema::pip_freeze(first, docker, cancelled).await?;
    let cog_base = match &request.base_layers {
        Some(base) => label::cog_base_layer(base, &docker.inspect_image(first).await?),
        None => None,
    };
    let derivation = label::derivation(request, first, &document, &pip_freeze, cog_base.as_ref());
    let image = docker.derive_image(&derivation, cancelled).await?;
    Ok(Built {
        size_bytes: image.size_bytes,
        image: image.into_built(&request.image_name),
        schema: document,
        pip_freeze,
        duration: std::time::Duration::ZERO,
        cached_steps: told.cached_steps,
        log: told.log.into_text(),
    })
}

async fn scan(request: &BuildRequest) -> Result<ContextFiles, BuildError> {
    let project = request.project.clone();
    let unsent = request.unsent.clone();
    let mut generated = request.recipe.files.clone();
    generated.push(RecipeFile { path: DOCKERFILE.to_owned(), contents: request.recipe.dockerfile.clone().into_bytes() });
    // A panic within would be a bug; there is none to continue after.
    let scanned = tokio::task::spawn_blocking(move || ContextFiles::scan(&project, &unsent, generated)).await;
    Ok(scanned.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?)
}

async fn check_space(request: &BuildRequest, context: &ContextFiles, docker: &dyn Docker) -> Result<(), BuildError> {
    let root = docker.version().await?.root_folder;
    let free = disk::free_bytes(root.as_deref(), &request.project);
    if let Err(error) = disk::judge(context.size_bytes(), free) {
        return Err(disk::NotEnoughSpace { usage: docker.disk_usage().await.ok(), ..error }.into());
    }
    Ok(())
}

async fn build_files(
    tag: &str,
    request: &BuildRequest,
    context: ContextFiles,
    docker: &dyn Docker,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Narrator, BuildError> {
    let image = ImageBuild {
        dockerfile: DOCKERFILE.to_owned(),
        tag: tag.to_owned(),
        // Frontends from Docker 23 on also set the times of what steps make; older ones ignore it.
        arguments: BTreeMap::from([("SOURCE_DATE_EPOCH".to_owned(), request.source_date_epoch.to_string())]),
        labels: BTreeMap::new(),
        no_cache: request.no_cache,
        secrets: request.secrets.clone(),
        network: BuildNetwork::Default,
    };
    let mut narrator = Narrator { model: request.model.clone(), log: BuildLog::new(&request.secrets), cached_steps: 0 };
    let (archive, unread) = context.into_stream(request.source_date_epoch);
    let outcome = docker.build(&image, archive, &mut |event| narrator.tell(event, observer), cancelled).await;
    match outcome {
        Ok(()) => Ok(narrator),
        Err(DockerError::Cancelled) => Err(BuildError::Cancelled),
        // The daemon only sees a broken archive; why it broke is known here.
        Err(error) => match unread.take() {
            Some(unread) => Err(unread.into()),
            None => Err(explain(error, &narrator, request, docker).await),
        },
    }
}

async fn explain(error: DockerError, narrator: &Narrator, request: &BuildRequest, docker: &dyn Docker) -> BuildError {
    let (step, message) = match error {
        DockerError::BuildFailed { step, message } => (step.unwrap_or_default(), message),
        DockerError::DiskFull { message, .. } => (String::new(), message),
        other => return other.into(),
    };
    let message = narrator.log.mask(&message);
    let lines = narrator.log.last_lines(&step);
    let mut failure = BuildFailure::read(&step, &message, lines, &StepMap::new(&request.recipe), &request.project);
    if failure.cause == FailureCause::OutOfDisk
        && let Ok(usage) = docker.disk_usage().await
    {
        failure.hint = Some(disk::usage_hint(failure.hint, usage));
    }
    BuildError::Failed(Box::new(failure))
}

/// Turns the client's events into the product's, and remembers what the report needs.
struct Narrator {
    model: Option<String>,
    log: BuildLog,
    cached_steps: usize,
}

impl Narrator {
    fn tell(&mut self, event: BuildEvent, observer: &dyn Observer) {
        let Some(kind) = self.translate(event) else { return };
        observer.observe(Event { model: self.model.clone(), kind });
    }

    fn translate(&mut self, event: BuildEvent) -> Option<EventKind> {
        let (name, state) = match event {
            BuildEvent::Output { step, line } => return Some(EventKind::BuildOutput(self.log.push(&step, &line))),
            BuildEvent::Started { step } => (step, BuildStepState::Started),
            BuildEvent::Cached { step } => {
                self.cached_steps += usize::from(!is_internal(&step));
                (step, BuildStepState::Cached)
            }
            BuildEvent::Done { step, duration } => {
                self.log.forget(&step);
                (step, BuildStepState::Done { duration })
            }
            BuildEvent::Failed { step, .. } => (step, BuildStepState::Failed),
        };
        (!is_internal(&name)).then(|| EventKind::BuildStep { name: self.log.mask(&name), state })
    }
}
