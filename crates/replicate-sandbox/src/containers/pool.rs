//! The pool of containers: one for each version and kind of job, booted by the first job and removed when idle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::broadcast;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::engine::{Engine, EngineJob, EngineVersion, Outcome, Progress};
use super::super::job_kind::JobKind;
use super::super::locks::lock;
use super::abandoned::{Abandoned, CancelOnDrop};
use super::docker::{Daemon, LocalImage, RunningContainer};
use super::error::ContainerError;
use super::logs::{Budget, LogLine};
use super::options::ContainersOptions;
use super::protocol::{CogServer, JobResponse, ProtocolError};
use super::reporter::Reporter;
use super::slot::{ActiveJob, Slot};

const BUSY_INTERVAL: Duration = Duration::from_millis(100);
/// Containers that take longer become orphans, which the next sandbox removes.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(4);
/// How long to wait for the removal of images. The daemon finishes what was started.
const IMAGES_LIMIT: Duration = Duration::from_secs(10);
/// The daemon delivers lines slightly later than the server responds. A pause of this length means that no more follow.
const QUIET: Duration = Duration::from_millis(100);
/// The longest wait for the last lines of a job.
const LAST_LINES: Duration = Duration::from_secs(2);
const GONE: &str = "the model's container disappeared while the prediction ran";

type Key = (String, JobKind);

/// The engine that runs versions in containers.
pub(crate) struct Containers {
    daemon: Daemon,
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
    closing: CancellationToken,
}

impl Containers {
    pub(crate) async fn connect(options: ContainersOptions) -> Result<Self, ContainerError> {
        Ok(Self { daemon: Daemon::connect(options).await?, slots: Mutex::default(), closing: CancellationToken::new() })
    }

    /// Removes what dead sandboxes left in the daemon, and returns how many containers and image names.
    pub(crate) async fn remove_orphans(&self) -> Result<usize, ContainerError> {
        self.daemon.remove_orphans().await
    }

    /// The id and labels of an image that the daemon has.
    pub(crate) async fn local_image(&self, reference: &str) -> Result<LocalImage, ContainerError> {
        self.daemon.local_image(reference).await
    }

    fn slot(&self, version: &EngineVersion, kind: JobKind) -> Arc<Slot> {
        // The image is part of the key: a local image that was rebuilt has a new id under the same reference.
        let key = (format!("{} {} {}", version.model, version.id, version.image), kind);
        Arc::clone(lock(&self.slots).entry(key).or_default())
    }

    async fn serve(&self, version: &EngineVersion, job: &EngineJob, reporter: &mut Reporter) -> Outcome {
        let slot = self.slot(version, job.kind);
        let _busy = ActiveJob::new(Arc::clone(&slot), self.daemon.idle_stop(), self.closing.clone());
        let (running, permit) = loop {
            let running = match self.running(&slot, version, job.kind, reporter).await {
                Ok(running) => running,
                Err(cause) => return Outcome::Failed { error: cause.to_string() },
            };
            // Closed: the container was given up while this job waited for its turn.
            if let Ok(permit) = Arc::clone(&running.permits).acquire_owned().await {
                break (running, permit);
            }
        };
        reporter.send(Progress::Started);
        reporter.begin_job(&job.id);
        let mut lines = running.output.subscribe();
        let abandoned =
            Abandoned { slot: Arc::clone(&slot), running: Arc::clone(&running), permit, kind: job.kind, id: job.id.clone() };
        let mut guard = CancelOnDrop { job: Some(abandoned) };
        let result = watch(ask(&running.server, job), &mut lines, &running.output.ended, |line| reporter.line(line)).await;
        drop(guard.job.take());
        drain(&mut lines, |line| reporter.line(line)).await;
        match result {
            Ok((outcome, logs)) => {
                reporter.end_job(&logs);
                outcome
            }
            Err(error) => {
                reporter.end_job("");
                slot.let_go(&running).await;
                Outcome::Failed { error }
            }
        }
    }

    /// The version's container. Boots one if there is none or the last one has exited.
    async fn running(
        &self,
        slot: &Slot,
        version: &EngineVersion,
        kind: JobKind,
        reporter: &mut Reporter,
    ) -> Result<Arc<RunningContainer>, ContainerError> {
        let mut place = slot.running.lock().await;
        if let Some(running) = place.as_ref().filter(|running| !running.output.ended.is_cancelled()) {
            return Ok(Arc::clone(running));
        }
        *place = None;
        let budget = Mutex::new(Budget::default());
        let sender = reporter.sender.clone();
        let report = |text: String| drop(lock(&budget).pass(text).map(|text| sender.send(Progress::Logs(text))));
        let booted = self.daemon.boot(version, kind, report).await;
        if let Some(rest) = lock(&budget).rest() {
            reporter.send(Progress::Logs(rest));
        }
        let running = Arc::new(booted?);
        *place = Some(Arc::clone(&running));
        Ok(running)
    }
}

impl Engine for Containers {
    fn run<'a>(
        &'a self,
        version: &'a EngineVersion,
        job: EngineJob,
        progress: UnboundedSender<Progress>,
        cancelled: CancellationToken,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut reporter = Reporter::new(progress);
            // Dropping the work cancels the job in the container, and removes a container that is still booting.
            tokio::select! {
                biased;
                () = cancelled.cancelled() => Outcome::Canceled,
                () = self.closing.cancelled() => Outcome::Failed { error: "the sandbox is shutting down".to_owned() },
                outcome = self.serve(version, &job, &mut reporter) => outcome,
            }
        })
    }

    fn shutdown<'a>(&'a self) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.closing.cancel();
            let slots: Vec<Arc<Slot>> = lock(&self.slots).drain().map(|(_, slot)| slot).collect();
            let removals = async {
                // Jobs that were booting have released their slots by now, or are about to.
                futures::future::join_all(slots.iter().map(|slot| async { slot.running.lock().await.take() })).await;
                if let Err(cause) = self.daemon.remove_own().await {
                    tracing::warn!(%cause, "failed to remove the sandbox's containers");
                }
            };
            if timeout(SHUTDOWN_LIMIT, removals).await.is_err() {
                tracing::warn!("the sandbox's containers took too long to stop");
            }
            if timeout(IMAGES_LIMIT, self.daemon.remove_pulled()).await.is_err() {
                tracing::warn!("removing the sandbox's images takes long");
            }
        })
    }
}

/// Waits for the answer, and passes on lines meanwhile. The answer comes first: the output may be that of an earlier job, whose lines the
/// daemon still delivers.
async fn watch<T>(
    answer: impl Future<Output = Result<T, String>>,
    lines: &mut broadcast::Receiver<LogLine>,
    ended: &CancellationToken,
    mut each: impl FnMut(LogLine),
) -> Result<T, String> {
    let mut answer = std::pin::pin!(answer);
    loop {
        tokio::select! {
            biased;
            result = &mut answer => return result,
            line = lines.recv() => match line {
                Ok(line) => each(line),
                Err(broadcast::error::RecvError::Lagged(count)) => tracing::debug!(count, "a job prints faster than it is read"),
                Err(broadcast::error::RecvError::Closed) => return Err(GONE.to_owned()),
            },
            () = ended.cancelled() => return Err(GONE.to_owned()),
        }
    }
}

/// Passes on the last lines of a job. A model with a thread that prints all the time never falls silent.
async fn drain(lines: &mut broadcast::Receiver<LogLine>, mut each: impl FnMut(LogLine)) {
    let quiet = async {
        loop {
            match timeout(QUIET, lines.recv()).await {
                Ok(Ok(line)) => each(line),
                Ok(Err(broadcast::error::RecvError::Lagged(_))) => {}
                Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => return,
            }
        }
    };
    if timeout(LAST_LINES, quiet).await.is_err() {
        tracing::debug!("a version keeps printing after its job");
    }
}

/// Sends the job until the version accepts it, and waits for the result.
async fn ask(server: &CogServer, job: &EngineJob) -> Result<(Outcome, String), String> {
    loop {
        match server.run(job).await {
            Ok(JobResponse::Done { outcome, logs }) => return Ok((outcome, logs)),
            Ok(JobResponse::Busy) => sleep(BUSY_INTERVAL).await,
            // The container is still there, and its own text says what is wrong.
            Err(cause @ ProtocolError::TooLarge) => return Err(cause.to_string()),
            Err(cause) => return Err(format!("{GONE}: {cause}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> LogLine {
        LogLine { text: format!("{text}\n"), job: None }
    }

    /// A version that prints in every turn of the runtime.
    fn chatter() -> (broadcast::Sender<LogLine>, tokio::task::JoinHandle<()>) {
        let (sender, _) = broadcast::channel(8);
        let printing = sender.clone();
        let task = tokio::spawn(async move {
            loop {
                let _nobody = printing.send(line("noise"));
                sleep(Duration::from_millis(1)).await;
            }
        });
        (sender, task)
    }

    #[tokio::test(start_paused = true)]
    async fn a_version_that_never_falls_silent_still_answers() {
        let (sender, task) = chatter();
        let (mut lines, mut seen) = (sender.subscribe(), 0);
        let answer = async {
            sleep(Duration::from_millis(50)).await;
            Ok("answer")
        };
        let watched = watch(answer, &mut lines, &CancellationToken::new(), |_| seen += 1).await;
        assert_eq!((watched, seen > 10), (Ok("answer"), true));
        let started = tokio::time::Instant::now();
        drain(&mut lines, |_| seen += 1).await;
        assert!((LAST_LINES..LAST_LINES * 2).contains(&started.elapsed()), "{:?}", started.elapsed());
        task.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn lines_of_an_earlier_job_do_not_delay_an_answer() {
        let (sender, mut lines) = broadcast::channel(1_000);
        for _ in 0..1_000 {
            sender.send(line("earlier")).unwrap();
        }
        let mut seen = 0;
        let watched = watch(async { Ok(()) }, &mut lines, &CancellationToken::new(), |_| seen += 1).await;
        assert_eq!((watched, seen), (Ok(()), 0));
        drain(&mut lines, |_| seen += 1).await;
        assert_eq!(seen, 1_000);
    }

    #[tokio::test]
    async fn a_container_that_exits_ends_its_job() {
        let (_sender, mut lines) = broadcast::channel(1);
        let ended = CancellationToken::new();
        ended.cancel();
        let watched: Result<(), String> = watch(std::future::pending(), &mut lines, &ended, drop).await;
        assert_eq!(watched, Err(GONE.to_owned()));
    }
}
