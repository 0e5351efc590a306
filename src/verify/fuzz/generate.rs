//! Whole inputs, one after another.

use std::collections::BTreeSet;

use cog_schema::{Method, check_inputs, input_properties};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::candidates::candidates;
use crate::domain::plan::FuzzPlan;
use crate::domain::prediction::Inputs;
use crate::support::seed::Seed;

/// A required input for which no value can be made, or one that must not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no value can be made for the required input '{input}'{}", if *.disabled { ", which is disabled" } else { "" })]
pub struct Impossible {
    /// The input.
    pub input: String,
    /// Whether it could be made but is among the disabled inputs.
    pub disabled: bool,
}

/// Makes inputs that fit a schema. The same schema, settings and seed give the same inputs in the same order.
///
/// The first inputs hold what is required and no more, the second everything. From then on each optional input is sent or left out at
/// random, and each input takes its values in turn, so that with enough inputs every choice and every end of a range is sent.
#[derive(Debug)]
pub struct Generator {
    fixed: Inputs,
    members: Vec<Source>,
    random: ChaCha8Rng,
    made: usize,
}

/// Where the values of one input come from.
#[derive(Debug)]
struct Source {
    name: String,
    required: bool,
    /// Valid values, the simplest first; not empty.
    values: Vec<Value>,
    /// Which comes next.
    next: usize,
    /// Whether they were shuffled after the first pass over the simplest.
    order: Vec<usize>,
}

impl Generator {
    /// Prepares to make inputs. The error names a required input without a value.
    pub fn new(document: &Value, method: Method, plan: &FuzzPlan, seed: Seed) -> Result<Self, Impossible> {
        let mut random = seed.generator(match method {
            Method::Predict => "fuzz",
            Method::Train => "train-fuzz",
        });
        let disabled: BTreeSet<&str> = plan.disabled_inputs.iter().map(String::as_str).collect();
        let properties = input_properties(document, method);
        let free: Vec<_> = properties.iter().filter(|property| !plan.fixed_inputs.contains_key(&property.name)).collect();
        if let Some(property) = free.iter().find(|property| property.required && disabled.contains(property.name.as_str())) {
            return Err(Impossible { input: property.name.clone(), disabled: true });
        }
        let free: Vec<_> = free.into_iter().filter(|property| !disabled.contains(property.name.as_str())).collect();
        let offered: Vec<Vec<Value>> = free.iter().map(|property| candidates(property, &mut random)).collect();
        let valid = only_valid(document, method, &free.iter().map(|property| property.name.as_str()).collect::<Vec<_>>(), &offered);
        let mut members = Vec::new();
        for (property, values) in free.into_iter().zip(valid) {
            if values.is_empty() {
                if property.required {
                    return Err(Impossible { input: property.name.clone(), disabled: false });
                }
                continue;
            }
            let mut order: Vec<usize> = (0..values.len()).collect();
            shuffle(&mut order, &mut random);
            members.push(Source { name: property.name.clone(), required: property.required, values, next: 0, order });
        }
        Ok(Self { fixed: plan.fixed_inputs.clone(), members, random, made: 0 })
    }

    /// The smallest inputs: fixed ones, and the simplest value of each required one.
    pub fn minimal(&self) -> Inputs {
        let mut inputs = self.fixed.clone();
        for member in self.members.iter().filter(|member| member.required) {
            if let Some(value) = member.values.first() {
                inputs.insert(member.name.clone(), value.clone());
            }
        }
        inputs
    }

    /// The simplest values of every input that is not fixed: where shrinking leads.
    pub(super) fn simplest(&self) -> Vec<(String, bool, Value)> {
        let first = |member: &Source| Some((member.name.clone(), member.required, member.values.first()?.clone()));
        self.members.iter().filter_map(first).collect()
    }
}

impl Iterator for Generator {
    type Item = Inputs;

    /// The next inputs. There is always one.
    fn next(&mut self) -> Option<Inputs> {
        let number = self.made;
        self.made += 1;
        if number == 0 {
            return Some(self.minimal());
        }
        let mut inputs = self.fixed.clone();
        for member in &mut self.members {
            // Drawn for every input, so that one more does not shift the choices of the others more than it must.
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

/// The values that fit, by input. Checked across all inputs at once: the document is read once for each round.
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
