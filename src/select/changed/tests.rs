use super::*;

const SHARED: SharedFiles<'_> = SharedFiles { files: &[".safe-push.yaml", "script/select-model"], config_dir: "configs" };

/// Two models: `dev` with patterns as given, `schnell` without.
fn decide(patterns: &[&str], files: &ChangedFiles) -> ChangedModels {
    let (dev, schnell): (ModelName, ModelName) = ("dev".parse().unwrap(), "schnell".parse().unwrap());
    let patterns = PathPatterns::new(patterns.iter().copied()).unwrap();
    let models = [
        ModelFiles { name: &dev, config_file: "configs/dev.yaml", context: "", paths: Some(&patterns) },
        ModelFiles { name: &schnell, config_file: "configs/schnell.yaml", context: "", paths: None },
    ];
    changed(&models, SHARED, files)
}

fn names(changed: &ChangedModels) -> Vec<&str> {
    changed.models.iter().map(|(name, _)| name.as_str()).collect()
}

fn modified(paths: &[&str]) -> ChangedFiles {
    let files = paths.iter().map(|path| ChangedFile::new(*path, FileStatus::Modified)).collect();
    ChangedFiles::complete(ListSource::PullRequest, files)
}

#[test]
fn a_model_changes_with_the_files_that_it_is_made_of() {
    let of = |path: &str| names(&decide(&["flux/**", "cog.yaml"], &modified(&[path]))).join(" ");
    assert_eq!(of("flux/a.py"), "dev schnell");
    assert_eq!(of("cog.yaml"), "dev schnell");
    assert_eq!(of("README.md"), "schnell");
}

#[test]
fn a_configuration_concerns_its_own_model() {
    let of = |path: &str| names(&decide(&["flux/**"], &modified(&[path]))).join(" ");
    assert_eq!(of("configs/dev.yaml"), "dev");
    assert_eq!(of("configs/schnell.yaml"), "schnell");
    assert_eq!(of("configs/gone.yaml"), "");
    assert_eq!(of("configs/README.md"), "schnell");
    assert_eq!(of("configs/deep/x.yaml"), "schnell");
}

#[test]
fn shared_files_concern_every_model() {
    for path in SHARED.files {
        assert_eq!(names(&decide(&["flux"], &modified(&[path]))), ["dev", "schnell"]);
    }
}

#[test]
fn patterns_can_take_back() {
    let of = |path: &str| names(&decide(&["**", "!docs/**"], &modified(&[path]))).join(" ");
    assert_eq!(of("docs/a.md"), "schnell");
    assert_eq!(of("a.py"), "dev schnell");
}

#[test]
fn without_a_change_no_model_is_selected() {
    let changed = decide(&["**"], &modified(&[]));
    assert_eq!(changed, ChangedModels::default());
}

#[test]
fn what_lies_outside_concerns_who_names_it() {
    assert_eq!(names(&decide(&["../shared/**"], &modified(&["../shared/a.py"]))), ["dev"]);
    assert_eq!(names(&decide(&["flux"], &modified(&["../shared/a.py"]))), Vec::<&str>::new());
}

#[test]
fn both_names_of_a_renamed_file_count() {
    for file in [ChangedFile::renamed("flux/a.py", "other/a.py"), ChangedFile::renamed("other/a.py", "flux/a.py")] {
        let files = ChangedFiles::complete(ListSource::PullRequest, vec![file]);
        assert!(names(&decide(&["flux"], &files)).contains(&"dev"));
    }
}

#[test]
fn the_original_of_a_copy_has_not_changed() {
    let copy = ChangedFile { status: FileStatus::Copied, ..ChangedFile::renamed("flux/a.py", "other/a.py") };
    assert_eq!(names(&decide(&["flux"], &ChangedFiles::complete(ListSource::PullRequest, vec![copy]))), ["schnell"]);
}

#[test]
fn every_status_but_unchanged_counts() {
    let of = |status| {
        names(&decide(&["flux"], &ChangedFiles::complete(ListSource::PullRequest, vec![ChangedFile::new("flux/a", status)]))).len()
    };
    for status in [FileStatus::Added, FileStatus::Removed, FileStatus::Modified, FileStatus::Changed, FileStatus::Other] {
        assert_eq!(of(status), 2, "{status:?}");
    }
    assert_eq!(of(FileStatus::Unchanged), 0);
}

#[test]
fn at_a_limit_every_model_has_changed() {
    for (source, limit) in [(ListSource::PullRequest, 3000), (ListSource::Commit, 3000), (ListSource::Comparison, 300)] {
        let files = |number: usize| {
            let files = (0..number).map(|number| ChangedFile::new(format!("docs/{number}"), FileStatus::Added)).collect();
            ChangedFiles::complete(source, files)
        };
        let changed = decide(&["flux"], &files(limit));
        assert_eq!(names(&changed), ["dev", "schnell"]);
        assert_eq!(
            changed.notice.unwrap(),
            format!("every model counts as changed: GitHub lists no more than {limit} changed files")
        );
        assert_eq!(names(&decide(&["flux"], &files(limit - 1))), ["schnell"], "{source:?}");
    }
}

#[test]
fn git_has_no_limit() {
    let files = (0..5000).map(|number| ChangedFile::new(format!("docs/{number}"), FileStatus::Added)).collect();
    assert_eq!(names(&decide(&["flux"], &ChangedFiles::complete(ListSource::Git, files))), ["schnell"]);
}

#[test]
fn a_list_without_its_end_means_every_model() {
    let files = ChangedFiles::Known { source: ListSource::PullRequest, files: Vec::new(), is_complete: false };
    let changed = decide(&["flux"], &files);
    assert_eq!(names(&changed), ["dev", "schnell"]);
    assert_eq!(changed.notice.unwrap(), "every model counts as changed: the list of changed files is not complete");
}

#[test]
fn no_list_means_every_model_with_the_reason() {
    let changed = decide(&["flux"], &ChangedFiles::unknown("the branch is new"));
    assert_eq!(names(&changed), ["dev", "schnell"]);
    assert_eq!(changed.notice.unwrap(), "every model counts as changed: the branch is new");
    assert_eq!(changed.models[0].1, "the branch is new");
}

#[test]
fn the_reason_names_the_file() {
    let changed = decide(&["flux"], &modified(&["README.md", "flux/a.py"]));
    assert_eq!(
        changed.models,
        [
            ("dev".parse().unwrap(), "flux/a.py has changed".to_owned()),
            ("schnell".parse().unwrap(), "README.md has changed".to_owned())
        ]
    );
}

#[test]
fn a_model_in_a_folder_changes_with_that_folder_alone() {
    let (a, b, c): (ModelName, ModelName, ModelName) = ("a".parse().unwrap(), "b".parse().unwrap(), "c".parse().unwrap());
    let patterns = PathPatterns::new(["models/b", "shared"]).unwrap();
    let models = [
        ModelFiles { name: &a, config_file: "models/a/cog-safe-push.yaml", context: "models/a", paths: None },
        ModelFiles { name: &b, config_file: "models/b/cog-safe-push.yaml", context: "models/b", paths: Some(&patterns) },
        ModelFiles { name: &c, config_file: "configs/c.yaml", context: "", paths: None },
    ];
    let of = |path: &str| names(&changed(&models, SHARED, &modified(&[path]))).join(" ");
    assert_eq!(of("models/a/predict.py"), "a c");
    assert_eq!(of("models/ab/predict.py"), "c");
    assert_eq!(of("shared/x.py"), "b c");
    assert_eq!(of("configs/c.yaml"), "c");
    assert_eq!(of(".safe-push.yaml"), "a b c");
}
