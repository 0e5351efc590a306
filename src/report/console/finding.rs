//! Findings and errors as compilers print them: the source line with a mark under it, then facts and the fix.

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use cog_findings::Finding;

use super::columns::{columns, fitted};
use super::style::{Style, Tone};
use crate::report::escape;
use crate::report::json::convert;
use crate::report::json::v1::{FindingEntry, Severity};
use crate::report::rule_page::rule_page;

/// The columns before and behind a fact's label: a line number, `= ` and `: `.
const GUTTER: usize = 9;

/// The columns of ` | ` behind a line's number.
const LINE_SIGNS: usize = 3;

/// A mark is not made narrower than this.
const NARROWEST: usize = 10;

/// The columns of `[`, `]` and `: ` around a code.
const TITLE_SIGNS: usize = 4;

/// A finding with its location, facts and fix.
pub(crate) fn finding(finding: &Finding, style: Style) -> String {
    finding_entry(&convert::finding(finding), style)
}

/// A finding from a saved run, with its location, facts and fix.
pub(crate) fn finding_entry(finding: &FindingEntry, style: Style) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let code = escape::line(&finding.code);
    let taken = finding.severity.as_str().len() + columns(&code) + TITLE_SIGNS;
    let message = Style { width: style.width.saturating_sub(taken), ..style }.wrapped(&escape::line(&finding.message), 0, 0);
    let title = level.primary_title(message).id(code);
    let title = match rule_page(&finding.code) {
        Some(page) => title.id_url(page),
        None => title,
    };
    let mut group = Group::with_title(title);
    if let Some(location) = location(finding, style) {
        group = group.element(location);
    }
    for detail in &finding.details {
        let label = escape::line(&detail.label);
        let value = beside(&label, escape::printable(&detail.value).trim_end(), style);
        group = group.element(Level::NOTE.with_name(label).message(value));
    }
    if let Some(hint) = &finding.hint {
        group = group.element(Level::HELP.with_name("hint").message(beside("hint", &escape::line(hint), style)));
    }
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    renderer.hyperlink(style.color).term_width(style.width.max(DEFAULT_TERM_WIDTH)).render(&[group])
}

/// A text broken at words, as wide as a fact with this label leaves room for. The renderer indents its lines.
fn beside(label: &str, text: &str, style: Style) -> String {
    let taken = columns(label) + GUTTER;
    Style { width: style.width.saturating_sub(taken), ..style }.wrapped(text, 0, 0)
}

/// The source line with a mark, or the location alone.
fn location(finding: &FindingEntry, style: Style) -> Option<Element<'static>> {
    let file = escape::line(finding.file.as_deref()?);
    let number = |value: Option<u32>| value.and_then(|value| usize::try_from(value).ok());
    let (line, column) = (number(finding.line), number(finding.column));
    let Some((line, excerpt)) = line.zip(finding.excerpt.as_deref()) else {
        let origin = Origin::path(file);
        let origin = line.map_or(origin.clone(), |line| origin.line(line));
        return Some(column.map_or(origin.clone(), |column| origin.char_column(column)).into());
    };
    let (before, marked, after) = parts(excerpt, column, number(finding.end_column));
    let [before, marked, after] = [before, marked, after].map(|part| escape::printable(&part).replace('\n', " "));
    let room = style.width.saturating_sub(line.to_string().len() + LINE_SIGNS);
    let (marked, after) =
        if style.wraps { ending(&marked, &after, room.saturating_sub(columns(&before))) } else { (marked, after) };
    let span = before.len()..before.len() + marked.len();
    let snippet = Snippet::source(before + &marked + &after).line_start(line).path(file);
    Some(snippet.annotation(AnnotationKind::Primary.span(span)).into())
}

/// The end of a line in at most `room` columns. A terminal would break a longer one within a word, and its mark with it.
fn ending(marked: &str, after: &str, room: usize) -> (String, String) {
    let marked = fitted(marked, room.max(NARROWEST));
    let after = fitted(after, room.saturating_sub(columns(&marked)));
    (marked, after)
}

/// The line before, under and after the mark. Without an end column, the mark covers a word; without a column, the whole line.
fn parts(line: &str, column: Option<usize>, end: Option<usize>) -> (String, String, String) {
    let characters: Vec<char> = line.chars().collect();
    let start = match column {
        Some(column) => column.saturating_sub(1).min(characters.len()),
        None => characters.iter().take_while(|character| character.is_whitespace()).count(),
    };
    let rest = characters.get(start..).unwrap_or_default();
    let length = match (column, end) {
        (None, _) => rest.len(),
        (Some(column), Some(end)) if end > column => (end - column).min(rest.len()),
        _ => rest.iter().take_while(|character| character.is_alphanumeric() || **character == '_').count().max(1).min(rest.len()),
    };
    let text = |characters: &[char]| characters.iter().collect::<String>();
    let (marked, after) = rest.split_at(length);
    (text(characters.get(..start).unwrap_or_default()), text(marked), text(after))
}

/// Broken at words on a terminal, and else as it is: messages of several lines keep them where they are searched.
fn wrapped(text: &str, first: usize, indent: usize, style: Style) -> String {
    if style.wraps { style.wrapped(text, first, indent) } else { text.to_owned() }
}

/// An error that stopped a run or a command, with its fix.
pub(crate) fn error(message: &str, hint: Option<&str>, style: Style) -> String {
    let text = format!("{} {}", style.paint(Tone::Bad, "error:"), wrapped(&escape::printable(message), 7, 2, style));
    match hint {
        Some(hint) => {
            format!("{text}\n  {} {}", style.paint(Tone::Strong, "hint:"), wrapped(&escape::printable(hint), 8, 4, style))
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use cog_findings::Location;

    const PLAIN: Style = Style { color: false, width: 80, wraps: false };

    fn shown(location: Location, excerpt: &str) -> String {
        let mut found = Finding::new(&sample::SAMPLE_RULE, "input text has no description").at(location).hint("add one");
        found.excerpt = Some(excerpt.to_owned());
        finding(&found.detail("path", "input text"), PLAIN)
    }

    #[test]
    fn the_line_is_shown_with_a_mark_under_the_error() {
        insta::assert_snapshot!(shown(Location::at("predict.py", 23, 9), "        text: str = Input(),"));
    }

    #[test]
    fn without_a_column_the_whole_line_is_marked() {
        let mut location = Location::at("cog.yaml", 3, 1);
        location.column = None;
        insta::assert_snapshot!(shown(location, "  gpu: maybe"));
    }

    #[test]
    fn a_terminal_shows_what_fits_of_a_long_line_and_title() {
        let line = "    - sh -c 'echo \"cannot find the weights of the harbor model in /weights/harbor/v3/model.safetensors\" >&2; exit 7'";
        let mut found =
            Finding::new(&sample::SAMPLE_RULE, "the build failed at 'run sh -c 'echo \"cannot find the weights of the harbor'");
        found = found.at(Location::at("cog.yaml", 4, 7));
        found.location.as_mut().unwrap().end_column = Some(118);
        found.excerpt = Some(line.to_owned());
        let shown = finding(&found, Style { wraps: true, ..PLAIN });
        assert!(shown.lines().all(|line| columns(line) <= 80), "{shown}");
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn columns_beyond_the_line_are_tolerated() {
        for (column, end) in [(100, None), (0, None), (13, Some(2)), (3, Some(900)), (u32::MAX, Some(u32::MAX))] {
            let mut location = Location::at("cog.yaml", 3, column);
            location.end_column = end;
            assert!(shown(location, "  gpu: maybe").contains("3 |   gpu: maybe"));
        }
    }

    #[test]
    fn a_hostile_line_stays_on_one_line() {
        let text = shown(Location::at("a.py", 1, 10), "\u{1b}[2J日本\t\u{202e}x = 1\u{7}\r::error::");
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\r']), "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("::")), "{text}");
    }
}
