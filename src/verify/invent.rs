//! Inputs from an inventor, in the place of some that were made from the schema.

use cog_schema::{Method, check_inputs, input_properties};
use serde_json::Value;

use crate::domain::events::EventKind;
use crate::domain::plan::FuzzPlan;
use crate::domain::prediction::Inputs;
use crate::verify::case::Job;
use crate::verify::engine::Engine;
use crate::verify::judge::Wish;
use crate::verify::mask::Mask;

/// Inputs asked for at one time: more take too long to be written.
const BATCH: usize = 20;

impl Engine<'_> {
    /// Which of the generated cases get their inputs from an inventor; empty without one, and where a seed asks for repeatable inputs.
    pub(super) fn to_be_invented(&self, jobs: &[Job], method: Method) -> Vec<usize> {
        let Some(plan) = self.fuzz_plan(method) else { return Vec::new() };
        let has_inventor = self.services.judge.as_ref().is_some_and(|judge| judge.inventor().is_some());
        if !has_inventor || plan.seed.is_some() {
            return Vec::new();
        }
        let generated = (0..jobs.len()).filter(|index| jobs[*index].kind.is_generated() && jobs[*index].method() == method);
        let every = if plan.prompt.is_some() { 1 } else { 2 };
        // The first comes from the schema: the smallest inputs are worth a case.
        generated.skip(every - 1).step_by(every).collect()
    }

    /// Asks for inputs, in batches, and gives as many as fit the schema, at most one for each of `places`.
    pub(super) async fn invent(&self, jobs: &[Job], places: &[usize], method: Method) -> Vec<Inputs> {
        let mut invented: Vec<Inputs> = Vec::with_capacity(places.len());
        let (Some(judge), Some(plan)) = (&self.services.judge, self.fuzz_plan(method)) else { return invented };
        let Some(inventor) = judge.inventor() else { return invented };
        let mask = Mask::new(&plan.fixed_inputs, self.schemas.inputs_of(method));
        let mut known: Vec<Inputs> = jobs
            .iter()
            .filter(|job| !job.kind.is_generated() && job.method() == method)
            .map(|job| self.shown(&job.inputs, method))
            .collect();
        let mut refused = 0;
        // One call more than needed, for what does not fit.
        for _ in 0..places.len().div_ceil(BATCH) + 1 {
            let missing = places.len() - invented.len();
            if missing == 0 {
                break;
            }
            let wish = Wish {
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
                answer = inventor.invent(&wish) => answer,
            };
            let inputs = match answer {
                Ok(inputs) => inputs,
                Err(error) => {
                    self.tell(EventKind::Notice(format!("inputs are made from the schema: {error}")));
                    break;
                }
            };
            for inputs in inputs {
                let Some(place) = places.get(invented.len()) else { break };
                let inputs = completed(self.request.schema, method, plan, inputs, &jobs[*place].inputs);
                if invented.contains(&inputs) || !check_inputs(self.request.schema, method, &inputs).is_empty() {
                    refused += 1;
                    continue;
                }
                known.push(self.shown(&inputs, method));
                invented.push(inputs);
            }
        }
        if refused > 0 {
            self.tell(EventKind::Notice(format!(
                "{refused} invented inputs were not sent: they do not fit the schema, or are given twice"
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

    /// Inputs without secrets.
    fn shown(&self, inputs: &Inputs, method: Method) -> Inputs {
        Mask::new(inputs, self.schemas.inputs_of(method)).inputs(inputs)
    }
}

/// The components that an inventor is shown; what is asked for is always called `Input`.
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

/// Invented inputs as the plan wants them: without what is disabled or `null`, with what is fixed, and with files and secrets that only the
/// schema's own inputs have.
fn completed(document: &Value, method: Method, plan: &FuzzPlan, invented: Inputs, made: &Inputs) -> Inputs {
    let mut inputs = Inputs::new();
    for property in input_properties(document, method) {
        let name = &property.name;
        let own_only = property.shape.is_file() || property.shape.is_secret();
        let value = if own_only { made.get(name).filter(|_| property.required) } else { invented.get(name) };
        let is_disabled = plan.disabled_inputs.contains(name);
        if let Some(value) = value.filter(|value| !value.is_null() && !is_disabled) {
            inputs.insert(name.clone(), value.clone());
        }
    }
    // What the schema does not know is kept, to be refused.
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
    fn the_plan_has_the_last_word() {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "required": ["image"], "properties": {
            "prompt": {"type": "string"}, "n": {"type": "integer"}, "seed": {"type": "integer"},
            "image": {"type": "string", "format": "uri"}, "mask": {"type": "string", "format": "uri"},
        }}}}});
        let plan =
            FuzzPlan { fixed_inputs: inputs(&json!({"n": 3})), disabled_inputs: vec!["seed".to_owned()], ..FuzzPlan::default() };
        let invented = inputs(&json!({"prompt": "x", "n": 9, "seed": 1, "image": "https://evil/a", "mask": "https://evil/b"}));
        let made = inputs(&json!({"image": "data:image/png;base64,AA", "mask": "data:image/png;base64,AA"}));
        let done = completed(&document, Method::Predict, &plan, invented, &made);
        assert_eq!(done, inputs(&json!({"prompt": "x", "image": "data:image/png;base64,AA", "n": 3})));
    }
}
