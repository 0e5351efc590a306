//! The report folder.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::deliver::{folder, ownership};
use crate::report::html::{HtmlError, report_html};
use crate::report::json::v1::Run;
use crate::report::junit::{JunitError, junit_xml};
use crate::report::markdown::{REPORT_BYTES, report_markdown};
use crate::support::secrets::Redacted;

/// A report could not be written to its folder.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The folder could not be created.
    #[error("failed to create {}", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A file could not be written.
    #[error("failed to write {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A value cannot be written as JSON.
    #[error("failed to render run.json")]
    Json(#[from] serde_json::Error),
    /// The page could not be rendered.
    #[error(transparent)]
    Html(#[from] HtmlError),
    /// The XML could not be rendered.
    #[error(transparent)]
    Junit(#[from] JunitError),
}

impl DeliverError {
    /// The fix, where it is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Folder { .. } => Some("name a folder that can be written with --report-dir"),
            Self::File { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free space, or name a folder on another disk with --report-dir")
            }
            Self::File { .. } | Self::Json(_) | Self::Html(_) | Self::Junit(_) => None,
        }
    }
}

/// The files of a report that were written, and the errors for the rest.
#[derive(Debug, Default)]
pub struct WrittenReport {
    /// The complete files.
    pub files: Vec<PathBuf>,
    /// Folders that were created for them, outer ones first.
    pub folders: Vec<PathBuf>,
    /// Why others are missing.
    pub problems: Vec<DeliverError>,
}

impl WrittenReport {
    /// The page for people, if it was written.
    pub fn page(&self) -> Option<&Path> {
        self.files.iter().find(|path| path.ends_with(PAGE)).map(PathBuf::as_path)
    }
}

/// The page for people.
const PAGE: &str = "report.html";

/// A full disk may still have room for an empty file.
const PROBE_BYTES: usize = 64 * 1024;

/// Writes `run.json`, `report.md`, `junit.xml` and `report.html`. If one cannot be written, the others still are.
///
/// Below `base` no link of the repository is followed: see `folder`. Each file appears whole or not at all: a reader beside us never sees
/// half of one. A link of that name is replaced, and its target left alone.
pub fn write_report(base: Option<&Path>, folder: &Path, run: &Redacted<Run>) -> WrittenReport {
    let mut written = WrittenReport::default();
    match folder::make(base, folder) {
        Ok(made) => written.folders = made.created,
        Err(source) => {
            written.problems.push(DeliverError::Folder { path: folder.to_owned(), source });
            return written;
        }
    }
    let json = serde_json::to_string_pretty(&**run).map(|json| format!("{json}\n")).map_err(DeliverError::from);
    let files = [
        ("run.json", json),
        ("report.md", Ok(report_markdown(run, REPORT_BYTES))),
        ("junit.xml", junit_xml(run).map_err(DeliverError::from)),
        (PAGE, report_html(run).map_err(DeliverError::from)),
    ];
    for (name, text) in files {
        match text.and_then(|text| write(folder, name, &text)) {
            Ok(path) => written.files.push(path),
            Err(error) => written.problems.push(error),
        }
    }
    written
}

/// Checks that files can be written to a folder, without leaving anything behind.
///
/// # Errors
/// The folder cannot be created, or a file of a few kilobytes in it cannot be written.
pub fn probe(base: Option<&Path>, folder: &Path) -> Result<(), DeliverError> {
    let of_folder = |source| DeliverError::Folder { path: folder.to_owned(), source };
    let of_file = |source| DeliverError::File { path: folder.join(PAGE), source };
    let report_folder = folder::make(base, folder).map_err(of_folder)?;
    let written = NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(&[b' '; PROBE_BYTES])?;
        file.as_file().sync_data()
    });
    // Inner ones first. Only empty folders can be removed this way.
    let removed = report_folder.created.iter().rev().try_for_each(std::fs::remove_dir);
    written.map_err(of_file)?;
    removed.map_err(of_folder)
}

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, DeliverError> {
    let path = folder.join(name);
    let failed = |source| DeliverError::File { path: path.clone(), source };
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    make_readable(&file).map_err(failed)?;
    ownership::give_file(file.as_file(), folder);
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(path)
}

/// Makes a file readable for all. Temporary files are readable only by their owner, but the following steps may run as another user.
fn make_readable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::RunReport;
    use crate::report::json::{from_json, run_json};
    use crate::report::sample;
    use crate::support::secrets::Redactor;

    fn shown(report: &RunReport) -> Redacted<Run> {
        Redactor::default().document(run_json(report)).unwrap()
    }

    #[test]
    fn four_files_are_written_and_run_json_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let run = shown(&sample::failed_case());
        let WrittenReport { files, folders, problems } = write_report(Some(folder.path()), &folder.path().join("a/b"), &run);
        assert_eq!(folders.len(), 2);
        assert!(problems.is_empty(), "{problems:?}");
        let names: Vec<_> = files.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["run.json", "report.md", "junit.xml", "report.html"]);
        assert_eq!(from_json(&std::fs::read_to_string(&files[0]).unwrap()).unwrap(), *run);
    }

    #[test]
    fn an_earlier_report_is_replaced_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        std::fs::write(&outside, "keep me").unwrap();
        let reports = folder.path().join("reports");
        std::fs::create_dir(&reports).unwrap();
        std::os::unix::fs::symlink(&outside, reports.join("report.md")).unwrap();
        write_report(Some(folder.path()), &reports, &shown(&sample::passed()));
        write_report(Some(folder.path()), &reports, &shown(&sample::passed()));
        assert_eq!(std::fs::read_to_string(outside).unwrap(), "keep me");
    }

    #[test]
    fn a_report_belongs_to_the_owner_of_the_folder_around_it() {
        use std::os::unix::fs::{MetadataExt, chown};
        let folder = tempfile::tempdir().unwrap();
        if chown(folder.path(), Some(12345), Some(12345)).is_err() {
            return;
        }
        let WrittenReport { files, folders, .. } = write_report(None, &folder.path().join("a/b"), &shown(&sample::passed()));
        for path in files.iter().chain(&folders) {
            assert_eq!(std::fs::symlink_metadata(path).unwrap().uid(), 12345, "{}", path.display());
        }
        assert_eq!((files.len(), folders.len()), (4, 2));
    }

    #[test]
    fn a_probe_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        probe(Some(folder.path()), &folder.path().join("a/b")).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        std::fs::create_dir(folder.path().join("a")).unwrap();
        probe(Some(folder.path()), &folder.path().join("a")).unwrap();
        assert!(folder.path().join("a").is_dir(), "it was there before");
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(matches!(probe(None, &folder.path().join("file/x")), Err(DeliverError::Folder { .. })));
    }

    #[test]
    fn a_folder_that_cannot_be_created_is_named() {
        let file = NamedTempFile::new().unwrap();
        let written = write_report(None, &file.path().join("x"), &shown(&sample::passed()));
        assert!(matches!(&written.problems[..], [DeliverError::Folder { .. }]), "{written:?}");
        assert!(written.files.is_empty());
    }

    #[test]
    fn a_file_that_cannot_be_written_does_not_affect_the_others() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run.json")).unwrap();
        let written = write_report(None, folder.path(), &shown(&sample::passed()));
        assert!(matches!(&written.problems[..], [DeliverError::File { path, .. }] if path.ends_with("run.json")), "{written:?}");
        assert_eq!(written.files.len(), 3);
        assert!(written.page().is_some_and(Path::is_file));
    }
}
