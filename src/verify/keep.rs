//! Keeps the files of outputs for the report: they vanish from Replicate within an hour.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::domain::case::CaseId;
use crate::verify::observation::FetchedFile;

/// All files of one verification.
const TOTAL_BYTES: usize = 256 * 1024 * 1024;

/// One file. A larger one is only linked.
const FILE_BYTES: usize = 32 * 1024 * 1024;

/// Saves files under a folder, within a budget.
pub(super) struct Keeper<'a> {
    folder: Option<&'a Path>,
    left: AtomicUsize,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(folder: Option<&'a Path>) -> Self {
        Self { folder, left: AtomicUsize::new(TOTAL_BYTES) }
    }

    /// Whether files are kept at all.
    pub(super) fn keeps(&self) -> bool {
        self.folder.is_some()
    }

    /// Saves the files of a case; what is to be said about it. `label` tells apart the two versions of a comparison.
    pub(super) async fn keep(&self, case: &CaseId, label: &str, files: &[FetchedFile]) -> Vec<String> {
        let Some(folder) = self.folder else { return Vec::new() };
        let mut remarks = Vec::new();
        for (number, file) in (1..).zip(files) {
            let Ok(content) = file.media() else { continue };
            if content.bytes.len() > FILE_BYTES || !self.take(content.bytes.len()) {
                remarks.push(format!("file {number} was not kept: it is too large"));
                continue;
            }
            let name = format!("{}-{label}{number}.{}", safe(case.as_str()), output_compare::extension(&content));
            match save(folder, &name, content.bytes).await {
                Ok(_) => remarks.push(format!("file {number} was kept as {name}")),
                Err(error) => remarks.push(format!("file {number} was not kept: {error}")),
            }
        }
        remarks
    }

    fn take(&self, bytes: usize) -> bool {
        self.left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

fn safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

async fn save(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, std::io::Error> {
    tokio::fs::create_dir_all(folder).await?;
    let path = folder.join(name);
    tokio::fs::write(&path, bytes).await?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::clients::replicate::Download;
    use crate::domain::case::CaseKind;

    fn file(bytes: &'static [u8]) -> FetchedFile {
        FetchedFile {
            path: String::new(),
            url: String::new(),
            shown: String::new(),
            name: "../../evil".to_owned(),
            content: Ok(Download { bytes: Bytes::from_static(bytes), content_type: None }),
        }
    }

    #[tokio::test]
    async fn files_are_kept_under_names_of_our_own() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("outputs");
        let keeper = Keeper::new(Some(&inner));
        let case = CaseId::numbered(CaseKind::Case, 3);
        let remarks = keeper.keep(&case, "", &[file(b"hello"), file(b"{\"a\":1}")]).await;
        assert_eq!(remarks, ["file 1 was kept as case-3-1.txt", "file 2 was kept as case-3-2.json"]);
        assert_eq!(std::fs::read(inner.join("case-3-1.txt")).unwrap(), b"hello");
        assert!(Keeper::new(None).keep(&case, "", &[file(b"x")]).await.is_empty());
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_a_remark() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, b"x").unwrap();
        let inner = blocked.join("outputs");
        let remarks = Keeper::new(Some(&inner)).keep(&CaseId::new("../x"), "live-", &[file(b"hello")]).await;
        assert!(remarks[0].starts_with("file 1 was not kept: "), "{remarks:?}");
    }
}
