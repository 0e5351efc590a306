//! The two layers that a graft makes, packed into files without a name.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_tar::{Builder, EntryType};

use super::NoGraft;
use crate::build::context::{ContextFiles, LayerFolder};
use crate::build::entry_header::entry_header;
use crate::build::label::SCHEMA_PATH;
use crate::clients::registry::{Blob, FileBlob};
use crate::domain::identity::ImageDigest;

/// Where a generated Dockerfile puts the project.
pub(super) const FOLDER: &str = "src";

/// Marks a deletion in a layer.
const WHITEOUT: &str = ".wh.";

/// The size of a chunk that is packed at once, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;

/// A layer: packed in a file, and the digest of what is unpacked.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) diff_id: ImageDigest,
    pub(super) packed: FileBlob,
}

/// The layer with the project's files, as the build's own step would make it.
pub(super) async fn project(files: ContextFiles, renamed_config: Option<&str>, modified_at: u64) -> Result<Layer, NoGraft> {
    for name in files.names() {
        let parts = name.path.components().map(|part| part.as_os_str().as_encoded_bytes());
        if parts.into_iter().any(|part| part.starts_with(WHITEOUT.as_bytes())) {
            return Err(NoGraft::Whiteout { path: name.path.display().to_string() });
        }
    }
    let files = match renamed_config {
        None => files,
        Some(file) => files.with_copy(file, "cog.yaml").ok_or_else(|| NoGraft::RenamedConfig { file: file.to_owned() })?,
    };
    let (archive, unread) = files.into_layer(LayerFolder { path: FOLDER, mode: 0o755 }, modified_at);
    let packed = pack(archive).await;
    packed
        .map_err(|error| NoGraft::Project { problem: unread.take().map_or_else(|| error.to_string(), |unread| unread.to_string()) })
}

/// The layer with the schema, as the second build makes it.
pub(super) async fn schema(text: &str, modified_at: u64) -> Result<Layer, NoGraft> {
    let archive = schema_archive(text, modified_at).await.map_err(|error| unpacked(&error))?;
    pack(io::Cursor::new(archive)).await.map_err(|error| unpacked(&error))
}

fn unpacked(error: &io::Error) -> NoGraft {
    NoGraft::Project { problem: error.to_string() }
}

async fn schema_archive(text: &str, modified_at: u64) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    let path = format!("{FOLDER}/{SCHEMA_PATH}");
    for folder in path.match_indices('/').filter_map(|(end, _)| path.get(..end)) {
        let mut header = entry_header(EntryType::Directory, 0o755, 0, modified_at);
        archive.append_data(&mut header, folder, &b""[..]).await?;
    }
    let mut header = entry_header(EntryType::Regular, 0o644, text.len() as u64, modified_at);
    archive.append_data(&mut header, &path, text.as_bytes()).await?;
    archive.into_inner().await
}

/// Packs an archive into a file without a name, which is gone with the process. The same archive makes the same bytes.
async fn pack(mut archive: impl AsyncRead + Unpin) -> io::Result<Layer> {
    let file = tempfile::tempfile()?;
    let mut packed = GzEncoder::new(Hashed::new(file), Compression::default());
    let mut unpacked = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut ended = false;
    while !ended {
        // Each chunk is filled, because the result depends on where chunks end.
        let mut filled = 0;
        while let Some(free) = chunk.get_mut(filled..).filter(|free| !free.is_empty()) {
            match archive.read(free).await? {
                0 => {
                    // A stream is not asked again after its end.
                    ended = true;
                    break;
                }
                read => filled += read,
            }
        }
        let part = chunk.get(..filled).unwrap_or_default();
        unpacked.update(part);
        packed.write_all(part)?;
    }
    let Hashed { file, digest, size_bytes } = packed.finish()?;
    let blob = Blob { digest: ImageDigest::of_sha256(digest.finalize().into()), size_bytes };
    Ok(Layer { diff_id: ImageDigest::of_sha256(unpacked.finalize().into()), packed: FileBlob { blob, file: Arc::new(file) } })
}

/// A file whose content is hashed as it is written.
struct Hashed {
    file: File,
    digest: Sha256,
    size_bytes: u64,
}

impl Hashed {
    fn new(file: File) -> Self {
        Self { file, digest: Sha256::new(), size_bytes: 0 }
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.size_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
