//! Starting and stopping a sandbox.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use process_mark::folder::MarkedFolder;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;
use uuid::Uuid;

use super::account::Account;
use super::clock::Clock;
use super::containers::{Containers, ContainersOptions, Reach};
use super::database::{Database, is_name};
use super::engine::Engine as _;
use super::error::SandboxError;
use super::faults::Faults;
use super::files::FileStore;
use super::folder;
use super::hosts::Hosts;
use super::options::SandboxOptions;
use super::rate_limit::RateLimiter;
use super::registry::{Registry, RegistryBackend};
use super::request_log::RequestLog;
use super::scripted::{Scenario, ScriptedEngine};
use super::service::Service;
use super::{api, server};

/// How long connections and jobs have to finish.
const STOP_LIMIT: Duration = Duration::from_secs(1);

/// A running sandbox. Call [`Sandbox::stop`] to shut it down completely. Dropping it cleans up what it can without waiting.
///
/// ```
/// use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), replicate_sandbox::SandboxError> {
/// let sandbox = Sandbox::start(SandboxOptions { docker: false, ..SandboxOptions::default() }).await?;
/// sandbox.create_model("hotdog", Visibility::Private, "cpu")?;
/// let version = sandbox.push_scripted_version("hotdog", None, Script::always(ScriptedReply::output("not a hotdog")))?;
/// assert_eq!(sandbox.versions("hotdog")[0].id, version);
/// sandbox.stop().await;
/// # Ok(())
/// # }
/// ```
pub struct Sandbox {
    pub(super) service: Arc<Service>,
    pub(super) registry: Arc<Registry>,
    api_url: Url,
    folder: Option<MarkedFolder>,
}

impl Sandbox {
    /// Starts a sandbox, and removes what killed sandboxes left behind: folders, and with Docker containers and images.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        if !is_name(&options.username) {
            return Err(SandboxError::Name(options.username));
        }
        let scenario = match &options.script {
            Some(file) => Some(Scenario::read(file).await?),
            None => None,
        };
        let hosts = Hosts::new(options.bind, &options.hosts).map_err(SandboxError::Host)?;
        let folder = folder::create(options.data.as_deref()).map_err(SandboxError::Folder)?;
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
            hosts,
            clock: Clock::new(),
            faults: Faults::default(),
            requests: RequestLog::default(),
            limiter: RateLimiter::new(options.rate_limits),
            scripted: ScriptedEngine::default(),
            containers,
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            database: Mutex::new(Database::default()),
            instances: Mutex::new(HashMap::new()),
            options,
        });
        let registry = Registry::new(
            folder.path().join("registry"),
            service.options.layers.clone(),
            Arc::clone(&service) as Arc<dyn RegistryBackend>,
        );
        let router = api::router(Arc::clone(&service)).merge(registry.router());
        service.tasks.spawn(server::serve(listener, Arc::clone(&service), router));
        let sandbox = Self { service, registry, api_url, folder: Some(folder) };
        if let Some(scenario) = scenario {
            sandbox.apply(scenario)?;
        }
        Ok(sandbox)
    }

    /// The base URL of the API, such as `http://127.0.0.1:5000/v1`, for `REPLICATE_BASE_URL`.
    pub fn api_url(&self) -> &Url {
        &self.api_url
    }

    /// The URL of the port, such as `http://127.0.0.1:5000`.
    pub fn base_url(&self) -> &str {
        &self.service.base_url
    }

    /// The host and port of the registry, such as `127.0.0.1:5000`, for `REPLICATE_REGISTRY`.
    pub fn registry_host(&self) -> &str {
        &self.service.host
    }

    /// The name of the account.
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

    /// Stops everything that was started and removes the sandbox's files.
    pub async fn stop(mut self) {
        self.service.closing.cancel();
        self.service.tasks.close();
        if tokio::time::timeout(STOP_LIMIT, self.service.tasks.wait()).await.is_err() {
            tracing::debug!("some connections of the sandbox did not close in time");
        }
        self.service.scripted.shutdown().await;
        if let Some(containers) = &self.service.containers {
            containers.shutdown().await;
        }
        if let Some(folder) = self.folder.take() {
            let removed = tokio::task::spawn_blocking(move || folder.remove()).await;
            if !matches!(removed, Ok(Ok(()))) {
                tracing::debug!(?removed, "failed to remove the sandbox's files");
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.service.closing.cancel();
        // Not stopped: containers are removed in the background if a runtime is left.
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

/// The host and port by which programs on this machine reach the sandbox.
fn own_host(bind: std::net::IpAddr, port: u16) -> String {
    match bind {
        std::net::IpAddr::V4(address) if address.is_unspecified() => format!("127.0.0.1:{port}"),
        std::net::IpAddr::V6(address) if address.is_unspecified() => format!("[::1]:{port}"),
        address => SocketAddr::new(address, port).to_string(),
    }
}

async fn connect(options: &SandboxOptions, account: &Account) -> Result<Containers, SandboxError> {
    let credentials = (account.username.clone(), account.cli_token.expose_secret().to_owned());
    let mut wanted = ContainersOptions::new(credentials, Uuid::new_v4().to_string());
    wanted.docker_host.clone_from(&options.docker_host);
    wanted.gpus.clone_from(&options.gpus);
    if let Some(network) = &options.docker_network {
        wanted.reach = Reach::Network(network.clone());
    }
    let containers = Containers::connect(wanted).await.map_err(|cause| SandboxError::Docker(Box::new(cause)))?;
    match containers.remove_orphans().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "removed containers and images of earlier sandboxes"),
        Err(cause) => tracing::warn!(%cause, "failed to look for what earlier sandboxes left"),
    }
    Ok(containers)
}
