//! A running sandbox, for those in the same process.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;
use uuid::Uuid;

use super::account::Account;
use super::books::{Books, Model, Runs, Version, Visibility, is_model_name, is_name, scripted_version_id};
use super::containers::{Containers, ContainersOptions, Reach};
use super::engine::{Engine as _, JobKind};
use super::error::SandboxError;
use super::faults::{Fault, Faults};
use super::files::FileStore;
use super::options::SandboxOptions;
use super::rate_limit::RateLimiter;
use super::registry::{Gate, Registry, RegistryFault};
use super::request_log::{RequestLog, RequestRecord};
use super::scripted::{JobType, Scenario, Script, ScriptedEngine};
use super::service::Service;
use super::time::Time;
use super::{api, server};
use crate::support::SecretString;

/// How long connections and jobs get to end.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// A running sandbox. [`Sandbox::stop`] ends it properly; dropping it does what can be done without waiting.
pub struct Sandbox {
    service: Arc<Service>,
    registry: Arc<Registry>,
    api_url: Url,
    /// Removed when it is dropped.
    folder: Option<TempDir>,
}

/// A version, for looking at.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxVersion {
    /// The 64 digits.
    pub id: String,
    /// The Cog that built it.
    pub cog_version: Option<String>,
    /// The OpenAPI document.
    pub schema: Option<Value>,
    /// Whether a script answers for it.
    pub is_scripted: bool,
}

/// A prediction or training that was created, for looking at.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionRecord {
    /// Its id.
    pub id: String,
    /// Which of both it is.
    pub job_type: JobType,
    /// `owner/name`.
    pub model: String,
    /// The version's id.
    pub version: String,
    /// `owner/name` of the deployment it was made on.
    pub deployment: Option<String>,
    /// What it was given. Empty after its data was removed.
    pub input: Map<String, Value>,
    /// The word of the API: `starting`, `succeeded`, …
    pub status: &'static str,
    /// Whether a script answered.
    pub is_scripted: bool,
}

impl Sandbox {
    /// Starts a sandbox. With Docker, containers that a crashed sandbox left are removed.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        if !is_name(&options.username) {
            return Err(SandboxError::Name(options.username));
        }
        let scenario = match &options.script {
            Some(file) => Some(Scenario::read(file).await?),
            None => None,
        };
        let folder = temporary_folder(options.data.as_deref()).map_err(SandboxError::Folder)?;
        let address = SocketAddr::new(options.bind, options.port);
        let listen = |source| SandboxError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let host = own_host(options.bind, port);
        let base_url = format!("http://{host}");
        let api_url = Url::parse(&format!("{base_url}/v1")).map_err(|cause| listen(std::io::Error::other(cause)))?;
        let account = Account::new(options.username.clone(), options.api_token.clone(), options.cli_token.clone());
        let containers = if options.docker { Some(connect(&options, &account).await?) } else { None };
        let service = Arc::new(Service {
            account,
            files: FileStore::new(folder.path().join("files"), base_url.clone()),
            base_url,
            host,
            time: Time::new(Arc::clone(&options.clock)),
            faults: Faults::default(),
            requests: RequestLog::default(),
            limiter: RateLimiter::new(options.rate_limits),
            scripted: ScriptedEngine::default(),
            containers,
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            books: Mutex::new(Books::default()),
            instances: Mutex::new(HashMap::new()),
            options,
        });
        let registry = Registry::new(folder.path().join("registry"), Arc::clone(&service) as Arc<dyn Gate>);
        let router = api::router(Arc::clone(&service)).merge(registry.router());
        service.tasks.spawn(server::serve(listener, Arc::clone(&service), router));
        let sandbox = Self { service, registry, api_url, folder: Some(folder) };
        if let Some(scenario) = scenario {
            scenario.apply(&sandbox)?;
        }
        Ok(sandbox)
    }

    /// Such as `http://127.0.0.1:5000/v1`, for `REPLICATE_BASE_URL`.
    pub fn api_url(&self) -> &Url {
        &self.api_url
    }

    /// Such as `http://127.0.0.1:5000`.
    pub fn base_url(&self) -> &str {
        &self.service.base_url
    }

    /// Such as `127.0.0.1:5000`, for `REPLICATE_REGISTRY`.
    pub fn registry_host(&self) -> &str {
        &self.service.host
    }

    /// The account's name.
    pub fn username(&self) -> &str {
        &self.service.account.username
    }

    /// The token for `/v1`.
    pub fn api_token(&self) -> &SecretString {
        &self.service.account.api_token
    }

    /// The token for pushing.
    pub fn cli_token(&self) -> &SecretString {
        &self.service.account.cli_token
    }

    /// Makes a model, `owner/name` or just `name` for the account's own.
    pub fn create_model(&self, name: &str, visibility: Visibility, hardware: &str) -> Result<(), SandboxError> {
        let full_name = self.full_name(name);
        let Some((owner, short)) = full_name.split_once('/').filter(|_| is_model_name(&full_name)) else {
            return Err(SandboxError::Name(name.to_owned()));
        };
        let mut books = self.service.books();
        if books.models.contains_key(&full_name) {
            return Err(SandboxError::ModelExists(full_name));
        }
        let sequence = books.next_sequence();
        let model = Model::new(owner.to_owned(), short.to_owned(), visibility, hardware.to_owned(), sequence);
        books.models.insert(full_name, model);
        Ok(())
    }

    /// Whether the model is an official one: its versions are hidden, and predictions are made by its name.
    pub fn set_official(&self, model: &str, is_official: bool) -> Result<(), SandboxError> {
        self.change_model(model, |model| model.is_official = is_official)
    }

    /// Adds a version that answers from a script, and gives its id.
    pub fn push_scripted_version(&self, model: &str, schema: Option<Value>, script: Script) -> Result<String, SandboxError> {
        let (created_at, now) = (self.service.time.now(), self.service.instant());
        let sequence = self.service.books().next_sequence();
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
                runs: Runs::Script(script),
                visible_at: now,
                is_disabled: false,
                is_trained_on: false,
                sequence,
            });
            id
        })
    }

    /// Versions that are pushed to the model from now on are answered by the script instead of by their containers.
    pub fn script_pushed_versions(&self, model: &str, script: Script) -> Result<(), SandboxError> {
        self.change_model(model, |model| model.pushed_script = Some(script))
    }

    /// Switches a version off, as the real service does with one that keeps failing its setup.
    pub fn disable_version(&self, model: &str, id: &str) -> Result<(), SandboxError> {
        let found = self.change_model(model, |model| {
            let version = model.versions.iter_mut().find(|version| version.id == id);
            version.map(|version| version.is_disabled = true)
        })?;
        found.ok_or_else(|| SandboxError::NoVersion { model: self.full_name(model), id: id.to_owned() })
    }

    /// The versions of a model, newest first, also those that are not visible yet. Empty for a model that is not there.
    pub fn versions(&self, model: &str) -> Vec<SandboxVersion> {
        let books = self.service.books();
        let versions = books.models.get(&self.full_name(model)).map(|model| model.versions.iter().rev());
        versions
            .into_iter()
            .flatten()
            .map(|version| SandboxVersion {
                id: version.id.clone(),
                cog_version: version.cog_version.clone(),
                schema: version.schema.clone(),
                is_scripted: matches!(version.runs, Runs::Script(_)),
            })
            .collect()
    }

    /// Makes a version of an image that the daemon has, and gives its id: for daemons that cannot reach this registry. The id is the
    /// image's, not a manifest's.
    pub async fn register_image(&self, model: &str, image: &str) -> Result<String, SandboxError> {
        self.service.register_image(&self.full_name(model), image).await
    }

    /// Lets something go wrong, after what was injected before.
    pub fn inject(&self, fault: Fault) {
        self.service.faults.add(fault);
    }

    /// Takes back faults that did not happen yet.
    pub fn clear_faults(&self) {
        self.service.faults.clear();
    }

    /// Lets the next `count` starts of a blob upload fail.
    pub fn fail_uploads(&self, fault: RegistryFault, count: usize) {
        self.registry.fail_uploads(fault, count);
    }

    /// How many bytes of blobs were pushed.
    pub fn uploaded_bytes(&self) -> u64 {
        self.registry.uploaded_bytes()
    }

    /// How many blobs were taken over from another repository instead of being sent again.
    pub fn mounted_blobs(&self) -> u64 {
        self.registry.mounted_blobs()
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.service.requests.all()
    }

    /// The predictions and trainings so far, oldest first.
    pub fn predictions(&self) -> Vec<PredictionRecord> {
        let books = self.service.books();
        let record = |job: &super::books::Job| PredictionRecord {
            id: job.id.clone(),
            job_type: match job.kind {
                JobKind::Predict => JobType::Prediction,
                JobKind::Train => JobType::Training,
            },
            model: job.version.model.clone(),
            version: job.version.id.clone(),
            deployment: job.deployment.clone(),
            input: job.input.clone(),
            status: job.status().as_str(),
            is_scripted: job.is_scripted,
        };
        books.jobs().map(record).collect()
    }

    /// Stops everything that was started and removes its files.
    pub async fn stop(mut self) {
        self.service.closing.cancel();
        self.service.tasks.close();
        if tokio::time::timeout(STOP_LIMIT, self.service.tasks.wait()).await.is_err() {
            tracing::debug!("some connections of the sandbox did not end in time");
        }
        self.service.scripted.shutdown().await;
        if let Some(containers) = &self.service.containers {
            containers.shutdown().await;
        }
        if let Some(folder) = self.folder.take() {
            let removed = tokio::task::spawn_blocking(move || folder.close()).await;
            if !matches!(removed, Ok(Ok(()))) {
                tracing::debug!(?removed, "the sandbox's files could not be removed");
            }
        }
    }

    fn full_name(&self, name: &str) -> String {
        if name.contains('/') { name.to_owned() } else { format!("{}/{name}", self.service.account.username) }
    }

    fn change_model<T>(&self, name: &str, change: impl FnOnce(&mut Model) -> T) -> Result<T, SandboxError> {
        let full_name = self.full_name(name);
        let mut books = self.service.books();
        match books.models.get_mut(&full_name) {
            Some(model) => Ok(change(model)),
            None => Err(SandboxError::NoModel(full_name)),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.service.closing.cancel();
        // Not stopped properly: containers are removed if there still is a runtime to do it.
        let was_stopped = self.folder.is_none();
        if let (false, Some(_), Ok(runtime)) = (was_stopped, &self.service.containers, tokio::runtime::Handle::try_current()) {
            let service = Arc::clone(&self.service);
            runtime.spawn(async move {
                if let Some(containers) = &service.containers {
                    containers.shutdown().await;
                }
            });
        }
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sandbox").field("base_url", &self.service.base_url).finish_non_exhaustive()
    }
}

impl Service {
    /// See [`Sandbox::register_image`].
    pub(super) async fn register_image(&self, model: &str, reference: &str) -> Result<String, SandboxError> {
        let is_own = self.books().models.get(model).is_some_and(|model| model.owner == self.account.username);
        if !is_own {
            return Err(SandboxError::NoModel(model.to_owned()));
        }
        let containers = self.containers.as_ref().ok_or(SandboxError::WithoutDocker)?;
        let image = containers.local_image(reference).await.map_err(|cause| SandboxError::Docker(Box::new(cause)))?;
        let labels: BTreeMap<String, String> = image.labels;
        // Named by its id: the tag may move to another image later.
        let runs = Runs::Image { reference: format!("sha256:{}", image.id), pull: false };
        self.add_version(model, &image.id, &labels, runs);
        Ok(image.id)
    }
}

fn temporary_folder(parent: Option<&Path>) -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("safe-push-sandbox-");
    match parent {
        Some(parent) => {
            std::fs::create_dir_all(parent)?;
            builder.tempdir_in(parent)
        }
        None => builder.tempdir(),
    }
}

/// How this machine's own programs reach the port.
fn own_host(bind: std::net::IpAddr, port: u16) -> String {
    match bind {
        std::net::IpAddr::V4(address) if address.is_unspecified() => format!("127.0.0.1:{port}"),
        std::net::IpAddr::V6(address) if address.is_unspecified() => format!("[::1]:{port}"),
        address => SocketAddr::new(address, port).to_string(),
    }
}

async fn connect(options: &SandboxOptions, account: &Account) -> Result<Containers, SandboxError> {
    use crate::support::ExposeSecret as _;
    let credentials = (account.username.clone(), account.cli_token.expose_secret().to_owned());
    let mut wanted = ContainersOptions::new(credentials, Uuid::new_v4().to_string());
    wanted.docker_host.clone_from(&options.docker_host);
    wanted.idle_stop = options.idle_after;
    wanted.setup_limit = options.setup_limit;
    if let Some(network) = &options.docker_network {
        wanted.reach = Reach::Network(network.clone());
    }
    let containers = Containers::connect(wanted).await.map_err(|cause| SandboxError::Docker(Box::new(cause)))?;
    match containers.remove_orphans().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "containers of an earlier sandbox were removed"),
        Err(cause) => tracing::warn!(%cause, "containers of earlier sandboxes could not be looked for"),
    }
    Ok(containers)
}
