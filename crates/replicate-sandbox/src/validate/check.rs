//! The rules of JSON Schema.

use regex::Regex;
use serde_json::{Map, Value};
use url::Url;

use super::InvalidField;

/// Enough for any real schema. Stops references that lead back to themselves.
const MAX_DEPTH: usize = 64;

/// A document that contains schemas.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'a>(pub(crate) &'a Value);

impl<'a> Document<'a> {
    /// The schema of this name in the components.
    pub(crate) fn component(self, name: &str) -> Option<&'a Value> {
        self.0.get("components")?.get("schemas")?.get(name)
    }

    /// The violations of `schema` in `value`. `field` is the value's name in the response.
    pub(crate) fn check(self, schema: &'a Value, value: &Value, field: &str) -> Vec<InvalidField> {
        let mut found = Vec::new();
        Check { document: self.0, found: &mut found }.value(schema, value, field, MAX_DEPTH);
        found
    }
}

struct Check<'a, 'b> {
    document: &'a Value,
    found: &'b mut Vec<InvalidField>,
}

impl<'a> Check<'a, '_> {
    fn report(&mut self, rule: &'static str, field: &str, description: String) {
        self.found.push(InvalidField { rule, field: field.to_owned(), description });
    }

    fn is_valid(&self, schema: &'a Value, value: &Value, depth: usize) -> bool {
        let mut found = Vec::new();
        Check { document: self.document, found: &mut found }.value(schema, value, "", depth);
        found.is_empty()
    }

    fn value(&mut self, schema: &'a Value, value: &Value, field: &str, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| self.resolve(reference)) {
            self.value(target, value, field, depth);
        }
        for part in members(schema, "allOf") {
            self.value(part, value, field, depth);
        }
        if ["anyOf", "oneOf"].iter().any(|word| {
            let mut choices = members(schema, word).peekable();
            choices.peek().is_some() && !choices.any(|choice| self.is_valid(choice, value, depth))
        }) {
            self.report("number_any_of", field, "Must validate at least one schema (anyOf)".to_owned());
        }
        if let Some(expected) = schema.get("type").and_then(Value::as_str)
            && !has_type(expected, value)
        {
            let given = type_name(value);
            self.report("invalid_type", field, format!("Invalid type. Expected: {expected}, given: {given}"));
            return;
        }
        self.choice(schema, value, field);
        match value {
            Value::Number(_) => self.number(schema, value, field),
            Value::String(text) => self.text(schema, text, field),
            Value::Array(items) => self.array(schema, items, field, depth),
            Value::Object(object) => self.object(schema, object, field, depth),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn resolve(&self, reference: &str) -> Option<&'a Value> {
        self.document.pointer(reference.strip_prefix('#')?)
    }

    fn choice(&mut self, schema: &Value, value: &Value, field: &str) {
        let Some(choices) = schema.get("enum").and_then(Value::as_array) else { return };
        if !choices.iter().any(|choice| same(choice, value)) {
            let allowed: Vec<String> = choices.iter().map(Value::to_string).collect();
            self.report("enum", field, format!("{field} must be one of the following: {}", allowed.join(", ")));
        }
    }

    fn number(&mut self, schema: &Value, value: &Value, field: &str) {
        let Some(number) = value.as_f64() else { return };
        let limit = |name: &str| schema.get(name).filter(|limit| limit.is_number());
        let is_strict = |name: &str| schema.get(name) == Some(&Value::Bool(true));
        // A boolean makes the other limit exclusive (OpenAPI 3.0). A number is a limit of its own (3.1).
        let lower = [(limit("minimum"), is_strict("exclusiveMinimum")), (limit("exclusiveMinimum"), true)];
        let upper = [(limit("maximum"), is_strict("exclusiveMaximum")), (limit("exclusiveMaximum"), true)];
        for (limit, strict) in lower {
            let Some((bound, limit)) = limit.and_then(|limit| Some((limit.as_f64()?, limit))) else { continue };
            if strict && number <= bound {
                self.report("number_gt", field, format!("Must be greater than {limit}"));
            } else if number < bound {
                self.report("number_gte", field, format!("Must be greater than or equal to {limit}"));
            }
        }
        for (limit, strict) in upper {
            let Some((bound, limit)) = limit.and_then(|limit| Some((limit.as_f64()?, limit))) else { continue };
            if strict && number >= bound {
                self.report("number_lt", field, format!("Must be less than {limit}"));
            } else if number > bound {
                self.report("number_lte", field, format!("Must be less than or equal to {limit}"));
            }
        }
    }

    fn text(&mut self, schema: &Value, text: &str, field: &str) {
        let length = text.chars().count() as u64;
        if let Some(least) = number_of(schema, "minLength").filter(|least| length < *least) {
            self.report("string_gte", field, format!("String length must be greater than or equal to {least}"));
        }
        if let Some(most) = number_of(schema, "maxLength").filter(|most| length > *most) {
            self.report("string_lte", field, format!("String length must be less than or equal to {most}"));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text))
        {
            self.report("pattern", field, format!("Does not match pattern '{pattern}'"));
        }
        if schema.get("format").and_then(Value::as_str) == Some("uri") && Url::parse(text).is_err() {
            self.report("format", field, "Does not match format 'uri'".to_owned());
        }
    }

    fn array(&mut self, schema: &'a Value, items: &[Value], field: &str, depth: usize) {
        let length = items.len() as u64;
        if let Some(least) = number_of(schema, "minItems").filter(|least| length < *least) {
            self.report("array_min_items", field, format!("Array must have at least {least} items"));
        }
        if let Some(most) = number_of(schema, "maxItems").filter(|most| length > *most) {
            self.report("array_max_items", field, format!("Array must have at most {most} items"));
        }
        if let Some(rule) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.value(rule, item, &format!("{field}.{index}"), depth);
            }
        }
    }

    fn object(&mut self, schema: &'a Value, object: &Map<String, Value>, field: &str, depth: usize) {
        for name in members(schema, "required").filter_map(Value::as_str).filter(|name| !object.contains_key(*name)) {
            self.report("required", field, format!("{name} is required"));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, value) in object {
            let path = if field == "(root)" { name.clone() } else { format!("{field}.{name}") };
            match properties.and_then(|properties| properties.get(name)) {
                Some(rule) => self.value(rule, value, &path, depth),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    let description = format!("Additional property {name} is not allowed");
                    self.report("additional_property_not_allowed", field, description);
                }
                None => {}
            }
        }
    }
}

fn members<'v>(schema: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    schema.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn number_of(schema: &Value, name: &str) -> Option<u64> {
    schema.get(name).and_then(Value::as_u64)
}

fn has_type(expected: &str, value: &Value) -> bool {
    match expected {
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// 1 and 1.0 are the same number in JSON.
fn same(left: &Value, right: &Value) -> bool {
    left == right || (left.is_number() && right.is_number() && left.as_f64() == right.as_f64())
}
