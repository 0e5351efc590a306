use serde_json::json;

use super::*;

/// The shape of an input `x` with this schema, in a document with a few components.
fn input(schema: &Value) -> Shape {
    let document = json!({"components": {"schemas": {
        "Input": {"type": "object", "properties": {"x": schema}},
        "mode": {"title": "mode", "description": "An enumeration.", "enum": ["fast", "best"], "type": "string"},
        "box": {"title": "Box", "type": "object", "properties": {"left": {"type": "integer"}}, "required": ["left"]},
    }}});
    let schemas = read(&document);
    assert_eq!(schemas.problems, [], "{schema}");
    schemas.input.unwrap().members().unwrap().get("x").unwrap().shape.clone()
}

fn choices() -> Shape {
    Shape { choices: Some(vec![json!("fast"), json!("best")]), ..Shape::of(ShapeKind::String) }
}

#[test]
fn choices_read_the_same_in_every_spelling() {
    let reference = json!({"$ref": "#/components/schemas/mode"});
    for schema in [
        json!({"allOf": [reference]}),
        reference.clone(),
        json!({"enum": ["fast", "best"]}),
        json!({"enum": ["fast", "best"], "type": "string"}),
        json!({"anyOf": [reference]}),
        json!({"oneOf": [{"allOf": [reference]}]}),
    ] {
        assert_eq!(input(&schema), choices(), "{schema}");
    }
}

#[test]
fn annotations_beside_a_reference_count_and_those_of_its_target_do_not() {
    for schema in [
        json!({"allOf": [{"$ref": "#/components/schemas/mode"}], "description": "Speed", "default": "fast", "x-order": 3}),
        json!({"$ref": "#/components/schemas/mode", "description": "Speed", "default": "fast", "x-order": 3}),
    ] {
        let shape = input(&schema);
        let annotations = Annotations {
            description: Some("Speed".to_owned()),
            default: Some(json!("fast")),
            order: Some(3),
            ..Annotations::default()
        };
        assert_eq!(shape, Shape { annotations, ..choices() });
    }
    assert_eq!(input(&json!({"$ref": "#/components/schemas/mode"})).annotations, Annotations::default());
}

#[test]
fn null_reads_the_same_in_every_spelling() {
    let optional = Shape { nullable: true, ..Shape::of(ShapeKind::Integer) };
    for schema in [
        json!({"type": "integer", "nullable": true}),
        json!({"type": ["integer", "null"]}),
        json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        json!({"anyOf": [{"type": "null"}, {"type": "integer"}, {"type": "null"}]}),
        json!({"oneOf": [{"type": "integer", "nullable": true}, {"const": null}]}),
        json!({"anyOf": [{"type": "integer"}, {"enum": [null]}]}),
    ] {
        assert_eq!(input(&schema), optional, "{schema}");
    }
    let shape = input(&json!({"enum": ["fast", null, "best"]}));
    assert_eq!(shape, Shape { nullable: true, ..choices() });
}

#[test]
fn unions_are_flat_and_their_alternatives_never_null() {
    let union =
        Shape { nullable: true, ..Shape::of(ShapeKind::Union(vec![Shape::of(ShapeKind::String), Shape::of(ShapeKind::Integer)])) };
    for schema in [
        json!({"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": true}),
        json!({"anyOf": [{"type": "string", "nullable": true}, {"type": "integer", "nullable": true}], "nullable": true}),
        json!({"anyOf": [{"type": "string"}, {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}]}),
        json!({"type": ["string", "integer", "null"]}),
    ] {
        let mut shape = input(&schema);
        if let ShapeKind::Union(variants) = &mut shape.kind {
            variants.dedup();
            variants.truncate(2);
        }
        assert_eq!(shape, union, "{schema}");
    }
}

#[test]
fn a_stray_empty_any_of_is_ignored() {
    let shape = input(&json!({"type": "array", "items": {"anyOf": [], "type": "string", "format": "uri"}}));
    let ShapeKind::Array(items) = &shape.kind else { panic!("{shape:?}") };
    assert!(items.is_file());
}

#[test]
fn bounds_are_read_in_the_forms_of_both_openapi_versions() {
    let bounds = |schema: &Value| {
        let limits = input(schema).limits;
        let shown = |bound: Option<Bound>| bound.map(|bound| (bound.value.to_string(), bound.exclusive));
        (shown(limits.minimum), shown(limits.maximum))
    };
    let bound = |number: &str, exclusive: bool| Some((number.to_owned(), exclusive));
    assert_eq!(bounds(&json!({"type": "integer", "minimum": 1, "maximum": 5})), (bound("1", false), bound("5", false)));
    assert_eq!(bounds(&json!({"type": "number", "minimum": 1, "exclusiveMinimum": true})), (bound("1", true), None));
    assert_eq!(bounds(&json!({"type": "number", "exclusiveMaximum": 5})), (None, bound("5", true)));
    assert_eq!(bounds(&json!({"type": "number", "minimum": 2, "exclusiveMinimum": 1})), (bound("2", false), None));
    assert_eq!(bounds(&json!({"type": "number", "minimum": 1, "exclusiveMinimum": 1})), (bound("1", true), None));
    assert_eq!(bounds(&json!({"type": "number", "maximum": 9, "exclusiveMaximum": 5})), (None, bound("5", true)));
}

#[test]
fn objects_are_read_with_their_members_in_order() {
    let shape = input(
        &json!({"allOf": [{"$ref": "#/components/schemas/box"}, {"properties": {"top": {"x-order": 0}}, "required": ["top"]}],
        "additionalProperties": false}),
    );
    let members = shape.members().unwrap();
    let listed: Vec<(&str, bool)> = members.declared.iter().map(|member| (member.name.as_str(), member.required)).collect();
    assert_eq!(listed, [("top", true), ("left", true)]);
    assert_eq!(members.others, OtherMembers::Forbidden);
    assert!(input(&json!({"type": "object"})).members().unwrap().is_free_form());
    assert!(input(&json!({"type": "object", "additionalProperties": true})).members().unwrap().is_free_form());
    assert!(!input(&json!({"type": "object", "additionalProperties": {"type": "string"}})).members().unwrap().is_free_form());
}

#[test]
fn the_extensions_of_cog_are_read() {
    let shape = input(&json!({"type": "string", "format": "uri", "x-cog-accept": "Image/PNG, .webp,", "deprecated": true}));
    assert_eq!(shape.accept, ["image/png", ".webp"]);
    assert!(shape.annotations.deprecated);
    assert!(input(&json!({"type": "string", "format": "password", "x-cog-secret": true})).secret);
    let output =
        input(&json!({"type": "array", "items": {}, "x-cog-array-type": "iterator", "x-cog-array-display": "concatenate"}));
    assert!(output.is_iterator() && output.is_concatenated());
}

#[test]
fn all_four_components_are_read() {
    let document = json!({"components": {"schemas": {
        "Input": {"properties": {}}, "Output": {"type": "string"},
        "TrainingInput": {"type": "object"}, "TrainingOutput": {"type": "boolean"},
    }}});
    let schemas = read(&document);
    assert_eq!(schemas.problems, []);
    assert_eq!(schemas.output_of(Method::Predict).map(|shape| &shape.kind), Some(&ShapeKind::String));
    assert_eq!(schemas.output_of(Method::Train).map(|shape| &shape.kind), Some(&ShapeKind::Boolean));
    assert!(schemas.inputs_of(Method::Train).is_some());
}

#[test]
fn unreadable_parts_are_problems_and_allow_anything() {
    let table = [
        (json!({"type": "text"}), "SP154"),
        (json!("string"), "SP155"),
        (json!({"type": "array", "items": 5}), "SP155"),
        (json!({"$ref": "#/components/schemas/none"}), "SP152"),
        (json!({"$ref": "#/components/schemas/Input"}), "SP151"),
    ];
    for (schema, code) in table {
        let schemas = read(&json!({"components": {"schemas": {"Input": {"type": "object", "properties": {"x": schema}}}}}));
        let codes: Vec<&str> = schemas.problems.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(codes, [code], "{schema}");
    }
    let no_object = read(&json!({"components": {"schemas": {"Input": {"type": "string"}}}}));
    let codes: Vec<&str> = no_object.problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["SP155", "SP150"]);
}
