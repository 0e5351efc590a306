//! Generates inputs from a schema.

use std::collections::BTreeSet;

use cog_schema::{Method, check_inputs, input_properties};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::candidates::candidates;
use crate::domain::plan::FuzzPlan;
use crate::domain::prediction::Inputs;
use crate::support::seed::Seed;

/// A required input that cannot be sent: no value can be generated for it, or it is disabled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no value can be generated for the required input '{input}'{}", if *.disabled { ", which is disabled" } else { "" })]
pub(in crate::verify) struct UnfillableInput {
    pub(in crate::verify) input: String,
    /// Whether the plan disables it.
    pub(in crate::verify) disabled: bool,
}

/// Generates inputs that fit a schema. The same schema, settings and seed yield the same inputs in the same order.
///
/// The first inputs hold only what is required, the second everything. After that, each optional input is sent or left out at random, and each
/// input takes its values in turn. With enough iterations, every choice and every bound is sent.
#[derive(Debug)]
pub(in crate::verify) struct Generator {
    fixed: Inputs,
    members: Vec<InputValues>,
    random: ChaCha8Rng,
    generated: usize,
}

#[derive(Debug)]
struct InputValues {
    name: String,
    required: bool,
    /// Valid values, the simplest first; not empty.
    values: Vec<Value>,
    /// Position in `order` of the next value.
    next: usize,
    /// The order in which values are sent, shuffled.
    order: Vec<usize>,
}

impl Generator {
    /// Fails if a required input has no value.
    pub(in crate::verify) fn new(document: &Value, method: Method, plan: &FuzzPlan, seed: Seed) -> Result<Self, UnfillableInput> {
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
        let offered: Vec<Vec<Value>> = free.iter().map(|property| candidates(property, &mut random)).collect();
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
            members.push(InputValues { name: property.name.clone(), required: property.required, values, next: 0, order });
        }
        Ok(Self { fixed: plan.fixed_inputs.clone(), members, random, generated: 0 })
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

    /// Never `None`.
    fn next(&mut self) -> Option<Inputs> {
        let number = self.generated;
        self.generated += 1;
        if number == 0 {
            return Some(self.minimal());
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
        Some(inputs)
    }
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
