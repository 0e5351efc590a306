//! A staged version becomes a version of another model within the registry: its layers are mounted, or else streamed, and its manifest is
//! put again with a fresh `run.cog.push_id`. No daemon takes part.
//!
//! It starts from the manifest in the registry, which is what was tested. A repository gets the manifest last, when it has every blob, so
//! there is never half a version. Two concurrent runs have different manifests. `route` decides whether the manifest may be sent, and waits
//! for the answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use cog_source::labels::PUSH_ID;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use crate::clients::registry::{
    Blob, ImageManifest, Mount, RegistryError, RegistryWriter, StoredContent, StoredManifest, Unsupported, with_label,
};
use crate::domain::events::{EventKind, LayerOutcome, Observer};
use crate::domain::identity::{ImageDigest, VersionRef};
use crate::domain::report::{PublishRoute, Transfer};
use crate::publish::PublishError;
use crate::publish::grafted_image::GraftedImage;
use crate::publish::push::unconfirmed;
use crate::publish::services::emit;
use crate::support::locks::lock;

/// The tag that a push ends with. `docker pull` without a tag gets it.
pub(super) const LATEST: &str = "latest";

/// Layers under way at the same time.
pub(super) const PARALLEL: usize = 4;

/// Why a version could not be transferred.
#[derive(Debug)]
pub(super) enum TransferError {
    /// The daemon may be able to: nothing was published.
    LeftToDaemon(String),
    /// Nobody can, or whether it was published is unknown.
    Failed(PublishError),
}

impl From<Unsupported> for TransferError {
    fn from(error: Unsupported) -> Self {
        Self::LeftToDaemon(format!("the staged manifest cannot be published as it is: {error}"))
    }
}

impl From<RegistryError> for TransferError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::PushDenied { .. } | RegistryError::OtherManifest { .. } => Self::Failed(error.into()),
            error => Self::LeftToDaemon(error.to_string()),
        }
    }
}

/// A version to transfer.
pub(super) struct Source<'a> {
    /// The version that was tested.
    pub(super) staged: &'a VersionRef,
    /// The repository that gets it.
    pub(super) to: &'a str,
}

/// The receiver of events.
#[derive(Clone, Copy)]
pub(super) struct Audience<'a> {
    pub(super) name: &'a str,
    pub(super) observer: &'a dyn Observer,
}

/// A version whose blobs are in the other repository. What is missing is the manifest, which makes it a version.
pub(super) struct Prepared<'a> {
    manifest: StoredManifest,
    layers: LayerTransfer<'a>,
    writer: &'a dyn RegistryWriter,
    /// How often the registry may say that it misses blobs. It may name one at a time.
    repairs_left: usize,
}

/// The result of putting a manifest.
pub(super) enum Put {
    /// The registry has it.
    Done,
    /// The registry rejected it because blobs are still missing: these, as far as it names them.
    Missing(Vec<ImageDigest>),
}

/// Brings the version's blobs into the other repository.
pub(super) async fn prepare<'a>(
    source: &Source<'a>,
    writer: &'a dyn RegistryWriter,
    audience: Audience<'a>,
) -> Result<Prepared<'a>, TransferError> {
    let Source { staged, to } = *source;
    let from = staged.model.to_string();
    let image = image_of(staged.id.digest().as_str(), &from, writer).await?;
    let config = writer.small_blob(&from, &image.config).await?;
    let config = with_label(&config, PUSH_ID, &Uuid::now_v7().to_string())?;

    let layers = LayerTransfer::of(&image.layers, from, to, writer, audience).await;
    layers.bring_all().await?;
    let manifest = image.with_config(&writer.put_blob(to, config).await?);
    Ok(Prepared { manifest, repairs_left: layers.blobs.len(), layers, writer })
}

/// Puts a graft's new blobs into the other repository, and brings those that it keeps.
pub(super) async fn prepare_graft<'a>(
    graft: &GraftedImage,
    to: &'a str,
    writer: &'a dyn RegistryWriter,
    audience: Audience<'a>,
) -> Result<Prepared<'a>, TransferError> {
    let new: BTreeSet<&ImageDigest> = graft.layers.iter().map(|layer| &layer.blob.digest).collect();
    let total_bytes = graft.layers.iter().map(|layer| layer.blob.size_bytes).sum();
    let sent_before = AtomicU64::new(0);
    for layer in &graft.layers {
        let sent = |bytes: u64| {
            let sent_bytes = sent_before.fetch_add(bytes, Ordering::Relaxed) + bytes;
            emit(audience.observer, audience.name, EventKind::PushProgress { sent_bytes, total_bytes });
        };
        writer.put_file(to, layer, &sent).await?;
    }
    let kept = graft.manifest.layers.iter().filter(|layer| !new.contains(&layer.digest));
    let layers = LayerTransfer::of(kept, graft.on.model.to_string(), to, writer, audience).await;
    layers.bring_all().await?;
    let config = with_label(&graft.config, PUSH_ID, &Uuid::now_v7().to_string())?;
    let manifest = graft.manifest.with_config(&writer.put_blob(to, config).await?);
    Ok(Prepared { manifest, repairs_left: layers.blobs.len(), layers, writer })
}

impl Prepared<'_> {
    /// The digest of its manifest.
    pub(super) fn digest(&self) -> &ImageDigest {
        &self.manifest.digest
    }

    /// How its layers got there.
    pub(super) fn outcome(&self) -> Transfer {
        self.layers.outcome()
    }

    /// Puts the manifest under `latest`. If the answer is lost, the registry is asked whether it has it: a second push would be a second
    /// version.
    pub(super) async fn put(&self, version: &VersionRef) -> Result<Put, TransferError> {
        let to = self.layers.to;
        let error = match self.writer.put_manifest(to, LATEST, &self.manifest).await {
            Ok(()) => return Ok(Put::Done),
            Err(RegistryError::BlobsUnknown { digests, .. }) if self.repairs_left > 0 => return Ok(Put::Missing(digests)),
            Err(error @ RegistryError::PushDenied { .. }) => return Err(error.into()),
            Err(error) => error,
        };
        if let RegistryError::OtherManifest { stored, .. } = &error {
            // Users would get the manifest that is stored.
            let id = stored.parse().map_or_else(|_unknown| version.id.clone(), |digest: ImageDigest| digest.version_id());
            let stored = VersionRef { model: version.model.clone(), id };
            return Err(TransferError::Failed(unconfirmed(&stored, error.into())));
        }
        match self.writer.stored(to, self.manifest.digest.as_str()).await {
            Ok(Some(_)) => Ok(Put::Done),
            Ok(None) if error.is_transient() => Err(TransferError::Failed(error.into())),
            Ok(None) => Err(error.into()),
            Err(_) => Err(TransferError::Failed(PublishError::Unanswered {
                version: Box::new(version.clone()),
                source: Box::new(error.into()),
            })),
        }
    }

    /// Streams what the registry missed when it got the manifest.
    pub(super) async fn repair(&mut self, missing: &[ImageDigest]) -> Result<(), TransferError> {
        self.repairs_left = self.repairs_left.saturating_sub(1);
        self.layers.stream_missing(missing).await
    }
}

/// An image by its tag or digest. An index counts as the one image in it.
pub(super) async fn image_of(
    reference: &str,
    repository: &str,
    writer: &dyn RegistryWriter,
) -> Result<ImageManifest, TransferError> {
    let mut reference = reference.to_owned();
    for _ in 0..2 {
        let Some(stored) = writer.stored(repository, &reference).await? else {
            return Err(TransferError::LeftToDaemon(format!(
                "the registry no longer has the manifest {reference} of {repository}"
            )));
        };
        match stored.content()? {
            StoredContent::Image(image) => return Ok(image),
            StoredContent::IndexOf(image) => reference = image.to_string(),
        }
    }
    Err(TransferError::LeftToDaemon("the staged index names another index".to_owned()))
}

/// The layers on their way.
struct LayerTransfer<'a> {
    /// Each once, in order.
    blobs: Vec<Blob>,
    /// Those of the other repository's newest version. A registry that lost one says so when it gets the manifest.
    known: BTreeSet<ImageDigest>,
    from: String,
    to: &'a str,
    writer: &'a dyn RegistryWriter,
    audience: Audience<'a>,
    present: AtomicUsize,
    mounted: AtomicUsize,
    streamed: AtomicUsize,
    sent_bytes: AtomicU64,
    /// Why the first mount was refused.
    refusal: std::sync::Mutex<Option<String>>,
}

impl<'a> LayerTransfer<'a> {
    async fn of<'b>(
        layers: impl IntoIterator<Item = &'b Blob>,
        from: String,
        to: &'a str,
        writer: &'a dyn RegistryWriter,
        audience: Audience<'a>,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let blobs = layers.into_iter().filter(|layer| seen.insert(layer.digest.clone())).cloned().collect();
        let newest = image_of(LATEST, to, writer).await;
        let newest = newest.inspect_err(|error| tracing::debug!(?error, to, "the layers of the newest version are not known"));
        Self {
            blobs,
            known: newest.map(|image| image.layer_digests().into_iter().collect()).unwrap_or_default(),
            from,
            to,
            writer,
            audience,
            present: AtomicUsize::new(0),
            mounted: AtomicUsize::new(0),
            streamed: AtomicUsize::new(0),
            sent_bytes: AtomicU64::new(0),
            refusal: std::sync::Mutex::default(),
        }
    }

    async fn bring_all(&self) -> Result<(), TransferError> {
        let work: Vec<BoxFuture<'_, _>> = self.blobs.iter().map(|blob| self.bring_and_count(blob).boxed()).collect();
        futures::stream::iter(work).buffer_unordered(PARALLEL).try_collect().await
    }

    async fn bring_and_count(&self, blob: &Blob) -> Result<(), TransferError> {
        let outcome = self.bring(blob).await?;
        let counter = match outcome {
            LayerOutcome::AlreadyThere => &self.present,
            LayerOutcome::Mounted => &self.mounted,
            LayerOutcome::Sent => &self.streamed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let done = [&self.present, &self.mounted, &self.streamed].map(|counter| counter.load(Ordering::Relaxed)).iter().sum();
        let Audience { name, observer } = self.audience;
        emit(observer, name, EventKind::LayerPushed { outcome, done, layers: self.blobs.len() });
        Ok(())
    }

    async fn bring(&self, blob: &Blob) -> Result<LayerOutcome, TransferError> {
        if self.known.contains(&blob.digest) {
            return Ok(LayerOutcome::AlreadyThere);
        }
        // Also where an earlier try brought it.
        if self.writer.has_blob(self.to, &blob.digest).await? {
            return Ok(LayerOutcome::AlreadyThere);
        }
        let refusal = match self.writer.mount(self.to, &self.from, &blob.digest).await {
            // Only a request for the blob proves it: some registries report success and have nothing.
            Mount::Mounted if self.writer.has_blob(self.to, &blob.digest).await? => return Ok(LayerOutcome::Mounted),
            Mount::Mounted => "the registry said that it mounted a layer, but does not have it".to_owned(),
            Mount::Refused(reason) => reason,
        };
        self.stream(blob, refusal).await?;
        Ok(LayerOutcome::Sent)
    }

    async fn stream(&self, blob: &Blob, why: String) -> Result<(), TransferError> {
        lock(&self.refusal).get_or_insert(why);
        let total_bytes = self.blobs.iter().map(|blob| blob.size_bytes).fold(0, u64::saturating_add);
        let sent = |bytes: u64| {
            let sent_bytes = self.sent_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
            emit(self.audience.observer, self.audience.name, EventKind::PushProgress { sent_bytes, total_bytes });
        };
        Ok(self.writer.copy_blob(self.to, &self.from, blob, &sent).await?)
    }

    /// Streams what the registry missed when it got the manifest; everything, where it does not say what that was.
    async fn stream_missing(&self, named: &[ImageDigest]) -> Result<(), TransferError> {
        let mut missing: Vec<&Blob> = self.blobs.iter().filter(|blob| named.contains(&blob.digest)).collect();
        if missing.is_empty() {
            missing = self.blobs.iter().collect();
        }
        for blob in missing {
            self.stream(blob, "the registry did not have a layer that it had mounted".to_owned()).await?;
            self.streamed.fetch_add(1, Ordering::Relaxed);
            let earlier = if self.known.contains(&blob.digest) { &self.present } else { &self.mounted };
            let _ = earlier.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
        }
        Ok(())
    }

    fn outcome(&self) -> Transfer {
        let streamed = self.streamed.load(Ordering::Relaxed);
        Transfer {
            route: if streamed > 0 { PublishRoute::Streamed } else { PublishRoute::Mounted },
            present: self.present.load(Ordering::Relaxed),
            mounted: self.mounted.load(Ordering::Relaxed),
            streamed,
            sent_bytes: self.sent_bytes.load(Ordering::Relaxed),
            reason: lock(&self.refusal).clone(),
        }
    }
}
