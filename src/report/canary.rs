//! A canary's flight, as JSON with frozen names and as words for a terminal.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::canary::CanaryReport;
use crate::domain::report::StageStatus;
use crate::domain::verdict::Verdict;
use crate::report::escape;
use crate::support::clock::humane;

/// What `schema` says in these documents.
pub const SCHEMA: &str = "safe-push/canary/v1";

/// A flight with frozen names. Additions are fine, renames are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryFlight {
    /// [`SCHEMA`].
    pub schema: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What its model answers with.
    pub id: String,
    /// The model it was pushed to.
    pub model: String,
    /// The version that the push made.
    pub version: Option<String>,
    /// How long all of it took.
    pub duration_ms: u64,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What was wrong.
    pub error: Option<Problem>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `guard`, `inspect`, `build`, `stage`, `verify` or `clean-up`.
    pub name: String,
    /// How it ended.
    pub status: StageStatus,
    /// How long it took.
    pub duration_ms: u64,
    /// One line about it.
    pub note: Option<String>,
}

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// In words.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The flight as data.
pub fn canary_flight(report: &CanaryReport) -> CanaryFlight {
    CanaryFlight {
        schema: SCHEMA.to_owned(),
        verdict: report.verdict,
        id: report.id.clone(),
        model: report.model.to_string(),
        version: report.version.as_ref().map(ToString::to_string),
        duration_ms: millis(report.duration),
        steps: report
            .steps
            .iter()
            .map(|step| Step {
                name: step.name.to_owned(),
                status: step.status,
                duration_ms: millis(step.duration),
                note: step.note.clone(),
            })
            .collect(),
        error: report.problem.as_ref().map(|problem| Problem { message: problem.message.clone(), hint: problem.hint.clone() }),
    }
}

/// The flight as a few lines.
pub fn canary_text(flight: &CanaryFlight) -> String {
    let mut text = format!("canary {} on {}: {}", escape::line(&flight.id), escape::line(&flight.model), flight.verdict);
    for step in &flight.steps {
        let status = match step.status {
            StageStatus::Passed => "passed",
            StageStatus::Failed => "failed",
            StageStatus::Errored => "errored",
            StageStatus::Cancelled => "cancelled",
            StageStatus::Skipped => "skipped",
        };
        let time = humane(Duration::from_millis(step.duration_ms));
        let note = step.note.as_deref().map(|note| format!("  {}", escape::line(note))).unwrap_or_default();
        text.push_str(format!("\n  {:<8} {status:<9} {time:>9}{note}", step.name).trim_end());
    }
    text.push_str(&format!("\n  {:<8} {:<9} {:>9}", "total", "", humane(Duration::from_millis(flight.duration_ms))));
    if let Some(problem) = &flight.error {
        text.push_str(&format!("\nerror: {}", escape::line(&problem.message)));
        if let Some(hint) = &problem.hint {
            text.push_str(&format!("\n  hint: {}", escape::line(hint)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::canary::CanaryStep;
    use crate::domain::report::ErrorReport;

    #[test]
    fn a_flight_is_told_step_by_step() {
        let step = |name, status, millis, note: Option<&str>| CanaryStep {
            name,
            status,
            duration: Duration::from_millis(millis),
            note: note.map(str::to_owned),
        };
        let report = CanaryReport {
            id: "c0ffee".to_owned(),
            model: "acme/safe-push-canary".parse().unwrap(),
            version: None,
            verdict: Verdict::Failed,
            steps: vec![
                step("build", StageStatus::Passed, 12_300, Some("0.12 GB")),
                step("verify", StageStatus::Failed, 800, Some("a\u{1b}[31m trick")),
            ],
            duration: Duration::from_millis(13_200),
            problem: Some(ErrorReport { message: "expected 'a'".to_owned(), hint: Some("look".to_owned()) }),
        };
        let flight = canary_flight(&report);
        assert!(!canary_text(&flight).contains('\u{1b}'), "what a model says is no command for a terminal");
        insta::assert_snapshot!(canary_text(&flight).lines().take(2).collect::<Vec<_>>().join("\n"), @r"
        canary c0ffee on acme/safe-push-canary: failed
          build    passed         12 s  0.12 GB
        ");
        let value = serde_json::to_value(&flight).unwrap();
        assert_eq!(
            (value["steps"][0]["duration_ms"].as_u64(), value["schema"].as_str()),
            (Some(12_300), Some("safe-push/canary/v1"))
        );
        assert_eq!(serde_json::from_value::<CanaryFlight>(value).unwrap(), flight);
    }
}
