//! The whole verification: what is to be run, and running it.

use std::sync::{Mutex, PoisonError};

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::domain::case::{CaseId, CaseKind, Expectation};
use crate::domain::events::{EventKind, Observer};
use crate::domain::finding::Finding;
use crate::domain::plan::{Comparison, FuzzPlan};
use crate::domain::prediction::Inputs;
use crate::domain::report::{CaseReport, CaseStatus};
use crate::schema::Kind;
use crate::schema::validate::{check_inputs, input_properties};
use crate::support::seed::Seed;
use crate::verify::case::Job;
use crate::verify::engine::Engine;
use crate::verify::fuzz::Generator;
use crate::verify::{VerifyError, VerifyOutcome, VerifyRequest, VerifyServices, rules};

/// Cases under way for each place: while some predict, others are judged, and a judge may take longer than a prediction.
const CASES_PER_PLACE: usize = 4;

/// The seed that both versions get in a comparison; the peer's.
const COMPARISON_SEED: u64 = 1;

/// Verifies a version. Always gives an outcome: what went wrong is in it, beside what was found out until then.
pub async fn verify(
    request: &VerifyRequest<'_>,
    services: &VerifyServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> VerifyOutcome {
    let engine = Engine::new(request, services, observer, cancelled);
    let seed = request.plan.fuzz.as_ref().and_then(|fuzz| fuzz.seed).map_or_else(Seed::fresh, Seed);
    let agenda = Agenda::new(&engine, seed);
    let cases = engine.run_all(&agenda).await;
    let stopped = engine.take_reason().or_else(|| cancelled.is_cancelled().then_some(VerifyError::Cancelled));
    VerifyOutcome {
        cases,
        findings: engine.take_findings(),
        seed: agenda.jobs.iter().any(|job| job.kind == CaseKind::Fuzz).then_some(seed.0),
        cost: engine.ledger.total(),
        stopped,
    }
}

/// What is to be run.
struct Agenda {
    jobs: Vec<Job>,
    /// Which of them get other inputs from an inventor, in order, and those inputs once they are there.
    invented_places: Vec<usize>,
    invented: OnceCell<Vec<Inputs>>,
    /// For shrinking.
    generator: Option<Generator>,
}

impl Agenda {
    fn new(engine: &Engine<'_>, seed: Seed) -> Self {
        let plan = engine.request.plan;
        let no_settings = FuzzPlan::default();
        let settings = plan.fuzz.as_ref().unwrap_or(&no_settings);
        let made = Generator::new(engine.request.schema, settings, seed);
        let mut jobs = Vec::new();
        add_comparisons(engine, made.as_ref().ok(), &mut jobs);
        for (number, case) in (1..).zip(&plan.cases) {
            jobs.push(Job {
                id: CaseId::numbered(CaseKind::Case, number),
                kind: CaseKind::Case,
                inputs: case.inputs.clone(),
                expectation: case.expectation.clone(),
                location: case.location.clone(),
            });
        }
        let iterations = plan.fuzz.as_ref().map_or(0, |fuzz| fuzz.iterations);
        match made {
            Ok(mut generator) => {
                for number in 1..=iterations {
                    let Some(inputs) = generator.next() else { break };
                    jobs.push(Job { location: settings.location.clone(), ..generated(CaseKind::Fuzz, number, inputs) });
                }
                if jobs.is_empty() {
                    let warm_up = generated(CaseKind::WarmUp, 1, generator.minimal());
                    jobs.push(Job { id: CaseId::new(CaseKind::WarmUp.to_string()), ..warm_up });
                }
                let invented_places = engine.to_be_invented(&jobs);
                Self { jobs, invented_places, invented: OnceCell::new(), generator: Some(generator) }
            }
            Err(impossible) => {
                if iterations > 0 || jobs.is_empty() {
                    engine.found(
                        Finding::new(&rules::FUZZ_IMPOSSIBLE, impossible.to_string())
                            .hint(format!("write a test case, or give '{}' a value among fuzz.fixed_inputs", impossible.input)),
                    );
                }
                Self { jobs, invented_places: Vec::new(), invented: OnceCell::new(), generator: None }
            }
        }
    }
}

fn generated(kind: CaseKind, number: usize, inputs: Inputs) -> Job {
    Job { id: CaseId::numbered(kind, number), kind, inputs, expectation: Expectation::Succeeds, location: None }
}

fn add_comparisons(engine: &Engine<'_>, generator: Option<&Generator>, jobs: &mut Vec<Job>) {
    let plan = engine.request.plan;
    let at_most = match plan.compare {
        Comparison::Off => return,
        Comparison::First => 1,
        Comparison::All => usize::MAX,
    };
    if engine.request.live.is_none() {
        engine.tell(EventKind::Notice("no version is live, so there is nothing to compare with".to_owned()));
        return;
    }
    // A case that fails on purpose has no output to compare.
    let comparable = (1..).zip(&plan.cases).filter(|(_, case)| !matches!(case.expectation, Expectation::ErrorContains(_)));
    for (number, case) in comparable.take(at_most) {
        let inputs = with_seed(engine.request.schema, case.inputs.clone());
        jobs.push(Job { location: case.location.clone(), ..generated(CaseKind::Compare, number, inputs) });
    }
    if jobs.is_empty()
        && let Some(generator) = generator
    {
        jobs.push(generated(CaseKind::Compare, 1, with_seed(engine.request.schema, generator.minimal())));
    }
}

/// The inputs with a seed, where the model takes one and none is given.
fn with_seed(document: &Value, mut inputs: Inputs) -> Inputs {
    let properties = input_properties(document);
    let takes_seed = properties.iter().any(|property| property.name == "seed" && matches!(property.shape.kind, Kind::Integer));
    if takes_seed && inputs.get("seed").is_none_or(Value::is_null) {
        let seed: Inputs = [("seed".to_owned(), json!(COMPARISON_SEED))].into_iter().collect();
        if !check_inputs(document, &seed).iter().any(|problem| problem.input == "seed") {
            inputs.extend(seed);
        }
    }
    inputs
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
        let inventing = self.invented(agenda);
        tokio::pin!(inventing);
        let mut is_inventing = !agenda.invented_places.is_empty();
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

    /// The inventor's inputs; asked for by whoever comes first.
    async fn invented<'a>(&self, agenda: &'a Agenda) -> &'a [Inputs] {
        agenda.invented.get_or_init(|| self.invent(&agenda.jobs, &agenda.invented_places)).await
    }

    async fn run(&self, index: usize, agenda: &Agenda, shrinking: &Shrinking) -> CaseReport {
        let job = &agenda.jobs[index];
        let with_other_inputs = match agenda.invented_places.iter().position(|place| *place == index) {
            Some(place) => self.invented(agenda).await.get(place).map(|inputs| Job { inputs: inputs.clone(), ..job.clone() }),
            None => None,
        };
        let job = with_other_inputs.as_ref().unwrap_or(job);
        match job.kind {
            CaseKind::Compare => self.run_comparison(job).await,
            CaseKind::Fuzz => {
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
