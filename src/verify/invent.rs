//! Fuzz inputs written by an inventor, in place of some that were generated from the schema.

use std::collections::HashSet;

use cog_schema::{Method, check_inputs, input_properties};
use serde_json::{Map, Value};

use crate::domain::events::EventKind;
use crate::domain::plan::FuzzPlan;
use crate::domain::prediction::Inputs;
use crate::verify::engine::Engine;
use crate::verify::fuzz::{Identity, takes_files};
use crate::verify::judge::{InventionRequest, OfferedFile};
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
    pub(super) async fn invent(
        &self,
        cases: &[PlannedCase],
        indexes: &[usize],
        method: Method,
        files: Vec<(String, Vec<Value>)>,
    ) -> Vec<Inputs> {
        let mut invented: Vec<Inputs> = Vec::with_capacity(indexes.len());
        let (Some(judge), Some(plan)) = (&self.services.judge, self.fuzz_plan(method)) else { return invented };
        let Some(inventor) = judge.inventor() else { return invented };
        let mask = Mask::new(&plan.fixed_inputs, self.schemas.inputs_of(method));
        let offered = Offered::new(files);
        let mut known: Vec<Inputs> = cases
            .iter()
            .filter(|case| !case.kind.is_generated() && case.method() == method)
            .map(|case| self.masked(&case.inputs, method))
            .collect();
        let identity = Identity::of(self.request.schema, method);
        let of_method = cases.iter().filter(|case| case.method() == method);
        let mut tested: HashSet<String> = of_method.map(|case| identity.text(&case.inputs)).collect();
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
                files: offered.labels(),
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
                let inputs =
                    completed((self.request.schema, method), plan, offered.chosen(inputs), &cases[*index].inputs, &offered);
                let is_known = tested.contains(&identity.text(&inputs));
                if is_known || !check_inputs(self.request.schema, method, &inputs).is_empty() {
                    rejected += 1;
                    continue;
                }
                tested.insert(identity.text(&inputs));
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

/// The inputs that an inventor sees, with the components they refer to. They are always called `Input`. What the model returns, and what
/// the server adds, says nothing about inputs.
fn schemas_of(document: &Value, method: Method) -> Value {
    let all = document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut kept = Map::new();
    let mut wanted = vec![method.input_component().to_owned()];
    while let Some(name) = wanted.pop() {
        let Some(schema) = all.get(&name).filter(|_| !kept.contains_key(&name)) else { continue };
        references(schema, &mut wanted);
        kept.insert(name, schema.clone());
    }
    if method == Method::Train
        && let Some(inputs) = kept.remove(Method::Train.input_component())
    {
        kept.insert(Method::Predict.input_component().to_owned(), inputs);
    }
    Value::Object(kept)
}

/// The components that a schema refers to.
fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
            found.extend(target.map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// The files that an inventor chooses from.
struct Offered(Vec<(String, Vec<Value>)>);

impl Offered {
    fn new(files: Vec<(String, Vec<Value>)>) -> Self {
        Self(files)
    }

    fn has(&self, name: &str, value: &Value) -> bool {
        self.0.iter().any(|(known, values)| known == name && values.contains(value))
    }

    fn labels(&self) -> Vec<(String, Vec<OfferedFile>)> {
        let label =
            |(number, value): (usize, &Value)| OfferedFile { label: format!("file:{number}"), description: described(value) };
        self.0.iter().map(|(name, values)| (name.clone(), (1..).zip(values).map(label).collect())).collect()
    }

    /// Puts the chosen files in place of their labels.
    fn chosen(&self, mut inputs: Inputs) -> Inputs {
        for (name, values) in &self.0 {
            let label = inputs.get(name).and_then(|value| match value {
                Value::Array(items) => items.first()?.as_str(),
                value => value.as_str(),
            });
            let number = label.and_then(|label| label.strip_prefix("file:")?.parse::<usize>().ok());
            match number.and_then(|number| values.get(number.checked_sub(1)?)) {
                Some(value) => inputs.insert(name.clone(), value.clone()),
                None => inputs.remove(name),
            };
        }
        inputs
    }
}

/// A file in a few words: the type of a `data:` URL, or the end of a path.
fn described(value: &Value) -> String {
    match value {
        Value::String(url) if url.starts_with("data:") => format!("a sample, {}", url.split(';').next().unwrap_or_default()),
        Value::String(url) => {
            let path = url.split(['?', '#']).next().unwrap_or_default();
            path.rsplit('/').next().unwrap_or_default().chars().take(100).collect()
        }
        Value::Array(items) => items.iter().map(described).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}

/// Applies the plan to invented inputs: removes disabled and `null` ones, and adds fixed ones. Secrets, and files that were not offered,
/// come from the generated inputs, because invented ones cannot be valid.
fn completed(
    (document, method): (&Value, Method),
    plan: &FuzzPlan,
    invented: Inputs,
    generated: &Inputs,
    offered: &Offered,
) -> Inputs {
    let mut inputs = Inputs::new();
    for property in input_properties(document, method) {
        let name = &property.name;
        let is_valid = |value: &&Value| !property.shape.is_secret() && (!takes_files(&property.shape) || offered.has(name, value));
        let is_generated = property.shape.is_secret() || takes_files(&property.shape);
        let value = invented.get(name).filter(is_valid).or_else(|| generated.get(name).filter(|_| is_generated));
        let is_disabled = plan.disabled_inputs.contains(name);
        if let Some(value) = value.filter(|value| !value.is_null() && !is_disabled) {
            inputs.insert(name.clone(), value.clone());
        }
    }
    // Unknown inputs are kept, so that validation rejects them.
    let known: Vec<String> = input_properties(document, method).into_iter().map(|property| property.name).collect();
    inputs.extend(invented.into_iter().filter(|(name, _)| !known.contains(name) && !plan.disabled_inputs.contains(name)));
    inputs.extend(
        plan.fixed_inputs.iter().filter(|(name, _)| known.contains(name)).map(|(name, value)| (name.clone(), value.clone())),
    );
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
        let nothing = Offered::new(Vec::new());
        let done = completed((&document, Method::Predict), &plan, invented, &generated, &nothing);
        let sample = "data:image/png;base64,AA";
        assert_eq!(done, inputs(&json!({"prompt": "x", "image": sample, "mask": sample, "n": 3})));
    }

    #[test]
    fn an_inventor_chooses_among_the_offered_files_and_sees_only_inputs() {
        let document = json!({"components": {"schemas": {
            "Input": {"type": "object", "properties": {
                "image": {"type": "string", "format": "uri"}, "mode": {"allOf": [{"$ref": "#/components/schemas/mode"}]},
            }},
            "mode": {"enum": ["a", "b"]}, "Output": {"type": "string"}, "PredictionResponse": {"type": "object"},
        }}});
        let schemas = schemas_of(&document, Method::Predict);
        assert_eq!(schemas.as_object().unwrap().keys().collect::<Vec<_>>(), ["Input", "mode"]);
        let offered =
            Offered::new(vec![("image".to_owned(), vec![json!("https://x/a.png?sig=1"), json!("data:image/png;base64,AA")])]);
        let labels: Vec<String> = offered.labels()[0].1.iter().map(|file| format!("{} {}", file.label, file.description)).collect();
        assert_eq!(labels, ["file:1 a.png", "file:2 a sample, data:image/png"]);
        let done = |answer: &str| {
            let invented = offered.chosen(inputs(&json!({"image": answer})));
            completed((&document, Method::Predict), &FuzzPlan::default(), invented, &Inputs::new(), &offered)
        };
        assert_eq!(done("file:1"), inputs(&json!({"image": "https://x/a.png?sig=1"})));
        for other in ["file:3", "file:0", "https://evil/x"] {
            assert_eq!(done(other), Inputs::new(), "{other}");
        }
    }
}
