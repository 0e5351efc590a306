//! The two streams: results go to standard output, progress and problems to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use cog_findings::Finding;
use serde::Serialize;

use crate::cli::environment::Environment;
use crate::cli::wording::Wording;
use crate::clients::runner::{harmless, mask};
use crate::report::documents::PrintedDocument;
use crate::support::secrets::{Redacted, Redactor};

/// What `--format` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Format {
    /// Text for people.
    #[default]
    Text,
    /// One JSON document on standard output.
    Json,
    /// Findings as workflow commands of GitHub Actions.
    Github,
    /// Findings as a SARIF document.
    Sarif,
}

/// What `--color` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// Narrower terminals are treated as this wide.
const NARROWEST: usize = 40;

/// Lines of reports are not made longer than this.
const WIDEST: usize = 132;

/// The columns of the terminal as they are now; `WIDEST` without one.
pub(super) fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(WIDEST, |(columns, _)| columns.0.into())
}

/// The gate to both streams.
#[derive(Debug, Clone)]
pub(super) struct Printer {
    pub(super) format: Format,
    color_stdout: bool,
    color_stderr: bool,
    /// Whether progress may be drawn.
    pub(super) interactive: bool,
    pub(super) width: usize,
    pub(super) quiet: bool,
    /// Hides the secrets of the run in everything that is printed.
    redactor: Redactor,
    /// Whether this is a workflow's log, in which nothing may be a command.
    in_workflow: bool,
    /// Whether everything goes to standard output.
    in_one_stream: bool,
    wording: Wording,
    /// Why a part of the result was not written.
    lost: Arc<OnceLock<io::Error>>,
}

impl Printer {
    pub(super) fn new(format: Format, color: ColorChoice, quiet: bool, environment: &Environment, redactor: Redactor) -> Self {
        let dumb = environment.get("TERM") == Some("dumb");
        let wanted = |terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !dumb && environment.get("NO_COLOR").is_none(),
        };
        let interactive = io::stderr().is_terminal() && !dumb && environment.get("CI").is_none();
        Self {
            format,
            color_stdout: wanted(io::stdout().is_terminal()),
            color_stderr: wanted(io::stderr().is_terminal()),
            interactive: interactive && !quiet,
            width: terminal_width().clamp(NARROWEST, WIDEST),
            quiet,
            redactor,
            in_workflow: environment.is_workflow(),
            in_one_stream: false,
            wording: Wording::Terminal,
            lost: Arc::default(),
        }
    }

    pub(super) fn result_style(&self) -> crate::report::console::Style {
        crate::report::console::Style { color: self.color_stdout, width: self.width, wraps: io::stdout().is_terminal() }
    }

    /// How progress and errors are styled.
    pub(super) fn progress_style(&self) -> crate::report::console::Style {
        crate::report::console::Style { color: self.color_stderr, width: self.width, wraps: io::stderr().is_terminal() }
    }

    /// Prints a result and a line break.
    pub(super) fn result(&self, text: &str) {
        self.print(&self.harmless(self.redactor.text(&self.wording.places(text))));
    }

    /// Why a result, or a part of it, could not be written. A reader that went away (`safe-push run | head`) is not an error.
    pub(super) fn lost(&self) -> Option<&io::Error> {
        self.lost.get()
    }

    /// A result as a JSON document with a published schema.
    pub(super) fn json(&self, document: &impl PrintedDocument) -> anyhow::Result<()> {
        self.foreign_json(document)
    }

    /// A result in a JSON format of others, such as OpenAPI or SARIF. Secrets are hidden in its values, so that it stays a document.
    pub(super) fn foreign_json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let hidden = self.redactor.json(serde_json::to_value(value)?);
        let text = hidden.map(|value| {
            let text = format!("{value:#}");
            // As an escape of JSON, it stays the same document.
            if self.in_workflow { text.replace("##[", "#\\u0023[") } else { text }
        });
        self.print(&text);
        Ok(())
    }

    /// Prints a line about progress.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Prints a line even with `--quiet`.
    pub(super) fn complain(&self, text: &str) {
        if self.in_one_stream {
            // The runner reads both streams; in one of them the order is kept.
            self.result(text);
        } else {
            let text = self.harmless(self.redactor.text(&self.wording.places(text)));
            if let Err(error) = write_line(io::stderr().lock(), &text) {
                tracing::debug!(%error, "nobody reads what is printed");
            }
        }
    }

    /// Prints a warning, with its fix.
    pub(super) fn warn(&self, problem: impl Display, hint: Option<&str>) {
        let hint = hint.map(|hint| format!("\n  {}", self.wording.sentence(hint))).unwrap_or_default();
        self.complain(&format!("warning: {}{hint}", self.wording.sentence(&problem.to_string())));
    }

    /// Sets the wording of messages, for example for people who see an action from outside.
    pub(super) fn word_as(&mut self, wording: Wording) {
        self.wording = wording;
    }

    /// How messages are worded.
    pub(super) fn wording(&self) -> &Wording {
        &self.wording
    }

    /// From now on everything is printed to standard output, whose order the runner keeps.
    pub(super) fn join_streams(&mut self) {
        self.in_one_stream = true;
    }

    /// A finding without the secrets of the run. Rendered, it is broken into lines, and a part of a secret is not found any more.
    pub(super) fn without_secrets(&self, finding: &Finding) -> Finding {
        let hidden = |text: &String| self.redactor.text(text).into_inner();
        Finding {
            message: hidden(&self.wording.sentence(&finding.message)),
            hint: finding.hint.as_ref().map(|hint| hidden(&self.wording.sentence(hint))),
            excerpt: finding.excerpt.as_ref().map(hidden),
            details: finding.details.iter().map(|(label, value)| (label.clone(), hidden(value))).collect(),
            ..finding.clone()
        }
    }

    /// Hides the secrets of the run.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Makes the runner mask a secret in the whole job: the one thing that is printed as it is.
    pub(super) fn mask(&self, secret: &str) {
        let mut stream = io::stdout().lock();
        for line in mask(secret) {
            if let Err(error) = writeln!(stream, "{line}") {
                self.lose(error);
            }
        }
    }

    /// A command to the runner.
    pub(super) fn command(&self, line: &str) {
        self.print(&self.redactor.text(&self.wording.places(line)));
    }

    fn print(&self, text: &Redacted<String>) {
        if let Err(error) = write_line(io::stdout().lock(), text) {
            self.lose(error);
        }
    }

    fn lose(&self, error: io::Error) {
        tracing::debug!(%error, "a line of the result was not written");
        if error.kind() != io::ErrorKind::BrokenPipe {
            // The first one says why.
            let _later = self.lost.set(error);
        }
    }

    fn harmless(&self, text: Redacted<String>) -> Redacted<String> {
        if self.in_workflow { text.map(|text| harmless(text)) } else { text }
    }
}

fn write_line(mut stream: impl Write, text: &Redacted<String>) -> io::Result<()> {
    writeln!(stream, "{text}").and_then(|()| stream.flush())
}
