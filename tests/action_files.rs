//! The action's inputs are the settings, and the README tells both.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use safe_push::config::settings::{SECRETS, SETTINGS};
use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn action(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap()
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn inputs_are_settings() {
    let settings = SETTINGS.iter().filter_map(|setting| setting.input).chain(SECRETS.iter().map(|secret| secret.input));
    // Read by the action face alone.
    let face = ["trigger_type", "comment"];
    let expected: BTreeSet<String> = settings.chain(face).map(str::to_owned).collect();
    assert_eq!(names(&action("action.yml")["inputs"]), expected);
    for path in ["select-model/action.yml", "report/action.yml"] {
        let inputs = names(&action(path)["inputs"]);
        let unknown: Vec<_> = inputs.difference(&expected).filter(|name| *name != "expected").collect();
        assert!(unknown.is_empty(), "{path}: {unknown:?}");
    }
}

/// The tables of the README.
fn table(fields: &Value) -> String {
    let rows = fields
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, field)| format!("| `{name}` | {} |\n", field["description"].as_str().unwrap().replace('|', "\\|")));
    format!("| name | meaning |\n|---|---|\n{}", rows.collect::<String>())
}

#[test]
fn the_readme_has_every_input_and_output() {
    let (readme, action) = (read("README.md"), action("action.yml"));
    for part in ["inputs", "outputs"] {
        let expected = format!("<!-- {part} -->\n\n{}\n<!-- /{part} -->", table(&action[part]));
        assert!(readme.contains(&expected), "README.md lacks this table of {part}:\n{expected}");
    }
}

#[test]
fn every_template_has_its_properties() {
    let stems = |folder: &str, behind: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        files.filter_map(|file| file.strip_suffix(behind).map(str::to_owned)).collect()
    };
    let templates = stems("workflows-templates", ".yaml");
    assert_eq!(templates, stems("workflows-templates/properties", ".properties.json"));
    assert!(templates.len() >= 5);
    for name in templates {
        let properties: Value =
            serde_json::from_str(&read(&format!("workflows-templates/properties/{name}.properties.json"))).unwrap();
        assert!(properties["name"].is_string() && properties["description"].is_string());
        let first = read(&format!("workflows-templates/{name}.yaml")).lines().next().unwrap().to_owned();
        assert!(first.contains("Change: "), "{name} does not say what to change");
    }
}
