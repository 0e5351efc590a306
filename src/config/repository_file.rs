//! `.safe-push.yaml`: settings of the whole repository and of single models, beyond what cog-safe-push's configuration can say.

use std::collections::BTreeMap;

use cog_findings::{Finding, Location, RuleCode, Severity};
use cog_source::yaml::{Node, Value, read};
use figment::value::Dict;

use crate::config::reader::{Entries, Reader};
use crate::config::rules;
use crate::config::settings::{SETTINGS, ValueKind};
use crate::support::path_patterns::PathPatterns;

/// The file's name.
pub(super) const FILE: &str = ".safe-push.yaml";

/// Settings of the repository, or of one model.
#[derive(Debug, Clone, Default)]
pub(super) struct Overrides {
    /// Values by the names of settings.
    pub(super) values: Dict,
    /// Rules to ignore.
    pub(super) ignore: Vec<RuleCode>,
    /// Rules whose severity is changed.
    pub(super) severities: Vec<(RuleCode, Severity)>,
    /// Which files a model is made of.
    pub(super) paths: Option<PathPatterns>,
}

/// The contents of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct RepositoryFile {
    pub(super) all: Overrides,
    pub(super) models: BTreeMap<String, Overrides>,
    /// Locations of values by their paths, as in `models.hotdog.parallel`; `models.hotdog` is a section.
    pub(super) places: BTreeMap<String, Location>,
}

impl RepositoryFile {
    /// What is set for one model alone.
    pub(super) fn of_model(&self, name: &str) -> Overrides {
        self.models.get(name).cloned().unwrap_or_default()
    }
}

/// Reads the file's text.
pub(super) fn parse(text: &str, file: &str) -> (RepositoryFile, Vec<Finding>) {
    let root = match read(text, file) {
        Ok(root) => root,
        Err(error) => {
            return (RepositoryFile::default(), vec![Finding::new(&rules::UNREADABLE, error.message).at(error.location)]);
        }
    };
    let mut reader = Reader::default();
    // An empty file is a file without settings.
    if root.value == Value::Null {
        return (RepositoryFile::default(), Vec::new());
    }
    let mut config = contents(&mut reader, &root);
    config.places.append(&mut reader.places);
    (config, reader.findings)
}

fn known_keys() -> Vec<&'static str> {
    let settings = SETTINGS.iter().filter(|setting| setting.in_repository).map(|setting| setting.name);
    settings.chain(["ignore", "severity", "paths"]).collect()
}

fn contents(reader: &mut Reader, root: &Node) -> RepositoryFile {
    let mut known = known_keys();
    known.push("models");
    let Some(entries) = reader.mapping(root, "", &known) else { return RepositoryFile::default() };
    let all = overrides(reader, &entries, "");
    let mut models = BTreeMap::new();
    let mut places = BTreeMap::new();
    match entries.get("models").map(|node| (&node.value, node)) {
        Some((Value::Map(named), _)) => {
            for (key, node) in named {
                let path = format!("models.{}", key.name);
                places.insert(path.clone(), key.location.clone());
                if let Some(entries) = reader.mapping(node, &path, &known_keys()) {
                    models.insert(key.name.clone(), overrides(reader, &entries, &format!("{path}.")));
                }
            }
        }
        Some((_, node)) => {
            let _told = reader.mapping(node, "models", &[]);
        }
        None => {}
    }
    RepositoryFile { all, models, places }
}

fn overrides(reader: &mut Reader, entries: &Entries<'_>, path: &str) -> Overrides {
    let mut values = Dict::new();
    for setting in SETTINGS.iter().filter(|setting| setting.in_repository) {
        let node = entries.get(setting.name);
        if let Some(value) = node.and_then(|node| value(reader, node, &format!("{path}{}", setting.name), setting.kind)) {
            values.insert(setting.name.to_owned(), value);
        }
    }
    Overrides {
        values,
        ignore: codes(reader, entries.get("ignore"), &format!("{path}ignore")),
        severities: severities(reader, entries.get("severity"), &format!("{path}severity")),
        paths: paths(reader, entries.get("paths"), &format!("{path}paths")),
    }
}

/// A value of this form. An empty text is absent.
fn value(reader: &mut Reader, node: &Node, path: &str, kind: ValueKind) -> Option<figment::value::Value> {
    let node = Some(node);
    Some(match kind {
        ValueKind::Switch => reader.boolean(node, path)?.into(),
        ValueKind::Text => reader.text(node, path).filter(|text| !text.trim().is_empty())?.into(),
        ValueKind::Model => reader.model(node, path)?.to_string().into(),
        ValueKind::Number => reader.number(node, path)?.into(),
        ValueKind::Choice(words) => reader.choice(node, path, words)?.into(),
        ValueKind::List => reader.texts(node, path).into(),
    })
}

fn paths(reader: &mut Reader, node: Option<&Node>, path: &str) -> Option<PathPatterns> {
    let items = reader.list(Some(node?), path);
    let mut texts = Vec::new();
    for item in items {
        let Some(text) = reader.text(Some(item), &format!("an item of {path}")) else { continue };
        match PathPatterns::new([text.as_str()]) {
            Ok(_) => texts.push(text),
            Err(error) => {
                let finding = Finding::new(&rules::BAD_PATTERN, error.to_string()).at(item.location.clone());
                reader.findings.push(finding.hint("write a path, or a pattern as in 'src/**' or '!docs/**'"));
            }
        }
    }
    PathPatterns::new(texts.iter().map(String::as_str)).ok()
}

fn codes(reader: &mut Reader, node: Option<&Node>, path: &str) -> Vec<RuleCode> {
    let items = reader.list(node, path);
    items.into_iter().filter_map(|item| code(reader, &reader_text(item)?, item)).collect()
}

/// The text of an item, when it is one.
fn reader_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        _ => None,
    }
}

fn code(reader: &mut Reader, text: &str, node: &Node) -> Option<RuleCode> {
    let digits = text.strip_prefix("SP").unwrap_or_default();
    if digits.len() == 3 && digits.chars().all(|digit| digit.is_ascii_digit()) {
        return Some(RuleCode::parse(text));
    }
    let finding = Finding::new(&rules::BAD_RULE_CODE, format!("'{text}' is not a rule code")).at(node.location.clone());
    reader.findings.push(finding.hint("write a code such as SP101; `safe-push rules` lists them"));
    None
}

fn severities(reader: &mut Reader, node: Option<&Node>, path: &str) -> Vec<(RuleCode, Severity)> {
    let Some(node) = node else { return Vec::new() };
    let Value::Map(entries) = &node.value else {
        let _told = reader.mapping(node, path, &[]);
        return Vec::new();
    };
    let mut severities = Vec::new();
    for (key, value) in entries {
        let word = reader.choice(Some(value), &format!("{path}.{}", key.name), &["note", "warning", "error"]);
        let code = code(reader, &key.name, value);
        let severity = match word.as_deref() {
            Some("note") => Severity::Note,
            Some("warning") => Severity::Warning,
            Some("error") => Severity::Error,
            _ => continue,
        };
        severities.extend(code.map(|code| (code, severity)));
    }
    severities
}
