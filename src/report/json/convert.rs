//! Converts a run into the frozen types.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use cog_findings::{Finding, SchemaChange, Severity};
use output_compare::{Limit, Measurement, Preview};
use serde_json::Value;

use super::unchecked::unchecked;
use super::{PREVIEW_BYTES, SCHEMA, previews, v1};
use crate::domain::before_after::BeforeAfter;
use crate::domain::output::{ComparedWith, OutputComparison, OutputFile};
use crate::domain::report::{
    Attempt, CaseReport, DeploymentReport, LayerProof, ModelReport, RunReport, SourceLines, StageReport, Transfer,
};
use crate::domain::verdict::Verdict;

pub(crate) fn run_json(report: &RunReport) -> v1::Run {
    let mut run = v1::Run {
        schema: SCHEMA.to_owned(),
        tool_version: report.tool_version.clone(),
        started_at: report.started_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        duration_ms: millis(report.duration),
        verdict: report.verdict,
        exit_code: report.verdict.exit_code(),
        notices: report.notices.clone(),
        error: None,
        findings: Vec::new(),
        origin: None,
        history: Vec::new(),
        models: report.models.iter().map(model).collect(),
    };
    previews::bound(&mut run, PREVIEW_BYTES);
    run
}

/// A run that ended before its models could be run.
pub(crate) struct FailedRun<'a> {
    pub(crate) tool_version: &'a str,
    pub(crate) at: DateTime<Utc>,
    pub(crate) verdict: Verdict,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) findings: &'a [Finding],
}

impl FailedRun<'_> {
    /// The run as reports take it.
    pub(crate) fn json(self) -> v1::Run {
        v1::Run {
            schema: SCHEMA.to_owned(),
            tool_version: self.tool_version.to_owned(),
            started_at: self.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            duration_ms: 0,
            verdict: self.verdict,
            exit_code: self.verdict.exit_code(),
            notices: Vec::new(),
            error: Some(v1::ErrorEntry { message: self.message, hint: self.hint }),
            findings: self.findings.iter().map(finding).collect(),
            origin: None,
            history: Vec::new(),
            models: Vec::new(),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn model(report: &ModelReport) -> v1::Model {
    v1::Model {
        model: report.model.to_string(),
        name: report.name.clone(),
        config: report.config_file.clone(),
        verdict: report.verdict,
        versions: v1::Versions {
            test: report.staged.as_ref().map(ToString::to_string),
            live: report.published.as_ref().map(ToString::to_string),
            official: report.official.as_ref().map(ToString::to_string),
            unchanged: report.unchanged.as_ref().map(ToString::to_string),
            previous: report.previous.as_ref().map(ToString::to_string),
            trained: report.trained.iter().map(ToString::to_string).collect(),
        },
        layers: report.layers.as_ref().map(layers),
        transfer: report.transfer.as_ref().map(transfer),
        tested_record: report.tested_record.clone(),
        deployment: report.deployment.as_ref().map(deployment),
        page: report.page.as_ref().map(|page| v1::PageEntry {
            file: page.file.clone(),
            change: page.change,
            diff: page.diff.clone(),
            description: page.description.clone(),
            problem: page.problem.clone(),
        }),
        stages: report.stages.iter().map(stage).collect(),
        findings: report.findings.iter().map(finding).collect(),
        ignored: report.ignored.iter().map(finding).collect(),
        cases: report.cases.iter().map(case).collect(),
        before_after: report.before_after.iter().map(before_after).collect(),
        unchecked: unchecked(report),
        seed: report.seed,
        cost: v1::Cost {
            predictions: report.cost.predictions,
            platform_retries: report.cost.platform_retries,
            predict_seconds: report.cost.predict_seconds,
            estimated_usd: report.cost.estimated_usd,
        },
        error: report.error.as_ref().map(|error| v1::ErrorEntry { message: error.message.clone(), hint: error.hint.clone() }),
    }
}

fn before_after(entry: &BeforeAfter) -> v1::BeforeAfterEntry {
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    v1::BeforeAfterEntry {
        aspect: entry.aspect,
        before: finite(entry.before),
        after: finite(entry.after),
        trend: entry.trend,
        note: entry.note.clone(),
    }
}

fn layers(proof: &LayerProof) -> v1::Layers {
    v1::Layers {
        staged: proof.staged.iter().map(ToString::to_string).collect(),
        published: proof.published.iter().map(ToString::to_string).collect(),
        equal: proof.holds(),
    }
}

fn transfer(transfer: &Transfer) -> v1::TransferEntry {
    v1::TransferEntry {
        route: transfer.route,
        present: transfer.present,
        mounted: transfer.mounted,
        streamed: transfer.streamed,
        sent_bytes: transfer.sent_bytes,
        reason: transfer.reason.clone(),
    }
}

fn deployment(report: &DeploymentReport) -> v1::Deployment {
    v1::Deployment {
        name: report.name.clone(),
        change: report.change,
        release: report.release,
        previous: report.previous_version.as_ref().map(ToString::to_string),
    }
}

fn stage(report: &StageReport) -> v1::StageEntry {
    v1::StageEntry { name: report.stage, status: report.status, duration_ms: millis(report.duration), note: report.note.clone() }
}

/// A finding as in `run.json`.
pub(crate) fn finding(finding: &Finding) -> v1::FindingEntry {
    let location = finding.location.as_ref();
    let schema_change = finding.change.as_deref().map(schema_change);
    let mut details = schema_change.as_ref().map(v1::SchemaChangeEntry::details).unwrap_or_default();
    details.extend(finding.details.iter().map(|(label, value)| v1::Detail { label: label.clone(), value: value.clone() }));
    v1::FindingEntry {
        code: finding.code.to_string(),
        severity: match finding.severity {
            Severity::Note => v1::Severity::Note,
            Severity::Warning => v1::Severity::Warning,
            Severity::Error => v1::Severity::Error,
        },
        message: finding.message.clone(),
        file: location.map(|location| location.file.clone()),
        line: location.and_then(|location| location.line),
        column: location.and_then(|location| location.column),
        end_column: location.and_then(|location| location.end_column),
        hint: finding.hint.clone(),
        details,
        schema_change,
        excerpt: finding.excerpt.clone(),
    }
}

fn schema_change(change: &SchemaChange) -> v1::SchemaChangeEntry {
    v1::SchemaChangeEntry {
        method: change.part.method.as_str().to_owned(),
        part: change.part.to_string(),
        input: change.part.input_name().map(str::to_owned),
        kind: change.kind.as_str().to_owned(),
        old: change.old_text().to_owned(),
        new: change.new_text().to_owned(),
        breaks: change.breaks.clone(),
    }
}

fn case(report: &CaseReport) -> v1::Case {
    let last = report.last_attempt();
    v1::Case {
        id: report.id.to_string(),
        kind: report.kind.to_string(),
        status: report.status,
        inputs: report.inputs.clone(),
        checker: report.expectation.key().to_owned(),
        expected: report.expectation.wanted().map(str::to_owned),
        output: last.and_then(|attempt| attempt.output.clone()),
        error: last.and_then(|attempt| attempt.error.clone()),
        reason: last.and_then(|attempt| attempt.reason.clone()),
        prediction_id: last.and_then(|attempt| attempt.prediction.as_ref()).map(ToString::to_string),
        url: last.and_then(|attempt| attempt.url.clone()),
        duration_ms: millis(report.duration),
        metrics: last.map(|attempt| attempt.metrics.clone()).unwrap_or_default(),
        logs: last.map(|attempt| attempt.logs_tail.clone()).unwrap_or_default(),
        attempts: report.attempts.iter().map(attempt).collect(),
        live: report.live.as_ref().map(attempt),
        remarks: report.remarks.clone(),
        files: report.files.iter().map(file).collect(),
        live_files: report.live_files.iter().map(file).collect(),
        comparisons: report.comparisons.iter().map(comparison).collect(),
        minimal_inputs: report.minimal_inputs.clone(),
        reproduction: report.reproduction.clone(),
        file: report.location.as_ref().map(|location| location.file.clone()),
        line: report.location.as_ref().and_then(|location| location.line),
        sources: report.sources.iter().map(source).collect(),
    }
}

fn source(source: &SourceLines) -> v1::SourceEntry {
    v1::SourceEntry { file: source.file.clone(), line: source.line, first_line: source.first, lines: source.lines.clone() }
}

fn file(file: &OutputFile) -> v1::FileEntry {
    v1::FileEntry {
        place: file.place.clone(),
        url: file.url.clone(),
        kind: file.kind.key().to_owned(),
        size_bytes: file.size_bytes,
        facts: file.facts.clone(),
        preview: file.preview.as_ref().map(data_address),
    }
}

fn comparison(comparison: &OutputComparison) -> v1::ComparisonEntry {
    v1::ComparisonEntry {
        place: comparison.place.clone(),
        with: match comparison.with {
            ComparedWith::Live => "live",
            ComparedWith::Wanted => "wanted",
        }
        .to_owned(),
        kind: comparison.kind.key().to_owned(),
        same: comparison.same,
        reason: comparison.reason.clone(),
        measurements: comparison.measurements.iter().map(measurement).collect(),
        heat_map: comparison.heat_map.as_ref().map(data_address),
        expected: comparison.expected.as_ref().map(data_address),
        difference: comparison.difference.clone(),
    }
}

/// A measurement of a comparison.
pub(crate) fn measurement(measurement: &Measurement) -> v1::MeasurementEntry {
    let (at_most, at_least) = match measurement.limit {
        Some(Limit::AtMost(most)) => (Some(most), None),
        Some(Limit::AtLeast(least)) => (None, Some(least)),
        None => (None, None),
    };
    let value = Some(measurement.value).filter(|value| value.is_finite());
    v1::MeasurementEntry { name: measurement.name.clone(), value, at_most, at_least, holds: measurement.holds() }
}

fn data_address(preview: &Preview) -> String {
    format!("data:{};base64,{}", preview.media_type, STANDARD.encode(&preview.bytes))
}

fn attempt(attempt: &Attempt) -> v1::Attempt {
    v1::Attempt {
        prediction_id: attempt.prediction.as_ref().map(ToString::to_string),
        url: attempt.url.clone(),
        output: attempt.output.clone(),
        error: attempt.error.clone(),
        reason: attempt.reason.clone(),
        duration_ms: millis(attempt.duration),
        predict_seconds: attempt.metrics.get("predict_time").and_then(Value::as_f64),
    }
}
