//! Types of JSON Schemas as text for a table.

use serde_json::Value;

use crate::markdown::code;

/// The type of a value of a configuration file, where an empty value is an absent one.
pub(crate) fn of_key(schema: &Value) -> String {
    if let Some(choices) = schema["enum"].as_array() {
        let texts = choices.iter().filter_map(Value::as_str);
        return texts.map(|text| code(Some(text))).collect::<Vec<_>>().join(", ");
    }
    if schema["pattern"].as_str().is_some_and(|pattern| pattern.contains('/')) {
        return code(Some("OWNER/NAME"));
    }
    match names(schema).first().copied() {
        Some("array") => format!("list of {}s", of_key(&schema["items"])),
        Some("object") => "mapping".to_owned(),
        Some("integer") => match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
            (Some(least), Some(most)) => format!("number, {least} to {most}"),
            _ => "number".to_owned(),
        },
        Some("string") => "text".to_owned(),
        Some(other) => other.to_owned(),
        None => "any".to_owned(),
    }
}

/// The type of a value of `run.json`, with links to the types it names.
pub(crate) fn of_field(schema: &Value) -> String {
    if let Some(name) = referred(schema) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.iter().map(of_field).collect::<Vec<_>>().join(" or ");
    }
    let of_name = |name: &&str| match *name {
        "array" => format!("list of {}", of_field(&schema["items"])),
        name => name.to_owned(),
    };
    match names(schema).as_slice() {
        [] => "any".to_owned(),
        names => names.iter().map(of_name).collect::<Vec<_>>().join(" or "),
    }
}

/// The definition that a schema refers to.
fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

fn names(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_of_keys_leave_out_null() {
        assert_eq!(of_key(&json!({ "type": ["integer", "null"], "minimum": 1, "maximum": 256 })), "number, 1 to 256");
        assert_eq!(of_key(&json!({ "type": ["array", "null"], "items": { "type": "object" } })), "list of mappings");
        assert_eq!(of_key(&json!({ "type": ["array", "null"], "items": { "type": ["string", "number"] } })), "list of texts");
        assert_eq!(of_key(&json!({ "enum": ["off", "warn", false, null] })), "`off`, `warn`");
        assert_eq!(of_key(&json!({ "type": "string", "pattern": "^[a-z]+/[a-z]+$" })), "`OWNER/NAME`");
    }

    #[test]
    fn types_of_fields_name_null_and_link_to_definitions() {
        let cost = json!({ "anyOf": [{ "$ref": "#/$defs/Cost" }, { "type": "null" }] });
        assert_eq!(of_field(&cost), "[Cost](#cost) or null");
        assert_eq!(
            of_field(&json!({ "type": "array", "items": { "$ref": "#/$defs/StageEntry" } })),
            "list of [StageEntry](#stageentry)"
        );
        assert_eq!(of_field(&json!({})), "any");
    }
}
