//! One idea, one word: two types of one name make a reader look twice, and a search find both.

use std::collections::BTreeMap;

use super::source::Crate;

/// Files whose types mirror others: the documents of `run.json` have the names of what they describe, and what the page shows has the names
/// of the documents. Code outside writes them with their module, as in `v1::Case`.
const MIRRORS: &[&str] = &["src/report/json/v1.rs", "src/report/html/view/"];

/// Between crates, names may repeat: the sandbox has its own types for what our clients also speak of, because neither may know the other.
#[test]
fn the_names_of_types_are_unique_in_the_app() {
    let mut declared: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let source = Crate::read(".");
    for file in source.files.values() {
        let path = file.path.strip_prefix(".").unwrap_or(&file.path).display().to_string();
        if MIRRORS.iter().any(|mirror| path.starts_with(mirror)) {
            continue;
        }
        for name in &file.types {
            declared.entry(name).or_default().push(path.clone());
        }
    }
    assert!(declared.len() > 500, "only {} types were found", declared.len());
    let repeated: Vec<_> = declared.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(repeated.is_empty(), "types that share a name: {repeated:#?}");
}
