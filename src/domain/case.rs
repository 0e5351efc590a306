//! A test case of a version, and its expected outcome.

use std::collections::BTreeMap;
use std::fmt;

use cog_findings::Location;
use serde::{Deserialize, Serialize};

use crate::domain::prediction::Inputs;

/// A case's name within a model's run: `warm-up`, `compare-1`, `case-3`, `fuzz-7`, `train-1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId(String);

impl CaseId {
    /// The `number`th case of a kind, counted from 1.
    pub fn numbered(kind: CaseKind, number: usize) -> Self {
        Self(format!("{kind}-{number}"))
    }

    /// A name that was read from a report.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The origin of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseKind {
    /// The first prediction, which boots the version.
    WarmUp,
    /// A configured test case.
    Case,
    /// The inputs of a test case, on the live and the staged version.
    Compare,
    /// Generated or invented inputs.
    Fuzz,
    Train,
    /// Generated or invented inputs of a training.
    TrainFuzz,
}

impl CaseKind {
    /// Whether it is a training rather than a prediction.
    pub const fn is_training(self) -> bool {
        matches!(self, Self::Train | Self::TrainFuzz)
    }

    /// Whether its inputs were generated rather than configured.
    pub const fn is_generated(self) -> bool {
        matches!(self, Self::Fuzz | Self::TrainFuzz)
    }
}

impl fmt::Display for CaseKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::WarmUp => "warm-up",
            Self::Case => "case",
            Self::Compare => "compare",
            Self::Fuzz => "fuzz",
            Self::Train => "train",
            Self::TrainFuzz => "train-fuzz",
        })
    }
}

/// The expected outcome of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// It succeeds with any output.
    Succeeds,
    /// The output is exactly this text, which may be empty: `docs/reference/cog-safe-push.md#empty-expectations`.
    ExactString(String),
    /// The output is a file that matches the one at this URL.
    MatchUrl(String),
    /// The judge approves the output by this description.
    MatchPrompt(String),
    /// Every result of this jq program over the output is neither `false` nor `null`, and there is at least one.
    JqQuery(String),
    /// The prediction fails, or its inputs are rejected, with an error that contains this text.
    ErrorContains(String),
}

impl Expectation {
    /// Its key in cog-safe-push's configuration; `none` for [`Self::Succeeds`].
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Succeeds => "none",
            Self::ExactString(_) => "exact_string",
            Self::MatchUrl(_) => "match_url",
            Self::MatchPrompt(_) => "match_prompt",
            Self::JqQuery(_) => "jq_query",
            Self::ErrorContains(_) => "error_contains",
        }
    }

    /// The configured value.
    pub fn wanted(&self) -> Option<&str> {
        match self {
            Self::Succeeds => None,
            Self::ExactString(text)
            | Self::MatchUrl(text)
            | Self::MatchPrompt(text)
            | Self::JqQuery(text)
            | Self::ErrorContains(text) => Some(text),
        }
    }
}

/// A configured test case.
#[derive(Debug, Clone, PartialEq)]
pub struct TestCase {
    pub inputs: Inputs,
    pub expectation: Expectation,
    /// Where it is configured, if in a file.
    pub location: Option<CaseLocation>,
}

/// Where a test case and its parts are configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseLocation {
    /// The case as a whole.
    pub case: Location,
    /// The key of its checker.
    pub checker: Option<Location>,
    /// The keys of its inputs.
    pub inputs: BTreeMap<String, Location>,
}

impl CaseLocation {
    /// A case whose parts have no location of their own.
    pub const fn of(case: Location) -> Self {
        Self { case, checker: None, inputs: BTreeMap::new() }
    }

    /// The checker's key, or the case.
    pub fn checker(&self) -> &Location {
        self.checker.as_ref().unwrap_or(&self.case)
    }

    /// An input's key, or the case.
    pub fn input(&self, name: &str) -> &Location {
        self.inputs.get(name).unwrap_or(&self.case)
    }
}
