//! Which models a request means.

use super::Repository;
use crate::config::settings::Key;

#[test]
fn one_configuration_is_taken() {
    assert_eq!(Repository::with_models(&["dev"]).names(), ["dev"]);
}

#[test]
fn several_have_to_be_chosen_from() {
    let error = Repository::with_models(&["dev", "schnell"]).error();
    assert_eq!(error.to_string(), "no model given, and 2 are configured: dev, schnell");
    assert_eq!(error.hint().unwrap(), "choose all of them with `--models all`, or one with `--models dev`");
}

#[test]
fn a_command_that_does_no_harm_takes_all() {
    let mut repository = Repository::with_models(&["dev", "schnell"]);
    repository.sources.every_model = true;
    assert_eq!(repository.names(), ["dev", "schnell"]);
}

#[test]
fn all_are_taken_when_asked_for() {
    assert_eq!(Repository::with_models(&["dev", "schnell"]).flag(Key::models, "all").names(), ["dev", "schnell"]);
    assert_eq!(Repository::with_models(&["dev", "schnell"]).variable("SAFE_PUSH_MODELS", "all").names(), ["dev", "schnell"]);
    let in_action = Repository::with_models(&["dev", "schnell"]).variable("INPUT_MODELS", "all").in_action();
    assert_eq!(in_action.names(), ["dev", "schnell"]);
}

#[test]
fn an_empty_choice_is_none() {
    assert!(Repository::with_models(&["dev", "schnell"]).variable("SAFE_PUSH_MODELS", " ").load().is_err());
}

#[test]
fn names_are_taken_in_their_order_and_once() {
    let repository = Repository::with_models(&["dev", "pro", "schnell"]).flag(Key::models, "schnell, dev,schnell");
    assert_eq!(repository.names(), ["schnell", "dev"]);
}

#[test]
fn tests_of_live_versions_need_no_configuration() {
    let live = |repository: Repository, request: &str| {
        let repository = repository.variable("INPUT_MODELS", request).variable("INPUT_VERIFY", "live").in_action();
        let models = repository.loaded().models.into_iter();
        models.map(|model| (model.plan.model.to_string(), model.plan.config_file)).collect::<Vec<_>>()
    };
    let bare = |model: &str| (model.to_owned(), None);
    let configured = |name: &str| (format!("acme/{name}"), Some(format!("cog-safe-push-configs/{name}.yaml")));
    assert_eq!(live(Repository::new(), "acme/hotdog"), [bare("acme/hotdog")]);
    assert_eq!(live(Repository::new(), "acme/hotdog, acme/bun"), [bare("acme/hotdog"), bare("acme/bun")]);
    let several = || Repository::with_models(&["dev", "schnell"]);
    assert_eq!(live(several(), "acme/dev"), [configured("dev")]);
    assert_eq!(live(several(), "schnell, acme/schnell, acme/dev-test"), [configured("schnell"), bare("acme/dev-test")]);
    let one = || Repository::with_model("");
    assert_eq!(live(one(), "acme/bun"), [bare("acme/bun")], "the file at the top is about another model");
    assert_eq!(live(one(), "acme/hotdog"), [("acme/hotdog".to_owned(), Some("cog-safe-push.yaml".to_owned()))]);
    let error = several().variable("INPUT_MODELS", "acme/dev").in_action().error();
    assert_eq!(error.to_string(), "'acme/dev' is not a model in cog-safe-push-configs", "a push takes names");
    assert_eq!(error.hint().unwrap(), "write the name of its configuration; only `verify: live` takes OWNER/NAME");
}

#[test]
fn an_unknown_name_has_a_neighbour() {
    let error = Repository::with_models(&["dev", "schnell"]).flag(Key::models, "schnel").error();
    assert_eq!(error.to_string(), "'schnel' is not a model in cog-safe-push-configs");
    assert_eq!(error.hint().unwrap(), "did you mean 'schnell'?");
    let error = Repository::with_models(&["dev", "schnell"]).flag(Key::models, "flux-*").error();
    assert_eq!(error.to_string(), "no model in cog-safe-push-configs matches 'flux-*'");
}

#[test]
fn who_knows_what_has_changed_names_the_models() {
    let mut repository = Repository::with_models(&["dev", "schnell"]).flag(Key::models, "changed");
    repository.sources.selected = Some(vec!["schnell".parse().unwrap()]);
    assert_eq!(repository.names(), ["schnell"]);
    repository.sources.selected = Some(Vec::new());
    assert!(repository.names().is_empty());
}

#[test]
fn nobody_knows_what_has_changed_so_all_have() {
    assert_eq!(Repository::with_models(&["dev", "schnell"]).flag(Key::models, "changed").names(), ["dev", "schnell"]);
}

#[test]
fn a_model_argument_is_for_one_configuration() {
    let repository = Repository::with_models(&["dev", "schnell"]).flag(Key::models, "all").model("other/model");
    let error = repository.error();
    assert_eq!(error.to_string(), "other/model cannot replace the models of 2 configurations");
    assert_eq!(error.hint().unwrap(), "omit MODEL to use the model of each configuration, or choose one with `--models dev`");
}

#[test]
fn a_model_argument_takes_the_place_of_the_files_model() {
    let loaded = Repository::with_models(&["dev", "schnell"]).flag(Key::models, "dev").model("other/model").loaded();
    assert_eq!(loaded.models[0].plan.model.to_string(), "other/model");
    assert_eq!(loaded.models[0].plan.test_model.to_string(), "other/model-test");
}

#[test]
fn a_model_argument_chooses_its_own_configuration() {
    let repository = Repository::with_models(&["dev", "schnell"]);
    assert_eq!(repository.model("acme/schnell").names(), ["schnell"]);
}

#[test]
fn a_model_argument_that_no_configuration_is_for_is_not_published_untested() {
    let error = Repository::with_models(&["dev", "schnell"]).model("acme/shnell").error();
    assert_eq!(error.to_string(), "none of the 2 configurations is for acme/shnell: dev, schnell");
}

#[test]
fn a_version_of_the_test_model_is_verified_by_its_models_configuration() {
    let verified = |model: &str| {
        let mut repository = Repository::with_models(&["dev"]);
        repository = repository.file("cog-safe-push-configs/pro.yaml", "model: acme/pro\ntest_model: acme/staging\n");
        repository.sources.verified_model = Some(model.to_owned());
        let plan = repository.loaded().models.remove(0).plan;
        (plan.name, plan.model.to_string())
    };
    assert_eq!(verified("acme/dev-test"), ("dev".to_owned(), "acme/dev".to_owned()));
    assert_eq!(verified("acme/staging"), ("pro".to_owned(), "acme/pro".to_owned()));
    assert_eq!(verified("acme/pro"), ("pro".to_owned(), "acme/pro".to_owned()));
}

#[test]
fn a_version_without_any_configuration_is_its_own_model() {
    let mut repository = Repository::new();
    repository.sources.verified_model = Some("acme/hotdog".to_owned());
    assert_eq!(repository.loaded().models[0].plan.model.to_string(), "acme/hotdog");
}

#[test]
fn a_file_and_names_are_one_choice_too_many() {
    let repository = Repository::with_models(&["dev", "schnell"]).flag(Key::config, "cog-safe-push-configs/dev.yaml");
    let repository = repository.variable("SAFE_PUSH_MODELS", "all");
    assert_eq!(repository.names(), ["dev"]);
    let error = repository.flag(Key::models, "schnell").error();
    assert_eq!(error.to_string(), "--models is 'schnell', but --config names one configuration already");
}

#[test]
fn cog_safe_pushs_own_file_comes_first_and_is_named_after_its_model() {
    let repository = Repository::with_models(&["dev", "schnell"]).file("cog-safe-push.yaml", "model: acme/hotdog\n");
    assert_eq!(repository.names(), ["hotdog"]);
    assert_eq!(repository.flag(Key::models, "all").names(), ["dev", "schnell"]);
}

#[test]
fn cog_safe_pushs_own_file_alone_can_be_asked_for_by_name() {
    assert_eq!(Repository::with_model("").flag(Key::models, "hotdog").names(), ["hotdog"]);
    assert_eq!(Repository::with_model("").flag(Key::models, "all").names(), ["hotdog"]);
}

#[test]
fn a_named_file_is_taken() {
    let repository = Repository::with_models(&["dev", "schnell"]).file("elsewhere/x.yaml", "model: acme/x\n");
    assert_eq!(repository.flag(Key::config, "elsewhere/x.yaml").names(), ["x"]);
    let error = Repository::new().flag(Key::config, "nowhere.yaml").error();
    assert_eq!(error.to_string(), "failed to read the configuration nowhere.yaml");
}

#[test]
fn another_folder_can_hold_the_configurations() {
    let repository = Repository::new().file("safe-push-configs/dev.yaml", "model: acme/flux-dev\n");
    assert_eq!(repository.flag(Key::config_dir, "safe-push-configs/").names(), ["dev"]);
}

#[test]
fn without_a_file_the_argument_or_the_image_is_the_model() {
    assert_eq!(Repository::new().model("acme/hotdog").names(), ["hotdog"]);
    assert_eq!(Repository::new().file("cog.yaml", "image: r8.im/acme/hotdog\n").names(), ["hotdog"]);
    let error = Repository::new().file("cog.yaml", "image: example.com/acme/hotdog\n").error();
    assert!(error.to_string().starts_with("no model given: "), "{error}");
}

#[test]
fn where_no_model_was_found_is_said_and_where_some_may_be() {
    let text = |repository: Repository| {
        let error = repository.error();
        format!("{error}\n{}", error.hint().unwrap())
    };
    let nothing = "no model given: found neither cog-safe-push.yaml nor files in cog-safe-push-configs/, and";
    let pass = "pass it as OWNER/NAME, or write a configuration with `safe-push init OWNER/NAME`";
    assert_eq!(text(Repository::new()), format!("{nothing} no cog.yaml\n{pass}"));
    let project = "build:\n  python_version: \"3.11\"\n";
    assert_eq!(text(Repository::new().file("cog.yaml", project)), format!("{nothing} cog.yaml names no image\n{pass}"));
    let several = Repository::new().file("models/a/cog.yaml", project).file("models/b/cog.yaml", project);
    assert_eq!(
        text(several),
        format!(
            "{nothing} cog.yaml is in models/a, models/b\nchoose a folder with `--working-directory models/a`, or write a \
             configuration for each with `safe-push init OWNER`"
        )
    );
}

#[test]
fn names_of_all_configurations_are_known_without_reading_them() {
    let repository = Repository::with_models(&["schnell", "dev"]).file("cog-safe-push-configs/broken.yaml", ": [");
    let configured = repository.configured();
    let names: Vec<&str> = configured.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["broken", "dev", "schnell"]);
    assert_eq!(configured.models[1].file, "cog-safe-push-configs/dev.yaml");
}

#[test]
fn a_file_that_cannot_name_a_model_stops_a_run_of_all() {
    let repository = Repository::with_models(&["dev", "my model"]);
    assert_eq!(
        repository.flag(Key::models, "all").mistakes(),
        [
            "SP015 cog-safe-push-configs/my model.yaml: 'my model.yaml' cannot be a model's name: it has a space [rename the file with ASCII \
          letters, digits, '.', '_' and '-']"
        ]
    );
    assert_eq!(Repository::with_models(&["dev", "my model"]).flag(Key::models, "dev").names(), ["dev"]);
}

#[test]
fn two_files_for_one_model_stop_its_run() {
    let repository = Repository::with_models(&["dev"]).file("cog-safe-push-configs/dev.yml", "model: acme/dev\n");
    assert_eq!(
        repository.flag(Key::models, "dev").mistakes(),
        ["SP016 cog-safe-push-configs/dev.yml: 'dev' already has a configuration, cog-safe-push-configs/dev.yaml [remove one \
          of the two]"]
    );
}
