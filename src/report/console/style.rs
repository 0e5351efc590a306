//! Colors, when they are enabled.

use super::columns::letters;
use crate::domain::report::{CaseStatus, StageStatus};
use crate::domain::verdict::Verdict;

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Whether ANSI colors are used.
    pub(crate) color: bool,
    /// The width in columns.
    pub(crate) width: usize,
    /// Whether longer lines are broken at words. Logs and pipes keep theirs, so that they can be searched.
    pub(crate) wraps: bool,
}

/// A color by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Warning,
    Quiet,
    Strong,
}

impl Style {
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Warning => "33",
            Tone::Quiet => "2",
            Tone::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Narrower columns are not worth a break.
const NARROWEST: usize = 20;

impl Style {
    /// Breaks text at words. `first` columns are taken on its first line; the other lines are indented.
    pub(super) fn wrapped(self, text: &str, first: usize, indent: usize) -> String {
        if !self.wraps {
            return text.replace('\n', &format!("\n{:indent$}", ""));
        }
        let mut lines = Vec::new();
        let mut taken = first;
        for line in text.split('\n') {
            // The indentation of source code and tracebacks is kept.
            let own = line.len() - line.trim_start_matches(' ').len();
            let mut rest = line;
            let mut pad = "";
            loop {
                let room = self.width.saturating_sub(taken + pad.len()).max(NARROWEST);
                let Some((head, tail)) = broken(rest, room) else { break };
                lines.push(format!("{pad}{head}"));
                (rest, taken) = (tail, indent);
                pad = line.get(..own.min(self.width / 3)).unwrap_or_default();
            }
            lines.push(format!("{pad}{rest}"));
            taken = indent;
        }
        lines.join(&format!("\n{:indent$}", ""))
    }
}

/// The words that fit, and the rest; `None` if all of it fits or no word ends. An id or an address stays whole. Between wide letters, as
/// of Chinese, a line may break too: their words have no spaces.
fn broken(text: &str, room: usize) -> Option<(&str, &str)> {
    let start = text.len() - text.trim_start().len();
    let (mut used, mut end) = (0, None);
    for (at, letter, columns) in letters(text) {
        // A space right behind the last column is as good.
        let can_break = at > start && (letter == ' ' || columns > 1);
        if can_break && (used <= room || end.is_none()) {
            end = Some(at);
        }
        used += columns;
        if used > room && end.is_some() {
            break;
        }
    }
    let (head, tail) = text.split_at(end.filter(|_| used > room)?);
    let tail = tail.trim_start();
    (!tail.is_empty()).then_some((head, tail))
}

pub(super) fn tone_of_verdict(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Passed => Tone::Good,
        Verdict::Cancelled => Tone::Warning,
        Verdict::Failed | Verdict::ServiceError | Verdict::Billing | Verdict::Misconfigured => Tone::Bad,
    }
}

pub(super) fn tone_of_stage(status: StageStatus) -> Tone {
    match status {
        StageStatus::Passed => Tone::Good,
        StageStatus::Failed | StageStatus::Errored => Tone::Bad,
        StageStatus::Cancelled => Tone::Warning,
        StageStatus::Skipped => Tone::Quiet,
    }
}

pub(super) fn tone_of_case(status: CaseStatus) -> Tone {
    match status {
        CaseStatus::Passed => Tone::Good,
        CaseStatus::Failed | CaseStatus::Errored => Tone::Bad,
        CaseStatus::Flaky | CaseStatus::Cancelled => Tone::Warning,
        CaseStatus::Skipped => Tone::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Style = Style { color: false, width: 30, wraps: true };

    #[test]
    fn lines_break_at_words_and_keep_their_indentation() {
        assert_eq!(NARROW.wrapped("one two three four five six seven", 2, 4), "one two three four five six\n    seven");
        assert_eq!(NARROW.wrapped("Traceback:\n  File x", 2, 4), "Traceback:\n      File x");
        let id = "a".repeat(64);
        assert_eq!(NARROW.wrapped(&format!("acme/hotdog:{id} is live"), 0, 2), format!("acme/hotdog:{id}\n  is live"));
        let red = Style { color: true, ..NARROW }.paint(Tone::Bad, "failed");
        assert_eq!(
            NARROW.wrapped(&format!("{red} because of a reason of length"), 0, 2),
            format!("{red} because of a reason of\n  length")
        );
        assert_eq!(Style { wraps: false, ..NARROW }.wrapped(&"a ".repeat(40), 0, 2), "a ".repeat(40));
    }

    #[test]
    fn wide_letters_take_their_two_columns() {
        assert_eq!(NARROW.wrapped("橋から見た夜の港の景色をもう一度描く", 2, 4), "橋から見た夜の港の景色をもう\n    一度描く");
        assert_eq!(NARROW.wrapped("one two three four 夜の港 five", 0, 2), "one two three four 夜の港 five");
        assert_eq!(NARROW.wrapped("one two three four 夜の港 fives", 0, 2), "one two three four 夜の港\n  fives");
    }
}
