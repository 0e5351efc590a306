//! Models that are named for two purposes, within a configuration and across those of a repository.

use super::{Repository, said};
use crate::config::settings::Key;

fn mistakes(text: &str) -> Vec<String> {
    Repository::with_model(text).mistakes()
}

/// The places of the mistakes.
fn places(repository: &Repository) -> Vec<String> {
    let findings = repository.error().findings();
    assert!(findings.iter().all(|finding| finding.code.as_str() == "SP007"), "{:?}", said(&findings));
    findings.into_iter().map(|finding| finding.location.map_or_else(String::new, |place| place.to_string())).collect()
}

/// Two configurations.
fn two(first: &str, second: &str) -> Repository {
    Repository::new().file("cog-safe-push-configs/a.yaml", first).file("cog-safe-push-configs/b.yaml", second)
}

#[test]
fn every_pair_of_models_in_one_configuration_is_compared() {
    let train = |destination: &str| format!("train:\n  destination: {destination}\n");
    for (text, message) in [
        (
            "test_model: acme/hotdog\n".to_owned(),
            "2:13: acme/hotdog is both the live model and the test model [name another model as test_model]",
        ),
        (
            "official_model: acme/hotdog\n".to_owned(),
            "2:17: acme/hotdog is both the live model and the official model [name another model as official_model]",
        ),
        (
            "test_model: acme/official\nofficial_model: acme/official\n".to_owned(),
            "2:13: acme/official is both the official model and the test model [name another model as test_model]",
        ),
        (
            train("acme/hotdog"),
            "3:16: acme/hotdog is both the live model and the destination of trainings [name another model as train.destination]",
        ),
        (
            format!("official_model: acme/official\n{}", train("acme/official")),
            "4:16: acme/official is both the official model and the destination of trainings [name another model as train.destination]",
        ),
        (
            format!("test_model: acme/t\n{}", train("acme/t")),
            "4:16: acme/t is both the test model and the destination of trainings [name another model as train.destination]",
        ),
    ] {
        assert_eq!(mistakes(&text), [format!("SP007 cog-safe-push.yaml:{message}")]);
    }
}

#[test]
fn names_that_are_made_of_others_are_compared_too() {
    // The test model, and the destination of trainings.
    for (text, place) in [
        ("official_model: acme/hotdog-test\n", "2:17"),
        ("train: {}\nofficial_model: acme/hotdog-test-dest\n", "3:17"),
        ("train:\n  destination: acme/hotdog-test\n", "3:16"),
        ("test_model: acme/t\nofficial_model: acme/t-dest\ntrain: {}\n", "3:17"),
    ] {
        assert_eq!(places(&Repository::with_model(text)), [format!("cog-safe-push.yaml:{place}")], "{text}");
    }
}

#[test]
fn capitals_make_no_difference() {
    assert_eq!(
        mistakes("test_model: Acme/HotDog\n"),
        ["SP007 cog-safe-push.yaml:2:13: Acme/HotDog (acme/hotdog) is both the live model and the test model \
          [name another model as test_model]"]
    );
    assert_eq!(places(&Repository::with_model("official_model: ACME/hotdog-TEST\n")).len(), 1);
}

#[test]
fn flags_variables_and_the_model_on_the_command_line_count() {
    let by_flag = Repository::with_model("").flag(Key::test_model, "Acme/hotdog");
    assert_eq!(
        by_flag.mistakes(),
        [
            "SP007 cog-safe-push.yaml:1:8: Acme/hotdog (acme/hotdog) is both the live model and the test model (set by --test-model) \
          [name another model as test_model]"
        ]
    );
    let by_variable = Repository::with_model("official_model: acme/official\n").variable("SAFE_PUSH_TEST_MODEL", "acme/official");
    assert_eq!(places(&by_variable), ["cog-safe-push.yaml:2:17"]);
    let by_argument = Repository::with_model("official_model: acme/official\n").model("acme/official");
    assert_eq!(places(&by_argument), ["cog-safe-push.yaml:2:17"]);
    let without_file = Repository::new().model("acme/x").flag(Key::test_model, "ACME/x");
    assert_eq!(places(&without_file), [""]);
}

#[test]
fn no_setting_of_the_repository_hides_it() {
    let repository = Repository::with_model("test_model: acme/hotdog\n");
    let repository = repository.file(".safe-push.yaml", "ignore: [SP007]\nseverity: { SP007: note }\n");
    assert_eq!(places(&repository), ["cog-safe-push.yaml:2:13"]);
}

#[test]
fn nothing_untested_gets_where_another_configuration_publishes() {
    let repository = two("model: acme/a\ntest_model: acme/b\n", "model: acme/B\n");
    for models in ["all", "a", "b"] {
        let repository = two("model: acme/a\ntest_model: acme/b\n", "model: acme/B\n").flag(Key::models, models);
        assert_eq!(places(&repository), ["cog-safe-push-configs/a.yaml:2:13"], "{models}");
    }
    assert_eq!(
        repository.flag(Key::models, "a").mistakes(),
        ["SP007 cog-safe-push-configs/a.yaml:2:13: acme/b (acme/B) is the test model of 'a' and the live model of 'b' \
          [name another model as test_model]"]
    );
    for (first, second, place) in [
        // Staged to what gets a proof.
        ("model: acme/a\ntest_model: acme/o\n", "model: acme/b\nofficial_model: acme/o\n", "a.yaml:2:13"),
        // A derived name.
        ("model: acme/a\n", "model: acme/a-test\n", "b.yaml:1:8"),
        // Trainings.
        ("model: acme/a\ntrain:\n  destination: acme/b\n", "model: acme/b\n", "a.yaml:3:16"),
        // Official without its proof.
        ("model: acme/a\nofficial_model: acme/b\n", "model: acme/b\n", "a.yaml:2:17"),
    ] {
        assert_eq!(places(&two(first, second).flag(Key::models, "all")), [format!("cog-safe-push-configs/{place}")], "{first}");
    }
}

#[test]
fn a_file_of_cog_safe_push_beside_a_folder_counts() {
    let repository = Repository::with_model("test_model: acme/b\n").file("cog-safe-push-configs/b.yaml", "model: acme/b\n");
    assert_eq!(places(&repository), ["cog-safe-push.yaml:2:13"]);
    assert_eq!(places(&repository.flag(Key::models, "b")), ["cog-safe-push.yaml:2:13"]);
}

#[test]
fn configurations_may_share_what_has_one_purpose() {
    for (first, second) in [
        ("model: acme/a\n", "model: acme/a\n"),
        ("model: acme/a\ntest_model: acme/t\n", "model: acme/b\ntest_model: acme/t\n"),
        ("model: acme/a\nofficial_model: acme/o\n", "model: acme/b\nofficial_model: acme/o\n"),
        ("model: acme/a\ntest_model: acme/t\n", "model: acme/b\ntrain:\n  destination: acme/t\n"),
    ] {
        assert_eq!(two(first, second).flag(Key::models, "all").names().len(), 2, "{first}");
    }
}

#[test]
fn another_configuration_that_cannot_be_read_is_not_this_models_concern() {
    assert_eq!(two("model: acme/a\n", "model: [\n").flag(Key::models, "a").names(), ["a"]);
}
