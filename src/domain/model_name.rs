//! The names by which people select models: stems of configuration files.
//!
//! Such a name appears in shell commands, environment variables, paths, check runs, artifacts and comma-separated lists. A name that could
//! mean something else in one of these is rejected.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longer names do not fit into a check run's title.
const MAX_BYTES: usize = 100;

/// Keywords of a request.
const RESERVED: [&str; 2] = ["all", "changed"];

/// Why a text is not a valid name of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ModelNameError {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {MAX_BYTES} characters")]
    TooLong,
    /// The first character would hide a file, or make the name look like a flag.
    #[error("it starts with '{0}'")]
    Beginning(char),
    /// This character has a meaning elsewhere.
    #[error("it has {}", describe(*.0))]
    Character(char),
    /// It is a keyword for several models.
    #[error("'all' and 'changed' are keywords for several models")]
    Reserved,
}

/// Describes a character, so that an invisible one can be recognized.
fn describe(character: char) -> String {
    match character {
        '\n' | '\r' => "a line break".to_owned(),
        ' ' => "a space".to_owned(),
        other if other.is_control() => format!("the control character U+{:04X}", u32::from(other)),
        other if other.is_ascii() => format!("a '{other}'"),
        other => format!("the character U+{:04X}", u32::from(other)),
    }
}

/// The name that selects a model: ASCII letters, digits, `.`, `_` and `-`. The first character is neither `.` nor `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(String);

impl ModelName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that a configuration file gives to its model: its stem. `None` if it is not a configuration file.
    pub fn of_file(file: &str) -> Option<Result<Self, ModelNameError>> {
        let file = file.rsplit('/').next().unwrap_or(file);
        let stem = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml"))?;
        // Hidden files belong to editors and are not models.
        (!file.starts_with('.')).then(|| stem.parse())
    }
}

impl FromStr for ModelName {
    type Err = ModelNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first = text.chars().next().ok_or(ModelNameError::Empty)?;
        if let Some(character) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-')) {
            return Err(ModelNameError::Character(character));
        }
        if matches!(first, '.' | '-') {
            return Err(ModelNameError::Beginning(first));
        }
        if text.len() > MAX_BYTES {
            return Err(ModelNameError::TooLong);
        }
        if RESERVED.contains(&text) {
            return Err(ModelNameError::Reserved);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<str> for ModelName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.0
    }
}

impl TryFrom<String> for ModelName {
    type Error = ModelNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The names that a word of a request means: the name itself, or those that a pattern with `*` and `?` fits.
pub fn meant<'a, N: AsRef<str>>(word: &str, names: &'a [N]) -> Vec<&'a N> {
    names.iter().filter(|name| fits(word.as_bytes(), name.as_ref().as_bytes())).collect()
}

/// Whether a pattern fits. Names are short, so backtracking is cheap.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skipped| fits(rest, &name[skipped..])),
        Some((b'?', rest)) => !name.is_empty() && fits(rest, &name[1..]),
        Some((byte, rest)) => name.first() == Some(byte) && fits(rest, &name[1..]),
    }
}

/// The names in a request: separated by commas or white space, without repetitions, in order.
pub fn split_request(request: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for word in request.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn existing_names_of_variants_are_accepted() {
        for name in ["dev", "flux-dev-lora", "schnell_2", "v1.5", "2x", "_base", &"a".repeat(100)] {
            assert_eq!(name.parse::<ModelName>().map(String::from), Ok(name.to_owned()));
        }
    }

    #[test]
    fn names_with_a_meaning_elsewhere_are_rejected() {
        for (name, why) in [
            ("", "it is empty"),
            ("a/b", "it has a '/'"),
            ("..", "it starts with '.'"),
            ("../x", "it has a '/'"),
            ("a\\b", "it has a '\\'"),
            (".hidden", "it starts with '.'"),
            ("-rf", "it starts with '-'"),
            ("--list", "it starts with '-'"),
            ("a\nb", "it has a line break"),
            ("a\rb", "it has a line break"),
            ("a\0b", "it has the control character U+0000"),
            ("a\u{1b}[2J", "it has the control character U+001B"),
            ("a,b", "it has a ','"),
            ("a b", "it has a space"),
            ("$(id)", "it has a '$'"),
            ("a;b", "it has a ';'"),
            ("a`b", "it has a '`'"),
            ("größe", "it has the character U+00F6"),
            ("a\u{202e}b", "it has the character U+202E"),
            ("all", "'all' and 'changed' are keywords for several models"),
            ("changed", "'all' and 'changed' are keywords for several models"),
            (&"a".repeat(101), "it is longer than 100 characters"),
        ] {
            assert_eq!(name.parse::<ModelName>().unwrap_err().to_string(), why, "{name:?}");
        }
    }

    #[test]
    fn a_configuration_file_names_its_model() {
        let name = |file: &str| ModelName::of_file(file).map(|name| name.map(String::from));
        assert_eq!(name("configs/dev.yaml"), Some(Ok("dev".to_owned())));
        assert_eq!(name("v1.5.yml"), Some(Ok("v1.5".to_owned())));
        assert_eq!(name(".hidden.yaml"), None);
        assert_eq!(name("README.md"), None);
        assert_eq!(name("two words.yaml"), Some(Err(ModelNameError::Character(' '))));
        assert_eq!(name("all.yaml"), Some(Err(ModelNameError::Reserved)));
    }

    #[test]
    fn names_in_json_are_validated() {
        assert_eq!(serde_json::to_string(&"dev".parse::<ModelName>().unwrap()).unwrap(), "\"dev\"");
        assert_eq!(serde_json::from_str::<ModelName>("\"dev\"").unwrap().as_str(), "dev");
        assert!(serde_json::from_str::<ModelName>("\"a/b\"").is_err());
    }

    #[test]
    fn a_pattern_means_every_name_that_it_fits() {
        let names = ["flux-dev", "flux-pro", "schnell"];
        for (word, expected) in [
            ("flux-*", &["flux-dev", "flux-pro"][..]),
            ("*", &names),
            ("*-pro", &["flux-pro"]),
            ("flux-???", &["flux-dev", "flux-pro"]),
            ("schnell", &["schnell"]),
            ("flux", &[]),
            ("s*x", &[]),
        ] {
            assert_eq!(meant(word, &names).into_iter().copied().collect::<Vec<_>>(), expected, "{word}");
        }
    }

    #[test]
    fn a_request_is_split_at_commas_and_spaces() {
        assert_eq!(split_request(" b, a,b\n c ,, "), ["b", "a", "c"]);
        assert!(split_request(" , ").is_empty());
    }
}
