//! Cutting quoted text.

/// At most `limit_bytes` of `text`, cut between characters; `…` marks a cut.
pub(crate) fn shorten(text: &str, limit_bytes: usize) -> String {
    if text.len() <= limit_bytes {
        return text.to_owned();
    }
    let kept = limit_bytes.saturating_sub('…'.len_utf8());
    format!("{}…", &text[..text.floor_char_boundary(kept)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(shorten("äöü", 6), "äöü");
        assert_eq!(shorten("äöüß", 7), "äö…");
    }
}
