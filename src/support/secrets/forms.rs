//! The forms in which a secret appears: as it is, and in the encodings of logs, documents and images.
//!
//! | form | found |
//! |---|---|
//! | plain, and each line of a value of several lines | as it is |
//! | JSON | with and without the escapes of Go (`\u0026`), of HTML and of ASCII-only writers; once, and within a string of JSON |
//! | HTML | `&amp;` |
//! | URL | by the rules for queries, forms and paths, and each byte; both cases of digits |
//! | UTF-16 | both byte orders |
//! | Base64 | standard and URL-safe, from each of the three offsets; wrapped at any width |
//! | hex | both cases; with line breaks and spaces |
//!
//! Two encodings on top of each other, other than JSON within JSON, are not in this table.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::weakness::weakness;

/// The forms of one secret.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// Found as they are.
    pub(super) plain: Vec<Vec<u8>>,
    /// Found in text from which whitespace was taken: Base64 and hex, which tools wrap.
    pub(super) wrapped: Vec<Vec<u8>>,
}

/// The forms of a value as a whole, and of its lines if `counts` says so. Parts that are too short or common are left out.
pub(super) fn forms(value: &[u8], counts: fn(&[u8]) -> bool) -> Forms {
    let whole = value.trim_ascii();
    let mut parts = vec![whole];
    if whole.contains(&b'\n') {
        let lines = whole.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        parts.extend(lines.filter(|line| !is_frame(line) && counts(line)));
    }
    let mut found = Forms::default();
    for part in parts.into_iter().filter(|part| weakness(part).is_none()) {
        found.plain.push(part.to_vec());
        found.plain.extend(percent_encoded(part));
        if let Ok(text) = std::str::from_utf8(part) {
            found.plain.extend(escaped(text).into_iter().map(String::into_bytes));
            found.plain.extend(utf16(text));
        }
        found.wrapped.extend(base64(part));
        found.wrapped.extend([hex::encode(part).into_bytes(), hex::encode_upper(part).into_bytes()]);
    }
    for forms in [&mut found.plain, &mut found.wrapped] {
        forms.sort();
        forms.dedup();
    }
    found
}

/// A line that every key of its kind has: `-----BEGIN PRIVATE KEY-----`.
fn is_frame(line: &[u8]) -> bool {
    line.starts_with(b"-----")
}

/// Three bytes make four characters, so there are three ways to begin; the characters at both ends depend on the neighbors.
fn base64(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for (before, skipped) in [(0, 0), (1, 2), (2, 3)] {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(value);
        let whole = bytes.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            forms.extend(engine.encode(&bytes).as_bytes().get(skipped..whole).map(<[u8]>::to_vec));
        }
    }
    forms
}

fn utf16(text: &str) -> [Vec<u8>; 2] {
    [text.encode_utf16().flat_map(u16::to_le_bytes).collect(), text.encode_utf16().flat_map(u16::to_be_bytes).collect()]
}

/// Which characters URLs keep as they are, beside letters and digits.
const KEPT_IN_URLS: [&[u8]; 5] = [b"-_.~", b"-_.!~*'()", b"*-._", b"-_.~!$&'()*+,;=:@", b"-_.~!$&'()*+,;=:@/?"];

fn percent_encoded(value: &[u8]) -> Vec<Vec<u8>> {
    let encode = |upper: bool, keeps: &dyn Fn(u8) -> bool, space: Option<u8>| {
        let mut encoded = Vec::with_capacity(value.len() * 3);
        for byte in value {
            match (byte, space) {
                (b' ', Some(space)) => encoded.push(space),
                (byte, _) if keeps(*byte) => encoded.push(*byte),
                (byte, _) if upper => encoded.extend(format!("%{byte:02X}").into_bytes()),
                (byte, _) => encoded.extend(format!("%{byte:02x}").into_bytes()),
            }
        }
        encoded
    };
    let mut forms = Vec::new();
    for upper in [false, true] {
        forms.push(encode(upper, &|_| false, None));
        for kept in KEPT_IN_URLS {
            for space in [None, Some(b'+')] {
                forms.push(encode(upper, &|byte: u8| byte.is_ascii_alphanumeric() || kept.contains(&byte), space));
            }
        }
    }
    forms
}

/// How a writer of JSON escapes what it need not.
#[derive(Clone, Copy)]
struct Escapes {
    /// `&`, `<`, `>` and the line separators, as Go does.
    html: bool,
    /// `'` as well.
    quote: bool,
    /// `/`.
    slash: bool,
    /// Everything beyond ASCII.
    ascii: bool,
    /// Digits in upper case.
    upper: bool,
}

const NO_ESCAPES: Escapes = Escapes { html: false, quote: false, slash: false, ascii: false, upper: false };

fn escaped(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for bits in 0..32_u8 {
        let is = |bit: u8| bits & (1 << bit) != 0;
        let escapes = Escapes { html: is(0), quote: is(1), slash: is(2), ascii: is(3), upper: is(4) };
        let once = json(text, escapes);
        if once == text && bits > 0 {
            continue;
        }
        // A document within a string of another, such as a schema in a label.
        forms.extend([json(&once, NO_ESCAPES), json(&once, escapes), json(&json(text, NO_ESCAPES), escapes)]);
        forms.push(once);
    }
    forms.push(html(text, "&#39;", "&quot;"));
    forms.push(html(text, "&#x27;", "&quot;"));
    forms.push(html(text, "'", "&#34;"));
    forms.sort();
    forms.dedup();
    forms
}

fn json(text: &str, escapes: Escapes) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '/' if escapes.slash => escaped.push_str("\\/"),
            '&' | '<' | '>' | '\u{2028}' | '\u{2029}' if escapes.html => unicode(character, escapes.upper, &mut escaped),
            '\'' if escapes.quote => unicode(character, escapes.upper, &mut escaped),
            character if character < ' ' => unicode(character, escapes.upper, &mut escaped),
            character if escapes.ascii && !character.is_ascii() => unicode(character, escapes.upper, &mut escaped),
            character => escaped.push(character),
        }
    }
    escaped
}

fn unicode(character: char, upper: bool, escaped: &mut String) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        let digits = if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
        escaped.push_str(&digits);
    }
}

fn html(text: &str, single: &str, double: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', single).replace('"', double)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(value: &str) -> Vec<String> {
        forms(value.as_bytes(), |_| true).plain.iter().map(|form| String::from_utf8_lossy(form).into_owned()).collect()
    }

    #[test]
    fn documents_of_other_writers_escape_more() {
        let forms = plain("K=abc&d<e>f\"g\\h'i/jé");
        for wanted in [
            // Go.
            r#"K=abc\u0026d\u003ce\u003ef\"g\\h'i/jé"#,
            r#"K=abc\u0026d\u003Ce\u003Ef\"g\\h'i/jé"#,
            // Python.
            r#"K=abc&d<e>f\"g\\h'i/j\u00e9"#,
            // PHP.
            r#"K=abc&d<e>f\"g\\h'i\/j\u00e9"#,
            // A document within Docker's.
            r#"K=abc\\u0026d\\u003ce\\u003ef\\\"g\\\\h'i/jé"#,
            r#"K=abc\u0026d\u003ce\u003ef\\\"g\\\\h'i/jé"#,
            "K=abc&amp;d&lt;e&gt;f&quot;g\\h&#39;i/jé",
            "K%3Dabc%26d%3Ce%3Ef%22g%5Ch'i%2Fj%C3%A9",
            "K%3dabc%26d%3ce%3ef%22g%5ch%27i%2fj%c3%a9",
        ] {
            assert!(forms.iter().any(|form| form == wanted), "{wanted} is not among {forms:#?}");
        }
    }

    #[test]
    fn a_plain_key_has_few_forms() {
        let forms = forms(b"sk-live-0123456789", |_| true);
        // As it is, each byte of a URL in two cases, and UTF-16 twice.
        assert_eq!((forms.plain.len(), forms.wrapped.len()), (5, 5), "{forms:?}");
    }

    #[test]
    fn lines_count_and_frames_do_not() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nshort\n-----END PRIVATE KEY-----\n";
        let forms = plain(key);
        assert!(forms.iter().any(|form| form == "MIIEvQIBADANBgkq"));
        assert!(!forms.iter().any(|form| form == "short" || form == "-----BEGIN PRIVATE KEY-----"));
    }
}
