//! Why a text is not YAML, for people who do not know the parser: what is wrong on the line, and how to correct it.

use cog_findings::Location;
use cog_findings::text::shorten;
use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::granit_parser::ErrorKind;
use serde_saphyr::localizer::ExternalMessageSource;

/// Longest key that a message quotes, and longest message to keep from the parser, in bytes.
const KEY_BYTES: usize = 100;
const MESSAGE_BYTES: usize = 300;

/// Finds the line of a key in a text that sets it again at a place.
pub(super) type FirstPlace = fn(&str, &str, &Location) -> Option<u32>;

/// Why a YAML document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The problem in one line.
    pub message: String,
    /// How to correct it.
    pub hint: String,
    /// Where it is.
    pub location: Location,
}

impl Unreadable {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>, location: Location) -> Self {
        Self { message: message.into(), hint: hint.into(), location }
    }

    /// The parser's error for people. `first_place` finds the line on which a key is set before.
    pub(super) fn of(error: &Error, text: &str, file: &str, first_place: FirstPlace) -> Self {
        let error = error.without_snippet();
        let location = match error.location() {
            Some(place) if place.line() > 0 => Location::at(file, number(place.line()), number(place.column())),
            _ => Location::file(file),
        };
        if let Error::ExternalMessage { .. } = error
            && let Some(tab) = tab_in_indentation(text, location.line)
        {
            let message = "the line is indented with a tab, which YAML does not allow";
            return Self::new(message, "indent with spaces", Location::at(file, tab.0, tab.1));
        }
        let (message, hint) = explained(error, text, &location, first_place);
        Self { message, hint, location }
    }
}

pub(super) fn number(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The first line, up to the one after the error, whose indentation contains a tab; with the column of the tab. The parser may notice the
/// tab at the end of the line before.
fn tab_in_indentation(text: &str, last: Option<u32>) -> Option<(u32, u32)> {
    let lines = (1..=last?.saturating_add(1)).zip(text.lines());
    lines.filter(|(_, line)| !line.trim().is_empty()).find_map(|(number, line)| {
        let column =
            line.chars().take_while(|character| matches!(character, ' ' | '\t')).position(|character| character == '\t')?;
        Some((number, u32::try_from(column + 1).unwrap_or(u32::MAX)))
    })
}

fn explained(error: &Error, text: &str, location: &Location, first_place: FirstPlace) -> (String, String) {
    let of = |message: &str, hint: &str| (message.to_owned(), hint.to_owned());
    match error {
        Error::DuplicateMappingKey { key, .. } => match key {
            Some(key) => duplicate(key, first_place(text, key, location)),
            None => of("a key is set twice", "remove one of the two"),
        },
        Error::MultipleDocuments { .. } | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            of("the file has more than one document", "remove the line `---`, or move what follows it to another file")
        }
        Error::Eof { .. } => of("the file ends in the middle of a value", "complete the last line"),
        Error::UnknownAnchor { .. } => unknown_anchor(),
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            of("the file is nested too deeply, or repeats too much with aliases", "write it with fewer levels and aliases")
        }
        Error::ExternalMessage { source, msg, .. } => match source.as_ref() {
            ExternalMessageSource::Parser(error) => of_parser(error.kind(), text, location).unwrap_or_else(|| unexplained(msg)),
            _ => unexplained(msg),
        },
        other => unexplained(&other.to_string()),
    }
}

/// A rare error keeps the parser's message, without its location, which the finding has.
fn unexplained(message: &str) -> (String, String) {
    let line = message.lines().next().unwrap_or_default();
    let line = line.split(" at line ").next().unwrap_or(line).trim_start_matches("error: ").trim();
    (
        format!("the file is not valid YAML: {}", shorten(line, MESSAGE_BYTES)),
        "put text with special characters in quotes".to_owned(),
    )
}

fn duplicate(key: &str, first: Option<u32>) -> (String, String) {
    let first = first.map(|line| format!(", first on line {line}")).unwrap_or_default();
    (format!("the key '{}' is set twice{first}", shorten(key, KEY_BYTES)), "remove one of the two".to_owned())
}

fn unknown_anchor() -> (String, String) {
    let message = "a value that starts with '*' repeats an earlier value, but none has this name";
    (message.to_owned(), "put text that starts with '*' in quotes, or name the earlier value with '&'".to_owned())
}

/// Common mistakes. The parser reports them in the terms of the YAML specification.
fn of_parser(kind: &ErrorKind, text: &str, location: &Location) -> Option<(String, String)> {
    let of = |message: &str, hint: &str| Some((message.to_owned(), hint.to_owned()));
    match kind {
        ErrorKind::UnknownAnchor => Some(unknown_anchor()),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement | ErrorKind::SimpleKeyExpected
            if has_two_colons(text, location) =>
        {
            of("a second ': ' follows on the same line", "put text that contains ': ' in quotes")
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            of("the line is not `key: value`", "add a colon and a space after the key")
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement | ErrorKind::MappingKeyNotAllowed => {
            of("a key is not expected here", "indent the line like the keys beside it, or put the text above it in quotes")
        }
        ErrorKind::InvalidIndentation | ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry => {
            of("the indentation fits no line above", "indent the line like the keys or items beside it")
        }
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::InvalidBlockEntryWhitespace => {
            of("a list item is not expected here", "start the list on a line of its own, below its key")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let close = if *open == '[' { ']' } else { '}' };
            Some((format!("'{open}' is not closed"), format!("add the '{close}'")))
        }
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::ExpectedFlowSequenceSeparator => {
            of("a list in brackets is not closed", "add a ',' between its items, or the ']'")
        }
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator => {
            of("a mapping in braces is not closed", "add a ',' between its entries, or the '}'")
        }
        ErrorKind::MisplacedFlowCollectionEnd => of("a bracket is closed that is not open", "remove it, or put the text in quotes"),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            Some((format!("'{open}' is closed by '{close}'"), "close each bracket with its own kind".to_owned()))
        }
        ErrorKind::UnclosedQuotedScalar => of("a quote is not closed", "add the closing quote"),
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            of("text follows a closing quote", "put the whole value in quotes, and write a quote inside them twice")
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            of("a backslash in double quotes starts no known escape", "use single quotes, or write the backslash twice")
        }
        ErrorKind::UnexpectedCharacter { character } => {
            Some((format!("a value cannot start with '{}'", character.escape_default()), "put the value in quotes".to_owned()))
        }
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabInPlainScalar => {
            of("a tab is not allowed here", "replace it with spaces")
        }
        ErrorKind::ExpectedDocumentStart => {
            of("text follows the end of the document", "indent it like the keys above, or remove it")
        }
        ErrorKind::RecursionLimitExceeded => of("the file is nested too deeply", "write it with fewer levels"),
        _ => None,
    }
}

/// Whether the line, or the one above, contains two colons that could follow a key.
fn has_two_colons(text: &str, location: &Location) -> bool {
    let line = usize::try_from(location.line.unwrap_or(1)).unwrap_or(1).saturating_sub(1);
    text.lines().nth(line).is_some_and(|line| line.matches(": ").count() > 1)
}
