//! What configuration files say becomes the plan.

use serde_json::json;

use super::Repository;
use crate::config::settings::Key;
use crate::domain::case::Expectation;
use crate::domain::plan::{Comparison, HardwarePlaces, ModelPlan, PublishMode};

fn plan(text: &str) -> ModelPlan {
    Repository::with_model(text).loaded().models.remove(0).plan
}

#[test]
fn a_file_with_nothing_but_a_model_is_enough() {
    let plan = plan("");
    assert_eq!(plan.name, "hotdog");
    assert_eq!(plan.config_file.as_deref(), Some("cog-safe-push.yaml"));
    assert_eq!((plan.model.to_string(), plan.test_model.to_string()), ("acme/hotdog".to_owned(), "acme/hotdog-test".to_owned()));
    assert_eq!(plan.test_hardware.as_deref(), Some("cpu"));
    assert_eq!(plan.publish, PublishMode::Publish);
    assert_eq!((plan.train, plan.deployment, plan.official_model), (None, None, None));
}

#[test]
fn two_passes_in_a_checkout_say_how_the_official_model_is_pushed_and_not_that_it_is() {
    let of_file = || Repository::with_model("official_model: acme/official\n").file(".safe-push.yaml", "two_pass: true\n");
    let publish = |repository: Repository| repository.loaded().models.remove(0).plan.publish;
    assert_eq!(publish(of_file()), PublishMode::OfficialNotAsked);
    assert_eq!(publish(of_file().flag(Key::push_official_model, "true")), PublishMode::Publish);
    assert_eq!(publish(of_file().flag(Key::two_pass, "true")), PublishMode::Publish);
}

#[test]
fn a_push_to_an_official_model_that_is_not_configured_skips_the_model() {
    let repository = Repository::with_model("").flag(Key::push_official_model, "true");
    let model = repository.loaded().models.remove(0);
    assert_eq!(model.plan.publish, PublishMode::NoOfficialModel);
    assert_eq!(
        super::said(&model.findings),
        ["SP019 cog-safe-push.yaml:1:8: a push to the official model was asked for, but no official_model is configured, so the \
          model is skipped [add `official_model: OWNER/NAME` to the configuration, or leave out push_official_model]"]
    );
    let tested = repository.flag(Key::test_only, "true").loaded().models.remove(0);
    assert_eq!((tested.plan.publish, tested.findings.len()), (PublishMode::TestOnly, 0));
    let official = Repository::with_model("official_model: acme/official\n").flag(Key::push_official_model, "true");
    let plan = official.loaded().models.remove(0).plan;
    assert_eq!((plan.publish, plan.official_model.unwrap().to_string()), (PublishMode::Publish, "acme/official".to_owned()));
}

#[test]
fn what_is_allowed_is_said_outside_of_the_repository() {
    let allow = |repository: Repository| {
        let allow = repository.loaded().models.remove(0).plan.allow;
        (allow.moved_live, allow.public_test_model)
    };
    assert_eq!(allow(Repository::with_model("")), (false, false));
    assert_eq!(allow(Repository::with_model("").flag(Key::allow_moved_live, "true")), (true, false));
    assert_eq!(allow(Repository::with_model("").variable("SAFE_PUSH_ALLOW_PUBLIC_TEST_MODEL", "true")), (false, true));
    let input = Repository::with_model("").variable("INPUT_ALLOW_MOVED_LIVE", "true").in_action();
    assert_eq!(allow(input), (true, false));
}

#[test]
fn hardware_remembers_its_place() {
    let text = "test_hardware: a\ntrain:\n  destination_hardware: b\ndeployment:\n  name: d\n  hardware: c\n";
    let places = plan(text).inspect.hardware_places;
    let shown = [places.test, places.destination, places.deployment].map(|place| place.unwrap().to_string());
    assert_eq!(shown, ["cog-safe-push.yaml:2:16", "cog-safe-push.yaml:4:25", "cog-safe-push.yaml:7:13"]);
    assert_eq!(plan("").inspect.hardware_places, HardwarePlaces::default());
}

#[test]
fn test_cases_keep_their_checkers_and_places() {
    let plan = plan(
        "predict:\n  test_cases:\n    - inputs: {a: 1}\n    - inputs: {a: 2}\n      exact_string: 5\n    - inputs: {}\n      match_url: \
         https://x/y.png\n    - inputs: {}\n      match_prompt: a cat\n    - inputs: {}\n      jq_query: .a\n    - inputs: {}\n      \
         error_contains: nope\n",
    );
    let expectations: Vec<&Expectation> = plan.predict.cases.iter().map(|case| &case.expectation).collect();
    assert_eq!(
        expectations,
        [
            &Expectation::Succeeds,
            &Expectation::ExactString("5".to_owned()),
            &Expectation::MatchUrl("https://x/y.png".to_owned()),
            &Expectation::MatchPrompt("a cat".to_owned()),
            &Expectation::JqQuery(".a".to_owned()),
            &Expectation::ErrorContains("nope".to_owned()),
        ]
    );
    let lines: Vec<Option<u32>> = plan.predict.cases.iter().map(|case| case.location.as_ref().unwrap().case.line).collect();
    assert_eq!(lines, [Some(4), Some(5), Some(7), Some(9), Some(11), Some(13)]);
}

#[test]
fn inputs_keep_their_kinds() {
    let inputs = "{text: \"007\", whole: 7, part: 0.5, big: 1e3, on: true, nothing: null, list: [1, a], map: {k: v}, id: 00123x}";
    let plan = plan(&format!("predict:\n  test_cases:\n    - inputs: {inputs}\n"));
    assert_eq!(
        serde_json::Value::Object(plan.predict.cases[0].inputs.clone()),
        json!({
            "text": "007", "whole": 7, "part": 0.5, "big": 1000.0, "on": true, "nothing": null, "list": [1, "a"], "map": {"k": "v"},
            "id": "00123x"
        })
    );
}

#[test]
fn comparison_is_on_for_predictions_unless_switched_off() {
    assert_eq!(plan("predict: {}\n").predict.compare, Comparison::First);
    assert_eq!(plan("predict: {compare_outputs: false}\n").predict.compare, Comparison::Off);
    assert_eq!(plan("").predict.compare, Comparison::Off);
    let repository = Repository::with_model("predict: {}\n").file(".safe-push.yaml", "compare: all\n");
    assert_eq!(repository.loaded().models[0].plan.predict.compare, Comparison::All);
}

#[test]
fn flags_ask_for_predictions_where_the_file_does_not() {
    let plan = |key: Key, value: &str| Repository::with_model("").flag(key, value).loaded().models.remove(0).plan.predict;
    assert_eq!(plan(Key::test_cases, "a=1==x").cases.len(), 1);
    assert_eq!(plan(Key::test_cases, "a=1==x").compare, Comparison::Off);
    assert_eq!(plan(Key::fuzz_iterations, "3").fuzz.unwrap().iterations, 3);
    assert_eq!(plan(Key::compare, "all").compare, Comparison::All);
    let repository = Repository::with_model("").file(".safe-push.yaml", "compare: all\n");
    assert_eq!(repository.loaded().models[0].plan.predict.compare, Comparison::Off);
}

#[test]
fn made_inputs_are_wanted_where_the_section_is() {
    assert_eq!(plan("predict: {}\n").predict.fuzz, None);
    assert_eq!(plan("predict: {fuzz: {}}\n").predict.fuzz.unwrap().iterations, 10);
    assert_eq!(plan("predict: {fuzz: {iterations: 0}}\n").predict.fuzz, None);
    let fuzz = plan("predict: {fuzz: {iterations: 3, prompt: short, fixed_inputs: {a: 1}, disabled_inputs: [b]}}\n").predict.fuzz;
    let fuzz = fuzz.unwrap();
    assert_eq!((fuzz.iterations, fuzz.prompt.as_deref(), fuzz.disabled_inputs.len()), (3, Some("short"), 1));
}

#[test]
fn trainings_have_a_destination() {
    let train = plan("train: {test_cases: [{inputs: {steps: 1}}]}\n").train.unwrap();
    assert_eq!(train.destination.to_string(), "acme/hotdog-test-dest");
    assert_eq!((train.destination_hardware.as_str(), train.cases.len()), ("cpu", 1));
    let train = plan("train: {destination: acme/trained, destination_hardware: gpu-h100}\n").train.unwrap();
    assert_eq!((train.destination.to_string(), train.destination_hardware), ("acme/trained".to_owned(), "gpu-h100".to_owned()));
}

#[test]
fn a_deployment_belongs_to_the_models_owner_unless_named() {
    let deployment = plan("deployment: {name: production}\n").deployment.unwrap();
    assert_eq!((deployment.owner.as_str(), deployment.name.as_str(), deployment.hardware.as_str()), ("acme", "production", "cpu"));
    assert_eq!(plan("deployment: {name: x, owner: other}\n").deployment.unwrap().owner, "other");
}

#[test]
fn the_official_model_is_pushed_to_when_asked_for() {
    let repository = Repository::with_model("official_model: acme/official\n");
    assert_eq!(repository.loaded().models[0].plan.official_model, None);
    let loaded = repository.flag(Key::push_official_model, "true").loaded();
    assert_eq!(loaded.models[0].plan.official_model.as_ref().unwrap().to_string(), "acme/official");
}

#[test]
fn a_base_image_is_used_when_there_is_one_unless_somebody_says_so() {
    assert_eq!(plan("").build.use_cog_base_image, None);
    assert_eq!(plan("use_cog_base_image: false\n").build.use_cog_base_image, Some(false));
}

#[test]
fn test_cases_of_flags_take_the_place_of_the_files() {
    let repository = Repository::with_model("predict: {test_cases: [{inputs: {a: 1}}, {inputs: {a: 2}}]}\n");
    let loaded = repository.flag(Key::test_cases, "a=3==x").loaded();
    let cases = &loaded.models[0].plan.predict.cases;
    assert_eq!((cases.len(), cases[0].inputs["a"].clone()), (1, json!(3)));
}
