//! Reads a document into [`Schemas`].

use std::collections::{BTreeMap, BTreeSet};

use cog_findings::{Finding, Method};
use serde_json::Value;

use super::dereference::{Keywords, Resolver};
use super::dialect::Dialect;
use super::json::{self, show_name};
use super::rules;
use super::shape::{Annotations, Bound, Limits, Member, Members, OtherMembers, Shape, ShapeKind};

/// The schemas of a model that a document describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Schemas {
    /// The generation of Cog that wrote it.
    pub dialect: Dialect,
    /// `components.schemas.Input`.
    pub input: Option<Shape>,
    /// `components.schemas.Output`.
    pub output: Option<Shape>,
    /// `components.schemas.TrainingInput`.
    pub training_input: Option<Shape>,
    /// `components.schemas.TrainingOutput`.
    pub training_output: Option<Shape>,
    /// The parts that could not be read.
    pub problems: Vec<Finding>,
}

impl Schemas {
    /// The inputs of one method: an object with one member per input.
    pub fn inputs_of(&self, method: Method) -> Option<&Shape> {
        match method {
            Method::Predict => self.input.as_ref(),
            Method::Train => self.training_input.as_ref(),
        }
    }

    pub fn output_of(&self, method: Method) -> Option<&Shape> {
        match method {
            Method::Predict => self.output.as_ref(),
            Method::Train => self.training_output.as_ref(),
        }
    }

    /// Whether neither method has inputs.
    pub fn is_empty(&self) -> bool {
        self.input.is_none() && self.training_input.is_none()
    }
}

/// Reads a document of any generation of Cog. A part that cannot be read is listed in [`Schemas::problems`] and allows anything.
///
/// ```
/// use cog_schema::{ShapeKind, read};
/// use serde_json::json;
///
/// let document = json!({"components": {"schemas": {
///     "Input": {"type": "object", "properties": {"mode": {"allOf": [{"$ref": "#/components/schemas/mode"}], "default": "fast"}}},
///     "mode": {"type": "string", "enum": ["fast", "best"]},
/// }}});
/// let schemas = read(&document);
/// let mode = &schemas.input.as_ref().unwrap().members().unwrap().get("mode").unwrap().shape;
/// assert_eq!((&mode.kind, &mode.choices), (&ShapeKind::String, &Some(vec![json!("fast"), json!("best")])));
/// assert_eq!(mode.annotations.default, Some(json!("fast")));
/// ```
pub fn read(document: &Value) -> Schemas {
    let mut resolver = Resolver::new(document);
    let mut component = |name: &str| {
        let schema = document.get("components")?.get("schemas")?.get(name)?;
        Some(shape(&mut resolver, schema))
    };
    let mut schemas = Schemas {
        dialect: Dialect::of(document),
        input: component(Method::Predict.input_component()),
        output: component(Method::Predict.output_component()),
        training_input: component(Method::Train.input_component()),
        training_output: component(Method::Train.output_component()),
        problems: Vec::new(),
    };
    for (method, inputs) in [(Method::Predict, &mut schemas.input), (Method::Train, &mut schemas.training_input)] {
        if inputs.as_ref().is_some_and(|inputs| inputs.members().is_none()) {
            *inputs = None;
            let message = format!("components.schemas.{} is not an object with properties", method.input_component());
            resolver.problem(Finding::new(&rules::SCHEMA_MALFORMED, message));
        }
    }
    if schemas.is_empty() {
        resolver.problem(
            Finding::new(&rules::SCHEMA_UNREADABLE, "the document describes no inputs")
                .detail("expected", "components.schemas.Input or components.schemas.TrainingInput")
                .hint("build the image with a released Cog, which writes the schema into its labels"),
        );
    }
    schemas.problems = resolver.problems;
    schemas
}

fn shape<'a>(resolver: &mut Resolver<'a>, schema: &'a Value) -> Shape {
    resolver.visit(schema, |resolver, keywords| build(resolver, &keywords))
}

fn build<'a>(resolver: &mut Resolver<'a>, keywords: &Keywords<'a>) -> Shape {
    let types: Vec<&str> = match keywords.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let values = match (keywords.get("enum"), keywords.get("const")) {
        (Some(Value::Array(values)), _) => Some(values.clone()),
        (_, Some(value)) => Some(vec![value.clone()]),
        _ => None,
    };
    let mut nullable = keywords.null
        || types.contains(&"null")
        || keywords.get("nullable") == Some(&Value::Bool(true))
        || values.as_ref().is_some_and(|values| values.iter().any(Value::is_null));
    let choices = values.map(|values| values.into_iter().filter(|value| !value.is_null()).collect::<Vec<_>>());
    let kind = if keywords.opaque {
        ShapeKind::Any
    } else if keywords.variants.is_empty() {
        kind_of(resolver, keywords, &types, choices.as_deref())
    } else {
        let mut variants = Vec::new();
        for variant in &keywords.variants {
            add_variant(&mut variants, &mut nullable, shape(resolver, variant));
        }
        one_or_union(variants)
    };
    let text = |word: &str| keywords.get(word).and_then(Value::as_str).map(str::to_owned);
    let marked = |word: &str| keywords.get(word) == Some(&Value::Bool(true));
    Shape {
        kind,
        nullable,
        choices: if keywords.opaque { None } else { choices },
        limits: limits(keywords),
        format: text("format"),
        secret: marked("x-cog-secret"),
        accept: accept(keywords.get("x-cog-accept")),
        array_type: text("x-cog-array-type"),
        array_display: text("x-cog-array-display"),
        annotations: Annotations {
            title: text("title"),
            description: text("description"),
            default: keywords.get("default").cloned(),
            deprecated: marked("deprecated"),
            order: keywords.get("x-order").and_then(Value::as_i64),
        },
    }
}

/// Flattens unions inside unions.
fn add_variant(variants: &mut Vec<Shape>, nullable: &mut bool, mut variant: Shape) {
    *nullable |= variant.nullable;
    variant.nullable = false;
    match variant.kind {
        ShapeKind::Union(inner) => variants.extend(inner),
        _ if variants.contains(&variant) => {}
        _ => variants.push(variant),
    }
}

fn one_or_union(mut variants: Vec<Shape>) -> ShapeKind {
    if variants.len() == 1 && variants.first().is_some_and(is_plain) {
        return variants.pop().map(|variant| variant.kind).unwrap_or_default();
    }
    ShapeKind::Union(variants)
}

/// Whether a shape has nothing but its kind.
fn is_plain(shape: &Shape) -> bool {
    *shape == Shape::of(shape.kind.clone())
}

fn kind_of<'a>(resolver: &mut Resolver<'a>, keywords: &Keywords<'a>, types: &[&str], choices: Option<&[Value]>) -> ShapeKind {
    let mut kinds = Vec::new();
    for name in types.iter().filter(|name| **name != "null") {
        kinds.push(match *name {
            "string" => ShapeKind::String,
            "integer" => ShapeKind::Integer,
            "number" => ShapeKind::Number,
            "boolean" => ShapeKind::Boolean,
            "array" => ShapeKind::Array(Box::new(items(resolver, keywords))),
            "object" => ShapeKind::Object(members(resolver, keywords)),
            other => {
                let message = format!("'{}' is not a JSON type", show_name(other));
                resolver.problem(Finding::new(&rules::TYPE_UNKNOWN, message));
                ShapeKind::Any
            }
        });
    }
    match kinds.len() {
        0 => infer_kind(resolver, keywords, choices),
        1 => kinds.pop().unwrap_or_default(),
        _ => ShapeKind::Union(kinds.into_iter().map(|kind| Shape { limits: limits(keywords), ..Shape::of(kind) }).collect()),
    }
}

/// Pydantic 1 writes choices, and some tools objects, without a `type`.
fn infer_kind<'a>(resolver: &mut Resolver<'a>, keywords: &Keywords<'a>, choices: Option<&[Value]>) -> ShapeKind {
    if !keywords.properties.is_empty() {
        return ShapeKind::Object(members(resolver, keywords));
    }
    if keywords.get("items").is_some() {
        return ShapeKind::Array(Box::new(items(resolver, keywords)));
    }
    match choices {
        Some(choices) if !choices.is_empty() => kind_of_values(choices),
        _ => ShapeKind::Any,
    }
}

/// The narrowest kind that all values share.
pub(super) fn kind_of_values(values: &[Value]) -> ShapeKind {
    if values.iter().all(Value::is_string) {
        ShapeKind::String
    } else if values.iter().all(Value::is_boolean) {
        ShapeKind::Boolean
    } else if values.iter().all(|value| value.as_number().is_some_and(json::is_whole)) {
        ShapeKind::Integer
    } else if values.iter().all(Value::is_number) {
        ShapeKind::Number
    } else {
        ShapeKind::Any
    }
}

fn items<'a>(resolver: &mut Resolver<'a>, keywords: &Keywords<'a>) -> Shape {
    match keywords.get("items") {
        // A list of schemas meant a tuple in old drafts; Cog has no tuples.
        None | Some(Value::Array(_)) => Shape::default(),
        Some(schema) => shape(resolver, schema),
    }
}

fn members<'a>(resolver: &mut Resolver<'a>, keywords: &Keywords<'a>) -> Members {
    let required: BTreeSet<&str> = keywords.required.iter().copied().collect();
    let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut declared: Vec<Member> = Vec::new();
    for (name, schema) in keywords.properties.iter().flat_map(|properties| properties.iter()) {
        let shape = shape(resolver, schema);
        if resolver.is_exhausted() {
            break;
        }
        let member = Member { name: name.clone(), shape, required: required.contains(name.as_str()) };
        // When several composed objects declare the same member, the last one wins.
        match positions.get(name.as_str()).and_then(|position| declared.get_mut(*position)) {
            Some(known) => *known = member,
            None => {
                positions.insert(name, declared.len());
                declared.push(member);
            }
        }
    }
    declared.sort_by_key(|member| member.shape.annotations.order.unwrap_or(i64::MAX));
    let others = match keywords.get("additionalProperties") {
        None => OtherMembers::Unspecified,
        Some(Value::Bool(true)) => OtherMembers::Any,
        Some(Value::Bool(false)) => OtherMembers::Forbidden,
        Some(schema) => OtherMembers::Typed(Box::new(shape(resolver, schema))),
    };
    Members { declared, others }
}

fn limits(keywords: &Keywords<'_>) -> Limits {
    let count = |word: &str| keywords.get(word).and_then(Value::as_u64);
    Limits {
        minimum: bound(keywords, "minimum", "exclusiveMinimum"),
        maximum: bound(keywords, "maximum", "exclusiveMaximum"),
        multiple_of: keywords.get("multipleOf").and_then(Value::as_number).cloned(),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        pattern: keywords.get("pattern").and_then(Value::as_str).map(str::to_owned),
        min_items: count("minItems"),
        max_items: count("maxItems"),
        unique_items: keywords.get("uniqueItems") == Some(&Value::Bool(true)),
    }
}

/// OpenAPI 3.0 writes `minimum: 0, exclusiveMinimum: true`, OpenAPI 3.1 `exclusiveMinimum: 0`.
fn bound(keywords: &Keywords<'_>, inclusive: &str, exclusive: &str) -> Option<Bound> {
    let value = keywords.get(inclusive).and_then(Value::as_number);
    match keywords.get(exclusive) {
        Some(Value::Number(end)) => {
            let is_lower = inclusive == "minimum";
            let inside = value.filter(|value| {
                let order = json::compare(value, end);
                if is_lower { order.is_gt() } else { order.is_lt() }
            });
            Some(match inside {
                Some(value) => Bound { value: value.clone(), exclusive: false },
                None => Bound { value: end.clone(), exclusive: true },
            })
        }
        other => value.map(|value| Bound { value: value.clone(), exclusive: other == Some(&Value::Bool(true)) }),
    }
}

/// Text with commas (Cog 0.22), or a list, should a later Cog write one.
fn accept(value: Option<&Value>) -> Vec<String> {
    let texts: Vec<&str> = match value {
        Some(Value::String(text)) => text.split(',').collect(),
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    texts.into_iter().map(|text| text.trim().to_ascii_lowercase()).filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests;
