//! The files of a build.

use std::path::{Path, PathBuf};

use cog_findings::{Finding, Location};

use crate::build::context::{ContextError, ContextFiles};
use crate::build::leaks::NamedSecret;
use crate::build::leaks::search::Search;
use crate::build::rules;

/// What lies among the files that a build would send and must not: one finding for each file and secret. `shown_as` is put before each path.
/// Blocks.
///
/// # Errors
/// When a file cannot be read: nothing is proven then.
pub fn secrets_in_context(
    project: &Path,
    shown_as: &str,
    unsent: &[PathBuf],
    secrets: &[NamedSecret],
) -> Result<Vec<Finding>, ContextError> {
    let unusable = |source| ContextError::Unreadable { path: project.to_owned(), source };
    let Some(search) = Search::new(secrets).map_err(unusable)? else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    for file in ContextFiles::scan(project, unsent, Vec::new())?.listing() {
        let path = project.join(&file.path);
        let unreadable = |source| ContextError::Unreadable { path: path.clone(), source };
        let stream = repository_files::open(project, Path::new(&file.path)).map_err(|error| unreadable(error.into()))?;
        for name in search.of_stream(stream).map_err(unreadable)? {
            let message = format!("{} holds the value of {name}, and an official model must not", file.path);
            findings.push(
                Finding::new(&rules::SECRET_IN_OFFICIAL, message)
                    .hint(
                        "take it out, or name the file in .dockerignore; what was pushed before holds it still, so make a new one",
                    )
                    .at(Location::file(format!("{shown_as}{}", file.path))),
            );
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::leaks::search::CHUNK_BYTES;

    const SECRET: &str = "sk-live-0123456789+/?~";

    #[test]
    fn files_that_a_build_would_send_are_searched_to_their_end() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        let mut weights = vec![0; 3 * CHUNK_BYTES];
        weights.extend_from_slice(SECRET.as_bytes());
        write("weights.bin", &weights);
        write("run.py", b"print('hello')");
        write("ignored.txt", SECRET.as_bytes());
        write(".dockerignore", b"ignored.txt\n");
        let findings = secrets_in_context(folder.path(), "models/a/", &[], &[("KEY".to_owned(), SECRET.into())]).unwrap();
        let said: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(said, ["weights.bin holds the value of KEY, and an official model must not"]);
        assert!(findings.iter().all(|finding| finding.is_error() && !format!("{finding:?}").contains(SECRET)));
    }
}
