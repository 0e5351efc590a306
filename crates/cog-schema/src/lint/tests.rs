use cog_findings::Severity;
use serde_json::json;

use super::*;

/// The codes and messages of findings about one input `x` with this schema.
fn said_of(schema: &Value) -> Vec<String> {
    let mut schema = schema.clone();
    schema["description"] = json!("What it is");
    said_of_document(&json!({"x": schema}))
}

fn said_of_document(properties: &Value) -> Vec<String> {
    let document = json!({"components": {"schemas": {
        "Input": {"type": "object", "properties": properties},
        "Output": {"type": "string", "title": "Output"},
    }}});
    lint(&document, &SourceMap::default(), &SourceMap::default())
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.message))
        .collect()
}

#[test]
fn an_input_without_description_is_an_error_at_its_location() {
    let mut places = SourceMap::default();
    places.inputs.insert("steps".to_owned(), Location::at("predict.py", 7, 9));
    let document = json!({"components": {"schemas": {
        "Input": {"type": "object", "properties": {
            "steps": {"type": "integer"},
            "blank": {"type": "integer", "description": " "},
            "old": {"type": "integer", "deprecated": true},
            "mode": {"allOf": [{"$ref": "#/components/schemas/mode"}]},
            "fine": {"type": "integer", "description": "Fine"},
        }},
        "mode": {"enum": ["a"], "type": "string", "description": "An enumeration."},
        "Output": {"type": "string", "title": "Output"},
    }}});
    let findings = lint(&document, &places, &SourceMap::default());
    let said: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(said, ["input steps has no description", "input blank has no description", "input mode has no description"]);
    assert!(findings.iter().all(|finding| finding.code.as_str() == "SP301" && finding.severity == Severity::Error));
    assert_eq!(findings[0].location, Some(Location::at("predict.py", 7, 9)));
    assert!(findings.iter().all(|finding| finding.hint.is_some()));
}

#[test]
fn a_good_input_has_no_findings() {
    for schema in [
        json!({"type": "integer", "default": 20, "minimum": 1, "maximum": 50}),
        json!({"type": "string", "default": null, "nullable": true}),
        json!({"type": "string", "format": "uri", "default": "https://example.com/cat.png"}),
        json!({"type": "string", "format": "password", "x-cog-secret": true, "default": null, "nullable": true}),
        json!({"type": "number", "default": 7, "minimum": 7}),
        json!({"enum": [1, 2.5], "default": 1.0}),
        json!({}),
    ] {
        assert_eq!(said_of(&schema), Vec::<String>::new(), "{schema}");
    }
}

#[test]
fn defaults_are_checked_against_the_inputs_own_limits() {
    let table = [
        (
            json!({"type": "integer", "default": 0, "minimum": 1}),
            "SP302 input x has a default that does not fit: x is 0, but must be >= 1",
        ),
        (
            json!({"type": "number", "default": 2, "maximum": 2, "exclusiveMaximum": true}),
            "SP302 input x has a default that does not fit: x is 2, but must be < 2",
        ),
        (
            json!({"enum": ["a"], "default": "b"}),
            r#"SP303 input x has a default that does not fit: x is "b", but must be one of "a""#,
        ),
        (
            json!({"type": "string", "default": "", "minLength": 1}),
            "SP304 input x has a default that does not fit: x has 0 characters, but must have at least 1",
        ),
        (
            json!({"type": "string", "default": "A", "pattern": "^[a-z]$"}),
            r#"SP305 input x has a default that does not fit: x is "A", but must match ^[a-z]$"#,
        ),
        (
            json!({"type": "integer", "default": "20"}),
            r#"SP306 input x has a default that does not fit: x is "20", but must be integer"#,
        ),
        (
            json!({"type": "array", "items": {"type": "integer"}, "default": [1, "2", "3"]}),
            r#"SP306 input x has a default that does not fit: x[1] is "2", but must be integer"#,
        ),
    ];
    for (schema, expected) in table {
        assert_eq!(said_of(&schema), [expected], "{schema}");
    }
}

#[test]
fn the_default_of_a_secret_is_reported_without_its_value() {
    let said = said_of(&json!({"type": "string", "format": "password", "x-cog-secret": true, "default": "hunter2"}));
    assert_eq!(said, ["SP312 input x is a secret with a default"]);
}

#[test]
fn choices_of_several_types_and_repeated_ones_are_reported() {
    assert_eq!(said_of(&json!({"enum": [1, "2"]})), [r#"SP307 input x has choices of several types: 1, "2""#]);
    assert_eq!(said_of(&json!({"enum": [1, 2, 1.0]})), ["SP308 input x lists the choice 1 twice"]);
}

#[test]
fn empty_ranges_are_reported_at_any_depth() {
    let table = [
        json!({"type": "integer", "minimum": 10, "maximum": 1}),
        json!({"type": "number", "exclusiveMinimum": 1, "maximum": 1}),
        json!({"type": "string", "minLength": 3, "maxLength": 2}),
        json!({"type": "array", "items": {"type": "integer", "minimum": 10, "maximum": 1}}),
        json!({"type": "array", "items": {}, "minItems": 2, "maxItems": 1}),
        json!({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 10, "maximum": 1}]}),
    ];
    for schema in table {
        let said = said_of(&schema);
        assert!(said.len() == 1 && said[0].starts_with("SP313 "), "{schema}: {said:?}");
    }
}

#[test]
fn a_pattern_that_other_languages_cannot_compile_is_reported() {
    for pattern in ["(?=a)", "(", "a{100000}{100000}"] {
        let said = said_of(&json!({"type": "string", "pattern": pattern}));
        assert!(said.len() == 1 && said[0].starts_with("SP314 "), "{pattern}: {said:?}");
    }
}

#[test]
fn colliding_names_are_reported() {
    let said = said_of_document(&json!({
        "seed": {"type": "integer", "description": "A"},
        "Seed": {"type": "integer", "description": "A"},
        "Status": {"enum": ["a"], "description": "A"},
        "Output": {"type": "string", "description": "A"},
    }));
    assert_eq!(
        said,
        [
            "SP310 input Status has choices and the name of a component of the document",
            "SP309 input Seed differs from input seed only in upper and lower case",
        ]
    );
}

#[test]
fn an_output_without_title_is_reported() {
    let document =
        json!({"components": {"schemas": {"Input": {"type": "object", "properties": {}}, "Output": {"type": "string"}}}});
    let said: Vec<String> =
        lint(&document, &SourceMap::default(), &SourceMap::default()).into_iter().map(|finding| finding.message).collect();
    assert_eq!(said, ["output has no title"]);
}

#[test]
fn trainings_are_linted_with_their_own_locations() {
    let document = json!({"components": {"schemas": {
        "TrainingInput": {"type": "object", "properties": {"epochs": {"type": "integer"}}},
        "TrainingOutput": {"type": "string", "title": "Output"},
    }}});
    let mut places = SourceMap::default();
    places.inputs.insert("epochs".to_owned(), Location::at("train.py", 3, 5));
    let findings = lint(&document, &SourceMap::default(), &places);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].message, "training input epochs has no description");
    assert_eq!(findings[0].location, Some(Location::at("train.py", 3, 5)));
}

#[test]
fn unreadable_parts_are_reported_by_the_lint() {
    let findings = lint(&json!({"openapi": "3.0.2"}), &SourceMap::default(), &SourceMap::default());
    assert_eq!(findings.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), ["SP150"]);
}
