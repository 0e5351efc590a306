//! The search for secrets in a stream of bytes.

use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::build::leaks::NamedSecret;
use crate::support::ExposeSecret;

/// Shorter values are not secrets: they would be found everywhere.
const SHORTEST_SECRET: usize = 8;

/// The size of one chunk of a stream, in bytes.
pub(super) const CHUNK_BYTES: usize = 1024 * 1024;

/// Secrets to be looked for.
pub(super) struct Search {
    names: Vec<String>,
    patterns: RegexSet,
    /// The bytes carried from one chunk to the next, so that nothing is missed between two.
    overlap: usize,
}

impl Search {
    /// `None` when there is nothing to look for.
    pub(super) fn new(secrets: &[NamedSecret]) -> io::Result<Option<Self>> {
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
        let patterns = RegexSetBuilder::new(patterns).size_limit(64 * 1024 * 1024).build().map_err(io::Error::other)?;
        Ok(Some(Self { names, patterns, overlap: longest.saturating_sub(1) }))
    }

    /// A stream that is about to be read.
    pub(super) fn begin(&self) -> Searched<'_> {
        Searched { search: self, found: vec![false; self.names.len()], window: Vec::new() }
    }

    /// The names of the secrets that a stream holds.
    pub(super) fn of_stream(&self, mut stream: impl Read) -> io::Result<Vec<&str>> {
        let mut searched = self.begin();
        while (&mut stream).take(CHUNK_BYTES as u64).read_to_end(&mut searched.window)? > 0 {
            searched.look();
        }
        Ok(searched.found())
    }
}

/// A stream that is being read.
pub(super) struct Searched<'a> {
    search: &'a Search,
    found: Vec<bool>,
    /// What comes next, behind the end of what was before.
    window: Vec<u8>,
}

impl<'a> Searched<'a> {
    /// Takes what comes next.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.window.extend_from_slice(bytes);
        if self.window.len() >= CHUNK_BYTES {
            self.look();
        }
    }

    fn look(&mut self) {
        self.search.patterns.matches(&self.window).iter().for_each(|index| self.found[index] = true);
        self.window.drain(..self.window.len().saturating_sub(self.search.overlap));
    }

    /// The names of the secrets that the stream held.
    pub(super) fn found(mut self) -> Vec<&'a str> {
        self.look();
        let names = self.search.names.iter().zip(self.found);
        names.filter(|(_, is_found)| *is_found).map(|(name, _)| name.as_str()).collect()
    }
}

/// A value as it may appear in a file.
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
}
