//! The `weights` section: managed weights of a bundle (Cog 0.17 and later).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cog_findings::Location;
use regex::Regex;

use super::keys;
use super::reader::ConfigReader;
use super::types::{ManagedWeights, WeightSource};
use crate::rules;
use crate::yaml::{Entry, Located, Mapping, Value};

/// Whether a name fits into a tag: lowercase words joined by single dots, dashes or underscores.
fn is_name(text: &str) -> bool {
    #[expect(clippy::expect_used, reason = "the pattern is a constant that a test compiles")]
    static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[a-z0-9]+(?:[._-][a-z0-9]+)*$").expect("a valid pattern"));
    NAME.is_match(text)
}

/// Reads the entries, and checks the rules among them.
pub(super) fn read(reader: &mut ConfigReader, root: &Mapping<'_>) -> Vec<ManagedWeights> {
    let mut weights = Vec::new();
    let (mut names, mut targets) = (BTreeSet::new(), Vec::new());
    for item in reader.yaml.list(root.get("weights").as_ref()) {
        let Some(keys) = reader.section(&item, &keys::WEIGHTS) else { continue };
        let name = reader.yaml.located_text(keys.get("name").as_ref());
        let target = reader.yaml.located_text(keys.get("target").as_ref());
        let sources = keys.get("source").map(|source| read_sources(reader, &source)).unwrap_or_default();
        if sources.is_empty() {
            reader.report(&rules::WEIGHTS_INVALID, "an entry of `weights` has no `source`", item.location());
        }
        let name = check_name(reader, name, &mut names, item.location());
        let target = check_target(reader, target, &mut targets, item.location());
        if let (Some(name), Some(target)) = (name, target) {
            weights.push(ManagedWeights { name, target, sources, location: item.location().clone() });
        }
    }
    weights
}

fn check_name(
    reader: &mut ConfigReader,
    name: Option<Located<String>>,
    names: &mut BTreeSet<String>,
    entry: &Location,
) -> Option<String> {
    let Some(name) = name.filter(|name| !name.value.is_empty()) else {
        reader.report(&rules::WEIGHTS_INVALID, "an entry of `weights` has no `name`", entry);
        return None;
    };
    let problem = if !is_name(&name.value) {
        "must be lowercase letters and digits, joined by single dots, dashes or underscores"
    } else if !names.insert(name.value.clone()) {
        "is used twice"
    } else {
        return Some(name.value);
    };
    reader.report(&rules::WEIGHTS_INVALID, format!("the name `{}` {problem}", name.value), &name.location);
    None
}

fn check_target(
    reader: &mut ConfigReader,
    target: Option<Located<String>>,
    targets: &mut Vec<String>,
    entry: &Location,
) -> Option<String> {
    let Some(target) = target.filter(|target| !target.value.is_empty()) else {
        reader.report(&rules::WEIGHTS_INVALID, "an entry of `weights` has no `target`", entry);
        return None;
    };
    let clean = clean(&target.value);
    let problem = if !target.value.starts_with('/') {
        "must be an absolute path".to_owned()
    } else if clean == "/" {
        "must not be the root of the container".to_owned()
    } else if targets.contains(&clean) {
        "is used twice".to_owned()
    } else if let Some(other) = targets.iter().find(|other| is_inside(&clean, other) || is_inside(other, &clean)) {
        format!("overlaps with `{other}`")
    } else {
        targets.push(clean);
        return Some(target.value);
    };
    reader.report(&rules::WEIGHTS_INVALID, format!("the target `{}` {problem}", target.value), &target.location);
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
fn read_sources(reader: &mut ConfigReader, entry: &Entry<'_>) -> Vec<WeightSource> {
    match &entry.node().value {
        Value::List(_) => reader.yaml.list(Some(entry)).iter().map(|item| read_source(reader, item)).collect(),
        _ => vec![read_source(reader, entry)],
    }
}

fn read_source(reader: &mut ConfigReader, entry: &Entry<'_>) -> WeightSource {
    let Some(keys) = reader.section(entry, &keys::WEIGHT_SOURCE) else { return WeightSource::default() };
    WeightSource {
        uri: reader.yaml.text(keys.get("uri").as_ref()),
        include: read_patterns(reader, keys.get("include").as_ref()),
        exclude: read_patterns(reader, keys.get("exclude").as_ref()),
    }
}

fn read_patterns(reader: &mut ConfigReader, entry: Option<&Entry<'_>>) -> Vec<String> {
    let path = entry.map(Entry::path).unwrap_or_default();
    let mut patterns = Vec::new();
    for pattern in reader.texts(entry) {
        let text = pattern.value.trim();
        let problem = if text.is_empty() {
            "is empty"
        } else if text.starts_with('!') {
            "starts with `!`, which is not supported"
        } else if text.contains('\\') {
            "has a backslash; use `/`"
        } else {
            patterns.push(text.to_owned());
            continue;
        };
        reader.report(&rules::WEIGHTS_INVALID, format!("a pattern of `{path}` {problem}"), &pattern.location);
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
