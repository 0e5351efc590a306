//! Text in the log that must not become a command.
//!
//! Two measures, each sufficient by itself: the runner executes no commands until it reads a random token, and text that would be a command
//! is changed. Mask secrets first, because masks are commands too.

use cog_findings::text::shorten;
use uuid::Uuid;

/// Longer lines are cut, because some browsers cannot show them.
const LINE_BYTES: usize = 16 * 1024;

/// Prefix of a line that would otherwise be a command.
const BAR: &str = "│ ";

/// A section of the log in which the runner executes no commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoppedCommands {
    token: String,
}

impl StoppedCommands {
    /// A section with a new token.
    #[expect(clippy::new_without_default, reason = "no two are the same")]
    pub fn new() -> Self {
        Self { token: Uuid::new_v4().to_string() }
    }

    /// The line that starts the section.
    pub fn begin(&self) -> String {
        format!("::stop-commands::{}", self.token)
    }

    /// The line that ends the section.
    pub fn end(&self) -> String {
        format!("::{}::", self.token)
    }
}

/// The text without anything that the runner would execute: no line starts with `::`, and `##[` does not occur.
pub fn harmless(text: &str) -> String {
    let lines = text.split(['\n', '\r']).map(|line| {
        let line = shorten(line, LINE_BYTES).replace("##[", "##\\[");
        if line.trim_start().starts_with("::") { format!("{BAR}{line}") } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_become_text() {
        for (text, shown) in [
            ("::error::x", "│ ::error::x"),
            ("  ::set-env name=A::b", "│   ::set-env name=A::b"),
            ("10%\r::add-mask::a", "10%\n│ ::add-mask::a"),
            ("say ##[error]x", "say ##\\[error]x"),
            ("std::env::vars", "std::env::vars"),
        ] {
            assert_eq!(harmless(text), shown);
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        assert!(harmless(&"x".repeat(5_000_000)).len() <= LINE_BYTES);
    }

    proptest! {
        #[test]
        fn the_runner_executes_nothing(text in "(::|##\\[|\r|\n|[a-z #\\[:\u{a0}]){0,60}") {
            for line in harmless(&text).split(['\n', '\r']) {
                prop_assert!(!line.trim().starts_with("::") && !line.contains("##["), "{line}");
            }
        }
    }
}
