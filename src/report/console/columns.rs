//! Text measured in columns of a terminal: most letters take one, those of Chinese, Japanese and Korean and most emoji take two.
//!
//! Escape sequences of our own colors take none. Where lines break is up to `style`.

use unicode_width::UnicodeWidthChar;

/// The columns that a line takes.
pub(crate) fn columns(text: &str) -> usize {
    letters(text).map(|(_, _, columns)| columns).sum()
}

/// A line of at most `room` columns. A longer one ends in `…`, after its last whole word if that leaves enough of it.
pub(crate) fn fitted(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let (mut used, mut end, mut word_end) = (0, 0, 0);
    for (at, letter, columns) in letters(text) {
        end = at;
        if letter == ' ' && used > 0 {
            word_end = at;
        }
        used += columns;
        // The last column is for the sign.
        if used >= room {
            break;
        }
    }
    let word = text.get(..word_end).unwrap_or_default().trim_end();
    let head = if columns(word) > room / 2 { word } else { text.get(..end).unwrap_or_default().trim_end() };
    if room == 0 { String::new() } else { format!("{head}…") }
}

/// The visible letters: where each starts, and the columns it takes.
pub(super) fn letters(text: &str) -> impl Iterator<Item = (usize, char, usize)> {
    let mut is_color = false;
    text.char_indices().filter_map(move |(at, letter)| {
        let is_hidden = is_color || letter == '\u{1b}';
        is_color = is_hidden && letter != 'm';
        (!is_hidden).then(|| (at, letter, letter.width().unwrap_or(1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_take_two_columns_and_colors_none() {
        assert_eq!(columns("日本語 ok"), 9);
        assert_eq!(columns("\u{1b}[1;31mfailed\u{1b}[0m"), 6);
        assert_eq!(columns("e\u{301}"), 1, "a combining accent");
    }

    #[test]
    fn a_long_line_ends_after_a_word() {
        assert_eq!(fitted("the harbor at night", 19), "the harbor at night");
        assert_eq!(fitted("the harbor at night", 18), "the harbor at…");
        assert_eq!(fitted("the harbor at night", 15), "the harbor at…");
        assert_eq!(fitted("the harbor at night", 14), "the harbor at…");
        assert_eq!(fitted("the harbor at night", 13), "the harbor…");
    }

    #[test]
    fn a_long_word_is_cut() {
        assert_eq!(fitted("a manylinux_2_28_x86_64.whl", 16), "a manylinux_2_2…");
        assert_eq!(fitted("夜の港と橋の景色", 8), "夜の港…");
        for room in 0..20 {
            assert!(columns(&fitted("夜の港 a harbor", room)) <= room, "{room}");
        }
    }
}
