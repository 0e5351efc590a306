//! A test case of a version, and its expected outcome.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use cog_findings::Location;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::domain::compare_rules::CompareRules;
pub use crate::domain::output_check::Expectation;
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

    /// The name of a case that its author named.
    pub fn named(kind: CaseKind, name: &str) -> Self {
        match kind {
            CaseKind::Case => Self(name.to_owned()),
            kind => Self(format!("{kind}-{name}")),
        }
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

/// Where a test case runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestedOn {
    /// A version that is tested before it is published.
    Test,
    /// The version that users run.
    Live,
}

impl TestedOn {
    /// The word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }
}

/// A configured test case.
#[derive(Debug, Clone, Default)]
pub struct TestCase {
    /// What reports call it; `None` for its number.
    pub name: Option<String>,
    pub inputs: Inputs,
    /// Inputs whose values come from variables, and must never be shown.
    pub secrets: Vec<(String, SecretString)>,
    pub expectation: Expectation,
    /// How much its output may differ, on top of the rules of the model.
    pub compare: CompareRules,
    /// The time limit of its prediction, from its start; `None` for that of all.
    pub timeout: Option<Duration>,
    /// Why it does not run, perhaps empty; `None` if it runs.
    pub skip: Option<String>,
    /// Where it runs; empty for everywhere.
    pub only_on: Vec<TestedOn>,
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

impl PartialEq for TestCase {
    /// Secret values do not count, only their names.
    fn eq(&self, other: &Self) -> bool {
        let names = |case: &Self| case.secrets.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let settings = |case: &Self| (case.name.clone(), case.timeout, case.skip.clone(), case.only_on.clone());
        names(self) == names(other)
            && settings(self) == settings(other)
            && self.inputs == other.inputs
            && self.expectation == other.expectation
            && self.compare == other.compare
            && self.location == other.location
    }
}

impl TestCase {
    /// Whether it runs and its output is judged by what it should be like.
    pub fn asks_judge(&self) -> bool {
        self.skip.is_none() && self.expectation.parts().into_iter().any(|part| matches!(part, Expectation::MatchPrompt(_)))
    }

    /// Why it does not run here, if so.
    pub fn left_out(&self, on: TestedOn) -> Option<String> {
        match &self.skip {
            Some(reason) if reason.is_empty() => return Some("it is marked with skip".to_owned()),
            Some(reason) => return Some(reason.clone()),
            None => {}
        }
        let sides: Vec<&str> = self.only_on.iter().map(|side| side.as_str()).collect();
        (!self.only_on.is_empty() && !self.only_on.contains(&on)).then(|| format!("it runs only on {}", sides.join(" and ")))
    }
}
