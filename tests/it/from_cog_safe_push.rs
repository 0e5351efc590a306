//! `docs/guides/from-cog-safe-push.md` names only flags and keys that exist.

use std::collections::BTreeSet;

use regex::Regex;
use safe_push::config::model_example;
use test_support::Repository;

const PAGE: &str = include_str!("../../docs/guides/from-cog-safe-push.md");

/// cog-safe-push's flags, from its help.
const FLAGS: [&str; 16] = [
    "--config",
    "--help-config",
    "--test-model",
    "--no-push",
    "--test-hardware",
    "--no-compare-outputs",
    "--predict-timeout",
    "--fast-push",
    "--test-case",
    "--fuzz-fixed-inputs",
    "--fuzz-disabled-inputs",
    "--fuzz-iterations",
    "--fuzz-prompt",
    "--parallel",
    "--ignore-schema-compatibility",
    "--push-official-model",
];

fn flags_in(text: &str) -> BTreeSet<String> {
    Regex::new(r"--[a-z][a-z-]+").unwrap().find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

#[test]
fn every_flag_on_the_page_exists_and_every_flag_of_cog_safe_push_is_on_it() {
    let help = Repository::new().run("run --help").stdout;
    let (existing, named) = (flags_in(&help), flags_in(PAGE));
    let missing: Vec<_> = named.difference(&existing).collect();
    assert!(missing.is_empty(), "{missing:?} are on the page and not in the help");
    let unnamed: Vec<_> = FLAGS.iter().filter(|flag| !named.contains(**flag)).collect();
    assert!(unnamed.is_empty(), "{unnamed:?} are not on the page");
}

#[test]
fn every_key_of_the_example_is_on_the_page() {
    let keys = Regex::new(r"(?m)^(?:# ?)? *(?:- )?([a-z_]+):").unwrap();
    for key in keys.captures_iter(model_example()).map(|found| found[1].to_owned()) {
        assert!(PAGE.contains(&key), "{key}");
    }
}

#[test]
fn the_example_is_printed() {
    let seen = Repository::new().run("--help-config");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.starts_with(model_example().trim_end()), "{seen}");
}
