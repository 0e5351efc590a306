//! The OpenAPI document of a signature, as Cog 0.19 and later write it: `docs/reference/cog.md#shape-of-the-document`.
//!
//! Like Cog, this writes most objects with sorted keys, and components, paths and properties in order.

use cog_findings::Method;
use serde_json::{Map, Value, json};

use super::constant::number;
use super::options::CogVersion;
use super::signature::{Input, InputKind, OutputType, Primitive, Signature};

/// Components with fixed names, which the choices of an input must not take.
pub(super) const COMPONENTS: &[&str] = &[
    "HTTPValidationError",
    "Input",
    "Output",
    "PredictionRequest",
    "PredictionResponse",
    "Status",
    "TrainingInput",
    "TrainingOutput",
    "TrainingRequest",
    "TrainingResponse",
    "ValidationError",
];

pub(super) fn document(signature: &Signature, release: CogVersion) -> Value {
    let train = signature.method == Method::Train;
    let (input_name, output_name) = (signature.method.input_component(), signature.method.output_component());
    let (request, response) =
        if train { ("TrainingRequest", "TrainingResponse") } else { ("PredictionRequest", "PredictionResponse") };
    let (input, choices) = input_schema(signature, input_name, release);
    let mut components = Map::new();
    components.insert(input_name.to_owned(), input);
    components.insert(output_name.to_owned(), output_schema(&signature.output));
    for (name, schema) in choices {
        components.insert(name, schema);
    }
    let (input_reference, output_reference) = (reference(input_name), reference(output_name));
    components.insert(
        request.to_owned(),
        sorted(json!({
            "title": request,
            "type": "object",
            "properties": {"id": {"title": "Id", "type": "string"}, "input": input_reference},
        })),
    );
    components.insert(
        response.to_owned(),
        sorted(json!({
            "title": response,
            "type": "object",
            "properties": {
                "input": input_reference,
                "output": output_reference,
                "id": {"title": "Id", "type": "string"},
                "version": {"title": "Version", "type": "string"},
                "created_at": {"title": "Created At", "type": "string", "format": "date-time"},
                "started_at": {"title": "Started At", "type": "string", "format": "date-time"},
                "completed_at": {"title": "Completed At", "type": "string", "format": "date-time"},
                "status": {"title": "Status", "type": "string"},
                "error": {"title": "Error", "type": "string"},
                "logs": {"title": "Logs", "type": "string"},
                "metrics": {"title": "Metrics", "type": "object"},
            },
        })),
    );
    for (name, schema) in fixed_components() {
        components.insert(name.to_owned(), sorted(schema));
    }
    let mut paths = Map::new();
    paths.insert("/".to_owned(), plain_get("Root", "root__get"));
    paths.insert("/health-check".to_owned(), plain_get("Healthcheck", "healthcheck_health_check_get"));
    let (main, cancel) = if train {
        ("/trainings", "/trainings/{training_id}/cancel")
    } else {
        ("/predictions", "/predictions/{prediction_id}/cancel")
    };
    paths.insert(main.to_owned(), main_path(signature, request, response));
    paths.insert(cancel.to_owned(), cancel_path(train));
    let version = if release >= CogVersion::ACCEPT { release.to_string() } else { "0.1.0".to_owned() };
    json!({
        "components": {"schemas": components},
        "info": {"title": "Cog", "version": version},
        "openapi": "3.0.2",
        "paths": paths,
    })
}

/// Both documents in one. Parts that only the training has are added, and all keys are sorted.
pub(super) fn merged(mut predict: Value, train: &Value) -> Value {
    for pointer in ["/paths", "/components/schemas"] {
        let Some(Value::Object(more)) = train.pointer(pointer) else { continue };
        if let Some(Value::Object(base)) = predict.pointer_mut(pointer) {
            for (name, value) in more {
                base.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }
    sorted(predict)
}

/// A value with the keys of all its objects sorted.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<(String, Value)> = object.into_iter().collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        scalar => scalar,
    }
}

/// An object with its own keys sorted; what is inside stays as it is.
fn with_sorted_keys(object: Map<String, Value>) -> Value {
    let mut entries: Vec<(String, Value)> = object.into_iter().collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    Value::Object(entries.into_iter().collect())
}

fn reference(component: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{component}")})
}

/// `guidance_scale` as `Guidance Scale`. Only ASCII letters are capitalized, as in Cog, which works on bytes.
pub(super) fn title(name: &str) -> String {
    let capital = |part: &str| match part.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => part.to_owned(),
    };
    name.split('_').map(capital).collect::<Vec<_>>().join(" ")
}

fn primitive_schema(primitive: Primitive) -> Map<String, Value> {
    let schema = match primitive {
        Primitive::String => json!({"type": "string"}),
        Primitive::Integer => json!({"type": "integer"}),
        Primitive::Number => json!({"type": "number"}),
        Primitive::Boolean => json!({"type": "boolean"}),
        Primitive::Path | Primitive::File => json!({"format": "uri", "type": "string"}),
        Primitive::Secret => json!({"format": "password", "type": "string", "writeOnly": true, "x-cog-secret": true}),
        Primitive::Any => json!({"type": "object"}),
    };
    object(schema)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn input_kind_schema(kind: &InputKind, nullable: bool) -> Map<String, Value> {
    match kind {
        InputKind::Primitive(primitive) => primitive_schema(*primitive),
        InputKind::List(item) => object(json!({"items": primitive_schema(*item), "type": "array"})),
        InputKind::Union(variants) => {
            // Every variant of a nullable union is nullable too.
            let variant = |kind| {
                let mut schema = input_kind_schema(kind, false);
                if nullable {
                    schema.insert("nullable".to_owned(), Value::Bool(true));
                }
                with_sorted_keys(schema)
            };
            object(json!({"anyOf": variants.iter().map(variant).collect::<Vec<_>>()}))
        }
    }
}

fn input_schema(signature: &Signature, name: &str, release: CogVersion) -> (Value, Vec<(String, Value)>) {
    let (mut properties, mut choices, mut required) = (Map::new(), Vec::new(), Vec::new());
    for (order, input) in signature.inputs.iter().enumerate() {
        if input.is_required() {
            required.push(Value::from(input.name.as_str()));
        }
        let component = component_name(&input.name, release);
        if !input.info.choices.is_empty() {
            let kind = primitive_schema(input.r#type.kind.primitive()).remove("type");
            choices.push((
                component.clone(),
                json!({
                    "description": "An enumeration.",
                    "enum": input.info.choices,
                    "title": component,
                    "type": kind,
                }),
            ));
        }
        properties.insert(input.name.clone(), property(input, order, &component));
    }
    let mut schema = Map::new();
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    schema.insert("title".to_owned(), Value::from(name));
    schema.insert("type".to_owned(), Value::from("object"));
    (Value::Object(schema), choices)
}

/// Cog 0.17 and 0.18 wrote the first letter of the component in upper case.
fn component_name(name: &str, release: CogVersion) -> String {
    match name.split_at_checked(1) {
        Some((first, rest)) if release < CogVersion::PLAIN_CHOICES => first.to_ascii_uppercase() + rest,
        _ => name.to_owned(),
    }
}

/// The schema of one input.
fn property(input: &Input, order: usize, component: &str) -> Value {
    let info = &input.info;
    let mut schema = Map::new();
    if info.choices.is_empty() {
        schema = input_kind_schema(&input.r#type.kind, input.r#type.nullable);
        schema.insert("title".to_owned(), Value::String(title(&input.name)));
    } else {
        schema.insert("allOf".to_owned(), json!([reference(component)]));
    }
    let entries = [
        ("default", input.effective_default().cloned()),
        ("deprecated", info.deprecated.then_some(Value::Bool(true))),
        ("description", info.description.clone().map(Value::String)),
        ("maximum", info.maximum.map(number)),
        ("maxLength", info.max_length.map(Value::from)),
        ("minimum", info.minimum.map(number)),
        ("minLength", info.min_length.map(Value::from)),
        ("nullable", input.is_nullable().then_some(Value::Bool(true))),
        ("pattern", info.pattern.clone().map(Value::String)),
        ("x-cog-accept", info.accept.clone().map(Value::String)),
        ("x-order", Some(Value::from(order))),
    ];
    schema.extend(entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    with_sorted_keys(schema)
}

/// The schema of an input alone, for comparisons.
pub(super) fn input_value(input: &Input) -> Value {
    let mut schema = object(property(input, 0, &input.name));
    schema.remove("x-order");
    if !input.info.choices.is_empty() {
        schema.insert("allOf".to_owned(), json!([{"enum": input.info.choices}]));
    }
    schema.insert("required".to_owned(), Value::Bool(input.is_required()));
    Value::Object(schema)
}

/// The schema of an output. Its title is always `Output`, for training too.
pub(super) fn output_schema(output: &OutputType) -> Value {
    let mut schema = output_part(output);
    schema.insert("title".to_owned(), Value::from("Output"));
    with_sorted_keys(schema)
}

fn output_part(output: &OutputType) -> Map<String, Value> {
    let part = |output: &OutputType| with_sorted_keys(output_part(output));
    match output {
        OutputType::Primitive(primitive) => primitive_schema(*primitive),
        OutputType::AnyDict | OutputType::Recursive(_) => primitive_schema(Primitive::Any),
        OutputType::List(item) => object(json!({"items": part(item), "type": "array"})),
        OutputType::Dict(value) => object(json!({"additionalProperties": part(value), "type": "object"})),
        OutputType::Iterator(item) => object(json!({"items": part(item), "type": "array", "x-cog-array-type": "iterator"})),
        OutputType::ConcatenateIterator => object(json!({
            "items": {"type": "string"},
            "type": "array",
            "x-cog-array-display": "concatenate",
            "x-cog-array-type": "iterator",
        })),
        OutputType::Object(_, members) => {
            let (mut properties, mut required) = (Map::new(), Vec::new());
            for member in members {
                let mut schema = output_part(&member.r#type);
                schema.insert("title".to_owned(), Value::String(title(&member.name)));
                if member.nullable {
                    schema.insert("nullable".to_owned(), Value::Bool(true));
                }
                if member.required {
                    required.push(Value::from(member.name.as_str()));
                }
                properties.insert(member.name.clone(), with_sorted_keys(schema));
            }
            let mut schema = object(json!({"properties": properties, "type": "object"}));
            if !required.is_empty() {
                schema.insert("required".to_owned(), Value::Array(required));
            }
            schema
        }
    }
}

fn fixed_components() -> [(&'static str, Value); 3] {
    [
        (
            "Status",
            json!({
                "title": "Status",
                "description": "An enumeration.",
                "enum": ["starting", "processing", "succeeded", "canceled", "failed"],
                "type": "string",
            }),
        ),
        (
            "HTTPValidationError",
            json!({
                "title": "HTTPValidationError",
                "type": "object",
                "properties": {
                    "detail": {"title": "Detail", "type": "array", "items": reference("ValidationError")},
                },
            }),
        ),
        (
            "ValidationError",
            json!({
                "title": "ValidationError",
                "required": ["loc", "msg", "type"],
                "type": "object",
                "properties": {
                    "loc": {"title": "Location", "type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
                    "msg": {"title": "Message", "type": "string"},
                    "type": {"title": "Error Type", "type": "string"},
                },
            }),
        ),
    ]
}

/// A response with JSON of a schema.
fn response(description: &str, schema: &Value) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

fn plain_get(summary: &str, operation: &str) -> Value {
    sorted(json!({
        "get": {
            "summary": summary,
            "operationId": operation,
            "responses": {"200": response("Successful Response", &json!({}))},
        },
    }))
}

fn main_path(signature: &Signature, request: &str, answer: &str) -> Value {
    let (summary, description, operation) = match signature.method {
        Method::Predict => ("Predict", "Run a single prediction on the model", "predict_predictions_post"),
        Method::Train => ("Train", "Run a single training on the model", "train_trainings_post"),
    };
    let mut post = object(json!({
        "summary": summary,
        "description": description,
        "operationId": operation,
        "requestBody": {"content": {"application/json": {"schema": reference(request)}}},
        "responses": {
            "200": response("Successful Response", &reference(answer)),
            "422": response("Validation Error", &reference("HTTPValidationError")),
        },
    }));
    if signature.method == Method::Predict && signature.streaming {
        post.insert("x-cog-streaming".to_owned(), Value::Bool(true));
    }
    sorted(json!({"post": post}))
}

fn cancel_path(train: bool) -> Value {
    let (parameter, operation) = if train {
        ("training_id", "cancel_trainings__training_id__cancel_post")
    } else {
        ("prediction_id", "cancel_predictions__prediction_id__cancel_post")
    };
    sorted(json!({
        "post": {
            "summary": "Cancel",
            "operationId": operation,
            "parameters": [{
                "required": true,
                "schema": {"title": title(parameter), "type": "string"},
                "name": parameter,
                "in": "path",
            }],
            "responses": {
                "200": response("Successful Response", &json!({})),
                "422": response("Validation Error", &reference("HTTPValidationError")),
            },
        },
    }))
}
