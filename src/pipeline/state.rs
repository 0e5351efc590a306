//! One model's report while it grows.

use std::path::PathBuf;
use std::time::Duration;

use cog_findings::Finding;
use tokio::time::Instant;

use crate::domain::cost::Cost;
use crate::domain::events::EventKind;
use crate::domain::report::{ModelReport, Stage, StageReport, StageStatus};
use crate::domain::verdict::Verdict;
use crate::inspect::with_excerpt;
use crate::pipeline::ModelRun;
use crate::pipeline::context::RunContext;
use crate::pipeline::stop::Stop;

/// What a stage that passed hands over.
pub(super) struct Done<T> {
    /// What the next stage needs.
    pub(super) value: T,
    /// One line about it.
    pub(super) note: Option<String>,
}

impl<T> Done<T> {
    pub(super) fn new(value: T, note: impl Into<String>) -> Self {
        Self { value, note: Some(note.into()) }
    }
}

/// The model's run goes no further.
pub(super) struct Halt;

/// A stage that has begun.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    stage: Stage,
    at: Instant,
}

/// One model's report while it grows. Whatever happens, it holds the values so far.
pub(super) struct ModelState<'a> {
    context: &'a RunContext<'a>,
    /// Where the files are that findings name.
    folder: PathBuf,
    /// Filled in by the stages.
    pub(super) report: ModelReport,
}

impl<'a> ModelState<'a> {
    /// A model whose run begins.
    pub(super) fn begin(run: &ModelRun, context: &'a RunContext<'a>) -> Self {
        context.tell(&run.plan.name, EventKind::ModelStarted);
        let report = ModelReport {
            name: run.plan.name.clone(),
            model: run.plan.model.clone(),
            test_model: run.plan.test_model.clone(),
            config_file: run.plan.config_file.clone(),
            verdict: Verdict::Passed,
            staged: None,
            published: None,
            official: None,
            previous: None,
            trained: Vec::new(),
            layers: None,
            deployment: None,
            stages: Vec::new(),
            findings: Vec::new(),
            ignored: Vec::new(),
            cases: Vec::new(),
            seed: None,
            cost: Cost::default(),
            error: None,
        };
        Self { context, folder: run.plan.project.clone(), report }
    }

    /// A stage begins, unless the run was cancelled.
    pub(super) fn begin_stage(&mut self, stage: Stage) -> Result<Begun, Halt> {
        if self.context.cancelled.is_cancelled() {
            self.report.verdict = Verdict::Cancelled;
            return Err(Halt);
        }
        self.tell(EventKind::StageStarted(stage));
        Ok(Begun { stage, at: self.context.clock.instant() })
    }

    /// A stage ends; what it means for the model is noted.
    pub(super) fn end_stage<T>(&mut self, begun: Begun, outcome: Result<Done<T>, Stop>) -> Result<T, Halt> {
        let Begun { stage, at } = begun;
        let duration = self.context.clock.instant().saturating_duration_since(at);
        let stop = match outcome {
            Ok(Done { value, note }) => {
                self.note_stage(stage, StageStatus::Passed, duration, note);
                return Ok(value);
            }
            Err(stop) => stop,
        };
        // What goes wrong after a run was cancelled goes wrong because of it.
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
        Err(Halt)
    }

    /// Stages that were not entered are listed as skipped, each with the reason.
    pub(super) fn skip(&mut self, stage: Stage, reason: &str) {
        self.note_stage(stage, StageStatus::Skipped, Duration::ZERO, Some(reason.to_owned()));
    }

    /// The same for all that are left.
    pub(super) fn skip_rest(&mut self, reason: &str) {
        for stage in Stage::ALL {
            if self.report.stages.iter().all(|entered| entered.stage != stage) {
                self.skip(stage, reason);
            }
        }
    }

    /// Why stages were skipped after one that did not pass.
    pub(super) fn halt_reason(&self) -> String {
        if self.report.verdict == Verdict::Cancelled {
            return "the run was cancelled".to_owned();
        }
        match self.report.stages.iter().find(|stage| matches!(stage.status, StageStatus::Failed | StageStatus::Errored)) {
            Some(StageReport { stage, .. }) => format!("{stage} did not pass"),
            None => "the run ended before".to_owned(),
        }
    }

    fn note_stage(&mut self, stage: Stage, status: StageStatus, duration: Duration, note: Option<String>) {
        self.tell(EventKind::StageFinished { stage, status, duration, note: note.clone() });
        self.report.stages.push(StageReport { stage, status, duration, note });
    }

    /// Takes findings into the report and tells about those that are new.
    pub(super) fn found(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            if let Some(kept) = self.keep(finding) {
                let kept = kept.clone();
                self.tell(EventKind::Found(kept));
            }
        }
    }

    /// Takes a finding into the report, with the line that it is about, and gives it as it stands there when it is new.
    pub(super) fn keep(&mut self, finding: Finding) -> Option<&Finding> {
        let finding = with_excerpt(finding, &self.folder);
        if self.report.findings.contains(&finding) {
            return None;
        }
        self.report.findings.push(finding);
        self.report.findings.last()
    }

    /// Ends a run that never began: the reason is the same for all stages.
    pub(super) fn refuse(mut self, verdict: Verdict, reason: &str) -> ModelReport {
        self.report.verdict = verdict;
        self.skip_rest(reason);
        self.finish()
    }

    /// Tells about something that is no finding.
    pub(super) fn notice(&self, text: impl Into<String>) {
        self.tell(EventKind::Notice(text.into()));
    }

    fn tell(&self, kind: EventKind) {
        self.context.tell(&self.report.name, kind);
    }

    /// The report as it is going to be seen.
    pub(super) fn finish(mut self) -> ModelReport {
        // A stable sort: findings of one severity stay in the order in which they were found.
        self.report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.tell(EventKind::ModelFinished(Box::new(self.report.clone())));
        self.report
    }
}
