//! The report folder.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::report::html::{HtmlError, report_html};
use crate::report::json::v1::Run;
use crate::report::junit::{JunitError, junit_xml};
use crate::report::markdown::{REPORT_BYTES, report_markdown};

/// A report that did not reach its folder.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The folder cannot be made.
    #[error("failed to make the report folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("failed to write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A value that JSON cannot hold.
    #[error("failed to render run.json")]
    Json(#[from] serde_json::Error),
    /// A page that could not be rendered.
    #[error(transparent)]
    Html(#[from] HtmlError),
    /// XML that could not be rendered.
    #[error(transparent)]
    Junit(#[from] JunitError),
}

/// Writes `run.json`, `report.md`, `junit.xml` and `report.html`, and says where they are.
///
/// Each file appears whole or not at all: a reader beside us never sees half of one, and what a link of that name points to is left
/// alone.
pub fn write_report(folder: &Path, run: &Run) -> Result<Vec<PathBuf>, DeliverError> {
    std::fs::create_dir_all(folder).map_err(|source| DeliverError::Folder { path: folder.to_owned(), source })?;
    let files = [
        ("run.json", format!("{}\n", serde_json::to_string_pretty(run)?)),
        ("report.md", report_markdown(run, REPORT_BYTES)),
        ("junit.xml", junit_xml(run)?),
        ("report.html", report_html(run)?),
    ];
    files.into_iter().map(|(name, text)| write(folder, name, &text)).collect()
}

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, DeliverError> {
    let path = folder.join(name);
    let failed = |source| DeliverError::File { path: path.clone(), source };
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    make_readable(&file).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(path)
}

/// Temporary files are for their owner alone; a report is for the steps that follow, which may run as somebody else.
fn make_readable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::{from_json, run_json};
    use crate::report::sample;

    #[test]
    fn four_files_are_written_and_run_json_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let run = run_json(&sample::failed_case());
        let written = write_report(&folder.path().join("a/b"), &run).unwrap();
        let names: Vec<_> = written.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["run.json", "report.md", "junit.xml", "report.html"]);
        assert_eq!(from_json(&std::fs::read_to_string(&written[0]).unwrap()).unwrap(), run);
    }

    #[test]
    fn an_earlier_report_is_replaced_and_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        std::fs::write(&outside, "keep me").unwrap();
        let reports = folder.path().join("reports");
        std::fs::create_dir(&reports).unwrap();
        std::os::unix::fs::symlink(&outside, reports.join("report.md")).unwrap();
        write_report(&reports, &run_json(&sample::passed())).unwrap();
        write_report(&reports, &run_json(&sample::passed())).unwrap();
        assert_eq!(std::fs::read_to_string(outside).unwrap(), "keep me");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = NamedTempFile::new().unwrap();
        let error = write_report(&file.path().join("x"), &run_json(&sample::passed())).unwrap_err();
        assert!(matches!(error, DeliverError::Folder { .. }), "{error}");
    }
}
