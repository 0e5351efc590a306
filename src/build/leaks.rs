//! Proof that no secret lies among the files of a build: each of them is read to its end, whatever its size.
//!
//! What is found elsewhere on the way to a build ([`advice`](super::advice)) is a warning about likely places. This is for an image that must
//! hold none, such as that of an official model, which other people run. A secret is found as it is, and in base64 wherever it begins.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::build::context::{ContextError, ContextFiles};
use crate::build::rules;
use crate::domain::finding::{Finding, Location};
use crate::support::{ExposeSecret, SecretString};

/// Shorter values are no secrets: they would be found everywhere.
const SHORTEST_SECRET: usize = 8;

/// How much of a file is looked at together.
const CHUNK_BYTES: usize = 1024 * 1024;

/// A secret, and the name that people know it by.
pub type NamedSecret = (String, SecretString);

/// Secrets to be looked for.
struct Search {
    names: Vec<String>,
    patterns: RegexSet,
    /// What is carried from one chunk to the next, so that nothing is missed between two.
    overlap: usize,
}

impl Search {
    /// `None` when there is nothing to look for.
    fn new(secrets: &[NamedSecret]) -> Result<Option<Self>, regex::Error> {
        let mut names = Vec::new();
        let mut patterns = Vec::new();
        let mut longest = 0;
        for (name, secret) in secrets {
            let value = secret.expose_secret().trim();
            if value.len() < SHORTEST_SECRET {
                continue;
            }
            let forms = forms(value);
            longest = forms.iter().map(String::len).max().unwrap_or_default().max(longest);
            let alternatives: Vec<String> = forms.iter().map(|form| regex::escape(form)).collect();
            names.push(name.clone());
            patterns.push(alternatives.join("|"));
        }
        if patterns.is_empty() {
            return Ok(None);
        }
        let patterns = RegexSetBuilder::new(patterns).size_limit(64 * 1024 * 1024).build()?;
        Ok(Some(Self { names, patterns, overlap: longest.saturating_sub(1) }))
    }

    /// The names of the secrets that a stream holds.
    fn of_stream(&self, mut stream: impl Read) -> io::Result<Vec<&str>> {
        let mut found = vec![false; self.names.len()];
        let mut window = Vec::with_capacity(CHUNK_BYTES + self.overlap);
        loop {
            let read = (&mut stream).take(CHUNK_BYTES as u64).read_to_end(&mut window)?;
            if read == 0 {
                break;
            }
            self.patterns.matches(&window).iter().for_each(|index| found[index] = true);
            window.drain(..window.len().saturating_sub(self.overlap));
        }
        Ok(self.names.iter().zip(found).filter(|(_, is_found)| *is_found).map(|(name, _)| name.as_str()).collect())
    }
}

/// A value as it may stand in a file.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    // Three bytes make four characters, so there are three ways to begin; the characters at both ends depend on the neighbours.
    for (before, skipped) in [(0, 0), (1, 2), (2, 3)] {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(value.as_bytes());
        let whole = bytes.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            if let Some(form) = engine.encode(&bytes).get(skipped..whole) {
                forms.push(form.to_owned());
            }
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

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
    let unusable = |error: regex::Error| ContextError::Unreadable { path: project.to_owned(), source: io::Error::other(error) };
    let Some(search) = Search::new(secrets).map_err(unusable)? else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    for file in ContextFiles::scan(project, unsent, Vec::new())?.listing() {
        let path = project.join(&file.path);
        let unreadable = |source| ContextError::Unreadable { path: path.clone(), source };
        let stream = File::open(&path).map_err(unreadable)?;
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
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "sk-live-0123456789+/?~";

    fn search(value: &str) -> Search {
        Search::new(&[("KEY".to_owned(), value.into())]).unwrap().unwrap()
    }

    /// A stream that gives few bytes at a time.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    proptest! {
        #[test]
        fn a_secret_is_found_wherever_it_stands(before in prop::collection::vec(any::<u8>(), 0..200), drip in 1usize..50) {
            let bytes = [&before[..], SECRET.as_bytes(), b"\xff tail"].concat();
            let search = search(SECRET);
            prop_assert_eq!(search.of_stream(Dripping(&bytes, drip)).unwrap(), ["KEY"]);
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let encoded = engine.encode(&bytes);
                prop_assert_eq!(search.of_stream(encoded.as_bytes()).unwrap(), ["KEY"]);
            }
        }
    }

    #[test]
    fn a_secret_between_two_chunks_is_found() {
        let search = search(SECRET);
        for at in (CHUNK_BYTES - SECRET.len() - 1)..=CHUNK_BYTES {
            let mut bytes = vec![b'x'; at];
            bytes.extend_from_slice(SECRET.as_bytes());
            assert_eq!(search.of_stream(&bytes[..]).unwrap(), ["KEY"], "{at}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let search = search(SECRET);
        let almost = [&SECRET.as_bytes()[1..], b" ", &SECRET.as_bytes()[..SECRET.len() - 1]].concat();
        assert_eq!(search.of_stream(&almost[..]).unwrap(), [""; 0]);
        assert_eq!(search.of_stream(&b""[..]).unwrap(), [""; 0]);
        assert!(Search::new(&[("SHORT".to_owned(), "abc".into())]).unwrap().is_none());
    }

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
