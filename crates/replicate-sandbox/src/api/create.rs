//! What creating predictions and creating trainings share.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::database::{Database, Job, Metrics, Model, Runtime, Status, Version, job_id};
use crate::job_kind::JobKind;
use crate::problem::Problem;
use crate::service::Service;
use crate::validate::Document;

/// Schemas of the request bodies. Unknown members are rejected, unlike unknown inputs.
static BODIES: LazyLock<Value> = LazyLock::new(|| {
    let webhook = json!({"type": "string", "format": "uri"});
    let filter = json!({"type": "array", "items": {"type": "string", "enum": ["start", "output", "logs", "completed"]}});
    let body = |own: &[(&str, Value)], required: Value| {
        let mut properties = json!({
            "input": {"type": "object"},
            "webhook": webhook,
            "webhook_events_filter": filter,
            "stream": {"type": "boolean"},
        });
        for (name, schema) in own {
            properties[*name] = schema.clone();
        }
        json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
    };
    let text = json!({"type": "string"});
    json!({"components": {"schemas": {
        "Versioned": body(&[("version", text.clone())], json!(["version", "input"])),
        "Unversioned": body(&[], json!(["input"])),
        "Training": body(&[("destination", text)], json!(["destination", "input"])),
    }}})
});

/// The members that a body has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Versioned,
    Unversioned,
    Training,
}

/// Checks a body's members and takes out its input.
pub(super) fn take_input(body: &mut Map<String, Value>, shape: Shape) -> Result<Map<String, Value>, Problem> {
    let document = Document(&BODIES);
    let schema = document.component(match shape {
        Shape::Versioned => "Versioned",
        Shape::Unversioned => "Unversioned",
        Shape::Training => "Training",
    });
    let value = Value::Object(std::mem::take(body));
    let invalid = schema.map(|schema| document.check(schema, &value, "(root)")).unwrap_or_default();
    if !invalid.is_empty() {
        return Err(Problem::Input(invalid));
    }
    if let Value::Object(members) = value {
        *body = members;
    }
    match body.remove("input") {
        Some(Value::Object(input)) => Ok(input),
        _ => Ok(Map::new()),
    }
}

/// Checks the input against the version's own schema. A version without a schema accepts anything.
pub(super) fn check_input(version: &Version, kind: JobKind, input: &Map<String, Value>) -> Result<(), Problem> {
    let component = match kind {
        JobKind::Prediction => "Input",
        JobKind::Training => "TrainingInput",
    };
    let Some(document) = version.schema.as_ref().map(Document) else { return Ok(()) };
    let Some(schema) = document.component(component) else { return Ok(()) };
    match document.check(schema, &Value::Object(input.clone()), "input") {
        invalid if invalid.is_empty() => Ok(()),
        invalid => Err(Problem::Input(invalid)),
    }
}

/// What a new job consists of, apart from the version.
pub(super) struct JobRequest {
    pub(super) kind: JobKind,
    pub(super) input: Map<String, Value>,
    pub(super) deployment: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) lifetime: Option<Duration>,
}

impl Service {
    /// A version as `POST /predictions` names it: `{id}`, `{owner}/{name}:{id}`, or `{owner}/{name}` of an official model.
    pub(super) fn named_version<'b>(&self, database: &'b Database, text: &str) -> Result<(&'b Model, &'b Version), Problem> {
        let now = self.instant();
        let (model, id) = match text.split_once(':') {
            Some((model, id)) => (Some(model), Some(id)),
            None if text.contains('/') => (Some(text), None),
            None => (None, Some(text)),
        };
        let model_found = model.and_then(|name| database.models.get(name)).filter(|model| self.can_see(model));
        match (model, id) {
            (Some(_), Some(id)) => {
                let model = model_found.ok_or(Problem::Version)?;
                if model.is_official {
                    return Err(Problem::NotFound);
                }
                let version = model.visible(now).find(|version| version.id == id);
                version.map(|version| (model, version)).ok_or(Problem::Version)
            }
            (Some(_), None) => {
                let model = model_found.filter(|model| model.is_official).ok_or(Problem::Version)?;
                model.visible(now).next_back().map(|version| (model, version)).ok_or(Problem::Version)
            }
            (None, id) => {
                let id = id.unwrap_or_default();
                let mut seen = database.models.values().filter(|model| self.can_see(model) && !model.is_official);
                seen.find_map(|model| model.visible(now).find(|version| version.id == id).map(|version| (model, version)))
                    .ok_or(Problem::Version)
            }
        }
    }

    /// A job for a version, with a validated input. It is not recorded yet.
    pub(super) fn new_job(
        &self,
        database: &mut Database,
        model: &str,
        version: &Version,
        request: JobRequest,
    ) -> Result<Job, Problem> {
        if version.is_disabled {
            return Err(Problem::Disabled);
        }
        let (created_at, created) = (self.clock.now(), self.instant());
        let sequence = database.next_sequence();
        let deadline = request.lifetime.and_then(|lifetime| {
            let at = created_at.checked_add_signed(TimeDelta::from_std(lifetime).ok()?)?;
            Some((at, created.checked_add(lifetime)?))
        });
        let found = database.models.get_mut(model);
        let hides_version = found.as_ref().is_some_and(|model| model.is_official);
        if let Some(model) = found {
            model.run_count += 1;
        }
        Ok(Job {
            id: job_id(),
            sequence,
            kind: request.kind,
            version: self.engine_version(model, version),
            hides_version,
            is_scripted: matches!(version.runtime, Runtime::Script(_)),
            streams: version.is_iterator(),
            deployment: request.deployment,
            destination: request.destination,
            input: request.input,
            output: Value::Null,
            files: Vec::new(),
            error: None,
            logs: String::new(),
            metrics: Metrics::default(),
            created_at,
            started_at: None,
            completed_at: None,
            created,
            started: None,
            deadline,
            is_data_removed: false,
            cancelled: CancellationToken::new(),
            status: watch::Sender::new(Status::Starting),
        })
    }

    /// Waits until a job is finished, at most for `longest`. Returns whether it is finished.
    pub(super) async fn wait_for(&self, id: &str, longest: Duration) -> bool {
        let Some(mut status) = self.database().job(id).map(|job| job.status.subscribe()) else { return true };
        tokio::time::timeout(longest, status.wait_for(|status| status.is_terminal())).await.is_ok()
    }

    /// Records a job, starts it and returns its id.
    pub(super) fn begin(self: &Arc<Self>, job: Job) -> String {
        let id = job.id.clone();
        self.launch(job);
        id
    }
}
