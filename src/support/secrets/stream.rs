//! Hides secrets in output that arrives piece by piece.

use super::redactor::{Redactor, hide};

/// More text than this is not held back.
const MAX_HELD_BYTES: usize = 64 * 1024;

/// Output of which the end is held back as long as it may be the beginning of a secret.
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
        let bytes = self.held.as_bytes();
        let spans = search.spans(bytes);
        let mut open = search.open_end(bytes).unwrap_or(bytes.len());
        loop {
            if whole_lines {
                open = bytes[..open].iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
            }
            // A secret that ends in what is held must not be cut in two.
            let Some(cut) = spans.iter().find(|span| span.start < open && open < span.end) else { break };
            open = cut.start;
        }
        if bytes.len() - open > MAX_HELD_BYTES {
            return self.finish();
        }
        let open = (0..=open).rev().find(|place| self.held.is_char_boundary(*place)).unwrap_or_default();
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

    const SECRET: &str = "sk-live-0123456789+/?~";

    proptest! {
        #[test]
        fn a_secret_in_two_pieces_is_hidden(before in "[a-z sk-]{0,40}", behind in "[a-z sk-]{0,40}", at in 0usize..100) {
            let text = format!("{before}|{SECRET}|{behind}");
            let at = at.min(text.len());
            let mut stream = Redactor::of([SECRET]).stream();
            let mut shown = stream.push(&text[..at]);
            shown.push_str(&stream.push(&text[at..]));
            shown.push_str(&stream.finish());
            prop_assert_eq!(shown, format!("{before}|***|{behind}"));
        }
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
    fn a_line_that_cannot_be_a_secret_is_shown_at_once() {
        let mut stream = Redactor::of([SECRET]).stream();
        assert_eq!(stream.push_line("Step 1 of 3"), ["Step 1 of 3"]);
        assert_eq!(stream.push_line(""), [""]);
        assert_eq!(stream.finish_lines(), [""; 0]);
    }
}
