//! What a terminal or a page shows of a text: escape sequences and characters that have no form of their own are invisible.

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
    is_control(character) || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{fffd}')
}

/// Skips the rest of an escape sequence, after its ESC: a control sequence, or a command up to its terminator. Returns whether it was
/// complete.
pub fn skip_sequence(characters: &mut Peekable<CharIndices<'_>>) -> bool {
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
            other if is_invisible(other) => {}
            other => visible.characters.push((place, other)),
        }
    }
    Some(visible)
}

#[cfg(test)]
mod tests {
    use super::*;

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
