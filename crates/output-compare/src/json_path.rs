//! Paths to values in JSON, for values that do not count in a comparison.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A path as in `.timings.total`, `.boxes[0].left` or `.items[*].id`. `.*` is every member, `[*]` every item.
///
/// ```
/// use output_compare::JsonPath;
/// use serde_json::json;
///
/// let path: JsonPath = ".items[*].id".parse().unwrap();
/// let mut value = json!({"items": [{"id": 1, "n": 2}, {"id": 3}]});
/// path.remove_from(&mut value);
/// assert_eq!(value, json!({"items": [{"n": 2}, {}]}));
/// assert!(path.covers(".items[7].id") && path.covers(".items[7].id.part") && !path.covers(".items"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JsonPath {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    Member(String),
    AnyMember,
    Item(usize),
    AnyItem,
}

/// A text that is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a path: write it as in .timings.total or .items[*].id")]
pub struct JsonPathError {
    text: String,
}

impl fmt::Display for JsonPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for JsonPath {
    type Err = JsonPathError;

    fn from_str(text: &str) -> Result<Self, JsonPathError> {
        match steps(text) {
            Some(steps) if !steps.is_empty() => Ok(Self { text: text.to_owned(), steps }),
            _ => Err(JsonPathError { text: text.to_owned() }),
        }
    }
}

/// The steps of a path; `None` if it is malformed.
fn steps(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (index, after) = inside.split_once(']')?;
            steps.push(if index == "*" { Step::AnyItem } else { Step::Item(index.parse().ok()?) });
            rest = after;
        } else {
            let member = rest.strip_prefix('.')?;
            let (name, after) = member.split_at(member.find(['.', '[']).unwrap_or(member.len()));
            steps.push(match name {
                "" => return None,
                "*" => Step::AnyMember,
                name => Step::Member(name.to_owned()),
            });
            rest = after;
        }
    }
    Some(steps)
}

impl JsonPath {
    /// Whether a path without wildcards is this one, or leads below it.
    pub fn covers(&self, path: &str) -> bool {
        let Some(other) = steps(path) else { return false };
        other.len() >= self.steps.len()
            && self.steps.iter().zip(&other).all(|(step, other)| match (step, other) {
                (Step::AnyMember, Step::Member(_)) | (Step::AnyItem, Step::Item(_)) => true,
                (step, other) => step == other,
            })
    }

    /// Removes what the path leads to: members disappear, items become `null`, so that the others keep their places.
    pub fn remove_from(&self, value: &mut Value) {
        remove(value, &self.steps);
    }
}

fn remove(value: &mut Value, steps: &[Step]) {
    let Some((step, rest)) = steps.split_first() else { return };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) if rest.is_empty() => {
            members.remove(name);
        }
        (Step::Member(name), Value::Object(members)) => {
            if let Some(member) = members.get_mut(name) {
                remove(member, rest);
            }
        }
        (Step::AnyMember, Value::Object(members)) if rest.is_empty() => members.clear(),
        (Step::AnyMember, Value::Object(members)) => members.values_mut().for_each(|member| remove(member, rest)),
        (Step::Item(index), Value::Array(items)) => {
            if let Some(item) = items.get_mut(*index) {
                remove_item(item, rest);
            }
        }
        (Step::AnyItem, Value::Array(items)) => items.iter_mut().for_each(|item| remove_item(item, rest)),
        _ => {}
    }
}

fn remove_item(item: &mut Value, rest: &[Step]) {
    if rest.is_empty() {
        *item = Value::Null;
    } else {
        remove(item, rest);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_path_leads_to_is_removed() {
        let value = json!({"a": {"b": 1, "c": [1, 2]}, "d": [[1, {"e": 2}]]});
        for (path, left) in [
            (".a", json!({"d": [[1, {"e": 2}]]})),
            (".a.b", json!({"a": {"c": [1, 2]}, "d": [[1, {"e": 2}]]})),
            (".a.c[1]", json!({"a": {"b": 1, "c": [1, null]}, "d": [[1, {"e": 2}]]})),
            (".d[*][1].e", json!({"a": {"b": 1, "c": [1, 2]}, "d": [[1, {}]]})),
            (".*", json!({})),
            (".a.b.c[0].x", value.clone()),
        ] {
            let mut changed = value.clone();
            path.parse::<JsonPath>().unwrap().remove_from(&mut changed);
            assert_eq!(changed, left, "{path}");
        }
    }

    #[test]
    fn malformed_paths_are_rejected() {
        for path in ["", "a", ".", ".a.", ".a[", ".a[x]", ".a[-1]", "[*]x"] {
            assert!(path.parse::<JsonPath>().is_err(), "{path}");
        }
        assert!("[*]".parse::<JsonPath>().unwrap().covers("[3].x"));
    }
}
