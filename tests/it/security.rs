//! The promises about security: each sentence of the README's list is in the table of `docs/security.md`, and names tests that exist.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use regex::Regex;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The promises of `docs/security.md`, each with its tests.
fn promises() -> BTreeMap<String, Vec<String>> {
    let page = read("docs/security.md");
    let table = page.split("## Promises").nth(1).unwrap().split("\n## ").next().unwrap();
    let test = Regex::new(r"`([\w/-]+\.rs::\w+)`").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise"));
    rows.map(|row| {
        let [promise, tests] = row.trim_matches('|').split(" | ").collect::<Vec<_>>()[..] else { panic!("not two columns: {row}") };
        (promise.trim().replace("](", "](docs/"), test.captures_iter(tests).map(|found| found[1].to_owned()).collect())
    })
    .collect()
}

/// The items of the list under the README's heading, joined over lines.
fn items_of_the_readme() -> Vec<String> {
    let readme = read("README.md");
    let section = readme.split("\n### Security\n").nth(1).unwrap().split("\n#").next().unwrap();
    let mut items: Vec<String> = Vec::new();
    for line in section.lines() {
        if let Some(item) = line.strip_prefix("- ") {
            items.push(item.to_owned());
        } else if let (Some(more), Some(item)) = (line.strip_prefix("  "), items.last_mut()) {
            *item = format!("{item} {}", more.trim());
        }
    }
    items
}

/// The attributes and the name of a test function, from the first attribute to the brace.
fn is_a_test(source: &str, name: &str) -> bool {
    let function = Regex::new(&format!(r"(?m)((?:^\s*#\[[^\n]*\n)+)\s*(?:async )?fn {name}\(")).unwrap();
    function.captures(source).is_some_and(|found| found[1].contains("test") && !found[1].contains("ignore"))
}

#[test]
fn each_promise_of_the_readme_is_in_the_table() {
    let promises = promises();
    let items = items_of_the_readme();
    assert!(items.len() >= 8, "{items:?}");
    // Links are relative to the page.
    let missing: Vec<_> = items.iter().filter(|item| !promises.contains_key(*item)).collect();
    assert!(missing.is_empty(), "not in docs/security.md: {missing:#?}");
}

#[test]
fn each_promise_names_tests_that_exist_and_run() {
    let mut wrong = Vec::new();
    for (promise, tests) in promises() {
        if tests.is_empty() {
            wrong.push(format!("no test: {promise}"));
        }
        for test in tests {
            let (path, name) = test.split_once("::").unwrap();
            let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default();
            if !is_a_test(&source, name) {
                wrong.push(format!("{path} has no test {name}: {promise}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_ignored_test_and_a_plain_function_are_not_tests() {
    let source = "#[test]\nfn one() {}\n#[test]\n#[ignore]\nfn two() {}\nfn three() {}\n    #[tokio::test(flavor = \"multi_thread\")]\n    async fn four() {}\n";
    let found: Vec<_> = ["one", "two", "three", "four", "five"].into_iter().filter(|name| is_a_test(source, name)).collect();
    assert_eq!(found, ["one", "four"]);
}
