//! Scripts: a function from a request to a reply.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::job_kind::JobKind;

/// A job for a scripted version.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptedRequest {
    /// The id of the prediction or training.
    pub id: String,
    /// A prediction or a training.
    pub kind: JobKind,
    /// The model, as `owner/name`.
    pub model: String,
    /// The version's id.
    pub version: String,
    /// The inputs. Files stored by this sandbox are `data:` URLs.
    pub input: Map<String, Value>,
    /// How many jobs the same version had before this one.
    pub number: usize,
}

/// The behavior of a version: a function from a request to a reply.
///
/// ```
/// use replicate_sandbox::{Script, ScriptedReply};
///
/// let script = Script::new(|request| match request.input.get("prompt") {
///     Some(prompt) => ScriptedReply::output(format!("an image of {prompt}")),
///     None => ScriptedReply::failure("prompt is missing"),
/// });
/// ```
#[derive(Clone)]
pub struct Script(Arc<dyn Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync>);

impl Script {
    /// Calls the function for each job.
    pub fn new(answer: impl Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    /// Replies to every job in the same way.
    pub fn always(reply: ScriptedReply) -> Self {
        Self::new(move |_| reply.clone())
    }

    pub(super) fn reply(&self, request: &ScriptedRequest) -> ScriptedReply {
        (self.0)(request)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Script")
    }
}

/// How a scripted job finishes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ScriptedOutcome {
    Output(Value),
    Failure(String),
    SetupFailure(String),
    NeverBoots,
    NeverEnds,
    Disappears,
}

/// The course of a scripted job: how long it boots and runs, what it prints, and how it finishes.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptedReply {
    pub(super) outcome: ScriptedOutcome,
    pub(super) setup: Duration,
    pub(super) setup_logs: String,
    pub(super) run: Duration,
    pub(super) logs: String,
    pub(super) metrics: Map<String, Value>,
}

impl ScriptedReply {
    fn ending_in(outcome: ScriptedOutcome) -> Self {
        let (setup, run) = (Duration::ZERO, Duration::ZERO);
        Self { outcome, setup, setup_logs: String::new(), run, logs: String::new(), metrics: Map::new() }
    }

    /// Succeeds with this output. Strings that are base64 `data:` URLs become files.
    pub fn output(output: impl Into<Value>) -> Self {
        Self::ending_in(ScriptedOutcome::Output(output.into()))
    }

    /// Fails with this error, like an exception in `predict()`.
    pub fn failure(error: impl Into<String>) -> Self {
        Self::ending_in(ScriptedOutcome::Failure(error.into()))
    }

    /// Fails before it starts, like an exception in `setup()`.
    pub fn setup_failure(error: impl Into<String>) -> Self {
        Self::ending_in(ScriptedOutcome::SetupFailure(error.into()))
    }

    /// Stays `starting` until it is canceled.
    pub fn never_boots() -> Self {
        Self::ending_in(ScriptedOutcome::NeverBoots)
    }

    /// Stays `processing` until it is canceled.
    pub fn never_ends() -> Self {
        Self::ending_in(ScriptedOutcome::NeverEnds)
    }

    /// The version's container disappears during the run. The next job boots a new one.
    pub fn disappears() -> Self {
        Self::ending_in(ScriptedOutcome::Disappears)
    }

    /// Sets how long the version takes to boot. Only a job that finds it cold waits.
    #[must_use]
    pub fn setup(mut self, duration: Duration) -> Self {
        self.setup = duration;
        self
    }

    /// Sets the output of the boot.
    #[must_use]
    pub fn setup_logs(mut self, text: impl Into<String>) -> Self {
        self.setup_logs = text.into();
        self
    }

    /// Sets how long the run takes.
    #[must_use]
    pub fn after(mut self, duration: Duration) -> Self {
        self.run = duration;
        self
    }

    /// Sets the output of the run.
    #[must_use]
    pub fn logs(mut self, text: impl Into<String>) -> Self {
        self.logs = text.into();
        self
    }

    /// Adds a metric that the version reports.
    #[must_use]
    pub fn metric(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metrics.insert(name.into(), value.into());
        self
    }
}
