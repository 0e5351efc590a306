//! What a script is asked and what it replies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::job_kind::JobKind;

/// A job for a scripted version.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptedRequest {
    /// The prediction's or training's id.
    pub id: String,
    /// Which of both it is.
    pub kind: JobKind,
    /// `owner/name`.
    pub model: String,
    /// The version's id.
    pub version: String,
    /// The inputs. Files of this sandbox are `data:` URLs.
    pub input: Map<String, Value>,
    /// How many jobs came before to the same version.
    pub number: usize,
}

/// A version's behaviour: a function from a request to what shall happen.
#[derive(Clone)]
pub struct Script(Arc<dyn Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync>);

impl Script {
    /// Asks the function for each job.
    pub fn new(answer: impl Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    /// Replies the same to every job.
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

/// How a scripted job ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ScriptedOutcome {
    Output(Value),
    Failure(String),
    SetupFailure(String),
    NeverBoots,
    NeverEnds,
    Disappears,
}

/// What happens in a scripted job.
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

    /// Fails with this error, as an exception in `predict()` does.
    pub fn failure(error: impl Into<String>) -> Self {
        Self::ending_in(ScriptedOutcome::Failure(error.into()))
    }

    /// Fails before it starts, as an exception in `setup()` does.
    pub fn setup_failure(error: impl Into<String>) -> Self {
        Self::ending_in(ScriptedOutcome::SetupFailure(error.into()))
    }

    /// Stays `starting` until it is cancelled.
    pub fn never_boots() -> Self {
        Self::ending_in(ScriptedOutcome::NeverBoots)
    }

    /// Stays `processing` until it is cancelled.
    pub fn never_ends() -> Self {
        Self::ending_in(ScriptedOutcome::NeverEnds)
    }

    /// The version's container is gone in the middle of the run. The next job boots another.
    pub fn disappears() -> Self {
        Self::ending_in(ScriptedOutcome::Disappears)
    }

    /// How long the boot takes, for the job that finds the version cold.
    #[must_use]
    pub fn setup(mut self, duration: Duration) -> Self {
        self.setup = duration;
        self
    }

    /// What the boot prints.
    #[must_use]
    pub fn setup_logs(mut self, text: impl Into<String>) -> Self {
        self.setup_logs = text.into();
        self
    }

    /// How long the run takes.
    #[must_use]
    pub fn after(mut self, duration: Duration) -> Self {
        self.run = duration;
        self
    }

    /// What the run prints.
    #[must_use]
    pub fn logs(mut self, text: impl Into<String>) -> Self {
        self.logs = text.into();
        self
    }

    /// A metric that the version reports.
    #[must_use]
    pub fn metric(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metrics.insert(name.into(), value.into());
        self
    }
}
