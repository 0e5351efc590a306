//! `.safe-push.yaml`: settings of the whole repository and of single models, beyond what cog-safe-push's configuration can say.

use std::collections::BTreeMap;

use cog_findings::{Finding, Location, RuleCode, Severity};
use cog_source::yaml::{Entry, Mapping, Reader, Value, read};
use figment::value::Dict;

use crate::config::model_keys::COMPARE;
use crate::config::settings::{SETTINGS, SettingValue, ValueKind};
use crate::config::{reader, rules, thresholds};
use crate::domain::compare_rules::CompareRules;
use crate::domain::plan::{Comparison, Regressions};
use crate::support::path_patterns::PathPatterns;

/// The setting that is a word or a mapping.
const COMPARE_KEY: &str = "compare";

/// The file's name.
pub(super) const FILE: &str = ".safe-push.yaml";

/// Settings of the repository, or of one model.
#[derive(Debug, Clone, Default)]
pub(super) struct Overrides {
    /// Values by the names of settings.
    pub(super) values: Dict,
    pub(super) ignore: Vec<RuleCode>,
    /// Rules whose severity is changed.
    pub(super) severities: Vec<(RuleCode, Severity)>,
    /// Which files a model is made of.
    pub(super) paths: Option<PathPatterns>,
    /// Where its project is.
    pub(super) folders: Folders,
    /// How much outputs may differ.
    pub(super) compare: CompareRules,
    /// Changes beside outputs that are errors.
    pub(super) regressions: Regressions,
}

/// The folders of one model, as written and where.
#[derive(Debug, Clone, Default)]
pub(super) struct Folders {
    /// `folder`: the one that holds `cog.yaml`.
    pub(super) folder: Option<(String, Location)>,
    /// `context`: the one that is built.
    pub(super) context: Option<(String, Location)>,
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
            return (
                RepositoryFile::default(),
                vec![Finding::new(&rules::UNREADABLE, error.message).at(error.location).hint(error.hint)],
            );
        }
    };
    // An empty file is a file without settings.
    if root.value == Value::Null {
        return (RepositoryFile::default(), Vec::new());
    }
    let mut reader = reader::new();
    let mut config = contents(&mut reader, &Entry::root(&root));
    let (findings, mut places) = reader.finish();
    config.places.append(&mut places);
    (config, findings)
}

fn known_keys() -> Vec<&'static str> {
    let settings = SETTINGS.iter().filter(|setting| setting.in_repository).map(|setting| setting.name);
    settings.chain(["ignore", "severity", "paths", "regressions"]).collect()
}

/// Keys of a single model that the whole repository does not have.
const OF_MODEL: [&str; 2] = ["folder", "context"];

fn contents(reader: &mut Reader, root: &Entry<'_>) -> RepositoryFile {
    let mut known = known_keys();
    known.push("models");
    let Some(entries) = reader.mapping(root, &known) else { return RepositoryFile::default() };
    let all = overrides(reader, &entries);
    let mut models = BTreeMap::new();
    let mut places = BTreeMap::new();
    if let Some(named) = entries.get("models").and_then(|entry| reader.open_mapping(&entry)) {
        for (key, entry) in named.iter() {
            places.insert(entry.path().to_owned(), key.location.clone());
            let known: Vec<&str> = known_keys().into_iter().chain(OF_MODEL).collect();
            if let Some(entries) = reader.mapping(&entry, &known) {
                let [folder, context] = OF_MODEL.map(|key| folder(reader, &entries, key));
                models.insert(key.name.clone(), Overrides { folders: Folders { folder, context }, ..overrides(reader, &entries) });
            }
        }
    }
    RepositoryFile { all, models, places }
}

fn overrides(reader: &mut Reader, entries: &Mapping<'_>) -> Overrides {
    let mut values = Dict::new();
    let compare = compare(reader, entries, &mut values);
    let is_read = |name: &str| name == COMPARE_KEY && compare.is_some();
    for setting in SETTINGS.iter().filter(|setting| setting.in_repository && !is_read(setting.name)) {
        if let Some(value) = entries.get(setting.name).and_then(|entry| value(reader, &entry, setting.kind)) {
            values.insert(setting.name.to_owned(), value);
        }
    }
    Overrides {
        values,
        ignore: codes(reader, entries.get("ignore").as_ref()),
        severities: severities(reader, entries.get("severity").as_ref()),
        paths: entries.get("paths").and_then(|entry| paths(reader, &entry)),
        folders: Folders::default(),
        regressions: entries.get("regressions").map(|entry| thresholds::regressions(reader, &entry)).unwrap_or_default(),
        compare: compare.unwrap_or_default(),
    }
}

/// A folder. An empty text is absent.
fn folder(reader: &mut Reader, entries: &Mapping<'_>, key: &str) -> Option<(String, Location)> {
    let text = reader.located_text(entries.get(key).as_ref())?;
    (!text.value.trim().is_empty()).then_some((text.value, text.location))
}

/// `compare` as a mapping: thresholds, and `cases` for what the word alone says. `None` for the word.
fn compare(reader: &mut Reader, entries: &Mapping<'_>, values: &mut Dict) -> Option<CompareRules> {
    let entry = entries.get(COMPARE_KEY).filter(|entry| matches!(entry.node().value, Value::Map(_)))?;
    let known: Vec<&str> = COMPARE.names().into_iter().chain(["cases"]).collect();
    let inner = reader.mapping(&entry, &known)?;
    let kind = <Comparison as SettingValue>::KIND;
    if let Some(cases) = inner.get("cases").and_then(|cases| value(reader, &cases, kind)) {
        values.insert(COMPARE_KEY.to_owned(), cases);
    }
    Some(thresholds::rules_in(reader, &inner))
}

/// A value of this form. An empty text is absent.
fn value(reader: &mut Reader, entry: &Entry<'_>, kind: ValueKind) -> Option<figment::value::Value> {
    let entry = Some(entry);
    Some(match kind {
        ValueKind::Switch => reader.lenient_boolean(entry)?.into(),
        ValueKind::Text => reader.text(entry).filter(|text| !text.trim().is_empty())?.into(),
        ValueKind::Model => reader::model(reader, entry)?.to_string().into(),
        ValueKind::Number => reader.lenient_count(entry)?.into(),
        ValueKind::Choice(words) => reader.choice(entry, words)?.into(),
        ValueKind::List => reader.texts(entry).into_iter().map(|text| text.value).collect::<Vec<_>>().into(),
    })
}

fn paths(reader: &mut Reader, entry: &Entry<'_>) -> Option<PathPatterns> {
    let mut texts = Vec::new();
    for text in reader.texts(Some(entry)) {
        match PathPatterns::new([text.value.as_str()]) {
            Ok(_) => texts.push(text.value),
            Err(error) => {
                let finding = Finding::new(&rules::BAD_PATTERN, error.to_string()).at(text.location);
                reader.report(finding.hint("write a path, or a pattern as in 'src/**' or '!docs/**'"));
            }
        }
    }
    PathPatterns::new(texts.iter().map(String::as_str)).ok()
}

fn codes(reader: &mut Reader, entry: Option<&Entry<'_>>) -> Vec<RuleCode> {
    let texts = reader.texts(entry);
    texts.iter().filter_map(|text| code(reader, &text.value, &text.location)).collect()
}

fn code(reader: &mut Reader, text: &str, location: &Location) -> Option<RuleCode> {
    let digits = text.strip_prefix("SP").unwrap_or_default();
    if digits.len() == 3 && digits.chars().all(|digit| digit.is_ascii_digit()) {
        return Some(RuleCode::parse(text));
    }
    let finding = Finding::new(&rules::BAD_RULE_CODE, format!("'{text}' is not a rule code")).at(location.clone());
    reader.report(finding.hint("write a code such as SP101; `safe-push rules` lists them"));
    None
}

fn severities(reader: &mut Reader, entry: Option<&Entry<'_>>) -> Vec<(RuleCode, Severity)> {
    let Some(entries) = entry.and_then(|entry| reader.open_mapping(entry)) else { return Vec::new() };
    let mut severities = Vec::new();
    for (key, entry) in entries.iter() {
        let word = reader.choice(Some(&entry), &["note", "warning", "error"]);
        let code = code(reader, &key.name, entry.location());
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
