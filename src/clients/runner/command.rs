//! Workflow commands: lines of the log that the runner executes.

use crate::domain::annotation_level::AnnotationLevel;
use crate::support::visible_text::printable;

/// The runner cuts messages after this many characters. Counted in bytes here, which are at least as many.
const MESSAGE_BYTES: usize = 4_000;

/// An annotation written to the log, for jobs without permission to write check runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogAnnotation {
    pub level: AnnotationLevel,
    /// The file, relative to the repository.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// The column after the last character.
    pub end_column: Option<u32>,
    pub title: String,
    pub message: String,
}

const fn command_name(level: AnnotationLevel) -> &'static str {
    match level {
        AnnotationLevel::Notice => "notice",
        AnnotationLevel::Warning => "warning",
        AnnotationLevel::Failure => "error",
    }
}

/// The command that makes the runner show an annotation.
pub fn annotation(annotation: &LogAnnotation) -> String {
    let mut properties = Vec::new();
    let mut add = |name: &str, value: &str| {
        // The runner drops empty values, and a list that contains one is hard to read.
        if !value.is_empty() {
            properties.push(format!("{name}={}", property(&printable(value))));
        }
    };
    if let Some(file) = &annotation.file {
        add("file", file);
        for (name, number) in [("line", annotation.line), ("col", annotation.column), ("endColumn", annotation.end_column)] {
            add(name, &number.map(|number| number.to_string()).unwrap_or_default());
        }
    }
    add("title", &annotation.title);
    let message = cog_findings::text::shorten(&printable(&annotation.message), MESSAGE_BYTES);
    let separator = if properties.is_empty() { "" } else { " " };
    format!("::{}{separator}{}::{}", command_name(annotation.level), properties.join(","), data(&message))
}

/// The commands that make the runner mask a value in all later output. A value of several lines is masked line by line, except for
/// lines of one or two characters, which would make the log unreadable and hide nothing.
pub fn mask(value: &str) -> Vec<String> {
    let value = value.trim();
    if value.lines().any(|line| line.trim().len() < 3) && value.lines().count() > 1 {
        let lines = value.lines().map(str::trim).filter(|line| line.len() >= 3);
        return lines.map(|line| format!("::add-mask::{}", data(line))).collect();
    }
    if value.len() < 3 { Vec::new() } else { vec![format!("::add-mask::{}", data(value))] }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> LogAnnotation {
        LogAnnotation {
            level: AnnotationLevel::Failure,
            file: Some("a,b:c.py".to_owned()),
            line: Some(3),
            column: None,
            end_column: None,
            title: "SP101: gone".to_owned(),
            message: "100% gone\nreally\r".to_owned(),
        }
    }

    #[test]
    fn characters_that_the_runner_interprets_are_escaped() {
        assert_eq!(annotation(&sample()), "::error file=a%2Cb%3Ac.py,line=3,title=SP101%3A gone::100%25 gone%0Areally%0A");
    }

    #[test]
    fn escape_sequences_and_control_characters_are_dropped() {
        let (file, title) = (Some("a\u{1b}[31m/b.py".to_owned()), "SP101\u{202e}".to_owned());
        let message = "\u{1b}]0;title\u{7}gone\u{8}".to_owned();
        let made = annotation(&LogAnnotation { file, title, message, ..sample() });
        assert_eq!(made, "::error file=a/b.py,line=3,title=SP101\u{fffd}::gone\u{fffd}");
        assert_eq!(mask("key\u{8}"), ["::add-mask::key\u{8}"], "a mask is the value itself");
    }

    #[test]
    fn missing_properties_are_left_out() {
        let bare = LogAnnotation { file: None, title: String::new(), level: AnnotationLevel::Notice, ..sample() };
        assert!(annotation(&bare).starts_with("::notice::100%25"), "{}", annotation(&bare));
    }

    #[test]
    fn secrets_are_masked_whole_but_their_short_lines_are_not() {
        assert_eq!(mask("r8_abc"), ["::add-mask::r8_abc"]);
        assert_eq!(mask("first%\nsecond"), ["::add-mask::first%25%0Asecond"]);
        assert_eq!(mask("{\n\"key\": 1\n}"), ["::add-mask::\"key\": 1"]);
        assert!(mask("x").is_empty() && mask(" ").is_empty());
    }

    proptest! {
        #[test]
        fn a_command_is_one_line(file in ".{0,20}", title in ".{0,20}", message in "(.|\n|\r){0,60}") {
            let made = annotation(&LogAnnotation { file: Some(file), title, message, ..sample() });
            prop_assert!(!made.contains(['\n', '\r']), "{made}");
        }
    }
}
