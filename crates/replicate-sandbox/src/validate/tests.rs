//! Each rule, satisfied and violated.

use serde_json::{Value, json};

use super::{Document, InvalidField};

fn check(schema: &Value, value: &Value) -> Vec<(String, String, String)> {
    let document = json!({"components": {"schemas": {
        "Color": {"type": "string", "enum": ["red", "blue"]},
        "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
    }}});
    let found = Document(&document).check(schema, value, "input");
    found.into_iter().map(|InvalidField { rule, field, description }| (rule.to_owned(), field, description)).collect()
}

#[test]
fn every_rule_names_the_rejected_value() {
    let property = |schema: Value| json!({"type": "object", "properties": {"x": schema}});
    let cases = [
        (json!({"type": "string"}), json!(5), "invalid_type", "Invalid type. Expected: string, given: integer"),
        (json!({"type": "integer"}), json!(1.5), "invalid_type", "Invalid type. Expected: integer, given: number"),
        (json!({"type": "integer"}), json!("2"), "invalid_type", "Invalid type. Expected: integer, given: string"),
        (json!({"type": "number"}), json!(true), "invalid_type", "Invalid type. Expected: number, given: boolean"),
        (json!({"type": "boolean"}), json!([]), "invalid_type", "Invalid type. Expected: boolean, given: array"),
        (json!({"type": "array"}), json!({}), "invalid_type", "Invalid type. Expected: array, given: object"),
        (json!({"type": "string", "nullable": true}), json!(null), "invalid_type", "Invalid type. Expected: string, given: null"),
        (json!({"minimum": 1}), json!(0), "number_gte", "Must be greater than or equal to 1"),
        (json!({"maximum": 4}), json!(5), "number_lte", "Must be less than or equal to 4"),
        (json!({"minimum": 1, "exclusiveMinimum": true}), json!(1), "number_gt", "Must be greater than 1"),
        (json!({"exclusiveMaximum": 4.5}), json!(4.5), "number_lt", "Must be less than 4.5"),
        (json!({"minLength": 2}), json!("ä"), "string_gte", "String length must be greater than or equal to 2"),
        (json!({"maxLength": 1}), json!("ab"), "string_lte", "String length must be less than or equal to 1"),
        (json!({"pattern": "^a+$"}), json!("b"), "pattern", "Does not match pattern '^a+$'"),
        (json!({"format": "uri"}), json!("a b"), "format", "Does not match format 'uri'"),
        (json!({"minItems": 1}), json!([]), "array_min_items", "Array must have at least 1 items"),
        (json!({"maxItems": 1}), json!([1, 2]), "array_max_items", "Array must have at most 1 items"),
        (json!({"enum": [1, 2]}), json!(3), "enum", "input.x must be one of the following: 1, 2"),
        (
            json!({"allOf": [{"$ref": "#/components/schemas/Color"}], "default": "red"}),
            json!("green"),
            "enum",
            "input.x must be one of the following: \"red\", \"blue\"",
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!(1),
            "number_any_of",
            "Must validate at least one schema (anyOf)",
        ),
    ];
    for (schema, value, rule, description) in cases {
        let expected = vec![(rule.to_owned(), "input.x".to_owned(), description.to_owned())];
        assert_eq!(check(&property(schema.clone()), &json!({"x": value})), expected, "{schema} {value}");
    }
}

#[test]
fn valid_values_pass() {
    let cases = [
        (json!({"type": "integer", "minimum": 1, "maximum": 4}), json!(4.0)),
        (json!({"type": "number", "exclusiveMinimum": 0}), json!(0.1)),
        (json!({"enum": [1]}), json!(1.0)),
        (json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), json!(null)),
        (json!({"format": "uri"}), json!("data:text/plain;base64,eA==")),
        (json!({"type": "string", "pattern": "(?=look-ahead)"}), json!("unknown to this engine")),
        (json!({"type": "array", "items": {"type": "string"}}), json!(["a"])),
        (json!({"$ref": "#/components/schemas/Loop"}), json!("a reference to itself ends")),
        (json!({"$ref": "#/nowhere"}), json!(1)),
    ];
    for (schema, value) in cases {
        assert_eq!(check(&schema, &value), [], "{schema} {value}");
    }
}

#[test]
fn paths_start_at_the_top() {
    let schema = json!({"type": "object", "required": ["prompt"], "properties": {"images": {"items": {"maxLength": 1}}}});
    let found = check(&schema, &json!({"images": ["a", "bc"], "unknown": 1}));
    let fields: Vec<(&str, &str)> = found.iter().map(|(rule, field, _)| (rule.as_str(), field.as_str())).collect();
    assert_eq!(fields, [("required", "input"), ("string_lte", "input.images.1")]);
    let closed = json!({"additionalProperties": false, "properties": {"a": {"type": "string"}}});
    let root = Document(&Value::Null).check(&closed, &json!({"a": 1, "b": 2}), "(root)");
    let fields: Vec<(&str, &str)> = root.iter().map(|one| (one.rule, one.field.as_str())).collect();
    assert_eq!(fields, [("invalid_type", "a"), ("additional_property_not_allowed", "(root)")]);
}
