//! What all cases of a verification share: places for predictions, the gate, the ledger, the reason to stop.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cog_findings::Finding;
use cog_schema::{Schemas, read};
use serde_json::Value;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::domain::events::{Event, EventKind, Observer};
use crate::verify::cost::Ledger;
use crate::verify::gallery::Gallery;
use crate::verify::gate::Gate;
use crate::verify::keep::Keeper;
use crate::verify::pace::Pace;
use crate::verify::places::{Place, Places, Urgency};
use crate::verify::predict::Side;
use crate::verify::trained::TrainedVersions;
use crate::verify::{VerifyError, VerifyRequest, VerifyServices};

/// How long judging may go on after everything was stopped. Together with the cancelling of predictions, which takes as long, it has to
/// end within seven seconds.
const GRACE: Duration = Duration::from_secs(2);

/// Cases whose files are held in memory at one time.
const JUDGED_AT_ONCE: usize = 4;

/// What all cases share.
pub(super) struct Engine<'a> {
    pub(super) request: &'a VerifyRequest<'a>,
    pub(super) services: &'a VerifyServices,
    observer: &'a dyn Observer,
    /// Fires when the run is cancelled, and when there is a reason to stop.
    pub(super) stopping: CancellationToken,
    reason: Mutex<Option<VerifyError>>,
    pub(super) ledger: Ledger,
    pub(super) pace: Pace,
    gate: Gate,
    /// A training boots a container of its own.
    trainer_gate: Gate,
    places: Places,
    pub(super) judging: Semaphore,
    findings: Mutex<Vec<Finding>>,
    pub(super) schemas: Schemas,
    /// The same document for tasks of their own.
    pub(super) document: Arc<Value>,
    pub(super) keeper: Keeper<'a>,
    pub(super) gallery: Gallery,
    /// What trainings made.
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
            pace: Pace::default(),
            gate: Gate::new(),
            trainer_gate: Gate::new(),
            places: Places::new(request.parallel),
            judging: Semaphore::new(JUDGED_AT_ONCE),
            findings: Mutex::new(Vec::new()),
            schemas: read(request.schema),
            document: Arc::new(request.schema.clone()),
            keeper: Keeper::new(request.keep_outputs),
            gallery: Gallery::new(),
            trained: TrainedVersions::default(),
        }
    }

    /// Through which predictions, or trainings, go one by one until the version runs. The live version has none: it is known to.
    pub(super) fn gate_of(&self, side: Side) -> Option<&Gate> {
        match side {
            Side::Staged => Some(&self.gate),
            Side::Trainer => Some(&self.trainer_gate),
            Side::Live => None,
        }
    }

    /// Tells the observer.
    pub(super) fn tell(&self, kind: EventKind) {
        self.observer.observe(Event { model: Some(self.request.name.to_owned()), kind });
    }

    /// Keeps a finding and tells it.
    pub(super) fn found(&self, finding: Finding) {
        self.tell(EventKind::Found(finding.clone()));
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    /// The findings so far, gravest first.
    pub(super) fn take_findings(&self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut *self.findings.lock().unwrap_or_else(PoisonError::into_inner));
        findings.sort_by(|left, right| right.severity.cmp(&left.severity).then_with(|| left.code.cmp(&right.code)));
        findings
    }

    /// Stops everything. The first reason counts.
    pub(super) fn stop(&self, reason: VerifyError) {
        let mut kept = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        // Whatever fails after a cancellation is a consequence of it.
        if kept.is_none() && !self.stopping.is_cancelled() {
            *kept = Some(reason);
        }
        drop(kept);
        self.stopping.cancel();
    }

    /// Why it stopped, if there is an error to tell.
    pub(super) fn take_reason(&self) -> Option<VerifyError> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends a while after everything stops. What came to its end in time is still judged, when that takes no longer.
    pub(super) async fn after_grace(&self) {
        self.stopping.cancelled().await;
        tokio::time::sleep(GRACE).await;
    }

    /// Waits for the right to have a prediction in flight; `None` when everything stops.
    pub(super) async fn place(&self, urgency: Urgency) -> Option<Place> {
        if self.stopping.is_cancelled() {
            return None;
        }
        if self.services.replicate.is_throttled() {
            self.places.reduce_to_one();
        }
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => None,
            place = self.places.take(urgency) => place,
        }
    }
}
