//! The last part of a build's log, with secrets masked.

use std::collections::{HashMap, VecDeque};

use crate::clients::docker::BuildSecret;
use crate::support::ExposeSecret;

/// Size limit of the log that is kept.
const KEPT_BYTES: usize = 256 * 1024;

/// Lines kept of each running step, in case it fails.
const KEPT_LINES: usize = 30;

/// Shorter secrets would mask harmless text.
const SHORTEST_SECRET: usize = 6;

/// The last part of a build's log.
#[derive(Debug, Default)]
pub(super) struct BuildLog {
    lines: VecDeque<String>,
    size_bytes: usize,
    by_step: HashMap<String, VecDeque<String>>,
    secrets: Vec<String>,
}

impl BuildLog {
    /// An empty log that masks the given secrets, whole and line by line.
    pub(super) fn new(secrets: &[BuildSecret]) -> Self {
        let mut masked: Vec<String> = Vec::new();
        for secret in secrets {
            let text = String::from_utf8_lossy(secret.value.expose_secret());
            masked.extend(text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_SECRET).map(str::to_owned));
        }
        // Longer secrets first, because one may contain another.
        masked.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets: masked, ..Self::default() }
    }

    /// A text with the secrets masked.
    pub(super) fn mask(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }

    /// Keeps a line of a step, and returns it with secrets masked.
    pub(super) fn push(&mut self, step: &str, line: &str) -> String {
        let line = self.mask(line);
        self.size_bytes += line.len() + 1;
        self.lines.push_back(line.clone());
        while self.size_bytes > KEPT_BYTES
            && let Some(oldest) = self.lines.pop_front()
        {
            self.size_bytes -= oldest.len() + 1;
        }
        let of_step = self.by_step.entry(step.to_owned()).or_default();
        if of_step.len() == KEPT_LINES {
            of_step.pop_front();
        }
        of_step.push_back(line.clone());
        line
    }

    /// Drops the lines of a step that succeeded.
    pub(super) fn forget(&mut self, step: &str) {
        self.by_step.remove(step);
    }

    pub(super) fn last_lines(&self, step: &str) -> Vec<String> {
        self.by_step.get(step).map(|lines| lines.iter().cloned().collect()).unwrap_or_default()
    }

    /// The last part of the whole log.
    pub(super) fn into_text(self) -> String {
        Vec::from(self.lines).join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_is_kept() {
        let mut log = BuildLog::default();
        for number in 0..1000 {
            log.push("a", &format!("{number} {}", "x".repeat(1000)));
        }
        assert_eq!(log.last_lines("a").len(), KEPT_LINES);
        let text = log.into_text();
        assert!(text.len() <= KEPT_BYTES && text.len() > KEPT_BYTES - 2000, "{}", text.len());
        assert!(text.lines().last().is_some_and(|line| line.starts_with("999 ")));
    }

    #[test]
    fn each_step_keeps_its_own_lines() {
        let mut log = BuildLog::default();
        log.push("a", "one");
        log.push("b", "two");
        assert_eq!(log.last_lines("b"), ["two"]);
        log.forget("b");
        assert!(log.last_lines("b").is_empty());
        assert_eq!(log.into_text(), "one\ntwo");
    }

    #[test]
    fn secrets_are_masked_line_by_line() {
        let secret = |value: &str| BuildSecret { id: "a".to_owned(), value: value.as_bytes().to_vec().into() };
        let mut log = BuildLog::new(&[secret("first-line\nsecond-line\n"), secret("abc"), secret("first-line-and-more")]);
        assert_eq!(log.push("a", "x first-line y abc"), "x *** y abc");
        assert_eq!(log.push("a", "second-line"), "***");
        assert_eq!(log.push("a", "first-line-and-more!"), "***!");
    }
}
