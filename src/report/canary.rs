//! A canary run, as JSON with frozen names and as text for a terminal.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::canary::CanaryReport;
use crate::domain::report::StageStatus;
use crate::domain::verdict::Verdict;
use crate::report::{escape, label};
use crate::support::clock::readable_duration;

/// The value of `schema` in these documents.
pub(crate) const SCHEMA: &str = "safe-push/canary/v1";

/// A canary run. Fields may be added, but are never renamed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CanaryFlight {
    /// `safe-push/canary/v1`.
    pub(crate) schema: String,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The text that the canary model returns.
    pub(crate) id: String,
    /// The model that it was pushed to.
    pub(crate) model: String,
    /// The version that the push created.
    pub(crate) version: Option<String>,
    /// The total duration in milliseconds.
    pub(crate) duration_ms: u64,
    /// The steps, in order.
    pub(crate) steps: Vec<CanaryStepEntry>,
    /// The error that stopped it.
    pub(crate) error: Option<CanaryProblem>,
}

/// One step of a canary run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Step")]
pub(crate) struct CanaryStepEntry {
    /// `guard`, `inspect`, `build`, `stage`, `verify` or `clean-up`.
    pub(crate) name: String,
    /// The verdict.
    pub(crate) status: StageStatus,
    /// The duration in milliseconds.
    pub(crate) duration_ms: u64,
    /// One line about it.
    pub(crate) note: Option<String>,
}

/// An error with a fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct CanaryProblem {
    /// The problem.
    pub(crate) message: String,
    /// The fix.
    pub(crate) hint: Option<String>,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A canary run as JSON data.
pub(crate) fn canary_flight(report: &CanaryReport) -> CanaryFlight {
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
            .map(|step| CanaryStepEntry {
                name: step.name.to_owned(),
                status: step.status,
                duration_ms: millis(step.duration),
                note: step.note.clone(),
            })
            .collect(),
        error: report
            .problem
            .as_ref()
            .map(|problem| CanaryProblem { message: problem.message.clone(), hint: problem.hint.clone() }),
    }
}

/// A canary run as a few lines of text.
pub(crate) fn canary_text(flight: &CanaryFlight) -> String {
    let mut text =
        format!("canary {} on {}: {}", escape::line(&flight.id), escape::line(&flight.model), label::verdict(flight.verdict));
    for step in &flight.steps {
        let status = label::stage(step.status);
        let time = readable_duration(Duration::from_millis(step.duration_ms));
        let note = step.note.as_deref().map(|note| format!("  {}", escape::line(note))).unwrap_or_default();
        text.push_str(format!("\n  {:<8} {status:<9} {time:>9}{note}", step.name).trim_end());
    }
    text.push_str(&format!("\n  {:<8} {:<9} {:>9}", "total", "", readable_duration(Duration::from_millis(flight.duration_ms))));
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
    fn a_canary_is_reported_step_by_step() {
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
        assert!(!canary_text(&flight).contains('\u{1b}'), "text of a model cannot control a terminal");
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
