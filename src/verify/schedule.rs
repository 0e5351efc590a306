//! The cases of a verification, in order: comparisons, test cases, fuzz cases, then trainings.

use cog_findings::Finding;
use cog_schema::{Method, ShapeKind, check_inputs, input_properties};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::domain::case::{CaseId, CaseKind, Expectation, TestCase};
use crate::domain::compare_rules::CompareRules;
use crate::domain::events::EventKind;
use crate::domain::plan::{Comparison, FuzzPlan};
use crate::domain::prediction::Inputs;
use crate::support::ExposeSecret as _;
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
    /// Cases whose run times on both versions are compared: the comparisons, and for a benchmark every test case that expects an output.
    pub(super) paired: Vec<PlannedCase>,
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
        let generator = Generator::new(engine.request.schema, Method::Predict, settings, &plan.cases, seed);
        let mut cases = Vec::new();
        add_comparisons(engine, generator.as_ref().ok(), &mut cases);
        let compared: Vec<PlannedCase> = cases.clone();
        cases.extend(here(engine, &plan.cases).map(|(number, case)| written(CaseKind::Case, number, case, &plan.compare_rules)));
        let paired = match plan.benchmark {
            0 => compared,
            _ => benchmarked(compared, &cases),
        };
        report_left_out(engine, &plan.cases, "test case");
        if let Some(train) = engine.request.train {
            report_left_out(engine, &train.cases, "test training");
        }
        let trainings = trainings(engine, seed);
        // A model that can only be trained takes no predictions.
        let needs_warm_up = engine.schemas.input.is_some() || trainings.is_empty();
        let generator = match generator {
            Ok(mut generator) => {
                add_generated(engine, (CaseKind::Fuzz, "fuzz"), settings, &mut generator, &mut cases);
                if cases.is_empty() && needs_warm_up {
                    let warm_up = generated(CaseKind::WarmUp, 1, generator.minimal());
                    cases.push(PlannedCase { id: CaseId::new(CaseKind::WarmUp.to_string()), ..warm_up });
                }
                Some(generator)
            }
            Err(unfillable) => {
                if settings.iterations > 0 || (cases.is_empty() && needs_warm_up) {
                    report_unfillable(engine, &unfillable, "fuzz", cases.is_empty() && trainings.is_empty());
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
        let inventions = inventions.into_iter().filter(|invention| !invention.indexes.is_empty()).collect();
        Self { cases, paired, inventions, generator }
    }

    /// Whether any inputs depend on the seed.
    pub(super) fn has_generated(&self) -> bool {
        self.cases.iter().any(|case| case.kind.is_generated())
    }
}

/// The test cases that run here, with their numbers.
fn here<'a>(engine: &Engine<'_>, cases: &'a [TestCase]) -> impl Iterator<Item = (usize, &'a TestCase)> + use<'a> {
    let on = engine.request.on;
    (1..).zip(cases).filter(move |(_, case)| case.left_out(on).is_none())
}

/// Reports the test cases that do not run here: a check that is left out must not look like a passed one.
pub(super) fn report_left_out(engine: &Engine<'_>, cases: &[TestCase], noun: &str) {
    for (number, case) in (1..).zip(cases) {
        let Some(why) = case.left_out(engine.request.on) else { continue };
        let name = case.name.as_ref().map_or_else(|| number.to_string(), |name| format!("'{name}'"));
        let finding = Finding::new(&rules::CASE_LEFT_OUT, format!("{noun} {name} did not run: {why}"));
        engine.add_finding(match &case.location {
            Some(location) => finding.at(location.case.clone()),
            None => finding,
        });
    }
}

/// The comparisons, and the test cases with other inputs that expect an output.
fn benchmarked(mut compared: Vec<PlannedCase>, cases: &[PlannedCase]) -> Vec<PlannedCase> {
    let written = cases.iter().filter(|case| case.kind == CaseKind::Case && !case.expectation.expects_error());
    for case in written {
        // A comparison may have got a seed that the test case does not set.
        let is_known = compared.iter().any(|known| case.inputs.iter().all(|(name, value)| known.inputs.get(name) == Some(value)));
        if !is_known {
            compared.push(case.clone());
        }
    }
    compared
}

/// Trainings: test cases, then fuzz cases.
fn trainings(engine: &Engine<'_>, seed: Seed) -> Vec<PlannedCase> {
    let Some(plan) = engine.request.train else { return Vec::new() };
    let rules = &engine.request.plan.compare_rules;
    let mut cases: Vec<PlannedCase> =
        here(engine, &plan.cases).map(|(number, case)| written(CaseKind::Train, number, case, rules)).collect();
    let Some(settings) = plan.fuzz.as_ref().filter(|fuzz| fuzz.iterations > 0) else { return cases };
    match Generator::new(engine.request.schema, Method::Train, settings, &plan.cases, seed) {
        Ok(mut generator) => add_generated(engine, (CaseKind::TrainFuzz, "train.fuzz"), settings, &mut generator, &mut cases),
        Err(unfillable) => report_unfillable(engine, &unfillable, "train.fuzz", cases.is_empty()),
    }
    cases
}

fn written(kind: CaseKind, number: usize, case: &TestCase, rules: &CompareRules) -> PlannedCase {
    PlannedCase {
        id: case.name.as_deref().map_or_else(|| CaseId::numbered(kind, number), |name| CaseId::named(kind, name)),
        kind,
        inputs: inputs_of(case),
        secrets: case.secrets.iter().map(|(name, _)| name.clone()).collect(),
        timeout: case.timeout,
        expectation: case.expectation.clone(),
        compare: rules.with(&case.compare),
        location: case.location.as_ref().map(|location| location.case.clone()),
    }
}

/// The inputs of a test case with the secret ones.
fn inputs_of(case: &TestCase) -> Inputs {
    let secrets = case.secrets.iter().map(|(name, value)| (name.clone(), json!(value.expose_secret())));
    case.inputs.clone().into_iter().chain(secrets).collect()
}

fn generated(kind: CaseKind, number: usize, inputs: Inputs) -> PlannedCase {
    PlannedCase {
        id: CaseId::numbered(kind, number),
        kind,
        inputs,
        secrets: Vec::new(),
        timeout: None,
        expectation: Expectation::Succeeds,
        compare: CompareRules::default(),
        location: None,
    }
}

fn add_generated(
    engine: &Engine<'_>,
    (kind, key): (CaseKind, &str),
    settings: &FuzzPlan,
    generator: &mut Generator,
    cases: &mut Vec<PlannedCase>,
) {
    let before = cases.len();
    for (number, inputs) in (1..=settings.iterations).zip(generator) {
        cases.push(PlannedCase { location: settings.location.clone(), ..generated(kind, number, inputs) });
    }
    let number = cases.len() - before;
    if number < settings.iterations {
        let message = format!(
            "{key}: {number} of {} inputs are generated, because the model has no other inputs that are not tested already",
            settings.iterations
        );
        let finding = Finding::new(&rules::FUZZ_EXHAUSTED, message);
        engine.add_finding(match &settings.location {
            Some(location) => finding.at(location.clone()),
            None => finding,
        });
    }
}

fn report_unfillable(engine: &Engine<'_>, unfillable: &UnfillableInput, key: &str, is_only_test: bool) {
    engine.add_finding(unfillable.finding(key, &unfillable.to_string(), is_only_test));
}

fn add_comparisons(engine: &Engine<'_>, generator: Option<&Generator>, cases: &mut Vec<PlannedCase>) {
    let plan = engine.request.plan;
    let at_most = match plan.compare {
        Comparison::Off => return,
        Comparison::First => 1,
        Comparison::All => usize::MAX,
    };
    if engine.request.live.is_none() {
        engine.emit(EventKind::Notice("no live version to compare with".to_owned()));
        return;
    }
    // A case that expects an error has no output to compare, and one that runs on one of the two versions has no second.
    let comparable = here(engine, &plan.cases).filter(|(_, case)| !case.expectation.expects_error() && case.only_on.is_empty());
    for (number, case) in comparable.take(at_most) {
        let planned = written(CaseKind::Compare, number, case, &plan.compare_rules);
        let inputs = with_seed(engine.request.schema, planned.inputs.clone());
        cases.push(PlannedCase { inputs, expectation: Expectation::Succeeds, ..planned });
    }
    if cases.is_empty()
        && let Some(generator) = generator
    {
        let inputs = with_seed(engine.request.schema, generator.minimal());
        cases.push(PlannedCase { compare: plan.compare_rules.clone(), ..generated(CaseKind::Compare, 1, inputs) });
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
