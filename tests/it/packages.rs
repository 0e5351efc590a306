//! The crates as they are published: complete, and described. `.ci/run package` also compiles them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output};

use regex::Regex;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Our packages that are published.
fn published() -> Vec<Value> {
    let output = cargo(&["metadata", "--format-version", "1", "--locked", "--no-deps"]);
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.filter(|package| package["publish"].is_null()).cloned().collect()
}

#[test]
fn a_published_crate_says_what_it_is() {
    let packages = published();
    assert!(packages.len() >= 9, "{}", packages.len());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        for field in ["description", "license", "repository", "rust_version"] {
            assert!(package[field].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {field}");
        }
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        let readme = fs::read_to_string(folder.join(package["readme"].as_str().unwrap())).unwrap();
        assert!(readme.starts_with(&format!("# {name}\n")) && readme.lines().count() >= 3, "{name}: {readme}");
    }
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leads out", path.display()),
            part => plain.push(part),
        }
    }
    plain
}

/// A package leaves out what is not for users of the crate, such as tests, but nothing that its source includes.
#[test]
fn a_package_has_every_file_that_its_source_includes() {
    let includes = Regex::new(r#"include_(?:str|bytes)!\(\s*"([^"]+)"\s*\)"#).unwrap();
    let templates = Regex::new(r#"#\[template\(path = "([^"]+)""#).unwrap();
    let mut included = 0;
    for package in published() {
        let name = package["name"].as_str().unwrap();
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        let output = cargo(&["package", "--list", "--offline", "--allow-dirty", "--locked", "--package", name]);
        let files: BTreeSet<PathBuf> = String::from_utf8(output.stdout).unwrap().lines().map(PathBuf::from).collect();
        for file in ["Cargo.toml", "README.md"] {
            assert!(files.contains(Path::new(file)), "{name} has no {file}");
        }
        // Tests are compiled in the repository alone.
        let is_test = |path: &Path| path.iter().any(|part| part == "tests" || part == "tests.rs");
        let is_source =
            |path: &&PathBuf| path.starts_with("src") && path.extension().is_some_and(|end| end == "rs") && !is_test(path);
        for path in files.iter().filter(is_source) {
            let text = fs::read_to_string(folder.join(path)).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let beside = includes.captures_iter(text).map(|found| plain(&path.parent().unwrap().join(&found[1])));
            let of_templates = templates.captures_iter(text).map(|found| Path::new("templates").join(&found[1]));
            for file in beside.chain(of_templates) {
                assert!(files.contains(&file), "{name} is published without {}, which {} includes", file.display(), path.display());
                included += 1;
            }
        }
    }
    assert!(included >= 8, "only {included} were found");
}
