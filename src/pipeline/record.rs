//! One model's report in progress, and the stages that fill it.

use std::time::Duration;

use cog_findings::Finding;
use serde_json::Value;

use crate::domain::cost::Cost;
use crate::domain::events::EventKind;
use crate::domain::report::{ModelReport, Stage, StageReport, StageStatus};
use crate::domain::verdict::Verdict;
use crate::inspect::{add_source_lines, apply_policy, with_excerpt};
use crate::pipeline::ModelRun;
use crate::pipeline::context::RunContext;
use crate::pipeline::grace::within_grace;
use crate::pipeline::stop::Stop;
use crate::verify::{check_queries_ahead, has_secret_inputs};

/// A stage of a model's run.
pub(super) trait StageWork: Send {
    /// Its name in the report.
    const STAGE: Stage;
    /// What it passes to later stages.
    type Value: Send;

    /// Does the work. Records what it learns at once, so that a stopped run keeps it.
    fn run(self, record: &mut ModelRecord<'_>) -> impl Future<Output = Result<Done<Self::Value>, Stop>> + Send;
}

/// The outcome of a stage that passed.
pub(super) struct Done<T> {
    /// What later stages need.
    pub(super) value: T,
    /// One line about it.
    pub(super) note: Option<String>,
}

impl<T> Done<T> {
    pub(super) fn new(value: T, note: impl Into<String>) -> Self {
        Self { value, note: Some(note.into()) }
    }
}

/// The model's run does not continue.
pub(super) struct Halt;

/// One model's report in progress. It always holds the values so far.
pub(super) struct ModelRecord<'a> {
    pub(super) model: &'a ModelRun,
    /// State that it shares with the run's other models.
    pub(super) context: &'a RunContext<'a>,
    /// Filled in by the stages.
    pub(super) report: ModelReport,
    /// Whether no line of the configuration is shown, because a secret may be on it.
    pub(super) hides_configuration: bool,
}

impl<'a> ModelRecord<'a> {
    /// Starts the record of a model.
    pub(super) fn begin(model: &'a ModelRun, context: &'a RunContext<'a>) -> Self {
        let plan = &model.plan;
        context.emit(&plan.name, EventKind::ModelStarted);
        check_queries_ahead(&plan.predict, plan.train.as_ref());
        let report = ModelReport {
            name: plan.name.clone(),
            model: plan.model.clone(),
            test_model: plan.test_model.clone(),
            config_file: plan.config_file.clone(),
            verdict: Verdict::Passed,
            staged: None,
            published: None,
            official: None,
            unchanged: None,
            previous: None,
            trained: Vec::new(),
            layers: None,
            transfer: None,
            tested_record: None,
            deployment: None,
            page: None,
            stages: Vec::new(),
            findings: Vec::new(),
            ignored: Vec::new(),
            cases: Vec::new(),
            before_after: Vec::new(),
            seed: None,
            cost: Cost::default(),
            error: None,
        };
        let mut record = Self { model, context, report, hides_configuration: false };
        record.read_schema(None);
        record
    }

    /// Learns from a schema whether the plan has secret inputs. From then on, no line of the configuration is shown.
    pub(super) fn read_schema(&mut self, schema: Option<&Value>) {
        let plan = &self.model.plan;
        if has_secret_inputs(&plan.predict, plan.train.as_ref(), schema) {
            self.hides_configuration = true;
            self.hide_excerpts();
        }
    }

    /// Takes back the lines of the configuration that findings show.
    fn hide_excerpts(&mut self) {
        let ModelReport { findings, ignored, config_file, .. } = &mut self.report;
        for finding in findings.iter_mut().chain(ignored).filter(|finding| is_in(finding, config_file.as_deref())) {
            finding.excerpt = None;
        }
    }

    /// A finding with its line, unless it is one of a configuration that holds a secret.
    pub(super) fn with_excerpt(&self, finding: Finding) -> Finding {
        if self.hides_configuration && is_in(&finding, self.model.plan.config_file.as_deref()) {
            return Finding { excerpt: None, ..finding };
        }
        with_excerpt(finding, self.model.plan.repository())
    }

    /// Takes the model through one stage, unless the run is canceled. The stage gets some time to clean up if the run is canceled
    /// meanwhile. Its outcome is recorded.
    pub(super) async fn enter<W: StageWork>(&mut self, work: W) -> Result<W::Value, Halt> {
        let RunContext { clock, cancelled, .. } = *self.context;
        if cancelled.is_cancelled() {
            self.report.verdict = Verdict::Cancelled;
            return Err(Halt);
        }
        self.emit(EventKind::StageStarted(W::STAGE));
        let start = clock.instant();
        let outcome = within_grace(work.run(self), cancelled).await;
        let duration = clock.instant().saturating_duration_since(start);
        match outcome {
            Ok(Done { value, note }) => {
                self.note_stage(W::STAGE, StageStatus::Passed, duration, note);
                Ok(value)
            }
            Err(stop) => {
                self.stop(W::STAGE, duration, stop);
                Err(Halt)
            }
        }
    }

    fn stop(&mut self, stage: Stage, duration: Duration, stop: Stop) {
        // Errors after a cancellation are its consequences.
        let is_cancelled = self.context.cancelled.is_cancelled();
        let status = if is_cancelled { StageStatus::Cancelled } else { stop.status() };
        self.report.verdict = if is_cancelled { Verdict::Cancelled } else { stop.verdict() };
        let note = match stop {
            Stop::Blocked { note, .. } => Some(note),
            Stop::Error { report, findings, .. } => {
                let note = report.message.lines().next().map(str::to_owned);
                self.report.error = Some(report);
                self.found(findings);
                note
            }
            Stop::Cancelled => None,
        };
        self.note_stage(stage, status, duration, note);
    }

    /// Lists a stage as skipped, with the reason.
    pub(super) fn skip(&mut self, stage: Stage, reason: &str) {
        self.note_stage(stage, StageStatus::Skipped, Duration::ZERO, Some(reason.to_owned()));
    }

    /// Lists every stage that was not entered as skipped.
    fn skip_rest(&mut self, reason: &str) {
        for stage in Stage::ALL {
            if self.report.stages.iter().all(|entered| entered.stage != stage) {
                self.skip(stage, reason);
            }
        }
    }

    /// Why stages were skipped after one that did not pass.
    fn halt_reason(&self) -> String {
        if self.report.verdict == Verdict::Cancelled {
            return "the run was canceled".to_owned();
        }
        match self.report.stages.iter().find(|stage| matches!(stage.status, StageStatus::Failed | StageStatus::Errored)) {
            Some(StageReport { stage, .. }) => format!("{stage} did not pass"),
            None => "the run ended before".to_owned(),
        }
    }

    fn note_stage(&mut self, stage: Stage, status: StageStatus, duration: Duration, note: Option<String>) {
        self.emit(EventKind::StageFinished { stage, status, duration, note: note.clone() });
        self.report.stages.push(StageReport { stage, status, duration, note });
    }

    /// Adds findings to the report, and emits the new ones.
    pub(super) fn found(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            if let Some(kept) = self.keep(finding) {
                let kept = kept.clone();
                self.emit(EventKind::Found(kept));
            }
        }
    }

    /// Adds findings under the repository's policy: its severities, and what it ignores.
    pub(super) fn found_under_policy(&mut self, findings: Vec<Finding>) {
        let applied = apply_policy(findings, &self.model.plan.inspect);
        self.report.ignored.extend(applied.ignored);
        self.found(applied.findings);
    }

    /// Adds a finding to the report, with an excerpt of its line. Returns it as reported, unless it was there before.
    pub(super) fn keep(&mut self, finding: Finding) -> Option<&Finding> {
        let finding = self.with_excerpt(finding);
        if self.report.findings.contains(&finding) {
            return None;
        }
        self.report.findings.push(finding);
        self.report.findings.last()
    }

    /// Reports something that is not a finding.
    pub(super) fn notice(&self, text: impl Into<String>) {
        self.emit(EventKind::Notice(text.into()));
    }

    fn emit(&self, kind: EventKind) {
        self.context.emit(&self.report.name, kind);
    }

    /// Lists every stage that was not entered as skipped, with the reason given or the stage that did not pass.
    pub(super) fn conclude(&mut self, ended: Result<&'static str, Halt>) {
        let reason = ended.map_or_else(|Halt| self.halt_reason(), str::to_owned);
        self.skip_rest(&reason);
    }

    /// Finishes a run that never started, with one reason for all stages.
    pub(super) fn refuse(mut self, verdict: Verdict, reason: &'static str) -> ModelReport {
        self.report.verdict = verdict;
        self.skip_rest(reason);
        self.finish()
    }

    /// Shows the source lines of failed cases. Those of the model only if it was built here: the files of another version may differ.
    fn add_source_lines(&mut self) {
        let plan = &self.model.plan;
        let is_built = self.report.stages.iter().any(|stage| stage.stage == Stage::Build && stage.status == StageStatus::Passed);
        add_source_lines(&mut self.report.cases, plan.repository(), is_built.then_some(&plan.place));
    }

    pub(super) fn finish(mut self) -> ModelReport {
        // A stable sort keeps findings of one severity in the order in which they were found.
        self.report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.add_source_lines();
        self.emit(EventKind::ModelFinished(Box::new(self.report.clone())));
        self.report
    }
}

fn is_in(finding: &Finding, file: Option<&str>) -> bool {
    finding.location.as_ref().is_some_and(|location| Some(location.file.as_str()) == file)
}
