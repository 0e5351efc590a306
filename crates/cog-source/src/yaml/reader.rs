//! Takes typed values out of a document. Mistakes become findings; valid values are used.

use std::collections::BTreeMap;

use cog_findings::text::{nearest, shorten};
use cog_findings::{Finding, Location, Rule};

use super::document::{Key, Value};
use super::entry::{Entry, Located, Mapping};

/// Longest key and value that a message quotes, in bytes.
const MAX_KEY_BYTES: usize = 100;
const MAX_VALUE_BYTES: usize = 60;

/// The rules that a [`Reader`] reports under.
#[derive(Debug, Clone, Copy)]
pub struct ReaderRules {
    /// For a key that a mapping does not have.
    pub unknown_key: &'static Rule,
    /// For a value of another type than expected.
    pub wrong_type: &'static Rule,
}

/// Collects findings while values are read.
///
/// Methods that take `Option<&Entry>` return the value of `None` for an absent entry, without a finding.
#[derive(Debug)]
pub struct Reader {
    rules: ReaderRules,
    findings: Vec<Finding>,
    locations: BTreeMap<String, Location>,
}

impl Reader {
    /// A reader without findings.
    pub const fn new(rules: ReaderRules) -> Self {
        Self { rules, findings: Vec::new(), locations: BTreeMap::new() }
    }

    /// The findings, and the locations of all scalars that were read, by path.
    pub fn finish(self) -> (Vec<Finding>, BTreeMap<String, Location>) {
        (self.findings, self.locations)
    }

    /// Adds a finding of the caller's own.
    pub fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// A mapping with no keys but the known ones. Others are reported with the nearest known key.
    pub fn mapping<'a>(&mut self, entry: &Entry<'a>, known: &[&str]) -> Option<Mapping<'a>> {
        let mapping = self.open_mapping(entry)?;
        for key in mapping.keys().filter(|key| !known.contains(&key.name.as_str())) {
            let hint = match nearest(&key.name, known.iter().copied()) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("the keys are {}", known.join(", ")),
            };
            self.unknown_key(&mapping, key, hint);
        }
        Some(mapping)
    }

    /// A mapping with any keys.
    pub fn open_mapping<'a>(&mut self, entry: &Entry<'a>) -> Option<Mapping<'a>> {
        match &entry.node().value {
            Value::Map(entries) => Some(Mapping::new(entry.path().to_owned(), entries)),
            _ => {
                self.wrong_type(entry, "a mapping");
                None
            }
        }
    }

    /// Reports a key that a mapping does not have.
    pub fn unknown_key(&mut self, mapping: &Mapping<'_>, key: &Key, hint: impl Into<String>) {
        let parent = if mapping.path().is_empty() { String::new() } else { format!(" of {}", mapping.path()) };
        let message = format!("'{}' is not a key{parent}", shorten(&key.name, MAX_KEY_BYTES));
        self.report(Finding::new(self.rules.unknown_key, message).at(key.location.clone()).hint(hint));
    }

    /// Reports a value of another type than `expected`, as in `a list`.
    pub fn wrong_type(&mut self, entry: &Entry<'_>, expected: &str) {
        let subject = if entry.path().is_empty() { "the file" } else { entry.path() };
        let message = format!("{subject} is {}, not {expected}", described(&entry.node().value));
        let finding = Finding::new(self.rules.wrong_type, message).at(entry.location().clone());
        self.report(match fix(&entry.node().value, expected) {
            Some(fix) => finding.hint(fix),
            None => finding,
        });
    }

    /// Remembers the location of a scalar.
    fn scalar<'a>(&mut self, entry: &Entry<'a>) -> &'a Value {
        self.locations.insert(entry.path().to_owned(), entry.location().clone());
        &entry.node().value
    }

    /// Text. A number counts as the text it is written as: names and versions can look like numbers.
    pub fn text(&mut self, entry: Option<&Entry<'_>>) -> Option<String> {
        let entry = entry?;
        match self.scalar(entry) {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            _ => {
                self.wrong_type(entry, "text");
                None
            }
        }
    }

    /// A text like [`Self::text`], with its location.
    pub fn located_text(&mut self, entry: Option<&Entry<'_>>) -> Option<Located<String>> {
        let entry = entry?;
        self.text(Some(entry)).map(|text| Located::new(text, entry.location().clone()))
    }

    /// `true` or `false`, not in quotes.
    pub fn boolean(&mut self, entry: Option<&Entry<'_>>) -> Option<bool> {
        let entry = entry?;
        match self.scalar(entry) {
            Value::Bool(value) => Some(*value),
            _ => {
                self.wrong_type(entry, "true or false");
                None
            }
        }
    }

    /// `true` or `false` in any form that pydantic takes for it: words in quotes, 1 and 0.
    pub fn lenient_boolean(&mut self, entry: Option<&Entry<'_>>) -> Option<bool> {
        let known = match &entry?.node().value {
            Value::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
                "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
                _ => None,
            },
            Value::Number(text) => match text.as_str() {
                "1" | "1.0" => Some(true),
                "0" | "0.0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if known.is_some() {
            self.scalar(entry?);
        }
        known.or_else(|| self.boolean(entry))
    }

    /// A whole number.
    pub fn integer(&mut self, entry: Option<&Entry<'_>>) -> Option<i64> {
        let entry = entry?;
        let number = match self.scalar(entry) {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong_type(entry, "a whole number");
        }
        number
    }

    /// A whole number from 0, also in quotes and as `1_000` or `10.0`.
    pub fn lenient_count(&mut self, entry: Option<&Entry<'_>>) -> Option<u64> {
        let entry = entry?;
        let number = match self.scalar(entry) {
            Value::Number(text) => text.replace('_', "").trim_end_matches(".0").parse().ok(),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong_type(entry, "a whole number from 0");
        }
        number
    }

    /// The items of a list.
    pub fn list<'a>(&mut self, entry: Option<&Entry<'a>>) -> Vec<Entry<'a>> {
        let Some(entry) = entry else { return Vec::new() };
        match &entry.node().value {
            Value::List(items) => {
                let item = |(index, node)| Entry::at(format!("{}[{index}]", entry.path()), node);
                items.iter().enumerate().map(item).collect()
            }
            _ => {
                self.wrong_type(entry, "a list");
                Vec::new()
            }
        }
    }

    /// The items of a list of texts.
    pub fn texts(&mut self, entry: Option<&Entry<'_>>) -> Vec<Located<String>> {
        self.list(entry).iter().filter_map(|item| self.located_text(Some(item))).collect()
    }

    /// One of several fixed values.
    pub fn choice(&mut self, entry: Option<&Entry<'_>>, choices: &[&str]) -> Option<String> {
        let entry = entry?;
        // YAML 1.1 reads a bare `off` as false.
        let text = match &entry.node().value {
            Value::Bool(false) if choices.contains(&"off") => {
                self.scalar(entry);
                "off".to_owned()
            }
            _ => self.text(Some(entry))?,
        };
        if choices.contains(&text.as_str()) {
            return Some(text);
        }
        let message = format!("{} is '{}', not one of {}", entry.path(), shorten(&text, MAX_VALUE_BYTES), choices.join(", "));
        let finding = Finding::new(self.rules.wrong_type, message).at(entry.location().clone());
        self.report(match nearest(&text, choices.iter().copied()) {
            Some(near) => finding.hint(format!("did you mean '{near}'?")),
            None => finding,
        });
        None
    }
}

/// How to turn a value into one of the expected type.
fn fix(value: &Value, expected: &str) -> Option<&'static str> {
    Some(match (expected, value) {
        ("a mapping", _) => "write `key: value` lines",
        ("a list", _) => "start each item with `- ` on a line of its own",
        ("text", Value::Null) => "write a value, or remove the key",
        ("text", Value::Bool(_)) => "put it in quotes",
        ("text", _) => "write a single value",
        ("true or false", Value::Text(text)) if ["true", "false"].contains(&text.as_str()) => "remove the quotes",
        ("true or false", _) => "write true or false",
        ("a whole number" | "a whole number from 0", Value::Text(text)) if text.parse::<u64>().is_ok() => "remove the quotes",
        ("a whole number", _) => "write a whole number, as in 4",
        ("a whole number from 0", _) => "write a whole number without a sign, as in 4",
        _ => return None,
    })
}

/// A value for a message.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) => format!("the number {}", shorten(text, MAX_VALUE_BYTES)),
        Value::Text(text) => format!("the text '{}'", shorten(text, MAX_VALUE_BYTES)),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    }
}
