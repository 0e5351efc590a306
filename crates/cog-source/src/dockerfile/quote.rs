//! Values in shell lines, `ENV` and `COPY`.

/// A word for a shell line: unchanged when harmless, else in single quotes.
pub(super) fn shell_word(text: &str) -> String {
    let is_harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_harmless) && !text.starts_with('=') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The value of an `ENV` pair.
///
/// Cog writes values unquoted, so that `a b` breaks its Dockerfile while `"a b"` works. Values that work there stay unchanged and keep
/// their meaning. Others are quoted. `$NAME` is replaced in both.
pub(super) fn env_value(value: &str) -> String {
    if is_one_word(value) {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// Whether Docker reads the text as a single word: quotes in pairs, blanks only within them or behind a backslash.
fn is_one_word(text: &str) -> bool {
    let (mut quote, mut is_escaped) = (None, false);
    for character in text.chars() {
        match (quote, character) {
            _ if is_escaped => is_escaped = false,
            (None | Some('"'), '\\') => is_escaped = true,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None, blank) if blank.is_whitespace() => return false,
            _ => {}
        }
    }
    quote.is_none() && !is_escaped
}

/// Source and destination of a `COPY`, in the form that allows blanks. Patterns and variables are escaped.
pub(super) fn copy_words(source: &str, destination: &str) -> String {
    let mut pattern = String::new();
    for character in source.chars() {
        match character {
            '*' | '?' | '[' => pattern.extend(['[', character, ']']),
            '$' => pattern.push_str(r"\$"),
            other => pattern.push(other),
        }
    }
    serde_json::json!([pattern, destination.replace('$', r"\$")]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_words_stay_unquoted() {
        for word in ["ffmpeg", "libgl1", "g++", "python3.11-dev", "foo=1.2-3", "a/b_c:d@e,f%"] {
            assert_eq!(shell_word(word), word);
        }
        for (word, quoted) in
            [("a b", "'a b'"), ("foo=1.*", "'foo=1.*'"), ("a;b", "'a;b'"), ("it's", r"'it'\''s'"), ("", "''"), ("$X", "'$X'")]
        {
            assert_eq!(shell_word(word), quoted);
        }
    }

    #[test]
    fn environment_values_that_work_in_cog_stay_unchanged() {
        for value in ["1", "", "/src/cache", "https://x/?a=b", "\"a b\"", "'a b'", r"a\ b", "$HOME/x", "a\"b c\"d", "#x"] {
            assert_eq!(env_value(value), value);
        }
    }

    #[test]
    fn environment_values_that_break_in_cog_are_quoted() {
        for (value, quoted) in [
            ("a b", r#""a b""#),
            ("say \"hi\" now", r#""say \"hi\" now""#),
            ("it's", r#""it's""#),
            ("trailing\\", r#""trailing\\""#),
            ("tab\there", "\"tab\there\""),
        ] {
            assert_eq!(env_value(value), quoted);
        }
    }

    #[test]
    fn copied_paths_are_not_patterns() {
        assert_eq!(copy_words("a b", "/src/a b"), r#"["a b","/src/a b"]"#);
        assert_eq!(copy_words("w[1]*", "/src/w[1]*"), r#"["w[[]1][*]","/src/w[1]*"]"#);
        assert_eq!(copy_words("a$b", "/src/a$b"), r#"["a\\$b","/src/a\\$b"]"#);
    }
}
