//! The values of an input that a version's server downloads: those whose schema says `format: uri`.

use serde_json::Value;

use super::Document;

/// Enough for any real schema. Stops references that lead back to themselves.
const MAX_DEPTH: usize = 64;

impl<'a> Document<'a> {
    /// The URLs in `value` under the component of this name, each with the name of its input.
    pub(crate) fn uris<'v>(self, component: &str, value: &'v Value) -> Vec<(String, &'v str)> {
        let mut found = Vec::new();
        if let Some(schema) = self.component(component) {
            self.collect(schema, value, "", MAX_DEPTH, &mut found);
        }
        found
    }

    fn collect<'v>(self, schema: &'a Value, value: &'v Value, name: &str, depth: usize, found: &mut Vec<(String, &'v str)>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let reference =
            schema.get("$ref").and_then(Value::as_str).and_then(|reference| self.0.pointer(reference.strip_prefix('#')?));
        let alternatives = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|word| schema.get(word)?.as_array()).flatten();
        for part in reference.into_iter().chain(alternatives) {
            self.collect(part, value, name, depth, found);
        }
        match value {
            Value::String(text) if schema.get("format").and_then(Value::as_str) == Some("uri") => {
                found.push((name.to_owned(), text));
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(schema) = schema.get("items") {
                        self.collect(schema, item, &format!("{name}.{index}"), depth, found);
                    }
                }
            }
            Value::Object(members) => {
                for (member, value) in members {
                    let Some(schema) = schema.get("properties").and_then(|properties| properties.get(member)) else { continue };
                    let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                    self.collect(schema, value, &name, depth, found);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_found_wherever_the_schema_says_so() {
        let document = json!({"components": {"schemas": {
            "Input": {"properties": {
                "text": {"type": "string"},
                "image": {"type": "string", "format": "uri"},
                "mask": {"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}]},
                "images": {"type": "array", "items": {"$ref": "#/components/schemas/File"}},
                "loop": {"$ref": "#/components/schemas/Loop"},
            }},
            "File": {"type": "string", "format": "uri"},
            "Loop": {"$ref": "#/components/schemas/Loop"},
        }}});
        let input = json!({"text": "a", "image": "b", "mask": "c", "images": ["d", "e"], "loop": "f", "unknown": "g"});
        let found = Document(&document).uris("Input", &input);
        let found: Vec<(&str, &str)> = found.iter().map(|(name, url)| (name.as_str(), *url)).collect();
        assert_eq!(found, [("image", "b"), ("mask", "c"), ("images.0", "d"), ("images.1", "e")]);
        assert!(Document(&document).uris("TrainingInput", &input).is_empty());
    }
}
