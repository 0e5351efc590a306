//! The two streams: results go to standard output, everything about how it goes to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use serde::Serialize;

use crate::cli::environment::Environment;
use crate::clients::runner::harmless;

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
    /// In a workflow's log nothing may be a command or a secret: the secrets, where that is so.
    guarded: Option<Arc<RwLock<Vec<String>>>>,
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
            guarded: None,
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
        self.write(io::stdout().lock(), text);
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
        match &self.guarded {
            // The runner reads both streams; in one of them the order is kept.
            Some(_) => self.write(io::stdout().lock(), text),
            None => self.write(io::stderr().lock(), text),
        }
    }

    /// A warning, with what to do about it.
    pub(super) fn warn(&self, problem: impl Display, hint: Option<&str>) {
        let hint = hint.map(|hint| format!("\n  {hint}")).unwrap_or_default();
        self.complain(&format!("warning: {problem}{hint}"));
    }

    /// From now on nothing that is printed is a command to the runner, or one of these secrets.
    pub(super) fn guard(&mut self, secrets: Vec<String>) {
        self.guarded = Some(Arc::new(RwLock::new(secrets)));
    }

    /// Secrets that came to light later. Where nothing is guarded, nothing changes.
    pub(super) fn learn(&self, secrets: impl IntoIterator<Item = String>) {
        if let Some(guarded) = &self.guarded {
            guarded.write().unwrap_or_else(PoisonError::into_inner).extend(secrets);
        }
    }

    /// Whether secrets are kept out of what is printed.
    pub(super) fn is_guarded(&self) -> bool {
        self.guarded.is_some()
    }

    /// The secrets, where something is guarded.
    fn secrets(&self) -> Option<RwLockReadGuard<'_, Vec<String>>> {
        self.guarded.as_ref().map(|guarded| guarded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A command to the runner.
    pub(super) fn command(&self, line: &str) {
        write_line(io::stdout().lock(), line);
    }

    fn write(&self, stream: impl Write, text: &str) {
        match self.secrets() {
            Some(secrets) => write_line(stream, &harmless(&without(text, &secrets))),
            None => write_line(stream, text),
        }
    }

    /// Masks every secret in a text.
    pub(super) fn without(&self, text: &str) -> String {
        self.secrets().map_or_else(|| text.to_owned(), |secrets| without(text, &secrets))
    }

    /// Masks every secret in a JSON value.
    pub(super) fn without_secrets(&self, value: &mut serde_json::Value) {
        if let Some(secrets) = self.secrets() {
            hide(value, &secrets);
        }
    }
}

/// What stands for a secret.
const HIDDEN: &str = "***";

fn without(text: &str, secrets: &[String]) -> String {
    secrets.iter().filter(|secret| !secret.is_empty()).fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
}

fn hide(value: &mut serde_json::Value, secrets: &[String]) {
    use serde_json::Value;
    match value {
        Value::String(text) => *text = without(text, secrets),
        Value::Array(values) => values.iter_mut().for_each(|value| hide(value, secrets)),
        Value::Object(members) => {
            let renamed = std::mem::take(members).into_iter().map(|(name, mut member)| {
                hide(&mut member, secrets);
                (without(&name, secrets), member)
            });
            *members = renamed.collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A reader that went away (`safe-push run | head`) is no error of ours, and there is nobody left to tell.
fn write_line(mut stream: impl Write, text: &str) {
    let written = writeln!(stream, "{text}").and_then(|()| stream.flush());
    if let Err(error) = written {
        tracing::debug!(%error, "nobody reads what is printed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_come_to_light_later_are_hidden_too() {
        let mut printer = Printer::new(Format::Text, ColorChoice::Never, false, &Environment::of([]));
        printer.learn(["nothing is guarded".to_owned()]);
        assert_eq!(printer.without("nothing is guarded"), "nothing is guarded");
        printer.guard(vec!["r8_token".to_owned()]);
        let other = printer.clone();
        printer.learn(["the-key".to_owned()]);
        let mut value = serde_json::json!({"the-key": ["r8_token and the-key"]});
        other.without_secrets(&mut value);
        assert_eq!(value, serde_json::json!({"***": ["*** and ***"]}));
    }
}
