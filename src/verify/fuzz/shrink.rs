//! Shrinks failing inputs.
//!
//! Each step costs a prediction, so steps are few and bold: first without all optional inputs, then without one at a time, then with
//! simpler values.

use serde_json::Value;

use super::Generator;
use crate::domain::prediction::Inputs;

/// Looks for smaller inputs that still fail.
///
/// Pure: [`Shrinker::next`] proposes inputs, the caller runs them and reports the outcome to [`Shrinker::failed`] or [`Shrinker::passed`].
#[derive(Debug)]
pub(in crate::verify) struct Shrinker {
    best: Inputs,
    steps: Vec<ShrinkStep>,
    proposed: Option<(Inputs, ShrinkStep)>,
    left: usize,
    proposals: usize,
}

#[derive(Debug, Clone)]
enum ShrinkStep {
    /// Leave out these inputs and set those values.
    Minimal(Vec<String>, Vec<(String, Value)>),
    /// Leave out one input.
    Without(String),
    /// Set an input to its simplest value.
    Simplest(String, Value),
    /// Halve a text as long as that fails, unless it is the simplest value.
    Halve(String, Value),
}

impl Shrinker {
    /// Starts from failing inputs of this generator. Makes at most `predictions` proposals.
    pub(in crate::verify) fn new(failing: &Inputs, generator: &Generator, predictions: usize) -> Self {
        let simplest = generator.simplest();
        let optional: Vec<String> = simplest.iter().filter(|(_, required, _)| !required).map(|(name, _, _)| name.clone()).collect();
        let required = simplest.iter().filter(|(_, required, _)| *required);
        let is_text = |name: &String| failing.get(name).is_some_and(Value::is_string);
        let texts = simplest.iter().filter(|(name, _, _)| is_text(name));
        let mut steps: Vec<ShrinkStep> = texts.map(|(name, _, value)| ShrinkStep::Halve(name.clone(), value.clone())).collect();
        steps.extend(simplest.iter().rev().map(|(name, _, value)| ShrinkStep::Simplest(name.clone(), value.clone())));
        steps.extend(optional.iter().rev().map(|name| ShrinkStep::Without(name.clone())));
        steps.push(ShrinkStep::Minimal(Vec::new(), required.map(|(name, _, value)| (name.clone(), value.clone())).collect()));
        steps.push(ShrinkStep::Minimal(optional, Vec::new()));
        // Steps are taken from the end.
        Self { best: failing.clone(), steps, proposed: None, left: predictions, proposals: 0 }
    }

    /// The inputs to try next; `None` if nothing smaller is left or the predictions are used up.
    pub(in crate::verify) fn next(&mut self) -> Option<Inputs> {
        if self.left == 0 {
            return None;
        }
        while let Some(step) = self.steps.pop() {
            let Some(inputs) = self.apply(&step).filter(|inputs| *inputs != self.best) else { continue };
            self.left -= 1;
            self.proposals += 1;
            self.proposed = Some((inputs.clone(), step));
            return Some(inputs);
        }
        None
    }

    /// Reports that the proposal failed too, so it becomes the best.
    pub(in crate::verify) fn failed(&mut self) {
        if let Some((inputs, step)) = self.proposed.take() {
            self.best = inputs;
            if matches!(step, ShrinkStep::Halve(..)) {
                self.steps.push(step);
            }
        }
    }

    /// Reports that the proposal passed, or that its outcome is unknown.
    pub(in crate::verify) fn passed(&mut self) {
        self.proposed = None;
    }

    /// The smallest inputs known to fail.
    pub(in crate::verify) fn best(&self) -> &Inputs {
        &self.best
    }

    /// Number of proposals so far.
    pub(in crate::verify) fn proposals(&self) -> usize {
        self.proposals
    }

    fn apply(&self, step: &ShrinkStep) -> Option<Inputs> {
        let mut inputs = self.best.clone();
        match step {
            ShrinkStep::Minimal(without, values) => {
                inputs.retain(|name, _| !without.contains(name));
                for (name, value) in values {
                    inputs.insert(name.clone(), value.clone());
                }
            }
            ShrinkStep::Without(name) => {
                inputs.shift_remove(name)?;
            }
            ShrinkStep::Simplest(name, value) => {
                inputs.get(name)?;
                inputs.insert(name.clone(), value.clone());
            }
            ShrinkStep::Halve(name, simplest) => {
                let value = inputs.get(name).filter(|value| *value != simplest)?;
                let text = value.as_str().filter(|text| !text.starts_with("data:"))?;
                let count = text.chars().count();
                if count < 16 {
                    return None;
                }
                let half: String = text.chars().take(count / 2).collect();
                inputs.insert(name.clone(), Value::String(half));
            }
        }
        Some(inputs)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::plan::FuzzPlan;
    use crate::support::seed::Seed;
    use cog_schema::Method;

    fn generator() -> Generator {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "required": ["prompt"], "properties": {
            "prompt": {"type": "string", "x-order": 0},
            "steps": {"type": "integer", "minimum": 1, "maximum": 50, "default": 20, "x-order": 1},
            "mode": {"enum": ["fast", "best"], "type": "string", "default": "fast", "x-order": 2},
            "flag": {"type": "boolean", "default": false, "x-order": 3},
        }}}}});
        Generator::new(&document, Method::Predict, &FuzzPlan::default(), &[], Seed(1)).unwrap()
    }

    fn inputs(value: &Value) -> Inputs {
        value.as_object().unwrap().clone()
    }

    /// Shrinks inputs against a predicate; the result and the number of predictions.
    fn shrunk(failing: &Value, predictions: usize, fails: impl Fn(&Inputs) -> bool) -> (Value, usize) {
        let mut shrinker = Shrinker::new(&inputs(failing), &generator(), predictions);
        while let Some(proposal) = shrinker.next() {
            if fails(&proposal) { shrinker.failed() } else { shrinker.passed() }
        }
        assert!(fails(shrinker.best()));
        (Value::Object(shrinker.best().clone()), shrinker.proposals())
    }

    #[test]
    fn irrelevant_inputs_are_left_out() {
        let failing = json!({"prompt": "日本語", "steps": 50, "mode": "best", "flag": true});
        let (smallest, asked) = shrunk(&failing, 12, |inputs| inputs.get("steps") == Some(&json!(50)));
        assert_eq!(smallest, json!({"prompt": "a photo of a cat", "steps": 50}));
        assert!(asked <= 12);
        let (smallest, asked) = shrunk(&failing, 12, |_| true);
        assert_eq!(smallest, json!({"prompt": "a photo of a cat"}));
        assert_eq!(asked, 2);
    }

    #[test]
    fn two_inputs_that_only_fail_together_are_kept() {
        let failing = json!({"prompt": "x", "steps": 50, "mode": "best", "flag": true});
        let (smallest, _) =
            shrunk(&failing, 12, |inputs| inputs.get("steps") == Some(&json!(50)) && inputs.get("mode") == Some(&json!("best")));
        assert_eq!(smallest, json!({"prompt": "a photo of a cat", "steps": 50, "mode": "best"}));
    }

    #[test]
    fn long_texts_are_halved() {
        let failing = json!({"prompt": "x".repeat(2500)});
        let (smallest, _) = shrunk(&failing, 12, |inputs| inputs["prompt"].as_str().unwrap().len() > 500);
        assert_eq!(smallest["prompt"].as_str().unwrap().len(), 625);
    }

    #[test]
    fn the_limit_on_predictions_is_kept() {
        let failing = json!({"prompt": "x".repeat(2000), "steps": 7, "mode": "best", "flag": true});
        let (smallest, asked) = shrunk(&failing, 2, |inputs| *inputs == *failing.as_object().unwrap());
        assert_eq!((smallest, asked), (failing.clone(), 2));
        assert_eq!(shrunk(&failing, 0, |_| true).1, 0);
    }
}
