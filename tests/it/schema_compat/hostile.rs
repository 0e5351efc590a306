//! Documents that try to hang, overflow or crash the reader.

use std::time::{Duration, Instant};

use cog_findings::SourceMap;
use cog_schema::{Method, ShapeKind, check_inputs, check_output, input_properties, lint, read};
use serde_json::{Map, Value, json};

use super::{codes, findings};

/// Generous for a debug build on a busy machine. Unbounded work takes minutes or never stops.
const PATIENCE: Duration = Duration::from_secs(60);

fn problems(document: &Value) -> Vec<String> {
    codes(&read(document).problems)
}

fn with_components(components: &Value) -> Value {
    json!({"components": {"schemas": components}})
}

/// Calls everything the crate offers on one document.
fn exercise(document: &Value) {
    let start = Instant::now();
    assert_eq!(findings(document, document), []);
    let _ = lint(document, &SourceMap::default(), &SourceMap::default());
    let _ = input_properties(document, Method::Predict);
    let _ = check_output(document, Method::Predict, &json!({"a": [1, "b", null]}));
    let inputs: Map<String, Value> = [("x".to_owned(), json!([[{"x": 1}]]))].into_iter().collect();
    let _ = check_inputs(document, Method::Predict, &inputs);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn circles_terminate_and_are_reported() {
    for components in [
        json!({"Input": {"properties": {"x": {"$ref": "#/components/schemas/Input"}}}}),
        json!({"Input": {"properties": {"x": {"$ref": "#/components/schemas/a"}}}, "a": {"$ref": "#/components/schemas/b"}, "b": {"allOf": [{"$ref": "#/components/schemas/a"}]}}),
        json!({"Input": {"properties": {"x": {"$ref": "#"}}}, "a": {}}),
        json!({"Input": {"properties": {"x": {"$ref": "#/components/schemas/a"}}}, "a": {"anyOf": [{"$ref": "#/components/schemas/a"}, {"type": "null"}]}}),
    ] {
        let document = with_components(&components);
        exercise(&document);
        // A reference to the document itself is not a circle: the document has no schema keywords.
        let expected: &[&str] = if components["Input"]["properties"]["x"]["$ref"] == "#" { &[] } else { &["SP151"] };
        assert_eq!(problems(&document), expected, "{components}");
    }
}

#[test]
fn broken_and_external_references_are_reported() {
    for reference in
        [json!("#/components/schemas/none"), json!("https://evil.example/schema.json"), json!("other.json#/a"), json!(5)]
    {
        let document = with_components(&json!({"Input": {"properties": {"x": {"$ref": reference}}}}));
        exercise(&document);
        assert_eq!(problems(&document), ["SP152"]);
    }
}

#[test]
fn escaped_references_are_followed() {
    let document = with_components(&json!({
        "Input": {"properties": {"x": {"$ref": "#/components/schemas/a~1b%20c~0"}}},
        "a/b c~": {"type": "integer"},
    }));
    assert_eq!(problems(&document), Vec::<String>::new());
    let properties = input_properties(&document, Method::Predict);
    assert_eq!(
        properties.iter().map(|input| (input.name.as_str(), &input.shape.kind)).collect::<Vec<_>>(),
        [("x", &ShapeKind::Integer)]
    );
}

#[test]
fn references_that_double_at_every_level_are_rejected() {
    let mut components = Map::new();
    components.insert("Input".to_owned(), json!({"properties": {"x": {"$ref": "#/components/schemas/l0"}}}));
    for level in 0..40 {
        let next = format!("#/components/schemas/l{}", level + 1);
        components.insert(
            format!("l{level}"),
            json!({"properties": {"a": {"$ref": next}, "b": {"$ref": next}, "c": {"anyOf": [{"$ref": next}, {"$ref": next}]}}}),
        );
    }
    components.insert("l40".to_owned(), json!({"type": "string"}));
    let document = with_components(&Value::Object(components));
    exercise(&document);
    assert_eq!(problems(&document), ["SP153"]);
}

#[test]
fn depth_is_bounded() {
    let mut schema = json!({"type": "string"});
    for _ in 0..300 {
        schema = json!({"type": "array", "items": schema});
    }
    let document = with_components(&json!({"Input": {"properties": {"x": schema}}}));
    exercise(&document);
    assert_eq!(problems(&document), ["SP153"]);
    let mut schema = json!({"type": "string"});
    for _ in 0..300 {
        schema = json!({"allOf": [schema]});
    }
    let document = with_components(&json!({"Input": {"properties": {"x": schema}}}));
    exercise(&document);
    assert_eq!(problems(&document), ["SP153"]);
}

#[test]
fn width_is_bounded() {
    let many: Map<String, Value> = (0..20_000).map(|n| (format!("i{n}"), json!({"type": "integer", "description": "x"}))).collect();
    let document = with_components(&json!({"Input": {"type": "object", "properties": many}}));
    exercise(&document);
    assert_eq!(problems(&document), ["SP153"]);
    let variants: Vec<Value> = (0..20_000).map(|n| json!({"type": "string", "maxLength": n})).collect();
    let document = with_components(&json!({"Input": {"type": "object", "properties": {"x": {"anyOf": variants}}}}));
    exercise(&document);
    assert_eq!(problems(&document), ["SP153"]);
}

#[test]
fn many_choices_are_compared_quickly() {
    let choices = |from: u32| (from..from + 100_000).collect::<Vec<u32>>();
    let document = |choices: Vec<u32>| {
        with_components(
            &json!({"Input": {"type": "object", "properties": {"x": {"type": "integer", "enum": choices, "description": "x"}}}}),
        )
    };
    let start = Instant::now();
    exercise(&document(choices(0)));
    let found = findings(&document(choices(0)), &document(choices(1)));
    assert_eq!(codes(&found), ["SP106"]);
    assert_eq!(found[0].message, "input x no longer offers 0");
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn a_pattern_is_compiled_once_for_many_values() {
    let many: Vec<String> = (0..20_000).map(|n| format!("value {n}")).collect();
    // It compiles slowly; once is fine.
    let schema = json!({"type": "string", "enum": many, "pattern": "^(?i)value [\\w\\p{Greek}]{1,150}$", "description": "x"});
    let document = with_components(
        &json!({"Input": {"type": "object", "properties": {"x": schema}}, "Output": {"type": "array", "items": schema}}),
    );
    let changed = with_components(
        &json!({"Input": {"type": "object", "properties": {"x": {"type": "string", "pattern": "^[\\w ]{1,150}$"}}}}),
    );
    let start = Instant::now();
    exercise(&document);
    assert_eq!(codes(&findings(&document, &changed)), ["SP126", "SP147"]);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn nested_unions_are_compared_within_limits() {
    let union = |salt: usize| {
        let member = |n: usize| {
            let inner: Vec<Value> = (0..60).map(|m| json!({"type": "object", "properties": {format!("m{m}"): {"type": "string", "maxLength": 1000 - n - m - salt}}, "required": [format!("m{m}")]})).collect();
            json!({"type": "array", "items": {"anyOf": inner}, "maxItems": 1000 - n - salt})
        };
        let variants: Vec<Value> = (0..60).map(member).collect();
        with_components(&json!({"Input": {"type": "object", "properties": {"x": {"anyOf": variants, "description": "x"}}}}))
    };
    exercise(&union(0));
    let start = Instant::now();
    let found = findings(&union(0), &union(1));
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    assert!(codes(&found).iter().any(|code| code == "SP148"), "{:?}", codes(&found));
}

#[test]
fn nonsense_does_not_panic() {
    for schema in [
        json!(null),
        json!(5),
        json!([]),
        json!(false),
        json!({"type": 5}),
        json!({"type": []}),
        json!({"type": ["null"]}),
        json!({"enum": []}),
        json!({"enum": {}}),
        json!({"anyOf": 5}),
        json!({"anyOf": [null]}),
        json!({"allOf": [5]}),
        json!({"items": 5, "type": "array"}),
        json!({"properties": []}),
        json!({"type": "object", "required": "x"}),
        json!({"type": "integer", "minimum": "a", "multipleOf": 0}),
        json!({"type": "integer", "multipleOf": -1, "default": 3}),
        json!({"type": "string", "pattern": "(", "default": "x"}),
        json!({"type": "integer", "minimum": -1e300, "maximum": 1e300, "enum": [1e300]}),
        json!({"type": "number", "exclusiveMinimum": true, "default": 0}),
        json!({"x-cog-accept": [1, "a/b"], "type": "string"}),
    ] {
        exercise(&with_components(&json!({"Input": {"type": "object", "properties": {"x": schema}}, "Output": schema})));
        exercise(&with_components(&json!({"Input": schema})));
        exercise(&json!({"components": schema}));
        exercise(&schema);
    }
}

#[test]
fn an_empty_list_of_choices_accepts_nothing() {
    let old = with_components(&json!({"Input": {"properties": {"x": {"type": "string"}}}}));
    let new = with_components(&json!({"Input": {"properties": {"x": {"type": "string", "enum": []}}}}));
    assert_eq!(codes(&findings(&old, &new)), ["SP107"]);
}
