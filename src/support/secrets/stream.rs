//! Hides secrets in output that arrives piece by piece.

use std::ops::Range;

use super::occurrences::Occurrences;
use super::redactor::{Redactor, hide};

/// More text than this is not held back.
const MAX_HELD_BYTES: usize = 64 * 1024;

/// Output of which the end is held back as long as it may be the beginning of a secret, or is that of an escape sequence.
#[derive(Debug)]
pub struct RedactedStream {
    redactor: Redactor,
    held: String,
}

impl Redactor {
    /// Output that arrives piece by piece.
    pub fn stream(&self) -> RedactedStream {
        RedactedStream { redactor: self.clone(), held: String::new() }
    }
}

impl RedactedStream {
    /// Takes the next piece, and returns the text that is ready to be shown: as much as cannot be a part of a secret that goes on.
    pub fn push(&mut self, piece: &str) -> String {
        self.take(piece, false)
    }

    /// Takes the next line, and returns the lines that are ready to be shown.
    pub fn push_line(&mut self, line: &str) -> Vec<String> {
        lines(&self.take(&format!("{line}\n"), true))
    }

    fn take(&mut self, piece: &str, whole_lines: bool) -> String {
        self.held.push_str(piece);
        let search = self.redactor.search();
        if search.is_empty() {
            return std::mem::take(&mut self.held);
        }
        let occurrences = Occurrences::of(&self.held, &search);
        let spans = occurrences.spans();
        let mut open = occurrences.open_end().unwrap_or(self.held.len());
        let visible_end = occurrences.visible_end();
        loop {
            if whole_lines {
                open = self.held[..open].rfind('\n').map_or(0, |place| place + 1);
            }
            // A secret must not be cut in two, and one at the end of what is visible may go on.
            let may_go_on = |span: &&Range<usize>| span.start < open && (open <= span.end || span.end == visible_end);
            let Some(cut) = spans.iter().find(may_go_on) else { break };
            open = cut.start;
        }
        if self.held.len() - open > MAX_HELD_BYTES {
            return self.finish();
        }
        let rest = self.held.split_off(open);
        hide(&std::mem::replace(&mut self.held, rest), &search)
    }

    /// The rest: nothing follows.
    pub fn finish(&mut self) -> String {
        hide(&std::mem::take(&mut self.held), &self.redactor.search())
    }

    /// The rest as lines.
    pub fn finish_lines(&mut self) -> Vec<String> {
        lines(&self.finish())
    }
}

fn lines(text: &str) -> Vec<String> {
    text.split_terminator('\n').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;
    use crate::support::visible_text::visible;

    const SECRET: &str = "sk-live-0123456789+/?~";

    /// Everything that a stream shows of a text that arrives in these pieces.
    fn shown<'a>(redactor: &Redactor, pieces: impl IntoIterator<Item = &'a str>) -> String {
        let mut stream = redactor.stream();
        let mut shown: String = pieces.into_iter().map(|piece| stream.push(piece)).collect();
        shown.push_str(&stream.finish());
        shown
    }

    /// Cuts a text at these places, as fractions of its length.
    fn pieces<'a>(text: &'a str, cuts: &[f64]) -> Vec<&'a str> {
        let length = u32::try_from(text.len()).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the text")]
        let mut places: Vec<usize> =
            cuts.iter().map(|cut| text.floor_char_boundary((f64::from(length) * cut) as usize)).chain([0, text.len()]).collect();
        places.sort_unstable();
        places.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect()
    }

    /// What may interrupt a secret without being visible.
    fn interruption() -> impl Strategy<Value = String> {
        prop_oneof![
            "\u{1b}\\[[0-9;]{0,5}[mKJHs]",
            "\u{1b}\\]8;;[a-z:/.]{0,12}(\u{7}|\u{1b}\\\\)",
            "\u{1b}[PX_^][a-z]{0,5}\u{1b}\\\\",
            "\u{1b}[c78=]",
            "\u{9b}[0-9;]{0,5}[mK]",
            "[\u{34f}\u{115f}\u{180e}\u{3164}\u{fe0f}\u{fffa}\u{e0041}\u{e01ef}]{1,3}",
            "[\r\u{8}\u{0}\u{ad}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}\u{2066}-\u{2069}\u{feff}\u{61c}]{1,3}",
        ]
    }

    /// A secret in one of its forms, with interruptions.
    fn interrupted() -> impl Strategy<Value = (String, String, String)> {
        let secret = "[a-zA-Z0-9+/?~_-]{12,40}".prop_filter("strong", |secret| super::super::weakness(secret.as_bytes()).is_none());
        (secret, 0..3, prop::collection::vec((0.1..0.9, interruption()), 0..4)).prop_map(|(secret, form, interruptions)| {
            let whole = match form {
                0 => secret.clone(),
                1 => STANDARD.encode(&secret),
                _ => hex::encode(&secret),
            };
            let cuts: Vec<f64> = interruptions.iter().map(|(place, _)| *place).collect();
            let between = interruptions.iter().map(|(_, text)| text.as_str()).chain([""]);
            let text = pieces(&whole, &cuts).into_iter().zip(between).flat_map(|(part, text)| [part, text]).collect();
            (secret, whole, text)
        })
    }

    proptest! {
        // A debug build searches slowly.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_secret_in_two_pieces_is_hidden(before in "[a-z sk-]{0,40}", behind in "[a-z sk-]{0,40}", at in 0.0..1.0) {
            let text = format!("{before}|{SECRET}|{behind}");
            prop_assert_eq!(shown(&Redactor::of([SECRET]), pieces(&text, &[at])), format!("{before}|***|{behind}"));
        }

        /// Also one that something invisible interrupts. Everything else comes out unchanged.
        #[test]
        fn a_secret_is_hidden_wherever_it_is_cut_and_interrupted(
            (secret, whole, text) in interrupted(),
            around in prop::collection::vec("([a-z é.,]{0,6}|\n)", 2),
            noise in interruption(),
            cuts in prop::collection::vec(0.0..1.0, 0..6),
        ) {
            let redactor = Redactor::of([&secret]);
            let all = format!("{}{noise}|{text}|{}", around[0], around[1]);
            let shown = shown(&redactor, pieces(&all, &cuts));
            prop_assert_eq!(&shown, &format!("{}{noise}|***|{}", around[0], around[1]));
            let visible: String = visible(&shown).map_or(shown.clone(), |visible| visible.characters.iter().map(|(_, character)| character).collect());
            prop_assert!(!visible.contains(&whole) && !visible.contains(&secret));
        }

        /// A text in pieces is shown like the text as a whole, so what holds for that holds for the pieces.
        #[test]
        fn pieces_are_hidden_like_the_whole(text in "(sk|live|-|0123456789|[+/?~]{4}|c2stbGl2ZS0|[\n …é]|\u{1b}\\[[0-9]?[ms]|\u{200b}|\r){0,12}", cuts in prop::collection::vec(0.0..1.0, 0..6)) {
            let redactor = Redactor::of([SECRET, "-0123456789", "live-sk-live"]);
            for text in [text.clone(), format!("{text}{SECRET}{text}"), format!("{SECRET}{SECRET}{text}")] {
                prop_assert_eq!(shown(&redactor, pieces(&text, &cuts)), redactor.text(&text).into_inner());
            }
        }
    }

    #[test]
    fn lines_with_colors_are_hidden_as_one_text() {
        let encoded = STANDARD.encode(format!("{}{SECRET}{}", "a".repeat(50), "z".repeat(50)));
        let lines: Vec<String> =
            encoded.as_bytes().chunks(76).map(|line| format!("\u{1b}[32m{}\u{1b}[0m", String::from_utf8_lossy(line))).collect();
        let mut stream = Redactor::of([SECRET]).stream();
        let mut shown: Vec<String> = lines.iter().flat_map(|line| stream.push_line(line)).collect();
        shown.extend(stream.finish_lines());
        let all = shown.join("\n");
        assert!(all.contains("***") && !all.contains(&encoded[70..76]) && !all.contains(&encoded[76..90]), "{all:?}");
    }

    #[test]
    fn a_secret_in_many_pieces_is_hidden() {
        let mut stream = Redactor::of([SECRET]).stream();
        let mut shown: String = format!("a {SECRET} b").chars().map(|letter| stream.push(&letter.to_string())).collect();
        shown.push_str(&stream.finish());
        assert_eq!(shown, "a *** b");
    }

    #[test]
    fn base64_that_is_wrapped_over_lines_of_a_log_is_hidden() {
        let encoded = STANDARD.encode(format!("{}{SECRET}{}", "a".repeat(50), "z".repeat(50)));
        let (first, rest) = encoded.split_at(76);
        let mut stream = Redactor::of([SECRET]).stream();
        let mut shown = stream.push_line("before");
        for line in [first, rest, "behind"] {
            shown.extend(stream.push_line(line));
        }
        shown.extend(stream.finish_lines());
        let all = shown.join("\n");
        assert!(all.starts_with("before\n") && all.ends_with("\nbehind") && all.contains("***"), "{all}");
        assert!(!all.contains(&encoded[70..76]) && !all.contains(&encoded[76..90]), "{all}");
    }

    #[test]
    fn an_encoded_secret_may_go_on_behind_something_invisible() {
        let encoded = STANDARD.encode("?-+~Aa??+0-_+A0a");
        let (first, rest) = encoded.split_at(21);
        let redactor = Redactor::of(["?-+~Aa??+0-_+A0a"]);
        for between in ["", "\u{feff}", "\u{feff}\u{2060}", "\u{1b}[0m", "\u{1b}[0m\r", "\u{9b}31m"] {
            for cut in (0..=between.len()).filter(|cut| between.is_char_boundary(*cut)) {
                let (before, behind) = between.split_at(cut);
                let pieces = [format!("|{first}{before}"), format!("{behind}{rest}|")];
                assert_eq!(shown(&redactor, pieces.iter().map(String::as_str)), "|***|", "{between:?} at {cut}");
            }
        }
    }

    #[test]
    fn a_line_that_cannot_be_a_secret_is_shown_at_once() {
        let mut stream = Redactor::of([SECRET]).stream();
        assert_eq!(stream.push_line("Step 1 of 3"), ["Step 1 of 3"]);
        assert_eq!(stream.push_line(""), [""]);
        assert_eq!(stream.finish_lines(), [""; 0]);
    }
}
