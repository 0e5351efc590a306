//! The inputs of a method as a list.

use cog_findings::Method;
use serde_json::Value;

use crate::read::read;
use crate::shape::{Member, Shape};

/// One input of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct InputProperty {
    pub name: String,
    pub shape: Shape,
    /// Whether every request must send it.
    pub required: bool,
    /// The value of an omitted input; `None` also when the default is `null`.
    pub default: Option<Value>,
}

/// The inputs of a method, in the order of its parameters. Empty when the document describes none.
///
/// ```
/// use cog_schema::{Method, input_properties};
/// use serde_json::json;
///
/// let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {
///     "steps": {"type": "integer", "default": 20, "x-order": 1},
///     "prompt": {"type": "string", "x-order": 0},
/// }}}}});
/// let names: Vec<String> = input_properties(&document, Method::Predict).into_iter().map(|input| input.name).collect();
/// assert_eq!(names, ["prompt", "steps"]);
/// ```
pub fn input_properties(document: &Value, method: Method) -> Vec<InputProperty> {
    let schemas = read(document);
    let Some(members) = schemas.inputs_of(method).and_then(Shape::members) else { return Vec::new() };
    let property = |member: &Member| InputProperty {
        name: member.name.clone(),
        shape: member.shape.clone(),
        required: member.required,
        default: member.shape.annotations.default.clone().filter(|value| !value.is_null()),
    };
    members.declared.iter().map(property).collect()
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

    #[test]
    fn properties_come_in_the_order_of_the_parameters() {
        let properties = input_properties(&document(), Method::Predict);
        let names: Vec<&str> = properties.iter().map(|property| property.name.as_str()).collect();
        assert_eq!(names, ["prompt", "steps", "mode", "seed", "image", "sizes"]);
        assert_eq!(properties[1].default, Some(json!(20)));
        assert_eq!(properties[3].default, None);
        assert!(properties[0].required && !properties[1].required);
        assert_eq!(properties[2].shape.choices, Some(vec![json!("fast"), json!("best")]));
    }

    #[test]
    fn a_document_without_inputs_has_no_properties() {
        assert_eq!(input_properties(&json!(null), Method::Predict), []);
        assert_eq!(input_properties(&document(), Method::Train), []);
    }
}
