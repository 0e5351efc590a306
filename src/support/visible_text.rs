//! What a terminal or a page shows of a text: escape sequences and characters that have no form of their own are invisible.

use std::iter::Peekable;
use std::str::CharIndices;

/// Whether a character is a control character, or an invisible one that reorders text.
pub fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a character takes no space where text is shown.
fn is_invisible(character: char) -> bool {
    is_control(character) || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
}

/// Skips the rest of an escape sequence, after its ESC: a control sequence, or a command up to its terminator.
pub fn skip_sequence(characters: &mut Peekable<CharIndices<'_>>) {
    match characters.peek().map(|(_, character)| *character) {
        Some('[') => {
            characters.next();
            for (_, character) in characters.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&character) {
                    break;
                }
            }
        }
        Some(']' | 'P' | '_' | '^' | 'X') => {
            let mut before = ' ';
            for (_, character) in characters.by_ref() {
                if character == '\u{7}' || (before == '\u{1b}' && character == '\\') {
                    break;
                }
                before = character;
            }
        }
        Some(_) => {
            characters.next();
        }
        None => {}
    }
}

/// The visible characters of a text with their places in it, in bytes. Line breaks count as visible. `None` if all are visible.
pub fn visible(text: &str) -> Option<Vec<(usize, char)>> {
    if !text.chars().any(|character| is_invisible(character) && character != '\n') {
        return None;
    }
    let mut shown = Vec::with_capacity(text.len());
    let mut characters = text.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        match character {
            '\n' => shown.push((place, character)),
            '\u{1b}' => skip_sequence(&mut characters),
            other if is_invisible(other) => {}
            other => shown.push((place, other)),
        }
    }
    Some(shown)
}
