//! Escapes untrusted text for the place where it goes.
//!
//! Outputs, logs and errors come from models, names and messages from repositories. In Markdown they go into code fences longer than any
//! run of backticks inside, or into table cells with everything escaped that GitHub interprets:
//! `docs/reference/github-actions.md#what-markdown-may-contain`.

use std::fmt::Write as _;

use crate::support::visible_text::REPLACEMENT;
pub(crate) use crate::support::visible_text::printable;

/// A zero-width space. It separates characters that GitHub would read together.
const INVISIBLE: &str = "&#8203;";

/// Escapes text for one line of a terminal or a plain log.
pub(crate) fn line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One line of Markdown, also within a table or between HTML tags, without formatting, links, mentions or references.
///
/// Character references work in Markdown and in HTML; a backslash would be visible between HTML tags. GitHub looks for mentions and issue
/// references in the rendered page, where a character reference is the character again. So an invisible space follows the sign.
pub(crate) fn markdown(text: &str) -> String {
    let text = line(text);
    let mut escaped = String::with_capacity(text.len() + 8);
    for (index, character) in text.char_indices() {
        let is_special = match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '@' | '#' | '<' | '>' | '&' => true,
            ':' => text[index..].starts_with("://"),
            '.' => text[..index].ends_with("www"),
            _ => false,
        };
        if is_special {
            // Writing to a String cannot fail.
            let _infallible = write!(escaped, "&#{};", u32::from(character));
        } else {
            escaped.push(character);
        }
        if matches!(character, '@' | '#') || character == '-' && is_reference(&text[..=index], &text[index + 1..]) {
            escaped.push_str(INVISIBLE);
        }
    }
    escaped
}

/// One line of Markdown that keeps the code spans of our own sentences. Everything outside and inside of them is shown as it is.
pub(crate) fn prose(text: &str) -> String {
    let text = line(text);
    let parts: Vec<&str> = text.split('`').collect();
    // An odd one has no partner. Neither has one of a longer fence, which untrusted text may hold.
    if parts.len().is_multiple_of(2) || text.contains("``") {
        return markdown(&text);
    }
    let around = |part: &str| {
        let space = |is_there| if is_there { " " } else { "" };
        let (before, behind) = (space(part.starts_with(' ')), space(part.len() > 1 && part.ends_with(' ')));
        format!("{before}{}{behind}", markdown(part))
    };
    parts.iter().enumerate().map(|(index, part)| if index.is_multiple_of(2) { around(part) } else { code(part) }).collect()
}

/// A link to a page of the services that reports are about; `None` for any other address.
pub(crate) fn link(label: &str, url: &str) -> Option<String> {
    let is_plain = url.starts_with("https://") && url.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#=&%+".contains(c));
    is_plain.then(|| format!("[{}]({url})", markdown(label)))
}

/// An image, shown within the page; `None` for an address that is not plain.
pub(crate) fn image(description: &str, url: &str) -> Option<String> {
    link(description, url).map(|link| format!("!{link}"))
}

/// A version as a link to its own page, where it can be tried. What does not have the form of a version is shown as it is.
pub(crate) fn version(version: &str) -> String {
    version_named(version, version)
}

/// A version as a link to its own page, shown as the first characters of its id.
pub(crate) fn short_version(version: &str) -> String {
    let id = version.split_once(':').map_or(version, |(_, id)| id);
    version_named(version, &id.chars().take(8).collect::<String>())
}

fn version_named(version: &str, label: &str) -> String {
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let page = version.split_once(':').filter(|(model, id)| {
        let parts = model.split_once('/');
        parts.is_some_and(|(owner, name)| is_word(owner) && is_word(name)) && is_word(id)
    });
    match page {
        Some((model, id)) => format!("[{}](https://replicate.com/{model}/versions/{id})", code(label)),
        None => code(label),
    }
}

/// Whether `before` and `behind` together read `GH-123`, which GitHub takes for an issue.
fn is_reference(before: &str, behind: &str) -> bool {
    let parts = before.len().checked_sub(3).and_then(|start| before.split_at_checked(start));
    let Some((rest, sign)) = parts else { return false };
    let is_word = sign.eq_ignore_ascii_case("GH-") && !rest.ends_with(char::is_alphanumeric);
    is_word && behind.starts_with(|c: char| c.is_ascii_digit())
}

/// Our own words for a cell of a table, which stay on one line.
pub(crate) fn unbroken(text: &str) -> String {
    text.replace(' ', "&nbsp;")
}

/// A code span that shows the text unchanged, on one line.
pub(crate) fn code(text: &str) -> String {
    let text = line(text).replace('|', "\\|");
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A fenced block that shows the text unchanged.
pub(crate) fn fenced(text: &str, language: &str) -> String {
    let text = printable(text);
    let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

fn longest_run(text: &str, wanted: char) -> usize {
    let (mut longest, mut current) = (0, 0);
    for character in text.chars() {
        current = if character == wanted { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    longest
}

/// Escapes text for XML 1.0, which cannot represent some characters.
pub(crate) fn xml(text: &str) -> String {
    printable(text).chars().map(|c| if matches!(c, '\u{fffe}' | '\u{ffff}') { REPLACEMENT } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::support::visible_text::is_control;

    #[test]
    fn a_terminal_gets_only_text() {
        for (text, safe) in [
            ("plain\ttext\n", "plain\ttext\n"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://evil\u{1b}\\link", "link"),
            ("a\r\nb", "a\nb"),
            ("10%\r20%", "10%\n20%"),
            ("x\u{8}y\u{0}", "x\u{fffd}y\u{fffd}"),
            ("abc\u{202e}fed", "abc\u{fffd}fed"),
            ("abc\u{61c}fed", "abc\u{fffd}fed"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(printable(text), safe, "{text:?}");
        }
    }

    #[test]
    fn markdown_shows_text_unchanged() {
        for (text, safe) in [
            ("two words", "two words"),
            ("@everyone", "&#64;&#8203;everyone"),
            ("fixes #12", "fixes &#35;&#8203;12"),
            ("gh-12 but high-12é", "gh-&#8203;12 but high-12é"),
            ("a|b", "a&#124;b"),
            ("</details>", "&#60;/details&#62;"),
            ("[x](javascript:y)", "&#91;x&#93;(javascript:y)"),
            ("https://evil.example", "https&#58;//evil.example"),
            ("www.evil.example", "www&#46;evil.example"),
            ("costs $5 or $6", "costs &#36;5 or &#36;6"),
            ("a\nb", "a b"),
            ("`code`", "&#96;code&#96;"),
        ] {
            assert_eq!(markdown(text), safe, "{text:?}");
        }
    }

    #[test]
    fn prose_keeps_its_code_spans_and_nothing_else() {
        for (text, safe) in [
            ("set `two_pass: true` or @me", "set `two_pass: true` or &#64;&#8203;me"),
            ("keep `a_b`", "keep `a_b`"),
            ("`a` `b`", "`a` `b`"),
            ("an odd ` one", "an odd &#96; one"),
            ("``x`` [y](z)", "&#96;&#96;x&#96;&#96; &#91;y&#93;(z)"),
            ("`</details>` <b>", "`</details>` &#60;b&#62;"),
        ] {
            assert_eq!(prose(text), safe, "{text:?}");
        }
    }

    #[test]
    fn only_a_plain_address_becomes_a_link() {
        assert_eq!(link("p", "https://replicate.com/p/x").as_deref(), Some("[p](https://replicate.com/p/x)"));
        assert_eq!(
            image("[live]", "https://github.com/x?raw=true").as_deref(),
            Some("![&#91;live&#93;](https://github.com/x?raw=true)")
        );
        assert_eq!(image("x", "data:image/png;base64,AA=="), None);
        for url in ["javascript:x", "http://x", "https://x/)(y", "https://x y"] {
            assert_eq!(link("p", url), None, "{url}");
        }
    }

    #[test]
    fn fences_are_longer_than_backticks_inside() {
        assert_eq!(fenced("x", ""), "```\nx\n```\n");
        assert_eq!(fenced("a ```` b", "text"), "`````text\na ```` b\n`````\n");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a|b"), "`a\\|b`");
    }

    proptest! {
        #[test]
        fn invisible_characters_are_removed(text in any::<String>()) {
            prop_assert!(!printable(&text).chars().any(|c| is_control(c) && !matches!(c, '\n' | '\t')));
        }

        #[test]
        fn mentions_and_tags_are_escaped(text in "[@#<>|`a-z/:. \n]{0,40}") {
            let escaped = markdown(&text);
            prop_assert!(!escaped.contains(['@', '<', '>', '\n']), "{escaped}");
            prop_assert!(!escaped.contains("://"), "{escaped}");
        }

        #[test]
        fn a_fence_is_closed_once(text in "[`a\n]{0,40}") {
            let block = fenced(&text, "");
            let fence = block.lines().next().unwrap();
            prop_assert_eq!(block.lines().filter(|line| line.contains(fence)).count(), 2);
        }
    }
}
