//! Scalars as PyYAML reads them, and as they are read here. `scalars.tsv` has what PyYAML makes of each, as JSON; the snapshot has the
//! differences, which `docs/reference/cog-safe-push.md#yaml` explains.

use std::fmt::Write as _;

use serde_json::Value;

use super::Repository;

/// How a scalar is read as an input of a test case; `error` when the file is refused.
fn read(written: &str) -> String {
    let text = format!("predict:\n  test_cases:\n    - inputs:\n        x: {written}\n");
    let Ok(loaded) = Repository::with_model(&text).load() else { return "error".to_owned() };
    let inputs = &loaded.models[0].plan.predict.cases[0].inputs;
    inputs.get("x").unwrap_or(&Value::Null).to_string()
}

/// Whether two values in JSON are the same; numbers are compared by their value.
fn is_same(one: &str, other: &str) -> bool {
    let number = |text: &str| serde_json::from_str::<Value>(text).ok().and_then(|value| value.as_f64());
    one == other || number(one).is_some() && number(one) == number(other)
}

#[test]
fn scalars_differ_from_pyyaml_only_where_it_was_decided() {
    let rows: Vec<(&str, &str)> = include_str!("scalars.tsv").lines().filter_map(|line| line.split_once('\t')).collect();
    assert!(rows.len() >= 100, "{}", rows.len());
    let mut differences = String::new();
    for (written, pyyaml) in rows {
        let here = read(written);
        if !is_same(&here, pyyaml) {
            let _infallible = writeln!(differences, "{written:<32} PyYAML {pyyaml:<34} here {here}");
        }
    }
    insta::assert_snapshot!(differences);
}
