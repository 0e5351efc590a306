//! Generates inputs from a schema.

use std::collections::{BTreeSet, HashSet};

use cog_findings::{Finding, Severity};
use cog_schema::{Method, Shape, ShapeKind, check_inputs, input_properties};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::candidates::{candidates, takes_files};
use super::identity::Identity;
use crate::domain::case::TestCase;
use crate::domain::plan::FuzzPlan;
use crate::domain::prediction::Inputs;
use crate::support::seed::Seed;
use crate::verify::rules;

/// A required input that cannot be sent: no value can be generated for it, or it is disabled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no value can be generated for the required input '{input}'{}", if *.disabled { ", which is disabled" } else { "" })]
pub(in crate::verify) struct UnfillableInput {
    pub(in crate::verify) input: String,
    /// Whether the plan disables it.
    pub(in crate::verify) disabled: bool,
}

impl UnfillableInput {
    /// A warning that fuzz inputs are left out, or an error if nothing else tests the model.
    pub(in crate::verify) fn finding(&self, key: &str, message: &str, is_only_test: bool) -> Finding {
        let (input, more) = (&self.input, if is_only_test { "" } else { ", so no fuzz inputs are sent" });
        let finding = Finding::new(&rules::FUZZ_IMPOSSIBLE, format!("{message}{more}"));
        let finding =
            finding.hint(format!("set '{input}' in {key}.fixed_inputs, offer files in {key}.files, or use it in a test case"));
        if is_only_test { finding.with_severity(Severity::Error) } else { finding }
    }
}

/// Generates inputs that fit a schema. The same schema, settings and seed yield the same inputs in the same order.
///
/// The first inputs hold only what is required, the second everything. After that, each optional input is sent or left out at random, and
/// each input takes its values in turn. With enough iterations, every choice and every bound is sent.
///
/// No inputs come twice, nor do those of a test case. An omitted input counts as its default. When nothing new is left, the generator ends.
///
/// Inputs that take files get those that test cases use for them, else those of the settings, else samples.
#[derive(Debug)]
pub(in crate::verify) struct Generator {
    fixed: Inputs,
    members: Vec<InputValues>,
    random: ChaCha8Rng,
    generated: usize,
    identity: Identity,
    /// What was generated or is tested anyway.
    known: HashSet<String>,
    /// The next combination to try when random ones are known.
    next_combination: u128,
}

/// Random inputs to draw before combinations are tried one after the other.
const DRAWS: usize = 50;

/// Combinations to try for one item.
const COMBINATIONS: usize = 20_000;

#[derive(Debug)]
struct InputValues {
    name: String,
    required: bool,
    takes_files: bool,
    /// Valid values, the simplest first; not empty.
    values: Vec<Value>,
    /// Position in `order` of the next value.
    next: usize,
    /// The order in which values are sent, shuffled.
    order: Vec<usize>,
}

impl Generator {
    /// Fails if a required input has no value.
    pub(in crate::verify) fn new(
        document: &Value,
        method: Method,
        plan: &FuzzPlan,
        cases: &[TestCase],
        seed: Seed,
    ) -> Result<Self, UnfillableInput> {
        let mut random = seed.generator(match method {
            Method::Predict => "fuzz",
            Method::Train => "train-fuzz",
        });
        let disabled: BTreeSet<&str> = plan.disabled_inputs.iter().map(String::as_str).collect();
        let properties = input_properties(document, method);
        let free: Vec<_> = properties.iter().filter(|property| !plan.fixed_inputs.contains_key(&property.name)).collect();
        if let Some(property) = free.iter().find(|property| property.required && disabled.contains(property.name.as_str())) {
            return Err(UnfillableInput { input: property.name.clone(), disabled: true });
        }
        let free: Vec<_> = free.into_iter().filter(|property| !disabled.contains(property.name.as_str())).collect();
        let offered: Vec<Vec<Value>> = free
            .iter()
            .map(|property| candidates(property, &files_for(&property.name, takes_list(&property.shape), plan, cases), &mut random))
            .collect();
        let valid = only_valid(document, method, &free.iter().map(|property| property.name.as_str()).collect::<Vec<_>>(), &offered);
        let mut members = Vec::new();
        for (property, values) in free.into_iter().zip(valid) {
            if values.is_empty() {
                if property.required {
                    return Err(UnfillableInput { input: property.name.clone(), disabled: false });
                }
                continue;
            }
            let mut order: Vec<usize> = (0..values.len()).collect();
            shuffle(&mut order, &mut random);
            let (name, required, takes_files) = (property.name.clone(), property.required, takes_files(&property.shape));
            members.push(InputValues { name, required, takes_files, values, next: 0, order });
        }
        let identity = Identity::of_properties(&properties);
        // Replicate refuses unknown inputs; a finding names them.
        let is_input = |name: &String| properties.is_empty() || properties.iter().any(|property| property.name == *name);
        let fixed = plan.fixed_inputs.iter().filter(|(name, _)| is_input(name));
        let fixed = fixed.map(|(name, value)| (name.clone(), value.clone())).collect();
        let (known, next_combination) = (HashSet::new(), 0);
        let mut generator = Self { fixed, members, random, generated: 0, identity, known, next_combination };
        generator.known =
            cases.iter().filter(|case| case.skip.is_none()).map(|case| generator.identity.text(&case.inputs)).collect();
        Ok(generator)
    }

    /// Takes inputs as known, so that they are not generated. Returns whether they are new.
    pub(in crate::verify) fn learn(&mut self, inputs: &Inputs) -> bool {
        self.known.insert(self.identity.text(inputs))
    }

    /// The files that inputs can get, by input.
    pub(in crate::verify) fn files(&self) -> Vec<(String, Vec<Value>)> {
        let members = self.members.iter().filter(|member| member.takes_files);
        members.map(|member| (member.name.clone(), member.values.clone())).collect()
    }

    fn draw(&mut self) -> Inputs {
        let number = self.generated;
        self.generated += 1;
        if number == 0 {
            return self.minimal();
        }
        let mut inputs = self.fixed.clone();
        for member in &mut self.members {
            // Drawn also for required inputs, so that making one optional does not change the others.
            let sent: bool = self.random.random_bool(0.6);
            if member.required || sent || number == 1 {
                let index = member.order[member.next % member.order.len()];
                member.next += 1;
                inputs.insert(member.name.clone(), member.values[index].clone());
            }
        }
        inputs
    }

    /// The next combination of values; `None` after the last one.
    fn combination(&mut self) -> Option<Inputs> {
        let mut rest = self.next_combination;
        self.next_combination = self.next_combination.checked_add(1)?;
        let mut inputs = self.fixed.clone();
        for member in &self.members {
            let choices = member.values.len() as u128 + u128::from(!member.required);
            let choice = usize::try_from(rest % choices).ok()?;
            rest /= choices;
            if let Some(value) = member.values.get(choice) {
                inputs.insert(member.name.clone(), value.clone());
            }
        }
        (rest == 0).then_some(inputs)
    }

    /// The minimal inputs: fixed ones, and the simplest value of each required one.
    pub(in crate::verify) fn minimal(&self) -> Inputs {
        let mut inputs = self.fixed.clone();
        for member in self.members.iter().filter(|member| member.required) {
            if let Some(value) = member.values.first() {
                inputs.insert(member.name.clone(), value.clone());
            }
        }
        inputs
    }

    /// Every input that is not fixed with its simplest value, which shrinking aims for: name, whether it is required, value.
    pub(super) fn simplest(&self) -> Vec<(String, bool, Value)> {
        let first = |member: &InputValues| Some((member.name.clone(), member.required, member.values.first()?.clone()));
        self.members.iter().filter_map(first).collect()
    }
}

impl Iterator for Generator {
    type Item = Inputs;

    /// `None` when every combination is known.
    fn next(&mut self) -> Option<Inputs> {
        for _ in 0..DRAWS {
            let inputs = self.draw();
            if self.learn(&inputs) {
                return Some(inputs);
            }
        }
        for _ in 0..COMBINATIONS {
            let inputs = self.combination()?;
            if self.learn(&inputs) {
                return Some(inputs);
            }
        }
        None
    }
}

/// The values that test cases give an input that takes files, or else those of the settings.
fn files_for(name: &str, takes_list: bool, plan: &FuzzPlan, cases: &[TestCase]) -> Vec<Value> {
    // The files of a case that is skipped were not read.
    let is_usable = |case: &&TestCase| !case.expectation.expects_error() && case.skip.is_none();
    let used: Vec<Value> = cases.iter().filter(is_usable).filter_map(|case| case.inputs.get(name)).cloned().collect();
    if !used.is_empty() {
        return used;
    }
    let Some(files) = plan.files.get(name) else { return Vec::new() };
    if takes_list {
        files.iter().map(|file| Value::Array(vec![file.clone()])).chain([Value::Array(files.clone())]).collect()
    } else {
        files.clone()
    }
}

fn takes_list(shape: &Shape) -> bool {
    matches!(shape.kind, ShapeKind::Array(_))
}

/// The valid values of each input. Each round validates one value of every input at once, because validating parses the whole document.
fn only_valid(document: &Value, method: Method, names: &[&str], offered: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let rounds = offered.iter().map(Vec::len).max().unwrap_or(0);
    let mut valid: Vec<Vec<Value>> = vec![Vec::new(); offered.len()];
    for round in 0..rounds {
        let inputs: Inputs =
            names.iter().zip(offered).filter_map(|(name, values)| Some(((*name).to_owned(), values.get(round)?.clone()))).collect();
        let problems = check_inputs(document, method, &inputs);
        for ((name, values), kept) in names.iter().zip(offered).zip(&mut valid) {
            let Some(value) = values.get(round) else { continue };
            if !problems.iter().any(|problem| problem.input == *name) {
                kept.push(value.clone());
            }
        }
    }
    valid
}

fn shuffle(order: &mut [usize], random: &mut ChaCha8Rng) {
    for last in (1..order.len()).rev() {
        order.swap(last, random.random_range(0..=last));
    }
}

#[cfg(test)]
#[path = "generate_tests.rs"]
mod tests;
