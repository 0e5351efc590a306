//! Test cases beyond the format of cog-safe-push.

use std::time::Duration;

use serde_json::json;

use super::{Repository, said};
use crate::config::settings::Key;
use crate::domain::case::{Expectation, TestCase, TestedOn};
use crate::domain::output_check::{NumberRange, OutputCheck};
use crate::support::ExposeSecret as _;

fn repository(cases: &str) -> Repository {
    Repository::with_model(&format!("predict:\n  test_cases:\n{cases}"))
}

fn cases(text: &str) -> Vec<TestCase> {
    repository(text).loaded().models.remove(0).plan.predict.cases
}

fn mistakes(text: &str) -> Vec<String> {
    repository(text).mistakes()
}

#[test]
fn a_case_has_a_name_a_limit_a_reason_to_skip_it_and_sides() {
    let found = cases(
        "    - {inputs: {}, name: a red car, timeout: 60, only_on: live}\n    - {inputs: {}, skip: true, only_on: [test, live]}\n    - \
         {inputs: {}, skip: too slow}\n    - {inputs: {}, skip: false}\n",
    );
    assert_eq!((found[0].name.as_deref(), found[0].timeout), (Some("a red car"), Some(Duration::from_secs(60))));
    let left_out = |case: &TestCase| (case.left_out(TestedOn::Test), case.left_out(TestedOn::Live));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(left_out(&found[0]), (some("it runs only on live"), None));
    assert_eq!(left_out(&found[1]), (some("it is marked with skip"), some("it is marked with skip")));
    assert_eq!(left_out(&found[2]), (some("too slow"), some("too slow")));
    assert_eq!(left_out(&found[3]), (None, None));
}

#[test]
fn limits_that_nothing_can_meet_are_mistakes() {
    for (case, wanted) in [
        ("timeout: 0", "predict.test_cases[0].timeout is 0, which leaves no time for a prediction"),
        ("timeout: -1", "a whole number from 0"),
        ("compare: {ssim: 1.5}", "the threshold 'ssim' cannot be 1.5 [write a number up to 1]"),
        ("compare: {size_factor: -1}", "the threshold 'size_factor' cannot be -1 [write a number from 0]"),
        ("checks: {image: {like: a.png, min_ssim: 95}}", "min_ssim is 95, not from -1 to 1"),
        ("checks: {count: 1.5}", "count is 1.5, but items are counted in whole numbers from 0"),
        ("checks: {count: -1}", "count is -1, but items are counted in whole numbers from 0"),
        ("checks: {count: {min: 1.2, max: 1.8}}", "but items are counted in whole numbers from 0"),
    ] {
        let found = mistakes(&format!("    - {{inputs: {{}}, {case}}}\n"));
        assert!(found.len() == 1 && found[0].contains(wanted), "{case}: {found:?}");
    }
    let found = cases("    - {inputs: {}, timeout: 1, checks: {count: 0}, compare: {ssim: -1}}\n");
    assert_eq!(found[0].timeout, Some(Duration::from_secs(1)));
}

#[test]
fn names_are_plain_and_unique() {
    for (name, problem) in [
        ("case-2", "looks like the name of a case without a name"),
        ("fuzz-1", "looks like the name of a case without a name"),
        ("\"a/b\"", "may have up to 80 letters"),
        ("\"\\e[1m\"", "may have up to 80 letters"),
    ] {
        let found = mistakes(&format!("    - {{inputs: {{}}, name: {name}}}\n"));
        assert!(found.len() == 1 && found[0].starts_with("SP035 ") && found[0].contains(problem), "{name}: {found:?}");
    }
    let found = mistakes("    - {inputs: {}, name: one}\n    - {inputs: {}, name: One}\n");
    assert_eq!(found, ["SP035 cog-safe-push.yaml:5:7: two test cases are named 'One' [give each its own name]"]);
}

#[test]
fn several_checks_are_read_from_a_mapping_a_list_or_beside_a_checker() {
    let several = |text: &str| match cases(text).remove(0).expectation {
        Expectation::Checks { checks, .. } => checks,
        other => panic!("{other:?}"),
    };
    let wanted = [OutputCheck::Contains("a".to_owned()), OutputCheck::Regex("^b".to_owned())];
    assert_eq!(several("    - {inputs: {}, checks: {contains: a, regex: \"^b\"}}\n"), wanted);
    assert_eq!(several("    - {inputs: {}, checks: [{contains: a}, {regex: \"^b\"}]}\n"), wanted);
    let found = several("    - {inputs: {}, exact_string: x, checks: {count: {min: 1, max: 4}}}\n");
    let range = NumberRange { least: 1.0, most: 4.0 };
    assert_eq!(found, [OutputCheck::Of(Expectation::ExactString("x".to_owned())), OutputCheck::Count(range)]);
    let found = several("    - {inputs: {}, jq_query: [.a, .b]}\n");
    assert_eq!(found, [".a", ".b"].map(|program| OutputCheck::Of(Expectation::JqQuery(program.to_owned()))));
    // One check alone is what it always was.
    assert_eq!(cases("    - {inputs: {}, checks: {jq_query: .a}}\n")[0].expectation, Expectation::JqQuery(".a".to_owned()));
    let found = several("    - {inputs: {}, checks: {audio: {duration: 4}, video: {fps: {min: 24}}, max_cost: 0.01}}\n");
    assert!(
        matches!(&found[0], OutputCheck::Audio(audio) if audio.duration.unwrap().has(4.05) && !audio.duration.unwrap().has(4.2))
    );
    assert!(matches!(&found[1], OutputCheck::Video(video) if video.fps.unwrap().has(60.0) && !video.fps.unwrap().has(23.0)));
}

#[test]
fn checks_that_cannot_be_used_are_reported() {
    for (check, start) in [
        ("{regex: \"(\"}", "SP036"),
        ("{json_schema: {type: 7}}", "SP036"),
        ("{max_cost: 0}", "SP036"),
        ("{count: {min: 3, max: 1}}", "SP036"),
        ("{image: {min_ssim: 0.9}}", "SP036"),
        ("{contains: \"\"}", "SP012"),
        ("{contain: a}", "SP002"),
        ("{image: {widht: 5}}", "SP002"),
    ] {
        let found = mistakes(&format!("    - {{inputs: {{}}, checks: {check}}}\n"));
        assert!(found.len() == 1 && found[0].starts_with(start), "{check}: {found:?}");
    }
}

#[test]
fn thresholds_of_a_case_and_of_the_repository_are_read() {
    let loaded = repository("    - {inputs: {}, compare: {ssim: 0.5, ignore_paths: [.id]}}\n")
        .file(".safe-push.yaml", "compare: {cases: all, shift_secs: 1}\nregressions: {predict_time: 1.3}\n")
        .loaded();
    let plan = &loaded.models[0].plan.predict;
    assert_eq!((plan.compare_rules.tolerance().shift_secs, plan.regressions.predict_time), (1.0, Some(1.3)));
    assert_eq!(plan.compare, crate::domain::plan::Comparison::All);
    let both = plan.compare_rules.with(&plan.cases[0].compare);
    assert!(both.tolerance().ssim == 0.5 && both.tolerance().shift_secs == 1.0 && both.ignores(".id"));
    for (text, code) in [
        ("compare: {simm: 1}\n", "SP002"),
        ("compare: {shift_secs: -1}\n", "SP010"),
        ("compare: {ignore_paths: [id]}\n", "SP017"),
        ("compare: maybe\n", "SP003"),
        ("regressions: {predict_time: 1.05}\n", "SP010"),
        ("regressions: {image_size: 1}\n", "SP010"),
        ("regressions: {speed: 2}\n", "SP002"),
    ] {
        let found = Repository::with_model("").file(".safe-push.yaml", text).mistakes();
        assert!(found.len() == 1 && found[0].starts_with(code), "{text}: {found:?}");
    }
}

#[test]
fn a_variable_is_sent_only_if_the_workflow_allows_it() {
    let text = "    - {inputs: {token: $(env.HF_TOKEN), text: \"$(env.HF_TOKEN) is text\"}}\n";
    let with = || repository(text).variable("HF_TOKEN", "hf_secret_value");
    let allowed = with().flag(Key::secret_variables, "HF_TOKEN").loaded();
    let case = &allowed.models[0].plan.predict.cases[0];
    assert_eq!(case.inputs, *json!({"text": "$(env.HF_TOKEN) is text"}).as_object().unwrap());
    let secrets: Vec<(&str, &str)> = case.secrets.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
    assert_eq!(secrets, [("token", "hf_secret_value")]);
    assert!(!format!("{:?}", allowed.models[0].plan).contains("hf_secret_value"));
    for (repository, words) in [
        (with(), "is not allowed"),
        (repository(text).flag(Key::secret_variables, "HF_TOKEN"), "is not set"),
        (
            repository("    - {inputs: {token: $(env.REPLICATE_API_TOKEN)}}\n")
                .variable("REPLICATE_API_TOKEN", "r8_x")
                .flag(Key::secret_variables, "REPLICATE_API_TOKEN"),
            "is a token of safe-push's own",
        ),
    ] {
        let found = said(&repository.error().findings());
        assert!(found.len() == 1 && found[0].starts_with("SP034 ") && found[0].contains(words), "{found:?}");
    }
    let skipped = "    - {inputs: {token: $(env.HF_TOKEN)}, skip: until there is a token}\n";
    assert_eq!(cases(skipped)[0].secrets.len(), 0);
}
