//! The state that all routes share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::account::Account;
use super::clock::Clock;
use super::containers::Containers;
use super::database::{Database, Model, Runtime, Version};
use super::engine::{Engine, EngineVersion};
use super::faults::Faults;
use super::files::FileStore;
use super::hosts::Hosts;
use super::job_kind::JobKind;
use super::locks::lock;
use super::options::SandboxOptions;
use super::rate_limit::RateLimiter;
use super::request_log::RequestLog;
use super::scripted::ScriptedEngine;

/// The state behind the port.
pub(super) struct Service {
    pub(super) account: Account,
    pub(super) options: SandboxOptions,
    /// `http://127.0.0.1:PORT`.
    pub(super) base_url: String,
    /// `127.0.0.1:PORT`.
    pub(super) host: String,
    pub(super) hosts: Hosts,
    pub(super) clock: Clock,
    pub(super) files: FileStore,
    pub(super) faults: Faults,
    pub(super) requests: RequestLog,
    pub(super) limiter: RateLimiter,
    pub(super) scripted: ScriptedEngine,
    pub(super) containers: Option<Containers>,
    /// Fires when the sandbox stops.
    pub(super) closing: CancellationToken,
    /// Jobs and connections.
    pub(super) tasks: TaskTracker,
    pub(super) database: Mutex<Database>,
    pub(super) instances: Mutex<HashMap<(EngineVersion, JobKind), Arc<Semaphore>>>,
}

impl Service {
    pub(super) fn database(&self) -> MutexGuard<'_, Database> {
        lock(&self.database)
    }

    pub(super) fn instant(&self) -> Instant {
        self.clock.instant()
    }

    /// Whether the account can see the model.
    pub(super) fn can_see(&self, model: &Model) -> bool {
        model.owner == self.account.username || model.visibility == super::database::Visibility::Public
    }

    /// What engines need to know about a version.
    pub(super) fn engine_version(&self, model: &str, version: &Version) -> EngineVersion {
        let (image, pull) = match &version.runtime {
            Runtime::Image { reference, pull } => (reference.clone(), *pull),
            Runtime::Script(_) => (String::new(), false),
        };
        EngineVersion { model: model.to_owned(), id: version.id.clone(), image, pull }
    }

    /// The engine of a version. `None` for an image if the sandbox runs without Docker.
    pub(super) fn engine(&self, is_scripted: bool) -> Option<&dyn Engine> {
        match (is_scripted, &self.containers) {
            (true, _) => Some(&self.scripted),
            (false, Some(containers)) => Some(containers),
            (false, None) => None,
        }
    }

    /// The instances of a version. A job needs a permit to run.
    pub(super) fn instances(&self, version: &EngineVersion, kind: JobKind) -> Arc<Semaphore> {
        let mut instances = lock(&self.instances);
        let new = || Arc::new(Semaphore::new(self.options.max_instances.clamp(1, Semaphore::MAX_PERMITS)));
        Arc::clone(instances.entry((version.clone(), kind)).or_insert_with(new))
    }
}
