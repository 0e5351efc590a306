//! Finds the forms of secrets in bytes: one automaton for all secrets, and one more for what is wrapped.

use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::forms::forms;

/// The most bytes that are kept before they are searched.
const CHUNK_BYTES: usize = 1024 * 1024;

/// The forms of some secrets, each known by its place in the list it was made of.
#[derive(Debug, Clone, Default)]
pub struct SecretSearch {
    plain: Option<Patterns>,
    wrapped: Option<Patterns>,
    /// How many of the wrapped patterns, from the first, are encoded: a character before or behind them may hold bits of the secret.
    encoded: usize,
    secrets: usize,
}

#[derive(Debug, Clone)]
struct Patterns {
    automaton: AhoCorasick,
    /// The secret of each pattern.
    owners: Vec<usize>,
    longest: usize,
    /// All patterns in order, to see what may be the beginning of one.
    sorted: Vec<Vec<u8>>,
}

impl Patterns {
    fn of(forms: Vec<(usize, Vec<u8>)>) -> Result<Option<Self>, String> {
        if forms.is_empty() {
            return Ok(None);
        }
        let longest = forms.iter().map(|(_, form)| form.len()).max().unwrap_or_default();
        let automaton = AhoCorasick::new(forms.iter().map(|(_, form)| form)).map_err(|error| error.to_string())?;
        let mut sorted: Vec<Vec<u8>> = forms.iter().map(|(_, form)| form.clone()).collect();
        sorted.sort();
        Ok(Some(Self { automaton, owners: forms.into_iter().map(|(owner, _)| owner).collect(), longest, sorted }))
    }

    /// Where patterns are, each with its place among them.
    fn hits(&self, bytes: &[u8]) -> Vec<(usize, Range<usize>)> {
        if !self.automaton.is_match(bytes) {
            return Vec::new();
        }
        self.automaton.find_overlapping_iter(bytes).map(|found| (found.pattern().as_usize(), found.range())).collect()
    }

    fn mark(&self, bytes: &[u8], found: &mut [bool]) {
        // The quick search skips what cannot match; the thorough one finds secrets within others.
        if self.automaton.is_match(bytes) {
            for hit in self.automaton.find_overlapping_iter(bytes) {
                found[self.owners[hit.pattern().as_usize()]] = true;
            }
        }
    }

    /// The start of the longest suffix that may be the beginning of a pattern.
    fn open_end(&self, bytes: &[u8]) -> Option<usize> {
        let first = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        (first..bytes.len()).find(|start| {
            let end = &bytes[*start..];
            let place = self.sorted.partition_point(|pattern| pattern.as_slice() < end);
            self.sorted.get(place).is_some_and(|pattern| pattern.len() > end.len() && pattern.starts_with(end))
        })
    }
}

impl SecretSearch {
    /// The search for some values, and for those of their lines that `counts` names. Weak values have no forms and are not found.
    ///
    /// # Errors
    /// When there are too many.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a [u8]>, counts: fn(&[u8]) -> bool) -> Result<Self, String> {
        let (mut plain, mut wrapped, mut words, mut secrets) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for value in values {
            let found = forms(value, counts);
            plain.extend(found.plain.into_iter().map(|form| (secrets, form)));
            wrapped.extend(found.wrapped.into_iter().map(|form| (secrets, form)));
            words.extend(found.words.into_iter().map(|form| (secrets, form)));
            secrets += 1;
        }
        let encoded = wrapped.len();
        wrapped.extend(words);
        Ok(Self { plain: Patterns::of(plain)?, wrapped: Patterns::of(wrapped)?, encoded, secrets })
    }

    /// Whether there is nothing to be found.
    pub fn is_empty(&self) -> bool {
        self.plain.is_none()
    }

    /// A stream that is about to be searched.
    pub fn begin(&self) -> SecretScan<'_> {
        SecretScan {
            search: self,
            found: vec![false; self.secrets],
            window: Vec::new(),
            unwrapped: Vec::new(),
            squeeze: Squeeze::default(),
            fresh: 0,
        }
    }

    /// The secrets that some bytes hold, by their places.
    pub fn of_bytes(&self, bytes: &[u8]) -> Vec<usize> {
        let mut scan = self.begin();
        scan.feed(bytes);
        scan.finish()
    }

    /// Where secrets are, in order and without overlaps.
    pub(super) fn spans(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> =
            self.plain.iter().flat_map(|plain| plain.hits(bytes)).map(|(_pattern, span)| span).collect();
        if let Some(wrapped) = &self.wrapped {
            let (unwrapped, places) = unwrapped(bytes);
            for (pattern, span) in wrapped.hits(&unwrapped) {
                let Some((first, last)) = places.get(span.start).zip(places.get(span.end - 1)) else { continue };
                let span = *first..*last + 1;
                spans.push(if pattern < self.encoded { widened(bytes, span) } else { span });
            }
        }
        merged(spans)
    }

    /// The start of the suffix of a text that may be the beginning of a secret.
    pub(super) fn open_end(&self, bytes: &[u8]) -> Option<usize> {
        let plain = self.plain.as_ref().and_then(|plain| plain.open_end(bytes));
        let wrapped = self.wrapped.as_ref().and_then(|wrapped| {
            let (unwrapped, places) = unwrapped(bytes);
            wrapped.open_end(&unwrapped).and_then(|place| places.get(place).copied())
        });
        plain.into_iter().chain(wrapped).min()
    }
}

/// A stream that is being searched.
#[derive(Debug)]
pub struct SecretScan<'a> {
    search: &'a SecretSearch,
    found: Vec<bool>,
    /// The bytes to search next, after the tail of the previous chunk.
    window: Vec<u8>,
    unwrapped: Vec<u8>,
    squeeze: Squeeze,
    /// How much of the window has not been unwrapped.
    fresh: usize,
}

impl SecretScan<'_> {
    /// Takes what comes next.
    pub fn feed(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(CHUNK_BYTES) {
            self.window.extend_from_slice(part);
            self.fresh += part.len();
            if self.fresh >= CHUNK_BYTES {
                self.look();
            }
        }
    }

    fn look(&mut self) {
        if let Some(plain) = &self.search.plain {
            plain.mark(&self.window, &mut self.found);
        }
        if let Some(wrapped) = &self.search.wrapped {
            let Self { squeeze, unwrapped, window, fresh, .. } = self;
            squeeze.feed(&window[window.len() - *fresh..], |_, byte| unwrapped.push(byte));
            wrapped.mark(&self.unwrapped, &mut self.found);
            keep_end(&mut self.unwrapped, wrapped.longest);
        }
        self.fresh = 0;
        keep_end(&mut self.window, self.search.plain.as_ref().map_or(0, |plain| plain.longest));
    }

    /// The secrets that the stream held, by their places.
    pub fn finish(mut self) -> Vec<usize> {
        self.look();
        self.found.iter().enumerate().filter(|(_, is_found)| **is_found).map(|(place, _)| place).collect()
    }
}

fn keep_end(window: &mut Vec<u8>, longest: usize) {
    window.drain(..window.len().saturating_sub(longest.saturating_sub(1)));
}

/// Leaves out whitespace, also as JSON writes it.
#[derive(Debug, Default)]
struct Squeeze {
    /// The position of a backslash whose meaning depends on the next byte.
    backslash: Option<usize>,
    position: usize,
}

impl Squeeze {
    fn feed(&mut self, bytes: &[u8], mut keep: impl FnMut(usize, u8)) {
        for byte in bytes {
            let position = self.position;
            self.position += 1;
            if let Some(place) = self.backslash.take() {
                if matches!(byte, b'n' | b'r' | b't') {
                    continue;
                }
                keep(place, b'\\');
            }
            match byte {
                b'\n' | b'\r' | b'\t' | b' ' => {}
                b'\\' => self.backslash = Some(position),
                byte => keep(position, *byte),
            }
        }
    }
}

/// Bytes without whitespace, and where each of them was.
fn unwrapped(bytes: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut kept, mut places) = (Vec::with_capacity(bytes.len()), Vec::with_capacity(bytes.len()));
    Squeeze::default().feed(bytes, |place, byte| {
        kept.push(byte);
        places.push(place);
    });
    (kept, places)
}

/// A span of Base64 with the characters at both ends, which hold the last bits of the secret.
fn widened(bytes: &[u8], span: Range<usize>) -> Range<usize> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let before = bytes[..span.start].iter().rev().take(2).take_while(|byte| is_base64(byte)).count();
    let behind = bytes[span.end..].iter().take(2).take_while(|byte| is_base64(byte)).count();
    let padding = bytes[span.end + behind..].iter().take_while(|byte| **byte == b'=').count();
    span.start - before..span.end + behind + padding
}

/// Spans in order and without overlaps. Neighbors stay apart, so that it does not matter whether they arrive together.
pub(super) fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "sk-live-0123456789+/?~";

    fn search(value: &str) -> SecretSearch {
        SecretSearch::new([value.as_bytes()], |_| true).unwrap()
    }

    fn wrapped(text: &str, width: usize, end: &str) -> String {
        text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>().join(end)
    }

    /// Whether a stream that comes in pieces of this size holds the secret.
    fn is_found(bytes: &[u8], piece: usize) -> bool {
        let search = search(SECRET);
        let mut scan = search.begin();
        bytes.chunks(piece).for_each(|piece| scan.feed(piece));
        scan.finish() == [0]
    }

    proptest! {
        // Each case searches dozens of texts byte by byte, which takes a debug build long.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_secret_is_found_wherever_it_is(before in prop::collection::vec(any::<u8>(), 0..200), piece in 1usize..50, width in 20usize..80) {
            let bytes = [&before[..], SECRET.as_bytes(), b"\xff tail"].concat();
            prop_assert!(is_found(&bytes, piece));
            for encoded in [STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes), hex::encode(&bytes), hex::encode_upper(&bytes)] {
                prop_assert!(is_found(encoded.as_bytes(), piece));
                for end in ["\n", "\r\n", "\\n", "\n    "] {
                    prop_assert!(is_found(wrapped(&encoded, width, end).as_bytes(), piece));
                }
            }
        }
    }

    #[test]
    fn a_secret_between_two_chunks_is_found() {
        for at in (CHUNK_BYTES - SECRET.len() - 1)..=CHUNK_BYTES {
            let mut bytes = vec![b'x'; at];
            bytes.extend_from_slice(SECRET.as_bytes());
            assert!(is_found(&bytes, bytes.len()), "{at}");
        }
    }

    #[test]
    fn secrets_within_secrets_are_told_apart() {
        let search = SecretSearch::new([&b"prefix-secret-one"[..], b"secret-one", b"other-secret"], |_| true).unwrap();
        assert_eq!(search.of_bytes(b"x prefix-secret-one y"), [0, 1]);
        assert_eq!(search.of_bytes(b"secret-one"), [1]);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let search = search(SECRET);
        let almost = [&SECRET.as_bytes()[1..], b" ", &SECRET.as_bytes()[..SECRET.len() - 1]].concat();
        assert_eq!(search.of_bytes(&almost), [0_usize; 0]);
        assert_eq!(search.of_bytes(b""), [0_usize; 0]);
        assert!(SecretSearch::new([&b"abc"[..]], |_| true).unwrap().is_empty());
    }

    #[test]
    fn other_encodings_of_sixteen_bits_are_found() {
        for encode in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = format!("key = {SECRET}").encode_utf16().flat_map(encode).collect();
            assert!(is_found(&bytes, 7));
        }
    }
}
