//! An OCI distribution registry under `/v2`, as strict as one that Docker meets in production.
//!
//! Content is stored on disk under a root that the caller provides and later removes. What each repository holds is kept in memory,
//! since a sandbox keeps nothing after it stops. Access, the existence of repositories and the effect of a push are up to
//! [`RegistryBackend`].
//!
//! The crate `container-registry` (0.3.1) also offers an axum router, but its routes accept only names of two parts, and it does
//! not mount blobs across repositories, which repeated pushes rely on.

mod auth;
mod backend;
mod blobs;
mod digest;
mod errors;
mod fault;
mod kept;
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
pub use fault::{MountFault, UploadFault};

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::blobs::BlobStore;
use self::fault::UploadFaults;
use self::kept::KeptLayers;
use self::repositories::Repositories;
use self::uploads::Uploads;

/// The state of the registry. Serve [`Registry::router`].
pub(crate) struct Registry {
    backend: Arc<dyn RegistryBackend>,
    blobs: BlobStore,
    kept: Option<KeptLayers>,
    uploads: Uploads,
    repositories: Repositories,
    faults: UploadFaults,
    mounted_blobs: AtomicU64,
}

impl Registry {
    /// An empty registry that stores its content under `root`. Every repository has the large layers in the folder `kept`, and those that
    /// are pushed are added to it.
    pub(crate) fn new(root: PathBuf, kept: Option<PathBuf>, backend: Arc<dyn RegistryBackend>) -> Arc<Self> {
        Arc::new(Self {
            backend,
            uploads: Uploads::new(root.join("uploads")),
            blobs: BlobStore::new(root),
            kept: kept.map(KeptLayers::new),
            repositories: Repositories::default(),
            faults: UploadFaults::default(),
            mounted_blobs: AtomicU64::new(0),
        })
    }

    pub(crate) fn router(self: &Arc<Self>) -> axum::Router {
        routes::router(Arc::clone(self))
    }

    /// Bytes of blobs that clients have uploaded, those of failed uploads included.
    pub(crate) fn uploaded_bytes(&self) -> u64 {
        self.uploads.received_bytes()
    }

    /// Number of blobs that clients mounted from another repository instead of uploading them again.
    pub(crate) fn mounted_blobs(&self) -> u64 {
        self.mounted_blobs.load(Ordering::Relaxed)
    }

    /// Makes the next `count` mounts fail.
    pub(crate) fn fail_mounts(&self, fault: MountFault, count: usize) {
        self.faults.add_mount(fault, count);
    }

    /// Makes the next `count` blob uploads fail, after the failures that were added before.
    pub(crate) fn fail_uploads(&self, fault: UploadFault, count: usize) {
        self.faults.add(fault, count);
    }
}
