//! The context as a tar archive, written while it is read.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use cog_source::recipe::RecipeFile;
use tokio::io::{AsyncRead, AsyncReadExt, DuplexStream, ReadBuf};
use tokio_tar::{Builder, EntryType};
use tokio_util::task::AbortOnDropHandle;

use super::error::ContextError;
use super::{ContextEntry, ContextEntryKind, ContextFiles, LayerFolder};
use crate::build::entry_header::entry_header;
use crate::clients::docker::BuildContext;
use crate::support::locks::lock;

pub(super) const PIPE_BYTES: usize = 512 * 1024;

impl ContextFiles {
    pub(super) fn stream(self, folder: Option<LayerFolder>, modified_at: u64) -> (BuildContext, FailureSlot) {
        let (writer, pipe) = tokio::io::duplex(PIPE_BYTES);
        let slot = FailureSlot::default();
        let failure = slot.clone();
        let writing = tokio::spawn(async move {
            self.write(writer, folder, modified_at).await.map_err(|error| {
                let error = failure.keep(error);
                io::Error::other(error)
            })
        });
        (Box::pin(Archive { pipe, writing: AbortOnDropHandle::new(writing) }), slot)
    }

    async fn write(self, pipe: DuplexStream, folder: Option<LayerFolder>, modified_at: u64) -> Result<(), ContextError> {
        let mut archive = Builder::new(pipe);
        let broken = |path: &Path| {
            let path = path.to_owned();
            move |source| ContextError::Unreadable { path, source }
        };
        if let Some(folder) = folder {
            let mut header = entry_header(EntryType::Directory, folder.mode, 0, modified_at);
            archive.append_data(&mut header, folder.path, tokio::io::empty()).await.map_err(broken(Path::new(folder.path)))?;
        }
        for folder in generated_folders(&self.generated) {
            let mut header = entry_header(EntryType::Directory, 0o755, 0, modified_at);
            archive.append_data(&mut header, &folder, tokio::io::empty()).await.map_err(broken(Path::new(&folder)))?;
        }
        for file in &self.generated {
            let mut header = entry_header(EntryType::Regular, 0o644, file.contents.len() as u64, modified_at);
            let appended = archive.append_data(&mut header, &file.path, file.contents.as_slice()).await;
            appended.map_err(broken(Path::new(&file.path)))?;
        }
        for entry in &self.entries {
            let name = folder.map_or_else(|| entry.path.clone(), |folder| Path::new(folder.path).join(&entry.path));
            let appended = self.append(&mut archive, entry, &name, modified_at).await;
            appended.map_err(broken(&self.root.join(&entry.path)))?;
        }
        archive.finish().await.map_err(broken(&self.root))
    }

    async fn append(
        &self,
        archive: &mut Builder<DuplexStream>,
        entry: &ContextEntry,
        name: &Path,
        modified_at: u64,
    ) -> io::Result<()> {
        match &entry.kind {
            ContextEntryKind::Folder => {
                let mut header = entry_header(EntryType::Directory, entry.mode, 0, modified_at);
                archive.append_data(&mut header, name, tokio::io::empty()).await
            }
            ContextEntryKind::Link { target } => {
                let mut header = entry_header(EntryType::Symlink, entry.mode, 0, modified_at);
                header.set_link_name(target)?;
                archive.append_data(&mut header, name, tokio::io::empty()).await
            }
            ContextEntryKind::File { size_bytes } => {
                let mut header = entry_header(EntryType::Regular, entry.mode, *size_bytes, modified_at);
                let (root, path) = (self.root.clone(), entry.source.as_ref().unwrap_or(&entry.path).clone());
                let opened = tokio::task::spawn_blocking(move || repository_files::open(&root, &path));
                let file = tokio::fs::File::from_std(opened.await.map_err(io::Error::other)??);
                // The header has promised this many bytes: a file that grows meanwhile is cut, one that shrinks is an error.
                let mut promised = file.take(*size_bytes);
                archive.append_data(&mut header, name, &mut promised).await?;
                match promised.limit() {
                    0 => Ok(()),
                    _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read")),
                }
            }
        }
    }
}

/// Every parent folder of a generated file, outer ones first.
fn generated_folders(files: &[RecipeFile]) -> BTreeSet<String> {
    let ends = |path: &str| path.match_indices('/').map(|(end, _)| end).collect::<Vec<_>>();
    files.iter().flat_map(|file| ends(&file.path).into_iter().filter_map(|end| file.path.get(..end).map(str::to_owned))).collect()
}

/// Why the archive is incomplete: the daemon only sees that it stopped.
#[derive(Debug, Clone, Default)]
pub(in crate::build) struct FailureSlot(Arc<Mutex<Option<ContextError>>>);

impl FailureSlot {
    fn keep(&self, error: ContextError) -> String {
        let message = error.to_string();
        *lock(&self.0) = Some(error);
        message
    }

    /// The failure, unless the daemon just closed the connection.
    pub(in crate::build) fn take(&self) -> Option<ContextError> {
        let error = lock(&self.0).take()?;
        let is_hang_up = matches!(&error, ContextError::Unreadable { source, .. } if source.kind() == io::ErrorKind::BrokenPipe);
        (!is_hang_up).then_some(error)
    }
}

/// The reading side. A closed pipe alone would make a cut archive look complete, so the writer's result is checked.
struct Archive {
    pipe: DuplexStream,
    writing: AbortOnDropHandle<io::Result<()>>,
}

impl AsyncRead for Archive {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.pipe).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(ready!(Pin::new(&mut self.writing).poll(context)).map_err(io::Error::other)?)
    }
}
