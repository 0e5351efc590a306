//! Which folder holds a model's project.

use super::{Repository, said};
use crate::domain::project_place::ProjectPlace;

const COG_YAML: &str = "build:\n  python_version: \"3.12\"\npredict: predict.py:Predictor\n";

/// A repository with projects in these folders.
fn with_projects(folders: &[&str]) -> Repository {
    let file = |folder: &str| if folder.is_empty() { "cog.yaml".to_owned() } else { format!("{folder}/cog.yaml") };
    folders.iter().fold(Repository::new(), |repository, folder| repository.file(&file(folder), COG_YAML))
}

impl Repository {
    fn config(self, path: &str, model: &str) -> Self {
        self.file(path, &format!("model: acme/{model}\n"))
    }

    /// Each model with the folder that is built and the path of its configuration of Cog.
    fn places(mut self) -> Vec<String> {
        self.sources.every_model = true;
        let loaded = self.loaded();
        let shown = |plan: &crate::domain::plan::ModelPlan| {
            assert_eq!(plan.repository(), self.folder.path());
            assert!(plan.project.join(plan.place.config_name()).is_file() || plan.place == ProjectPlace::default());
            format!("{} {:?} {}", plan.name, plan.place.context, plan.place.config_file())
        };
        loaded.models.iter().map(|model| shown(&model.plan)).collect()
    }

    fn warnings(mut self) -> Vec<String> {
        self.sources.every_model = true;
        said(&self.loaded().models.iter().flat_map(|model| model.findings.clone()).collect::<Vec<_>>())
    }
}

#[test]
fn a_folder_that_is_called_like_the_model_holds_it() {
    let repository = with_projects(&["models/a", "models/b"]);
    let repository = repository.config("cog-safe-push-configs/a.yaml", "x").config("cog-safe-push-configs/other.yaml", "B");
    assert_eq!(repository.places(), ["a \"models/a\" models/a/cog.yaml", "other \"models/b\" models/b/cog.yaml"]);
}

#[test]
fn configurations_beside_their_projects_are_found() {
    let repository = with_projects(&["models/a", "models/b", "models/without"]);
    let repository = repository.config("models/a/cog-safe-push.yaml", "x").config("models/b/cog-safe-push.yaml", "y");
    let configured = repository.configured();
    let listed: Vec<String> =
        configured.models.iter().map(|model| format!("{} {} {}", model.name, model.file, model.context)).collect();
    assert_eq!(listed, ["a models/a/cog-safe-push.yaml models/a", "b models/b/cog-safe-push.yaml models/b"]);
    assert_eq!(repository.places(), ["a \"models/a\" models/a/cog.yaml", "b \"models/b\" models/b/cog.yaml"]);
}

#[test]
fn a_configuration_that_is_named_on_the_command_line_has_its_neighbour() {
    let repository = with_projects(&["models/a", "models/b"]).config("models/b/push.yaml", "x").config("a.yaml", "y");
    let named = |repository: Repository, file: &str| repository.flag(crate::config::settings::Key::config, file).places();
    assert_eq!(named(repository, "models/b/push.yaml"), ["push \"models/b\" models/b/cog.yaml"]);
    let repository = with_projects(&["models/a", "models/b"]).config("a.yaml", "y");
    assert_eq!(named(repository, "a.yaml"), ["a \"models/a\" models/a/cog.yaml"]);
}

#[test]
fn the_only_project_is_everybodys() {
    let repository = with_projects(&["src/model"]).config("cog-safe-push.yaml", "x");
    assert_eq!(repository.places(), ["x \"src/model\" src/model/cog.yaml"]);
}

#[test]
fn a_repository_that_is_a_project_stays_one() {
    let repository = with_projects(&["", "models/a"]).config("cog-safe-push-configs/a.yaml", "a");
    assert_eq!(repository.places(), ["a \"\" cog.yaml"]);
}

#[test]
fn a_script_makes_the_repository_a_project() {
    let repository = with_projects(&["models/a"]).config("cog-safe-push-configs/a.yaml", "a").file("script/select-model", "");
    assert_eq!(repository.places(), ["a \"\" cog.yaml"]);
    let repository = with_projects(&["models/a"]).config("cog-safe-push-configs/a.yaml", "a").file("script/select-model", "");
    let without = repository.file(".safe-push.yaml", "select_script: none\n");
    assert_eq!(without.places(), ["a \"models/a\" models/a/cog.yaml"]);
}

#[test]
fn a_setting_names_the_folder_and_what_is_built() {
    let settings = "models:\n  one:\n    folder: ./models/a/\n  two:\n    folder: models/b\n    context: .\n";
    let repository = with_projects(&["models/a", "models/b", "models/c"]).file(".safe-push.yaml", settings);
    let repository = repository.config("cog-safe-push-configs/one.yaml", "x").config("cog-safe-push-configs/two.yaml", "y");
    assert_eq!(repository.places(), ["one \"models/a\" models/a/cog.yaml", "two \"\" models/b/cog.yaml"]);
}

#[test]
fn a_context_alone_is_above_the_folder_that_was_found() {
    let repository = with_projects(&["models/a", "models/b"]).file(".safe-push.yaml", "models:\n  a:\n    context: models\n");
    assert_eq!(repository.config("cog-safe-push-configs/a.yaml", "x").places(), ["a \"models\" models/a/cog.yaml"]);
}

#[test]
fn an_unclear_folder_is_reported_with_the_setting_that_decides() {
    let repository = with_projects(&["one/a", "two/a", "b"]).config("cog-safe-push-configs/a.yaml", "x");
    assert_eq!(
        repository.warnings(),
        ["SP032 cog-safe-push-configs/a.yaml: it is not clear which folder holds 'a': cog.yaml is in one/a, two/a [name it in \
          .safe-push.yaml, as in `models: {a: {folder: one/a}}`]"]
    );
}

#[test]
fn folders_outside_of_the_repository_are_refused() {
    for (key, folder) in [("folder", "../a"), ("folder", "/a"), ("context", "..")] {
        let settings = format!("models:\n  x:\n    {key}: {folder}\n");
        let repository = with_projects(&["a"]).file(".safe-push.yaml", &settings).config("cog-safe-push.yaml", "x");
        let mistakes = repository.mistakes();
        assert!(mistakes.len() == 1 && mistakes[0].starts_with("SP030 .safe-push.yaml:3:"), "{mistakes:?}");
    }
    let settings = "models:\n  x:\n    folder: a\n    context: ab\n";
    let repository = with_projects(&["a"]).file(".safe-push.yaml", settings).config("cog-safe-push.yaml", "x");
    assert!(repository.mistakes()[0].starts_with("SP033 .safe-push.yaml:4:"));
}

#[test]
fn the_whole_repository_has_no_folder() {
    let repository = with_projects(&["a"]).file(".safe-push.yaml", "folder: a\n").config("cog-safe-push.yaml", "x");
    assert!(repository.mistakes()[0].starts_with("SP002 .safe-push.yaml:1:1"), "{:?}", repository.mistakes());
}

#[test]
fn other_projects_are_not_checked() {
    let hidden = with_projects(&["node_modules/a", ".cache/a", "venv/a", "1/2/3/4/5/a", "mine"]);
    assert_eq!(hidden.config("cog-safe-push.yaml", "x").places(), ["x \"mine\" mine/cog.yaml"]);
}

#[test]
fn a_project_without_the_name_of_a_model_is_named_after_its_folder() {
    let mut repository = with_projects(&["hot dog!"]);
    assert_eq!(repository.error().to_string().split(':').next(), Some("no model given"));
    repository.sources.model_optional = true;
    let plan = repository.loaded().models.remove(0).plan;
    assert_eq!((plan.name.as_str(), plan.model.to_string().as_str(), plan.is_named), ("hotdog", "unnamed/hotdog", false));
    let with_image = repository.file("hot dog!/cog.yaml", &format!("{COG_YAML}image: r8.im/acme/hotdog\n"));
    let plan = with_image.loaded().models.remove(0).plan;
    assert_eq!((plan.model.to_string().as_str(), plan.is_named), ("acme/hotdog", true));
}
