//! Where annotations may go: on the lines of the head commit, and notes only on lines of the pull request's diff.

use std::collections::{BTreeMap, BTreeSet};

use similar::{ChangeTag, TextDiff};

/// Larger files are not compared.
const MAX_BYTES: usize = 1024 * 1024;

/// Where annotations may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnnotationPlaces {
    diff: BTreeMap<String, BTreeSet<u32>>,
    moved: BTreeMap<String, Vec<Option<u32>>>,
}

impl AnnotationPlaces {
    /// Adds the lines that a patch of a file shows, as GitHub lists it: hunks without the file's header.
    pub fn add_patch(&mut self, file: &str, patch: &str) {
        let lines = self.diff.entry(file.to_owned()).or_default();
        let mut next: Option<u32> = None;
        for line in patch.lines() {
            if let Some(header) = line.strip_prefix("@@ ") {
                next = new_start(header);
            } else if let (Some(number), true) = (next, !line.starts_with(['-', '\\'])) {
                lines.insert(number);
                next = number.checked_add(1);
            }
        }
    }

    /// Adds a file whose text in the checkout differs from that of the head commit.
    pub fn add_moved(&mut self, file: &str, checked_out: &str, head: &str) {
        if checked_out == head || checked_out.len() > MAX_BYTES || head.len() > MAX_BYTES {
            return;
        }
        let mut lines = Vec::new();
        for change in TextDiff::from_lines(checked_out, head).iter_all_changes() {
            match change.tag() {
                ChangeTag::Insert => {}
                ChangeTag::Delete => lines.push(None),
                ChangeTag::Equal => lines.push(change.new_index().and_then(|index| u32::try_from(index + 1).ok())),
            }
        }
        self.moved.insert(file.to_owned(), lines);
    }

    /// The line of the head commit that a line of the checkout is; `None` if the head does not have it.
    pub(super) fn at_head(&self, file: &str, line: u32) -> Option<u32> {
        let Some(lines) = self.moved.get(file) else { return Some(line) };
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        *lines.get(index)?
    }

    /// Whether a line of the head commit is in the diff.
    pub(super) fn is_in_diff(&self, file: &str, line: u32) -> bool {
        self.diff.get(file).is_some_and(|lines| lines.contains(&line))
    }
}

/// The first line of a hunk's new side, from `-3,4 +5,6 @@ …`.
fn new_start(header: &str) -> Option<u32> {
    let new = header.split(' ').nth(1)?.strip_prefix('+')?;
    new.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_shows_the_lines_of_its_new_side() {
        let mut places = AnnotationPlaces::default();
        places.add_patch(
            "a.py",
            "@@ -1,3 +1,4 @@ def x():\n one\n+two\n three\n-gone\n+four\n\\ No newline at end of file\n@@ -20 +21 @@\n-y\n+z",
        );
        let shown: Vec<u32> = (1..30).filter(|line| places.is_in_diff("a.py", *line)).collect();
        assert_eq!(shown, [1, 2, 3, 4, 21]);
        assert!(!places.is_in_diff("b.py", 1));
        places.add_patch("b.py", "@@ nonsense\n+x");
        assert!(!places.is_in_diff("b.py", 1));
    }

    #[test]
    fn a_line_of_the_merge_is_found_at_the_head() {
        let mut places = AnnotationPlaces::default();
        places.add_moved("a.py", "new on main\none\ntwo\n", "one\ntwo\n");
        assert_eq!([1, 2, 3, 4].map(|line| places.at_head("a.py", line)), [None, Some(1), Some(2), None]);
        assert_eq!(places.at_head("b.py", 9), Some(9));
    }
}
