//! Checkers, one for each kind of expectation. They are pure: everything they need was fetched before.

mod all;
mod error_contains;
mod exact_string;
mod jq_query;
mod limits;
mod match_prompt;
mod match_url;
mod media;
mod succeeds;
mod text;

use cog_findings::text::shorten;

use crate::domain::case::Expectation;
use crate::domain::compare_rules::CompareRules;
use crate::domain::output::OutputComparison;
use crate::domain::output_check::OutputCheck;
use crate::verify::observation::{Observation, PredictionOutcome};

/// What a checker needs besides the prediction itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) output_files: NeededFiles,
    /// The URL of the expected file.
    pub(super) wanted_url: Option<String>,
}

/// Which files of an output are fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NeededFiles {
    #[default]
    None,
    /// Those that the schema declares; where it declares none, whatever looks like a URL.
    Declared,
    /// Those, and whatever else looks like a URL.
    AllUrls,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum CheckResult {
    /// As expected, with remarks.
    Passed(Vec<String>),
    /// Not as expected.
    Failed {
        /// One line that names the expected and the actual output.
        reason: String,
        /// One line each.
        remarks: Vec<String>,
    },
    /// Decided by a comparison with the expected file.
    Compared {
        /// Its reason is absent if the files are the same.
        comparison: Box<OutputComparison>,
        /// One line each.
        remarks: Vec<String>,
    },
    /// Nothing is known, because a limit of ours hides the content. The message names it.
    Unknown(String),
    /// Decided by the judge, with this description.
    AskJudge(String),
}

impl CheckResult {
    fn passed() -> Self {
        Self::Passed(Vec::new())
    }

    fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), remarks: Vec::new() }
    }
}

/// Checks the output of a finished prediction.
pub(super) trait Check: Send + Sync {
    /// What has to be fetched for the check.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// May take a second for large images.
    fn check(&self, seen: &Observation) -> CheckResult;
}

pub(super) fn check_for(expectation: &Expectation, rules: &CompareRules) -> Box<dyn Check> {
    match expectation {
        Expectation::Succeeds => Box::new(succeeds::Succeeds),
        Expectation::ExactString(text) => Box::new(exact_string::ExactString(text.clone())),
        Expectation::MatchUrl(url) => Box::new(match_url::MatchUrl { url: url.clone(), tolerance: rules.tolerance() }),
        Expectation::MatchPrompt(description) => Box::new(match_prompt::MatchPrompt(description.clone())),
        Expectation::JqQuery(program) => Box::new(jq_query::JqQuery(program.clone())),
        Expectation::ErrorContains(text) => Box::new(error_contains::ErrorContains(text.clone())),
        Expectation::MatchFile(file) => Box::new(match_url::MatchFile { file: file.clone(), tolerance: rules.tolerance() }),
        Expectation::Checks { checks, .. } => Box::new(all::All(checks.iter().map(|check| of_several(check, rules)).collect())),
    }
}

/// The checker for one of several expectations.
fn of_several(check: &OutputCheck, rules: &CompareRules) -> Box<dyn Check> {
    match check {
        OutputCheck::Of(expectation) => check_for(expectation, rules),
        OutputCheck::Contains(text) => Box::new(text::Contains(text.clone())),
        OutputCheck::Regex(text) => Box::new(text::Matches(text.clone())),
        OutputCheck::JsonSchema(schema) => Box::new(text::FitsSchema(schema.clone())),
        OutputCheck::Image(wanted) => Box::new(media::MediaCheck::Image(Box::new(wanted.clone()), rules.tolerance())),
        OutputCheck::Audio(wanted) => Box::new(media::MediaCheck::Audio(wanted.clone())),
        OutputCheck::Video(wanted) => Box::new(media::MediaCheck::Video(wanted.clone())),
        OutputCheck::Count(range) => Box::new(limits::Count(*range)),
        OutputCheck::MaxPredictSeconds(limit) => Box::new(limits::AtMost::PredictSeconds(*limit)),
        OutputCheck::MaxCost(limit) => Box::new(limits::AtMost::Cost(*limit)),
        OutputCheck::FirstOutputSeconds(limit) => Box::new(limits::AtMost::FirstOutputSeconds(*limit)),
    }
}

/// Length at which a quoted output is cut.
const QUOTED_BYTES: usize = 200;

/// A value as a message quotes it.
fn quote(value: &serde_json::Value) -> String {
    shorten(&value.to_string(), QUOTED_BYTES)
}

/// The output of a prediction that succeeded, or the judgment that there is none. `null` is not an output; `0`, `false`, `""` and `[]` are:
/// `docs/reference/cog-safe-push.md#fuzzing`.
fn output_of(seen: &Observation) -> Result<&serde_json::Value, CheckResult> {
    match &seen.outcome {
        PredictionOutcome::Failed(error) => Err(CheckResult::failed(format!("the {} failed: {error}", seen.noun()))),
        PredictionOutcome::Refused(detail) => Err(CheckResult::failed(format!("Replicate refused the inputs: {detail}"))),
        PredictionOutcome::Succeeded => match &seen.output {
            Some(output) if !output.is_null() => Ok(output),
            _ => Err(CheckResult::failed(format!("the {} succeeded without an output", seen.noun()))),
        },
    }
}

#[cfg(test)]
mod tests;
