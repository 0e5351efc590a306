//! Lines and columns of byte offsets, and the limit of nesting.

use cog_findings::Location;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};
use ruff_text_size::{TextRange, TextSize};

/// Syntax trees are built and dropped recursively, and deeper ones could exhaust the stack. Python itself allows about 200
/// brackets and 100 levels of blocks.
const MAX_EXPRESSION_DEPTH: usize = 1000;
const MAX_BLOCK_DEPTH: usize = 100;

/// The text of a file, with the offsets of its lines.
#[derive(Debug)]
pub(super) struct Text {
    file: String,
    text: String,
    starts: Vec<usize>,
}

impl Text {
    pub(super) fn new(file: String, text: String) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (index, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || (*byte == b'\r' && bytes.get(index + 1) != Some(&b'\n')) {
                starts.push(index + 1);
            }
        }
        Self { file, text, starts }
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The offset behind the last line that is not blank.
    pub(super) fn end(&self) -> TextSize {
        TextSize::new(u32::try_from(self.text.trim_end().len()).unwrap_or(u32::MAX))
    }

    /// The source of a node.
    pub(super) fn slice(&self, range: TextRange) -> &str {
        self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
    }

    /// The source before and behind a node.
    pub(super) fn around(&self, range: TextRange) -> (&str, &str) {
        let (start, end) = (range.start().to_usize(), range.end().to_usize());
        (self.text.get(..start).unwrap_or_default(), self.text.get(end..).unwrap_or_default())
    }

    /// Line and column of an offset, both from 1; columns count characters. A byte order mark at the start of the file does not count.
    fn position(&self, offset: TextSize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset.to_usize());
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        let column = before.trim_start_matches('\u{feff}').chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// The location of a node. It includes the end if that is on the same line.
    pub(super) fn location(&self, range: TextRange) -> Location {
        let (line, column) = self.position(range.start());
        let (end_line, end_column) = self.position(range.end());
        let place = Location::at(&self.file, line, column);
        if end_line == line && end_column > column { place.until_column(end_column) } else { place }
    }

    /// Where the text is nested too deeply, if anywhere.
    pub(super) fn too_deep(&self) -> Option<Location> {
        let newlines = too_deep(&self.text)?;
        Some(Location::at(&self.file, u32::try_from(newlines + 1).unwrap_or(u32::MAX), 1))
    }
}

/// The depth of the content of one bracket: levels that a comma ends, and levels that it does not end.
#[derive(Default)]
struct Level {
    since_comma: usize,
    lambdas: usize,
}

/// The number of line ends before the first token at which an expression or a block may be nested too deeply. Every token that
/// can open a level counts, so this is an upper bound on the depth of the tree; a comma, a bracket's end and a new statement start
/// again. Lines inside triple quotes are not counted.
fn too_deep(text: &str) -> Option<usize> {
    let mut lexer = lexer::lex(text, Mode::Module);
    let mut levels = vec![Level::default()];
    let (mut depth, mut blocks, mut newlines) = (0_usize, 0_usize, 0_usize);
    loop {
        let kind = lexer.next_token();
        newlines += usize::from(matches!(kind, TokenKind::Newline | TokenKind::NonLogicalNewline));
        match kind {
            TokenKind::EndOfFile => return None,
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            TokenKind::Newline | TokenKind::Semi => {
                levels = vec![Level::default()];
                depth = 0;
            }
            TokenKind::Comma => {
                if let Some(level) = levels.last_mut() {
                    depth = depth.saturating_sub(level.since_comma);
                    level.since_comma = 0;
                }
            }
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace | TokenKind::FStringStart | TokenKind::TStringStart => {
                levels.push(Level::default());
                depth += 1;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace | TokenKind::FStringEnd | TokenKind::TStringEnd => {
                if levels.len() > 1 {
                    // The bracket stays as one level of a chain of calls or subscripts.
                    let closed = levels.pop().unwrap_or_default();
                    depth = depth.saturating_sub(closed.since_comma + closed.lambdas);
                    if let Some(level) = levels.last_mut() {
                        level.since_comma += 1;
                    }
                }
            }
            TokenKind::Lambda => {
                if let Some(level) = levels.last_mut() {
                    level.lambdas += 1;
                }
                depth += 1;
            }
            TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::String
            | TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::FStringMiddle
            | TokenKind::TStringMiddle => {}
            _ => {
                if let Some(level) = levels.last_mut() {
                    level.since_comma += 1;
                }
                depth += 1;
            }
        }
        if depth > MAX_EXPRESSION_DEPTH || blocks > MAX_BLOCK_DEPTH {
            return Some(newlines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u32, end: u32) -> TextRange {
        TextRange::new(TextSize::new(start), TextSize::new(end))
    }

    #[test]
    fn columns_count_characters_from_one() {
        let text = Text::new("a.py".to_owned(), "é = 1\r\nb = 2\rc = 3\n".to_owned());
        assert_eq!(text.location(range(0, 2)).to_string(), "a.py:1:1");
        assert_eq!(text.location(range(3, 4)).to_string(), "a.py:1:3");
        assert_eq!(text.location(range(8, 9)).to_string(), "a.py:2:1");
        assert_eq!(text.location(range(14, 15)).to_string(), "a.py:3:1");
        assert_eq!(text.location(range(3, 4)).end_column, Some(4));
        assert_eq!(text.location(range(3, 9)).end_column, None, "an end on another line is omitted");
    }

    #[test]
    fn a_byte_order_mark_is_not_a_column() {
        let text = Text::new("a.py".to_owned(), "\u{feff}x = 1".to_owned());
        assert_eq!(text.location(range(3, 4)).to_string(), "a.py:1:1");
    }

    #[test]
    fn nesting_is_bounded_in_every_direction() {
        let deep = 2000;
        for text in [
            format!("x = {}{}", "(".repeat(deep), ")".repeat(deep)),
            format!("x = {}{}", "[1, ".repeat(deep), "]".repeat(deep)),
            format!("x = {}1", "-".repeat(deep)),
            format!("x = {}1", "not ".repeat(deep)),
            format!("x = {}1", "1 + ".repeat(deep)),
            format!("x = {}1", "1 ** ".repeat(deep)),
            format!("x = y{}", ".a".repeat(deep)),
            format!("x = y{}", "()".repeat(deep)),
            format!("x = y{}", "[0]".repeat(deep)),
            format!("x = {}1", "lambda a, b: ".repeat(deep)),
            format!("x = {}1", "1 if 1 else ".repeat(deep)),
            format!("x = {}", "{1: ".repeat(deep)),
            (0..deep).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect(),
        ] {
            assert!(too_deep(&text).is_some(), "{}", &text[..40]);
        }
    }

    #[test]
    fn long_files_are_not_deeply_nested() {
        let rows = "    [1, -2, 'a' + 'b', f(x)[0].y],\n".repeat(5000);
        assert_eq!(too_deep(&format!("x = [\n{rows}]\n")), None);
        assert_eq!(too_deep(&"if x: y = f(x).z\n".repeat(5000)), None);
        assert_eq!(too_deep(&format!("x = '{}'", "(".repeat(5000))), None);
    }
}
