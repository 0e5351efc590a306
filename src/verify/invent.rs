//! Fuzz inputs written by an inventor, in place of some that were generated from the schema.

use cog_schema::{Method, check_inputs, input_properties};
use serde_json::Value;

use crate::domain::events::EventKind;
use crate::domain::plan::FuzzPlan;
use crate::domain::prediction::Inputs;
use crate::verify::engine::Engine;
use crate::verify::judge::InventionRequest;
use crate::verify::mask::Mask;
use crate::verify::planned_case::PlannedCase;

/// Inputs per request. Longer answers take too long.
const BATCH: usize = 20;

impl Engine<'_> {
    /// Indexes of the fuzz cases that get invented inputs. Empty without an inventor, and if a seed asks for reproducible inputs.
    pub(super) fn cases_to_invent(&self, cases: &[PlannedCase], method: Method) -> Vec<usize> {
        let Some(plan) = self.fuzz_plan(method) else { return Vec::new() };
        let has_inventor = self.services.judge.as_ref().is_some_and(|judge| judge.inventor().is_some());
        if !has_inventor || plan.seed.is_some() {
            return Vec::new();
        }
        let generated = (0..cases.len()).filter(|index| cases[*index].kind.is_generated() && cases[*index].method() == method);
        let every = if plan.prompt.is_some() { 1 } else { 2 };
        // Unless a prompt asks for invented inputs only, the first case keeps the minimal inputs.
        generated.skip(every - 1).step_by(every).collect()
    }

    /// Asks for inputs in batches. Returns those that fit the schema, at most one for each of `indexes`.
    pub(super) async fn invent(&self, cases: &[PlannedCase], indexes: &[usize], method: Method) -> Vec<Inputs> {
        let mut invented: Vec<Inputs> = Vec::with_capacity(indexes.len());
        let (Some(judge), Some(plan)) = (&self.services.judge, self.fuzz_plan(method)) else { return invented };
        let Some(inventor) = judge.inventor() else { return invented };
        let mask = Mask::new(&plan.fixed_inputs, self.schemas.inputs_of(method));
        let mut known: Vec<Inputs> = cases
            .iter()
            .filter(|case| !case.kind.is_generated() && case.method() == method)
            .map(|case| self.masked(&case.inputs, method))
            .collect();
        let mut rejected = 0;
        // One request more than needed, to replace inputs that do not fit.
        for _ in 0..indexes.len().div_ceil(BATCH) + 1 {
            let missing = indexes.len() - invented.len();
            if missing == 0 {
                break;
            }
            let request = InventionRequest {
                model: self.request.plan.judge_model.clone(),
                schema: schemas_of(self.request.schema, method),
                fixed: mask.inputs(&plan.fixed_inputs),
                disabled: plan.disabled_inputs.clone(),
                prompt: plan.prompt.clone(),
                known: known.clone(),
                count: missing.min(BATCH),
            };
            let answer = tokio::select! {
                biased;
                () = self.stopping.cancelled() => return invented,
                answer = inventor.invent(&request) => answer,
            };
            let inputs = match answer {
                Ok(inputs) => inputs,
                Err(error) => {
                    self.emit(EventKind::Notice(format!("using inputs generated from the schema instead: {error}")));
                    break;
                }
            };
            for inputs in inputs {
                let Some(index) = indexes.get(invented.len()) else { break };
                let inputs = completed(self.request.schema, method, plan, inputs, &cases[*index].inputs);
                if invented.contains(&inputs) || !check_inputs(self.request.schema, method, &inputs).is_empty() {
                    rejected += 1;
                    continue;
                }
                known.push(self.masked(&inputs, method));
                invented.push(inputs);
            }
        }
        if rejected > 0 {
            self.emit(EventKind::Notice(format!(
                "{rejected} invented inputs were dropped: they do not fit the schema or repeat others"
            )));
        }
        invented
    }

    fn fuzz_plan(&self, method: Method) -> Option<&FuzzPlan> {
        match method {
            Method::Predict => self.request.plan.fuzz.as_ref(),
            Method::Train => self.request.train.and_then(|train| train.fuzz.as_ref()),
        }
    }

    /// Inputs with secrets masked.
    fn masked(&self, inputs: &Inputs, method: Method) -> Inputs {
        Mask::new(inputs, self.schemas.inputs_of(method)).inputs(inputs)
    }
}

/// The schemas that an inventor sees. The one to write inputs for is always called `Input`.
fn schemas_of(document: &Value, method: Method) -> Value {
    let mut schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    if let (Method::Train, Some(components)) = (method, schemas.as_object_mut()) {
        components.remove(Method::Predict.output_component());
        if let Some(inputs) = components.remove(Method::Train.input_component()) {
            components.insert(Method::Predict.input_component().to_owned(), inputs);
        }
    }
    schemas
}

/// Applies the plan to invented inputs: removes disabled and `null` ones, and adds fixed ones. Files and secrets come from the generated
/// inputs, because invented ones cannot be valid.
fn completed(document: &Value, method: Method, plan: &FuzzPlan, invented: Inputs, generated: &Inputs) -> Inputs {
    let mut inputs = Inputs::new();
    for property in input_properties(document, method) {
        let name = &property.name;
        let is_generated = property.shape.is_file() || property.shape.is_secret();
        let value = if is_generated { generated.get(name).filter(|_| property.required) } else { invented.get(name) };
        let is_disabled = plan.disabled_inputs.contains(name);
        if let Some(value) = value.filter(|value| !value.is_null() && !is_disabled) {
            inputs.insert(name.clone(), value.clone());
        }
    }
    // Unknown inputs are kept, so that validation rejects them.
    let known: Vec<String> = input_properties(document, method).into_iter().map(|property| property.name).collect();
    inputs.extend(invented.into_iter().filter(|(name, _)| !known.contains(name) && !plan.disabled_inputs.contains(name)));
    inputs.extend(plan.fixed_inputs.clone());
    inputs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inputs(value: &Value) -> Inputs {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_plan_overrides_invented_inputs() {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "required": ["image"], "properties": {
            "prompt": {"type": "string"}, "n": {"type": "integer"}, "seed": {"type": "integer"},
            "image": {"type": "string", "format": "uri"}, "mask": {"type": "string", "format": "uri"},
        }}}}});
        let plan =
            FuzzPlan { fixed_inputs: inputs(&json!({"n": 3})), disabled_inputs: vec!["seed".to_owned()], ..FuzzPlan::default() };
        let invented = inputs(&json!({"prompt": "x", "n": 9, "seed": 1, "image": "https://evil/a", "mask": "https://evil/b"}));
        let generated = inputs(&json!({"image": "data:image/png;base64,AA", "mask": "data:image/png;base64,AA"}));
        let done = completed(&document, Method::Predict, &plan, invented, &generated);
        assert_eq!(done, inputs(&json!({"prompt": "x", "image": "data:image/png;base64,AA", "n": 3})));
    }
}
