//! A YAML document as a tree in which every key and value knows its location.

use std::fmt;

use cog_findings::Location;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Spanned, from_str_with_options};

use super::problem::{Unreadable, number};

/// A `cog.yaml` is a page or two; anything near this size is a mistake or an attack.
const MAX_BYTES: usize = 1 << 20;

/// A value and its location.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: Value,
    /// Where it is written.
    pub location: Location,
}

/// A key and its location.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key.
    pub name: String,
    /// Where it is written.
    pub location: Location,
}

/// A YAML value. Scalars keep their text as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`, also in the spellings of YAML 1.1.
    Bool(bool),
    /// A number, as written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// Reads a document.
///
/// # Errors
/// The text is not YAML, is larger than 1 MiB, has duplicate keys or several documents, or is nested or aliased excessively.
pub fn read(text: &str, file: &str) -> Result<Node, Unreadable> {
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than {} KiB", MAX_BYTES / 1024);
        return Err(Unreadable::new(message, "keep large data in files of its own", Location::file(file)));
    }
    match parse(text, DuplicateKeyPolicy::Error) {
        Ok(Some(raw)) => Ok(Source { text, file }.node(raw)),
        Ok(None) => Ok(Node { value: Value::Null, location: Location::at(file, 1, 1) }),
        Err(error) => Err(Unreadable::of(&error, text, file, first_place)),
    }
}

fn parse(text: &str, duplicate_keys: DuplicateKeyPolicy) -> Result<Option<Spanned<Raw>>, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 16,
            max_nodes: 20_000,
            max_aliases: 200,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 20_000 },
        duplicate_keys: duplicate_keys,
        with_snippet: false,
    };
    from_str_with_options(text, options)
}

/// The line of a key that is set again at `second`.
fn first_place(text: &str, key: &str, second: &Location) -> Option<u32> {
    let root = parse(text, DuplicateKeyPolicy::FirstWins).ok()??;
    let root = Source { text, file: &second.file }.node(root);
    let mut places = Vec::new();
    places_of(&root, key, &mut places);
    // Keys of one mapping have the same column, or share a line.
    let is_beside = |place: &&Location| place.column == second.column || place.line == second.line;
    let before = places.iter().filter(|place| (place.line, place.column) < (second.line, second.column));
    before.filter(is_beside).max_by_key(|place| (place.line, place.column))?.line
}

fn places_of(node: &Node, name: &str, places: &mut Vec<Location>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| places_of(item, name, places)),
        Value::Map(entries) => {
            for (key, value) in entries {
                if key.name == name {
                    places.push(key.location.clone());
                }
                places_of(value, name, places);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// A value as the parser passes it.
enum Raw {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

/// The text that locations refer to.
struct Source<'a> {
    text: &'a str,
    file: &'a str,
}

impl Source<'_> {
    fn node(&self, raw: Spanned<Raw>) -> Node {
        let location = self.location(raw.referenced);
        let written = self.written(raw.defined);
        let value = match raw.value {
            Raw::Null => Value::Null,
            // PyYAML, with which cog-safe-push reads, takes these for text.
            Raw::Bool(_) if written.is_some_and(|written| matches!(written, "y" | "Y" | "n" | "N")) => {
                Value::Text(written.unwrap_or_default().to_owned())
            }
            Raw::Bool(value) => Value::Bool(value),
            // Behind a tag or an anchor, the parsed number is all there is.
            Raw::Number(parsed) => {
                let plain =
                    written.filter(|written| written.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)));
                Value::Number(plain.map_or(parsed, str::to_owned))
            }
            Raw::Text(text) => Value::Text(text),
            Raw::List(items) => Value::List(items.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (Key { location: self.location(key.referenced), name: key.value }, self.node(value)))
                    .collect(),
            ),
        };
        Node { value, location }
    }

    fn location(&self, place: serde_saphyr::Location) -> Location {
        let location = Location::at(self.file, number(place.line()), number(place.column()));
        match self.written(place) {
            Some(written) if !written.contains('\n') && !written.is_empty() => {
                let length = u32::try_from(written.chars().count()).unwrap_or(0);
                let start = location.column.unwrap_or(1);
                location.until_column(start.saturating_add(length))
            }
            _ => location,
        }
    }

    /// The text of a scalar as written in the file.
    fn written(&self, place: serde_saphyr::Location) -> Option<&str> {
        let start = usize::try_from(place.span().byte_offset()?).ok()?;
        let end = start.checked_add(usize::try_from(place.span().byte_len()?).ok()?)?;
        self.text.get(start..end).map(str::trim_end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(Key, Node)> {
        match read(text, "cog.yaml").unwrap().value {
            Value::Map(entries) => entries,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_unquoted_version_keeps_its_last_zero() {
        let entries = entries("python_version: 3.10\nother: 11.80 # comment\n");
        assert_eq!(entries[0].1.value, Value::Number("3.10".to_owned()));
        assert_eq!(entries[1].1.value, Value::Number("11.80".to_owned()));
    }

    #[test]
    fn every_value_has_its_type() {
        let entries = entries("a: yes\nb: \"yes\"\nc: ~\nd:\ne: [1, x]\nf: 'ä'\n");
        let values: Vec<&Value> = entries.iter().map(|(_, node)| &node.value).collect();
        let text = |text: &str| Value::Text(text.to_owned());
        assert!(matches!(values[4], Value::List(items) if items.len() == 2));
        assert_eq!(values[..4], [&Value::Bool(true), &text("yes"), &Value::Null, &Value::Null]);
        assert_eq!(values[5], &text("ä"));
    }

    #[test]
    fn single_letters_are_text_and_tags_give_types() {
        let entries = entries("a: y\nb: N\nc: !!int \"4\"\nd: &x 5\ne: no\n");
        let values: Vec<&Value> = entries.iter().map(|(_, node)| &node.value).collect();
        let (text, number) = (|text: &str| Value::Text(text.to_owned()), |text: &str| Value::Number(text.to_owned()));
        assert_eq!(values, [&text("y"), &text("N"), &number("4"), &number("5"), &Value::Bool(false)]);
    }

    #[test]
    fn values_know_their_location() {
        let entries = entries("build:\n  gpu: true\n  cuda: \"11.8\"\n");
        let Value::Map(build) = &entries[0].1.value else { panic!() };
        assert_eq!(build[0].1.location, Location::at("cog.yaml", 2, 8).until_column(12));
        assert_eq!(build[1].0.location, Location::at("cog.yaml", 3, 3).until_column(7));
        assert_eq!(build[1].1.location, Location::at("cog.yaml", 3, 9).until_column(15));
    }

    #[test]
    fn columns_count_characters() {
        let entries = entries("{ä: 1, b: 2}");
        assert_eq!(entries[1].1.location, Location::at("cog.yaml", 1, 11).until_column(12));
    }

    #[test]
    fn an_alias_is_located_where_it_is_used() {
        let entries = entries("a: &version 3.10\nb: *version\n");
        assert_eq!(entries[1].1.value, Value::Number("3.10".to_owned()));
        assert_eq!(entries[1].1.location.line, Some(2));
    }

    #[test]
    fn an_empty_file_is_an_empty_document() {
        assert_eq!(read("", "cog.yaml").unwrap().value, Value::Null);
        assert_eq!(read("# nothing\n", "cog.yaml").unwrap().value, Value::Null);
    }

    #[test]
    fn invalid_yaml_is_reported_with_its_line() {
        let error = read("build:\n  gpu: [true\n", "cog.yaml").unwrap_err();
        assert!(error.location.line.is_some_and(|line| line >= 2), "{error:?}");
        assert!(!error.message.contains('\n'), "{error:?}");
    }

    #[test]
    fn duplicate_keys_are_rejected() {
        let error = read("image: a\nimage: b\n", "cog.yaml").unwrap_err();
        assert_eq!(error.location.line, Some(2));
        assert_eq!(error.message, "the key 'image' is set twice, first on line 1");
    }

    #[test]
    fn the_first_of_two_equal_keys_is_that_of_the_same_mapping() {
        for (text, first) in [
            ("a:\n  x: 1\nb:\n  x: 1\n  y: 2\n  x: 3\n", 4),
            ("- x: 1\n- x: 2\n  x: 3\n", 2),
            ("y: 1\n{x: 1, x: 2}\n", 0),
            ("{x: 1, y: {x: 2}, x: 3}\n", 1),
            ("x:\n  deep:\n    x: 1\n'x': 2\n", 1),
        ] {
            let message = read(text, "cog.yaml").unwrap_err().message;
            let is_told = message.ends_with(&format!("first on line {first}"));
            assert_eq!(is_told, first > 0, "{text}: {message}");
        }
    }

    #[test]
    fn common_mistakes_are_explained() {
        for (text, line, message, hint) in [
            ("build:\n\tgpu: true\n", 2, "the line is indented with a tab, which YAML does not allow", "indent with spaces"),
            ("a:\n  - b: 1\n  \t- c: 2\n", 3, "the line is indented with a tab, which YAML does not allow", "indent with spaces"),
            ("a: b: c\n", 1, "a second ': ' follows on the same line", "put text that contains ': ' in quotes"),
            ("a: *nope\n", 1, "a value that starts with '*' repeats an earlier value, but none has this name", ""),
            ("a: [1, 2\nb: 3\n", 2, "", ""),
            ("a: @b\n", 1, "a value cannot start with '@'", "put the value in quotes"),
            ("a: \"b\nc: d\n", 2, "", ""),
            ("a: 'b' c\n", 1, "text follows a closing quote", ""),
            ("a: 1\n---\nb: 2\n", 2, "the file has more than one document", ""),
            ("a: 1\nb\n", 2, "", ""),
            ("a:\n    b: 1\n  c: 2\n", 3, "", ""),
        ] {
            let error = read(text, "cog.yaml").unwrap_err();
            let foreign = ["while parsing", "scalar", "token", "mapping values", "DuplicateKey", "flow", "not valid YAML"];
            assert!(!foreign.iter().any(|word| error.message.contains(word)), "{text}: {error:?}");
            assert!(error.message.starts_with(message) && error.hint.starts_with(hint) && !error.hint.is_empty(), "{error:?}");
            assert!(error.location.line.is_some_and(|found| found.abs_diff(line) <= 1), "{text}: {error:?}");
        }
    }

    #[test]
    fn alias_bombs_are_rejected() {
        let mut text = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (name, of) in ["b", "c", "d", "e", "f", "g"].iter().zip(["a", "b", "c", "d", "e", "f"]) {
            text.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{of}"); 10].join(", ")));
        }
        assert!(read(&text, "cog.yaml").is_err());
    }

    #[test]
    fn deep_nesting_is_rejected() {
        let text = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(read(&text, "cog.yaml").is_err());
    }

    #[test]
    fn huge_files_are_rejected() {
        let error = read(&"a".repeat(MAX_BYTES + 1), "cog.yaml").unwrap_err();
        assert_eq!(error.message, "the file is larger than 1024 KiB");
    }

    #[test]
    fn only_one_document_is_read() {
        assert!(read("a: 1\n---\nb: 2\n", "cog.yaml").is_err());
    }
}
