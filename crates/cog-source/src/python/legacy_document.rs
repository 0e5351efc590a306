//! The OpenAPI document of releases before 0.17, which FastAPI and pydantic made: `docs/reference/cog.md#old-and-new-schemas`.
//!
//! Only what describes the model is written: inputs, outputs, choices and the classes of outputs. Paths and the components of the server
//! are the same for every model.

use cog_findings::Method;
use serde_json::{Map, Value, json};

use super::constant::number;
use super::options::CogVersion;
use super::signature::{Input, InputKind, MemberDefault, OutputType, Primitive, Signature};

/// The generation of pydantic in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pydantic {
    /// 1.x
    One,
    /// 2.x
    Two,
}

impl Pydantic {
    /// The one that pip installs with a release when nothing else asks for it.
    pub(super) fn of(cog: CogVersion) -> Self {
        if cog >= CogVersion::PYDANTIC_2 { Self::Two } else { Self::One }
    }
}

pub(super) fn legacy_document(signatures: &[Signature], cog: CogVersion, pydantic: Pydantic) -> Value {
    // Older releases take pydantic 1 alone.
    let pydantic = if Pydantic::of(cog) == Pydantic::One { Pydantic::One } else { pydantic };
    let mut writer = Writer { pydantic, marks_null: cog >= CogVersion::NULLABLE, components: Map::new() };
    for signature in signatures {
        writer.signature(signature);
    }
    json!({
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": {},
        "components": {"schemas": writer.components},
    })
}

struct Writer {
    pydantic: Pydantic,
    /// Whether optional values are marked as nullable.
    marks_null: bool,
    components: Map<String, Value>,
}

impl Writer {
    fn signature(&mut self, signature: &Signature) {
        let (input, output) = (signature.method.input_component(), signature.method.output_component());
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (order, parameter) in signature.inputs.iter().enumerate() {
            // pydantic takes such a name for a private attribute.
            if parameter.name.starts_with('_') {
                continue;
            }
            if is_required(parameter) {
                required.push(Value::from(parameter.name.as_str()));
            }
            let schema = self.input(parameter, order, signature.method);
            properties.insert(parameter.name.clone(), schema);
        }
        let schema = class(input, properties, required);
        self.components.insert(input.to_owned(), schema);
        let schema = match &signature.output {
            OutputType::Object(name, members) if name == output => {
                let (properties, required) = self.members(members);
                class(output, properties, required)
            }
            other => {
                let mut schema = self.output(other);
                if !schema.contains_key("$ref") {
                    schema.insert("title".to_owned(), output.into());
                }
                Value::Object(schema)
            }
        };
        self.components.insert(output.to_owned(), schema);
    }

    fn input(&mut self, input: &Input, order: usize, method: Method) -> Value {
        let info = &input.info;
        let mut schema = if info.choices.is_empty() {
            let is_optional = input.r#type.nullable;
            let mut schema = self.kind(&input.r#type.kind, is_optional);
            schema.insert("title".to_owned(), title(&input.name).into());
            schema
        } else {
            let kind = primitive(input.r#type.kind.primitive(), self.pydantic).remove("type");
            let name = input.name.as_str();
            let component = json!({"title": name, "enum": info.choices, "type": kind, "description": "An enumeration."});
            self.components.insert(name.to_owned(), component);
            let reference = format!("#/components/schemas/{name}");
            // Cog only restores `allOf` for predictions.
            let is_bare = self.pydantic == Pydantic::Two && method == Method::Train;
            let schema = if is_bare { json!({"$ref": reference}) } else { json!({"allOf": [{"$ref": reference}]}) };
            schema.as_object().cloned().unwrap_or_default()
        };
        let nullable = input.r#type.nullable && self.marks_null;
        let entries = [
            ("default", info.default.clone().filter(|default| !default.is_null())),
            ("deprecated", info.deprecated.then_some(Value::Bool(true))),
            ("description", info.description.clone().map(Value::String)),
            ("maximum", info.maximum.map(number)),
            ("maxLength", info.max_length.map(Value::from)),
            ("minimum", info.minimum.map(number)),
            ("minLength", info.min_length.map(Value::from)),
            ("nullable", nullable.then_some(Value::Bool(true))),
            ("pattern", info.pattern.clone().map(Value::String)),
            ("x-order", Some(order.into())),
        ];
        schema.extend(entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        Value::Object(schema)
    }

    fn kind(&self, kind: &InputKind, is_optional: bool) -> Map<String, Value> {
        let schema = match kind {
            InputKind::Primitive(inner) => return primitive(*inner, self.pydantic),
            InputKind::List(inner) => json!({"type": "array", "items": self.item(*inner, is_optional)}),
            InputKind::Union(variants) => {
                json!({"anyOf": variants.iter().map(|variant| self.kind(variant, is_optional)).collect::<Vec<_>>()})
            }
        };
        schema.as_object().cloned().unwrap_or_default()
    }

    /// The items of a list. Those of an optional list of files keep what is left of a union.
    fn item(&self, inner: Primitive, is_optional: bool) -> Map<String, Value> {
        let mut schema = primitive(inner, self.pydantic);
        if self.pydantic == Pydantic::Two && is_optional && matches!(inner, Primitive::Path | Primitive::File) {
            schema.insert("anyOf".to_owned(), json!([]));
        }
        schema
    }

    fn output(&mut self, output: &OutputType) -> Map<String, Value> {
        let schema = match output {
            OutputType::Primitive(inner) => return primitive(*inner, self.pydantic),
            OutputType::List(inner) => json!({"type": "array", "items": self.output(inner)}),
            OutputType::Iterator(inner) => {
                json!({"type": "array", "items": self.output(inner), "x-cog-array-type": "iterator"})
            }
            OutputType::ConcatenateIterator => json!({
                "type": "array",
                "items": {"type": "string"},
                "x-cog-array-type": "iterator",
                "x-cog-array-display": "concatenate",
            }),
            OutputType::AnyDict if self.pydantic == Pydantic::Two => json!({"type": "object", "additionalProperties": true}),
            OutputType::AnyDict => json!({"type": "object"}),
            OutputType::Recursive(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
            OutputType::Dict(inner) => json!({"type": "object", "additionalProperties": self.output(inner)}),
            OutputType::Object(name, members) => {
                if !self.components.contains_key(name) {
                    // A class may contain itself.
                    self.components.insert(name.clone(), Value::Null);
                    let (properties, required) = self.members(members);
                    self.components.insert(name.clone(), class(name, properties, required));
                }
                json!({"$ref": format!("#/components/schemas/{name}")})
            }
        };
        schema.as_object().cloned().unwrap_or_default()
    }

    fn members(&mut self, members: &[super::signature::Member]) -> (Map<String, Value>, Vec<Value>) {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for member in members {
            let mut schema = self.output(&member.r#type);
            if !schema.contains_key("$ref") {
                schema.insert("title".to_owned(), title(&member.name).into());
            }
            if let Some(MemberDefault::Value(default)) =
                member.default.as_ref().filter(|default| **default != MemberDefault::Value(Value::Null))
            {
                schema.insert("default".to_owned(), default.clone());
            }
            if member.nullable && self.marks_null && self.pydantic == Pydantic::Two {
                schema.insert("nullable".to_owned(), true.into());
            }
            if member.required {
                required.push(Value::from(member.name.as_str()));
            }
            properties.insert(member.name.clone(), Value::Object(schema));
        }
        (properties, required)
    }
}

/// Inputs without a default, unless they are optional. `None` is a default for every type.
fn is_required(input: &Input) -> bool {
    input.info.default.is_none() && !input.r#type.nullable
}

fn class(name: &str, properties: Map<String, Value>, required: Vec<Value>) -> Value {
    let mut schema = Map::new();
    schema.insert("title".to_owned(), name.into());
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    Value::Object(schema)
}

fn primitive(primitive: Primitive, pydantic: Pydantic) -> Map<String, Value> {
    let schema = match primitive {
        Primitive::String => json!({"type": "string"}),
        Primitive::Integer => json!({"type": "integer"}),
        Primitive::Number => json!({"type": "number"}),
        Primitive::Boolean => json!({"type": "boolean"}),
        Primitive::Path | Primitive::File => json!({"type": "string", "format": "uri"}),
        Primitive::Secret if pydantic == Pydantic::One => json!({"type": "string", "format": "password", "x-cog-secret": true}),
        Primitive::Secret => json!({"type": "string", "format": "password", "writeOnly": true, "x-cog-secret": true}),
        Primitive::Any => json!({}),
    };
    schema.as_object().cloned().unwrap_or_default()
}

/// A title as Python's `title()` makes it: every letter after a character that is not a letter is a capital.
fn title(name: &str) -> String {
    let mut capitalized = String::new();
    let mut follows_letter = false;
    for character in name.chars() {
        if follows_letter {
            capitalized.extend(character.to_lowercase());
        } else {
            capitalized.extend(character.to_uppercase());
        }
        follows_letter = character.is_alphabetic();
    }
    capitalized.replace('_', " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn titles_are_pythons() {
        for (name, shown) in [("max_tokens", "Max Tokens"), ("top_p2x", "Top P2X"), ("_a", "A"), ("fooBar", "Foobar")] {
            assert_eq!(title(name), shown);
        }
    }
}
