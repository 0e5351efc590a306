//! Runs a whole verification.

use std::sync::{Mutex, PoisonError};

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::domain::case::{CaseId, CaseKind};
use crate::domain::events::{EventKind, Observer};
use crate::domain::prediction::Inputs;
use crate::domain::report::{CaseReport, CaseStatus};
use crate::support::seed::Seed;
use crate::verify::agenda::{Agenda, Invention};
use crate::verify::case::Job;
use crate::verify::engine::Engine;
use crate::verify::{VerifyError, VerifyOutcome, VerifyRequest, VerifyServices};

/// Cases under way for each place: while some predict, others are judged, and a judge may take longer than a prediction.
const CASES_PER_PLACE: usize = 4;

/// Verifies a version. Always gives an outcome: what went wrong is in it, beside what was found out until then.
pub async fn verify(
    request: &VerifyRequest<'_>,
    services: &VerifyServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> VerifyOutcome {
    let engine = Engine::new(request, services, observer, cancelled);
    let of_training = request.train.and_then(|train| train.fuzz.as_ref());
    let seed = request.plan.fuzz.iter().chain(of_training).find_map(|fuzz| fuzz.seed).map_or_else(Seed::fresh, Seed);
    let agenda = Agenda::new(&engine, seed);
    let cases = engine.run_all(&agenda).await;
    engine.tell_trained_versions();
    let stopped = engine.take_reason().or_else(|| cancelled.is_cancelled().then_some(VerifyError::Cancelled));
    VerifyOutcome {
        cases,
        findings: engine.take_findings(),
        trained: engine.trained.all(),
        seed: agenda.has_generated().then_some(seed.0),
        cost: engine.ledger.total(),
        stopped,
    }
}

impl Engine<'_> {
    async fn run_all(&self, agenda: &Agenda) -> Vec<CaseReport> {
        let shrinking = Shrinking::default();
        let width = self.request.parallel.max(1).saturating_mul(CASES_PER_PLACE);
        let mut reports: Vec<Option<CaseReport>> = vec![None; agenda.jobs.len()];
        // By index: a closure over references would make the future one that cannot be sent to another thread.
        let running = futures::stream::iter(0..agenda.jobs.len())
            .map(|index| {
                let case = self.run(index, agenda, &shrinking);
                async move { (index, case.await) }
            })
            .buffer_unordered(width);
        tokio::pin!(running);
        // Asked for at once, while the first cases run.
        let inventing = self.invent_all(agenda);
        tokio::pin!(inventing);
        let mut is_inventing = !agenda.inventions.is_empty();
        loop {
            let next = tokio::select! {
                next = running.next() => next,
                _ = &mut inventing, if is_inventing => {
                    is_inventing = false;
                    continue;
                }
            };
            let Some((index, report)) = next else { break };
            if self.request.plan.fail_fast
                && matches!(report.status, CaseStatus::Failed | CaseStatus::Errored)
                && !self.stopping.is_cancelled()
            {
                self.tell(EventKind::Notice(format!("{} {}; the rest is not run (fail_fast)", report.id, report.status.as_str())));
                self.stopping.cancel();
            }
            self.tell(EventKind::CaseFinished(Box::new(report.clone())));
            reports[index] = Some(report);
        }
        reports.into_iter().flatten().collect()
    }

    async fn invent_all(&self, agenda: &Agenda) {
        for invention in &agenda.inventions {
            self.invented(agenda, invention).await;
        }
    }

    /// The inventor's inputs; asked for by whoever comes first.
    async fn invented<'a>(&self, agenda: &Agenda, invention: &'a Invention) -> &'a [Inputs] {
        invention.inputs.get_or_init(|| self.invent(&agenda.jobs, &invention.places, invention.method)).await
    }

    /// The inputs that were invented for a case, when some were.
    async fn invented_for<'a>(&self, index: usize, agenda: &'a Agenda) -> Option<&'a Inputs> {
        for invention in &agenda.inventions {
            if let Some(place) = invention.places.iter().position(|place| *place == index) {
                return self.invented(agenda, invention).await.get(place);
            }
        }
        None
    }

    async fn run(&self, index: usize, agenda: &Agenda, shrinking: &Shrinking) -> CaseReport {
        let job = &agenda.jobs[index];
        let invented = self.invented_for(index, agenda).await;
        let with_other_inputs = invented.map(|inputs| Job { inputs: inputs.clone(), ..job.clone() });
        let job = with_other_inputs.as_ref().unwrap_or(job);
        match job.kind {
            CaseKind::Compare => self.run_comparison(job).await,
            CaseKind::Fuzz | CaseKind::TrainFuzz => {
                let mut report = self.run_case(job).await;
                if report.status == CaseStatus::Failed {
                    self.explain_fuzz_failure(job, agenda.generator.as_ref(), shrinking, &mut report).await;
                }
                report
            }
            _ => self.run_case(job).await,
        }
    }
}

/// Which failures of generated inputs have been shrunk already.
#[derive(Debug, Default)]
pub(super) struct Shrinking {
    known: Mutex<Vec<(String, CaseId)>>,
}

/// Whether a failure is to be shrunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is, by whoever asked.
    Granted,
    /// Another case fails in the same way.
    SameAs(CaseId),
    /// Enough have been.
    Enough,
}

impl Shrinking {
    /// Asks to shrink a failure: one of its kind, and few in all.
    pub(super) fn claim(&self, case: &CaseId, error: &str, most: usize) -> Claim {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, other)) = known.iter().find(|(other, _)| other == error) {
            return Claim::SameAs(other.clone());
        }
        if known.len() >= most {
            return Claim::Enough;
        }
        known.push((error.to_owned(), case.clone()));
        Claim::Granted
    }
}
