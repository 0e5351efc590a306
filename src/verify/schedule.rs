//! The cases of a verification, in order: comparisons, test cases, fuzz cases, then trainings.

use cog_findings::Finding;
use cog_schema::{Method, ShapeKind, check_inputs, input_properties};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::domain::case::{CaseId, CaseKind, Expectation, TestCase};
use crate::domain::events::EventKind;
use crate::domain::plan::{Comparison, FuzzPlan};
use crate::domain::prediction::Inputs;
use crate::support::seed::Seed;
use crate::verify::engine::Engine;
use crate::verify::fuzz::{Generator, UnfillableInput};
use crate::verify::planned_case::PlannedCase;
use crate::verify::rules;

/// The seed that both versions get in a comparison; cog-safe-push uses the same one.
const COMPARISON_SEED: u64 = 1;

/// The cases of a verification.
pub(super) struct Schedule {
    /// In the order of the report.
    pub(super) cases: Vec<PlannedCase>,
    /// Groups of cases whose inputs are invented instead of generated from the schema.
    pub(super) inventions: Vec<InventedInputs>,
    /// For shrinking failing inputs; `None` if no inputs can be generated.
    pub(super) generator: Option<Generator>,
}

/// Fuzz cases whose inputs an inventor writes.
pub(super) struct InventedInputs {
    /// The method of the model that takes them.
    pub(super) method: Method,
    /// Indexes of the cases in the schedule.
    pub(super) indexes: Vec<usize>,
    /// Their inputs, set when the inventor answers.
    pub(super) inputs: OnceCell<Vec<Inputs>>,
}

impl Schedule {
    pub(super) fn new(engine: &Engine<'_>, seed: Seed) -> Self {
        let plan = engine.request.plan;
        let no_settings = FuzzPlan::default();
        let settings = plan.fuzz.as_ref().unwrap_or(&no_settings);
        let generator = Generator::new(engine.request.schema, Method::Predict, settings, seed);
        let mut cases = Vec::new();
        add_comparisons(engine, generator.as_ref().ok(), &mut cases);
        cases.extend((1..).zip(&plan.cases).map(|(number, case)| written(CaseKind::Case, number, case)));
        let trainings = trainings(engine, seed);
        // A model that can only be trained takes no predictions.
        let needs_warm_up = engine.schemas.input.is_some() || trainings.is_empty();
        let generator = match generator {
            Ok(mut generator) => {
                add_generated(CaseKind::Fuzz, settings, &mut generator, &mut cases);
                if cases.is_empty() && needs_warm_up {
                    let warm_up = generated(CaseKind::WarmUp, 1, generator.minimal());
                    cases.push(PlannedCase { id: CaseId::new(CaseKind::WarmUp.to_string()), ..warm_up });
                }
                Some(generator)
            }
            Err(unfillable) => {
                if settings.iterations > 0 || (cases.is_empty() && needs_warm_up) {
                    report_unfillable(engine, &unfillable, "fuzz.fixed_inputs");
                }
                None
            }
        };
        cases.extend(trainings);
        let inventions = [Method::Predict, Method::Train].map(|method| InventedInputs {
            method,
            indexes: engine.cases_to_invent(&cases, method),
            inputs: OnceCell::new(),
        });
        Self { cases, inventions: inventions.into_iter().filter(|invention| !invention.indexes.is_empty()).collect(), generator }
    }

    /// Whether any inputs depend on the seed.
    pub(super) fn has_generated(&self) -> bool {
        self.cases.iter().any(|case| case.kind.is_generated())
    }
}

/// Trainings: test cases, then fuzz cases.
fn trainings(engine: &Engine<'_>, seed: Seed) -> Vec<PlannedCase> {
    let Some(plan) = engine.request.train else { return Vec::new() };
    let mut cases: Vec<PlannedCase> = (1..).zip(&plan.cases).map(|(number, case)| written(CaseKind::Train, number, case)).collect();
    let Some(settings) = plan.fuzz.as_ref().filter(|fuzz| fuzz.iterations > 0) else { return cases };
    match Generator::new(engine.request.schema, Method::Train, settings, seed) {
        Ok(mut generator) => add_generated(CaseKind::TrainFuzz, settings, &mut generator, &mut cases),
        Err(unfillable) => report_unfillable(engine, &unfillable, "train.fuzz.fixed_inputs"),
    }
    cases
}

fn written(kind: CaseKind, number: usize, case: &TestCase) -> PlannedCase {
    let TestCase { inputs, expectation, location } = case.clone();
    let location = location.map(|location| location.case);
    PlannedCase { id: CaseId::numbered(kind, number), kind, inputs, expectation, location }
}

fn generated(kind: CaseKind, number: usize, inputs: Inputs) -> PlannedCase {
    PlannedCase { id: CaseId::numbered(kind, number), kind, inputs, expectation: Expectation::Succeeds, location: None }
}

fn add_generated(kind: CaseKind, settings: &FuzzPlan, generator: &mut Generator, cases: &mut Vec<PlannedCase>) {
    for (number, inputs) in (1..=settings.iterations).zip(generator) {
        cases.push(PlannedCase { location: settings.location.clone(), ..generated(kind, number, inputs) });
    }
}

fn report_unfillable(engine: &Engine<'_>, unfillable: &UnfillableInput, key: &str) {
    let hint = format!("write a test case, or set '{}' in {key}", unfillable.input);
    engine.add_finding(Finding::new(&rules::FUZZ_IMPOSSIBLE, unfillable.to_string()).hint(hint));
}

fn add_comparisons(engine: &Engine<'_>, generator: Option<&Generator>, cases: &mut Vec<PlannedCase>) {
    let plan = engine.request.plan;
    let at_most = match plan.compare {
        Comparison::Off => return,
        Comparison::First => 1,
        Comparison::All => usize::MAX,
    };
    if engine.request.live.is_none() {
        engine.emit(EventKind::Notice("there is no live version to compare with".to_owned()));
        return;
    }
    // A case that expects an error has no output to compare.
    let comparable = (1..).zip(&plan.cases).filter(|(_, case)| !matches!(case.expectation, Expectation::ErrorContains(_)));
    for (number, case) in comparable.take(at_most) {
        let inputs = with_seed(engine.request.schema, case.inputs.clone());
        cases.push(PlannedCase {
            location: case.location.as_ref().map(|location| location.case.clone()),
            ..generated(CaseKind::Compare, number, inputs)
        });
    }
    if cases.is_empty()
        && let Some(generator) = generator
    {
        cases.push(generated(CaseKind::Compare, 1, with_seed(engine.request.schema, generator.minimal())));
    }
}

/// Adds the comparison seed if the model has an input `seed` and the case does not set it.
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
