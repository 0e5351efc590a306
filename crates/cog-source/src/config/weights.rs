//! The `weights` section: managed weights of a bundle (Cog 0.17 and later).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cog_findings::Location;
use regex::Regex;

use super::keys;
use super::read::Reader;
use super::types::{Located, ManagedWeights, WeightSource};
use crate::rules;
use crate::yaml::{Node, Value};

/// What fits into a tag: lowercase words joined by single dots, dashes or underscores.
fn is_name(text: &str) -> bool {
    #[expect(clippy::expect_used, reason = "the pattern is a constant that a test compiles")]
    static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[a-z0-9]+(?:[._-][a-z0-9]+)*$").expect("a valid pattern"));
    NAME.is_match(text)
}

/// Reads the entries and the rules among them.
pub(super) fn read(reader: &mut Reader, node: &Node) -> Vec<ManagedWeights> {
    let mut weights = Vec::new();
    let (mut names, mut targets) = (BTreeSet::new(), Vec::new());
    for item in reader.list("weights", node) {
        let (mut name, mut target, mut sources) = (None, None, Vec::new());
        for (key, node) in reader.map("weights", item) {
            reader.judge_key(&keys::WEIGHTS, key);
            match key.name.as_str() {
                "name" => name = reader.text("weights.name", node),
                "target" => target = reader.text("weights.target", node),
                "source" => sources = read_sources(reader, node),
                _ => {}
            }
        }
        if sources.is_empty() {
            reader.report(&rules::WEIGHTS_INVALID, "an entry of `weights` has no `source`".to_owned(), &item.location);
        }
        let name = check_name(reader, name, &mut names, &item.location);
        let target = check_target(reader, target, &mut targets, &item.location);
        if let (Some(name), Some(target)) = (name, target) {
            weights.push(ManagedWeights { name, target, sources, location: item.location.clone() });
        }
    }
    weights
}

fn check_name(
    reader: &mut Reader,
    name: Option<Located<String>>,
    names: &mut BTreeSet<String>,
    entry: &Location,
) -> Option<String> {
    let Some(name) = name.filter(|name| !name.value.is_empty()) else {
        reader.report(&rules::WEIGHTS_INVALID, "an entry of `weights` has no `name`".to_owned(), entry);
        return None;
    };
    let fault = if !is_name(&name.value) {
        "must be lowercase letters and digits, joined by single dots, dashes or underscores"
    } else if !names.insert(name.value.clone()) {
        "comes twice"
    } else {
        return Some(name.value);
    };
    reader.report(&rules::WEIGHTS_INVALID, format!("the name `{}` {fault}", name.value), &name.location);
    None
}

fn check_target(
    reader: &mut Reader,
    target: Option<Located<String>>,
    targets: &mut Vec<String>,
    entry: &Location,
) -> Option<String> {
    let Some(target) = target.filter(|target| !target.value.is_empty()) else {
        reader.report(&rules::WEIGHTS_INVALID, "an entry of `weights` has no `target`".to_owned(), entry);
        return None;
    };
    let clean = clean(&target.value);
    let fault = if !target.value.starts_with('/') {
        "must be an absolute path".to_owned()
    } else if clean == "/" {
        "must not be the root of the container".to_owned()
    } else if targets.contains(&clean) {
        "comes twice".to_owned()
    } else if let Some(other) = targets.iter().find(|other| is_inside(&clean, other) || is_inside(other, &clean)) {
        format!("overlaps with `{other}`")
    } else {
        targets.push(clean);
        return Some(target.value);
    };
    reader.report(&rules::WEIGHTS_INVALID, format!("the target `{}` {fault}", target.value), &target.location);
    None
}

/// The path without empty, `.` and `..` parts.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}

fn is_inside(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// One source, or a list of them.
fn read_sources(reader: &mut Reader, node: &Node) -> Vec<WeightSource> {
    match &node.value {
        Value::List(items) => items.iter().map(|item| read_source(reader, item)).collect(),
        Value::Null => Vec::new(),
        _ => vec![read_source(reader, node)],
    }
}

fn read_source(reader: &mut Reader, node: &Node) -> WeightSource {
    let mut source = WeightSource::default();
    for (key, node) in reader.map("weights.source", node) {
        reader.judge_key(&keys::WEIGHT_SOURCE, key);
        match key.name.as_str() {
            "uri" => source.uri = reader.text("weights.source.uri", node).map(|uri| uri.value),
            "include" => source.include = read_patterns(reader, "weights.source.include", node),
            "exclude" => source.exclude = read_patterns(reader, "weights.source.exclude", node),
            _ => {}
        }
    }
    source
}

fn read_patterns(reader: &mut Reader, path: &str, node: &Node) -> Vec<String> {
    let mut patterns = Vec::new();
    for pattern in reader.texts(path, node) {
        let text = pattern.value.trim();
        let fault = if text.is_empty() {
            "is empty"
        } else if text.starts_with('!') {
            "starts with `!`, which is not supported"
        } else if text.contains('\\') {
            "has a backslash; use `/`"
        } else {
            patterns.push(text.to_owned());
            continue;
        };
        reader.report(&rules::WEIGHTS_INVALID, format!("a pattern of `{path}` {fault}"), &pattern.location);
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_into_a_tag() {
        for name in ["sdxl", "sd-xl.v2_0", "1"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "SDXL", "-a", "a-", "a--b", "a b", "ä"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn paths_are_compared_without_detours() {
        assert_eq!(clean("/a/./b/../c/"), "/a/c");
        assert_eq!(clean("/../.."), "/");
        assert!(is_inside("/a/b", "/a"));
        assert!(!is_inside("/ab", "/a"));
        assert!(!is_inside("/a", "/a"));
    }
}
