//! Mistakes are reported all at once, with file, line, column and value.

use super::{Repository, said};
use crate::config::settings::Key;

fn mistakes(text: &str) -> Vec<String> {
    Repository::with_model(text).mistakes()
}

#[test]
fn an_unknown_key_has_its_place_and_a_neighbour() {
    assert_eq!(
        mistakes("test_hardwear: cpu\n"),
        ["SP002 cog-safe-push.yaml:2:1: 'test_hardwear' is not a key [did you mean 'test_hardware'?]"]
    );
    assert_eq!(
        mistakes("predict:\n  fuzz:\n    iteration: 3\n"),
        ["SP002 cog-safe-push.yaml:4:5: 'iteration' is not a key of predict.fuzz [did you mean 'iterations'?]"]
    );
    assert_eq!(
        mistakes("deployment:\n  name: x\n  zebra: 1\n"),
        ["SP002 cog-safe-push.yaml:4:3: 'zebra' is not a key of deployment [the keys are owner, name, hardware]"]
    );
}

#[test]
fn a_value_of_another_kind_is_shown() {
    assert_eq!(
        mistakes("parallel: four\n"),
        [
            "SP003 cog-safe-push.yaml:2:11: parallel is the text 'four', not a whole number from 0 [write a whole number without a sign, as in 4]"
        ]
    );
    assert_eq!(
        mistakes("parallel: -1\n"),
        [
            "SP003 cog-safe-push.yaml:2:11: parallel is the number -1, not a whole number from 0 [write a whole number without a sign, as in 4]"
        ]
    );
    assert_eq!(
        mistakes("predict:\n  predict_timeout: 1.5\n"),
        [
            "SP003 cog-safe-push.yaml:3:20: predict.predict_timeout is the number 1.5, not a whole number from 0 [write a whole number without a sign, as in 4]"
        ]
    );
    assert_eq!(
        mistakes("use_cog_base_image: 3\n"),
        ["SP003 cog-safe-push.yaml:2:21: use_cog_base_image is the number 3, not true or false [write true or false]"]
    );
    assert_eq!(
        mistakes("test_hardware: [cpu]\n"),
        ["SP003 cog-safe-push.yaml:2:16: test_hardware is a list, not text [write a single value]"]
    );
    assert_eq!(
        mistakes("predict: yes\n"),
        ["SP003 cog-safe-push.yaml:2:10: predict is true, not a mapping [write `key: value` lines]"]
    );
}

#[test]
fn numbers_and_booleans_in_quotes_are_taken_as_cog_safe_push_takes_them() {
    let loaded =
        Repository::with_model("parallel: \"8\"\npredict:\n  compare_outputs: \"false\"\n  predict_timeout: 60.0\n").loaded();
    let plan = &loaded.models[0].plan;
    assert_eq!((plan.parallel, plan.limits.predict.as_secs()), (8, 60));
    assert_eq!(plan.predict.compare, crate::domain::plan::Comparison::Off);
}

#[test]
fn an_empty_checker_is_reported() {
    for key in ["match_prompt", "jq_query", "match_url", "error_contains"] {
        let text = format!("predict:\n  test_cases:\n    - inputs: {{a: 1}}\n      {key}: \"\"\n");
        let column = 9 + key.len();
        assert_eq!(
            mistakes(&text),
            [format!(
                "SP012 cog-safe-push.yaml:5:{column}: predict.test_cases[0].{key} is empty [write what is expected, or remove the key]"
            )]
        );
    }
    let blank = "predict:\n  test_cases:\n    - inputs: {}\n      jq_query: \"  \"\n";
    assert_eq!(mistakes(blank).len(), 1);
}

#[test]
fn an_empty_exact_string_is_meant() {
    let loaded = Repository::with_model("predict:\n  test_cases:\n    - inputs: {}\n      exact_string: \"\"\n").loaded();
    assert_eq!(loaded.models[0].plan.predict.cases[0].expectation.wanted(), Some(""));
}

#[test]
fn an_empty_checker_of_a_flag_is_reported() {
    let error = Repository::with_model("predict: {}\n").flag(Key::test_cases, "a=1~=").error();
    assert_eq!(
        error.to_string(),
        "--test-case is 'a=1~=', but nothing follows the operator, so match_prompt would accept everything"
    );
    assert!(Repository::with_model("predict: {}\n").flag(Key::test_cases, "a=1==").load().is_ok());
}

#[test]
fn two_checkers_are_reported_at_the_second() {
    let text = "predict:\n  test_cases:\n    - inputs: {}\n      jq_query: .a\n      exact_string: x\n";
    assert_eq!(
        mistakes(text),
        [
            "SP005 cog-safe-push.yaml:5:7: a test case has both exact_string and jq_query [put both below checks, or make it two test cases]"
        ]
    );
}

#[test]
fn an_input_is_not_both_fixed_and_disabled() {
    let text = "predict:\n  fuzz:\n    fixed_inputs: {seed: 1}\n    disabled_inputs: [debug, seed]\n";
    assert_eq!(
        mistakes(text),
        ["SP008 cog-safe-push.yaml:5:30: 'seed' is both fixed and disabled [remove it from one of the two]"]
    );
}

#[test]
fn an_input_that_flags_fix_and_disable_is_reported() {
    let both = Repository::with_model("predict: {}\n")
        .flag(Key::fuzz_iterations, "2")
        .flag(Key::fuzz_fixed_inputs, "seed=1;a=2")
        .flag(Key::fuzz_disabled_inputs, "b;seed");
    assert_eq!(
        both.mistakes(),
        [
            "SP008 'seed' is both fixed and disabled (disabled by --fuzz-disabled-inputs) (fixed by --fuzz-fixed-inputs) [remove it from \
          one of the two]"
        ]
    );
    let one = Repository::with_model("predict:\n  fuzz:\n    fixed_inputs: {seed: 1}\n").flag(Key::fuzz_disabled_inputs, "seed");
    assert_eq!(
        one.mistakes(),
        ["SP008 cog-safe-push.yaml:4:5: 'seed' is both fixed and disabled (disabled by --fuzz-disabled-inputs) (fixed by \
          cog-safe-push.yaml) [remove it from one of the two]"]
    );
}

#[test]
fn a_flag_can_mend_what_the_file_would_do_with_another() {
    let text = "predict:\n  fuzz:\n    fixed_inputs: {seed: 1}\n    disabled_inputs: [debug]\n";
    let loaded = Repository::with_model(text).flag(Key::fuzz_fixed_inputs, "steps=3").loaded();
    let fuzz = loaded.models[0].plan.predict.fuzz.clone().unwrap();
    assert_eq!((fuzz.fixed_inputs.len(), fuzz.disabled_inputs), (1, vec!["debug".to_owned()]));
}

#[test]
fn a_number_out_of_range_has_its_place() {
    assert_eq!(
        mistakes("parallel: 0\n"),
        ["SP010 cog-safe-push.yaml:2:11: parallel is 0, not 1 to 256 (set by cog-safe-push.yaml)"]
    );
    assert_eq!(
        mistakes("predict:\n  predict_timeout: 0\n  fuzz:\n    iterations: 10001\n"),
        [
            "SP010 cog-safe-push.yaml:3:20: predict_timeout is 0, not 1 to 604800 (set by cog-safe-push.yaml)",
            "SP010 cog-safe-push.yaml:5:17: fuzz_iterations is 10001, not 0 to 10000 (set by cog-safe-push.yaml)",
        ]
    );
    assert_eq!(
        mistakes("train:\n  train_timeout: 700000\n"),
        ["SP010 cog-safe-push.yaml:3:18: train_timeout is 700000, not 1 to 604800 (set by cog-safe-push.yaml)"]
    );
}

#[test]
fn a_number_out_of_range_in_the_repositorys_settings_has_its_place() {
    let repository = Repository::with_model("").file(".safe-push.yaml", "health: warn\nparallel: 999\n");
    assert_eq!(repository.mistakes(), ["SP010 .safe-push.yaml:2:11: parallel is 999, not 1 to 256 (set by .safe-push.yaml)"]);
    let of_model = Repository::with_model("").file(".safe-push.yaml", "models:\n  hotdog:\n    startup_timeout: 0\n");
    assert_eq!(
        of_model.mistakes(),
        ["SP010 .safe-push.yaml:3:22: startup_timeout is 0, not 1 to 604800 (set by .safe-push.yaml (models.hotdog))"]
    );
}

#[test]
fn a_number_out_of_range_elsewhere_names_who_set_it() {
    let by_flag = Repository::with_model("parallel: 2\n").flag(Key::parallel, "0");
    assert_eq!(by_flag.mistakes(), ["SP010 parallel is 0, not 1 to 256 (set by --parallel)"]);
    let by_variable = Repository::with_model("").variable("SAFE_PUSH_PREDICT_TIMEOUT", "0");
    assert_eq!(by_variable.mistakes(), ["SP010 predict_timeout is 0, not 1 to 604800 (set by SAFE_PUSH_PREDICT_TIMEOUT)"]);
}

#[test]
fn a_name_of_no_model_is_shown() {
    assert_eq!(
        Repository::new().file("cog-safe-push.yaml", "model: hotdog\n").mistakes(),
        ["SP006 cog-safe-push.yaml:1:8: model 'hotdog' is not OWNER/NAME [write its owner and its name, as in acme/hotdog]"]
    );
    assert_eq!(mistakes("official_model: a/b/c\n").len(), 1);
}

#[test]
fn missing_values_are_reported() {
    assert_eq!(
        Repository::new().file("cog-safe-push.yaml", "parallel: 2\n").mistakes(),
        ["SP004 cog-safe-push.yaml:1:1: 'model' is missing [name the live model, as in `model: acme/hotdog`]"]
    );
    assert_eq!(
        mistakes("deployment:\n  owner: acme\n"),
        ["SP004 cog-safe-push.yaml:3:3: 'deployment.name' is missing [name the deployment, or remove the section]"]
    );
    assert_eq!(
        mistakes("predict:\n  test_cases:\n    - exact_string: x\n"),
        ["SP004 cog-safe-push.yaml:4:7: 'inputs' is missing [write `inputs: {}` for a case without inputs]"]
    );
}

#[test]
fn all_mistakes_of_all_files_are_reported_at_once() {
    let repository = Repository::new()
        .file("cog-safe-push-configs/a.yaml", "model: acme/a\nparalel: 1\nfuzz: 3\n")
        .file("cog-safe-push-configs/b.yaml", "model: b\n")
        .file(".safe-push.yaml", "helth: off\n")
        .flag(Key::models, "all");
    let codes: Vec<String> = repository.mistakes().iter().map(|line| line[..line.find(": ").unwrap()].to_owned()).collect();
    assert_eq!(
        codes,
        [
            "SP002 .safe-push.yaml:1:1",
            "SP002 cog-safe-push-configs/a.yaml:2:1",
            "SP002 cog-safe-push-configs/a.yaml:3:1",
            "SP006 cog-safe-push-configs/b.yaml:1:8",
        ]
    );
}

#[test]
fn invalid_yaml_is_reported_on_its_line() {
    let mistakes = mistakes("predict: [\n");
    assert!(mistakes[0].starts_with("SP001 cog-safe-push.yaml:"), "{mistakes:?}");
}

#[test]
fn a_choice_has_a_neighbour() {
    let repository = Repository::with_model("").file(".safe-push.yaml", "compare: frist\ncomment: of\n");
    assert_eq!(
        repository.mistakes(),
        [
            "SP003 .safe-push.yaml:1:10: compare is 'frist', not one of off, first, all [did you mean 'first'?]",
            "SP003 .safe-push.yaml:2:10: comment is 'of', not one of update, off [did you mean 'off'?]",
        ]
    );
}

#[test]
fn a_setting_outside_of_files_names_its_source() {
    let error = Repository::with_model("").variable("SAFE_PUSH_PARALLEL", "many").error();
    assert_eq!(error.to_string(), "SAFE_PUSH_PARALLEL is 'many', but it must be a whole number, 0 or more");
    let error = Repository::with_model("").flag(Key::builder, "nativ").error();
    assert_eq!(error.hint().unwrap(), "did you mean 'native'?");
    let error = Repository::with_model("").flag(Key::test_model, "hotdog-test").error();
    assert_eq!(error.to_string(), "--test-model is 'hotdog-test', but it is not OWNER/NAME");
}

#[test]
fn a_misspelled_variable_is_reported_and_stops_nothing() {
    let loaded = Repository::with_model("").variable("SAFE_PUSH_PARALEL", "8").loaded();
    assert_eq!(
        said(&loaded.findings),
        ["SP014 SAFE_PUSH_PARALEL is set, but it is not a variable of safe-push [did you mean SAFE_PUSH_PARALLEL?]"]
    );
}

#[test]
fn a_misspelled_variable_can_be_ignored_or_made_a_mistake() {
    let with = |settings: &str| Repository::with_model("").variable("SAFE_PUSH_PARALEL", "8").file(".safe-push.yaml", settings);
    assert!(with("ignore: [SP014]\n").loaded().findings.is_empty());
    assert_eq!(with("severity: {SP014: error}\n").mistakes().len(), 1);
}

#[test]
fn a_section_for_a_model_that_is_not_there_is_reported() {
    let repository =
        Repository::with_models(&["dev"]).file(".safe-push.yaml", "models:\n  dev: {parallel: 2}\n  dve: {parallel: 3}\n");
    assert_eq!(
        said(&repository.loaded().findings),
        ["SP013 .safe-push.yaml:3:3: 'dve' is not a model, so its section has no effect [did you mean 'dev'?]"]
    );
}

#[test]
fn an_invalid_pattern_is_reported_at_its_item() {
    let repository = Repository::with_model("").file(".safe-push.yaml", "paths:\n  - src/**\n  - \"src/[\"\n");
    let mistakes = repository.mistakes();
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].starts_with("SP017 .safe-push.yaml:3:5: 'src/[' is not a valid path pattern"), "{mistakes:?}");
}

#[test]
fn an_unknown_rule_is_reported() {
    let repository = Repository::with_model("").file(".safe-push.yaml", "ignore: [input-removed]\n");
    assert!(repository.mistakes()[0].starts_with("SP011 .safe-push.yaml:1:10: 'input-removed' is not a rule code"));
}

#[test]
fn keys_without_effect_are_warnings() {
    let loaded = Repository::with_model("fast_push: true\npredict:\n  fuzz: {duration: 3}\n").loaded();
    assert_eq!(
        said(&loaded.models[0].findings),
        [
            "SP009 cog-safe-push.yaml:2:12: 'fast_push' has no effect [Cog no longer has fast pushes; remove it]",
            "SP009 cog-safe-push.yaml:4:20: 'duration' has no effect [the number of iterations decides; remove it]",
        ]
    );
}

mod any_text {
    use proptest::prelude::{ProptestConfig, any, proptest};

    use crate::config::{model_file, repository_file};

    /// Pieces of configurations, so that texts reach beyond the first line.
    const PIECES: [&str; 24] = [
        "model:",
        " acme/hotdog",
        "\n",
        "  ",
        "predict:",
        "test_cases:",
        "- ",
        "inputs:",
        " {",
        "}",
        " [",
        "]",
        "fuzz:",
        "iterations:",
        " 3",
        "exact_string:",
        "jq_query:",
        " \"\"",
        "fixed_inputs:",
        "disabled_inputs:",
        "models:",
        "paths:",
        " &a *a",
        "parallel: -1",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn is_read_without_harm(text in any::<String>()) {
            let (_, findings) = model_file::parse(&text, "x");
            assert!(findings.iter().all(|finding| finding.location.is_some()));
            let (_, findings) = repository_file::parse(&text, "x");
            assert!(findings.iter().all(|finding| finding.location.is_some()));
        }

        #[test]
        fn of_pieces_is_read_without_harm(chosen in proptest::collection::vec(0..PIECES.len(), 0..60)) {
            let text: String = chosen.into_iter().map(|piece| PIECES[piece]).collect();
            let (_, findings) = model_file::parse(&text, "x");
            assert!(findings.iter().all(|finding| finding.location.is_some()));
            let (_, findings) = repository_file::parse(&text, "x");
            assert!(findings.iter().all(|finding| finding.location.is_some()));
        }
    }
}

#[test]
fn what_a_checkout_names_as_build_secret_stays_inside_of_it_or_is_allowed() {
    let reported = |secret: &str| {
        let repository = Repository::with_model("").file(".safe-push.yaml", &format!("docker_secrets: [\"{secret}\"]\n"));
        repository.file("token", "x").mistakes()
    };
    assert_eq!(
        reported("id=a,env=HF_TOKEN"),
        ["SP031 .safe-push.yaml:1:18: the build secret 'a' is taken from HF_TOKEN, which is not allowed \
          [allow it with --secret-variable HF_TOKEN]"]
    );
    for secret in ["id=a,src=/etc/passwd", "id=a,src=../x", "id=a,src=/etc/shadow"] {
        assert!(reported(secret)[0].starts_with("SP030 .safe-push.yaml:1:18: "), "{secret}: {:?}", reported(secret));
    }
    for token in
        ["REPLICATE_API_TOKEN", "COG_TOKEN", "ANTHROPIC_API_KEY", "GITHUB_TOKEN", "INPUT_COG_TOKEN", "ACTIONS_RUNTIME_TOKEN"]
    {
        let repository = Repository::with_model("").file(".safe-push.yaml", &format!("docker_secrets: [\"id=a,env={token}\"]\n"));
        let reported = repository.flag(Key::secret_variables, token).mistakes();
        assert!(reported[0].contains("which is a token of safe-push's own"), "{reported:?}");
    }
    let of_git = Repository::with_model("")
        .file(".git/config", "token")
        .file(".safe-push.yaml", "docker_secrets: [\"id=a,src=.git/config\"]\n");
    assert!(of_git.mistakes()[0].contains("is a file of git's own, which may hold a token"));
    let inside = Repository::with_model("").file("token", "x").file(".safe-push.yaml", "docker_secrets: [\"id=a,src=token\"]\n");
    assert!(inside.loaded().models[0].plan.build.secrets_of_checkout);
    let allowed = Repository::with_model("").file(".safe-push.yaml", "docker_secrets: [\"id=a,env=HF_TOKEN\"]\n");
    assert_eq!(allowed.flag(Key::secret_variables, "HF_TOKEN").loaded().models[0].plan.build.secrets, ["id=a,env=HF_TOKEN"]);
    let own = Repository::with_model("").flag(Key::docker_secrets, "id=a,env=HF_TOKEN").loaded();
    assert!(!own.models[0].plan.build.secrets_of_checkout, "the user names it");
}

#[test]
fn folders_that_a_checkout_names_stay_inside_of_it() {
    for (key, flag, folders) in [
        ("report_dir", "report-dir", ["../x", "/etc", "a/../../x"]),
        ("config_dir", "config-dir", ["/root/.config/gh", "../../x", "a/../../b"]),
    ] {
        for folder in folders {
            let repository = Repository::with_model("").file(".safe-push.yaml", &format!("{key}: {folder}\n"));
            let expected = format!(
                "SP030 .safe-push.yaml:1:13: {key} is {folder}, which is outside the repository [name a folder of the repository, or \
                 set --{flag}]"
            );
            assert_eq!(repository.mistakes(), [expected]);
        }
    }
    for folder in [".git/hooks", ".git", "a/.GIT/hooks", "./.git"] {
        let repository = Repository::with_model("").file(".safe-push.yaml", &format!("report_dir: {folder}\n"));
        let expected = format!(
            "SP030 .safe-push.yaml:1:13: report_dir is {folder}, which is in git's own folder [name a folder of the repository, or set \
             --report-dir]"
        );
        assert_eq!(repository.mistakes(), [expected]);
    }
    let own = Repository::with_model("").flag(Key::report_dir, "/tmp/x").loaded();
    assert_eq!(own.run.settings.report_dir, std::path::Path::new("/tmp/x"));
}

#[test]
fn the_readme_is_a_file_of_the_checkout() {
    let reported = |settings: &str| {
        let repository = Repository::with_model("").file(".safe-push.yaml", settings).file(".git/config", "token");
        repository.mistakes()
    };
    for file in ["/etc/passwd", "../x", ".git/config", "/dev/zero"] {
        for (settings, place) in
            [(format!("readme: {file}\n"), "1:9"), (format!("models:\n  hotdog:\n    readme: {file}\n"), "3:13")]
        {
            let found = reported(&settings);
            assert!(
                found.iter().any(|line| line.starts_with(&format!("SP030 .safe-push.yaml:{place}: readme "))),
                "{settings}: {found:?}"
            );
        }
    }
    let inside = Repository::with_model("").file(".safe-push.yaml", "readme: MODEL.md\n");
    assert_eq!(inside.file("MODEL.md", "x").loaded().models[0].plan.readme.as_deref(), Some("MODEL.md"));
    let later = Repository::with_model("").file(".safe-push.yaml", "readme: MODEL.md\n");
    assert!(later.loaded().models[0].plan.readme.is_some(), "a script may still write it");
}

#[test]
fn what_lets_more_be_published_is_not_for_a_checkout_to_say() {
    for key in ["allow_moved_live", "allow_public_test_model", "push_official_model"] {
        let found = Repository::with_model("").file(".safe-push.yaml", &format!("{key}: true\n")).mistakes();
        assert!(found[0].starts_with("SP002 .safe-push.yaml:1:1: "), "{key}: {found:?}");
        let found =
            Repository::with_model("").file(".safe-push.yaml", &format!("models: {{ hotdog: {{ {key}: true }} }}\n")).mistakes();
        assert!(found[0].starts_with("SP002 .safe-push.yaml:1:"), "{key}: {found:?}");
    }
}

#[test]
fn a_placeholder_of_init_is_named_with_its_line() {
    let of = |text: &str| said(&Repository::with_model(text).loaded().models[0].findings);
    assert_eq!(
        of(
            "predict:\n  test_cases:\n    - inputs:\n        text: replace me\n  fuzz:\n    fixed_inputs: {image: https://example.com/replace-me.png}\n"
        ),
        [
            "SP037 cog-safe-push.yaml:5:9: input 'text' still has the placeholder \"replace me\" [send what a user would send, and say what the output should be]",
            "SP037 cog-safe-push.yaml:7:20: input 'image' still has the placeholder \"https://example.com/replace-me.png\" [send what a user would send, and say what the output should be]",
        ]
    );
    for fine in ["inputs: {text: replace me now}", "inputs: {text: replace me}\n      exact_string: replaced"] {
        assert_eq!(of(&format!("predict:\n  test_cases:\n    - {fine}\n")), [""; 0], "{fine}");
    }
}
