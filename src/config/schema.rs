//! JSON Schemas of the configuration files, from the declarations that the readers use.
//!
//! They describe what is written in a file, for editors. The readers accept a little more: numbers and booleans in quotes.

use serde_json::{Map, Value, json};

use crate::config::model_keys::{COMPARE, FileKey, Form, REGRESSIONS, ROOT, Section};
use crate::config::settings::{SETTINGS, Setting, ValueKind};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The name of a model.
const MODEL_PATTERN: &str =
    "^((https?://)?((www\\.)?replicate\\.com|r8\\.im)/)?[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*/?$";

/// The code of a rule.
const RULE_PATTERN: &str = "^SP[0-9]{3}$";

/// The schema of `.safe-push.yaml`.
pub fn repository_schema() -> Value {
    let mut properties = overrides();
    let mut of_model = overrides();
    for (key, help) in [
        ("folder", "Folder with the model's cog.yaml (default: found by the model's name)"),
        ("context", "Folder to build, which contains that one; paths in cog.yaml are relative to it (default: folder)"),
    ] {
        of_model.insert(key.to_owned(), json!({ "description": help, "type": ["string", "null"] }));
    }
    let model = object(of_model, &[]);
    properties.insert(
        "models".to_owned(),
        json!({
            "description": "Settings of single models, by the names of their configurations",
            "type": ["object", "null"],
            "additionalProperties": model,
        }),
    );
    document(".safe-push.yaml", "Settings of a repository with models that safe-push tests and publishes", object(properties, &[]))
}

/// The schema of a model's configuration, `cog-safe-push.yaml`.
pub fn model_schema() -> Value {
    let mut root = section(&ROOT, "");
    refuse_null(&mut root);
    document("cog-safe-push.yaml", "A model that safe-push tests and publishes", root)
}

fn document(title: &str, description: &str, schema: Value) -> Value {
    let mut document = json!({ "$schema": DIALECT, "title": title, "description": description });
    if let (Some(document), Value::Object(schema)) = (document.as_object_mut(), schema) {
        document.extend(schema);
    }
    document
}

/// What the repository and each model can set.
fn overrides() -> Map<String, Value> {
    let settings = SETTINGS.iter().filter(|setting| setting.in_repository);
    let mut properties: Map<String, Value> = settings.map(|setting| (setting.name.to_owned(), of_setting(setting))).collect();
    let code = json!({ "type": "string", "pattern": RULE_PATTERN });
    if let Some(words) = properties.get("compare").cloned() {
        let mut rules = section(&COMPARE, "compare");
        if let Some(keys) = rules["properties"].as_object_mut() {
            keys.insert("cases".to_owned(), words.clone());
        }
        let description = words["description"].clone();
        let any = json!({ "description": description, "anyOf": [{ "enum": words["enum"] }, rules] });
        properties.insert("compare".to_owned(), any);
    }
    let mut regressions = section(&REGRESSIONS, "regressions");
    regressions["description"] = "Changes against the live version that are errors".into();
    properties.insert("regressions".to_owned(), regressions);
    properties.insert("ignore".to_owned(), json!({ "description": "Rules to ignore", "type": ["array", "null"], "items": code }));
    properties.insert(
        "severity".to_owned(),
        json!({
            "description": "Severities of rules, by their codes",
            "type": ["object", "null"],
            "propertyNames": { "pattern": RULE_PATTERN },
            "additionalProperties": { "enum": ["note", "warning", "error"] },
        }),
    );
    properties.insert(
        "paths".to_owned(),
        json!({
            "description": "Files that affect a model, as path patterns",
            "type": ["array", "null"],
            "items": { "type": "string" },
        }),
    );
    properties
}

fn of_setting(setting: &Setting) -> Value {
    let mut schema = match setting.kind {
        ValueKind::Switch => json!({ "type": ["boolean", "null"] }),
        ValueKind::Text => json!({ "type": ["string", "number", "null"] }),
        ValueKind::Model => json!({ "type": ["string", "null"], "pattern": MODEL_PATTERN }),
        ValueKind::Number => number(Some(setting)),
        ValueKind::List => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
        ValueKind::Choice(names) => {
            let mut values: Vec<Value> = names.iter().map(|name| (*name).into()).collect();
            // YAML 1.1 reads a bare `off` as false.
            values.extend(names.contains(&"off").then_some(Value::Bool(false)));
            values.push(Value::Null);
            json!({ "enum": values })
        }
    };
    schema["description"] = match setting.default_text() {
        Some(default) => format!("{} (default: {default})", setting.help).into(),
        None => setting.help.into(),
    };
    schema
}

/// A number within the range of the setting that means the same.
fn number(setting: Option<&Setting>) -> Value {
    let range = setting.and_then(|setting| setting.range.clone());
    let mut schema = json!({ "type": ["integer", "null"], "minimum": range.as_ref().map_or(0, |range| *range.start()) });
    if let Some(range) = range {
        schema["maximum"] = (*range.end()).into();
    }
    schema
}

/// A mapping at this path, as in `predict.fuzz`.
fn section(section: &Section, path: &str) -> Value {
    let properties = section.keys.iter().map(|key| {
        let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
        let mut schema = value(key.form, &path);
        schema["description"] = match default_of(key, &path) {
            Some(default) => format!("{} (default: {default})", key.help).into(),
            None => key.help.into(),
        };
        if section.required.contains(&key.name) {
            refuse_null(&mut schema);
        }
        (key.name.to_owned(), schema)
    });
    let mut schema = object(properties.collect(), section.required);
    let pairs = section.exclusive.iter().enumerate().flat_map(|(index, one)| {
        let others = section.exclusive.iter().skip(index + 1);
        others.map(move |other| json!({ "required": [one, other] }))
    });
    let pairs: Vec<Value> = pairs.collect();
    if !pairs.is_empty() {
        schema["not"] = json!({ "anyOf": pairs });
    }
    schema
}

/// What is used when a key is absent: the default of the setting that means the same, or the key's own.
fn default_of(key: &FileKey, path: &str) -> Option<String> {
    setting_at(path).and_then(Setting::default_text).or_else(|| key.otherwise.map(str::to_owned))
}

/// The setting that means the same as a key.
fn setting_at(path: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.model_key == Some(path))
}

fn value(form: Form, path: &str) -> Value {
    match form {
        Form::Text => json!({ "type": ["string", "number", "null"] }),
        Form::FilledText => json!({ "type": ["string", "number", "null"], "pattern": "\\S" }),
        Form::Model => json!({ "type": ["string", "null"], "pattern": MODEL_PATTERN }),
        Form::Boolean => json!({ "type": ["boolean", "null"] }),
        Form::Number => number(setting_at(path)),
        Form::Decimal => json!({ "type": ["number", "null"] }),
        Form::Inputs => json!({ "type": ["object", "null"] }),
        Form::Texts => json!({ "type": ["array", "null"], "items": { "type": ["string", "number"] } }),
        Form::List(items) => {
            let mut items = section(items, path);
            refuse_null(&mut items);
            json!({ "type": ["array", "null"], "items": items })
        }
        Form::Section(keys) => section(keys, path),
        Form::Sections(keys) => {
            let one = section(keys, path);
            json!({ "type": ["object", "array", "null"], "properties": one["properties"], "additionalProperties": false, "items": one })
        }
        Form::FilledTexts => {
            let text = json!({ "type": ["string", "number"], "pattern": "\\S" });
            json!({ "type": ["string", "number", "array", "null"], "pattern": "\\S", "items": text })
        }
        Form::Reason => json!({ "type": ["string", "boolean", "null"] }),
        Form::Words(words) => json!({ "anyOf": [{ "enum": words }, { "type": "array", "items": { "enum": words } }] }),
        Form::Range => {
            let ends = json!({ "min": { "type": "number" }, "max": { "type": "number" } });
            json!({ "type": ["number", "object", "null"], "properties": ends, "additionalProperties": false })
        }
    }
}

/// A key that is required must not be empty.
fn refuse_null(schema: &mut Value) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
}

/// A mapping without other keys. An empty value is an absent one.
fn object(properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut schema = json!({ "type": ["object", "null"], "additionalProperties": false });
    schema["properties"] = properties.into();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::defaults::{FUZZ_ITERATIONS, HARDWARE};

    #[test]
    fn keys_name_the_defaults_that_are_used() {
        let schema = model_schema();
        let description =
            |path: &str| schema.pointer(path).and_then(|key| key["description"].as_str()).unwrap_or_default().to_owned();
        for path in [
            "/properties/test_hardware",
            "/properties/train/properties/destination_hardware",
            "/properties/deployment/properties/hardware",
        ] {
            assert!(description(path).ends_with(&format!("(default: {HARDWARE})")), "{path}: {}", description(path));
        }
        for section in ["predict", "train"] {
            let path = format!("/properties/{section}/properties/fuzz/properties/iterations");
            assert!(description(&path).ends_with(&format!("(default: {FUZZ_ITERATIONS})")), "{path}: {}", description(&path));
        }
    }
}
