//! Byte offsets to lines and columns.

use ruff_text_size::TextRange;

use crate::domain::finding::Location;

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
        Self { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The place of a range. Columns count characters, as editors and compilers do.
    pub(super) fn locate(&self, file: &str, text: &str, range: TextRange) -> Location {
        let (line, column) = self.position(text, range.start().to_usize());
        let (end_line, end_column) = self.position(text, range.end().to_usize());
        let location = Location::at(file, line, column);
        if end_line == line && end_column > column { location.until_column(end_column) } else { location }
    }

    fn position(&self, text: &str, offset: usize) -> (u32, u32) {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let column = text[start..offset].chars().count();
        (to_number(line + 1), to_number(column + 1))
    }
}

fn to_number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a\nü = x\n";
        let at = |start: u32, end: u32| Lines::of(text).locate("f.py", text, TextRange::new(start.into(), end.into()));
        assert_eq!(at(0, 1), Location::at("f.py", 1, 1).until_column(2));
        assert_eq!(at(2, 4), Location::at("f.py", 2, 1).until_column(2));
        assert_eq!(at(7, 8), Location::at("f.py", 2, 5).until_column(6));
        assert_eq!(at(0, 5), Location::at("f.py", 1, 1));
        assert_eq!(at(900, 901), Location::at("f.py", 3, 1));
    }
}
