//! Extracts what a user printed from a container's output: without colors and without the log lines of Cog's servers.
//!
//! FastAPI writes user output as it is, between JSON lines of its own (`logger`, `severity`). coglet wraps user output in JSON too
//! (`fields.message`, marked by `fields.source` or the target `coglet::user`).

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// How much output of a job or a setup is kept.
pub(super) const MAX_LOG_BYTES: usize = 64 * 1024;
const MAX_LINE_BYTES: usize = 16 * 1024;

/// A line that the user's code printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogLine {
    /// The text, including its line break.
    pub(super) text: String,
    /// The job that printed it, if the server reports it.
    pub(super) job: Option<String>,
}

/// CSI and OSC sequences, and two-character escapes.
static ANSI: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])").ok());
/// The structlog line in which the 0.16 server says that it runs without coglet.
static STRUCTLOG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[\w+ *\] .*coglet").ok());

fn matches(pattern: &Option<Regex>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// The part of an output line that users see. `None` if the server wrote it about itself.
pub(super) fn user_line(raw: &str) -> Option<LogLine> {
    let plain = ANSI.as_ref().map_or_else(|| raw.into(), |ansi| ansi.replace_all(raw, ""));
    let plain = plain.trim_end_matches(['\r', '\n']);
    if plain.starts_with("[coglet") || matches(&STRUCTLOG, plain) {
        return None;
    }
    if plain.starts_with('{')
        && let Ok(Value::Object(record)) = serde_json::from_str::<Value>(plain)
    {
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        if record.contains_key("severity") && (text("logger").starts_with("cog.") || text("logger").starts_with("uvicorn")) {
            return None;
        }
        if text("target").starts_with("coglet") {
            let fields = record.get("fields")?;
            let is_users = fields.get("source").is_some() || text("target") == "coglet::user";
            let message = fields.get("message").and_then(Value::as_str).filter(|_| is_users)?;
            let job = fields.get("prediction_id").and_then(Value::as_str).map(str::to_owned);
            return Some(LogLine { text: line(message), job });
        }
    }
    Some(LogLine { text: line(plain), job: None })
}

fn line(text: &str) -> String {
    let mut end = text.len().min(MAX_LINE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}\n", text.get(..end).unwrap_or_default())
}

/// Joins the daemon's chunks into lines. Docker splits output at 16 KiB, not at line breaks.
#[derive(Debug, Default)]
pub(super) struct LineBuffer {
    partial: Vec<u8>,
}

impl LineBuffer {
    /// The lines completed by this chunk.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.partial.len() + part.len() <= 4 * MAX_LINE_BYTES {
                self.partial.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                lines.push(String::from_utf8_lossy(&self.partial).into_owned());
                self.partial.clear();
            }
        }
        lines
    }

    /// What came after the last line break.
    pub(super) fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.partial);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

/// The last 64 KiB of the added lines.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: bool,
}

impl Tail {
    pub(super) fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.bytes > MAX_LOG_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.len();
            self.dropped = true;
        }
    }

    pub(super) fn text(&self) -> String {
        let lines: String = self.lines.iter().map(String::as_str).collect();
        if self.dropped { format!("[earlier lines omitted]\n{lines}") } else { lines }
    }

    pub(super) fn last_line(&self) -> Option<&str> {
        self.lines.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty())
    }
}

/// Limits what one job reports: the first 64 KiB at once, and the last 64 KiB of the rest when it finishes.
#[derive(Debug, Default)]
pub(super) struct Budget {
    sent: usize,
    tail: Tail,
}

impl Budget {
    /// The line, if it is to be reported now.
    pub(super) fn pass(&mut self, line: String) -> Option<String> {
        if self.tail.bytes == 0 && self.sent + line.len() <= MAX_LOG_BYTES {
            self.sent += line.len();
            return Some(line);
        }
        self.tail.push(line);
        None
    }

    /// The lines held back.
    pub(super) fn rest(&self) -> Option<String> {
        Some(self.tail.text()).filter(|text| !text.is_empty())
    }

    pub(super) fn is_untouched(&self) -> bool {
        self.sent == 0 && self.tail.bytes == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_lines_stay_and_servers_lines_go() {
        let cases = [
            ("hello", Some("hello\n")),
            ("\u{1b}[31mred\u{1b}[0m\r\n", Some("red\n")),
            ("{\"my\": \"json\"}", Some("{\"my\": \"json\"}\n")),
            (r#"{"logger": "cog.server.runner", "severity": "INFO", "message": "starting setup"}"#, None),
            (r#"{"logger": "uvicorn.error", "severity": "INFO", "message": "Started"}"#, None),
            (r#"{"level":"INFO","fields":{"message":"Server ready","num_slots":1},"target":"coglet"}"#, None),
            (r#"{"level":"INFO","fields":{"message":"setup says hello"},"target":"coglet::user"}"#, Some("setup says hello\n")),
            (r#"{"level":"INFO","fields":{"message":"warn","source":"Stderr"},"target":"coglet::setup"}"#, Some("warn\n")),
            ("[coglet::worker] Worker starting setup", None),
            ("2026-11-23 12:42:50 [info     ] Rust coglet not available, using Python HTTP server", None),
        ];
        for (raw, shown) in cases {
            assert_eq!(user_line(raw).map(|line| line.text).as_deref(), shown, "{raw}");
        }
    }

    #[test]
    fn a_line_knows_its_job_where_coglet_says_it() {
        let raw = r#"{"fields":{"message":"hi","prediction_id":"abc","source":"Stdout"},"target":"coglet::prediction"}"#;
        assert_eq!(user_line(raw), Some(LogLine { text: "hi\n".to_owned(), job: Some("abc".to_owned()) }));
    }

    #[test]
    fn pieces_become_lines() {
        let mut buffer = LineBuffer::default();
        assert_eq!(buffer.push(b"one\ntw"), ["one\n"]);
        assert_eq!(buffer.push(b"o\nthree"), ["two\n"]);
        assert_eq!((buffer.rest().as_deref(), buffer.rest()), (Some("three"), None));
    }

    #[test]
    fn a_tail_keeps_the_end() {
        let mut tail = Tail::default();
        for number in 0..10_000 {
            tail.push(format!("line {number}\n"));
        }
        assert!(tail.text().len() <= MAX_LOG_BYTES + 64 && tail.text().starts_with("[earlier"));
        assert_eq!(tail.last_line(), Some("line 9999"));
    }

    #[test]
    fn a_budget_passes_the_beginning_and_keeps_the_end() {
        let mut budget = Budget::default();
        assert!(budget.is_untouched());
        let passed = (0..40_000).filter_map(|number| budget.pass(format!("line {number}\n"))).map(|line| line.len()).sum::<usize>();
        assert!(passed <= MAX_LOG_BYTES && passed > MAX_LOG_BYTES - 20);
        assert!(budget.rest().is_some_and(|rest| rest.ends_with("line 39999\n")));
    }
}
