//! Mistakes that people make, and the messages for them: the file and the line, the problem, the reason, and the fix.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use replicate_sandbox::{Sandbox, SandboxOptions, Visibility};
use safe_push::support::ExposeSecret;
use test_support::{Repository, Seen};

const CONFIG: &str = "cog-safe-push-configs/text-stats.yaml";

/// Words of libraries, which mean nothing to people who use safe-push.
const FOREIGN: [&str; 9] =
    ["DuplicateKeyPolicy", "while parsing", "scalar", "flow sequence", "block mapping", "serde", "figment", "deserializ", "EOF"];

/// A message: a place, words of the problem, and words of the fix.
struct Message<'a> {
    place: &'a str,
    problem: &'a str,
    fix: &'a str,
}

impl Message<'_> {
    fn is_in(&self, seen: &Seen) {
        let text = format!("{}\n{}", seen.stdout, seen.stderr);
        for part in [self.place, self.problem, self.fix] {
            assert!(text.contains(part), "no '{part}' in:\n{seen}");
        }
        for word in FOREIGN {
            assert!(!text.contains(word), "'{word}' in:\n{seen}");
        }
    }
}

fn example() -> Repository {
    Repository::example("text-stats")
}

/// The example with another configuration.
fn configured(text: &str) -> Repository {
    let repository = example();
    repository.write(CONFIG, text);
    repository
}

/// The example with an edited file.
fn edited(file: &str, before: &str, after: &str) -> Repository {
    let repository = example();
    repository.edit(file, before, after);
    repository
}

fn wrong(repository: &Repository, line: &str, place: &str, problem: &str, fix: &str) {
    let seen = repository.run(line);
    Message { place, problem, fix }.is_in(&seen);
    assert_eq!(seen.code, Some(2), "{seen}");
}

#[test]
fn m01_a_misspelled_key() {
    let repository = edited(CONFIG, "test_hardware:", "test_hardwear:");
    wrong(&repository, "check", &format!("{CONFIG}:3:1"), "'test_hardwear' is not a key", "did you mean 'test_hardware'?");
}

#[test]
fn m02_three_misspelled_keys_are_reported_at_once() {
    let repository = configured("modle: acme/x\nparalel: 4\npredict:\n  test_case: []\n");
    let seen = repository.run("check");
    for near in ["did you mean 'model'?", "did you mean 'parallel'?", "did you mean 'test_cases'?"] {
        Message { place: &format!("{CONFIG}:"), problem: "is not a key", fix: near }.is_in(&seen);
    }
}

#[test]
fn m03_text_where_a_number_belongs() {
    let repository = edited(CONFIG, "parallel: 4", "parallel: four");
    wrong(&repository, "check", &format!("{CONFIG}:27:11"), "parallel is the text 'four', not a whole number", "as in 4");
}

#[test]
fn m04_a_tab() {
    for text in
        ["model: acme/x\n\tparallel: 4\n", "predict:\n\ttest_cases: []\n", "model: acme/x\npredict:\n  fuzz:\n\t  iterations: 1\n"]
    {
        let line = 1 + text.lines().position(|line| line.starts_with('\t')).unwrap();
        let problem = "the line is indented with a tab, which YAML does not allow";
        wrong(&configured(text), "check", &format!("{CONFIG}:{line}:1"), problem, "indent with spaces");
    }
}

#[test]
fn m05_a_duplicate_key() {
    let repository = configured("model: acme/x\nparallel: 4\nmodel: acme/y\n");
    wrong(&repository, "check", &format!("{CONFIG}:3:1"), "the key 'model' is set twice, first on line 1", "remove one of the two");
}

#[test]
fn m06_two_checkers_in_one_case() {
    let repository = edited(CONFIG, "top: 1\n      jq_query:", "top: 1\n      exact_string: x\n      jq_query:");
    let problem = "a test case has both exact_string and jq_query";
    wrong(&repository, "check", &format!("{CONFIG}:17:7"), problem, "make it two test cases");
}

#[test]
fn m07_an_empty_file() {
    wrong(&configured(""), "check", &format!("{CONFIG}:1:1"), "the file is empty", "write `model: OWNER/NAME`");
    wrong(&configured("# nothing\n"), "check", &format!("{CONFIG}:1:1"), "the file is empty", "safe-push init");
}

#[test]
fn m08_a_list_instead_of_a_mapping() {
    wrong(
        &configured("- model: acme/x\n"),
        "check",
        &format!("{CONFIG}:1:1"),
        "the file is a list, not a mapping",
        "write `key: value` lines",
    );
}

#[test]
fn m09_a_file_that_is_not_utf_8() {
    let repository = example();
    fs::write(repository.path().join(CONFIG), b"model: acme/x # \xff\n").unwrap();
    wrong(&repository, "check", CONFIG, "is not UTF-8 at byte 16", "save it as UTF-8");
}

#[test]
fn m10_a_missing_predictor_is_at_fault_in_cog_yaml() {
    let repository = example();
    fs::remove_file(repository.path().join("predict.py")).unwrap();
    let seen = repository.run("check");
    Message { place: "cog.yaml:4:6", problem: "predict.py does not exist", fix: "fix the file name in cog.yaml" }.is_in(&seen);
}

#[test]
fn m11_a_cog_yml() {
    let repository = example();
    fs::rename(repository.path().join("cog.yaml"), repository.path().join("cog.yml")).unwrap();
    wrong(&repository, "check", "", "no cog.yaml found", "rename cog.yml to cog.yaml");
}

#[test]
fn m12_a_wrong_class_is_at_fault_in_cog_yaml() {
    let seen = edited("cog.yaml", ":Predictor", ":Predicter").run("check");
    let problem = "predict.py defines no class or function `Predicter`";
    Message { place: "cog.yaml:4:6", problem, fix: "did you mean Predictor?" }.is_in(&seen);
}

#[test]
fn m13_a_syntax_error_is_reported_once() {
    let complaint = r#"[{"code": null, "message": "SyntaxError: Expected ')'", "filename": "FOLDER/predict.py", "location": {"row": 18, "column": 20}, "end_location": {"row": 18, "column": 21}}]"#;
    let repository = example();
    let folder = repository.path().canonicalize().unwrap();
    let script =
        format!("#!/bin/sh\necho '{}'\n", complaint.replace("FOLDER", &folder.display().to_string()).replace("')'", "close"));
    let repository = repository.with_ruff(Some(&script));
    repository.edit("predict.py", "def setup(self)", "def setup(self");
    let seen = repository.run("check");
    Message { place: "predict.py:18:20", problem: "this is not valid Python", fix: "fix the syntax" }.is_in(&seen);
    assert!(!seen.stdout.contains("SP401"), "{seen}");
}

#[test]
fn m14_an_invalid_jq_program() {
    let repository = edited(CONFIG, "jq_query: \".words == 0 and .most_common == []\"", "jq_query: \".words ==\"");
    let seen = repository.run("check");
    Message { place: &format!("{CONFIG}:19:7"), problem: "the jq program is not valid", fix: "correct the program" }.is_in(&seen);
    assert!(seen.stdout.contains("program: .words =="), "{seen}");
}

#[test]
fn m15_an_unknown_input_is_marked() {
    let repository = edited(CONFIG, "ignore_case: false", "ignore_cas: false");
    wrong(&repository, "check", &format!("{CONFIG}:14:9"), "input ignore_cas is not an input", "write 'ignore_case'");
    // In the settings of fuzzing it is a warning: cog-safe-push runs such a configuration.
    let seen = edited(CONFIG, "iterations: 6", "iterations: 6\n    disabled_inputs: [ignore_cas]").run("check");
    assert_eq!(seen.code, Some(0), "{seen}");
    for part in [&*format!("{CONFIG}:26:23"), "the disabled input 'ignore_cas' is not an input", "write 'ignore_case'"] {
        assert!(seen.stdout.contains(part), "{part}: {seen}");
    }
}

#[test]
fn m16_a_value_out_of_range_is_marked() {
    let repository = edited(CONFIG, "top: 1\n", "top: 77\n");
    wrong(&repository, "check", &format!("{CONFIG}:15:9"), "input top is 77, but must be <= 50", "correct the input");
}

#[test]
fn m17_a_value_of_the_wrong_type_is_marked() {
    let repository = edited(CONFIG, "top: 1\n", "top: many\n");
    wrong(&repository, "check", &format!("{CONFIG}:15:9"), "input top is \"many\", but must be integer", "correct the input");
}

#[test]
fn m18_no_api_token() {
    wrong(&example(), "run", "", "no Replicate API token is set", "set REPLICATE_API_TOKEN");
}

/// A sandbox of the account `acme`, with a repository that uses it.
async fn with_account() -> (Sandbox, Repository) {
    let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let repository = example().on(&sandbox);
    (sandbox, repository)
}

async fn run(repository: &Repository, line: &str) -> Seen {
    tokio::task::block_in_place(|| repository.run(line))
}

#[tokio::test(flavor = "multi_thread")]
async fn m19_the_two_tokens_swapped() {
    let (sandbox, repository) = with_account().await;
    let (api, cli) = (sandbox.api_token().expose_secret().to_owned(), sandbox.cli_token().expose_secret().to_owned());
    let repository = repository.variable("COG_TOKEN", &api).variable("REPLICATE_API_TOKEN", &cli);
    let seen = run(&repository, "run").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    Message { place: "", problem: "token", fix: "COG_TOKEN" }.is_in(&seen);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m20_a_live_model_that_does_not_exist() {
    let (sandbox, repository) = with_account().await;
    let seen = run(&repository, "check").await;
    let problem = "acme/text-stats does not exist or the token cannot see it";
    Message { place: &format!("{CONFIG}:1:8"), problem, fix: "check its name" }.is_in(&seen);
    sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
    let seen = run(&repository, "check").await;
    assert!(!seen.stdout.contains("does not exist"), "{seen}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn m21_unknown_hardware() {
    let (sandbox, repository) = with_account().await;
    repository.edit(CONFIG, "test_hardware: cpu", "test_hardware: gpu-l40");
    let seen = run(&repository, "check").await;
    let place = format!("{CONFIG}:3:16");
    Message { place: &place, problem: "test_hardware 'gpu-l40'", fix: "did you mean 'gpu-l40s'?" }.is_in(&seen);
    assert_eq!(seen.code, Some(2), "{seen}");
    sandbox.stop().await;

    let seen = edited(CONFIG, "test_hardware: cpu", "test_hardware: gpu-l40").run("check");
    Message { place: &place, problem: "test_hardware 'gpu-l40'", fix: "did you mean 'gpu-l40s'?" }.is_in(&seen);
    assert_eq!(seen.code, Some(0), "without a token it is a guess: {seen}");
    let seen = edited(CONFIG, "test_hardware: cpu", "test_hardware: gpu-h200").run("check");
    assert!(!seen.stdout.contains("gpu-h200"), "newer hardware is not a mistake: {seen}");
}

#[test]
fn m22_not_a_git_repository() {
    let seen = example().run("select --models changed");
    Message { place: "", problem: "git", fix: "" }.is_in(&seen);
}

#[test]
fn m23_the_test_model_is_the_live_model() {
    let repository = edited(CONFIG, "test_model: acme/text-stats-test", "test_model: acme/text-stats");
    wrong(&repository, "check", CONFIG, "acme/text-stats", "hint:");
}

#[test]
fn m24_match_prompt_without_a_key() {
    let repository = edited(CONFIG, "jq_query: \".words == 0 and .most_common == []\"", "match_prompt: says nothing");
    let seen = repository.run("check");
    let problem = "test case 3 has match_prompt, but no Claude API key is set";
    Message { place: &format!("{CONFIG}:19:7"), problem, fix: "set ANTHROPIC_API_KEY" }.is_in(&seen);
    assert_eq!(seen.code, Some(0), "a check asks nobody: {seen}");
    let seen = repository.variable("ANTHROPIC_API_KEY", "sk-ant-0000000000").run("check");
    assert!(!seen.stdout.contains("no Claude API key"), "{seen}");
}

#[test]
fn m24_match_prompt_of_a_video_without_ffmpeg() {
    let repository = edited(CONFIG, "jq_query: \".words == 0 and .most_common == []\"", "match_prompt: a video of a cat");
    repository.edit(
        "predict.py",
        "from cog import BaseModel, BaseRunner, Input",
        "from cog import BaseModel, BaseRunner, Input, Path",
    );
    repository.edit("predict.py", "-> Output:", "-> Path:");
    let programs = repository.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let repository =
        repository.variable("ANTHROPIC_API_KEY", "sk-ant-0000000000").variable("PATH", &programs.display().to_string());
    let seen = repository.run("check");
    let problem = "test case 3 has match_prompt, but Claude cannot see its video: no ffmpeg is on PATH";
    Message { place: &format!("{CONFIG}:19:7"), problem, fix: "install ffmpeg where the tests run" }.is_in(&seen);
    Message { place: "", problem: "warning[SP634]", fix: "its description calls the output a video" }.is_in(&seen);
    fs::write(programs.join("ffmpeg"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(programs.join("ffmpeg"), fs::Permissions::from_mode(0o755)).unwrap();
    let seen = repository.run("check");
    assert!(!seen.stdout.contains("SP634"), "{seen}");
}

#[test]
fn m25_an_input_without_a_description() {
    let seen = edited("predict.py", "description=\"The text to count\", ", "").run("check");
    Message { place: "predict.py:23", problem: "text", fix: "hint:" }.is_in(&seen);
}

#[test]
fn m26_a_file_that_is_not_read() {
    let repository = example();
    repository.write(".safe-push.yml", "parallel: 2\n");
    let seen = repository.run("check");
    Message { place: ".safe-push.yml", problem: "'.safe-push.yml' is not read", fix: "rename it to .safe-push.yaml" }.is_in(&seen);
}

#[test]
fn m27_no_docker() {
    let seen = example().variable("DOCKER_HOST", "unix:///nowhere/docker.sock").run("build");
    Message { place: "/nowhere/docker.sock", problem: "Docker", fix: "hint:" }.is_in(&seen);
    assert_eq!(seen.code, Some(3), "{seen}");
}

#[test]
fn m29_a_misspelled_command() {
    wrong(&Repository::new(), "chek", "", "'chek' is not a command", "did you mean `safe-push check`?");
    wrong(&Repository::new(), "verfy acme/x", "", "'verfy' is not a command", "did you mean `safe-push verify`?");
    wrong(&Repository::new(), "hotdog", "", "'hotdog' is not a command", "use `safe-push run hotdog`");
}

fn with_script(script: &str) -> Repository {
    use std::os::unix::fs::PermissionsExt;
    let repository = example();
    repository.write("script/select-model", &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(repository.path().join("script/select-model"), fs::Permissions::from_mode(0o755)).unwrap();
    repository
}

#[test]
fn m30_a_select_script_that_fails_or_empties_cog_yaml() {
    let failing = with_script("echo no such variant >&2; exit 3");
    wrong(&failing, "check", "script/select-model text-stats", "no such variant", "try it on your machine");
    let seen = with_script(": > cog.yaml").run("check");
    Message { place: "cog.yaml", problem: "script/select-model text-stats left cog.yaml empty", fix: "on your machine" }
        .is_in(&seen);
}

#[test]
fn notes_are_printed_with_the_way_to_see_more() {
    let seen = example().run("check");
    assert!(seen.stdout.contains("note[SP412]: "), "{seen}");
    assert!(seen.stdout.contains("--verbose shows notes in full"), "{seen}");
}
