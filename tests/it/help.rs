//! What help shows, how models are named, and where a command works.

use std::fs;

use insta::assert_snapshot;
use test_support::Repository;

const COMMANDS: [&str; 10] = ["run", "check", "build", "verify", "rollback", "promote", "select", "schema", "init", "report"];

#[test]
fn short_help_of_each_command() {
    for command in COMMANDS {
        let seen = Repository::new().run(&format!("{command} -h"));
        assert!(seen.stdout.lines().count() <= 45, "{command}: {}", seen.stdout.lines().count());
        assert_snapshot!(format!("short_{command}"), seen.stdout);
    }
}

#[test]
fn long_help_has_examples_variables_and_exit_codes() {
    assert_snapshot!("long_check", Repository::new().run("check --help").stdout);
    let long = Repository::new().run("help check").stdout;
    assert_eq!(long, Repository::new().run("check --help").stdout, "help COMMAND is COMMAND --help");
    for section in ["Examples:", "Environment:", "Exit codes:"] {
        assert!(long.contains(section), "{long}");
    }
}

#[test]
fn a_command_lists_the_options_that_it_uses_and_accepts_all() {
    let check = Repository::new().run("check --help").stdout;
    assert!(
        check.contains("--no-lint") && !check.contains("--push-official-model") && !check.contains("--fuzz-iterations"),
        "{check}"
    );
    let seen = Repository::example("text-stats").run("check --fuzz-iterations 3 --no-push");
    assert_eq!(seen.code, Some(0), "{seen}");
}

#[test]
fn completions_exist_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let seen = Repository::new().run(&format!("completions {shell}"));
        assert_eq!(seen.code, Some(0), "{seen}");
        assert!(seen.stdout.contains("safe-push") && seen.stdout.contains("no-push"), "{shell}");
    }
    assert_eq!(Repository::new().run("completions tcsh").code, Some(2));
}

fn flux() -> Repository {
    let repository = Repository::example("text-stats");
    let config = repository.read("cog-safe-push-configs/text-stats.yaml");
    for name in ["flux-dev", "flux-pro"] {
        let config = config.replace("acme/text-stats", &format!("acme/{name}"));
        repository.write(&format!("cog-safe-push-configs/{name}.yaml"), &config);
    }
    repository
}

fn checked(repository: &Repository, line: &str) -> Vec<String> {
    let seen = repository.run(line);
    assert_eq!(seen.code, Some(0), "{seen}");
    let models = repository.report()["models"].as_array().unwrap().clone();
    models.iter().map(|model| model["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn models_are_chosen_by_their_names() {
    let repository = flux();
    assert_eq!(checked(&repository, "check flux-pro"), ["flux-pro"]);
    assert_eq!(checked(&repository, "check flux-*"), ["flux-dev", "flux-pro"]);
    assert_eq!(checked(&repository, "check text-stats flux-dev"), ["text-stats", "flux-dev"]);
    assert_eq!(checked(&repository, "check acme/flux-pro"), ["flux-pro"]);
    let unknown = repository.run("check flux-prp");
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("did you mean 'flux-pro'?"), "{unknown}");
    for line in ["check flux-dev acme/flux-pro", "check flux-dev --models flux-pro"] {
        assert_eq!(repository.run(line).code, Some(2), "{line}");
    }
}

#[test]
fn the_project_is_found_above_and_another_folder_is_named_with_one_flag() {
    let repository = Repository::example("text-stats");
    fs::create_dir_all(repository.path().join("notebooks/old")).unwrap();
    let seen = repository.run("-C notebooks/old check");
    assert_eq!(seen.code, Some(2), "a named folder is taken as it is: {seen}");
    let outer = Repository::new();
    copy(repository.path(), &outer.path().join("models/text-stats"));
    for line in ["-C models/text-stats check", "check -C models/text-stats", "check --working-directory models/text-stats"] {
        let seen = outer.run(line);
        assert_eq!(seen.code, Some(0), "{seen}");
        assert!(outer.path().join("models/text-stats/safe-push-report/run.json").is_file(), "{line}: {seen}");
    }
    let schema = outer.run("-C models/text-stats schema show");
    assert!(schema.stdout.contains("ignore_case"), "{schema}");
    let seen = outer.run("-C nowhere check");
    assert_eq!(seen.code, Some(2));
    assert!(seen.stderr.contains("failed to change to nowhere"), "{seen}");
    let seen = repository.run_in("notebooks/old", "check");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stderr.contains("note: the project is"), "{seen}");
    assert!(repository.path().join("safe-push-report/run.json").is_file());
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() { copy(&path, &to.join(name)) } else { fs::copy(&path, to.join(name)).map(drop).unwrap() }
    }
}
