//! A model that tries everything: its outputs, its logs and its source are full of what a log, Markdown or GitHub would obey, and it
//! repeats the secrets of the run. One run of the action on a pull request, and all that people and machines get to see of it.

use insta::assert_snapshot;
use replicate_sandbox::{Sandbox, SandboxOptions, Visibility};
use safe_push::support::ExposeSecret;
use test_support::fake_github::{FakeGitHub, WRITER};
use test_support::runner::{self, obeyed, output, pull_request};
use test_support::{Repository, ca_file, docker_is_there, sandbox_options};

/// Tokens that the model cannot know, but prints anyway.
const API_TOKEN: &str = "r8_hostile_model_knows_this_token";
const CLI_TOKEN: &str = "cog_hostile_model_knows_this_too";

/// What it says wherever it can.
const WORDS: &str = r#"HOSTILE = "\n".join(
    [
        "::set-env name=PATH::/evil",
        "  ::stop-commands::pwned",
        "::add-mask::a",
        "::set-output name=verdict::passed",
        "10%\r::error file=predict.py,line=1::not true",
        "said ##[error]not true ##[add-mask]a",
        "</details></details><script>alert(1)</script><img src=x onerror=alert(1)>",
        "-->",
        "<!-- safe-push:summary v1 run=99999999 -->",
        "<!-- safe-push:row:v1 e30= -->",
        "@everyone @acme/owners #123 acme/hotdog#123 GH-123",
        "![x](https://evil.example/x.png) [click](javascript:alert(1)) https://evil.example",
        "| a | table |",
        "\u202egnp.exe \u2066hidden\u2069 \u200b \x1b[31mred\x1b[0m \x07",
        *("`" * number for number in range(1, 9)),
        "~~~~",
        "API_TOKEN CLI_TOKEN",
    ]
)
"#;

const PREDICTOR: &str = r#"
from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="::error::x </details> @everyone ``` ##[error]y")) -> str:
        print(HOSTILE)
        if text == "fail":
            # Before the long line: what Cog keeps of it when a prediction fails right after differs from time to time.
            raise ValueError(HOSTILE)
        print("x" * 5_000_000)
        print("5 MB end here")
        return HOSTILE
"#;

const CONFIG: &str = r#"
model: acme/hostile
test_hardware: cpu
predict:
  compare_outputs: false
  test_cases:
    - inputs: { text: "::error::an input\n@everyone" }
      exact_string: "</details> ::error::expected\n```\n@everyone"
    - inputs: { text: fail }
      exact_string: a
  fuzz:
    iterations: 0
parallel: 1
"#;

/// What people see outside of code.
fn outside_code(text: &str) -> String {
    let (mut kept, mut fence) = (String::new(), None::<String>);
    for line in text.lines() {
        let bare = line.trim_start_matches([' ', '>', '-', '*']);
        let ticks: String = bare.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if bare.trim_end() == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && !bare[ticks.len()..].contains('`') => fence = Some(ticks),
            None => kept.push_str(&format!("{}\n", without_spans(line))),
        }
    }
    assert_eq!(fence, None, "a fence stays open");
    kept
}

fn without_spans(line: &str) -> String {
    let (mut rest, mut kept) = (line, String::new());
    while let Some(start) = rest.find('`') {
        kept.push_str(&rest[..start]);
        let length = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let inside = &rest[start + length..];
        let mut runs = inside.match_indices('`').map(|(at, _)| at).filter(|at| !inside[..*at].ends_with('`'));
        let end = runs.find(|at| inside[*at..].len() - inside[*at..].trim_start_matches('`').len() == length);
        rest = end.map_or("", |end| &inside[end + length..]);
    }
    kept + rest
}

/// Nothing that GitHub shows may call people, run, load, link or close what we opened.
fn assert_harmless(what: &str, text: &str) {
    let seen = outside_code(text);
    for forbidden in ["<script", "<img", "![", "](javascript", "](https://evil", "https://evil", "<!-- safe-push:summary v1 run=9"]
    {
        assert!(!seen.contains(forbidden), "{forbidden} in {what}:\n{text}");
    }
    // Mentions and references are looked for in the finished page, where character references are characters.
    let page = regex::Regex::new(r"&#(\d+);")
        .unwrap()
        .replace_all(&seen, |found: &regex::Captures<'_>| char::from_u32(found[1].parse().unwrap()).unwrap().to_string());
    let called = regex::Regex::new(r"@[A-Za-z]|#\d|GH-\d").unwrap().find(&page).map(|found| found.as_str().to_owned());
    assert_eq!(called, None, "{what}:\n{text}");
    assert_eq!(seen.matches("<details").count(), seen.matches("</details>").count(), "{what}:\n{text}");
    for invisible in ['\u{202e}', '\u{2066}', '\u{1b}', '\u{7}'] {
        assert!(!text.contains(invisible), "{invisible:?} in {what}:\n{text}");
    }
    assert!(!text.contains(API_TOKEN) && !text.contains(CLI_TOKEN), "a secret in {what}:\n{text}");
    assert!(text.len() < 65_536, "{what} has {} bytes", text.len());
}

/// The text without what differs between runs, and without the code of the row that a check run carries.
fn readable(text: &str) -> String {
    let differing = [
        (r"(safe-push:row:v1 )[A-Za-z0-9+/=]+", "${1}[ROW]"),
        (r"(updated |started )[0-9T:-]+Z", "${1}[WHEN]"),
        (r"\$[0-9]\.[0-9]{4}", "[COST]"),
        (r"\b\d+(\.\d+)?&nbsp;(min|s|ms)\b", "[TIME]"),
        (r"`[0-9a-f]{8}`", "`[SHORT]`"),
        (r", \[CACHED\]", ""),
    ];
    differing
        .into_iter()
        .fold(text.to_owned(), |text, (pattern, word)| regex::Regex::new(pattern).unwrap().replace_all(&text, word).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_model_changes_nothing() {
    if !docker_is_there() {
        return;
    }
    let options = SandboxOptions {
        username: "acme".to_owned(),
        api_token: Some(API_TOKEN.into()),
        cli_token: Some(CLI_TOKEN.into()),
        ..sandbox_options()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.create_model("acme/hostile", Visibility::Public, "cpu").unwrap();
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = Repository::new();
    // The secrets are put together, so that they are not found in the source already.
    let words = WORDS
        .replace("API_TOKEN", &API_TOKEN.replace("r8_", "r8_\" \""))
        .replace("CLI_TOKEN", &CLI_TOKEN.replace("cog_", "cog_\" \""));
    repository.write("predict.py", &format!("{words}{PREDICTOR}"));
    repository
        .write("cog.yaml", "build:\n  python_version: \"3.11\"\n  sdk_version: \"0.23.1\"\npredict: \"predict.py:Predictor\"\n");
    repository.write("cog-safe-push-configs/hostile.yaml", CONFIG);
    let repository = runner::step(repository, &server.url(), "pull_request", &pull_request("acme/hotdog"), WRITER)
        .variable("REPLICATE_BASE_URL", sandbox.base_url())
        .variable("REPLICATE_REGISTRY", sandbox.registry_host())
        .variable("INPUT_REPLICATE_API_TOKEN", sandbox.api_token().expose_secret())
        .variable("INPUT_COG_TOKEN", sandbox.cli_token().expose_secret())
        .variable("COG_CA_CERT", &ca_file())
        .variable("SAFE_PUSH_SEED", "7")
        .variable("RUNNER_DEBUG", "1");
    let seen = tokio::task::block_in_place(|| repository.run(""));
    assert_eq!(seen.code, Some(1), "{seen}");

    let masks = [CLI_TOKEN, WRITER, API_TOKEN].map(|secret| format!("::add-mask::{secret}"));
    assert_eq!(obeyed(&seen), masks, "the runner obeys somebody else");
    let mut log = seen.stdout.clone();
    for secret in [CLI_TOKEN, API_TOKEN, WRITER] {
        log = log.replace(&format!("::add-mask::{secret}\n"), "::add-mask::[SECRET]\n");
    }
    assert!(!log.contains(API_TOKEN) && !log.contains(CLI_TOKEN) && seen.stderr.is_empty(), "{seen}");
    assert!(log.len() < 100_000, "the log has {} bytes", log.len());
    for invisible in ['\r', '\u{202e}', '\u{2066}', '\u{1b}', '\u{7}'] {
        assert!(!log.contains(invisible), "{invisible:?} in the log");
    }
    assert_snapshot!("log", readable(&log));

    let summary = repository.scrub(&repository.read("runner/summary"));
    assert_harmless("the job summary", &summary);
    assert_snapshot!("summary", readable(&summary));
    assert_eq!(output(&repository, "verdict").as_deref(), Some("failed"));
    assert_harmless("the output summary", &output(&repository, "summary").unwrap());

    let comments = server.comments();
    assert_eq!(comments.len(), 1);
    let comment = repository.scrub(comments[0]["body"].as_str().unwrap());
    assert_harmless("the comment", &comment);
    assert_snapshot!("comment", readable(&comment));

    let runs = server.check_runs();
    assert_eq!((runs.len(), runs[0]["conclusion"].as_str()), (1, Some("failure")));
    let text = |field: &str| repository.scrub(runs[0]["output"][field].as_str().unwrap());
    for field in ["title", "summary", "text"] {
        assert_harmless(field, &text(field));
    }
    assert_snapshot!("check", readable(&format!("{}\n---\n{}\n---\n{}", text("title"), text("summary"), text("text"))));
    assert_eq!(server.violations(), Vec::<String>::new());
    for file in ["run.json", "report.md", "report.html", "junit.xml"] {
        let text = repository.read(&format!("safe-push-report/{file}"));
        assert!(!text.contains(API_TOKEN) && !text.contains(CLI_TOKEN), "a secret in {file}");
    }
    sandbox.stop().await;
}
