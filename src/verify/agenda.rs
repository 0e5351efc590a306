//! What a verification runs: comparisons, test cases and made inputs, then trainings.

use cog_findings::Finding;
use cog_schema::{Method, ShapeKind, check_inputs, input_properties};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::domain::case::{CaseId, CaseKind, Expectation, TestCase};
use crate::domain::events::EventKind;
use crate::domain::plan::{Comparison, FuzzPlan};
use crate::domain::prediction::Inputs;
use crate::support::seed::Seed;
use crate::verify::case::Job;
use crate::verify::engine::Engine;
use crate::verify::fuzz::{Generator, Impossible};
use crate::verify::rules;

/// The seed that both versions get in a comparison; the peer's.
const COMPARISON_SEED: u64 = 1;

/// What is to be run.
pub(super) struct Agenda {
    /// In the order of the report.
    pub(super) jobs: Vec<Job>,
    /// Cases that get other inputs from an inventor.
    pub(super) inventions: Vec<Invention>,
    /// For shrinking what predictions fail with.
    pub(super) generator: Option<Generator>,
}

/// Generated cases whose inputs an inventor makes.
pub(super) struct Invention {
    /// What they are inputs of.
    pub(super) method: Method,
    /// Which cases, in order.
    pub(super) places: Vec<usize>,
    /// Their inputs, once they are there.
    pub(super) inputs: OnceCell<Vec<Inputs>>,
}

impl Agenda {
    pub(super) fn new(engine: &Engine<'_>, seed: Seed) -> Self {
        let plan = engine.request.plan;
        let no_settings = FuzzPlan::default();
        let settings = plan.fuzz.as_ref().unwrap_or(&no_settings);
        let made = Generator::new(engine.request.schema, Method::Predict, settings, seed);
        let mut jobs = Vec::new();
        add_comparisons(engine, made.as_ref().ok(), &mut jobs);
        jobs.extend((1..).zip(&plan.cases).map(|(number, case)| written(CaseKind::Case, number, case)));
        let trainings = trainings(engine, seed);
        // A model that can only be trained has no inputs that a prediction could have.
        let needs_warm_up = engine.schemas.input.is_some() || trainings.is_empty();
        let generator = match made {
            Ok(mut generator) => {
                add_generated(CaseKind::Fuzz, settings, &mut generator, &mut jobs);
                if jobs.is_empty() && needs_warm_up {
                    let warm_up = generated(CaseKind::WarmUp, 1, generator.minimal());
                    jobs.push(Job { id: CaseId::new(CaseKind::WarmUp.to_string()), ..warm_up });
                }
                Some(generator)
            }
            Err(impossible) => {
                if settings.iterations > 0 || (jobs.is_empty() && needs_warm_up) {
                    cannot_be_made(engine, &impossible, "fuzz.fixed_inputs");
                }
                None
            }
        };
        jobs.extend(trainings);
        let inventions = [Method::Predict, Method::Train].map(|method| Invention {
            method,
            places: engine.to_be_invented(&jobs, method),
            inputs: OnceCell::new(),
        });
        Self { jobs, inventions: inventions.into_iter().filter(|invention| !invention.places.is_empty()).collect(), generator }
    }

    /// Whether there are inputs that a seed repeats.
    pub(super) fn has_generated(&self) -> bool {
        self.jobs.iter().any(|job| job.kind.is_generated())
    }
}

/// The trainings: test cases, and made inputs.
fn trainings(engine: &Engine<'_>, seed: Seed) -> Vec<Job> {
    let Some(plan) = engine.request.train else { return Vec::new() };
    let mut jobs: Vec<Job> = (1..).zip(&plan.cases).map(|(number, case)| written(CaseKind::Train, number, case)).collect();
    let Some(settings) = plan.fuzz.as_ref().filter(|fuzz| fuzz.iterations > 0) else { return jobs };
    match Generator::new(engine.request.schema, Method::Train, settings, seed) {
        Ok(mut generator) => add_generated(CaseKind::TrainFuzz, settings, &mut generator, &mut jobs),
        Err(impossible) => cannot_be_made(engine, &impossible, "train.fuzz.fixed_inputs"),
    }
    jobs
}

fn written(kind: CaseKind, number: usize, case: &TestCase) -> Job {
    let TestCase { inputs, expectation, location } = case.clone();
    Job { id: CaseId::numbered(kind, number), kind, inputs, expectation, location }
}

fn generated(kind: CaseKind, number: usize, inputs: Inputs) -> Job {
    Job { id: CaseId::numbered(kind, number), kind, inputs, expectation: Expectation::Succeeds, location: None }
}

fn add_generated(kind: CaseKind, settings: &FuzzPlan, generator: &mut Generator, jobs: &mut Vec<Job>) {
    for (number, inputs) in (1..=settings.iterations).zip(generator) {
        jobs.push(Job { location: settings.location.clone(), ..generated(kind, number, inputs) });
    }
}

fn cannot_be_made(engine: &Engine<'_>, impossible: &Impossible, key: &str) {
    let hint = format!("write a test case, or give '{}' a value among {key}", impossible.input);
    engine.found(Finding::new(&rules::FUZZ_IMPOSSIBLE, impossible.to_string()).hint(hint));
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
    let properties = input_properties(document, Method::Predict);
    let takes_seed = properties.iter().any(|property| property.name == "seed" && matches!(property.shape.kind, ShapeKind::Integer));
    if takes_seed && inputs.get("seed").is_none_or(Value::is_null) {
        let seed: Inputs = [("seed".to_owned(), json!(COMPARISON_SEED))].into_iter().collect();
        if !check_inputs(document, Method::Predict, &seed).iter().any(|problem| problem.input == "seed") {
            inputs.extend(seed);
        }
    }
    inputs
}
