//! Compatibility of schemas: a table of pairs, real documents of several generations of Cog, and properties of the relation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cog_findings::{ChangeKind, Finding, Location, Method, SchemaChange, SchemaPart, Severity, SourceMap};
use cog_schema::{CompatOptions, RULES, compare};
use serde::Deserialize;
use serde_json::{Value, json};

mod dialects;
mod hostile;
mod properties;

/// One row of the tables in `tests/schema/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    name: String,
    old: Option<Value>,
    new: Option<Value>,
    required: Option<String>,
    codes: Vec<String>,
}

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema").join(file)).unwrap()
}

fn pairs(file: &str) -> Vec<Pair> {
    serde_saphyr::from_str(&text(file)).unwrap()
}

/// A document of no particular Cog release with these inputs and this output.
fn document(properties: &Value, required: &[&str], output: Option<&Value>) -> Value {
    let mut schemas = json!({
        "Input": {"type": "object", "properties": properties, "required": required},
        "ab": {"title": "ab", "description": "An enumeration.", "enum": ["a", "b"], "type": "string"},
        "a": {"title": "a", "description": "An enumeration.", "enum": ["a"], "type": "string"},
        "pair": {"type": "object", "properties": {"left": {"type": "integer"}, "right": {"type": "integer"}}},
        "loop": {"type": "object", "properties": {"again": {"$ref": "#/components/schemas/loop"}}},
    });
    if let Some(output) = output {
        schemas["Output"] = output.clone();
    }
    json!({"components": {"schemas": schemas}})
}

/// A document with one input `x`, or none.
fn with_input(schema: Option<&Value>, is_required: bool) -> Value {
    let properties = schema.map_or_else(|| json!({}), |schema| json!({"x": schema}));
    document(&properties, if is_required { &["x"] } else { &[] }, None)
}

fn with_output(schema: Option<&Value>) -> Value {
    document(&json!({}), &[], schema)
}

fn findings(old: &Value, new: &Value) -> Vec<Finding> {
    compare(old, new, &SourceMap::default(), &CompatOptions::default())
}

fn codes(findings: &[Finding]) -> Vec<String> {
    let mut codes: Vec<String> = findings.iter().map(|finding| finding.code.to_string()).collect();
    codes.sort();
    codes
}

fn severity_of(code: &str) -> Severity {
    RULES.iter().find(|rule| rule.code == code).unwrap().severity
}

/// The rows whose findings differ from the table, with the actual ones.
fn wrong_rows(file: &str, documents: impl Fn(&Pair) -> (Value, Value)) -> Vec<String> {
    let mut wrong = Vec::new();
    for pair in pairs(file) {
        let (old, new) = documents(&pair);
        let found = findings(&old, &new);
        if codes(&found) != pair.codes {
            let messages: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
            wrong.push(format!("{}: expected {:?}, found {:?} {messages:#?}", pair.name, pair.codes, codes(&found)));
        }
    }
    wrong
}

#[test]
fn every_pair_of_inputs_has_the_findings_of_the_table() {
    let wrong = wrong_rows("inputs.yaml", |pair| {
        let is_required = |side: &str| matches!(pair.required.as_deref(), Some(required) if required == side || required == "both");
        (with_input(pair.old.as_ref(), is_required("old")), with_input(pair.new.as_ref(), is_required("new")))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_pair_of_outputs_has_the_findings_of_the_table() {
    let wrong = wrong_rows("outputs.yaml", |pair| (with_output(pair.old.as_ref()), with_output(pair.new.as_ref())));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn trainings_are_compared_like_predictions() {
    let as_training = |mut document: Value| {
        let schemas = document["components"]["schemas"].as_object_mut().unwrap();
        for (name, training) in [("Input", "TrainingInput"), ("Output", "TrainingOutput")] {
            if let Some(schema) = schemas.remove(name) {
                schemas.insert(training.to_owned(), schema);
            }
        }
        document
    };
    for file in ["inputs.yaml", "outputs.yaml"] {
        let wrong = wrong_rows(file, |pair| {
            let is_required =
                |side: &str| matches!(pair.required.as_deref(), Some(required) if required == side || required == "both");
            let make = |schema: Option<&Value>, side: &str| match file {
                "inputs.yaml" => as_training(with_input(schema, is_required(side))),
                _ => as_training(with_output(schema)),
            };
            (make(pair.old.as_ref(), "old"), make(pair.new.as_ref(), "new"))
        });
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[test]
fn the_tables_have_enough_breaking_and_compatible_pairs() {
    let rows: Vec<Pair> = ["inputs.yaml", "outputs.yaml"].into_iter().flat_map(pairs).collect();
    let breaking = rows.iter().filter(|row| row.codes.iter().any(|code| severity_of(code) == Severity::Error)).count();
    assert!(rows.len() >= 200, "{}", rows.len());
    assert!(breaking * 5 >= rows.len() * 2 && breaking * 5 <= rows.len() * 3, "{breaking} of {}", rows.len());
}

#[test]
fn every_rule_about_one_value_appears_in_the_tables() {
    let rows: Vec<Pair> = ["inputs.yaml", "outputs.yaml"].into_iter().flat_map(pairs).collect();
    let spoken: BTreeSet<&str> = rows.iter().flat_map(|row| &row.codes).map(String::as_str).collect();
    let silent: Vec<&str> = RULES.iter().map(|rule| rule.code).filter(|code| *code < "SP150" && !spoken.contains(code)).collect();
    // Order, methods and incomplete or impossible comparisons concern whole documents.
    assert_eq!(silent, ["SP127", "SP144", "SP146", "SP148", "SP149"]);
}

#[test]
fn an_end_of_streaming_is_reported() {
    let document = |post: Value| {
        json!({
            "paths": {"/predictions": post},
            "components": {"schemas": {
                "Input": {"type": "object", "properties": {}},
                "Output": {"type": "array", "items": {"type": "string"}, "x-cog-array-type": "iterator"},
            }},
        })
    };
    let (streams, plain) = (document(json!({"post": {"x-cog-streaming": true}})), document(json!({"post": {}})));
    let codes = |old: &Value, new: &Value| -> Vec<String> {
        let findings = compare(old, new, &SourceMap::default(), &CompatOptions::default());
        findings.iter().map(|finding| finding.code.to_string()).collect()
    };
    assert_eq!(codes(&streams, &plain), ["SP144"]);
    assert!(codes(&plain, &streams).is_empty() && codes(&streams, &streams).is_empty());
    // A document without paths says nothing about it.
    assert!(codes(&streams, &document(json!({}))).is_empty());
}

#[test]
fn every_break_that_cog_safe_push_misses_is_an_error_and_compatible_pairs_are_at_most_notes() {
    let rows: Vec<Pair> = ["inputs.yaml", "outputs.yaml"].into_iter().flat_map(pairs).collect();
    let most_severe = |row: &Pair| row.codes.iter().map(|code| severity_of(code)).max();
    let named = |prefix: &str| rows.iter().filter(|row| row.name.starts_with(prefix)).collect::<Vec<_>>();
    let (missed_inputs, missed_outputs) = (named("cog-safe-push I"), named("cog-safe-push O"));
    assert_eq!((missed_inputs.len(), missed_outputs.len()), (22, 11));
    for row in missed_inputs.into_iter().chain(missed_outputs).chain(named("cog-safe-push caught")) {
        assert_eq!(most_severe(row), Some(Severity::Error), "{}", row.name);
    }
    let fine = [named("cog-safe-push fine"), named("cog-safe-push crash")].concat();
    assert_eq!(fine.len(), 9);
    for row in fine {
        assert!(most_severe(row) <= Some(Severity::Note), "{}", row.name);
    }
}

#[test]
fn every_finding_has_a_path_both_sides_and_a_hint() {
    for file in ["inputs.yaml", "outputs.yaml"] {
        for pair in pairs(file) {
            let (old, new) = match file {
                "inputs.yaml" => (with_input(pair.old.as_ref(), false), with_input(pair.new.as_ref(), true)),
                _ => (with_output(pair.old.as_ref()), with_output(pair.new.as_ref())),
            };
            for finding in findings(&old, &new) {
                let change = finding.change.as_deref().unwrap();
                assert!(finding.message.starts_with(&change.part.to_string()), "{}: {change:?}", finding.message);
                assert!([change.old_text(), change.new_text()].iter().all(|side| !side.is_empty()), "{change:?}");
                assert_ne!(change.breaks.as_deref(), Some(""));
                assert!(finding.severity < Severity::Error || finding.hint.is_some(), "{}", finding.message);
                assert!(finding.message.is_ascii() && !finding.message.ends_with('.'), "{}", finding.message);
                assert!(finding.details.iter().all(|(_, value)| !value.is_empty()), "{finding:?}");
            }
        }
    }
}

#[test]
fn findings_point_at_the_input_or_at_the_method_if_it_was_removed() {
    let old = document(&json!({"steps": {"type": "integer"}, "gone": {"type": "string"}}), &[], Some(&json!({"type": "string"})));
    let new = document(&json!({"steps": {"type": "string"}}), &[], Some(&json!({"type": "integer"})));
    let places = SourceMap {
        inputs: BTreeMap::from([("steps".to_owned(), Location::at("predict.py", 12, 9))]),
        output: Some(Location::at("predict.py", 13, 10)),
        target: Some(Location::at("predict.py", 10, 9)),
    };
    let found = compare(&old, &new, &places, &CompatOptions::default());
    let lines: Vec<(&str, Option<u32>)> =
        found.iter().map(|finding| (finding.code.as_str(), finding.location.as_ref().and_then(|location| location.line))).collect();
    assert_eq!(lines, [("SP104", Some(12)), ("SP101", Some(10)), ("SP130", Some(13))]);
}

#[test]
fn a_finding_as_text() {
    let old = document(&json!({"steps": {"type": "integer", "maximum": 50, "x-order": 0}}), &[], None);
    let new = document(&json!({"steps": {"type": "integer", "maximum": 40.0, "x-order": 0}}), &[], None);
    let found = findings(&old, &new);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "input steps now takes only values <= 40; before: <= 50");
    assert_eq!(found[0].hint.as_deref(), Some("lower high values inside the method instead"));
    let change = SchemaChange {
        part: SchemaPart::input(Method::Predict, "steps"),
        kind: ChangeKind::Maximum,
        old: Some("<= 50".to_owned()),
        new: Some("<= 40".to_owned()),
        breaks: Some("requests with a higher value".to_owned()),
    };
    assert_eq!(found[0].change.as_deref(), Some(&change));
}

#[test]
fn a_renamed_input_is_one_finding_on_its_new_line() {
    let old = document(&json!({"num_steps": {"type": "integer", "default": 5}, "seed": {"type": "integer"}}), &[], None);
    let new = document(
        &json!({"steps": {"type": "integer", "default": 5, "description": "How many"}, "seed": {"type": "integer"}}),
        &[],
        None,
    );
    let place = Location::at("predict.py", 12, 9);
    let source = SourceMap { inputs: [("steps".to_owned(), place.clone())].into_iter().collect(), ..SourceMap::default() };
    let found = compare(&old, &new, &source, &CompatOptions::default());
    assert_eq!(codes(&found), ["SP101"]);
    assert_eq!(found[0].message, "input steps was called 'num_steps'");
    assert_eq!(found[0].location, Some(place));
    assert_eq!(found[0].hint.as_deref(), Some("keep 'num_steps' alongside 'steps' as a deprecated input"));
    let change = found[0].change.as_deref().unwrap();
    assert_eq!((change.kind, change.old_text(), change.new_text()), (ChangeKind::Name, "num_steps: integer", "steps: integer"));
}

#[test]
fn another_input_in_the_place_of_a_removed_one_is_not_a_rename() {
    let old = document(&json!({"num_steps": {"type": "integer"}}), &[], None);
    for other in [json!({"num_stepz": {"type": "number"}}), json!({"num_stepz": {"type": "integer", "default": 3}})] {
        let found = findings(&old, &document(&other, &[], None));
        assert_eq!(codes(&found), ["SP101", "SP128"]);
        let hint = found[0].hint.as_deref();
        assert_eq!(hint, Some("if it was renamed to 'num_stepz', keep 'num_steps' alongside it as a deprecated input"));
    }
}

#[test]
fn the_defaults_of_secrets_are_not_repeated() {
    let secret = |default: &str| json!({"type": "string", "format": "password", "x-cog-secret": true, "default": default});
    let with_default = |default: &str| with_input(Some(&secret(default)), false);
    let required = with_input(Some(&json!({"type": "string", "format": "password", "x-cog-secret": true})), true);
    for new in [with_default("swordfish"), required] {
        let found = findings(&with_default("hunter2"), &new);
        assert_eq!(found.len(), 1);
        let everything = format!("{found:?}");
        assert!(!everything.contains("hunter2") && !everything.contains("swordfish"), "{everything}");
    }
}

#[test]
fn a_changed_order_is_one_note() {
    let with_order = |orders: [u32; 3]| {
        let [a, b, c] = orders;
        let properties = json!({"a": {"type": "string", "x-order": a}, "b": {"type": "string", "x-order": b}, "c": {"type": "string", "x-order": c}});
        document(&properties, &[], None)
    };
    let found = findings(&with_order([0, 1, 2]), &with_order([2, 0, 1]));
    assert_eq!(codes(&found), ["SP127"]);
    let change = found[0].change.as_deref().unwrap();
    assert_eq!((change.old_text(), change.new_text()), ("a, b, c", "b, c, a"));
    assert_eq!(findings(&with_order([0, 1, 2]), &with_order([5, 6, 9])), []);
}

#[test]
fn notes_and_the_removal_of_deprecated_inputs_are_options() {
    let old =
        document(&json!({"old": {"type": "string", "deprecated": true}, "a": {"type": "string", "description": "A"}}), &[], None);
    let new = document(&json!({"a": {"type": "string", "description": "B"}}), &[], None);
    assert_eq!(codes(&findings(&old, &new)), ["SP123", "SP126"]);
    let options = CompatOptions { notes: false, deprecated_removal: Severity::Error, ..CompatOptions::default() };
    let found = compare(&old, &new, &SourceMap::default(), &options);
    assert_eq!(codes(&found), ["SP123"]);
    assert!(found[0].is_error());
}

#[test]
fn a_removed_method_breaks_and_a_new_one_does_not() {
    let mut both = document(&json!({}), &[], Some(&json!({"type": "string"})));
    both["components"]["schemas"]["TrainingInput"] = json!({"type": "object", "properties": {}});
    let predict_only = document(&json!({}), &[], Some(&json!({"type": "string"})));
    assert_eq!(codes(&findings(&both, &predict_only)), ["SP146"]);
    assert_eq!(findings(&predict_only, &both), []);
}

#[test]
fn documents_without_schemas_are_distinguished() {
    let some = with_input(Some(&json!({"type": "string"})), false);
    assert_eq!(codes(&findings(&json!({}), &some)), ["SP149"]);
    assert_eq!(codes(&findings(&json!(null), &some)), ["SP149"]);
    assert_eq!(codes(&findings(&some, &json!({}))), ["SP146"]);
    assert_eq!(findings(&json!({}), &json!([])), []);
}

#[test]
fn errors_come_before_warnings_and_notes() {
    let old = document(
        &json!({"a": {"type": "string", "description": "A"}, "b": {"type": "integer", "default": 1}, "c": {"type": "string"}}),
        &[],
        None,
    );
    let new = document(&json!({"a": {"type": "string", "description": "B"}, "b": {"type": "integer", "default": 2}}), &[], None);
    let found: Vec<Severity> = findings(&old, &new).iter().map(|finding| finding.severity).collect();
    assert_eq!(found, [Severity::Error, Severity::Warning, Severity::Note]);
}
