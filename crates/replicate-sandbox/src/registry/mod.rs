//! An OCI distribution registry under `/v2`, as strict as one that Docker meets in production.
//!
//! Content lives on disk under a root that the caller gives and later removes; which repository holds what lives in memory, because a
//! sandbox forgets when it ends. Who may enter, which repositories exist, and what a push means is the [`RegistryBackend`]'s business.
//!
//! The crate `container-registry` (0.3.1) offers a router for axum too, but its routes take names of exactly two parts and it mounts no
//! blobs across repositories, which is what a retried or repeated push relies on; hence this one.

mod auth;
mod backend;
mod blobs;
mod digest;
mod errors;
mod fault;
mod manifests;
mod repositories;
mod routes;
mod session;
mod uploads;

#[cfg(test)]
mod docker_tests;
#[cfg(test)]
mod tests;

pub(crate) use backend::{Access, PushedManifest, RegistryBackend};
pub use fault::UploadFault;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::blobs::BlobStore;
use self::fault::UploadFaults;
use self::repositories::Repositories;
use self::uploads::Uploads;

/// The registry's state. Serve [`Registry::router`].
pub(crate) struct Registry {
    backend: Arc<dyn RegistryBackend>,
    blobs: BlobStore,
    uploads: Uploads,
    repositories: Repositories,
    faults: UploadFaults,
    mounted_blobs: AtomicU64,
}

impl Registry {
    /// A registry with nothing in it that keeps its content under `root`.
    pub(crate) fn new(root: PathBuf, backend: Arc<dyn RegistryBackend>) -> Arc<Self> {
        Arc::new(Self {
            backend,
            uploads: Uploads::new(root.join("uploads")),
            blobs: BlobStore::new(root),
            repositories: Repositories::default(),
            faults: UploadFaults::default(),
            mounted_blobs: AtomicU64::new(0),
        })
    }

    /// The routes below `/v2`.
    pub(crate) fn router(self: &Arc<Self>) -> axum::Router {
        routes::router(Arc::clone(self))
    }

    /// How many bytes of blobs clients have sent since the start, of failed uploads too.
    pub(crate) fn uploaded_bytes(&self) -> u64 {
        self.uploads.received_bytes()
    }

    /// How many blobs were taken over from another repository instead of being sent again.
    pub(crate) fn mounted_blobs(&self) -> u64 {
        self.mounted_blobs.load(Ordering::Relaxed)
    }

    /// Lets the next `count` starts of a blob upload fail, after those that were asked for before.
    pub(crate) fn fail_uploads(&self, fault: UploadFault, count: usize) {
        self.faults.add(fault, count);
    }
}
