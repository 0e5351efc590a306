use std::fs;

use super::*;

struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn new(script: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(script);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn script(&self) -> Script {
        let environment = [
            ("PATH", std::env::var_os("PATH").unwrap().into_string().unwrap()),
            ("HOME", "/home/somebody".to_owned()),
            ("REPLICATE_API_TOKEN", "r8_secret".to_owned()),
            ("COG_TOKEN", "secret".to_owned()),
            ("ANTHROPIC_API_KEY", "secret".to_owned()),
            ("GITHUB_TOKEN", "secret".to_owned()),
            ("INPUT_COG_TOKEN", "secret".to_owned()),
            ("ACTIONS_RUNTIME_TOKEN", "secret".to_owned()),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret".to_owned()),
            ("GITHUB_OUTPUT", "/github/output".to_owned()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        Script::find(self.folder.path(), None, &environment, &Launcher::without_isolator()).unwrap().unwrap()
    }
}

fn go_on() -> bool {
    false
}

fn names(script: &Script) -> Option<Vec<String>> {
    script.names(&go_on).names.map(|names| names.into_iter().map(String::from).collect())
}

#[test]
fn the_usual_places_are_checked_in_order() {
    let repository = Repository::new("script/select.sh", "#!/bin/bash\n");
    assert_eq!(repository.script().path(), "script/select.sh");
    fs::write(repository.folder.path().join("script/select-model"), "").unwrap();
    assert_eq!(repository.script().path(), "script/select-model");
    let nowhere = tempfile::tempdir().unwrap();
    assert!(Script::find(nowhere.path(), None, &BTreeMap::new(), &Launcher::without_isolator()).unwrap().is_none());
}

#[test]
fn a_script_that_is_named_has_to_be_there() {
    let repository = Repository::new("script/select-model", "");
    let find = |named| Script::find(repository.folder.path(), Some(named), &BTreeMap::new(), &Launcher::without_isolator());
    assert!(matches!(find("tools/choose").unwrap_err(), ScriptError::Missing { .. }));
    assert!(matches!(find("../../../../../../bin/sh").unwrap_err(), ScriptError::Missing { .. } | ScriptError::Outside { .. }));
    assert!(find("none").unwrap().is_none());
    assert_eq!(find("script/select-model").unwrap().unwrap().path(), "script/select-model");
}

#[test]
fn a_link_to_the_outside_is_refused() {
    let repository = Repository::new("script/other", "");
    std::os::unix::fs::symlink("/bin/sh", repository.folder.path().join("script/select-model")).unwrap();
    let error = Script::find(repository.folder.path(), None, &BTreeMap::new(), &Launcher::without_isolator()).unwrap_err();
    assert!(matches!(error, ScriptError::Outside { .. }), "{error}");
}

#[test]
fn names_come_from_the_list_when_there_is_one() {
    let text = "#!/bin/bash\nif [[ $1 == --list ]]; then printf 'dev\\nschnell\\n'; exit 0; fi\n[[ $MODEL == other ]]\n";
    assert_eq!(names(&Repository::new("script/select.sh", text).script()).unwrap(), ["dev", "schnell"]);
}

#[test]
fn names_come_from_comparisons_otherwise_and_nothing_is_run() {
    let repository = Repository::new("script/select-model", "#!/bin/bash\ntouch ran\nif [[ \"$MODEL\" == \"dev\" ]]; then :; fi\n");
    assert_eq!(names(&repository.script()).unwrap(), ["dev"]);
    assert!(!repository.folder.path().join("ran").exists());
}

#[test]
fn a_script_that_prints_no_names_is_asked_for_none() {
    assert_eq!(names(&Repository::new("script/select-model", "#!/bin/bash\ncp $1.yaml cog.yaml\n").script()), None);
}

#[test]
fn a_list_that_fails_is_reported_and_comparisons_are_taken() {
    let text = "#!/bin/bash\nif [[ $1 == --list ]]; then echo broken >&2; exit 7; fi\n[[ $MODEL == dev ]]\n";
    let found = Repository::new("script/select.sh", text).script().names(&go_on);
    assert_eq!(found.names.unwrap()[0].as_str(), "dev");
    assert_eq!(found.findings[0].code.as_str(), "SP803");
    assert_eq!(found.findings[0].message, "script/select.sh --list ended with exit code 7: broken");
}

#[test]
fn an_invalid_name_in_the_list_is_reported() {
    let text = "#!/bin/bash\n[[ $1 == --list ]] && printf 'dev\\n../../etc\\nUsage: me\\n'\n";
    let found = Repository::new("script/select.sh", text).script().names(&go_on);
    assert_eq!(found.names.unwrap().len(), 1);
    assert_eq!(found.findings[0].code.as_str(), "SP804");
    assert!(found.findings[0].message.ends_with("prints 2 lines that cannot be the name of a model: '../../etc'"));
}

#[test]
fn a_script_is_given_the_name_and_no_secrets() {
    let repository =
        Repository::new("script/select-model", "#!/bin/bash\necho \"$1 $MODEL $HOME $PWD\" > seen\nenv > environment\n");
    repository.script().prepare("dev", &go_on).unwrap();
    let root = repository.folder.path().canonicalize().unwrap();
    let seen = fs::read_to_string(root.join("seen")).unwrap();
    assert_eq!(seen, format!("dev dev /home/somebody {}\n", root.display()));
    let environment = fs::read_to_string(root.join("environment")).unwrap();
    assert!(!environment.contains("secret") && !environment.contains("GITHUB_OUTPUT"), "{environment}");
    assert!(environment.contains("PATH="), "{environment}");
}

#[test]
fn a_name_is_one_word_whatever_it_holds() {
    let repository = Repository::new("script/select-model", "#!/bin/bash\necho \"$# $1\"\n");
    assert_eq!(repository.script().prepare("a; touch x", &go_on).unwrap().text, "1 a; touch x\n");
    assert!(!repository.folder.path().join("x").exists());
}

#[test]
fn a_script_without_a_first_line_or_without_permission_is_bashs() {
    let repository = Repository::new("script/select-model", "[[ $1 == dev ]] && echo chosen\n");
    assert_eq!(repository.script().prepare("dev", &go_on).unwrap().text, "chosen\n");
    let path = repository.folder.path().join("script/select-model");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(repository.script().prepare("dev", &go_on).unwrap().text, "chosen\n");
}

#[test]
fn a_script_that_refuses_is_reported_with_its_last_output() {
    let text = "#!/bin/bash\nseq 100\necho \"unknown model: $1\" >&2\nexit 4\n";
    let error = Repository::new("script/select-model", text).script().prepare("dev", &go_on).unwrap_err();
    let words = error.to_string();
    assert!(words.starts_with("script/select-model dev ended with exit code 4\n90\n"), "{words}");
    assert!(words.ends_with("100\nunknown model: dev"), "{words}");
    assert!(error.hint().unwrap().contains("`script/select-model dev`"));
}

#[test]
fn a_script_that_is_killed_is_reported() {
    let error = Repository::new("script/select-model", "#!/bin/bash\nkill -9 $$\n").script().prepare("dev", &go_on).unwrap_err();
    assert!(error.to_string().contains("signal: 9"), "{error}");
}

#[test]
fn a_first_line_that_names_nothing_is_reported() {
    let error = Repository::new("script/select-model", "#!/nowhere/bash\n").script().prepare("dev", &go_on).unwrap_err();
    assert!(matches!(error, ScriptError::NotRun { .. }), "{error}");
}

#[test]
fn a_cancelled_script_ends() {
    let started = std::time::Instant::now();
    let script = Repository::new("script/select-model", "#!/bin/bash\nsleep 60\n");
    let cancelled = || started.elapsed() > Duration::from_millis(100);
    let error = script.script().prepare("dev", &cancelled).unwrap_err();
    assert!(matches!(error, ScriptError::Cancelled { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_script_for_keys_gets_the_variables_whose_names_it_contains_and_no_others() {
    let path = "script/write-api-key";
    let repository = Repository::new(path, "#!/bin/bash\nenv | cut -d= -f1 | sort > seen\necho \"$FAL_KEY\" > key\n").folder;
    let path_of_programs = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let environment: BTreeMap<String, SecretString> = [
        ("PATH", path_of_programs.as_str()),
        ("FAL_KEY", "a-key-for-fal"),
        ("FAL_KEY_OF_OTHERS", "another-key"),
        ("FAL", "a-prefix"),
        ("AWS_SECRET_ACCESS_KEY", "not-its-business"),
    ]
    .map(|(name, value)| (name.to_owned(), value.into()))
    .into();
    let script =
        Script::with_named_variables(repository.path(), path.to_owned(), &environment, &Launcher::without_isolator()).unwrap();
    script.call("model", &|| false).unwrap();
    let seen = fs::read_to_string(repository.path().join("seen")).unwrap();
    let given: Vec<&str> = seen.lines().filter(|name| environment.contains_key(*name)).collect();
    assert_eq!(given, ["FAL_KEY", "PATH"], "{seen}");
    assert_eq!(fs::read_to_string(repository.path().join("key")).unwrap(), "a-key-for-fal\n");
}
