//! Where two files differ, as a file of its own: a heat map of pictures, a diff of texts and documents.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;
use similar::TextDiff;

use crate::{Comparison, MediaFile, MediaKind};

/// Larger texts are not diffed.
const TEXT_BYTES: usize = 32 * 1024 * 1024;

/// After so long a diff need not be the shortest.
const TIME: Duration = Duration::from_secs(5);

/// Where two files differ: a PNG for pictures of one size, a unified diff for texts and JSON. `None` where nothing differs, or nothing can be
/// shown.
pub fn difference(comparison: &Comparison, left: &MediaFile<'_>, right: &MediaFile<'_>) -> Option<Vec<u8>> {
    match comparison.kind {
        MediaKind::Image => comparison.heat_map.as_ref().map(|map| map.bytes.clone()),
        MediaKind::Text | MediaKind::Json if left.bytes.len() + right.bytes.len() <= TEXT_BYTES => {
            let (left, right) = (lines(left, comparison.kind), lines(right, comparison.kind));
            let diff = TextDiff::configure().timeout(TIME).diff_lines(left.as_ref(), right.as_ref());
            let text = diff.unified_diff().header("expected", "actual").to_string();
            (!text.is_empty()).then(|| text.into_bytes())
        }
        _ => None,
    }
}

/// A text with plain line ends; a document with a line for each of its parts.
fn lines<'a>(file: &MediaFile<'a>, kind: MediaKind) -> Cow<'a, str> {
    if kind == MediaKind::Json
        && let Ok(value) = serde_json::from_slice::<Value>(file.bytes)
        && let Ok(text) = serde_json::to_string_pretty(&value)
    {
        return Cow::Owned(text + "\n");
    }
    let text = String::from_utf8_lossy(file.bytes);
    if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tolerance, compare};

    fn shown(left: &[u8], right: &[u8]) -> Option<String> {
        let (left, right) = (MediaFile::named("a", left), MediaFile::named("b", right));
        let comparison = compare(&left, &right, &Tolerance::default());
        difference(&comparison, &left, &right).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn texts_and_documents_are_diffed_by_lines() {
        let diff = shown(b"one\r\ntwo\r\n", b"one\n2\n").unwrap();
        assert!(diff.starts_with("--- expected\n+++ actual\n") && diff.contains("\n-two\n+2\n"), "{diff}");
        let diff = shown(br#"{"a":1,"b":2}"#, br#"{"a":1,"b":3}"#).unwrap();
        assert!(diff.contains("\n-  \"b\": 2\n+  \"b\": 3\n"), "{diff}");
    }

    #[test]
    fn what_is_equal_or_cannot_be_shown_has_no_difference() {
        assert_eq!(shown(b"one\r\n", b"one\n"), None);
        assert_eq!(shown(b"\xff\xfe\x00a", b"\xff\xfe\x00b"), None);
    }
}
