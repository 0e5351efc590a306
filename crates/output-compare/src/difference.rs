//! Where two files differ, as a separate file.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;
use similar::TextDiff;

use crate::{Comparison, MediaFile, MediaKind};

/// Longer texts, both together, are not diffed.
const TEXT_BYTES: usize = 32 * 1024 * 1024;

/// After this time the diff is completed without looking for the shortest one.
const DIFF_TIME: Duration = Duration::from_secs(5);

/// Shows where two compared files differ: a heat map (PNG) for images of one size, a unified diff for text and JSON. `None` for equal files
/// and for other kinds.
///
/// ```
/// use output_compare::{MediaFile, Tolerance, compare, difference};
///
/// let (left, right) = (MediaFile::named("a.txt", b"one\ntwo\n"), MediaFile::named("b.txt", b"one\n2\n"));
/// let comparison = compare(&left, &right, &Tolerance::default());
/// let diff = difference(&comparison, &left, &right).unwrap();
/// assert_eq!(diff, b"--- expected\n+++ actual\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
/// ```
pub fn difference(comparison: &Comparison, left: &MediaFile<'_>, right: &MediaFile<'_>) -> Option<Vec<u8>> {
    match comparison.kind {
        MediaKind::Image => comparison.heat_map.as_ref().map(|map| map.bytes.clone()),
        MediaKind::Text | MediaKind::Json if left.bytes.len() + right.bytes.len() <= TEXT_BYTES => {
            let (left, right) = (lines(left, comparison.kind), lines(right, comparison.kind));
            let diff = TextDiff::configure().timeout(DIFF_TIME).diff_lines(left.as_ref(), right.as_ref());
            let text = diff.unified_diff().header("expected", "actual").to_string();
            (!text.is_empty()).then(|| text.into_bytes())
        }
        _ => None,
    }
}

/// The text with `\n` line endings; JSON pretty-printed.
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
    fn text_and_json_are_diffed_by_lines() {
        let diff = shown(b"one\r\ntwo\r\n", b"one\n2\n").unwrap();
        assert!(diff.starts_with("--- expected\n+++ actual\n") && diff.contains("\n-two\n+2\n"), "{diff}");
        let diff = shown(br#"{"a":1,"b":2}"#, br#"{"a":1,"b":3}"#).unwrap();
        assert!(diff.contains("\n-  \"b\": 2\n+  \"b\": 3\n"), "{diff}");
    }

    #[test]
    fn equal_files_and_binary_files_have_no_difference_to_show() {
        assert_eq!(shown(b"one\r\n", b"one\n"), None);
        assert_eq!(shown(b"\xff\xfe\x00a", b"\xff\xfe\x00b"), None);
    }
}
