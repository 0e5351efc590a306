//! Later layers win.

use super::Repository;
use crate::config::CommentMode;
use crate::config::settings::Key;
use crate::support::ExposeSecret;

fn parallel(repository: &Repository) -> usize {
    repository.loaded().models[0].plan.parallel
}

#[test]
fn later_layers_win() {
    let repository = Repository::with_model("");
    assert_eq!(parallel(&repository), 4);
    let repository = repository.file(".safe-push.yaml", "parallel: 5\n");
    assert_eq!(parallel(&repository), 5);
    let repository = repository.file(".safe-push.yaml", "parallel: 5\nmodels: {hotdog: {parallel: 6}}\n");
    assert_eq!(parallel(&repository), 6);
    let repository = repository.file("cog-safe-push.yaml", "model: acme/hotdog\nparallel: 7\n");
    assert_eq!(parallel(&repository), 7);
    let repository = repository.variable("SAFE_PUSH_PARALLEL", "8").variable("INPUT_PARALLEL", "9");
    assert_eq!(parallel(&repository), 8);
    let repository = repository.in_action();
    assert_eq!(parallel(&repository), 9);
    assert_eq!(parallel(&repository.flag(Key::parallel, "10")), 10);
}

#[test]
fn empty_is_absent() {
    let repository = Repository::with_model("parallel:\n").variable("SAFE_PUSH_PARALLEL", " ").variable("INPUT_PARALLEL", "");
    assert_eq!(parallel(&repository.in_action()), 4);
}

#[test]
fn inputs_may_be_written_with_hyphens() {
    let repository = Repository::with_model("").variable("INPUT_TEST-ONLY", "true").in_action();
    assert_eq!(repository.loaded().models[0].plan.publish, crate::domain::plan::PublishMode::TestOnly);
}

#[test]
fn limits_are_those_of_cog_safe_push_unless_set() {
    let limits = Repository::with_model("").loaded().models[0].plan.limits;
    assert_eq!((limits.predict.as_secs(), limits.train.as_secs(), limits.startup.as_secs()), (300, 300, 900));
    let limits = Repository::with_model("train: {train_timeout: 1800}\n").loaded().models[0].plan.limits;
    assert_eq!(limits.train.as_secs(), 1800);
}

#[test]
fn defaults_in_the_help_are_those_that_hold() {
    let plan = Repository::with_model("predict: {fuzz: {}}\n").loaded().models.remove(0).plan;
    let shown = |key: Key| key.setting().default_text().unwrap();
    assert_eq!(shown(Key::train_timeout), plan.limits.train.as_secs().to_string());
    assert_eq!(shown(Key::predict_timeout), plan.limits.predict.as_secs().to_string());
    assert_eq!(shown(Key::startup_timeout), plan.limits.startup.as_secs().to_string());
    assert_eq!(shown(Key::parallel), plan.parallel.to_string());
    assert_eq!(shown(Key::fuzz_iterations), plan.predict.fuzz.unwrap().iterations.to_string());
}

#[test]
fn every_name_of_an_event_is_a_trigger_type() {
    let trigger =
        |name: &str| Repository::with_model("").variable("INPUT_TRIGGER_TYPE", name).in_action().loaded().run.settings.trigger_type;
    assert_eq!(trigger(""), None);
    for name in ["pull_request", "push", "release", "repository_dispatch", "invented_later"] {
        assert_eq!(trigger(name).as_deref(), Some(name));
    }
}

#[test]
fn the_comment_is_kept_up_to_date_unless_switched_off() {
    let comment = |repository: Repository| repository.loaded().run.settings.comment;
    assert_eq!(comment(Repository::with_model("")), CommentMode::Update);
    assert_eq!(comment(Repository::with_model("").file(".safe-push.yaml", "comment: off\n")), CommentMode::Off);
    assert_eq!(comment(Repository::with_model("").variable("INPUT_COMMENT", "off").in_action()), CommentMode::Off);
    assert_eq!(comment(Repository::with_model("").flag(Key::comment, "off")), CommentMode::Off);
}

#[test]
fn where_changes_are_counted_from_can_be_set() {
    assert_eq!(Repository::with_model("").loaded().run.settings.base, None);
    let repository = Repository::with_model("").file(".safe-push.yaml", "base: trunk\n");
    assert_eq!(repository.loaded().run.settings.base.as_deref(), Some("trunk"));
}

#[test]
fn paths_of_a_model_come_before_those_of_all() {
    let settings = "paths: [shared]\nmodels:\n  dev: {paths: [flux, \"!flux/docs\"]}\n";
    let run = Repository::with_models(&["dev", "pro"]).file(".safe-push.yaml", settings).flag(Key::models, "all").loaded().run;
    assert!(run.paths.of_model("dev").unwrap().matches("flux/a.py"));
    assert!(!run.paths.of_model("dev").unwrap().matches("flux/docs/a.md"));
    assert!(!run.paths.of_model("dev").unwrap().matches("shared/a.py"));
    assert!(run.paths.of_model("pro").unwrap().matches("shared/a.py"));
}

#[test]
fn the_select_script_is_only_named_when_somebody_named_it() {
    assert_eq!(Repository::with_model("").loaded().run.settings.select_script, None);
    let run = Repository::with_model("").variable("INPUT_SELECT_SCRIPT", "tools/choose").in_action().loaded().run;
    assert_eq!(run.settings.select_script.as_deref(), Some("tools/choose"));
}

#[test]
fn tokens_come_from_inputs_before_variables_and_cannot_be_seen() {
    let repository = Repository::with_model("").variable("COG_TOKEN", "token-one").variable("INPUT_COG_TOKEN", "token-two");
    assert_eq!(repository.loaded().run.tokens.cog.unwrap().expose_secret(), "token-one");
    let run = repository.in_action().loaded().run;
    assert!(!format!("{run:?}").contains("token-two"));
    assert_eq!(run.tokens.cog.unwrap().expose_secret(), "token-two");
}

#[test]
fn a_folder_of_the_repository_can_be_the_working_directory() {
    let repository = Repository::new()
        .file("models/a/cog-safe-push.yaml", "model: acme/a\n")
        .variable("SAFE_PUSH_WORKING_DIRECTORY", "models/a");
    let loaded = repository.loaded();
    assert_eq!(loaded.models[0].plan.project, repository.folder.path().join("models/a"));
}
