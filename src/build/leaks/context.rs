//! The files of a build.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use cog_findings::{Finding, Location};

use crate::build::context::{ContextError, ContextFiles};
use crate::build::leaks::NamedSecret;
use crate::build::leaks::gaps::gap_findings;
use crate::build::leaks::search::{SecretScanner, unprovable};
use crate::build::leaks::unpack::{HEAD_BYTES, Packing, UnpackLimits, Unpacked, search_packed};
use crate::build::rules;

/// Secrets in the files that a build would send: one finding for each file and secret. `shown_as` is put before each path. Blocks.
///
/// # Errors
/// When a file cannot be read: nothing is proven then.
pub fn secrets_in_context(
    project: &Path,
    shown_as: &str,
    unsent: &[PathBuf],
    secrets: &[NamedSecret],
) -> Result<Vec<Finding>, ContextError> {
    let mut findings = unprovable(secrets);
    let unusable = |source| ContextError::Unreadable { path: project.to_owned(), source };
    let Some(search) = SecretScanner::new(secrets).map_err(unusable)? else { return Ok(findings) };
    let mut gaps = Unpacked::default();
    let files = ContextFiles::scan(project, unsent, Vec::new())?;
    for name in files.names() {
        let mut scan = search.begin();
        scan.feed(name.path.as_os_str().as_bytes());
        scan.feed(b"\0");
        scan.feed(name.target.map(|target| target.as_os_str().as_bytes()).unwrap_or_default());
        for found in scan.finish() {
            let place = search.shown(&name.path.to_string_lossy());
            let message = format!(
                "the name or link target of {place} contains {}, which must not be in an official model",
                search.name(found)
            );
            findings.push(Finding::new(&rules::SECRET_IN_OFFICIAL, message).hint("give it another name"));
        }
    }
    for file in files.listing() {
        let path = project.join(&file.path);
        let unreadable = |source| ContextError::Unreadable { path: path.clone(), source };
        let mut stream = repository_files::open(project, Path::new(&file.path)).map_err(|error| unreadable(error.into()))?;
        let mut head = Vec::new();
        (&mut stream).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(unreadable)?;
        stream.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut names: Vec<&str> = search.of_stream(&mut stream).map_err(unreadable)?;
        if Packing::of(&head).is_some() {
            stream.seek(SeekFrom::Start(0)).map_err(unreadable)?;
            let unpacked = search_packed(&mut stream, &search, UnpackLimits::default());
            names.extend(unpacked.found.iter().map(|found| search.name(*found)));
            gaps.add_gaps(unpacked);
        }
        names.sort_unstable();
        names.dedup();
        let shown = search.shown(&file.path);
        for name in names {
            let message = format!("{shown} contains the value of {name}, which must not be in an official model");
            findings.push(
                Finding::new(&rules::SECRET_IN_OFFICIAL, message)
                    .hint(
                        "remove it, or exclude the file in .dockerignore; versions pushed earlier still contain it, so replace the secret",
                    )
                    .at(Location::file(format!("{shown_as}{shown}"))),
            );
        }
    }
    findings.extend(gap_findings("the project", gaps));
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
        assert_eq!(said, ["weights.bin contains the value of KEY, which must not be in an official model"]);
        assert!(findings.iter().all(|finding| finding.is_error() && !format!("{finding:?}").contains(SECRET)));
    }

    #[test]
    fn names_and_targets_of_links_are_searched() {
        let folder = tempfile::tempdir().unwrap();
        const KEY: &str = "sk-live-0123456789";
        std::fs::write(folder.path().join(format!("{KEY}.txt")), "").unwrap();
        std::os::unix::fs::symlink(format!("/nowhere/{KEY}"), folder.path().join("link")).unwrap();
        let findings = secrets_in_context(folder.path(), "", &[], &[("KEY".to_owned(), KEY.into())]).unwrap();
        let said: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said.iter().all(|message| message.contains("contains KEY, which must not be") && !message.contains(KEY)),
            "{said:?}"
        );
    }

    #[test]
    fn packed_files_are_searched_and_what_cannot_be_is_reported() {
        use std::io::Write as _;
        let folder = tempfile::tempdir().unwrap();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(format!("{} {SECRET}", "before ".repeat(50)).as_bytes()).unwrap();
        std::fs::write(folder.path().join("log.gz"), encoder.finish().unwrap()).unwrap();
        std::fs::write(folder.path().join("weights.zst"), b"\x28\xb5\x2f\xfd rest").unwrap();
        let findings = secrets_in_context(folder.path(), "", &[], &[("KEY".to_owned(), SECRET.into())]).unwrap();
        let said: Vec<(bool, &str)> = findings.iter().map(|finding| (finding.is_error(), finding.message.as_str())).collect();
        assert_eq!(
            said,
            [
                (true, "log.gz contains the value of KEY, which must not be in an official model"),
                (false, "1 packed file in the project not searched for secrets: packed with Zstandard, which is not unpacked"),
            ]
        );
    }

    #[test]
    fn a_key_that_cannot_be_looked_for_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let findings = secrets_in_context(folder.path(), "", &[], &[("KEY".to_owned(), "model".into())]).unwrap();
        assert!(findings.len() == 1 && findings[0].is_error() && findings[0].message.contains("only 5 bytes"), "{findings:?}");
    }
}
