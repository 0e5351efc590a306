//! Files that the user names on the command line. They may be anywhere, and links to them are followed. Otherwise they are read like a
//! repository's files: only regular ones, opened without waiting, up to a limit.

use std::path::Path;

use anyhow::Context as _;

/// Reads a file, apart from whoever waits for signals. `shown` is what the user called it.
///
/// # Errors
/// The file is missing, not a regular one, or larger than the limit.
pub(super) async fn read(path: &Path, shown: &str, limit_bytes: u64) -> anyhow::Result<Vec<u8>> {
    let path = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let real = path.canonicalize()?;
        anyhow::Ok(repository_files::read(real.parent().unwrap_or(&real), &real, limit_bytes)?)
    });
    reading.await.map_err(anyhow::Error::from).and_then(|read| read).with_context(|| format!("failed to read {shown}"))
}

/// Reads a text.
///
/// # Errors
/// The errors of [`read`], and an error for a file that is not UTF-8.
pub(super) async fn read_text(path: &Path, shown: &str, limit_bytes: u64) -> anyhow::Result<String> {
    String::from_utf8(read(path, shown, limit_bytes).await?).with_context(|| format!("{shown} is not text"))
}
