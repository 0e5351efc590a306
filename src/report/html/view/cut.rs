//! Shortens and cleans texts for the page, and decides which URLs may be links.

use cog_findings::text::shorten;
use serde_json::Value;

use crate::report::escape;
use crate::report::json::v1::ErrorEntry;
use crate::report::measurement::size;

/// How long texts on a page may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) text_bytes: usize,
}

impl Cut {
    /// Removes control characters, and cuts the text with a note of its full size. The template escapes HTML.
    pub(super) fn text(self, text: &str) -> String {
        if text.len() <= self.text_bytes {
            return escape::printable(text).into_owned();
        }
        let head = &text[..text.floor_char_boundary(self.text_bytes)];
        format!("{}… (cut: {} in total)", escape::printable(head), size(text.len() as u64))
    }

    pub(super) fn line(self, text: &str) -> String {
        escape::line(&self.text(text))
    }

    pub(super) fn error(self, error: &ErrorEntry) -> ErrorEntry {
        ErrorEntry { message: self.text(&error.message), hint: error.hint.as_deref().map(|hint| self.text(hint)) }
    }

    /// A string unchanged, any other value as JSON on several lines.
    pub(super) fn value(self, value: &Value) -> String {
        match value {
            Value::String(text) => self.text(text),
            other => self.text(&serde_json::to_string_pretty(other).unwrap_or_else(|_unprintable| other.to_string())),
        }
    }

    /// A value on one line, for a table.
    pub(super) fn short_value(self, value: &Value) -> String {
        shorten(&self.line(&value.to_string()), 300)
    }
}

/// Whether a text is a URL that may be a link. A URL with masked parts may not.
pub(super) fn is_web_address(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && url.len() <= 2000
        && !url.contains("***")
        && !url.contains(|c: char| c.is_control() || c.is_whitespace())
        && escape::printable(url) == url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_says_how_long_it_was() {
        let cut = Cut { text_bytes: 4 };
        assert_eq!(cut.text("abcd"), "abcd");
        assert_eq!(cut.text("abcé and more"), "abc… (cut: 14 bytes in total)");
        assert_eq!(Cut { text_bytes: 8 }.text("a\u{202e}b"), "a\u{fffd}b");
    }

    #[test]
    fn only_complete_web_urls_are_links() {
        assert!(is_web_address("https://replicate.delivery/x/out.png"));
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://x/a b",
            "https://x/?signature=***",
            "https://x/\u{202e}gnp",
            " https://x",
        ] {
            assert!(!is_web_address(url), "{url}");
        }
    }
}
