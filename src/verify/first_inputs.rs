//! Inputs for the first test case of a model, as a schema asks for them.

use cog_schema::{InputProperty, Method, example, input_properties};
use serde_json::Value;

use crate::domain::plan::FuzzPlan;
use crate::domain::prediction::Inputs;
use crate::support::seed::Seed;
use crate::verify::fuzz::Generator;

/// Inputs for the first test case of a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FirstInputs {
    /// A value of each input that has to be sent.
    pub required: Inputs,
    /// Inputs that have to be fixed, because fuzz inputs cannot be generated for them.
    pub fixed: Inputs,
    /// Required inputs without a value.
    pub missing: Vec<String>,
}

/// Finds inputs that a model accepts.
pub fn first_inputs(document: &Value) -> FirstInputs {
    let properties = input_properties(document, Method::Predict);
    let mut found = FirstInputs::default();
    for property in properties.iter().filter(|property| property.required) {
        match value_of(property, document) {
            Some(value) => _ = found.required.insert(property.name.clone(), value),
            None => found.missing.push(property.name.clone()),
        }
    }
    let mut plan = FuzzPlan { iterations: 1, ..FuzzPlan::default() };
    while let Err(unfillable) = Generator::new(document, Method::Predict, &plan, &[], Seed(0)) {
        let Some(value) = found.required.get(&unfillable.input).cloned() else { break };
        if plan.fixed_inputs.insert(unfillable.input.clone(), value.clone()).is_some() {
            break;
        }
        found.fixed.insert(unfillable.input, value);
    }
    found
}

/// A value for people to replace, else one that fuzz inputs would have.
fn value_of(property: &InputProperty, document: &Value) -> Option<Value> {
    example(&property.shape).or_else(|| {
        let others = input_properties(document, Method::Predict).into_iter().filter(|other| other.name != property.name);
        let fixed_inputs = others.map(|other| (other.name, Value::Null)).collect();
        let plan = FuzzPlan { iterations: 1, fixed_inputs, ..FuzzPlan::default() };
        let generator = Generator::new(document, Method::Predict, &plan, &[], Seed(0)).ok()?;
        generator.minimal().remove(&property.name)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_fit_and_what_cannot_be_generated_is_missing() {
        let document = json!({"components": {"schemas": {"Input": {"type": "object",
            "required": ["width", "text", "video", "impossible"],
            "properties": {
                "width": {"type": "integer", "minimum": 512, "x-order": 0},
                "text": {"type": "string", "minLength": 20, "x-order": 1},
                "video": {"type": "string", "format": "uri", "x-order": 2},
                "impossible": {"type": "integer", "minimum": 2, "maximum": 1, "x-order": 3},
                "optional": {"type": "integer", "default": 1, "x-order": 4},
            },
        }}}});
        let found = first_inputs(&document);
        let expected = json!({"width": 512, "text": "replace me replace m", "video": "https://example.com/replace-me"});
        assert_eq!(Value::Object(found.required), expected);
        assert!(found.fixed.is_empty(), "generated inputs have files: {:?}", found.fixed);
        assert_eq!(found.missing, ["impossible"]);
    }
}
