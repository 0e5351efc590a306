//! Choosing models and preparing the repository's files for them, as a user sees it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use test_support::{Repository, Seen};

/// A script that joins a template with a part for each model, as in repositories with several variants.
const SELECT: &str = r#"#!/bin/bash
set -e
if [[ "$1" == "--list" ]]; then
    ls parts | sed 's/.part//'
    exit 0
fi
echo "selecting $1 (MODEL=$MODEL)"
cat cog.yaml.template "parts/$1.part" > cog.yaml
echo "$1" > selected
"#;

/// Two models whose `cog.yaml` exists only after one of them is selected.
fn variants() -> Repository {
    let repository = Repository::example("text-stats");
    let template = repository.read("cog.yaml");
    fs::remove_file(repository.path().join("cog.yaml")).unwrap();
    let config = repository.read("cog-safe-push-configs/text-stats.yaml");
    fs::remove_dir_all(repository.path().join("cog-safe-push-configs")).unwrap();
    repository.write("cog.yaml.template", &template);
    for name in ["large", "small"] {
        repository.write(&format!("parts/{name}.part"), &format!("environment: [VARIANT={name}]\n"));
        repository
            .write(&format!("cog-safe-push-configs/{name}.yaml"), &config.replace("acme/text-stats", &format!("acme/{name}")));
    }
    script(&repository, "script/select.sh", SELECT);
    repository
}

fn script(repository: &Repository, path: &str, text: &str) {
    repository.write(path, text);
    fs::set_permissions(repository.path().join(path), fs::Permissions::from_mode(0o755)).unwrap();
}

fn git(repository: &Repository, line: &str) {
    let settings = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"];
    let output: Output = Command::new("git").args(settings).args(line.split(' ')).current_dir(repository.path()).output().unwrap();
    assert!(output.status.success(), "git {line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A checkout of the repository whose origin has every commit.
fn checkout() -> Repository {
    let repository = variants();
    repository.write(".gitignore", "cog.yaml\nselected\nsafe-push-report\nhome\n");
    repository.write(".safe-push.yaml", "models:\n  large:\n    paths: [parts/large.part, \"*.py\"]\n");
    git(&repository, "init --quiet --initial-branch=main");
    git(&repository, "add --all");
    git(&repository, "commit --quiet --message=first");
    git(&repository, "update-ref refs/remotes/origin/main HEAD");
    repository
}

fn files(repository: &Repository) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(repository.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "safe-push-report")
        .collect();
    names.sort();
    names
}

fn json(seen: &Seen) -> serde_json::Value {
    serde_json::from_str(&seen.stdout).unwrap()
}

#[test]
fn select_names_all_models() {
    assert_snapshot!(variants().run("select"));
}

#[test]
fn select_prints_a_matrix() {
    let seen = variants().run("select --matrix");
    assert_eq!(seen.stdout, "{\"model\":[\"large\",\"small\"]}\n", "{seen}");
    let seen = variants().run("select --matrix --models small");
    assert_eq!(seen.stdout, "{\"model\":[\"small\"]}\n", "{seen}");
}

#[test]
fn select_prints_json() {
    assert_snapshot!(variants().run("select --models small,large --format json"));
}

#[test]
fn more_models_than_a_matrix_takes_share_legs() {
    let repository = Repository::new();
    for number in 0..300 {
        repository.write(&format!("cog-safe-push-configs/m{number:03}.yaml"), "model: acme/m\n");
    }
    let matrix = json(&repository.run("select --matrix"));
    let jobs = matrix["include"].as_array().unwrap();
    assert_eq!((jobs.len(), jobs[0]["model"].as_str().unwrap()), (256, "m000,m001"));
    // Each job's list is a valid request.
    assert_eq!(repository.run("select --models m000,m001").stdout, "m000\nm001\n");
}

#[test]
fn an_unknown_name_suggests_a_similar_one() {
    assert_snapshot!(variants().run("select --models larg"));
}

#[test]
fn a_keyword_for_several_models_cannot_be_combined() {
    let seen = variants().run("select --models small,all");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("'all' cannot be combined with other names"), "{seen}");
}

#[test]
fn names_that_only_one_source_has_are_reported() {
    let repository = variants();
    repository.write("parts/test.part", "");
    repository.write("cog-safe-push-configs/smal.yaml", "model: acme/smal\n");
    assert_snapshot!(repository.run("select"));
}

#[test]
fn a_configuration_in_another_folder_is_pointed_out() {
    let repository = variants();
    repository.write("parts/test.part", "");
    repository.write("safe-push-configs/test.yaml", "model: acme/test\n");
    assert_snapshot!(repository.run("select --models test"));
}

#[test]
fn names_in_comparisons_of_the_script_count() {
    let repository = variants();
    fs::remove_file(repository.path().join("script/select.sh")).unwrap();
    script(&repository, "script/select-model", "#!/bin/bash\nif [[ \"$MODEL\" == \"large\" ]]; then\n  touch x\nfi\n");
    let seen = repository.run("select");
    assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), "large\nsmall\n"), "{seen}");
    assert!(seen.stderr.contains("SP802") && seen.stderr.contains("the model 'small'"), "{seen}");
    assert!(!repository.path().join("x").exists());
}

#[test]
fn a_repository_without_a_configuration_is_reported() {
    assert_snapshot!(Repository::new().run("select"));
}

#[test]
fn a_file_name_that_is_not_a_valid_model_name_is_reported() {
    let repository = variants();
    repository.write("cog-safe-push-configs/two words.yaml", "model: acme/x\n");
    assert_snapshot!(repository.run("select"));
    assert_eq!(repository.run("select --models small").stdout, "small\n");
}

#[test]
fn a_cog_safe_push_yaml_is_a_model_too() {
    let repository = Repository::new();
    repository.write("cog-safe-push.yaml", "model: acme/hotdog\n");
    assert_eq!(repository.run("select --matrix").stdout, "{\"model\":[\"hotdog\"]}\n");
}

#[test]
fn a_plain_run_does_not_publish_several_models() {
    assert_snapshot!(variants().run("run"));
}

#[test]
fn a_plain_build_does_not_build_several_models() {
    let seen = variants().run("build");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("--models all"), "{seen}");
}

#[test]
fn one_model_name_cannot_apply_to_several_configurations() {
    assert_snapshot!(variants().run("run acme/other --models all"));
}

#[test]
fn a_check_takes_every_model_and_each_sees_its_own_files() {
    let repository = variants();
    let before = files(&repository);
    let seen = repository.run("check --no-lint -v");
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = repository.report();
    let names: Vec<&str> = report["models"].as_array().unwrap().iter().map(|model| model["model"].as_str().unwrap()).collect();
    assert_eq!(names, ["acme/large", "acme/small"], "{report:#}");
    assert!(
        seen.stderr.contains("selecting large (MODEL=large)") && seen.stderr.contains("selecting small (MODEL=small)"),
        "{seen}"
    );
    assert_eq!(files(&repository), before, "the files were not put back");
}

#[test]
fn the_dockerfile_is_that_of_the_selected_model() {
    let repository = variants();
    let before = files(&repository);
    let seen = repository.run("image dockerfile --models small --no-cog-base-image");
    assert!(seen.stdout.contains("VARIANT=small"), "{seen}");
    assert_eq!(files(&repository), before, "the files were not put back");
}

#[test]
fn the_users_own_changes_survive() {
    let repository = variants();
    repository.write("cog.yaml", "# the user's own\n");
    repository.write("selected", "the user's own\n");
    let seen = repository.run("check --no-lint --models small");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(repository.read("cog.yaml"), "# the user's own\n");
    assert_eq!(repository.read("selected"), "the user's own\n");
}

#[test]
fn a_script_sees_no_secret() {
    let repository = variants()
        .variable("REPLICATE_API_TOKEN", "r8_secret")
        .variable("COG_TOKEN", "cog_secret")
        .variable("GITHUB_TOKEN", "ghs_secret")
        .variable("REPLICATE_BASE_URL", "http://127.0.0.1:9/v1");
    script(&repository, "script/select.sh", "#!/bin/bash\necho \"MODEL=$MODEL, with $(env | grep -ci secret) secrets\"\nexit 1\n");
    let seen = repository.run("check --no-lint --models small");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("MODEL=small, with 0 secrets"), "{seen}");
}

#[test]
fn a_python_script_leaves_no_compiled_modules_in_the_checkout() {
    let repository = variants();
    repository.write("script/variants.py", "def names():\n    return ['large', 'small']\n");
    let text = "#!/usr/bin/env python3\nimport sys\nfrom variants import names\nif sys.argv[1] == '--list':\n    print('\\n'.join(names()))\n";
    script(&repository, "script/select.sh", text);
    let seen = repository.run("select --matrix");
    assert_eq!(seen.stdout, "{\"model\":[\"large\",\"small\"]}\n", "{seen}");
    let mut left: Vec<_> =
        fs::read_dir(repository.path().join("script")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["select.sh", "variants.py"]);
}

#[test]
fn a_failing_script_stops_only_its_model() {
    let repository = variants();
    let broken =
        SELECT.replace("echo \"selecting", "[[ $1 == large ]] && { echo 'no weights for large' >&2; exit 3; }\necho \"selecting");
    script(&repository, "script/select.sh", &broken);
    let seen = repository.run("check --no-lint");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_snapshot!(seen);
    let report = repository.report();
    assert_eq!(report["models"][0]["verdict"], "misconfigured", "{report:#}");
    assert_eq!(report["models"][1]["verdict"], "passed", "{report:#}");
}

#[test]
fn a_script_that_leaves_no_readable_cog_yaml_has_failed() {
    let repository = variants();
    for (left, problem) in [
        (": > cog.yaml", "script/select.sh small left cog.yaml empty"),
        ("rm -f cog.yaml", "script/select.sh small left cog.yaml missing"),
        ("echo just words > cog.yaml", "script/select.sh small left cog.yaml without a single key"),
        ("printf 'build: {\\n' > cog.yaml", "script/select.sh small left cog.yaml unreadable: "),
    ] {
        script(&repository, "script/select.sh", &format!("{SELECT}\necho 'yq: no such file' >&2\n{left}\n"));
        let seen = repository.run("check --no-lint --models small");
        assert_eq!(seen.code, Some(2), "{seen}");
        let report = repository.report();
        let message = report["models"][0]["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(problem) && message.ends_with("yq: no such file"), "{message}");
        assert!(!repository.path().join("selected").exists(), "{left}: the files are put back");
    }
}

#[test]
fn what_a_script_complains_of_is_shown_although_it_ended_well() {
    let repository = variants();
    script(&repository, "script/select.sh", &format!("{SELECT}\necho 'warning: weights of small are old' >&2\n"));
    let seen = repository.run("check --no-lint --models small");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stderr.contains("script/select.sh: warning: weights of small are old"), "{seen}");
    assert!(!seen.stderr.contains("selecting small"), "what it says otherwise is for -v: {seen}");
}

#[test]
fn script_output_cannot_control_a_terminal_or_a_workflow() {
    let repository = variants();
    let hostile = SELECT
        .replace("echo \"selecting", "printf '::set-env name=X::y\\n\\033[2J##[error]x\\r::add-mask::a\\n'\necho \"selecting");
    script(&repository, "script/select.sh", &hostile);
    let seen = repository.run("check --no-lint --models small -v");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(!seen.stderr.contains('\u{1b}') && !seen.stderr.contains('\r'), "{seen}");
    assert!(!seen.stderr.lines().any(|line| line.trim_start().starts_with("::")), "{seen}");
}

#[test]
fn a_configured_script_must_exist() {
    assert_snapshot!(variants().run("check --select-script tools/choose"));
}

#[test]
fn no_script_runs_when_it_is_disabled() {
    let seen = variants().run("check --no-lint --models small --select-script none");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("cog.yaml"), "{seen}");
}

#[test]
fn changed_models_are_those_whose_files_changed() {
    let repository = checkout();
    let changed = || repository.run("select --models changed").stdout;
    assert_eq!(changed(), "");
    repository.write("parts/large.part", "environment: [VARIANT=larger]\n");
    assert_eq!(changed(), "large\nsmall\n");
    git(&repository, "checkout --quiet parts");
    repository.write("README.md", "hello\n");
    assert_eq!(changed(), "small\n");
    git(&repository, "add --all");
    git(&repository, "commit --quiet --message=second");
    assert_eq!(changed(), "small\n");
    git(&repository, "update-ref refs/remotes/origin/main HEAD");
    assert_eq!(changed(), "");
    repository.write("cog-safe-push-configs/large.yaml", "model: acme/large\n");
    assert_eq!(changed(), "large\n");
    repository.write(".safe-push.yaml", "");
    assert_eq!(changed(), "large\nsmall\n");
}

#[test]
fn a_mistake_in_a_changed_configuration_stops_the_selection_and_one_elsewhere_does_not() {
    let repository = checkout();
    // A name that no model can have is an error.
    repository.write("cog-safe-push-configs/my model.yaml", "model: acme/large\n");
    for line in ["select --models changed", "check --no-lint --models changed"] {
        let seen = repository.run(line);
        assert!(seen.code == Some(2) && seen.stderr.contains("SP015"), "{line}: {seen}");
    }
    git(&repository, "add --all");
    git(&repository, "commit --quiet --message=second");
    git(&repository, "update-ref refs/remotes/origin/main HEAD");
    repository.write("parts/large.part", "environment: [VARIANT=larger]\n");
    let seen = repository.run("select --models changed");
    assert_eq!((seen.code, seen.stdout.as_str()), (Some(0), "large\nsmall\n"), "{seen}");
}

#[test]
fn changed_models_come_with_reasons() {
    let repository = checkout();
    repository.write("README.md", "hello\n");
    assert_snapshot!(repository.run("select --models changed --format json"));
}

#[test]
fn without_changes_the_matrix_has_no_legs() {
    let seen = checkout().run("select --models changed --format json");
    let selected = json(&seen);
    assert_eq!(selected["any"], false, "{selected}");
    assert_eq!(selected["count"], 0, "{selected}");
}

#[test]
fn an_unknown_base_selects_every_model() {
    assert_snapshot!(checkout().run("select --models changed --base nowhere"));
    let seen = variants().run("select --models changed");
    assert_eq!(seen.stdout, "large\nsmall\n", "{seen}");
    assert!(seen.stderr.contains("every model counts as changed: the folder is not a git repository"), "{seen}");
}

#[test]
fn the_base_can_be_configured() {
    let repository = checkout();
    repository.write("README.md", "hello\n");
    git(&repository, "add --all");
    git(&repository, "commit --quiet --message=second");
    assert_eq!(repository.run("select --models changed --base HEAD").stdout, "");
    assert_eq!(repository.run("select --models changed --base HEAD~1").stdout, "small\n");
}

#[test]
fn a_run_without_models_passes_without_a_token_and_says_so() {
    let repository = checkout();
    let seen = repository.run("run --models changed");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(repository.report()["models"].as_array().unwrap().len(), 0);
    assert_snapshot!(seen);
}

/// Settings of a checkout that make git start a program, each of which leaves a file behind.
#[test]
fn no_setting_of_a_checkout_makes_git_start_a_program() {
    let repository = checkout();
    let marks = tempfile::tempdir().unwrap();
    let program = |name: &str| {
        let path = marks.path().join(format!("{name}.sh"));
        let text = format!("#!/bin/sh\ntouch '{}'\ncat\n", marks.path().join(name).display());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    };
    submodule_with_filter(&repository, &program("submodule"));
    let included = marks.path().join("included");
    fs::write(&included, format!("[core]\n\tfsmonitor = {}\n", program("included-fsmonitor"))).unwrap();
    let settings = [
        ("core.fsmonitor", program("fsmonitor")),
        ("core.pager", program("pager")),
        ("core.editor", program("editor")),
        ("core.sshCommand", program("ssh")),
        ("core.askPass", program("askpass")),
        ("core.alternateRefsCommand", program("alternates")),
        ("credential.helper", program("credentials")),
        ("diff.external", program("external")),
        ("diff.hostile.textconv", program("textconv")),
        ("diff.hostile.command", program("command")),
        ("filter.hostile.clean", program("clean")),
        ("filter.hostile.smudge", program("smudge")),
        ("filter.hostile.process", program("process")),
        ("filter.hostile.required", "true".to_owned()),
        ("filter.a=b.clean", program("equals")),
        ("gpg.program", program("gpg")),
        ("log.showSignature", "true".to_owned()),
        ("include.path", included.display().to_string()),
    ];
    let hooks = repository.path().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in ["post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"] {
        fs::copy(program(hook), hooks.join(hook)).unwrap();
    }
    for (name, value) in settings {
        let set = Command::new("git").args(["config", "--add", name, &value]).current_dir(repository.path()).status().unwrap();
        assert!(set.success());
    }
    repository.write(".gitattributes", "* diff=hostile filter=hostile\n*.py filter=a=b\n");
    repository.write("parts/small.part", "environment: [VARIANT=changed]\n");
    repository.edit("predict.py", "import", "# changed\nimport");
    let seen = repository.run("select --models changed");
    assert_eq!(seen.stdout, "large\nsmall\n", "{seen}");
    let started = fs::read_dir(marks.path()).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    let started: Vec<String> = started.filter(|name| !name.ends_with(".sh") && name != "included").collect();
    assert!(started.is_empty(), "git started {started:?}");
    // The settings are effective: git as a user starts it obeys them.
    let _output = Command::new("git").args(["diff", "--stat"]).current_dir(repository.path()).output().unwrap();
    for arguments in [&["diff", "--no-ext-diff", "--no-textconv", "--", "predict.py"][..], &["-C", "inner", "status"]] {
        let _output = Command::new("git").args(arguments).current_dir(repository.path()).output().unwrap();
    }
    let obeyed = ["included-fsmonitor", "fsmonitor", "clean", "process", "external", "command"];
    assert!(obeyed.iter().any(|name| marks.path().join(name).exists()));
    assert!(marks.path().join("equals").exists() && marks.path().join("submodule").exists());
}

/// A submodule with a filter of its own, which git uses when it looks for changes in there.
fn submodule_with_filter(repository: &Repository, program: &str) {
    repository.write("inner/x.txt", "x\n");
    git(repository, "-C inner init --quiet");
    git(repository, "-C inner add --all");
    git(repository, "-C inner commit --quiet --message=inner");
    git(repository, &format!("-C inner config filter.inner.clean {program}"));
    repository.write("inner/.gitattributes", "* filter=inner\n");
    repository.write("inner/x.txt", "y\n");
    repository.write(".gitmodules", "[submodule \"inner\"]\n\tpath = inner\n\turl = ./inner\n\tignore = none\n");
    git(repository, "add inner .gitmodules");
    git(repository, "commit --quiet --message=inner");
}

#[test]
fn a_filter_whose_name_is_not_text_stops_the_comparison() {
    let repository = checkout();
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("mark");
    let settings = repository.path().join(".git/config");
    let hostile = format!("[filter \"NAME\"]\n\tclean = touch {} && cat\n", mark.display());
    let replaced = |text: &str| {
        let (before, after) = text.split_once("NAME").unwrap();
        [before.as_bytes(), b"\xff", after.as_bytes()].concat()
    };
    fs::write(&settings, [fs::read(&settings).unwrap(), replaced(&hostile)].concat()).unwrap();
    fs::write(repository.path().join(".gitattributes"), replaced("* filter=NAME\n")).unwrap();
    repository.write("parts/small.part", "environment: [VARIANT=changed]\n");
    let seen = repository.run("select --models changed");
    assert_eq!(seen.stdout, "large\nsmall\n", "{seen}");
    assert!(
        seen.stderr.contains("every model counts as changed: a filter in git's settings has a name that is not UTF-8"),
        "{seen}"
    );
    assert!(!mark.exists(), "git started the filter");
    let _output = Command::new("git").args(["diff", "--stat"]).current_dir(repository.path()).output().unwrap();
    assert!(mark.exists(), "the setting is effective");
}

#[test]
fn a_check_of_changed_models_leaves_the_others_out() {
    let repository = checkout();
    repository.write("README.md", "hello\n");
    let seen = repository.run("check --no-lint --models changed");
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = repository.report();
    assert_eq!(report["models"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(report["models"][0]["model"], "acme/small");
}

#[test]
fn help_config_prints_examples() {
    let repository = Repository::new();
    let seen = repository.run("--help-config");
    assert_snapshot!(seen);
    // Each part is a file that loads.
    let (model, settings) = seen.stdout.split_once("\n---\n").unwrap();
    let repository = Repository::example("text-stats");
    fs::remove_dir_all(repository.path().join("cog-safe-push-configs")).unwrap();
    repository.write("cog-safe-push.yaml", model);
    repository.write(".safe-push.yaml", settings);
    assert_eq!(repository.run("select").stdout, "hotdog\n", "{}", repository.run("select"));
}

#[test]
fn a_misspelled_variable_is_reported() {
    let repository = Repository::example("text-stats").variable("SAFE_PUSH_PARALEL", "8");
    let seen = repository.run("check --no-lint");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_snapshot!(seen);
    let notices = repository.report()["notices"].to_string();
    assert!(notices.contains("SAFE_PUSH_PARALEL"), "{notices}");
}

#[test]
fn a_query_that_does_not_compile_is_reported_with_its_line_before_a_build() {
    let repository = Repository::example("text-stats");
    repository.edit("cog-safe-push-configs/text-stats.yaml", "\".most_common | length == 1\"", "\".most_common | length ==\"");
    let seen = repository.run("check --no-lint");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("SP603") && seen.stdout.contains("cog-safe-push-configs/text-stats.yaml:16:7"), "{seen}");
}

#[test]
fn an_empty_query_is_reported_with_its_line() {
    let repository = Repository::example("text-stats");
    repository.edit("cog-safe-push-configs/text-stats.yaml", "\".most_common | length == 1\"", "\"\"");
    assert_snapshot!(repository.run("check"));
}

#[test]
fn a_number_out_of_range_is_reported_with_its_line() {
    let repository = Repository::example("text-stats");
    repository.edit("cog-safe-push-configs/text-stats.yaml", "parallel: 4", "parallel: 0");
    assert_snapshot!(repository.run("check"));
}

#[test]
fn a_canceled_script_leaves_nothing_behind() {
    let repository = variants();
    script(&repository, "script/select.sh", "#!/bin/bash\necho half > cog.yaml\ntouch started\nsleep 60\n");
    let before = files(&repository);
    let child = repository.start("check --no-lint --models small");
    let start = Instant::now();
    while !repository.path().join("started").exists() {
        assert!(start.elapsed() < Duration::from_secs(30), "the script was not started");
        std::thread::sleep(Duration::from_millis(20));
    }
    let asked = Instant::now();
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let seen = repository.seen(&child.wait_with_output().unwrap());
    assert_eq!(seen.code, Some(130), "{seen}");
    assert!(asked.elapsed() < Duration::from_secs(7), "{:?}", asked.elapsed());
    assert_eq!(files(&repository), before, "the files were not put back");
}

#[test]
fn a_dockerfile_needs_one_model() {
    let repository = variants();
    for line in ["image dockerfile", "image dockerfile --models all"] {
        let seen = repository.run(line);
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(seen.stderr.contains("choose"), "{seen}");
    }
}

#[test]
fn files_that_a_script_changed_are_listed_on_request() {
    let seen = variants().run("check --no-lint --models small -v");
    assert!(seen.stderr.contains("[small]   the select script changed cog.yaml, selected"), "{seen}");
}

#[test]
fn a_model_does_not_see_files_prepared_for_another() {
    let repository = variants();
    let marking = SELECT.replace("echo \"selecting", "ls only-* 2>/dev/null && exit 9\ntouch \"only-$1\"\necho \"selecting");
    script(&repository, "script/select.sh", &marking);
    let seen = repository.run("check --no-lint --models large,small,large");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(repository.report()["models"].as_array().unwrap().len(), 2);
}

#[test]
fn a_request_without_a_name_is_reported() {
    let repository = variants();
    for line in ["select --models ,", "check --models ,", "run --models ,"] {
        let seen = repository.run(line);
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(seen.stderr.contains("comma-separated names"), "{seen}");
    }
}
