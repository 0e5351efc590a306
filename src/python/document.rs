//! The OpenAPI document of a signature (`contracts/cog.md` section 4.6).

use serde_json::{Map, Value, json};

use super::signature::{Field, InputField, InputType, Mode, OutputType, Primitive, Signature};

/// What documents named as their version until the tool's own was used.
const OLD_VERSION: &str = "0.1.0";

/// The document of a predictor, a trainer, or both: then the trainer's parts are added where the predictor has none of that name.
pub(super) fn combined(predict: Option<&Signature>, train: Option<&Signature>, cog_version: Option<&str>) -> Value {
    let version = version(cog_version);
    match (predict, train) {
        (Some(predict), Some(train)) => {
            let mut document = single(predict, &version);
            let other = single(train, &version);
            for pointer in ["/paths", "/components/schemas"] {
                if let (Some(Value::Object(into)), Some(Value::Object(from))) =
                    (document.pointer_mut(pointer), other.pointer(pointer))
                {
                    for (name, value) in from {
                        if !into.contains_key(name) {
                            into.insert(name.clone(), value.clone());
                        }
                    }
                }
            }
            document
        }
        (Some(signature), None) | (None, Some(signature)) => single(signature, &version),
        (None, None) => json!({ "openapi": "3.0.2", "info": { "title": "Cog", "version": version }, "paths": {} }),
    }
}

/// Since 0.22 the document names the tool's version.
fn version(cog_version: Option<&str>) -> String {
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.trim_start_matches('v').split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    match cog_version {
        Some(text) if numbers(text).is_some_and(|version| version >= (0, 22)) => text.trim_start_matches('v').to_owned(),
        _ => OLD_VERSION.to_owned(),
    }
}

/// What differs between the two modes.
struct Names {
    endpoint: &'static str,
    cancel: &'static str,
    cancel_parameter: &'static str,
    cancel_operation: &'static str,
    operation: &'static str,
    summary: &'static str,
    description: &'static str,
    input: &'static str,
    output: &'static str,
    request: &'static str,
    response: &'static str,
}

const PREDICT: Names = Names {
    endpoint: "/predictions",
    cancel: "/predictions/{prediction_id}/cancel",
    cancel_parameter: "prediction_id",
    cancel_operation: "cancel_predictions__prediction_id__cancel_post",
    operation: "predict_predictions_post",
    summary: "Predict",
    description: "Run a single prediction on the model",
    input: "Input",
    output: "Output",
    request: "PredictionRequest",
    response: "PredictionResponse",
};

const TRAIN: Names = Names {
    endpoint: "/trainings",
    cancel: "/trainings/{training_id}/cancel",
    cancel_parameter: "training_id",
    cancel_operation: "cancel_trainings__training_id__cancel_post",
    operation: "train_trainings_post",
    summary: "Train",
    description: "Run a single training on the model",
    input: "TrainingInput",
    output: "TrainingOutput",
    request: "TrainingRequest",
    response: "TrainingResponse",
};

fn single(signature: &Signature, version: &str) -> Value {
    let names = match signature.mode {
        Mode::Predict => &PREDICT,
        Mode::Train => &TRAIN,
    };
    json!({
        "openapi": "3.0.2",
        "info": { "title": "Cog", "version": version },
        "paths": paths(names, signature.streaming),
        "components": { "schemas": components(names, signature) },
    })
}

fn reference(component: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{component}") })
}

fn components(names: &Names, signature: &Signature) -> Value {
    let mut schemas = Map::new();
    let (input, enumerations) = input_schema(names.input, &signature.inputs);
    schemas.insert(names.input.to_owned(), input);
    let mut output = output_schema(&signature.output);
    output.insert("title".to_owned(), "Output".into());
    schemas.insert(names.output.to_owned(), Value::Object(output));
    schemas.extend(enumerations);
    schemas.insert(
        names.request.to_owned(),
        json!({
            "title": names.request,
            "type": "object",
            "properties": { "id": { "title": "Id", "type": "string" }, "input": reference(names.input) },
        }),
    );
    let time = |title: &str| json!({ "title": title, "type": "string", "format": "date-time" });
    schemas.insert(
        names.response.to_owned(),
        json!({
            "title": names.response,
            "type": "object",
            "properties": {
                "input": reference(names.input),
                "output": reference(names.output),
                "id": { "title": "Id", "type": "string" },
                "version": { "title": "Version", "type": "string" },
                "created_at": time("Created At"),
                "started_at": time("Started At"),
                "completed_at": time("Completed At"),
                "status": { "title": "Status", "type": "string" },
                "error": { "title": "Error", "type": "string" },
                "logs": { "title": "Logs", "type": "string" },
                "metrics": { "title": "Metrics", "type": "object" },
            },
        }),
    );
    schemas.insert(
        "Status".to_owned(),
        json!({
            "title": "Status",
            "description": "An enumeration.",
            "enum": ["starting", "processing", "succeeded", "canceled", "failed"],
            "type": "string",
        }),
    );
    schemas.insert(
        "HTTPValidationError".to_owned(),
        json!({
            "title": "HTTPValidationError",
            "type": "object",
            "properties": { "detail": { "title": "Detail", "type": "array", "items": reference("ValidationError") } },
        }),
    );
    schemas.insert(
        "ValidationError".to_owned(),
        json!({
            "title": "ValidationError",
            "required": ["loc", "msg", "type"],
            "type": "object",
            "properties": {
                "loc": { "title": "Location", "type": "array", "items": { "anyOf": [{ "type": "string" }, { "type": "integer" }] } },
                "msg": { "title": "Message", "type": "string" },
                "type": { "title": "Error Type", "type": "string" },
            },
        }),
    );
    Value::Object(schemas)
}

fn paths(names: &Names, streaming: bool) -> Value {
    let answer =
        |schema: Value| json!({ "description": "Successful Response", "content": { "application/json": { "schema": schema } } });
    let refusal = json!({
        "description": "Validation Error",
        "content": { "application/json": { "schema": reference("HTTPValidationError") } },
    });
    let look = |summary: &str, operation: &str| json!({ "get": { "summary": summary, "operationId": operation, "responses": { "200": answer(json!({})) } } });
    let mut main = json!({
        "summary": names.summary,
        "description": names.description,
        "operationId": names.operation,
        "requestBody": { "content": { "application/json": { "schema": reference(names.request) } } },
        "responses": { "200": answer(reference(names.response)), "422": refusal },
    });
    if streaming {
        main["x-cog-streaming"] = true.into();
    }
    let cancel = json!({
        "summary": "Cancel",
        "operationId": names.cancel_operation,
        "parameters": [{
            "required": true,
            "schema": { "title": title(names.cancel_parameter), "type": "string" },
            "name": names.cancel_parameter,
            "in": "path",
        }],
        "responses": { "200": answer(json!({})), "422": refusal },
    });
    let mut paths = Map::new();
    paths.insert("/".to_owned(), look("Root", "root__get"));
    paths.insert("/health-check".to_owned(), look("Healthcheck", "healthcheck_health_check_get"));
    paths.insert(names.endpoint.to_owned(), json!({ "post": main }));
    paths.insert(names.cancel.to_owned(), json!({ "post": cancel }));
    Value::Object(paths)
}

/// `max_tokens` as `Max Tokens`.
fn title(name: &str) -> String {
    let capitalised = |part: &str| {
        let mut characters = part.chars();
        match characters.next() {
            Some(first) if first.is_ascii() => format!("{}{}", first.to_ascii_uppercase(), characters.as_str()),
            _ => part.to_owned(),
        }
    };
    name.split('_').map(capitalised).collect::<Vec<_>>().join(" ")
}

fn primitive(kind: Primitive) -> Map<String, Value> {
    let value = match kind {
        Primitive::Str => json!({ "type": "string" }),
        Primitive::Int => json!({ "type": "integer" }),
        Primitive::Float => json!({ "type": "number" }),
        Primitive::Bool => json!({ "type": "boolean" }),
        Primitive::Path | Primitive::File => json!({ "type": "string", "format": "uri" }),
        Primitive::Secret => json!({ "type": "string", "format": "password", "writeOnly": true, "x-cog-secret": true }),
        Primitive::Any => json!({ "type": "object" }),
    };
    into_map(value)
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn input_schema(component: &str, inputs: &[InputField]) -> (Value, Map<String, Value>) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut enumerations = Map::new();
    for (order, field) in inputs.iter().enumerate() {
        if !field.constraints.choices.is_empty() {
            enumerations.insert(field.name.clone(), enumeration(field));
        }
        let nullable = is_nullable(field);
        let default = field.default.as_ref().filter(|default| nullable || !default.is_null());
        let is_union = matches!(field.kind, InputType::Union(_));
        if default.is_none() && (is_union || !nullable) {
            required.push(Value::from(field.name.as_str()));
        }
        properties.insert(field.name.clone(), Value::Object(property(field, order, nullable, default)));
    }
    let mut schema = Map::new();
    schema.insert("title".to_owned(), component.into());
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    (Value::Object(schema), enumerations)
}

/// `None` for a bare `Secret` means that there is none, a well-known way to make a credential optional.
fn is_nullable(field: &InputField) -> bool {
    field.nullable || (field.kind == InputType::One(Primitive::Secret) && field.default == Some(Value::Null))
}

fn enumeration(field: &InputField) -> Value {
    let kind = match &field.kind {
        InputType::One(kind) | InputType::List(kind) => primitive(*kind).remove("type"),
        InputType::Union(_) => None,
    };
    json!({
        "title": field.name,
        "description": "An enumeration.",
        "enum": field.constraints.choices,
        "type": kind.unwrap_or_else(|| "string".into()),
    })
}

fn property(field: &InputField, order: usize, nullable: bool, default: Option<&Value>) -> Map<String, Value> {
    let mut property = Map::new();
    property.insert("x-order".to_owned(), order.into());
    if field.constraints.choices.is_empty() {
        property.insert("title".to_owned(), title(&field.name).into());
        property.extend(input_type(&field.kind, nullable));
    } else {
        property.insert("allOf".to_owned(), json!([reference(&field.name)]));
    }
    if let Some(default) = default {
        property.insert("default".to_owned(), default.clone());
    }
    if nullable {
        property.insert("nullable".to_owned(), true.into());
    }
    let limits = &field.constraints;
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            property.insert(key.to_owned(), value);
        }
    };
    put("description", field.description.clone().map(Value::String));
    put("minimum", limits.minimum.clone());
    put("maximum", limits.maximum.clone());
    put("minLength", limits.min_length.map(Value::from));
    put("maxLength", limits.max_length.map(Value::from));
    put("pattern", limits.pattern.clone().map(Value::String));
    put("deprecated", field.deprecated.then(|| true.into()));
    put("x-cog-accept", limits.accept.clone().map(Value::String));
    property
}

fn input_type(kind: &InputType, nullable: bool) -> Map<String, Value> {
    match kind {
        InputType::One(kind) => primitive(*kind),
        InputType::List(item) => into_map(json!({ "type": "array", "items": primitive(*item) })),
        InputType::Union(variants) => {
            let variants: Vec<Value> = variants
                .iter()
                .map(|variant| {
                    let mut schema = input_type(variant, false);
                    if nullable {
                        schema.insert("nullable".to_owned(), true.into());
                    }
                    Value::Object(schema)
                })
                .collect();
            into_map(json!({ "anyOf": variants }))
        }
    }
}

fn output_schema(kind: &OutputType) -> Map<String, Value> {
    match kind {
        OutputType::One(kind) => primitive(*kind),
        OutputType::List(item) => into_map(json!({ "type": "array", "items": output_schema(item) })),
        OutputType::Map(value) => into_map(json!({ "type": "object", "additionalProperties": output_schema(value) })),
        OutputType::Iterator(item) => {
            into_map(json!({ "type": "array", "items": output_schema(item), "x-cog-array-type": "iterator" }))
        }
        OutputType::Concatenate => into_map(json!({
            "type": "array",
            "items": { "type": "string" },
            "x-cog-array-type": "iterator",
            "x-cog-array-display": "concatenate",
        })),
        OutputType::Object(fields) => object_schema(fields),
    }
}

fn object_schema(fields: &[Field]) -> Map<String, Value> {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = output_schema(&field.kind);
        if field.nullable {
            schema.insert("nullable".to_owned(), true.into());
        }
        schema.insert("title".to_owned(), title(&field.name).into());
        properties.insert(field.name.clone(), Value::Object(schema));
    }
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    let mut schema = into_map(json!({ "type": "object", "properties": properties }));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}
