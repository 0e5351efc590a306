//! How two texts or JSON documents differ, as the lines of a unified diff for the report.

use cog_findings::text::{count, shorten};
use output_compare::{Comparison, MediaFile, MediaKind, detect, difference};

/// Most lines that a report shows.
const LINES: usize = 300;

/// Most bytes that a report shows.
const DIFFERENCE_BYTES: usize = 32 * 1024;

/// A longer line is shown from a little before where it differs.
const LINE_BYTES: usize = 400;

/// Bytes of a long line that are shown before its first difference.
const LEAD_BYTES: usize = 60;

/// The lines of `before` and `after` that differ, with three lines around them, of any length. `None` for files that are the same or not
/// text. Hide secrets in it first, then cut it with [`bounded`].
pub(super) fn text_difference(comparison: &Comparison, before: &MediaFile<'_>, after: &MediaFile<'_>) -> Option<String> {
    let is_text = |kind| matches!(kind, MediaKind::Text | MediaKind::Json);
    if comparison.same || !is_text(comparison.kind) || !is_text(detect(after)) {
        return None;
    }
    let diff = difference(comparison, before, after)?;
    let text = String::from_utf8_lossy(&diff);
    // The names of both sides are shown elsewhere.
    let hunks = text.find("@@").map(|start| &text[start..])?;
    Some(hunks.to_owned())
}

/// As much of a difference as a report shows.
pub(super) fn bounded(difference: &str) -> String {
    let lines: Vec<&str> = difference.lines().take(2 * LINES).collect();
    let mut shown = String::new();
    for (index, line) in lines.iter().enumerate() {
        let line = excerpt(line, counterpart(&lines, index));
        if index == LINES || shown.len() + line.len() > DIFFERENCE_BYTES {
            let more = difference.lines().count() - index;
            shown.push_str(&format!("… and {}\n", count(more, "more line")));
            break;
        }
        shown.push_str(&line);
        shown.push('\n');
    }
    shown
}

/// The line that replaces a removed line, or that an added line replaces: in a diff, removed lines come right before added ones.
fn counterpart<'a>(lines: &[&'a str], index: usize) -> Option<&'a str> {
    let run_start = |end: usize, sign: char| {
        lines.get(..end).and_then(|before| before.iter().rposition(|line| !line.starts_with(sign))).map_or(0, |at| at + 1)
    };
    let line = lines.get(index)?;
    if line.starts_with('-') {
        let start = run_start(index, '-');
        let length = lines.get(index..)?.iter().take_while(|line| line.starts_with('-')).count();
        lines.get(index + length + (index - start)).copied().filter(|other| other.starts_with('+'))
    } else if line.starts_with('+') {
        let start = run_start(index, '+');
        let other = run_start(start, '-') + (index - start);
        lines.get(..start)?.get(other).copied()
    } else {
        None
    }
}

/// A line of a diff, shortened so that its first difference stays in sight.
fn excerpt(line: &str, other: Option<&str>) -> String {
    if line.len() <= LINE_BYTES {
        return line.to_owned();
    }
    let (sign, text) = line.split_at_checked(1).unwrap_or_default();
    let other = other.and_then(|other| other.get(1..)).unwrap_or_default();
    let equal: usize = text.chars().zip(other.chars()).take_while(|(one, two)| one == two).map(|(one, _)| one.len_utf8()).sum();
    let start = text.floor_char_boundary(equal.saturating_sub(LEAD_BYTES));
    let mark = if start > 0 { "…" } else { "" };
    format!("{sign}{mark}{}", shorten(&text[start..], LINE_BYTES))
}

#[cfg(test)]
mod tests {
    use output_compare::{Tolerance, compare};

    use super::*;

    fn shown(before: &[u8], after: &[u8]) -> Option<String> {
        let (before, after) = (MediaFile::named("a", before), MediaFile::named("b", after));
        text_difference(&compare(&before, &after, &Tolerance::default()), &before, &after).map(|text| bounded(&text))
    }

    #[test]
    fn texts_and_documents_are_shown_line_by_line() {
        assert_eq!(shown(b"one\ntwo\n", b"one\n2\n").unwrap(), "@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
        assert_eq!(
            shown(br#"{"label":"cat","n":1}"#, br#"{"label":"dog","n":1}"#).unwrap(),
            "@@ -1,4 +1,4 @@\n {\n-  \"label\": \"cat\",\n+  \"label\": \"dog\",\n   \"n\": 1\n }\n"
        );
    }

    #[test]
    fn equal_and_binary_files_have_none() {
        assert_eq!(shown(b"same\n", b"same\n"), None);
        assert_eq!(shown(b"text\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), None);
    }

    #[test]
    fn a_long_line_is_shown_where_it_differs() {
        let line = |word: &str| format!("{}{word}{}\n", "a é ".repeat(5000), " z".repeat(5000));
        let text = shown(line("cat").as_bytes(), line("dog").as_bytes()).unwrap();
        assert!(text.contains("é cat z") && text.contains("é dog z"), "{text}");
        assert!(text.lines().all(|line| line.len() <= LINE_BYTES + LEAD_BYTES), "{text}");
    }

    #[test]
    fn a_long_difference_is_cut_and_says_so() {
        let numbers = |from: u32| (from..from + 5000).map(|number| format!("{number}\n")).collect::<String>();
        let text = shown(numbers(0).as_bytes(), numbers(100_000).as_bytes()).unwrap();
        assert_eq!(text.lines().count(), LINES + 1);
        assert!(text.ends_with("\n… and 9701 more lines\n"), "{}", &text[text.len() - 40..]);
    }
}
