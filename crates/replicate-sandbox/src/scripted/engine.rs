//! Runs scripted versions: boots on first use, sleeps on tokio's clock, stops when canceled.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::script::{Script, ScriptedOutcome, ScriptedReply, ScriptedRequest};
use crate::engine::{Engine, EngineJob, EngineVersion, Outcome, Progress};
use crate::locks::lock;

/// The error of a real container that disappears.
const GONE: &str = "the model's container disappeared while the prediction ran";

/// The engine of scripted versions.
#[derive(Default)]
pub(crate) struct ScriptedEngine {
    /// Key: the model and the version's id.
    versions: Mutex<HashMap<(String, String), Arc<Scripted>>>,
    closing: CancellationToken,
}

struct Scripted {
    script: Script,
    jobs: AtomicUsize,
    /// Locked while booting. Whether the version has booted.
    is_up: tokio::sync::Mutex<bool>,
}

impl ScriptedEngine {
    /// Makes the version answer from the script from now on.
    pub(crate) fn add(&self, model: &str, id: &str, script: Script) {
        let scripted = Scripted { script, jobs: AtomicUsize::new(0), is_up: tokio::sync::Mutex::new(false) };
        lock(&self.versions).insert((model.to_owned(), id.to_owned()), Arc::new(scripted));
    }
}

impl Scripted {
    async fn run(&self, request: &ScriptedRequest, progress: &UnboundedSender<Progress>) -> Outcome {
        let reply = self.script.reply(request);
        // The outcome matters even if nobody receives progress any more.
        let send = |step: Progress| drop(progress.send(step));
        let log = |text: &str| {
            if !text.is_empty() {
                send(Progress::Logs(text.to_owned()));
            }
        };
        if let Some(failed) = self.boot(&reply, &log).await {
            return failed;
        }
        send(Progress::Started);
        log(&reply.logs);
        sleep(reply.run).await;
        match reply.outcome {
            ScriptedOutcome::Output(output) => Outcome::Succeeded { output, metrics: reply.metrics },
            ScriptedOutcome::Disappears => {
                *self.is_up.lock().await = false;
                Outcome::Failed { error: GONE.to_owned() }
            }
            ScriptedOutcome::Failure(error) => Outcome::Failed { error },
            ScriptedOutcome::NeverEnds | ScriptedOutcome::NeverBoots | ScriptedOutcome::SetupFailure(_) => {
                std::future::pending().await
            }
        }
    }

    async fn boot(&self, reply: &ScriptedReply, log: &impl Fn(&str)) -> Option<Outcome> {
        let mut is_up = self.is_up.lock().await;
        match &reply.outcome {
            ScriptedOutcome::NeverBoots => {
                log(&reply.setup_logs);
                // Other jobs may boot meanwhile: each reply decides for its own job.
                drop(is_up);
                std::future::pending().await
            }
            ScriptedOutcome::SetupFailure(error) => {
                log(&reply.setup_logs);
                sleep(reply.setup).await;
                Some(Outcome::Failed { error: format!("model setup failed: {error}") })
            }
            _ if *is_up => None,
            _ => {
                log(&reply.setup_logs);
                sleep(reply.setup).await;
                *is_up = true;
                None
            }
        }
    }
}

impl Engine for ScriptedEngine {
    fn run<'a>(
        &'a self,
        version: &'a EngineVersion,
        job: EngineJob,
        progress: UnboundedSender<Progress>,
        cancelled: CancellationToken,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let Some(scripted) = lock(&self.versions).get(&(version.model.clone(), version.id.clone())).cloned() else {
                return Outcome::Failed { error: "this version has no script".to_owned() };
            };
            let request = ScriptedRequest {
                id: job.id,
                kind: job.kind,
                model: version.model.clone(),
                version: version.id.clone(),
                input: job.input,
                number: scripted.jobs.fetch_add(1, Ordering::SeqCst),
            };
            tokio::select! {
                biased;
                () = cancelled.cancelled() => Outcome::Canceled,
                () = self.closing.cancelled() => Outcome::Failed { error: "the sandbox is shutting down".to_owned() },
                outcome = scripted.run(&request, &progress) => outcome,
            }
        })
    }

    fn shutdown<'a>(&'a self) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.closing.cancel();
        })
    }
}
