//! Reading located YAML strictly: every mistake is kept, and what is right is used.

use std::collections::BTreeMap;

use cog_findings::text::{nearest, shorten};
use cog_findings::{Finding, Location};
use cog_source::yaml::{Key, Node, Value};
use serde_json::{Map, Number};

use crate::config::rules;
use crate::domain::identity::ModelRef;

/// Collects mistakes while values are taken.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) findings: Vec<Finding>,
    /// Where values stand, by their paths.
    pub(super) places: BTreeMap<String, Location>,
}

/// A mapping whose keys are known.
pub(super) struct Entries<'a> {
    entries: &'a [(Key, Node)],
}

impl<'a> Entries<'a> {
    /// The value of a key; `None` also for one that is empty.
    pub(super) fn get(&self, name: &str) -> Option<&'a Node> {
        let found = self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node);
        found.filter(|node| node.value != Value::Null)
    }
}

impl Reader {
    /// A mapping that may have these keys.
    pub(super) fn mapping<'a>(&mut self, node: &'a Node, path: &str, known: &[&str]) -> Option<Entries<'a>> {
        let Value::Map(entries) = &node.value else {
            self.wrong_type(node, path, "a mapping");
            return None;
        };
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
            let place = if path.is_empty() { String::new() } else { format!(" of {path}") };
            let message = format!("'{}' is not a key{place}", shorten(&key.name, 100));
            let hint = match nearest(&key.name, known.iter().copied()) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("the keys are {}", known.join(", ")),
            };
            self.findings.push(Finding::new(&rules::UNKNOWN_KEY, message).at(key.location.clone()).hint(hint));
        }
        Some(Entries { entries })
    }

    fn wrong_type(&mut self, node: &Node, path: &str, wanted: &str) {
        let what = if path.is_empty() { "the file" } else { path };
        let message = format!("{what} is {}, not {wanted}", shown(&node.value));
        self.findings.push(Finding::new(&rules::WRONG_TYPE, message).at(node.location.clone()));
    }

    /// Remembers where a value stands.
    fn place<'a>(&mut self, node: Option<&'a Node>, path: &str) -> Option<&'a Node> {
        let node = node?;
        self.places.insert(path.to_owned(), node.location.clone());
        Some(node)
    }

    /// A text. A number is taken as written: names and versions look like numbers now and then.
    pub(super) fn text(&mut self, node: Option<&Node>, path: &str) -> Option<String> {
        let node = self.place(node, path);
        match &node?.value {
            Value::Text(text) => Some(text.clone()),
            Value::Number(text) => Some(text.clone()),
            _ => {
                self.wrong_type(node?, path, "text");
                None
            }
        }
    }

    /// `true` or `false`; in quotes too, as cog-safe-push takes it.
    pub(super) fn boolean(&mut self, node: Option<&Node>, path: &str) -> Option<bool> {
        let node = self.place(node, path);
        match &node?.value {
            Value::Bool(value) => Some(*value),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => {
                self.wrong_type(node?, path, "true or false");
                None
            }
        }
    }

    /// A whole number that is not negative; in quotes too, as cog-safe-push takes it.
    pub(super) fn number(&mut self, node: Option<&Node>, path: &str) -> Option<u64> {
        let node = self.place(node, path)?;
        match &node.value {
            Value::Number(text) => {
                let number = text.replace('_', "").trim_end_matches(".0").parse().ok();
                if number.is_none() {
                    self.wrong_type_of_number(node, path, text);
                }
                number
            }
            Value::Text(text) if text.parse::<u64>().is_ok() => text.parse().ok(),
            _ => {
                self.wrong_type(node, path, "a number");
                None
            }
        }
    }

    fn wrong_type_of_number(&mut self, node: &Node, path: &str, text: &str) {
        let message = format!("{path} is {}, not a whole number that is not negative", shorten(text, 60));
        self.findings.push(Finding::new(&rules::WRONG_TYPE, message).at(node.location.clone()));
    }

    /// The items of a list.
    pub(super) fn list<'a>(&mut self, node: Option<&'a Node>, path: &str) -> Vec<&'a Node> {
        match node.map(|node| &node.value) {
            None => Vec::new(),
            Some(Value::List(items)) => items.iter().collect(),
            Some(_) => {
                if let Some(node) = node {
                    self.wrong_type(node, path, "a list");
                }
                Vec::new()
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, node: Option<&Node>, path: &str) -> Vec<String> {
        let items = self.list(node, path);
        items.into_iter().filter_map(|item| self.text(Some(item), &format!("an item of {path}"))).collect()
    }

    /// A model's name.
    pub(super) fn model(&mut self, node: Option<&Node>, path: &str) -> Option<ModelRef> {
        let text = self.text(node, path)?;
        match text.parse() {
            Ok(model) => Some(model),
            Err(_) => {
                let message = format!("{path} '{}' is not OWNER/NAME", shorten(&text, 100));
                let finding = Finding::new(&rules::BAD_MODEL, message).hint("write its owner and its name, as in acme/hotdog");
                self.findings.push(match node {
                    Some(node) => finding.at(node.location.clone()),
                    None => finding,
                });
                None
            }
        }
    }

    /// A mapping of names to any values, as they are sent.
    pub(super) fn inputs(&mut self, node: Option<&Node>, path: &str) -> Map<String, serde_json::Value> {
        match node.map(|node| &node.value) {
            None => Map::new(),
            Some(Value::Map(entries)) => entries.iter().map(|(key, node)| (key.name.clone(), json(node))).collect(),
            Some(_) => {
                if let Some(node) = node {
                    self.wrong_type(node, path, "a mapping");
                }
                Map::new()
            }
        }
    }

    /// One of a few words.
    pub(super) fn choice(&mut self, node: Option<&Node>, path: &str, words: &[&str]) -> Option<String> {
        let node = node?;
        // YAML 1.1 reads a bare `off` as false.
        let text = match &node.value {
            Value::Bool(false) if words.contains(&"off") => "off".to_owned(),
            _ => self.text(Some(node), path)?,
        };
        if words.contains(&text.as_str()) {
            return Some(text);
        }
        let message = format!("{path} is '{}', not one of {}", shorten(&text, 60), words.join(", "));
        let finding = Finding::new(&rules::WRONG_TYPE, message).at(node.location.clone());
        self.findings.push(match nearest(&text, words.iter().copied()) {
            Some(near) => finding.hint(format!("did you mean '{near}'?")),
            None => finding,
        });
        None
    }

    /// Says that a key has to be there.
    pub(super) fn missing(&mut self, key: &str, location: Location, hint: &str) {
        let message = format!("'{key}' is missing");
        self.findings.push(Finding::new(&rules::MISSING_KEY, message).at(location).hint(hint));
    }
}

/// A value in words, with what it is.
fn shown(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Number(text) => format!("the number {}", shorten(text, 60)),
        Value::Text(text) => format!("the text '{}'", shorten(text, 60)),
        Value::Null | Value::List(_) | Value::Map(_) => value.kind().to_owned(),
    }
}

/// A value as JSON. Numbers are those of YAML: whole ones stay whole.
pub(super) fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(text) => number(text),
        Value::Text(text) => text.clone().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|(key, node)| (key.name.clone(), json(node))).collect(),
    }
}

fn number(text: &str) -> serde_json::Value {
    let plain = text.replace('_', "");
    if let Ok(whole) = plain.parse::<i64>() {
        return whole.into();
    }
    if let Ok(whole) = plain.parse::<u64>() {
        return whole.into();
    }
    let based = |prefix: &str, radix| plain.strip_prefix(prefix).and_then(|digits| i64::from_str_radix(digits, radix).ok());
    if let Some(whole) = based("0x", 16).or_else(|| based("0o", 8)).or_else(|| based("0b", 2)) {
        return whole.into();
    }
    // What JSON cannot hold (infinity) stays the text that it was.
    plain.parse().ok().and_then(Number::from_f64).map_or_else(|| text.into(), serde_json::Value::Number)
}
