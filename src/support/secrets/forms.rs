//! The forms in which a secret appears: as it is, and in the encodings of logs, documents and images.
//!
//! | form | found |
//! |---|---|
//! | plain, and each line of a value of several lines | as it is |
//! | several words | with other spaces and line breaks between them |
//! | JSON | with and without the escapes of Go (`\u0026`), of HTML and of ASCII-only writers; once, and within a string of JSON |
//! | JSON of Gson and .NET | `\u003d`, `\u002B` |
//! | HTML | `&amp;`, `&#x2F;`, `&#x3D;`, and each character by its number |
//! | escaped bytes | `\x41` |
//! | URL | by the rules for queries, forms and paths, of Python and of JavaScript, and each byte; both cases of digits |
//! | UTF-16 | both byte orders |
//! | Base64 | standard and URL-safe, from each of the three offsets; wrapped at any width |
//! | Base32 | both cases, from each of the five offsets; wrapped at any width |
//! | hex | both cases; with line breaks and spaces, colons, or `0x` and commas |
//!
//! Two encodings on top of each other, other than JSON within JSON, are not in this table.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::weakness::weakness;

/// Of larger values, whose forms take megabytes, the rarest ones are left out. Their lines are values of their own.
const STYLED_BYTES: usize = 4096;

/// The forms of one secret.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// Found as they are.
    pub(super) plain: Vec<Vec<u8>>,
    /// Found in text from which whitespace was taken: Base64 and hex, which tools wrap.
    pub(super) wrapped: Vec<Vec<u8>>,
    /// Found in the same text: the words of a value without what is between them.
    pub(super) words: Vec<Vec<u8>>,
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
        found.wrapped.extend([false, true].map(|upper| joined(part, "", "", upper)));
        if part.len() <= STYLED_BYTES {
            // A terminal breaks lines between words.
            let squeezed: Vec<u8> = part.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            if squeezed.len() < part.len() && weakness(&squeezed).is_none() {
                found.words.push(squeezed);
            }
            found.wrapped.extend(base32(part));
            found.wrapped.extend(dumped(part));
            found.plain.extend([false, true].map(|upper| joined(part, "\\x", "", upper)));
        }
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

/// The alphabet of RFC 4648, in its two cases.
const BASE32: [&[u8; 32]; 2] = [b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"abcdefghijklmnopqrstuvwxyz234567"];

/// Five bytes make eight characters, so there are five ways to begin.
fn base32(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for before in 0..5_usize {
        let bit = |place: usize| value.get(place / 8).is_some_and(|byte| byte & (0x80 >> (place % 8)) != 0);
        // The bits of the neighbors before that share a character with the first byte.
        let skipped = (before * 8).next_multiple_of(5) - before * 8;
        let characters = (value.len() * 8 - skipped) / 5;
        let number = |character: usize| (0..5).fold(0, |number, at| number * 2 + usize::from(bit(skipped + character * 5 + at)));
        for alphabet in BASE32 {
            forms.push((0..characters).map(|character| alphabet[number(character)]).collect());
        }
    }
    forms
}

/// Hex as dumps of certificates and arrays in source have it. Spaces and line breaks are taken out of what is searched.
fn dumped(value: &[u8]) -> Vec<Vec<u8>> {
    let styles = [("", ":"), ("0x", ",")];
    styles.iter().flat_map(|(before, between)| [false, true].map(|upper| joined(value, before, between, upper))).collect()
}

/// Bytes in hexadecimal digits, with a text before and between them.
fn joined(value: &[u8], before: &str, between: &str, upper: bool) -> Vec<u8> {
    let one = |byte: &u8| if upper { format!("{before}{byte:02X}") } else { format!("{before}{byte:02x}") };
    value.iter().map(one).collect::<Vec<_>>().join(between).into_bytes()
}

fn utf16(text: &str) -> [Vec<u8>; 2] {
    [text.encode_utf16().flat_map(u16::to_le_bytes).collect(), text.encode_utf16().flat_map(u16::to_be_bytes).collect()]
}

/// Which characters URLs keep as they are, beside letters and digits: RFC 3986 and Python's `quote_plus`, JavaScript's
/// `encodeURIComponent`, forms, segments of paths, queries, Python's `quote`, and JavaScript's `encodeURI`.
const KEPT_IN_URLS: [&[u8]; 7] =
    [b"-_.~", b"-_.!~*'()", b"*-._", b"-_.~!$&'()*+,;=:@", b"-_.~!$&'()*+,;=:@/?", b"-_.~/", b"-_.!~*'();/?:@&=+$,#"];

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
    // Templates: Mustache, Handlebars, MiniJinja and Jinja's relatives.
    forms.push(html(text, "&#39;", "&quot;").replace('=', "&#x3D;").replace('`', "&#x60;").replace('/', "&#x2F;"));
    forms.push(html(text, "&#x27;", "&quot;").replace('=', "&#x3D;").replace('`', "&#x60;"));
    forms.push(html(text, "&#x27;", "&quot;").replace('/', "&#x2f;"));
    forms.push(html(text, "&#x27;", "&quot;").replace('/', "&#x2F;"));
    forms.push(text.chars().map(|character| format!("&#{};", u32::from(character))).collect());
    // Gson, and the two writers of .NET.
    forms.push(with_escapes(text, &['<', '>', '&', '=', '\''], false));
    forms.push(with_escapes(text, &['<', '>', '&', '+', '\'', '"', '`'], true));
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

/// JSON whose writer escapes these characters by their number, and in upper case everything beyond ASCII too.
fn with_escapes(text: &str, by_number: &[char], upper: bool) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if by_number.contains(&character) || upper && !character.is_ascii() {
            unicode(character, upper, &mut escaped);
        } else {
            escaped.push_str(&json(character.encode_utf8(&mut [0; 4]), NO_ESCAPES));
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

    const KEY: &[u8] = b"sk-live-0123456789";

    /// The key with so many bytes before it, made by Python.
    const BASE32_OF_KEY: [(usize, &str); 5] = [
        (0, "ONVS23DJOZSS2MBRGIZTINJWG44DSYTFNBUW4ZA="),
        (1, "PBZWWLLMNF3GKLJQGEZDGNBVGY3TQOLCMVUGS3TE"),
        (2, "PB4HG2ZNNRUXMZJNGAYTEMZUGU3DOOBZMJSWQ2LOMQ======"),
        (3, "PB4HQ43LFVWGS5TFFUYDCMRTGQ2TMNZYHFRGK2DJNZSA===="),
        (4, "PB4HQ6DTNMWWY2LWMUWTAMJSGM2DKNRXHA4WEZLINFXGI==="),
    ];

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
            // Templates, Gson and .NET.
            "K&#x3D;abc&amp;d&lt;e&gt;f&quot;g\\h&#39;i&#x2F;jé",
            "K=abc&amp;d&lt;e&gt;f&quot;g\\h&#x27;i&#x2f;jé",
            r#"K\u003dabc\u0026d\u003ce\u003ef\"g\\h\u0027i/jé"#,
            r#"K=abc\u0026d\u003Ce\u003Ef\u0022g\\h\u0027i/j\u00E9"#,
            "K%3Dabc%26d%3Ce%3Ef%22g%5Ch'i%2Fj%C3%A9",
            "K%3dabc%26d%3ce%3ef%22g%5ch%27i%2fj%c3%a9",
        ] {
            assert!(forms.iter().any(|form| form == wanted), "{wanted} is not among {forms:#?}");
        }
    }

    #[test]
    fn the_encoders_of_python_and_javascript_are_known() {
        let forms = plain("sk-ant-aB3+/x&y=\"Zq~9<7>é-t0k en(1)#");
        for wanted in [
            // quote, quote_plus, encodeURIComponent, encodeURI.
            "sk-ant-aB3%2B/x%26y%3D%22Zq~9%3C7%3E%C3%A9-t0k%20en%281%29%23",
            "sk-ant-aB3%2B%2Fx%26y%3D%22Zq~9%3C7%3E%C3%A9-t0k+en%281%29%23",
            "sk-ant-aB3%2B%2Fx%26y%3D%22Zq~9%3C7%3E%C3%A9-t0k%20en(1)%23",
            "sk-ant-aB3+/x&y=%22Zq~9%3C7%3E%C3%A9-t0k%20en(1)#",
        ] {
            assert!(forms.iter().any(|form| form == wanted), "{wanted} is not among {forms:#?}");
        }
    }

    #[test]
    fn a_plain_key_has_few_forms() {
        let forms = forms(b"sk-live-0123456789", |_| true);
        // As it is, each byte of a URL and of a text in two cases, UTF-16 twice, and the numbers of its characters.
        assert_eq!(forms.plain.len(), 8, "{forms:?}");
        // Base64 at three offsets, Base32 at five in two cases, and hex in three styles and two cases, of which some are alike.
        assert!(forms.wrapped.len() <= 3 + 10 + 6, "{forms:?}");
    }

    #[test]
    fn base32_is_found_at_every_offset_and_hex_in_every_style() {
        for (before, encoded) in BASE32_OF_KEY {
            let forms = forms(KEY, |_| true);
            let found = forms.wrapped.iter().any(|form| encoded.as_bytes().windows(form.len()).any(|window| window == &form[..]));
            assert!(found, "{before} bytes before it: {encoded}");
        }
        let forms = forms(KEY, |_| true);
        let (colons, numbers) = (&b"73:6b:2d"[..], &b"0x73,0x6b,0x2d"[..]);
        for wanted in [colons, numbers] {
            assert!(forms.wrapped.iter().any(|form| form.starts_with(wanted)), "{forms:?}");
        }
        assert!(forms.plain.iter().any(|form| form.starts_with(b"\\x73\\x6b\\x2d")), "{forms:?}");
    }

    #[test]
    fn lines_count_and_frames_do_not() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nshort\n-----END PRIVATE KEY-----\n";
        let forms = plain(key);
        assert!(forms.iter().any(|form| form == "MIIEvQIBADANBgkq"));
        assert!(!forms.iter().any(|form| form == "short" || form == "-----BEGIN PRIVATE KEY-----"));
    }
}
