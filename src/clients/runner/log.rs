//! Text in the log that must not become a command.
//!
//! Two measures, each enough by itself: the runner is told to obey nothing until it hears a word that nobody can guess, and what would be
//! a command is changed so that it is none. A secret must be masked before, since masks are commands too.

use cog_findings::text::shorten;
use uuid::Uuid;

/// Longer lines are cut: some browsers stop at them.
const LINE_BYTES: usize = 16 * 1024;

/// What stands before a line that would be a command.
const BAR: &str = "│ ";

/// A time in which the runner obeys nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoppedCommands {
    token: String,
}

impl StoppedCommands {
    /// A new one.
    #[expect(clippy::new_without_default, reason = "no two are the same")]
    pub fn new() -> Self {
        Self { token: Uuid::new_v4().to_string() }
    }

    /// The line that begins it.
    pub fn begin(&self) -> String {
        format!("::stop-commands::{}", self.token)
    }

    /// The line that ends it.
    pub fn end(&self) -> String {
        format!("::{}::", self.token)
    }
}

/// The same text with nothing in it that the runner would obey: `::` begins no line, and `##[` stands nowhere.
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
        fn nothing_is_obeyed(text in "(::|##\\[|\r|\n|[a-z #\\[:\u{a0}]){0,60}") {
            for line in harmless(&text).split(['\n', '\r']) {
                prop_assert!(!line.trim().starts_with("::") && !line.contains("##["), "{line}");
            }
        }
    }
}
