//! Files that the runner reads after the step: outputs and the job summary.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::support::secrets::Redacted;

/// The runner's limit for the summary of one step, in bytes.
const SUMMARY_BYTES: u64 = 1024 * 1024;

/// An output or a summary that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RunnerFileError {
    /// The file could not be written.
    #[error("failed to write {}", path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The runner would misread the name.
    #[error("'{name}' is not a valid name of an output")]
    Name { name: String },
    /// The summary is longer than the runner accepts.
    #[error("the job summary is {bytes} bytes long, but GitHub shows at most {SUMMARY_BYTES}")]
    SummaryTooLong { bytes: u64 },
}

/// Adds an output to the file named by `GITHUB_OUTPUT`. The value may be any text: a random delimiter marks its end.
pub fn write_output(path: &Path, name: &str, value: &Redacted<String>) -> Result<(), RunnerFileError> {
    if name.is_empty() || name.contains(['=', '\r', '\n']) || name.contains("<<") {
        return Err(RunnerFileError::Name { name: name.to_owned() });
    }
    let delimiter = format!("safe_push_{}", Uuid::new_v4().simple());
    append(path, &format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
}

/// Adds Markdown to the file named by `GITHUB_STEP_SUMMARY`. Fails instead of exceeding the limit, since the runner would drop all
/// of it.
pub fn append_summary(path: &Path, markdown: &Redacted<String>) -> Result<(), RunnerFileError> {
    let there = path.metadata().map_or(0, |metadata| metadata.len());
    let bytes = there + markdown.len() as u64 + 1;
    if bytes > SUMMARY_BYTES {
        return Err(RunnerFileError::SummaryTooLong { bytes });
    }
    append(path, &format!("{markdown}\n"))
}

fn append(path: &Path, text: &str) -> Result<(), RunnerFileError> {
    let failed = |source| RunnerFileError::Unwritable { path: path.to_owned(), source };
    let mut file = OpenOptions::new().append(true).create(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::secrets::Redactor;

    fn shown(text: &str) -> Redacted<String> {
        Redactor::default().text(text)
    }

    /// Reads the file as the runner does.
    fn read(text: &str) -> Vec<(String, String)> {
        let mut lines = text.lines();
        let mut values = Vec::new();
        while let Some(line) = lines.next() {
            let (name, delimiter) = line.split_once("<<").unwrap();
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            values.push((name.to_owned(), value.join("\n")));
        }
        values
    }

    #[test]
    fn a_value_cannot_close_itself_or_start_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        let hostile = "one\nsafe_push_0\nverdict=passed\nverdict<<EOF\npassed\nEOF";
        write_output(&path, "summary", &shown(hostile)).unwrap();
        write_output(&path, "verdict", &shown("failed")).unwrap();
        let values = read(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(values, [("summary".to_owned(), hostile.to_owned()), ("verdict".to_owned(), "failed".to_owned())]);
    }

    #[test]
    fn names_that_the_runner_would_misread_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["", "a=b", "a<<b", "a\nb"] {
            assert!(write_output(&folder.path().join("output"), name, &shown("x")).is_err(), "{name}");
        }
    }

    #[test]
    fn a_summary_that_would_be_dropped_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary");
        append_summary(&path, &shown(&"x".repeat(700_000))).unwrap();
        assert!(matches!(append_summary(&path, &shown(&"x".repeat(700_000))), Err(RunnerFileError::SummaryTooLong { .. })));
        append_summary(&path, &shown("short")).unwrap();
    }
}
