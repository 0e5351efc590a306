//! The build: two builds with an inspection of the image between them, reported as events.

use std::collections::BTreeMap;

use cog_source::recipe::WeightsRecipe;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::build::cache_mounts::NAMESPACE_ARGUMENT;
use crate::build::context::{ContextError, ContextFiles};
use crate::build::dockerfile::{DOCKERFILE, dockerfile};
use crate::build::failure::{BuildFailure, FailureCause};
use crate::build::log::BuildLog;
use crate::build::secrets::marks as secret_marks;
use crate::build::steps::{StepMap, is_internal};
use crate::build::{BuildError, BuildRequest, Built, disk, label, reuse, schema, weights};
use crate::clients::docker::{
    BuildEvent, BuildNetwork, Derivation, DescribeDaemon, Docker, DockerError, ImageBuild, ImageDetails, LostImages, TemporaryImage,
};
use crate::domain::events::{BuildStepState, Event, EventKind, Observer};
use crate::support::ExposeSecret as _;

/// Builds the project's image, with its schema inside and on its labels.
///
/// When `cancelled` fires, the build is stopped, containers are removed, and the outcome is [`BuildError::Cancelled`].
pub async fn build(
    request: &BuildRequest,
    docker: &Docker,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Built, BuildError> {
    let started = Instant::now();
    let first = TemporaryImage::Build.name();
    let mut lost = LostImages::default();
    let outcome = loop {
        match build_as(&first, request, docker, observer, cancelled).await {
            Err(BuildError::Docker(error)) if lost.try_again(&error) => {}
            outcome => break outcome,
        }
    };
    // The layers stay with the final image or in the cache; only the name is removed.
    if let Err(error) = docker.names.remove_image(&first).await {
        tracing::warn!(%error, first, "the name of the first build could not be removed");
    }
    outcome.map(|built| Built { duration: started.elapsed(), ..built })
}

async fn build_as(
    first: &str,
    request: &BuildRequest,
    docker: &Docker,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Built, BuildError> {
    let (context, dockerfile) = scan(request).await?;
    check_space(request, &context, docker.daemon.as_ref()).await?;
    // The caller may not have done so. What a step prints has to be hidden in any case.
    request.redactor.learn(request.secrets.iter().map(|secret| secret.value.expose_secret()));
    let mut narrator = Narrator { model: request.model.clone(), log: BuildLog::new(&request.redactor), cached_steps: 0 };
    let steps = BuildSteps { request, docker, observer, cancelled };
    let context = match &request.recipe.weights {
        Some(weights) => steps.build_weights(weights, context, &mut narrator).await?,
        None => context,
    };
    steps.build_files(first, dockerfile, context, &mut narrator).await?;
    let first_image = docker.inspect.inspect_image(first).await?;
    let fingerprint = reuse::fingerprint(&first_image, &request.schema);
    let earlier = reuse::find(request, &first_image, &fingerprint, docker.inspect.as_ref()).await;
    let document = match earlier.as_ref().and_then(|earlier| earlier.schema(&request.schema)) {
        Some(known) => known,
        None => schema::schema_of(&request.schema, first, docker.containers.as_ref(), cancelled).await?,
    };
    let pip_freeze = match earlier.as_ref().and_then(reuse::EarlierBuild::pip_freeze) {
        Some(known) => known,
        None => schema::pip_freeze(first, docker.containers.as_ref(), cancelled).await?,
    };
    let cog_base = request.base_layers.as_ref().and_then(|base| label::cog_base_layer(base, &first_image));
    let found =
        label::ImageFacts { schema: &document, pip_freeze: &pip_freeze, cog_base: cog_base.as_ref(), fingerprint: &fingerprint };
    let derivation = label::derivation(request, first, &found);
    let known = earlier.as_ref().and_then(|earlier| earlier.image(&first_image, &derivation));
    let image = derive(&derivation, known, docker, cancelled).await?;
    Ok(Built {
        size_bytes: image.size_bytes,
        image: image.into_built(&request.image_name),
        schema: document,
        pip_freeze,
        duration: std::time::Duration::ZERO,
        cached_steps: narrator.cached_steps,
        log: narrator.log.into_text(),
    })
}

/// The final image: that of an earlier build if it is exactly the same, else a new one.
async fn derive(
    derivation: &Derivation,
    known: Option<&ImageDetails>,
    docker: &Docker,
    cancelled: &CancellationToken,
) -> Result<ImageDetails, DockerError> {
    if let Some(known) = known {
        match docker.names.tag_image(&known.id, &derivation.tag).await {
            // A removal that was already under way takes the new name with it.
            Ok(()) if docker.inspect.image_exists(&derivation.tag).await? => return Ok(known.clone()),
            // It was removed in the meantime.
            Ok(()) | Err(DockerError::NoSuchImage { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    docker.derive.derive_image(derivation, cancelled).await
}

/// The context, and the Dockerfile's path in it.
async fn scan(request: &BuildRequest) -> Result<(ContextFiles, String), BuildError> {
    let project = request.project.clone();
    let unsent = request.unsent.clone();
    let (mut generated, recipe_file) = (request.recipe.files.clone(), dockerfile(&request.recipe.dockerfile));
    generated.extend(secret_marks(&request.recipe.secret_marks, &request.secrets));
    let of_the_project = request.recipe.dockerfile_of_the_project.clone();
    let scanned = tokio::task::spawn_blocking(move || {
        let files = ContextFiles::scan(&project, &unsent, generated)?;
        // A project's own Dockerfile is sent as one of its files: a copy beside it would get into the image with `COPY . /src`. If
        // .dockerignore names it, it still has to be sent.
        match of_the_project.filter(|path| files.has_file(path)) {
            Some(path) => Ok((files, path)),
            None => Ok((files.and_generated(recipe_file)?, DOCKERFILE.to_owned())),
        }
    });
    // A panic of the task would be a bug, so it is passed on.
    let scanned: Result<_, ContextError> = scanned.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    Ok(scanned?)
}

async fn check_space(request: &BuildRequest, context: &ContextFiles, daemon: &dyn DescribeDaemon) -> Result<(), BuildError> {
    let root = daemon.version().await?.root_folder;
    let free = disk::free_bytes(root.as_deref(), &request.project);
    if let Err(error) = disk::judge(context.size_bytes(), free) {
        return Err(disk::NotEnoughSpace { usage: daemon.disk_usage().await.ok(), ..error }.into());
    }
    Ok(())
}

/// The steps of one build that the daemon carries out.
struct BuildSteps<'a> {
    request: &'a BuildRequest,
    docker: &'a Docker,
    observer: &'a dyn Observer,
    cancelled: &'a CancellationToken,
}

impl BuildSteps<'_> {
    /// Builds the weights' image if it is missing, and returns the context without the weights.
    async fn build_weights(
        &self,
        recipe: &WeightsRecipe,
        context: ContextFiles,
        narrator: &mut Narrator,
    ) -> Result<ContextFiles, BuildError> {
        let (weights, code) = context.split(&recipe.selection);
        if let Some(image) = weights::missing(recipe, self.docker.inspect.as_ref()).await? {
            let context = weights.with_generated(vec![dockerfile(&recipe.dockerfile)]);
            // Its steps are not steps of the recipe.
            self.build(&image, context, &StepMap::default(), narrator).await?;
        }
        Ok(code)
    }

    async fn build_files(
        &self,
        tag: &str,
        dockerfile: String,
        context: ContextFiles,
        narrator: &mut Narrator,
    ) -> Result<(), BuildError> {
        let request = self.request;
        // Frontends since Docker 23 also set the times of files made by steps; older ones ignore it.
        let mut arguments = BTreeMap::from([("SOURCE_DATE_EPOCH".to_owned(), request.source_date_epoch.to_string())]);
        arguments.extend(request.cache_mounts.namespace().map(|name| (NAMESPACE_ARGUMENT.to_owned(), name.to_owned())));
        let image = ImageBuild {
            dockerfile,
            tag: tag.to_owned(),
            arguments,
            labels: BTreeMap::new(),
            no_cache: request.no_cache,
            secrets: request.secrets.clone(),
            proxies: request.proxies.clone(),
            network: BuildNetwork::Default,
        };
        self.build(&image, context, &StepMap::new(&request.recipe), narrator).await
    }

    async fn build(
        &self,
        image: &ImageBuild,
        context: ContextFiles,
        steps: &StepMap,
        narrator: &mut Narrator,
    ) -> Result<(), BuildError> {
        let (archive, unread) = context.into_stream(self.request.source_date_epoch);
        let outcome =
            self.docker.build.build(image, archive, &mut |event| narrator.emit(event, self.observer), self.cancelled).await;
        match outcome {
            Ok(()) => Ok(()),
            Err(DockerError::Cancelled) => Err(BuildError::Cancelled),
            // The daemon only sees a broken archive; the slot has the reason.
            Err(error) => match unread.take() {
                Some(unread) => Err(unread.into()),
                None => Err(self.explain(error, steps, narrator).await),
            },
        }
    }

    async fn explain(&self, error: DockerError, steps: &StepMap, narrator: &Narrator) -> BuildError {
        let (step, message) = match error {
            DockerError::BuildFailed { step, message } => (step.unwrap_or_default(), message),
            DockerError::DiskFull { message, .. } => (String::new(), message),
            other => return other.into(),
        };
        let message = narrator.log.mask(&message);
        let lines = narrator.log.last_lines(&step);
        let mut failure = BuildFailure::read(&step, &message, lines, steps, &self.request.project);
        if failure.cause == FailureCause::OutOfDisk
            && let Ok(usage) = self.docker.daemon.disk_usage().await
        {
            failure.hint = Some(disk::usage_hint(failure.hint, usage));
        }
        BuildError::Failed(Box::new(failure))
    }
}

/// Turns the client's events into our own, and remembers what the report needs.
struct Narrator {
    model: Option<String>,
    log: BuildLog,
    cached_steps: usize,
}

impl Narrator {
    fn emit(&mut self, event: BuildEvent, observer: &dyn Observer) {
        for kind in self.translate(event) {
            observer.observe(Event { model: self.model.clone(), kind });
        }
    }

    fn translate(&mut self, event: BuildEvent) -> Vec<EventKind> {
        let mut kinds = Vec::new();
        if let BuildEvent::Done { step, .. } | BuildEvent::Failed { step, .. } = &event {
            kinds.extend(self.log.end(step).into_iter().map(EventKind::BuildOutput));
        }
        let (name, state) = match event {
            BuildEvent::Output { step, line } => {
                return self.log.push(&step, &line).into_iter().map(EventKind::BuildOutput).collect();
            }
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
        if !is_internal(&name) {
            kinds.push(EventKind::BuildStep { name: self.log.mask(&name), state });
        }
        kinds
    }
}
