//! The program as a step of a workflow: inputs, payloads, files and the log as the runner gives and reads them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};
use test_support::fake_github::{FakeGitHub, READER, WRITER};
use test_support::runner::{self, HEAD, obeyed, output, pull_request};
use test_support::{Repository, Seen};

const SECRET: &str = "cog_secret_of_the_account";

/// Whoever looks at GitHub sees that a run ended in an error, and why.
fn assert_reported(server: &FakeGitHub, repository: &Repository, name: &str, why: &str) {
    let runs = server.check_runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(
        (runs[0]["name"].as_str(), runs[0]["status"].as_str(), runs[0]["conclusion"].as_str()),
        (Some(name), Some("completed"), Some("failure"))
    );
    let summary = runs[0]["output"]["summary"].as_str().unwrap();
    // The mistakes themselves say more than their number.
    let counts_mistakes = why.starts_with("the configuration has");
    assert!(summary.contains(if counts_mistakes { ".yaml:" } else { why }), "{summary}");
    assert!(repository.read("runner/summary").contains(why), "{}", repository.read("runner/summary"));
    let in_comment = if counts_mistakes { "**SP00" } else { why };
    for comment in server.comments() {
        assert!(comment["body"].as_str().unwrap().replace("&#95;", "_").contains(in_comment), "{comment}");
    }
    for (name, value) in
        [("verdict", "misconfigured"), ("versions", "{}"), ("matrix", r#"{"model":[]}"#), ("any", "false"), ("report_path", "out")]
    {
        assert_eq!(output(repository, name).as_deref(), Some(value), "{name}");
    }
    assert!(output(repository, "summary").unwrap().contains(why));
    assert!(repository.read("out/report.html").contains("misconfigured"));
    assert_eq!(server.violations(), Vec::<String>::new());
}

/// The pull request as people see it: check runs, the comment and what the runner shows, without what differs between runs.
fn pull_request_page(server: &FakeGitHub, seen: &Seen) -> String {
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\b\d+ (ms|s)\b|\b\d+\.\d+(?: |&nbsp;)s\b|0\.1\.0").unwrap();
    let row = regex::Regex::new("<!-- safe-push:row:v1 [^ ]+ -->").unwrap();
    let mut page = String::new();
    for run in server.check_runs() {
        let text = |name: &str| run["output"][name].as_str().unwrap_or_default().to_owned();
        let conclusion = run["conclusion"].as_str().unwrap_or("open");
        page.push_str(&format!(
            "=== check run {}: {conclusion}\n# {}\n{}\n",
            run["name"].as_str().unwrap(),
            text("title"),
            text("summary")
        ));
        for annotation in run["output"]["annotations"].as_array().into_iter().flatten() {
            let [path, level, message] = ["path", "annotation_level", "message"].map(|name| annotation[name].as_str().unwrap());
            page.push_str(&format!("@ {path}:{} {level}: {message}\n", annotation["start_line"]));
        }
    }
    for comment in server.comments() {
        page.push_str(&format!("=== comment\n{}\n", comment["body"].as_str().unwrap()));
    }
    page.push_str(&format!(
        "=== log: exit code {:?}\n{}\n",
        seen.code,
        obeyed(seen).into_iter().filter(|line| !line.contains("add-mask")).collect::<Vec<_>>().join("\n")
    ));
    row.replace_all(&time.replace_all(&page, "TIME"), "ROW").into_owned()
}

/// The example as the runner starts a step in it.
fn step(server: &FakeGitHub, event: &str, payload: &Value, token: &str) -> Repository {
    runner::step(Repository::example("text-stats"), &server.url(), event, payload, token)
        .variable("INPUT_REPORT-DIR", "out")
        // No daemon: what needs one says so.
        .variable("DOCKER_HOST", "unix:///nonexistent/docker.sock")
}

async fn run(repository: &Repository, line: &str) -> Seen {
    tokio::task::block_in_place(|| repository.run(line))
}

/// What a single model of a pull request costs, from its first request to its last.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_sends_these_requests_and_no_others() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    repository.edit("cog.yaml", "run: ", "predict: ");
    for file in ["predict.py", "cog.yaml"] {
        server.has_content(file, &repository.read(file));
    }
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    // Notes are annotated on lines of the diff, so the files are asked for. A run without a version has no deployments.
    let requests: Vec<String> =
        server.requests().iter().map(|request| request.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()).collect();
    assert_eq!(requests, ["POST /check-runs", "GET /files", "PATCH /check-runs/", "GET /comments", "POST /issues/7/comments"]);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_checked_without_rights_and_without_failing() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("mallory/hotdog"), READER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(server.writes(), Vec::<String>::new());
    assert_eq!(output(&repository, "verdict").as_deref(), Some("passed"));
    assert!(repository.read("runner/summary").contains("no tokens for Replicate"), "{}", repository.read("runner/summary"));
    assert!(repository.path().join("out/run.json").is_file(), "the input with a hyphen counts");
    let commands = obeyed(&seen);
    assert_eq!(commands[0], format!("::add-mask::{READER}"));
    assert!(commands[1..].iter().all(|line| line.starts_with("::notice file=")), "{commands:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_cannot_have_images_and_says_so() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository =
        step(&server, "pull_request", &pull_request("mallory/hotdog"), READER).variable("INPUT_PREVIEW_BRANCH", "safe-push-images");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains("the comment's images: the token of a pull request from a fork may not write a branch"), "{seen}");
    assert_eq!(server.writes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_of_a_fork_become_annotations_in_the_log() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("mallory/hotdog"), READER);
    repository.edit("predict.py", "def run(", "def run(  # ::set-env name=X::y ##[error]z\n");
    repository.edit("predict.py", "import", "import ::error::\nimport");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(1), "{seen}");
    let commands = obeyed(&seen);
    assert!(commands.iter().any(|line| line.starts_with("::error file=predict.py,line=")), "{commands:?}");
    let ours = ["::error file=", "::warning file=", "::notice file=", "::add-mask::ghs_reader"];
    assert!(commands.iter().all(|line| ours.iter().any(|start| line.starts_with(start))), "{commands:?}");
}

/// Two models, each with a folder and a configuration of its own.
fn two_folders() -> Repository {
    let (example, repository) = (Repository::example("text-stats"), Repository::new());
    for name in ["one", "two"] {
        for file in ["cog.yaml", "predict.py"] {
            repository.write(&format!("models/{name}/{file}"), &example.read(file));
        }
        let config = example.read("cog-safe-push-configs/text-stats.yaml").replace("acme/text-stats", &format!("acme/{name}"));
        repository.write(&format!("models/{name}/cog-safe-push.yaml"), &config);
    }
    repository
}

#[tokio::test(flavor = "multi_thread")]
async fn models_in_folders_of_their_own_are_checked_and_annotated_there() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = two_folders();
    repository.edit("models/two/predict.py", "text: str =", "text: strr =");
    let repository = runner::step(repository, &server.url(), "pull_request", &pull_request("mallory/hotdog"), READER)
        .variable("INPUT_MODELS", "all")
        .variable("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    let selected = run(&repository, "select --matrix").await;
    assert!(selected.stdout.contains(r#"{"model":["one","two"]}"#), "{selected}");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(1), "{seen}");
    let commands = obeyed(&seen);
    assert!(commands.iter().any(|line| line.starts_with("::error file=models/two/predict.py,line=")), "{commands:?}");
    assert!(!commands.iter().any(|line| line.starts_with("::error file=models/one")), "{commands:?}");
    let report = repository.report();
    let verdicts: Vec<&Value> = report["models"].as_array().unwrap().iter().map(|model| &model["verdict"]).collect();
    assert_eq!(verdicts, ["passed", "failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_tests_is_reported_by_a_check_run() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "merge_group", &json!({}), WRITER).variable("INPUT_COG_TOKEN", SECRET);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let runs = server.check_runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!((runs[0]["status"].as_str(), runs[0]["conclusion"].as_str()), (Some("completed"), Some("success")));
    assert_eq!(server.writes().len(), 2);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_of_our_own_without_tokens_gets_checks_and_a_comment() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(server.check_runs()[0]["head_sha"], HEAD, "the head, not the merge");
    assert!(server.comments()[0]["body"].as_str().unwrap().contains("✅ 1 model passed"));
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_count_wherever_they_are_made() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    repository.write(".safe-push.yaml", "comment: off\n");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!((server.check_runs().len(), server.comments().len()), (1, 0));

    let pushed = step(&server, "push", &json!({}), WRITER);
    let seen = run(&pushed, "run --trigger-type merge_group").await;
    assert_eq!(seen.code, Some(0), "what publishes nothing needs no tokens: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_hands_secrets_to_a_fork_is_refused() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request_target", &pull_request("mallory/hotdog"), WRITER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("the code is from a fork"), "{seen}");
    // It has the token of the base repository, so the pull request can say why.
    assert_reported(&server, &repository, "safe-push", "safe-push does not run on pull_request_target");
    assert!(!server.comments()[0]["body"].as_str().unwrap().contains("text-stats"), "no file of the repository was read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_without_tokens_is_an_error_that_ends_its_check_run() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "push", &json!({}), WRITER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_reported(&server, &repository, "safe-push / text-stats", "no Replicate API token");
    assert!(obeyed(&seen).iter().any(|line| line.starts_with("::error title=safe-push::")), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_nowhere() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "merge_group", &json!({}), WRITER).variable("INPUT_COG_TOKEN", SECRET);
    // As it is, and as a name that is Base64.
    let encoded = STANDARD_NO_PAD.encode(SECRET);
    repository.edit("predict.py", "import", &format!("import {SECRET} ::\nimport {encoded} ::\nimport"));
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(1), "{seen}");
    let log: String = seen.stdout.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let texts = [log, seen.stderr.clone(), repository.read("runner/summary"), repository.read("runner/output")];
    let sent = serde_json::to_string(&server.check_runs()).unwrap();
    for text in texts.iter().chain([&sent, &repository.read("out/run.json"), &repository.read("out/report.html")]) {
        assert!(!text.contains(SECRET) && !text.contains(&encoded[4..20]), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn select_gives_the_matrix_and_report_closes_what_is_missing() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    let seen = run(&repository, "select").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(output(&repository, "matrix").as_deref(), Some(r#"{"model":["text-stats"]}"#));
    assert_eq!(output(&repository, "any").as_deref(), Some("true"));
    let repository = repository.variable("INPUT_EXPECTED", "text-stats,other");
    let seen = run(&repository, "report").await;
    assert_eq!(seen.code, Some(3), "{seen}");
    assert_eq!(server.check_runs().len(), 2);
    assert!(server.comments()[0]["body"].as_str().unwrap().contains("no&nbsp;result"));
}

/// A repository of two models, each made of a folder of its own.
fn two_models(server: &FakeGitHub, event: &str, payload: &Value) -> Repository {
    let repository = step(server, event, payload, READER).variable("INPUT_MODELS", "changed");
    let configuration = repository.read("cog-safe-push-configs/text-stats.yaml");
    repository.write("cog-safe-push-configs/other.yaml", &configuration.replace("acme/text-stats", "acme/other"));
    repository.write(".safe-push.yaml", "models:\n  text-stats: { paths: [\"stats/**\"] }\n  other: { paths: [\"other/**\"] }\n");
    repository
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_models_are_those_of_the_pull_requests_files_as_github_lists_them() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = two_models(&server, "pull_request", &pull_request("mallory/hotdog"));
    for (files, models) in [
        (vec![json!({ "filename": "other/x.py", "status": "modified" })], "other"),
        (vec![json!({ "filename": "docs/x.md", "status": "added" })], ""),
        // What was moved away is missing where it was.
        (vec![json!({ "filename": "docs/x.py", "previous_filename": "stats/x.py", "status": "renamed" })], "text-stats"),
        (vec![json!({ "filename": "other/copy.py", "previous_filename": "stats/x.py", "status": "copied" })], "other"),
        (vec![json!({ "filename": "docs/x.md", "status": "modified" }); 2999], ""),
        (vec![json!({ "filename": "docs/x.md", "status": "modified" }); 3000], "other,text-stats"),
    ] {
        server.has_changed(files);
        repository.write("runner/output", "");
        let seen = run(&repository, "select").await;
        assert_eq!(seen.code, Some(0), "{seen}");
        assert_eq!(output(&repository, "models").as_deref(), Some(models), "{seen}");
    }
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_models_of_a_push_are_those_between_its_commits() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let (before, zero) = ("a".repeat(40), "0".repeat(40));
    let file = |name: &str| json!({ "filename": name, "status": "modified" });
    let everything = "other,text-stats";
    for (before, status, files, models) in [
        (&before, "ahead", vec![file("stats/x.py")], "text-stats"),
        (&before, "ahead", vec![file("docs/x.md"); 299], ""),
        (&before, "ahead", vec![file("docs/x.md"); 300], everything),
        (&before, "diverged", vec![], everything),
        (&zero, "ahead", vec![], everything),
    ] {
        let repository = two_models(&server, "push", &json!({ "before": before, "after": HEAD }));
        server.compares(status, &files);
        let seen = run(&repository, "select").await;
        assert_eq!(seen.code, Some(0), "{seen}");
        assert_eq!(output(&repository, "models").as_deref(), Some(models), "{status} {seen}");
    }
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_of_github_git_is_asked_and_in_doubt_all_models_count() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = two_models(&server, "pull_request", &pull_request("mallory/hotdog"));
    let repository = repository.variable("INPUT_GITHUB_TOKEN", "ghs_expired");
    let seen = run(&repository, "select").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(output(&repository, "models").as_deref(), Some("other,text-stats"));
    assert!(seen.stdout.contains("failed to list the files of the pull request: GitHub denied permission"), "{seen}");
    assert!(seen.stdout.contains("every model counts as changed: the folder is not a git repository"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_nothing_has_outputs_too() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = two_models(&server, "pull_request", &pull_request("acme/hotdog"));
    server.has_changed(vec![json!({ "filename": "docs/x.md", "status": "modified" })]);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let outputs = ["verdict", "versions", "matrix", "report_path"].map(|name| output(&repository, name).unwrap());
    assert_eq!(outputs, ["passed", "{}", r#"{"model":[]}"#, "out"]);
    assert!(output(&repository, "summary").unwrap().contains("no model has changed"));
    assert!(repository.read("runner/summary").contains("no model has changed"));
    assert_eq!(server.writes(), Vec::<String>::new());
    obeyed(&seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_folder_that_cannot_be_written_takes_nothing_else_with_it() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    repository.write("out", "a file where the report folder should be");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "the verdict stays: {seen}");
    assert!(seen.stdout.contains("warning: the report folder: failed to create"), "{seen}");
    let runs = server.check_runs();
    assert_eq!((runs[0]["status"].as_str(), runs[0]["conclusion"].as_str()), (Some("completed"), Some("success")));
    assert!(server.comments()[0]["body"].as_str().unwrap().contains("✅ 1 model passed"));
    assert!(repository.read("runner/summary").contains("text-stats"));
    assert_eq!(["verdict", "versions"].map(|name| output(&repository, name).unwrap()), ["passed", "{}"]);
    assert_eq!(output(&repository, "report_path"), None, "there is no report");
    obeyed(&seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_check_run_leaves_the_others_to_be_completed() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.refuses_check_runs("safe-push / other");
    let repository = two_models(&server, "merge_group", &json!({}));
    let repository = repository.variable("INPUT_GITHUB_TOKEN", WRITER).variable("INPUT_MODELS", "all");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(seen.stdout.matches("warning: the check run of other").count(), 1, "{seen}");
    let runs = server.check_runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(runs[0]["name"], "safe-push / text-stats");
    assert_eq!((runs[0]["status"].as_str(), runs[0]["conclusion"].as_str()), (Some("completed"), Some("success")));
    assert_eq!(output(&repository, "verdict").as_deref(), Some("passed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_that_cannot_be_written_takes_nothing_else_with_it() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    let repository = repository.variable("GITHUB_STEP_SUMMARY", "/nonexistent/summary");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains("warning: the job summary: "), "{seen}");
    assert_eq!(output(&repository, "verdict").as_deref(), Some("passed"));
    assert_eq!(server.check_runs()[0]["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_obeyed_on_the_way_to_github() {
    // What is asked of it as a proxy is answered as GitHub.
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "merge_group", &json!({}), WRITER)
        .variable("GITHUB_API_URL", "http://github.invalid")
        .variable("HTTP_PROXY", &server.url());
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(server.check_runs().len(), 1, "{seen}");
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forks_build_is_given_no_secrets_whatever_its_files_say() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("mallory/hotdog"), READER);
    repository.write(".safe-push.yaml", "docker_secrets: [\"id=mine,env=INPUT_GITHUB_TOKEN\"]\n");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "a token is never a source: {seen}");
    repository.write(".safe-push.yaml", "docker_secrets: [\"id=mine,env=HF_TOKEN\"]\n");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "nobody allowed it: {seen}");
    let repository = repository.variable("INPUT_SECRET_VARIABLES", "HF_TOKEN");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let summary = repository.read("runner/summary");
    assert!(summary.contains("models whose builds need secrets or the Cog CLI were only checked"), "{summary}");
    assert!(summary.contains("| build | skipped |"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelled_key_is_reported_on_its_line_and_replaces_the_comment_of_the_commit_before() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(server.comments()[0]["body"].as_str().unwrap().contains("✅ 1 model passed"));
    server.forgets_check_runs();
    // The next commit.
    repository.write("runner/summary", "");
    repository.write("runner/output", "");
    let repository = repository.variable("GITHUB_RUN_ID", "12").variable("INPUT_MODELS", "text-stats");
    repository.edit("cog-safe-push-configs/text-stats.yaml", "test_cases:", "test_casse:");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_reported(&server, &repository, "safe-push / text-stats", "the configuration has 1 mistake");
    assert_eq!(server.comments().len(), 1);
    insta::assert_snapshot!(pull_request_page(&server, &seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_model_is_reported() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER).variable("INPUT_MODELS", "txt-stats");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_reported(&server, &repository, "safe-push / txt-stats", "'txt-stats' is not a model");
    insta::assert_snapshot!(pull_request_page(&server, &seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_token_is_reported() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "workflow_dispatch", &json!({}), WRITER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_reported(&server, &repository, "safe-push / text-stats", "no Replicate API token");
    insta::assert_snapshot!(pull_request_page(&server, &seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_before_the_models_are_known_is_reported() {
    for (what, name, why) in [
        ("input", "safe-push", "the input parallel is 'many'"),
        ("repository file", "safe-push", "the configuration has 1 mistake"),
        ("token", "safe-push", "the input cog_token is only 5 bytes long"),
        ("script", "safe-push", "the select script tools/gone does not exist"),
        ("select", "safe-push", "the configuration has 1 mistake"),
        ("configuration", "safe-push", "found neither cog-safe-push.yaml nor files"),
    ] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
        let repository = match what {
            "input" => repository.variable("INPUT_PARALLEL", "many"),
            "token" => repository.variable("INPUT_COG_TOKEN", "short"),
            "script" => repository.variable("INPUT_SELECT_SCRIPT", "tools/gone"),
            "configuration" => {
                std::fs::remove_dir_all(repository.path().join("cog-safe-push-configs")).unwrap();
                repository
            }
            _ => {
                repository.write(".safe-push.yaml", "commment: off\n");
                repository
            }
        };
        let seen = run(&repository, if what == "select" { "select" } else { "" }).await;
        assert_eq!(seen.code, Some(2), "{what}: {seen}");
        assert_reported(&server, &repository, name, why);
        assert_eq!(server.comments().len(), 1, "{what}");
        obeyed(&seen);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_sees_mistakes_as_annotations_with_file_and_line() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("mallory/hotdog"), READER);
    repository.edit("cog-safe-push-configs/text-stats.yaml", "test_cases:", "test_casse:");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_eq!(server.writes(), Vec::<String>::new());
    let commands = obeyed(&seen);
    assert!(
        commands.iter().any(|line| line.starts_with("::error file=cog-safe-push-configs/text-stats.yaml,line=")),
        "{commands:?}"
    );
    assert!(repository.read("runner/summary").contains("the configuration has 1 mistake"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_working_directory_are_named_from_the_repository() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    for (folder, edit, code) in [("models/a", "test_casse:", 2), ("./models/a", "test_cases:", 1)] {
        let repository =
            step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER).variable("INPUT_WORKING_DIRECTORY", folder);
        std::fs::create_dir_all(repository.path().join("models/a")).unwrap();
        for name in ["cog.yaml", "predict.py", "cog-safe-push-configs", "requirements.txt"] {
            let from = repository.path().join(name);
            if from.exists() {
                std::fs::rename(from, repository.path().join("models/a").join(name)).unwrap();
            }
        }
        repository.edit("models/a/cog-safe-push-configs/text-stats.yaml", "test_cases:", edit);
        if code == 1 {
            repository.edit("models/a/predict.py", "import", "import (\nimport");
        }
        server.forgets_check_runs();
        let seen = run(&repository, "").await;
        assert_eq!(seen.code, Some(code), "{seen}");
        let file = if code == 2 { "models/a/cog-safe-push-configs/text-stats.yaml" } else { "models/a/predict.py" };
        let runs = server.check_runs();
        assert!(runs[0]["output"]["annotations"].to_string().contains(&format!("\"path\":\"{file}\"")), "{runs:?}");
        assert!(server.comments()[0]["body"].as_str().unwrap().contains(&format!("`{file}:")), "{:?}", server.comments());
        assert!(seen.stdout.contains(&format!("{file}:")), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_would_publish_somebody_elses_commit_is_not_green() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "workflow_dispatch", &json!({}), WRITER);
    repository.write(".git/HEAD", &format!("{}\n", "e".repeat(40)));
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(
        server.check_runs()[0]["output"]["summary"].as_str().unwrap().contains("nothing can be published on workflow&#95;dispatch")
            || server.check_runs()[0]["output"]["summary"]
                .as_str()
                .unwrap()
                .contains("nothing can be published on workflow_dispatch"),
        "{:?}",
        server.check_runs()
    );
    let repository = repository.variable("INPUT_TEST_ONLY", "true");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "checked without secrets: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_to_another_branch_is_tested_and_says_why_it_is_not_published() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let payload = json!({ "repository": { "default_branch": "main" } });
    let repository = step(&server, "push", &payload, WRITER).variable("GITHUB_REF", "refs/heads/try");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "offline, without tokens: {seen}");
    assert!(repository.read("runner/summary").contains("the push is to try, not to the default branch main"));
    let repository = repository.variable("INPUT_PUBLISH_BRANCHES", "try");
    assert_eq!(run(&repository, "").await.code, Some(2), "publishing needs tokens");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_without_a_token_is_not_green() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "schedule", &json!({}), WRITER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    let runs = server.check_runs();
    assert_eq!(runs[0]["conclusion"], "failure");
    assert!(runs[0]["output"]["summary"].as_str().unwrap().contains("no Replicate API token is set"), "{runs:?}");
    assert!(seen.stdout.contains("set the input replicate_api_token"), "a hint for a workflow: {seen}");
}

/// The report folder is a disk of 4 KiB.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_in_the_report_folder_takes_nothing_else_with_it() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    std::fs::create_dir(repository.path().join("out")).unwrap();
    // A shell drops variables with hyphens.
    let repository = repository.variable("INPUT_REPORT_DIR", "out");
    let Some(seen) = on_small_disk(&repository).await else {
        eprintln!("this machine lets nobody mount a disk");
        return;
    };
    assert_eq!(seen.code, Some(0), "the verdict stays: {seen}");
    assert!(seen.stdout.contains("warning: the report folder: failed to write"), "{seen}");
    assert!(
        seen.stdout.find("the run goes on without report files").unwrap() < seen.stdout.find("text-stats").unwrap_or(usize::MAX)
    );
    assert_eq!(server.check_runs()[0]["conclusion"], "success");
    assert!(repository.read("runner/summary").contains("text-stats"));
    assert_eq!(["verdict", "versions"].map(|name| output(&repository, name).unwrap()), ["passed", "{}"]);
    insta::assert_snapshot!(pull_request_page(&server, &seen));
}

/// Runs the step where its report folder is a tiny disk; `None` where that is not allowed.
async fn on_small_disk(repository: &Repository) -> Option<Seen> {
    let folder = repository.path().join("out").display().to_string();
    let mount = format!("mount -t tmpfs -o size=4k none '{folder}'");
    let is_allowed = std::process::Command::new("unshare").args(["--mount", "sh", "-c", &mount]).status().ok()?.success();
    let script = format!("{mount} && exec \"$0\" run");
    is_allowed.then(|| tokio::task::block_in_place(|| repository.run_through("unshare", &["--mount", "sh", "-c", &script])))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matrix_with_a_second_axis_has_two_check_runs() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    for (index, python) in ["3.11", "3.12"].into_iter().enumerate() {
        let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER).variable("INPUT_MODELS", "text-stats");
        let repository = runner::in_matrix(repository, &json!({ "model": "text-stats", "python": python }), index, 2);
        let seen = run(&repository, "").await;
        assert_eq!(seen.code, Some(0), "{seen}");
    }
    let names: Vec<String> = server.check_runs().iter().map(|run| run["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["safe-push / text-stats (3.11)", "safe-push / text-stats (3.12)"]);
    assert_eq!(server.comments().len(), 1);
    assert!(server.comments()[0]["body"].as_str().unwrap().contains("✅ 2 models passed"), "{:?}", server.comments());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_comment_of_the_first_job_knows_the_whole_matrix() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER).variable("INPUT_MODELS", "text-stats");
    let repository = runner::in_matrix(repository, &json!({ "model": "text-stats" }), 0, 4);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let body = server.comments()[0]["body"].as_str().unwrap().to_owned();
    assert!(body.contains("## safe-push: ⏳ 1 of 4 models done, 3 not started"), "{body}");
    insta::assert_snapshot!(pull_request_page(&server, &seen));
    // Then the workflow is canceled.
    let repository =
        repository.variable("INPUT_EXPECTED", "text-stats,b,c,d").variable("INPUT_NEEDS", r#"{"push":{"result":"cancelled"}}"#);
    let seen = run(&repository, "report").await;
    assert_eq!(seen.code, Some(130), "{seen}");
    let body = server.comments()[0]["body"].as_str().unwrap().to_owned();
    assert!(body.contains("## safe-push: 🚫 canceled, 1 of 4 models passed"), "{body}");
    assert!(server.check_runs().iter().all(|run| run["status"] == "completed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_job_without_an_answer_of_github_takes_the_jobs_word() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.hides_check_runs();
    for (needs, code) in [("success", Some(0)), ("skipped", Some(0)), ("failure", Some(1)), ("cancelled", Some(130))] {
        let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
        let repository = repository.variable("INPUT_NEEDS", &json!({ "push": { "result": needs } }).to_string());
        let seen = run(&repository, "report").await;
        assert_eq!(seen.code, code, "{needs}: {seen}");
    }
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER).variable("INPUT_EXPECTED", "x");
    let seen = run(&repository, "report").await;
    assert_eq!(seen.code, Some(3), "nobody knows: {seen}");
    assert!(seen.stdout.contains("needs: ${{ toJSON(needs) }}"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn annotations_are_on_the_lines_of_the_head_commit() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    let file = "cog-safe-push-configs/text-stats.yaml";
    repository.edit(file, "test_cases:", "test_casse:");
    let head = repository.read(file);
    server.has_content(file, &head);
    let line = 1 + head.lines().position(|line| line.contains("test_casse")).unwrap();
    // The base branch has two more lines at the top, which the merge has too.
    repository.write(file, &format!("# new\n# on main\n{head}"));
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    let runs = server.check_runs();
    assert_eq!(runs[0]["output"]["annotations"][0]["start_line"], line, "{runs:?}");
    assert_eq!(server.violations(), Vec::<String>::new());
}
