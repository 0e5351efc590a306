//! Saves output files to a folder, because Replicate deletes them within an hour.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest as _, Sha256};

use crate::domain::case::CaseId;
use crate::verify::observation::FetchedFile;

/// Total size of the files of one verification.
const TOTAL_BYTES: usize = 256 * 1024 * 1024;

/// Larger files are not saved; the report links to them.
const FILE_BYTES: usize = 32 * 1024 * 1024;

/// The folder for output files, if the user asked for one (`--keep-outputs`).
pub(super) struct OutputFolder<'a> {
    folder: Option<&'a Path>,
    left: AtomicUsize,
}

impl<'a> OutputFolder<'a> {
    pub(super) fn new(folder: Option<&'a Path>) -> Self {
        Self { folder, left: AtomicUsize::new(TOTAL_BYTES) }
    }

    /// Whether files are saved at all.
    pub(super) fn is_enabled(&self) -> bool {
        self.folder.is_some()
    }

    /// Saves the files of a case and returns a remark for each. `label` distinguishes the versions of a comparison.
    pub(super) async fn save(&self, case: &CaseId, label: &str, files: &[FetchedFile]) -> Vec<String> {
        let Some(folder) = self.folder else { return Vec::new() };
        let mut remarks = Vec::new();
        for (number, file) in (1..).zip(files) {
            let Ok(download) = &file.content else { continue };
            if download.size_bytes > FILE_BYTES as u64 {
                remarks.push(format!("file {number} was not saved: it is too large"));
                continue;
            }
            let Ok(loaded) = file.load() else { continue };
            let content = loaded.media();
            if !self.take(content.bytes.len()) {
                remarks.push(format!("file {number} was not saved: it is too large"));
                continue;
            }
            let name = format!("{}-{label}{number}.{}", safe(case.as_str()), output_compare::extension(&content));
            match write(folder, &name, content.bytes).await {
                Ok(_) => remarks.push(format!("file {number} was saved as {name}")),
                Err(error) => remarks.push(format!("file {number} was not saved: {error}")),
            }
        }
        remarks
    }

    fn take(&self, bytes: usize) -> bool {
        self.left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// A name for files. Names that differ only in other signs get different ones.
fn safe(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    if plain == name { plain } else { format!("{plain}-{}", hex::encode(&Sha256::digest(name)[..3])) }
}

async fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, std::io::Error> {
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
    use crate::verify::file_urls::UrlOrigin;

    fn file(bytes: &'static [u8]) -> FetchedFile {
        FetchedFile {
            path: String::new(),
            url: String::new(),
            shown: String::new(),
            name: "../../evil".to_owned(),
            origin: UrlOrigin::Declared,
            content: Ok(Download::of_bytes(Bytes::from_static(bytes), None)),
        }
    }

    #[tokio::test]
    async fn files_are_saved_under_safe_names() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("outputs");
        let output_folder = OutputFolder::new(Some(&inner));
        let case = CaseId::numbered(CaseKind::Case, 3);
        let remarks = output_folder.save(&case, "", &[file(b"hello"), file(b"{\"a\":1}")]).await;
        assert_eq!(remarks, ["file 1 was saved as case-3-1.txt", "file 2 was saved as case-3-2.json"]);
        assert_eq!(std::fs::read(inner.join("case-3-1.txt")).unwrap(), b"hello");
        assert!(OutputFolder::new(None).save(&case, "", &[file(b"x")]).await.is_empty());
    }

    #[tokio::test]
    async fn cases_whose_names_differ_have_files_that_do() {
        let folder = tempfile::tempdir().unwrap();
        let output_folder = OutputFolder::new(Some(folder.path()));
        let mut saved = std::collections::BTreeSet::new();
        for name in ["a b", "a_b", "a.b", "猫", "犬"] {
            saved.extend(output_folder.save(&CaseId::new(name), "", &[file(b"hello")]).await);
        }
        assert_eq!((saved.len(), std::fs::read_dir(folder.path()).unwrap().count()), (5, 5), "{saved:?}");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_created_is_a_remark() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, b"x").unwrap();
        let inner = blocked.join("outputs");
        let remarks = OutputFolder::new(Some(&inner)).save(&CaseId::new("../x"), "live-", &[file(b"hello")]).await;
        assert!(remarks[0].starts_with("file 1 was not saved: "), "{remarks:?}");
    }
}
