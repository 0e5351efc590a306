//! One source through several generations of Cog.

use cog_findings::{Finding, Severity};
use cog_schema::{Dialect, read};
use serde_json::{Map, Value};

use super::{findings, text};

const STATIC: &str = "0.22.0-static";
const OLD: [&str; 6] = [
    "0.14.12-pydantic-1.10",
    "0.14.12-pydantic-2.10",
    "0.15.8-pydantic-2.10",
    "0.16.12-pydantic-1.10",
    "0.16.12-pydantic-2.11",
    "0.19.3-in-image",
];

fn documents(dialect: &str) -> Map<String, Value> {
    serde_json::from_str(&text(&format!("dialects/{dialect}.json"))).unwrap()
}

fn said(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{} {}", finding.code, finding.message)).collect()
}

#[test]
fn every_cog_release_is_recognized() {
    let recognized: Vec<Dialect> = OLD.iter().map(|dialect| read(&documents(dialect)["image"]).dialect).collect();
    assert_eq!(
        recognized,
        [
            Dialect::Runtime { marks_null_inputs: false, marks_null_outputs: false },
            Dialect::Runtime { marks_null_inputs: false, marks_null_outputs: false },
            Dialect::Runtime { marks_null_inputs: true, marks_null_outputs: true },
            Dialect::Runtime { marks_null_inputs: true, marks_null_outputs: false },
            Dialect::Runtime { marks_null_inputs: true, marks_null_outputs: true },
            Dialect::InImage,
        ]
    );
    for (name, document) in documents(STATIC) {
        assert_eq!(read(&document).dialect, Dialect::Static, "{name}");
    }
}

#[test]
fn every_document_is_read_without_a_problem() {
    for dialect in OLD.into_iter().chain([STATIC]) {
        for (name, document) in documents(dialect) {
            assert_eq!(read(&document).problems, [], "{dialect} {name}");
        }
    }
}

#[test]
fn an_unchanged_source_breaks_nobody_when_cog_is_updated() {
    for dialect in OLD {
        for (name, old) in documents(dialect) {
            let expected: &[&str] = match name.as_str() {
                // The only real difference: None on a plain type is not a default in documents without pydantic.
                "none_default" if dialect != "0.19.3-in-image" => &["SP103 input seed became required"],
                _ => &[],
            };
            let new = &documents(STATIC)[&name];
            assert_eq!(said(&findings(&old, new)), expected, "{dialect} {name}");
        }
    }
}

#[test]
fn the_hint_for_a_default_of_none_says_what_to_write() {
    let old = &documents("0.16.12-pydantic-2.11")["none_default"];
    let found = findings(old, &documents(STATIC)["none_default"]);
    assert_eq!(
        found[0].hint.as_deref(),
        Some("since Cog 0.19 a plain type with `Input(default=None)` is required: annotate it as Optional")
    );
}

#[test]
fn an_unchanged_source_breaks_nobody_when_cog_is_downgraded() {
    for dialect in OLD {
        for (name, old) in documents(dialect) {
            let found = findings(&documents(STATIC)[&name], &old);
            assert_eq!(said(&found), Vec::<String>::new(), "{dialect} {name}");
        }
    }
}

#[test]
fn old_cog_releases_agree_with_each_other() {
    for from in &OLD[..5] {
        for to in &OLD[..5] {
            for (name, old) in documents(from) {
                let found = findings(&old, &documents(to)[&name]);
                assert_eq!(said(&found), Vec::<String>::new(), "{from} to {to}: {name}");
            }
        }
    }
}

/// Changes a document as if a person had changed the source of `image.py`.
fn change(document: &mut Value, name: &str) {
    let schemas = &mut document["components"]["schemas"];
    match name {
        "choice removed" => schemas["mode"]["enum"] = serde_json::json!(["fast"]),
        "maximum lowered" => schemas["Input"]["properties"]["steps"]["maximum"] = serde_json::json!(40),
        "input removed" => drop(schemas["Input"]["properties"].as_object_mut().unwrap().remove("seed")),
        "items of a list" => schemas["Input"]["properties"]["loras"]["items"]["type"] = serde_json::json!("integer"),
        "text output" => drop(schemas["Output"].as_object_mut().unwrap().remove("format")),
        other => unreachable!("{other}"),
    }
}

#[test]
fn a_real_change_is_found_across_cog_releases() {
    let table = [
        ("choice removed", "SP106 input mode no longer offers \"best\""),
        ("maximum lowered", "SP109 input steps now takes only values <= 40; before: <= 50"),
        ("input removed", "SP101 input seed was removed"),
        ("items of a list", "SP104 input loras.items changed from string to integer"),
        ("text output", "SP131 output changed from file to string"),
    ];
    for dialect in OLD {
        let old = &documents(dialect)["image"];
        for (name, expected) in table {
            let mut new = documents(STATIC)["image"].clone();
            change(&mut new, name);
            let found = findings(old, &new);
            let errors: Vec<String> =
                said(&found.into_iter().filter(|finding| finding.severity == Severity::Error).collect::<Vec<_>>());
            assert_eq!(errors, [expected], "{dialect}: {name}");
        }
    }
}

#[test]
fn optional_members_of_an_output_are_checked_within_one_cog_release() {
    let old = &documents(STATIC)["flat_output"];
    let mut new = old.clone();
    let output = &mut new["components"]["schemas"]["Output"];
    output["required"] = serde_json::json!(["preview"]);
    output["properties"]["text"]["nullable"] = serde_json::json!(true);
    assert_eq!(said(&findings(old, &new)), ["SP133 output.text may now be missing", "SP134 output.text can now be null"]);
}
