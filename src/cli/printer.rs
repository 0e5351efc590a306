//! The two streams: results go to standard output, everything about how it goes to standard error.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::cli::environment::Environment;

/// What `--format` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Format {
    /// Words for people.
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
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Narrower terminals are treated as this wide.
const NARROWEST: usize = 40;

/// Lines of reports are not made longer than this.
const WIDEST: usize = 132;

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
}

impl Printer {
    pub(super) fn new(format: Format, color: ColorChoice, quiet: bool, environment: &Environment) -> Self {
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
            width: terminal_size::terminal_size().map_or(WIDEST, |(columns, _)| columns.0.into()).clamp(NARROWEST, WIDEST),
            quiet,
        }
    }

    /// How results are styled.
    pub(super) fn result_style(&self) -> crate::report::console::Style {
        crate::report::console::Style { color: self.color_stdout, width: self.width }
    }

    /// How progress and errors are styled.
    pub(super) fn progress_style(&self) -> crate::report::console::Style {
        crate::report::console::Style { color: self.color_stderr, width: self.width }
    }

    /// A result, with a line break behind it.
    pub(super) fn result(&self, text: &str) {
        write_line(io::stdout().lock(), text);
    }

    /// A result as a JSON document.
    pub(super) fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.result(&serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// A line about how it goes.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// A line that is shown even when quiet.
    pub(super) fn complain(&self, text: &str) {
        write_line(io::stderr().lock(), text);
    }
}

/// A reader that went away (`safe-push run | head`) is no error of ours, and there is nobody left to tell.
fn write_line(mut stream: impl Write, text: &str) {
    let written = writeln!(stream, "{text}").and_then(|()| stream.flush());
    if let Err(error) = written {
        tracing::debug!(%error, "nobody reads what is printed");
    }
}
