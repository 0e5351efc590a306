//! Comparing text.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::shorten::shorten;
use crate::{Comparison, MediaFile, MediaKind};

/// Changed lines that are shown.
const DIFF_LINES: usize = 12;

/// Length at which a shown line is cut.
const LINE_BYTES: usize = 200;

/// Longer texts, both together, are not diffed.
const DIFF_BYTES: usize = 1 << 20;

/// After this time a diff is completed without looking for the shortest one.
const DIFF_TIME: Duration = Duration::from_millis(500);

pub(crate) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>) -> Comparison {
    compare_text(&String::from_utf8_lossy(left.bytes), &String::from_utf8_lossy(right.bytes))
}

/// Compares texts exactly, except that `\r\n` and `\n` are the same.
///
/// ```
/// use output_compare::compare_text;
///
/// assert!(compare_text("one\r\ntwo\r\n", "one\ntwo\n").same);
/// assert_eq!(compare_text("a cat", "a dog").remarks, ["the texts differ", "- a cat", "+ a dog"]);
/// ```
pub fn compare_text(left: &str, right: &str) -> Comparison {
    let (left, right) = (left.replace("\r\n", "\n"), right.replace("\r\n", "\n"));
    let comparison = Comparison::new(MediaKind::Text, left == right)
        .measured("left_characters", left.chars().count() as f64)
        .measured("right_characters", right.chars().count() as f64);
    if comparison.same {
        return comparison.measured("similarity", 1.0).at_most("differing_lines", 0.0, 0.0);
    }
    if left.len() + right.len() > DIFF_BYTES {
        return comparison.remark("the texts differ; they are too long to diff");
    }
    let diff = TextDiff::configure().timeout(DIFF_TIME).diff_lines(left.as_str(), right.as_str());
    let similarity = f64::from(TextDiff::configure().timeout(DIFF_TIME).diff_words(&left, &right).ratio());
    let differing = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).count();
    let mut comparison =
        comparison.measured("similarity", similarity).at_most("differing_lines", differing as f64, 0.0).remark("the texts differ");
    comparison.remarks.extend(changed_lines(&diff));
    comparison
}

/// The first lines that differ, marked with `-` and `+`.
///
/// ```
/// use output_compare::short_diff;
///
/// assert_eq!(short_diff("one\ntwo\n", "one\n2\n"), ["- two", "+ 2"]);
/// ```
pub fn short_diff(left: &str, right: &str) -> Vec<String> {
    changed_lines(&TextDiff::configure().timeout(DIFF_TIME).diff_lines(left, right))
}

fn changed_lines(diff: &TextDiff<'_, '_, str>) -> Vec<String> {
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
