//! The end of a build's output, without the secrets of the run.

use std::collections::{HashMap, VecDeque};

use crate::support::secrets::{RedactedStream, Redactor};

/// Size limit of the log that is kept.
const KEPT_BYTES: usize = 256 * 1024;

/// Lines kept of each running step, in case it fails.
const KEPT_LINES: usize = 30;

/// The end of a build's output.
#[derive(Debug, Default)]
pub(super) struct BuildLog {
    lines: VecDeque<String>,
    size_bytes: usize,
    by_step: HashMap<String, StepLog>,
    redactor: Redactor,
}

#[derive(Debug)]
struct StepLog {
    /// The daemon splits long lines, and tools wrap Base64, so a secret may go on in the next line.
    stream: RedactedStream,
    lines: VecDeque<String>,
}

impl StepLog {
    fn keep(&mut self, line: &str) {
        if self.lines.len() == KEPT_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }
}

impl BuildLog {
    /// An empty log.
    pub(super) fn new(redactor: &Redactor) -> Self {
        Self { redactor: redactor.clone(), ..Self::default() }
    }

    /// A text with the secrets masked.
    pub(super) fn mask(&self, text: &str) -> String {
        self.redactor.text(text).into_inner()
    }

    /// Keeps a line of a step, and returns the lines that may be shown by now.
    pub(super) fn push(&mut self, step: &str, line: &str) -> Vec<String> {
        let stream = || StepLog { stream: self.redactor.stream(), lines: VecDeque::new() };
        let of_step = self.by_step.entry(step.to_owned()).or_insert_with(stream);
        let lines = of_step.stream.push_line(line);
        lines.iter().for_each(|line| of_step.keep(line));
        self.keep(&lines);
        lines
    }

    /// The step has ended: returns the lines that were held back.
    pub(super) fn end(&mut self, step: &str) -> Vec<String> {
        let Some(of_step) = self.by_step.get_mut(step) else { return Vec::new() };
        let lines = of_step.stream.finish_lines();
        lines.iter().for_each(|line| of_step.keep(line));
        self.keep(&lines);
        lines
    }

    fn keep(&mut self, lines: &[String]) {
        for line in lines {
            self.size_bytes += line.len() + 1;
            self.lines.push_back(line.clone());
        }
        while self.size_bytes > KEPT_BYTES
            && let Some(oldest) = self.lines.pop_front()
        {
            self.size_bytes -= oldest.len() + 1;
        }
    }

    /// Drops the lines of a step that succeeded.
    pub(super) fn forget(&mut self, step: &str) {
        self.by_step.remove(step);
    }

    pub(super) fn last_lines(&self, step: &str) -> Vec<String> {
        self.by_step.get(step).map(|of_step| of_step.lines.iter().cloned().collect()).unwrap_or_default()
    }

    /// The end of the whole log.
    pub(super) fn into_text(mut self) -> String {
        let steps: Vec<String> = self.by_step.keys().cloned().collect();
        for step in steps {
            self.end(&step);
        }
        Vec::from(self.lines).join("\n")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

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
        let mut log = BuildLog::new(&Redactor::of(["first-line\nsecond-line\n", "abc", "first-line-and-more"]));
        assert_eq!(log.push("a", "x first-line y abc."), ["x *** y abc."]);
        assert_eq!(log.push("a", "second-line."), ["***."]);
        assert_eq!(log.push("a", "first-line-and-more!"), ["***!"]);
    }

    #[test]
    fn a_secret_that_goes_on_in_the_next_line_is_masked() {
        let encoded = STANDARD.encode("the secret is hunter22-hunter33-hunter44");
        let (first, second) = encoded.split_at(30);
        let mut log = BuildLog::new(&Redactor::of(["hunter22-hunter33-hunter44"]));
        let mut shown = log.push("a", first);
        // Another step's output comes between.
        assert_eq!(log.push("b", "done."), ["done."]);
        shown.extend(log.push("a", second));
        shown.extend(log.end("a"));
        assert_eq!(shown.len(), 1, "{shown:?}");
        assert!(shown[0].contains("***") && !shown[0].contains(&encoded[24..30]), "{shown:?}");
        assert!(!log.into_text().contains(&encoded[30..50]));
    }
}
