//! Secrets of a run: in whatever form they come back, no outlet shows them. And programs of test cases that want all memory there is.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use safe_push::support::ExposeSecret;
use serde_json::{Value, json};
use test_support::{Repository, Seen};

const MODEL: &str = "acme/parrot";

fn schema() -> Value {
    json!({"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "paths": {}, "components": {"schemas": {
        "Input": {"type": "object", "title": "Input", "required": ["text"], "properties": {
            "text": {"type": "string", "title": "Text", "description": "What to say", "x-order": 0},
        }},
        "Output": {"title": "Output"},
    }}})
}

/// A sandbox with one scripted version that returns this, and a repository that tests it.
async fn parrot(check: &str, output: impl Fn(&str) -> Value) -> (Sandbox, Repository) {
    let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.create_model(MODEL, Visibility::Public, "cpu").unwrap();
    let output = output(sandbox.api_token().expose_secret());
    let script = Script::new(move |_| ScriptedReply::output(output.clone()).logs(output.to_string()));
    sandbox.push_scripted_version(MODEL, Some(schema()), script).unwrap();
    let repository = Repository::new()
        .variable("REPLICATE_BASE_URL", sandbox.base_url())
        .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret());
    let cases = format!("  test_cases:\n    - inputs: {{text: hello}}\n      {check}\n");
    repository.write("cog-safe-push.yaml", &format!("model: {MODEL}\npredict:\n  compare_outputs: false\n{cases}"));
    (sandbox, repository)
}

fn verify(repository: &Repository, options: &str) -> Seen {
    tokio::task::block_in_place(|| repository.run(&format!("verify {MODEL} {options}")))
}

#[test]
fn a_token_that_is_a_word_is_refused() {
    for (name, value, why) in [
        ("ANTHROPIC_API_KEY", "model", "ANTHROPIC_API_KEY is only 5 bytes long; a secret has at least 8"),
        ("COG_TOKEN", "password", "COG_TOKEN is a common word or placeholder"),
        ("PAGERDUTY_ROUTING_KEY", "********", "PAGERDUTY_ROUTING_KEY is a common word or placeholder"),
    ] {
        let repository = Repository::example("text-stats").variable(name, value);
        let seen = repository.run("check");
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(seen.stderr.contains(why) && seen.stderr.contains("unset it"), "{seen}");
        let seen = repository.run("check --format json");
        let error: Value = serde_json::from_str(&seen.stdout).unwrap();
        assert_eq!((seen.code, error["verdict"].as_str()), (Some(2), Some("misconfigured")), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_hidden_in_every_form_and_every_report() {
    let (sandbox, repository) = parrot("exact_string: something else", |token| {
        let wrapped: Vec<String> = STANDARD
            .encode(format!("{}{token}{}", "a".repeat(50), "z".repeat(60)))
            .as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        json!({
            "plain": token,
            "base64": STANDARD.encode(token),
            "urlsafe": URL_SAFE_NO_PAD.encode(format!("x{token}")),
            "wrapped": wrapped.join("\n"),
            "hex": hex::encode(token),
            "upper": hex::encode_upper(token),
            token: "the key of a member",
        })
    })
    .await;
    let token = sandbox.api_token().expose_secret().to_owned();
    let longest = STANDARD.encode(format!("{}{token}", "a".repeat(50)));
    let middle = token.len() / 2;
    let forms = [
        token.clone(),
        STANDARD.encode(&token)[4..20].to_owned(),
        longest[72..76].to_owned() + &longest[76..86],
        longest[80..92].to_owned(),
        hex::encode(&token[..middle]),
        hex::encode_upper(&token[..middle]),
    ];
    for options in ["-v", "--format json", "--format sarif"] {
        let seen = verify(&repository, options);
        assert_eq!(seen.code, Some(1), "{seen}");
        let files = ["run.json", "report.md", "report.html", "junit.xml"];
        let mut shown: Vec<String> = files.map(|name| repository.read(&format!("safe-push-report/{name}"))).to_vec();
        shown.extend([seen.stdout.clone(), seen.stderr.clone()]);
        for text in &shown {
            for form in &forms {
                assert!(!text.contains(form.as_str()), "{form} is in {text}");
            }
        }
        if options.contains("format") {
            serde_json::from_str::<Value>(&seen.stdout).unwrap();
        }
    }
    let report = repository.report();
    assert_eq!(report["models"][0]["model"], MODEL, "keys and other values stay");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jq_query_that_wants_all_memory_fails_its_case_alone() {
    for (program, limit) in [
        ("reduce range(40) as $i (\"x\"; . + .) | length > 0", "needs more than 512 MiB of memory"),
        ("\"x\" * 1000000000000 | length > 0", "needs more than 512 MiB of memory"),
        ("[limit(1e9; repeat(0))]", "takes more than 1500000 steps"),
    ] {
        let (sandbox, repository) = parrot(&format!("jq_query: '{program}'"), |_| json!("hello")).await;
        let seen = verify(&repository, "");
        assert_eq!(seen.code, Some(1), "{program}: {seen}");
        let case = &repository.report()["models"][0]["cases"][0];
        assert!(case["id"] == "case-1" && case.to_string().contains(limit), "{program}: {case:#}");
        assert!(seen.stdout.contains("case-1 failed: jq query"), "{program}: {seen}");
        for noise in ["panicked", "memory allocation", "core dumped"] {
            assert!(!seen.to_string().contains(noise), "{program}: {seen}");
        }
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jq_queries_work_in_their_own_process() {
    let (sandbox, repository) = parrot("jq_query: '.n == 3 and env == {}'", |_| json!({"n": 3})).await;
    let seen = verify(&repository, "");
    assert_eq!(seen.code, Some(0), "{seen}");
    repository.edit("cog-safe-push.yaml", ".n == 3 and env == {}", ".n ==");
    let seen = verify(&repository, "");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("the jq program is not valid"), "{seen}");
    sandbox.stop().await;
}

/// The streams of the process are outlets: whoever writes to one takes only what the redactor made. The stage of an untrusted program has
/// no secret to hide, and says only why it could not start.
#[test]
fn only_the_printer_writes_to_the_streams() {
    let known = ["src/cli/printer.rs", "src/cli/start.rs", "src/support/untrusted/isolator.rs", "src/verify/jq/worker.rs"];
    let mut folders = vec![test_support::root().join("src")];
    let mut writers = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let relative = path.strip_prefix(test_support::root()).unwrap().display().to_string();
                if ["io::stdout()", "io::stderr()", "io::stderr)"].iter().any(|stream| text.contains(stream)) {
                    writers.push(relative);
                }
            }
        }
    }
    writers.sort();
    assert_eq!(writers, known);
}

#[test]
fn no_part_of_a_token_is_shown_where_a_line_is_cut() {
    let token = format!("sk-ant-{}", (0..102).map(|number| char::from(b'a' + (number * 7 % 26) as u8)).collect::<String>());
    for format in ["text", "json", "github", "sarif"] {
        let repository = Repository::example("text-stats").variable("ANTHROPIC_API_KEY", &token);
        let line =
            format!("model: acme/text-stats\nenvironment_for_the_judge_of_all_outputs: {{ANTHROPIC_API_KEY: \"{token}\"}}\n");
        repository.write("cog-safe-push-configs/text-stats.yaml", &line);
        let seen = repository.run(&format!("check --no-lint --format {format}"));
        assert_eq!(seen.code, Some(2), "{seen}");
        let shown = format!("{}{}", seen.stdout, seen.stderr);
        for start in 7..token.len() - 12 {
            assert!(!shown.contains(&token[start..start + 12]), "{format}, from {start}: {seen}");
        }
    }
}
