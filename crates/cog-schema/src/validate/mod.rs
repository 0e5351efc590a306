//! Does a value fit the schema?
//!
//! Checks inputs before predictions are sent, so that a wrong test case is reported without paying for a prediction. Checks outputs too,
//! which neither Replicate nor Cog since 0.17 does: `docs/reference/cog.md#fastapi-and-coglet`. Inputs are checked as Replicate's API
//! does it: undeclared members are rejected, and the `required` list alone decides what is required.

mod fits;
mod output;

use cog_findings::text::nearest;
use serde_json::{Map, Value};

pub use fits::{Problem, ProblemKind};
pub(super) use fits::{compile_pattern, problems, refused};
pub use output::{OutputProblem, check_output, check_output_of, join_output};

use super::json::show_name;
use super::read::read;
use super::shape::{Members, Method, Shape};

/// An input that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputProblem {
    /// The input's name.
    pub input: String,
    /// What is wrong with it. The path is that within the input's value.
    pub problem: Problem,
    /// A declared input whose name is near to one that is not.
    pub meant: Option<String>,
}

impl std::fmt::Display for InputProblem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "input {}{} {}", show_name(&self.input), self.problem.path, self.problem.message)?;
        match &self.meant {
            Some(name) => write!(formatter, " (did you mean '{name}'?)"),
            None => Ok(()),
        }
    }
}

/// One input of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct InputProperty {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// Whether every request has to carry it.
    pub required: bool,
    /// What an omitted value stands for; `None` also where the default is `null`.
    pub default: Option<Value>,
}

/// The inputs of `run()` or `predict()`, in the order of its parameters. Empty when the document describes none.
pub fn input_properties(document: &Value) -> Vec<InputProperty> {
    input_properties_of(document, Method::Predict)
}

/// The inputs of one of the two methods, in the order of its parameters. Empty when the document describes none.
pub fn input_properties_of(document: &Value, method: Method) -> Vec<InputProperty> {
    let schemas = read(document);
    let Some(members) = schemas.inputs_of(method).and_then(Shape::members) else { return Vec::new() };
    let property = |member: &super::shape::Member| InputProperty {
        name: member.name.clone(),
        shape: member.shape.clone(),
        required: member.required,
        default: member.shape.annotations.default.clone().filter(|value| !value.is_null()),
    };
    members.declared.iter().map(property).collect()
}

/// What is wrong with the inputs of a prediction; nothing when the document describes no inputs.
///
/// `null` passes where the schema allows it. Replicate's API and Cog's server since 0.17 reject it even then, so leave such inputs out
/// before sending: `docs/reference/cog.md#fastapi-and-coglet`.
pub fn check_inputs(document: &Value, inputs: &Map<String, Value>) -> Vec<InputProblem> {
    check_inputs_of(document, Method::Predict, inputs)
}

/// What is wrong with the inputs of a prediction or a training; nothing when the document describes none.
pub fn check_inputs_of(document: &Value, method: Method, inputs: &Map<String, Value>) -> Vec<InputProblem> {
    let schemas = read(document);
    let Some(members) = schemas.inputs_of(method).and_then(Shape::members) else { return Vec::new() };
    let mut found = Vec::new();
    for member in members.declared.iter().filter(|member| member.required && !inputs.contains_key(&member.name)) {
        found.push(InputProblem { input: member.name.clone(), problem: Problem::missing(), meant: None });
    }
    for (name, value) in inputs {
        match members.get(name) {
            Some(member) => found.extend(problems(value, &member.shape).into_iter().map(|problem| InputProblem {
                input: name.clone(),
                problem,
                meant: None,
            })),
            None => found.push(InputProblem { input: name.clone(), problem: Problem::unknown(), meant: meant(name, members) }),
        }
    }
    found
}

fn meant(name: &str, members: &Members) -> Option<String> {
    nearest(name, members.declared.iter().map(|member| member.name.as_str())).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({"components": {"schemas": {
            "Input": {"type": "object", "required": ["prompt"], "properties": {
                "steps": {"type": "integer", "minimum": 1, "maximum": 50, "default": 20, "x-order": 1},
                "prompt": {"type": "string", "maxLength": 5, "x-order": 0},
                "mode": {"allOf": [{"$ref": "#/components/schemas/mode"}], "default": "fast", "x-order": 2},
                "seed": {"type": "integer", "nullable": true, "default": null, "x-order": 3},
                "image": {"type": "string", "format": "uri", "x-order": 4},
                "sizes": {"type": "array", "items": {"type": "integer"}, "x-order": 5},
            }},
            "mode": {"type": "string", "enum": ["fast", "best"]},
        }}})
    }

    fn said(inputs: &Value) -> Vec<String> {
        check_inputs(&document(), inputs.as_object().unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn inputs_that_fit_are_not_remarked_upon() {
        let inputs =
            json!({"prompt": "hi", "steps": 3.0, "mode": "best", "seed": null, "image": "https://x.y/z.png", "sizes": [1, 2]});
        assert_eq!(said(&inputs), Vec::<String>::new());
    }

    #[test]
    fn each_wrong_input_is_named_with_what_is_wrong() {
        let inputs = json!({"steps": 51, "mode": "slow", "image": "cat.png", "sizes": [1, "2"], "sed": 1});
        assert_eq!(
            said(&inputs),
            [
                "input prompt is required",
                "input steps is 51, but has to be <= 50",
                r#"input mode is "slow", but has to be one of "fast", "best""#,
                r#"input image is "cat.png", but has to be a URL (https: or data:)"#,
                r#"input sizes[1] is "2", but has to be integer"#,
                "input sed is not an input of the model (did you mean 'seed'?)",
            ]
        );
    }

    #[test]
    fn secrets_are_not_repeated() {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
            "token": {"type": "string", "format": "password", "x-cog-secret": true, "pattern": "^r8_"},
        }}}}});
        for token in [json!("hunter2"), json!(["hunter2"])] {
            let inputs: Map<String, Value> = [("token".to_owned(), token)].into_iter().collect();
            let problems = check_inputs(&document, &inputs);
            assert_eq!(problems.len(), 1);
            assert!(!problems[0].to_string().contains("hunter2"), "{}", problems[0]);
        }
    }

    #[test]
    fn lengths_count_characters() {
        assert_eq!(said(&json!({"prompt": "äöüßé"})), Vec::<String>::new());
        assert_eq!(said(&json!({"prompt": "abcdef"})), ["input prompt has 6 characters, but has to have at most 5"]);
    }

    #[test]
    fn properties_come_in_the_order_of_the_parameters() {
        let properties = input_properties(&document());
        let names: Vec<&str> = properties.iter().map(|property| property.name.as_str()).collect();
        assert_eq!(names, ["prompt", "steps", "mode", "seed", "image", "sizes"]);
        assert_eq!(properties[1].default, Some(json!(20)));
        assert_eq!(properties[3].default, None);
        assert!(properties[0].required && !properties[1].required);
        assert_eq!(properties[2].shape.choices, Some(vec![json!("fast"), json!("best")]));
    }

    #[test]
    fn a_document_without_inputs_has_nothing_to_say() {
        assert_eq!(check_inputs(&json!({}), &Map::new()), []);
        assert_eq!(input_properties(&json!(null)), []);
        assert_eq!(input_properties_of(&document(), Method::Train), []);
    }
}
