//! Hides secrets in text and JSON.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::occurrences::Occurrences;
use super::search::SecretSearch;
use super::weakness::weakness;

/// Placeholder for a hidden secret.
pub const HIDDEN: &str = "***";

/// Members of a report in which models and configurations choose the keys.
const FREE_FORM: [&str; 4] = ["inputs", "metrics", "minimal_inputs", "output"];

/// Something that holds no known secret. Only a [`Redactor`] makes one, and every outlet takes nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted<T>(T);

impl<T> Deref for Redacted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for Redacted<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<T> Redacted<T> {
    /// What was redacted.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// Something that holds no text of a run, such as a verdict.
    pub(crate) fn certain(value: T) -> Self {
        Self(value)
    }

    /// A part of the value, or something derived from the value alone.
    pub fn map<U>(&self, part: impl FnOnce(&T) -> U) -> Redacted<U> {
        Redacted(part(&self.0))
    }
}

/// Hides the secrets of a run. Clones know the same secrets, also those that come to light later.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<KnownSecrets>>);

#[derive(Default)]
struct KnownSecrets {
    values: BTreeSet<Vec<u8>>,
    search: Arc<SecretSearch>,
}

/// Never the secrets.
impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// A redactor that knows these secrets.
    pub fn of<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Self {
        let redactor = Self::default();
        redactor.learn(values);
        redactor
    }

    /// Hides these values from now on, whole and line by line. Weak values are left alone: see [`weakness`].
    pub fn learn<V: AsRef<[u8]>>(&self, values: impl IntoIterator<Item = V>) {
        let values = values.into_iter().map(|value| value.as_ref().trim_ascii().to_vec());
        let strong: Vec<Vec<u8>> = values.filter(|value| is_strong(value)).collect();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.add(strong);
    }

    /// A text without secrets.
    pub fn text(&self, text: &str) -> Redacted<String> {
        Redacted(hide(text, &self.search()))
    }

    /// A JSON value without secrets. The keys of our own formats stay.
    pub fn json(&self, mut value: Value) -> Redacted<Value> {
        let search = self.search();
        if !search.is_empty() {
            hide_in_json(&mut value, &search, false);
        }
        Redacted(value)
    }

    /// A document without secrets.
    ///
    /// # Errors
    /// When it cannot be written as JSON and read back.
    pub fn document<T: Serialize + DeserializeOwned>(&self, document: T) -> Result<Redacted<T>, (serde_json::Error, T)> {
        if self.search().is_empty() {
            return Ok(Redacted(document));
        }
        match serde_json::to_value(&document).and_then(|value| serde_json::from_value(self.json(value).0)) {
            Ok(document) => Ok(Redacted(document)),
            Err(error) => Err((error, document)),
        }
    }

    pub(super) fn search(&self) -> Arc<SecretSearch> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).search)
    }
}

impl KnownSecrets {
    fn add(&mut self, values: Vec<Vec<u8>>) {
        let before = self.values.len();
        self.values.extend(values);
        if self.values.len() == before {
            return;
        }
        match SecretSearch::new(self.values.iter().map(Vec::as_slice), |_| true) {
            Ok(search) => self.search = Arc::new(search),
            // Gigabytes of secrets: those before stay hidden.
            Err(error) => tracing::error!(%error, "too many secrets to hide"),
        }
    }
}

fn is_strong(value: &[u8]) -> bool {
    weakness(value).is_none()
}

pub(super) fn hide(text: &str, search: &SecretSearch) -> String {
    let (mut hidden, mut shown_to) = (String::with_capacity(text.len()), 0);
    for span in Occurrences::of(text, search).spans() {
        hidden.push_str(&text[shown_to..span.start]);
        hidden.push_str(HIDDEN);
        shown_to = span.end;
    }
    hidden.push_str(&text[shown_to..]);
    hidden
}

fn hide_in_json(value: &mut Value, search: &SecretSearch, free_form: bool) {
    match value {
        Value::String(text) => {
            let hidden = hide(text, search);
            if hidden != *text {
                *text = hidden;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| hide_in_json(value, search, free_form)),
        Value::Object(members) => {
            let renamed = std::mem::take(members).into_iter().map(|(name, mut member)| {
                hide_in_json(&mut member, search, free_form || FREE_FORM.contains(&name.as_str()));
                (if free_form { hide(&name, search) } else { name }, member)
            });
            *members = renamed.collect();
        }
        // A number is a secret only as a text of its own.
        Value::Number(number) => {
            let text = number.to_string();
            if free_form && hide(&text, search) != text {
                *value = Value::String(HIDDEN.to_owned());
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use serde_json::json;

    use super::*;

    const SECRET: &str = "sk-live-0123456789+/?~";

    fn shown(text: &str) -> String {
        Redactor::of([SECRET]).text(text).into_inner()
    }

    #[test]
    fn every_form_of_a_secret_is_hidden() {
        let forms = [
            SECRET.to_owned(),
            hex::encode(SECRET),
            hex::encode_upper(SECRET),
            "sk-live-0123456789%2B%2F%3F~".to_owned(),
            "sk-live-0123456789%2b%2f%3f%7e".to_owned(),
            "sk-live-0123456789+\\/?~".to_owned(),
            STANDARD.encode(SECRET),
            URL_SAFE.encode(SECRET),
        ];
        for form in forms {
            assert_eq!(shown(&format!("key: {form}, end")), "key: ***, end", "{form}");
        }
    }

    #[test]
    fn a_secret_that_something_invisible_interrupts_is_hidden_as_a_whole() {
        for invisible in [
            "\u{1b}[0m",
            "\u{1b}[1;31m",
            "\u{1b}]8;;https://x\u{7}",
            "\r",
            "\u{8}",
            "\u{200b}",
            "\u{202e}",
            "\u{0}",
            "\u{ad}",
            "\u{fffd}",
            "\u{9b}31m",
            "\u{34f}",
            "\u{180e}",
            "\u{3164}",
            "\u{115f}",
            "\u{1160}",
            "\u{ffa0}",
            "\u{fe0f}",
            "\u{fffa}",
            "\u{e0041}",
            "\u{e01ef}",
        ] {
            for whole in [SECRET.to_owned(), STANDARD.encode(SECRET), hex::encode(SECRET)] {
                let (before, behind) = whole.split_at(9);
                assert_eq!(shown(&format!("é: {before}{invisible}{behind}, end")), "é: ***, end", "{invisible:?} {whole}");
            }
            let nothing = format!("a{invisible}b");
            assert_eq!(shown(&nothing), nothing);
        }
        let document = Redactor::of([SECRET]).json(json!({"logs": ["sk-live-\u{1b}[0m0123456789+/?~"]}));
        assert_eq!(*document, json!({"logs": ["***"]}));
    }

    #[test]
    fn base64_is_hidden_at_every_offset_and_width() {
        for offset in 0..4 {
            let around = format!("{}{SECRET}{}", "a".repeat(60 + offset), "z".repeat(80));
            for width in [64, 76, 10_000] {
                let encoded = STANDARD.encode(&around);
                let lines: Vec<&str> =
                    (0..encoded.len()).step_by(width).map(|at| &encoded[at..(at + width).min(encoded.len())]).collect();
                let hidden = shown(&lines.join("\n"));
                let rest: String = hidden.split_whitespace().collect();
                assert!(rest.contains(HIDDEN), "{offset} {width}: {hidden}");
                let (before, behind) = rest.split_once(HIDDEN).unwrap();
                assert!(
                    encoded.starts_with(before) && encoded.ends_with(behind) && before.len() + behind.len() + 24 < encoded.len(),
                    "{hidden}"
                );
            }
        }
    }

    #[test]
    fn the_longest_value_goes_first_and_nothing_of_it_stays() {
        let redactor = Redactor::of(["secret-12", "secret-123456", "456-and-more"]);
        assert_eq!(redactor.text("a secret-123456-and-more b").into_inner(), "a *** b");
    }

    #[test]
    fn lines_of_a_secret_are_secrets() {
        let redactor = Redactor::of(["{\n  \"key\": \"abcdefgh\",\n  \"id\": 1\n}"]);
        assert_eq!(redactor.text("x \"key\": \"abcdefgh\", y\n}").into_inner(), "x *** y\n}");
    }

    #[test]
    fn several_words_are_hidden_however_their_lines_are_broken() {
        let redactor = Redactor::of(["correct horse battery"]);
        for broken in
            ["correct horse battery", "correct\n  horse battery", "correct  horse\r\n\tbattery", "correct horse\\nbattery"]
        {
            assert_eq!(redactor.text(&format!("key: {broken}, end")).into_inner(), "key: ***, end", "{broken:?}");
        }
        assert_eq!(redactor.text("correct horses").into_inner(), "correct horses");
    }

    #[test]
    fn json_stays_valid_and_its_keys_stay() {
        let redactor = Redactor::of(["a\":\"b12345", "kept-secret", "12345678901"]);
        let value = json!({"a": "b12345", "kept-secret": "the kept-secret", "output": {"kept-secret": ["kept-secret", 12_345_678_901_u64]}});
        let wanted = json!({"a": "b12345", "kept-secret": "the ***", "output": {"***": ["***", "***"]}});
        assert_eq!(redactor.json(value).into_inner(), wanted);
    }

    #[test]
    fn secrets_that_come_to_light_later_are_hidden_by_every_clone() {
        let redactor = Redactor::default();
        let other = redactor.clone();
        assert_eq!(other.text("the-late-key").into_inner(), "the-late-key");
        redactor.learn(["the-late-key", "model"]);
        assert_eq!(other.text("the-late-key of a model").into_inner(), "*** of a model");
    }

    #[test]
    fn a_command_in_output_hides_nothing() {
        let redactor = Redactor::default();
        let text = "::add-mask::the whole report\nthe whole report";
        assert_eq!(redactor.text(text).into_inner(), text);
    }

    #[test]
    fn the_beginning_of_a_secret_that_was_cut_is_hidden() {
        let redactor = Redactor::of(["r8_0123456789abcdef"]);
        assert_eq!(redactor.text("got r8_0123456789… of it").into_inner(), "got ***… of it");
        assert_eq!(redactor.text("r8_01… and r8_0123456789abcdef…").into_inner(), "r8_01… and ***…");
        assert_eq!(redactor.text("got r8_01\u{1b}[1m23456789…").into_inner(), "got ***…", "also one that is interrupted");
    }

    #[test]
    fn characters_of_several_bytes_are_not_split() {
        let redactor = Redactor::of(["schlüssel-größe"]);
        assert_eq!(redactor.text("ä schlüssel-größe ö").into_inner(), "ä *** ö");
    }
}
