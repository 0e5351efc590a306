//! The strict YAML reader with the rules of `cog.yaml`: which keys exist, and since which SDK.

use cog_findings::{Finding, Location, Rule};

use super::keys::Keys;
use crate::rules;
use crate::sdk::SdkVersion;
use crate::yaml::{Entry, Key, Located, Mapping, Reader, ReaderRules, Value};

/// Reads `cog.yaml` for one SDK.
pub(super) struct ConfigReader {
    pub(super) yaml: Reader,
    pub(super) sdk: SdkVersion,
}

impl ConfigReader {
    pub(super) const fn new(sdk: SdkVersion) -> Self {
        let rules = ReaderRules { unknown_key: &rules::UNKNOWN_KEY, wrong_type: &rules::WRONG_TYPE };
        Self { yaml: Reader::new(rules), sdk }
    }

    pub(super) fn report(&mut self, rule: &Rule, message: impl Into<String>, location: &Location) {
        self.yaml.report(Finding::new(rule, message).at(location.clone()));
    }

    pub(super) fn report_with_hint(&mut self, rule: &Rule, message: impl Into<String>, hint: impl Into<String>, at: &Location) {
        self.yaml.report(Finding::new(rule, message).hint(hint).at(at.clone()));
    }

    /// A mapping with the given keys. Others are reported.
    pub(super) fn section<'a>(&mut self, entry: &Entry<'a>, keys: &Keys) -> Option<Mapping<'a>> {
        let section = self.yaml.open_mapping(entry)?;
        for key in section.keys() {
            if keys.legacy.contains(&key.name.as_str()) {
                self.yaml.report(keys.legacy_finding(key, &self.sdk));
            } else if !keys.known.contains(&key.name.as_str()) {
                self.yaml.unknown_key(&section, key, keys.hint(&key.name));
            }
        }
        Some(section)
    }

    /// Text that is not blank.
    pub(super) fn text(&mut self, entry: Option<&Entry<'_>>) -> Option<Located<String>> {
        self.yaml.located_text(entry).filter(|text| !text.value.trim().is_empty())
    }

    /// The items of a list of texts, without empty ones.
    pub(super) fn texts(&mut self, entry: Option<&Entry<'_>>) -> Vec<Located<String>> {
        let items = self.yaml.list(entry);
        let written = items.iter().filter(|item| item.node().value != Value::Null);
        written.filter_map(|item| self.yaml.located_text(Some(item))).collect()
    }

    /// Reports a key that the SDK deprecates.
    pub(super) fn deprecated(&mut self, key: &Key, path: &str, hint: &str) {
        self.report_with_hint(&rules::DEPRECATED_KEY, format!("`{path}` is deprecated"), hint, &key.location);
    }

    /// Reports a key that is newer than the SDK.
    pub(super) fn require(&mut self, (major, minor): (u32, u32), key: &Key, hint: &str) {
        if !self.sdk.is_at_least(major, minor) {
            let message = format!("`{}` needs Cog {major}.{minor} or later, and the SDK is {}", key.name, self.sdk);
            self.report_with_hint(&rules::KEY_NEEDS_NEWER_SDK, message, hint, &key.location);
        }
    }
}
