//! Each direct dependency has its reason in `docs/development/dependencies.md`, and none is unwanted.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// As in `deny.toml`, for machines without `cargo deny`.
const UNWANTED: [&str; 5] = ["serde_yaml", "serde_yml", "openssl", "native-tls", "jaq-interpret"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn metadata() -> Value {
    let output =
        Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--locked"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap().iter();
    // Packages without a source are ours; those that are never published only serve the tests.
    let published = packages.filter(|package| package["source"].is_null() && package["publish"].is_null());
    let used: BTreeSet<&str> = published
        .flat_map(|package| package["dependencies"].as_array().unwrap())
        .filter(|dependency| dependency["kind"].is_null() && !dependency["source"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap())
        .collect();
    let table = fs::read_to_string(root().join("docs/development/dependencies.md")).unwrap();
    let named: BTreeSet<&str> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| line.split('|').nth(1).unwrap().split('`').skip(1).step_by(2))
        .collect();
    assert_eq!(named, used);
}

#[test]
fn no_unwanted_crate_is_pulled_in() {
    let metadata = metadata();
    let names = metadata["packages"].as_array().unwrap().iter().map(|package| package["name"].as_str().unwrap());
    let unwanted: Vec<&str> = names.filter(|name| UNWANTED.contains(name)).collect();
    assert!(unwanted.is_empty(), "{unwanted:?}");
    let rules = fs::read_to_string(root().join("deny.toml")).unwrap();
    assert!(UNWANTED.iter().all(|name| rules.contains(&format!("crate = \"{name}\""))), "deny.toml differs");
}

#[test]
fn every_license_is_allowed() {
    let rules = fs::read_to_string(root().join("deny.toml")).unwrap();
    let list = rules.split("allow = [").nth(1).unwrap().split(']').next().unwrap();
    let allowed: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    let metadata = metadata();
    for package in metadata["packages"].as_array().unwrap() {
        let expression = package["license"].as_str().unwrap_or_default();
        assert!(is_allowed(expression, &allowed), "{} {}: {expression}", package["name"], package["version"]);
    }
}

/// License expressions as crates write them: `OR` and `/` offer a choice, `AND` requires all.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    expression.split(" AND ").all(|part| part.split(" OR ").any(|license| allowed.contains(license.trim())))
}
