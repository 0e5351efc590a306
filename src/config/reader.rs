//! Types of the configuration that the strict YAML reader does not have: models, inputs, required keys.

use std::collections::BTreeMap;

use cog_findings::text::shorten;
use cog_findings::{Finding, Location};
use cog_schema::is_placeholder;
use cog_source::yaml::{Entry, Node, Reader, ReaderRules, Value};
use repository_files::FileError;
use serde_json::{Map, Number};

use crate::config::rules;
use crate::domain::identity::ModelRef;

/// A reader that reports under the rules of the configuration.
pub(super) const fn new() -> Reader {
    Reader::new(ReaderRules { unknown_key: &rules::UNKNOWN_KEY, wrong_type: &rules::WRONG_TYPE })
}

/// Reads a model name.
pub(super) fn model(reader: &mut Reader, entry: Option<&Entry<'_>>) -> Option<ModelRef> {
    let text = reader.located_text(entry)?;
    // An empty name is an absent one, as in cog-safe-push.
    if text.value.trim().is_empty() {
        return None;
    }
    let model = text.value.parse().ok();
    if model.is_none() {
        let path = entry.map(Entry::path).unwrap_or_default();
        let message = format!("{path} '{}' is not OWNER/NAME", shorten(&text.value, 100));
        let hint = "write its owner and its name, as in acme/hotdog";
        reader.report(Finding::new(&rules::BAD_MODEL, message).hint(hint).at(text.location));
    }
    model
}

/// Reads a number, also in quotes.
pub(super) fn decimal(reader: &mut Reader, entry: &Entry<'_>) -> Option<f64> {
    let text = match &entry.node().value {
        Value::Number(_) | Value::Text(_) => reader.text(Some(entry))?,
        _ => String::new(),
    };
    let number = text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite());
    if number.is_none() {
        reader.wrong_type(entry, "a number");
    }
    number
}

/// Reads a mapping of names to any values, as they are sent.
pub(super) fn inputs(reader: &mut Reader, entry: Option<&Entry<'_>>) -> Map<String, serde_json::Value> {
    let Some(mapping) = entry.and_then(|entry| reader.open_mapping(entry)) else { return Map::new() };
    mapping.iter().map(|(key, entry)| (key.name.clone(), json(entry.node()))).collect()
}

/// The locations of the keys of a mapping.
pub(super) fn key_places(entry: Option<&Entry<'_>>) -> BTreeMap<String, Location> {
    let Some(Value::Map(entries)) = entry.map(|entry| &entry.node().value) else { return BTreeMap::new() };
    entries.iter().map(|(key, _)| (key.name.clone(), key.location.clone())).collect()
}

/// A configuration whose bytes are not text.
pub(super) fn not_text(error: &FileError, file: &str) -> Finding {
    let line = if let FileError::NotText { line, .. } = error { *line } else { 1 };
    let finding = Finding::new(&rules::UNREADABLE, error.to_string()).at(Location::at(file, line, 1));
    error.fix().into_iter().fold(finding, Finding::hint)
}

/// Reports inputs that still have the value that `init` wrote.
pub(super) fn placeholders(reader: &mut Reader, inputs: &Map<String, serde_json::Value>, places: &BTreeMap<String, Location>) {
    for (name, value) in inputs.iter().filter(|(_, value)| is_placeholder(value)) {
        let finding = Finding::new(&rules::PLACEHOLDER, format!("input '{name}' still has the placeholder {value}"));
        let finding = places.get(name).into_iter().fold(finding, |finding, place| finding.at(place.clone()));
        reader.report(finding.hint("send what a user would send, and say what the output should be"));
    }
}

/// Reports a required key that is missing.
pub(super) fn missing(reader: &mut Reader, key: &str, location: Location, hint: &str) {
    let message = format!("'{key}' is missing");
    reader.report(Finding::new(&rules::MISSING_KEY, message).at(location).hint(hint));
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
    let plain = plain.strip_prefix('+').unwrap_or(&plain);
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |digits| ("-", digits));
    // A leading zero is lost, as a number has none; `0o17` is the way to write octal numbers.
    let digits = match digits.trim_start_matches('0') {
        rest if rest.starts_with(|first: char| first.is_ascii_digit()) => rest,
        _ => digits,
    };
    let plain = format!("{sign}{digits}");
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
    if plain.trim_start_matches('-').chars().all(|character| character.is_ascii_digit()) {
        // Beyond 64 bits a number would be rounded.
        return text.into();
    }
    // What JSON cannot hold (infinity) stays the text that it was.
    plain.parse().ok().and_then(Number::from_f64).map_or_else(|| text.into(), serde_json::Value::Number)
}
