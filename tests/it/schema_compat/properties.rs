//! Properties that hold for every schema.

use cog_findings::SourceMap;
use cog_schema::{Method, check_inputs, check_output, input_properties, join_output, lint};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{findings, with_input, with_output};

/// Any JSON of moderate size. About half of its strings mean something to the reader.
fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "type",
        "string",
        "integer",
        "object",
        "array",
        "null",
        "enum",
        "anyOf",
        "allOf",
        "$ref",
        "items",
        "properties",
        "required",
        "nullable",
        "minimum",
        "maxLength",
        "pattern",
        "default",
        "components",
        "schemas",
        "Input",
        "Output",
        "x-order",
        "#/components/schemas/Input",
        "#/components/schemas/Output",
        "#",
        "additionalProperties",
        "format",
        "uri",
        "x-cog-accept",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        ".{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

/// A schema as Cog or a person might write it.
fn sound_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!({"type": "boolean"})),
        Just(json!({"type": "string", "format": "uri"})),
        (0u8..5, 5u8..20).prop_map(|(least, most)| json!({"type": "string", "minLength": least, "maxLength": most})),
        (-5i32..5, 5i32..20).prop_map(|(low, high)| json!({"type": "integer", "minimum": low, "maximum": high})),
        (-5i32..5).prop_map(|low| json!({"type": "number", "exclusiveMinimum": low})),
        prop::sample::subsequence(vec!["a", "b", "c", "d"], 1..4).prop_map(|choices| json!({"type": "string", "enum": choices})),
        prop::sample::subsequence(vec![1, 2, 3, 4], 1..4).prop_map(|choices| json!({"enum": choices})),
        Just(json!({"anyOf": [{"type": "string"}, {"type": "integer"}]})),
    ];
    let tree = leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), 0u8..4).prop_map(|(items, most)| json!({"type": "array", "items": items, "maxItems": most + 1})),
            inner.clone().prop_map(|values| json!({"type": "object", "additionalProperties": values})),
            (inner.clone(), inner).prop_map(|(a, b)| json!({"type": "object", "properties": {"a": a, "b": b}, "required": ["a"]})),
        ]
    });
    (tree, any::<bool>()).prop_map(|(mut schema, nullable)| {
        if nullable {
            schema["nullable"] = json!(true);
        }
        schema
    })
}

/// Values that might fit some of these schemas.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-8i32..25).prop_map(Value::from),
        (-80i32..250).prop_map(|tenths| Value::from(f64::from(tenths) / 10.0)),
        prop::sample::select(vec!["", "a", "b", "https://a.b/c", "abcdefghijklmnopqrstuvwxyz"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(vec!["a".to_owned(), "b".to_owned()]), inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// One way to accept less than `schema` does, for schemas that have one.
fn narrowed(schema: &Value) -> Option<Value> {
    let mut narrow = schema.clone();
    let members = narrow.as_object_mut()?;
    if let Some(choices) = members.get_mut("enum").and_then(Value::as_array_mut).filter(|choices| choices.len() > 1) {
        choices.pop();
    } else if let Some(most) = schema.get("maximum").and_then(Value::as_i64) {
        members.insert("maximum".to_owned(), json!(most - 1));
    } else if let Some(most) = schema.get("maxLength").and_then(Value::as_u64) {
        members.insert("maxLength".to_owned(), json!(most - 1));
    } else if schema.get("anyOf").is_some() {
        members.remove("anyOf");
        members.insert("type".to_owned(), json!("string"));
    } else if let Some(low) = schema.get("exclusiveMinimum").and_then(Value::as_i64) {
        members.insert("exclusiveMinimum".to_owned(), json!(low + 1));
    } else if schema.get("nullable").is_some() && schema.get("type").is_some() {
        members.remove("nullable");
    } else {
        return None;
    }
    Some(narrow)
}

fn has_error(old: &Value, new: &Value) -> bool {
    findings(old, new).iter().any(cog_findings::Finding::is_error)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_document_is_compatible_with_itself(document in any_json()) {
        prop_assert_eq!(findings(&document, &document), vec![]);
    }

    #[test]
    fn a_schema_is_compatible_with_itself(schema in sound_schema()) {
        let input = with_input(Some(&schema), false);
        prop_assert_eq!(findings(&input, &input), vec![]);
        let output = with_output(Some(&schema));
        prop_assert_eq!(findings(&output, &output), vec![]);
    }

    #[test]
    fn random_json_never_panics(old in any_json(), new in any_json(), value in any_json()) {
        let documents = [old.clone(), new.clone(), with_input(Some(&old), true), with_output(Some(&new))];
        for document in &documents {
            for other in &documents {
                let _ = findings(document, other);
            }
            let _ = lint(document, &SourceMap::default(), &SourceMap::default());
            let _ = input_properties(document, Method::Predict);
            let _ = check_output(document, Method::Predict, &value);
            let _ = join_output(document, value.clone());
            let inputs: Map<String, Value> = [("x".to_owned(), value.clone())].into_iter().collect();
            let _ = check_inputs(document, Method::Predict, &inputs);
        }
    }

    #[test]
    fn narrowing_breaks_inputs_and_widening_does_not(schema in sound_schema()) {
        if let Some(narrow) = narrowed(&schema) {
            let (wide, narrow) = (with_input(Some(&schema), false), with_input(Some(&narrow), false));
            prop_assert!(has_error(&wide, &narrow));
            prop_assert!(!has_error(&narrow, &wide));
        }
    }

    #[test]
    fn widening_breaks_outputs_and_narrowing_does_not(schema in sound_schema()) {
        if let Some(narrow) = narrowed(&schema) {
            let (wide, narrow) = (with_output(Some(&schema)), with_output(Some(&narrow)));
            prop_assert!(has_error(&narrow, &wide));
            prop_assert!(!has_error(&wide, &narrow));
        }
    }

    /// If the comparison calls two schemas compatible, every value that is valid for the old one is valid for the new one.
    #[test]
    fn values_of_a_compatible_schema_stay_valid(old in sound_schema(), new in sound_schema(), value in any_value()) {
        let (old_input, new_input) = (with_input(Some(&old), false), with_input(Some(&new), false));
        if !has_error(&old_input, &new_input) {
            let inputs: Map<String, Value> = [("x".to_owned(), value.clone())].into_iter().collect();
            if check_inputs(&old_input, Method::Predict, &inputs).is_empty() {
                prop_assert_eq!(check_inputs(&new_input, Method::Predict, &inputs), vec![], "{} {} {}", old, new, value);
            }
        }
        let (old_output, new_output) = (with_output(Some(&old)), with_output(Some(&new)));
        if !has_error(&old_output, &new_output) && check_output(&new_output, Method::Predict, &value).is_empty() {
            prop_assert_eq!(check_output(&old_output, Method::Predict, &value), vec![], "{} {} {}", old, new, value);
        }
    }
}
