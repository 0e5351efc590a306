//! A grafted image on its way to the test model.

use bytes::Bytes;

use crate::clients::registry::{FileBlob, ImageManifest};
use crate::domain::identity::VersionRef;

/// An image that consists of layers of a version and of new ones.
#[derive(Debug, Clone)]
pub struct GraftedImage {
    /// The version whose layers it keeps.
    pub on: VersionRef,
    /// Its manifest, as far as layers go.
    pub manifest: ImageManifest,
    /// Its configuration, without a push id of its own.
    pub config: Bytes,
    /// The new layers.
    pub layers: Vec<FileBlob>,
}
