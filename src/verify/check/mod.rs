//! Checkers: one for each way a case can be judged. Judging is pure; whatever a checker needs was fetched before.

mod error_contains;
mod exact_string;
mod jq_query;
mod match_prompt;
mod match_url;
mod succeeds;

use cog_findings::text::shorten;

use crate::domain::case::Expectation;
use crate::domain::output::OutputComparison;
use crate::verify::{Observation, Outcome};

/// What a checker needs beside the prediction itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The files of the output.
    pub output_files: bool,
    /// A file at this URL.
    pub wanted_url: Option<String>,
}

/// What a checker says.
#[derive(Debug, Clone, PartialEq)]
pub enum Judged {
    /// As expected, with what is to be said about it.
    Passed(Vec<String>),
    /// Not as expected.
    Failed {
        /// Why, in one line that names expected and actual.
        reason: String,
        /// More to be said, one line each.
        remarks: Vec<String>,
    },
    /// A file was compared with the one that the case names: whether they are the same decides.
    Compared {
        /// What was measured. Its reason is absent when they are the same.
        comparison: Box<OutputComparison>,
        /// More to be said, one line each.
        remarks: Vec<String>,
    },
    /// A judge has to say whether the output fits this description.
    AskJudge(String),
}

impl Judged {
    fn passed() -> Self {
        Self::Passed(Vec::new())
    }

    fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), remarks: Vec::new() }
    }
}

/// Judges what was seen of a prediction.
pub trait Check: Send + Sync {
    /// What has to be fetched first.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// Judges. May take a second for large pictures.
    fn judge(&self, seen: &Observation) -> Judged;
}

/// The checker of an expectation.
pub fn check_for(expectation: &Expectation) -> Box<dyn Check> {
    match expectation {
        Expectation::Succeeds => Box::new(succeeds::Succeeds),
        Expectation::ExactString(text) => Box::new(exact_string::ExactString(text.clone())),
        Expectation::MatchUrl(url) => Box::new(match_url::MatchUrl(url.clone())),
        Expectation::MatchPrompt(description) => Box::new(match_prompt::MatchPrompt(description.clone())),
        Expectation::JqQuery(program) => Box::new(jq_query::JqQuery(program.clone())),
        Expectation::ErrorContains(text) => Box::new(error_contains::ErrorContains(text.clone())),
    }
}

/// How much of an output a reason quotes.
const QUOTED_BYTES: usize = 200;

/// A value as a reason quotes it.
fn quote(value: &serde_json::Value) -> String {
    shorten(&value.to_string(), QUOTED_BYTES)
}

/// The output of a prediction that succeeded, or the judgment that there is none. `null` is not an output; `0`, `false`, `""` and `[]` are:
/// `docs/reference/cog-safe-push.md#fuzzing`.
fn output_of(seen: &Observation) -> Result<&serde_json::Value, Judged> {
    match &seen.outcome {
        Outcome::Failed(error) => Err(Judged::failed(format!("the {} failed: {error}", seen.noun()))),
        Outcome::Refused(detail) => Err(Judged::failed(format!("the inputs were refused: {detail}"))),
        Outcome::Succeeded => match &seen.output {
            Some(output) if !output.is_null() => Ok(output),
            _ => Err(Judged::failed(format!("the {} succeeded without an output", seen.noun()))),
        },
    }
}

#[cfg(test)]
mod tests;
