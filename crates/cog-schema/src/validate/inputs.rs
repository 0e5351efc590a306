//! Checks inputs against the schema.

use std::fmt;

use cog_findings::Method;
use cog_findings::text::nearest;
use serde_json::{Map, Value};

use super::fits::problems;
use super::problem::ValueProblem;
use crate::json::show_name;
use crate::read::read;
use crate::shape::{Members, Shape};

/// An input that does not fit. Displays as one sentence: `input steps is 51, but must be <= 50`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputProblem {
    /// The input's name.
    pub input: String,
    /// The problem; its path starts at the input's value.
    pub problem: ValueProblem,
    /// For an undeclared input, a declared one with a similar name.
    pub meant: Option<String>,
}

impl fmt::Display for InputProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "input {}{} {}", show_name(&self.input), self.problem.path, self.problem.message)?;
        match &self.meant {
            Some(name) => write!(formatter, " (did you mean '{name}'?)"),
            None => Ok(()),
        }
    }
}

/// The problems of the inputs of a prediction or a training; empty when the document describes no inputs.
///
/// `null` passes where the schema allows it, although the server of Cog since 0.17 and Replicate's API reject it
/// (`docs/reference/cog.md#fastapi-and-coglet`): leave such inputs out before sending.
///
/// ```
/// use cog_schema::{Method, check_inputs};
/// use serde_json::json;
///
/// let document = json!({"components": {"schemas": {
///     "Input": {"type": "object", "properties": {"steps": {"type": "integer"}}},
/// }}});
/// let inputs = json!({"stepz": 5});
/// let problems = check_inputs(&document, Method::Predict, inputs.as_object().unwrap());
/// assert_eq!(problems[0].to_string(), "input stepz is not an input of the model (did you mean 'steps'?)");
/// ```
pub fn check_inputs(document: &Value, method: Method, inputs: &Map<String, Value>) -> Vec<InputProblem> {
    let schemas = read(document);
    let Some(members) = schemas.inputs_of(method).and_then(Shape::members) else { return Vec::new() };
    let mut found = Vec::new();
    for member in members.declared.iter().filter(|member| member.required && !inputs.contains_key(&member.name)) {
        found.push(InputProblem { input: member.name.clone(), problem: ValueProblem::missing(), meant: None });
    }
    for (name, value) in inputs {
        match members.get(name) {
            Some(member) => found.extend(problems(value, &member.shape).into_iter().map(|problem| InputProblem {
                input: name.clone(),
                problem,
                meant: None,
            })),
            None => found.push(InputProblem { input: name.clone(), problem: ValueProblem::unknown(), meant: meant(name, members) }),
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
        check_inputs(&document(), Method::Predict, inputs.as_object().unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn valid_inputs_have_no_problems() {
        let inputs =
            json!({"prompt": "hi", "steps": 3.0, "mode": "best", "seed": null, "image": "https://x.y/z.png", "sizes": [1, 2]});
        assert_eq!(said(&inputs), Vec::<String>::new());
    }

    #[test]
    fn each_invalid_input_is_reported_with_its_problem() {
        let inputs = json!({"steps": 51, "mode": "slow", "image": "cat.png", "sizes": [1, "2"], "sed": 1});
        assert_eq!(
            said(&inputs),
            [
                "input prompt is required",
                "input steps is 51, but must be <= 50",
                r#"input mode is "slow", but must be one of "fast", "best""#,
                r#"input image is "cat.png", but must be a URL (https: or data:)"#,
                r#"input sizes[1] is "2", but must be integer"#,
                "input sed is not an input of the model (did you mean 'seed'?)",
            ]
        );
    }

    #[test]
    fn problems_do_not_quote_secrets() {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
            "token": {"type": "string", "format": "password", "x-cog-secret": true, "pattern": "^r8_"},
        }}}}});
        for token in [json!("hunter2"), json!(["hunter2"])] {
            let inputs: Map<String, Value> = [("token".to_owned(), token)].into_iter().collect();
            let problems = check_inputs(&document, Method::Predict, &inputs);
            assert_eq!(problems.len(), 1);
            assert!(!problems[0].to_string().contains("hunter2"), "{}", problems[0]);
        }
    }

    #[test]
    fn lengths_count_characters() {
        assert_eq!(said(&json!({"prompt": "äöüßé"})), Vec::<String>::new());
        assert_eq!(said(&json!({"prompt": "abcdef"})), ["input prompt has 6 characters, but must have at most 5"]);
    }

    #[test]
    fn a_document_without_inputs_reports_no_problems() {
        assert_eq!(check_inputs(&json!({}), Method::Predict, &Map::new()), []);
    }
}
