//! What the owner of a running sandbox can do: create models and versions, inject faults, and read the history.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Sandbox;
use super::database::{Job, Model, Runtime, Version, Visibility, is_model_name, scripted_version_id};
use super::error::SandboxError;
use super::faults::Fault;
use super::job_kind::JobKind;
use super::registry::{MountFault, UploadFault};
use super::request_log::RequestRecord;
use super::scripted::{Scenario, Script};
use super::service::Service;

#[derive(Debug, Clone, PartialEq)]
pub struct SandboxVersion {
    /// The 64 hexadecimal digits of its digest.
    pub id: String,
    /// The version of Cog that built it.
    pub cog_version: Option<String>,
    /// The OpenAPI document of its inputs and outputs.
    pub schema: Option<Value>,
    /// Whether a script answers for it.
    pub is_scripted: bool,
}

/// A prediction or training that was created.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionRecord {
    /// Its id in the API.
    pub id: String,
    /// A prediction or a training.
    pub kind: JobKind,
    /// The model, as `owner/name`.
    pub model: String,
    /// The version's id.
    pub version: String,
    /// The deployment it was created on, as `owner/name`.
    pub deployment: Option<String>,
    /// The inputs. Empty once its data was removed.
    pub input: Map<String, Value>,
    /// The API's name: `starting`, `succeeded`, …
    pub status: &'static str,
    /// Whether a script answers it.
    pub is_scripted: bool,
}

/// Registers images of the Docker daemon as versions, like [`Sandbox::register_image`], without access to the rest of the sandbox.
#[derive(Clone)]
pub struct ImageRegistrar {
    service: Arc<Service>,
}

impl ImageRegistrar {
    /// Adds a version of the model `owner/name` and returns its id.
    pub async fn register(&self, model: &str, image: &str) -> Result<String, SandboxError> {
        self.service.register_image(model, image).await
    }
}

impl Sandbox {
    /// Creates a model, given as `owner/name`, or as `name` for one of the account's own.
    pub fn create_model(&self, name: &str, visibility: Visibility, hardware: &str) -> Result<(), SandboxError> {
        let full_name = self.full_name(name);
        let Some((owner, short)) = full_name.split_once('/').filter(|_| is_model_name(&full_name)) else {
            return Err(SandboxError::Name(name.to_owned()));
        };
        let mut database = self.service.database();
        if database.models.contains_key(&full_name) {
            return Err(SandboxError::ModelExists(full_name));
        }
        let sequence = database.next_sequence();
        let model = Model::new(owner.to_owned(), short.to_owned(), visibility, hardware.to_owned(), sequence);
        database.models.insert(full_name, model);
        Ok(())
    }

    /// Makes a model official or not. The versions of official models are hidden, and predictions are created by the model's name.
    pub fn set_official(&self, model: &str, is_official: bool) -> Result<(), SandboxError> {
        self.change_model(model, |model| model.is_official = is_official)
    }

    /// Adds a version that answers from a script, and returns its id.
    pub fn push_scripted_version(&self, model: &str, schema: Option<Value>, script: Script) -> Result<String, SandboxError> {
        let (created_at, now) = (self.service.clock.now(), self.service.instant());
        let sequence = self.service.database().next_sequence();
        let scripted = &self.service.scripted;
        self.change_model(model, |model| {
            let id = scripted_version_id(&model.full_name(), model.versions_made);
            scripted.add(&model.full_name(), &id, script.clone());
            model.versions_made += 1;
            model.versions.push(Version {
                id: id.clone(),
                created_at,
                cog_version: schema.is_some().then(|| "0.22.0".to_owned()),
                schema,
                runtime: Runtime::Script(script),
                visible_at: now,
                is_disabled: false,
                is_trained_on: false,
                sequence,
            });
            id
        })
    }

    /// Makes a script answer for versions that are pushed to the model from now on, instead of their containers.
    pub fn script_pushed_versions(&self, model: &str, script: Script) -> Result<(), SandboxError> {
        self.change_model(model, |model| model.pushed_script = Some(script))
    }

    /// Disables a version, as the real service does when a version keeps failing its setup.
    pub fn disable_version(&self, model: &str, id: &str) -> Result<(), SandboxError> {
        let found = self.change_model(model, |model| {
            let version = model.versions.iter_mut().find(|version| version.id == id);
            version.map(|version| version.is_disabled = true)
        })?;
        found.ok_or_else(|| SandboxError::NoVersion { model: self.full_name(model), id: id.to_owned() })
    }

    /// The versions of a model, newest first, including those that are not visible yet. Empty if there is no such model.
    pub fn versions(&self, model: &str) -> Vec<SandboxVersion> {
        let database = self.service.database();
        let versions = database.models.get(&self.full_name(model)).map(|model| model.versions.iter().rev());
        versions
            .into_iter()
            .flatten()
            .map(|version| SandboxVersion {
                id: version.id.clone(),
                cog_version: version.cog_version.clone(),
                schema: version.schema.clone(),
                is_scripted: matches!(version.runtime, Runtime::Script(_)),
            })
            .collect()
    }

    /// Adds a version of an image that the daemon has, and returns its id: for daemons that cannot reach this registry. The id is
    /// the image's, not a manifest's.
    pub async fn register_image(&self, model: &str, image: &str) -> Result<String, SandboxError> {
        self.service.register_image(&self.full_name(model), image).await
    }

    /// A handle for registering images.
    pub fn image_registrar(&self) -> ImageRegistrar {
        ImageRegistrar { service: Arc::clone(&self.service) }
    }

    /// Adds a fault. Faults take effect in the order in which they were added.
    pub fn inject(&self, fault: Fault) {
        self.service.faults.add(fault);
    }

    /// Removes faults that have not happened yet.
    pub fn clear_faults(&self) {
        self.service.faults.clear();
    }

    /// Makes the next `count` blob uploads fail.
    pub fn fail_uploads(&self, fault: UploadFault, count: usize) {
        self.registry.fail_uploads(fault, count);
    }

    /// Makes the next `count` mounts of blobs fail.
    pub fn fail_mounts(&self, fault: MountFault, count: usize) {
        self.registry.fail_mounts(fault, count);
    }

    /// Bytes of blobs that clients have uploaded, those of failed uploads included.
    pub fn uploaded_bytes(&self) -> u64 {
        self.registry.uploaded_bytes()
    }

    /// Number of blobs that clients mounted from another repository instead of uploading them again.
    pub fn mounted_blobs(&self) -> u64 {
        self.registry.mounted_blobs()
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.service.requests.all()
    }

    /// The predictions and trainings so far, oldest first.
    pub fn predictions(&self) -> Vec<PredictionRecord> {
        let database = self.service.database();
        let record = |job: &Job| PredictionRecord {
            id: job.id.clone(),
            kind: job.kind,
            model: job.version.model.clone(),
            version: job.version.id.clone(),
            deployment: job.deployment.clone(),
            input: job.input.clone(),
            status: job.status().as_str(),
            is_scripted: job.is_scripted,
        };
        database.jobs().map(record).collect()
    }

    /// Creates the models of a scenario.
    pub(super) fn apply(&self, scenario: Scenario) -> Result<(), SandboxError> {
        for model in scenario.models {
            self.create_model(&model.name, model.visibility, &model.hardware)?;
            for (schema, script) in model.versions {
                self.push_scripted_version(&model.name, schema, script)?;
            }
            if let Some(script) = model.pushed {
                self.script_pushed_versions(&model.name, script)?;
            }
            self.set_official(&model.name, model.is_official)?;
        }
        Ok(())
    }

    fn full_name(&self, name: &str) -> String {
        if name.contains('/') { name.to_owned() } else { format!("{}/{name}", self.service.account.username) }
    }

    fn change_model<T>(&self, name: &str, change: impl FnOnce(&mut Model) -> T) -> Result<T, SandboxError> {
        let full_name = self.full_name(name);
        let mut database = self.service.database();
        match database.models.get_mut(&full_name) {
            Some(model) => Ok(change(model)),
            None => Err(SandboxError::NoModel(full_name)),
        }
    }
}

impl Service {
    /// See [`Sandbox::register_image`].
    pub(super) async fn register_image(&self, model: &str, reference: &str) -> Result<String, SandboxError> {
        let is_own = self.database().models.get(model).is_some_and(|model| model.owner == self.account.username);
        if !is_own {
            return Err(SandboxError::NoModel(model.to_owned()));
        }
        let containers = self.containers.as_ref().ok_or(SandboxError::WithoutDocker)?;
        let image = containers.local_image(reference).await.map_err(|cause| SandboxError::Docker(Box::new(cause)))?;
        let labels: BTreeMap<String, String> = image.labels;
        // The id is pinned, because the tag may move to another image later.
        let runtime = Runtime::Image { reference: format!("sha256:{}", image.id), pull: false };
        self.add_version(model, &image.id, &labels, runtime);
        Ok(image.id)
    }
}
