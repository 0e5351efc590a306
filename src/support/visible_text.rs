//! What a terminal or a page shows of a text: escape sequences and characters that have no form of their own are invisible.

use std::borrow::Cow;
use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

/// Whether a character is a control character, or an invisible one that reorders text.
pub fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a character takes no space where text is shown, or stands for one that reports have replaced.
fn is_invisible(character: char) -> bool {
    is_control(character) || is_ignorable(character) || matches!(character, '\u{fff9}'..='\u{fffb}' | '\u{fffd}')
}

/// Unicode's `Default_Ignorable_Code_Point`, in version 16.
fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The control character that stands for `ESC [` where a terminal reads eight bits.
const SHORT_INTRODUCER: char = '\u{9b}';

/// How a text goes on behind [`SHORT_INTRODUCER`]. Few terminals interpret it, so only a color (`31m`) or the deletion of a line (`2K`) is
/// taken for a sequence.
enum ShortSequence {
    /// Of this many characters, each of one byte.
    Whole(usize),
    Unfinished,
    None,
}

fn short_sequence(behind: &str) -> ShortSequence {
    match behind.find(|character: char| !character.is_ascii_digit() && character != ';') {
        None => ShortSequence::Unfinished,
        Some(end) if behind[end..].starts_with(['m', 'K']) => ShortSequence::Whole(end + 1),
        Some(_) => ShortSequence::None,
    }
}

/// Skips the rest of an escape sequence, after its ESC: a control sequence, or a command up to its terminator. Returns whether it was
/// complete.
fn skip_sequence(characters: &mut Peekable<CharIndices<'_>>) -> bool {
    match characters.next().map(|(_, character)| character) {
        Some('[') => characters.any(|(_, character)| ('\u{40}'..='\u{7e}').contains(&character)),
        Some(']' | 'P' | '_' | '^' | 'X') => {
            let mut before = ' ';
            characters.any(|(_, character)| {
                let is_terminator = character == '\u{7}' || (before == '\u{1b}' && character == '\\');
                before = character;
                is_terminator
            })
        }
        Some(_) => true,
        None => false,
    }
}

/// What is visible of a text.
#[derive(Debug, Default)]
pub struct Visible {
    /// The visible characters with their places in the text, in bytes. Line breaks count as visible.
    pub characters: Vec<(usize, char)>,
    /// Where an escape sequence starts that the text ends in the middle of.
    pub unfinished: Option<usize>,
    /// The invisible parts of more than one character.
    pub sequences: Vec<Range<usize>>,
}

/// What is visible of a text. `None` if all is.
pub fn visible(text: &str) -> Option<Visible> {
    if !text.chars().any(|character| is_invisible(character) && character != '\n') {
        return None;
    }
    let mut visible = Visible { characters: Vec::with_capacity(text.len()), ..Visible::default() };
    let mut characters = text.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        match character {
            '\n' => visible.characters.push((place, character)),
            '\u{1b}' => {
                if !skip_sequence(&mut characters) {
                    visible.unfinished = Some(place);
                }
                visible.sequences.push(place..characters.peek().map_or(text.len(), |(next, _)| *next));
            }
            SHORT_INTRODUCER => match short_sequence(&text[place + character.len_utf8()..]) {
                ShortSequence::Whole(length) => {
                    characters.by_ref().take(length).for_each(drop);
                    visible.sequences.push(place..place + character.len_utf8() + length);
                }
                ShortSequence::Unfinished => visible.unfinished = Some(place),
                ShortSequence::None => {}
            },
            other if is_invisible(other) => {}
            other => visible.characters.push((place, other)),
        }
    }
    Some(visible)
}

/// Replaces a character that must not be shown.
pub const REPLACEMENT: char = '\u{fffd}';

/// A text for a terminal or a plain log. Keeps line breaks and tabs; drops other control characters and those that change the text
/// direction.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_control(c) && !matches!(c, '\n' | '\t')) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        match character {
            '\n' | '\t' => kept.push(character),
            '\r' if characters.peek().is_some_and(|(_, next)| *next == '\n') => {}
            // A progress bar that redraws its line becomes several lines.
            '\r' => kept.push('\n'),
            '\u{1b}' => {
                skip_sequence(&mut characters);
            }
            SHORT_INTRODUCER => match short_sequence(&text[place + character.len_utf8()..]) {
                ShortSequence::Whole(length) => characters.by_ref().take(length).for_each(drop),
                ShortSequence::Unfinished | ShortSequence::None => kept.push(REPLACEMENT),
            },
            other if is_control(other) => kept.push(REPLACEMENT),
            other => kept.push(other),
        }
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_of_eight_bits_is_invisible_and_other_text_behind_its_sign_is_not() {
        let shown = |text: &str| {
            let found = visible(text).unwrap();
            (found.characters.iter().map(|(_, character)| *character).collect::<String>(), found.unfinished, found.sequences)
        };
        assert_eq!(shown("ab\u{9b}1;31mc"), ("abc".to_owned(), None, std::iter::once(2..9).collect()));
        assert_eq!(shown("ab\u{9b}0123+c"), ("ab0123+c".to_owned(), None, Vec::new()));
        assert_eq!(shown("ab\u{9b}31"), ("ab31".to_owned(), Some(2), Vec::new()));
        assert_eq!(printable("\u{9b}31mred\u{9b}0m \u{9b}31"), "red \u{fffd}31");
    }

    #[test]
    fn a_sequence_counts_as_unfinished_until_its_last_character() {
        for sequence in ["\u{1b}[1;31m", "\u{1b}]8;;https://x\u{7}", "\u{1b}]0;title\u{1b}\\", "\u{1b}c", "\u{1b}Pq\u{1b}\\"] {
            for (end, _) in sequence.char_indices().skip(1) {
                let found = visible(&format!("ab{}", &sequence[..end])).unwrap();
                assert_eq!((found.unfinished, found.characters.len()), (Some(2), 2), "{:?}", &sequence[..end]);
            }
            let found = visible(&format!("ab{sequence}c")).unwrap();
            assert_eq!(
                (found.unfinished, &found.sequences[..]),
                (None, std::slice::from_ref(&(2..2 + sequence.len()))),
                "{sequence:?}"
            );
            assert_eq!(found.characters, [(0, 'a'), (1, 'b'), (2 + sequence.len(), 'c')]);
        }
    }
}
