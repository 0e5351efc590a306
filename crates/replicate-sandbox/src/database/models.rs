//! Models and their versions.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::scripted::Script;

/// Who can see a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everyone.
    Public,
    /// Only the owner.
    Private,
}

impl Visibility {
    /// The API's name: `public` or `private`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) visibility: Visibility,
    pub(crate) hardware: String,
    pub(crate) is_official: bool,
    /// `description`, the URLs and `readme`, as given.
    pub(crate) texts: Map<String, Value>,
    pub(crate) run_count: u64,
    /// Oldest first.
    pub(crate) versions: Vec<Version>,
    /// Number of versions ever added, deleted ones included.
    pub(crate) versions_made: usize,
    /// Answers for versions pushed from now on, instead of their containers.
    pub(crate) pushed_script: Option<Script>,
    pub(crate) sequence: u64,
}

impl Model {
    /// A model without versions.
    pub(crate) fn new(owner: String, name: String, visibility: Visibility, hardware: String, sequence: u64) -> Self {
        Self {
            owner,
            name,
            visibility,
            hardware,
            is_official: false,
            texts: Map::new(),
            run_count: 0,
            versions: Vec::new(),
            versions_made: 0,
            pushed_script: None,
            sequence,
        }
    }

    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The versions visible at this time, oldest first.
    pub(crate) fn visible(&self, now: Instant) -> impl DoubleEndedIterator<Item = &Version> {
        self.versions.iter().filter(move |version| version.visible_at <= now)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) cog_version: Option<String>,
    pub(crate) schema: Option<Value>,
    pub(crate) runtime: Runtime,
    pub(crate) visible_at: Instant,
    pub(crate) is_disabled: bool,
    /// Whether a training has used it.
    pub(crate) is_trained_on: bool,
    pub(crate) sequence: u64,
}

impl Version {
    /// Whether its output comes in chunks and can be streamed.
    pub(crate) fn is_iterator(&self) -> bool {
        let kind = self.schema.as_ref().and_then(|schema| schema.pointer("/components/schemas/Output/x-cog-array-type"));
        kind.and_then(Value::as_str) == Some("iterator")
    }
}

/// What runs a version.
#[derive(Debug, Clone)]
pub(crate) enum Runtime {
    /// A container of an image.
    Image {
        /// The name under which the daemon has or pulls it.
        reference: String,
        /// Whether it has to be pulled first.
        pull: bool,
    },
    Script(Script),
}

/// Whether this is a valid name of an account or model: lowercase letters and digits, with `-`, `_` or `.` between them.
pub(crate) fn is_name(name: &str) -> bool {
    let alphanumeric = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    name.len() <= 255
        && name.starts_with(alphanumeric)
        && name.ends_with(alphanumeric)
        && name.chars().all(|letter| alphanumeric(letter) || matches!(letter, '-' | '_' | '.'))
}

/// Whether this is `owner/name`.
pub(crate) fn is_model_name(text: &str) -> bool {
    text.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lowercase_words() {
        assert!(["a", "a-b", "flux-1.1_pro", "0"].into_iter().all(is_name));
        assert!(!["", "-a", "a.", "A", "a/b", "a b", "ä"].into_iter().any(is_name));
        assert!(is_model_name("acme/m") && !is_model_name("acme") && !is_model_name("a/b/c"));
    }
}
