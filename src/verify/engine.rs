//! State that all cases of a verification share: slots for predictions, boot gates, costs, findings, the reason to stop.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cog_findings::Finding;
use cog_schema::{Schemas, read};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::domain::events::{Event, EventKind, Observer};
use crate::support::locks::lock;
use crate::verify::boot_gate::BootGate;
use crate::verify::cost::Ledger;
use crate::verify::first_output::FirstOutputs;
use crate::verify::judge::JudgeError;
use crate::verify::mask::Mask;
use crate::verify::output_folder::OutputFolder;
use crate::verify::planned_case::PlannedCase;
use crate::verify::reported_files::ReportedFiles;
use crate::verify::run_times::RunTimes;
use crate::verify::side::Side;
use crate::verify::slots::{Priority, Slot, Slots};
use crate::verify::speed::SampleLog;
use crate::verify::trained::TrainedVersions;
use crate::verify::{VerifyError, VerifyRequest, VerifyServices};

/// How long judging may go on after the verification was stopped. Canceling predictions takes as long, and both have to fit into seven
/// seconds: GitHub kills a canceled job soon after.
const GRACE: Duration = Duration::from_secs(2);

/// Cases whose files are in memory at the same time.
const JUDGED_AT_ONCE: usize = 4;

/// State that all cases of a verification share.
pub(super) struct Engine<'a> {
    pub(super) request: &'a VerifyRequest<'a>,
    pub(super) services: &'a VerifyServices,
    observer: &'a dyn Observer,
    /// Fires when the run is canceled or when there is a reason to stop.
    pub(super) stopping: CancellationToken,
    reason: Mutex<Option<VerifyError>>,
    pub(super) ledger: Ledger,
    pub(super) run_times: RunTimes,
    pub(super) samples: SampleLog,
    pub(super) first_outputs: FirstOutputs,
    judge_failure: Mutex<Option<JudgeError>>,
    gate: BootGate,
    /// Trainings boot a container of their own.
    trainer_gate: BootGate,
    slots: Slots,
    pub(super) judging: Semaphore,
    findings: Mutex<Vec<Finding>>,
    pub(super) schemas: Schemas,
    /// The OpenAPI document, for blocking tasks.
    pub(super) document: Arc<Value>,
    pub(super) output_folder: OutputFolder<'a>,
    pub(super) reported_files: ReportedFiles,
    pub(super) trained: TrainedVersions,
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        request: &'a VerifyRequest<'a>,
        services: &'a VerifyServices,
        observer: &'a dyn Observer,
        cancelled: &CancellationToken,
    ) -> Self {
        Self {
            request,
            services,
            observer,
            stopping: cancelled.child_token(),
            reason: Mutex::new(None),
            ledger: Ledger::new(request.limits.max_predict_seconds),
            run_times: RunTimes::default(),
            samples: SampleLog::default(),
            first_outputs: FirstOutputs::default(),
            judge_failure: Mutex::new(None),
            gate: BootGate::new(),
            trainer_gate: BootGate::new(),
            slots: Slots::new(request.parallel),
            judging: Semaphore::new(JUDGED_AT_ONCE),
            findings: Mutex::new(Vec::new()),
            schemas: read(request.schema),
            document: Arc::new(request.schema.clone()),
            output_folder: OutputFolder::new(request.keep_outputs),
            reported_files: ReportedFiles::new(),
            trained: TrainedVersions::default(),
        }
    }

    /// The gate that predictions or trainings pass one by one until the version runs. `None` for the live version, which is known to boot.
    pub(super) fn gate_of(&self, side: Side) -> Option<&BootGate> {
        match side {
            Side::Staged => Some(&self.gate),
            Side::Trainer => Some(&self.trainer_gate),
            Side::Live => None,
        }
    }

    /// Sends an event to the observer.
    pub(super) fn emit(&self, kind: EventKind) {
        self.observer.observe(Event { model: Some(self.request.name.to_owned()), kind });
    }

    /// Adds a finding to the outcome, and emits it.
    pub(super) fn add_finding(&self, finding: Finding) {
        self.emit(EventKind::Found(finding.clone()));
        lock(&self.findings).push(finding);
    }

    /// Adds a finding about a case, located at its configuration and without its secrets.
    pub(super) fn add_case_finding(&self, case: &PlannedCase, mut finding: Finding) {
        finding.message = self.mask(case).text(&finding.message);
        self.add_finding(match &case.location {
            Some(location) => finding.at(location.clone()),
            None => finding,
        });
    }

    /// Hides the secrets of a case.
    pub(super) fn mask(&self, case: &PlannedCase) -> Mask {
        Mask::with_secrets(&case.inputs, self.schemas.inputs_of(case.method()), &case.secrets)
    }

    /// The findings so far, most severe first.
    pub(super) fn take_findings(&self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut *lock(&self.findings));
        findings.sort_by(|left, right| right.severity.cmp(&left.severity).then_with(|| left.code.cmp(&right.code)));
        findings
    }

    /// Stops the verification. The first reason counts.
    pub(super) fn stop(&self, reason: VerifyError) {
        let mut kept = lock(&self.reason);
        // Errors after a cancellation are its consequences.
        if kept.is_none() && !self.stopping.is_cancelled() {
            *kept = Some(reason);
        }
        drop(kept);
        self.stopping.cancel();
    }

    /// Notes that the judge failed for one question. The others go on.
    pub(super) fn note_judge_failure(&self, error: JudgeError) {
        lock(&self.judge_failure).get_or_insert(error);
    }

    /// The first failure of the judge.
    pub(super) fn take_judge_failure(&self) -> Option<VerifyError> {
        lock(&self.judge_failure).take().map(VerifyError::Judge)
    }

    /// Why it stopped, unless it was canceled from outside.
    pub(super) fn take_reason(&self) -> Option<VerifyError> {
        lock(&self.reason).take()
    }

    /// Completes shortly after the verification stops, so that predictions that finished in time can still be judged.
    pub(super) async fn after_grace(&self) {
        self.stopping.cancelled().await;
        tokio::time::sleep(GRACE).await;
    }

    /// Waits for a slot for a prediction. `None` if the verification stops.
    pub(super) async fn acquire_slot(&self, priority: Priority) -> Option<Slot> {
        if self.stopping.is_cancelled() {
            return None;
        }
        if self.services.replicate.is_throttled() {
            self.slots.reduce_to_one();
        }
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => None,
            slot = self.slots.acquire(priority) => slot,
        }
    }
}
