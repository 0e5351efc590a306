//! Runs a job from its creation until it is finished and recorded.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::database::{Job, Runtime, Status, Version};
use super::engine::{EngineJob, EngineVersion, Outcome, Progress};
use super::job_kind::JobKind;
use super::private_url::is_private_url;
use super::service::Service;
use super::validate::Document;

/// How long inputs, outputs and logs are kept after a job has finished.
const RETENTION: Duration = Duration::from_secs(60 * 60);

const WITHOUT_DOCKER: &str = "this sandbox runs without Docker: only scripted versions answer";

/// How a job finished, before it is recorded.
#[derive(Debug)]
struct Completion {
    status: Status,
    output: Value,
    files: Vec<String>,
    error: Option<String>,
    metrics: Map<String, Value>,
}

impl Completion {
    fn with(status: Status) -> Self {
        Self { status, output: Value::Null, files: Vec::new(), error: None, metrics: Map::new() }
    }

    fn failed(error: String) -> Self {
        Self { error: Some(error), ..Self::with(Status::Failed) }
    }
}

impl Service {
    /// Records a job and starts it.
    pub(super) fn launch(self: &Arc<Self>, job: Job) {
        let id = job.id.clone();
        self.database().add_job(job);
        let service = Arc::clone(self);
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = service.closing.cancelled() => {}
                () = service.run_job(&id) => {}
            }
        });
    }

    async fn run_job(&self, id: &str) {
        let job = self.database().job(id).map(|job| (job.cancelled.clone(), job.deadline.map(|(_, instant)| instant)));
        let Some((cancelled, deadline)) = job else { return };
        // Dropping the work makes the engine stop the job.
        tokio::select! {
            biased;
            () = cancelled.cancelled() => {}
            () = reached(deadline) => self.expire(id),
            () = self.work(id) => {}
        }
    }

    /// Clears the data of jobs that finished long ago. Called on every request, so that no timer is needed.
    pub(super) async fn forget_old_data(&self) {
        let now = self.instant();
        let mut files = Vec::new();
        {
            let mut database = self.database();
            while let Some(id) = database.next_to_forget(now) {
                files.extend(database.job_mut(&id).map(Job::remove_data).unwrap_or_default());
            }
        }
        for file in files {
            self.files.remove(&file).await;
        }
    }

    async fn work(&self, id: &str) {
        let job = self.database().job(id).map(|job| {
            let engine_job = EngineJob { id: job.id.clone(), kind: job.kind, input: job.input.clone() };
            (engine_job, job.version.clone(), job.is_scripted, job.cancelled.clone())
        });
        let Some((mut job, version, is_scripted, cancelled)) = job else { return };
        let instances = self.instances(&version, job.kind);
        // Nobody closes the semaphore.
        let Ok(_place) = instances.acquire().await else { return };
        let Some(engine) = self.engine(is_scripted) else {
            return self.end(id, Completion::failed(WITHOUT_DOCKER.to_owned()));
        };
        job.input = match self.files.inline_inputs(job.input).await {
            Ok(input) => input,
            Err(cause) => return self.end(id, Completion::failed(cause.to_string())),
        };
        if let Some(refused) = self.private_input(&version, &job).await {
            return self.end(id, Completion::failed(refused));
        }
        let (sender, mut progress) = unbounded_channel();
        let outcome = {
            let mut run = engine.run(&version, job, sender, cancelled);
            loop {
                tokio::select! {
                    biased;
                    Some(step) = progress.recv() => self.note(id, step),
                    outcome = &mut run => break outcome,
                }
            }
        };
        while let Ok(step) = progress.try_recv() {
            self.note(id, step);
        }
        let completion = self.completion(outcome).await;
        self.end(id, completion);
    }

    /// Why a job does not run: an input that its version would download leads to an address that is not public.
    async fn private_input(&self, version: &EngineVersion, job: &EngineJob) -> Option<String> {
        let component = match job.kind {
            JobKind::Prediction => "Input",
            JobKind::Training => "TrainingInput",
        };
        let schema = {
            let database = self.database();
            let model = database.models.get(&version.model)?;
            model.versions.iter().find(|one| one.id == version.id)?.schema.clone()?
        };
        let input = Value::Object(job.input.clone());
        for (name, text) in Document(&schema).uris(component, &input) {
            let Ok(url) = Url::parse(text) else { continue };
            if is_private_url(&url).await {
                let host = url.host_str().unwrap_or_default();
                return Some(format!("the input {name} leads to {host}, which is not a public address; upload the file instead"));
            }
        }
        None
    }

    fn note(&self, id: &str, step: Progress) {
        let (now, instant) = (self.clock.now(), self.instant());
        if let Some(job) = self.database().job_mut(id) {
            match step {
                Progress::Started => job.start(now, instant),
                Progress::Logs(text) => job.logs.push_str(&text),
            }
        }
    }

    async fn completion(&self, outcome: Outcome) -> Completion {
        match outcome {
            Outcome::Succeeded { output, metrics } => match self.files.store_outputs(output).await {
                Ok((output, files)) => Completion { output, files, metrics, ..Completion::with(Status::Succeeded) },
                Err(cause) => Completion::failed(format!("Failed to upload file (code: E9825): {cause}")),
            },
            Outcome::Failed { error } => Completion::failed(error),
            Outcome::Canceled => Completion::with(Status::Canceled),
        }
    }

    fn end(&self, id: &str, mut completion: Completion) {
        if completion.status == Status::Succeeded {
            self.make_trained_version(id, &mut completion);
        }
        self.finish(id, completion.status, |job| {
            job.output = completion.output;
            job.files = completion.files;
            job.error = completion.error;
            job.metrics.others = completion.metrics;
        });
    }

    /// Cancels a job. A finished job is left unchanged.
    pub(super) fn cancel(&self, id: &str) {
        self.finish(id, Status::Canceled, |_| {});
    }

    /// Finishes a job at its deadline: aborted before its start, canceled after.
    fn expire(&self, id: &str) {
        let has_started = self.database().job(id).is_some_and(|job| job.started.is_some());
        self.finish(id, if has_started { Status::Canceled } else { Status::Aborted }, |_| {});
    }

    fn finish(&self, id: &str, status: Status, change: impl FnOnce(&mut Job)) {
        let (now, instant) = (self.clock.now(), self.instant());
        let mut database = self.database();
        let Some(job) = database.job_mut(id).filter(|job| !job.status().is_terminal()) else { return };
        change(job);
        job.end(status, now, instant);
        if let Some(forget_at) = instant.checked_add(RETENTION) {
            database.forget_later(id, forget_at);
        }
    }

    /// Adds a version to the destination of a successful training. It runs the trained image: the output's `weights` are not put into an
    /// image.
    fn make_trained_version(&self, id: &str, completion: &mut Completion) {
        let (created_at, visible_at) = (self.clock.now(), self.instant());
        let mut database = self.database();
        let training = database.job(id).filter(|job| !job.status().is_terminal());
        let Some((version, destination)) = training.and_then(|job| Some((job.version.clone(), job.destination.clone()?))) else {
            return;
        };
        let source = database.models.get(&version.model).and_then(|model| model.versions.iter().find(|one| one.id == version.id));
        let Some(source) = source.cloned() else { return };
        let sequence = database.next_sequence();
        let Some(model) = database.models.get_mut(&destination) else { return };
        let trained = hex::encode(Sha256::digest(format!("{destination} training {id}")));
        if let Runtime::Script(script) = &source.runtime {
            self.scripted.add(&destination, &trained, script.clone());
        }
        model.versions_made += 1;
        model.versions.push(Version {
            id: trained.clone(),
            created_at,
            visible_at,
            sequence,
            is_disabled: false,
            is_trained_on: false,
            ..source
        });
        let mut output = json!({"version": format!("{destination}:{trained}")});
        if let Some(weights) = weights(&completion.output) {
            output["weights"] = weights.clone();
        }
        completion.output = output;
    }
}

/// The weights in a training's output: the object's member, or the only file.
fn weights(output: &Value) -> Option<&Value> {
    match output {
        Value::Object(members) => members.get("weights"),
        Value::String(_) => Some(output),
        _ => None,
    }
}

async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
