//! Texts.

use std::time::Duration;

use crate::shorten::shorten;
use similar::{ChangeTag, TextDiff};

use crate::{Comparison, MediaFile, MediaKind};

/// A diff is shown up to so many lines.
const DIFF_LINES: usize = 12;

/// A line of a diff is shown up to so many bytes.
const LINE_BYTES: usize = 200;

/// Texts beyond this size are not diffed: equal or not is all that is told.
const DIFF_BYTES: usize = 1 << 20;

/// Compares files as texts.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>) -> Comparison {
    compare_text(&String::from_utf8_lossy(left.bytes), &String::from_utf8_lossy(right.bytes))
}

/// Compares texts exactly, but for line ends: `\r\n` and `\n` are the same.
pub fn compare_text(left: &str, right: &str) -> Comparison {
    let (left, right) = (left.replace("\r\n", "\n"), right.replace("\r\n", "\n"));
    let comparison = Comparison::new(MediaKind::Text, left == right)
        .metric("left_characters", left.chars().count() as f64)
        .metric("right_characters", right.chars().count() as f64);
    if comparison.same {
        return comparison.metric("similarity", 1.0).at_most("differing_lines", 0.0, 0.0);
    }
    if left.len() + right.len() > DIFF_BYTES {
        return comparison.remark("the texts differ; they are too long for a diff");
    }
    let diff = TextDiff::configure().timeout(Duration::from_millis(500)).diff_lines(left.as_str(), right.as_str());
    let similarity = f64::from(TextDiff::configure().timeout(Duration::from_millis(500)).diff_words(&left, &right).ratio());
    let differing = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).count();
    let mut comparison =
        comparison.metric("similarity", similarity).at_most("differing_lines", differing as f64, 0.0).remark("the texts differ");
    comparison.remarks.extend(lines_of(&diff));
    comparison
}

/// The lines that differ, with `-` and `+`, a few of them.
pub fn short_diff(left: &str, right: &str) -> Vec<String> {
    lines_of(&TextDiff::configure().timeout(Duration::from_millis(500)).diff_lines(left, right))
}

fn lines_of(diff: &TextDiff<'_, '_, str>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut more = 0;
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        if lines.len() < DIFF_LINES {
            lines.push(format!("{sign} {}", shorten(change.value().trim_end_matches('\n'), LINE_BYTES)));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        lines.push(format!("... and {more} more lines"));
    }
    lines
}
