//! Records as JSON.

use serde_json::{Map, Value, json};

use crate::clock::timestamp;
use crate::database::{Database, Deployment, Job, Metrics, Model, Status, Upload, Version};
use crate::job_kind::JobKind;
use crate::service::Service;

/// Members that are always present: null unless given.
const MODEL_TEXTS: [&str; 5] = ["description", "github_url", "paper_url", "license_url", "cover_image_url"];

impl Service {
    pub(super) fn model_json(&self, model: &Model, database: &Database) -> Value {
        let name = model.full_name();
        let mut value = json!({
            "url": format!("{}/{name}", self.base_url),
            "owner": model.owner,
            "name": model.name,
            "visibility": model.visibility.as_str(),
            "is_official": model.is_official,
            "run_count": model.run_count,
        });
        for text in MODEL_TEXTS {
            value[text] = model.texts.get(text).cloned().unwrap_or_default();
        }
        let example =
            database.jobs().find(|job| job.kind == JobKind::Prediction && job.version.model == name && !model.is_official);
        let example = example.filter(|job| job.status() == Status::Succeeded && !job.is_data_removed);
        value["default_example"] = example.map_or(Value::Null, |job| self.job_json(job));
        value["latest_version"] = model.visible(self.instant()).next_back().map_or(Value::Null, version_json);
        value
    }

    pub(super) fn job_json(&self, job: &Job) -> Value {
        let status = job.status();
        // A job that was stopped before it printed anything has null instead of an empty text.
        let logs = match (status, job.logs.as_str()) {
            (Status::Canceled | Status::Aborted, "") => Value::Null,
            (_, logs) => json!(logs),
        };
        // Trainings too: the real service gives them the URLs of predictions.
        let api = format!("{}/v1/predictions/{}", self.base_url, job.id);
        let mut urls = json!({
            "get": api,
            "cancel": format!("{api}/cancel"),
            "web": format!("{}/p/{}", self.base_url, job.id),
        });
        if job.streams {
            urls["stream"] = json!(format!("{api}/stream"));
        }
        let mut value = json!({
            "id": job.id,
            "model": job.version.model,
            "version": if job.hides_version { "hidden" } else { &job.version.id },
            "status": status.as_str(),
            "source": "api",
            "input": job.input,
            "output": job.output,
            "error": job.error,
            "logs": logs,
            "data_removed": job.is_data_removed,
            "metrics": metrics_json(&job.metrics),
            "created_at": timestamp(job.created_at),
            "started_at": job.started_at.map(timestamp),
            "completed_at": job.completed_at.map(timestamp),
            "urls": urls,
        });
        if let Some((deadline, _)) = job.deadline {
            value["deadline"] = json!(timestamp(deadline));
        }
        if let Some(deployment) = &job.deployment {
            value["deployment"] = json!(deployment);
        }
        value
    }

    pub(super) fn deployment_json(&self, deployment: &Deployment) -> Value {
        let release = &deployment.release;
        json!({
            "owner": self.account.username,
            "name": deployment.name,
            "current_release": {
                "number": release.number,
                "model": release.model,
                "version": release.version,
                "created_at": timestamp(release.created_at),
                "created_by": {"type": "user", "username": self.account.username, "name": self.account.username},
                "configuration": {
                    "hardware": release.configuration.hardware,
                    "min_instances": release.configuration.min_instances,
                    "max_instances": release.configuration.max_instances,
                },
            },
        })
    }

    pub(super) fn upload_json(&self, upload: &Upload) -> Value {
        json!({
            "id": upload.id,
            "name": upload.name,
            "content_type": upload.content_type,
            "size": upload.size,
            "etag": upload.sha256,
            "checksums": {"sha256": upload.sha256},
            "metadata": upload.metadata,
            "created_at": timestamp(upload.created_at),
            "expires_at": timestamp(upload.expires_at),
            "urls": {"get": format!("{}/v1/files/{}", self.base_url, upload.id)},
        })
    }
}

pub(super) fn version_json(version: &Version) -> Value {
    json!({
        "id": version.id,
        "created_at": timestamp(version.created_at),
        "cog_version": version.cog_version,
        "openapi_schema": version.schema,
    })
}

fn metrics_json(metrics: &Metrics) -> Value {
    let mut all = Map::new();
    if let Some(time) = metrics.predict_time {
        all.insert("predict_time".to_owned(), json!(time.as_secs_f64()));
    }
    if let Some(time) = metrics.total_time {
        all.insert("total_time".to_owned(), json!(time.as_secs_f64()));
    }
    all.extend(metrics.others.clone());
    Value::Object(all)
}
