//! Text for messages: the nearest known name, plurals, quoting, and cutting long text.

/// Finds the known name closest to `word`, if it is close enough to be a typo of it.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&word, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(3) / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A number with its noun: `1 case`, `2 cases`.
pub fn count(number: usize, singular: &str) -> String {
    match number {
        1 => format!("1 {singular}"),
        _ => format!("{number} {singular}s"),
    }
}

/// Puts a value in double quotes for a Dockerfile or a shell, with `"`, `$` and backslash escaped.
pub fn double_quoted(value: &str) -> String {
    let mut quoted = String::from('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\' | '$') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// Cuts `text` to at most `limit_bytes`, at a character boundary and with a `…` at the end.
pub fn shorten(text: &str, limit_bytes: usize) -> String {
    if text.len() <= limit_bytes {
        return text.to_owned();
    }
    let room = limit_bytes.saturating_sub('…'.len_utf8());
    format!("{}…", &text[..text.floor_char_boundary(room)])
}

pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped() {
        assert_eq!(double_quoted("predict.py:Predictor"), "\"predict.py:Predictor\"");
        assert_eq!(double_quoted("a$b\"c\\"), r#""a\$b\"c\\""#);
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(nearest("tset_cases", ["test_cases", "fuzz"]), Some("test_cases"));
        assert_eq!(nearest("zebra", ["test_cases", "fuzz"]), None);
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(shorten("äöü", 6), "äöü");
        assert_eq!(shorten("äöüß", 7), "äö…");
    }

    #[test]
    fn the_last_lines_are_kept() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
    }
}
