//! A schema, or a change of one, in few lines.

use cog_findings::{Finding, RuleCode};
use serde_json::Value;

use super::describe::{describe, describe_limits, show_value};
use super::json::show_name;
use super::read::read;
use super::shape::{Member, Method, Shape};

/// One changed value, for a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What changed: `input steps`, `output.items`.
    pub path: String,
    /// The rule that saw it.
    pub code: RuleCode,
    /// The old side in words.
    pub old: String,
    /// The new side in words.
    pub new: String,
}

/// The changes that compatibility findings speak of, inputs before outputs, predictions before trainings, otherwise as they came.
/// Findings without both sides are left out.
pub fn changes(findings: &[Finding]) -> Vec<Change> {
    let mut changes: Vec<Change> = findings.iter().filter_map(change).collect();
    changes.sort_by_key(|change| {
        let path = change.path.to_ascii_lowercase();
        (path.starts_with("training"), path.trim_start_matches("training").trim_start().starts_with("output"))
    });
    changes
}

fn change(finding: &Finding) -> Option<Change> {
    let detail = |label: &str| finding.details.iter().find(|(name, _)| name == label).map(|(_, value)| value.clone());
    Some(Change { path: detail("path")?, code: finding.code.clone(), old: detail("old")?, new: detail("new")? })
}

/// A document in one line per input and one for the output:
///
/// ```text
/// prompt: string (required)
/// steps: integer = 20 (1..50)
/// -> array of file, iterator
/// ```
///
/// A training, when there is one, follows below a line that says so.
pub fn signature_lines(document: &Value) -> String {
    let schemas = read(document);
    let mut lines = Vec::new();
    for method in Method::ALL {
        let inputs = schemas.inputs_of(method).and_then(Shape::members);
        let output = schemas.output_of(method);
        if method == Method::Train && (inputs.is_some() || output.is_some()) {
            lines.push("training:".to_owned());
        }
        lines.extend(inputs.iter().flat_map(|members| &members.declared).map(input_line));
        lines.extend(output.map(output_line));
    }
    lines.join("\n")
}

fn input_line(member: &Member) -> String {
    let shape = &member.shape;
    let mut line = format!("{}: {}", show_name(&member.name), describe(shape));
    let default = shape.annotations.default.as_ref().filter(|default| !default.is_null());
    if let Some(default) = default {
        line.push_str(&format!(" = {}", show_value(default, shape)));
    }
    let mut remarks = Vec::new();
    if member.required {
        remarks.push("required".to_owned());
    }
    if shape.annotations.deprecated {
        remarks.push("deprecated".to_owned());
    }
    remarks.extend(describe_limits(shape));
    if !remarks.is_empty() {
        line.push_str(&format!(" ({})", remarks.join(", ")));
    }
    line
}

fn output_line(shape: &Shape) -> String {
    let mut line = format!("-> {}", describe(shape));
    if shape.is_concatenated() {
        line.push_str(", one text in pieces");
    } else if shape.is_iterator() {
        line.push_str(", piece by piece");
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compat::{CompatOptions, compare};
    use cog_findings::SourceMap;

    fn document(maximum: i64, output: &Value) -> Value {
        json!({"components": {"schemas": {
            "Input": {"type": "object", "required": ["prompt"], "properties": {
                "prompt": {"type": "string", "x-order": 0, "description": "Text"},
                "steps": {"type": "integer", "default": 20, "minimum": 1, "maximum": maximum, "x-order": 1},
                "mode": {"allOf": [{"$ref": "#/components/schemas/mode"}], "default": "fast", "x-order": 2},
                "image": {"type": "string", "format": "uri", "nullable": true, "x-cog-accept": "image/*", "x-order": 3},
                "token": {"type": "string", "format": "password", "x-cog-secret": true, "default": "hunter2", "x-order": 4},
            }},
            "mode": {"enum": ["fast", "best"], "type": "string"},
            "Output": output,
            "TrainingInput": {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "number"}, "maxItems": 3}}},
            "TrainingOutput": {"type": "object", "properties": {"weights": {"type": "string", "format": "uri"}}},
        }}})
    }

    #[test]
    fn a_schema_is_shown_in_one_line_per_value() {
        let text = signature_lines(&document(
            50,
            &json!({"type": "array", "items": {"type": "string", "format": "uri"},
            "x-cog-array-type": "iterator"}),
        ));
        let expected = r#"prompt: string (required)
steps: integer = 20 (1..50)
mode: string = "fast" (one of "fast", "best")
image: file or null (accepts image/*)
token: secret = ***
-> array of file, piece by piece
training:
data: array of number (at most 3 items)
-> object {weights}"#;
        assert_eq!(text, expected);
        assert_eq!(signature_lines(&json!(7)), "");
    }

    #[test]
    fn changes_are_listed_with_both_sides() {
        let (old, new) = (document(50, &json!({"type": "string"})), document(40, &json!({"type": "integer"})));
        let findings = compare(&old, &new, &SourceMap::default(), &CompatOptions::default());
        let listed: Vec<String> = changes(&findings)
            .iter()
            .map(|change| format!("{} {}: {} -> {}", change.code, change.path, change.old, change.new))
            .collect();
        assert_eq!(listed, ["SP109 input steps: <= 50 -> <= 40", "SP130 output: string -> integer"]);
    }
}
