//! The run that cog-safe-push was measured with: ten cases of five kinds, a comparison, ten generated inputs, four at one time. Scripted
//! versions answer, and a strict fake is the judge.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod fake_claude;
mod harness;

use std::time::Duration;

use fake_claude::{Asked, FakeClaude, KEY};
use harness::{Repository, Seen};
use safe_push::sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, ScriptedRequest, Visibility};
use safe_push::support::ExposeSecret;
use serde_json::{Value, json};

const CONFIG: &str = r#"model: acme/hello
parallel: 4
predict:
  compare_outputs: true
  test_cases:
    - inputs: {text: world, seed: 1}
      exact_string: hello world
    - inputs: {text: moon}
      exact_string: hello moon
    - inputs: {text: sun, shout: true}
      exact_string: HELLO SUN
    - inputs: {text: five, mode: json}
      jq_query: .length == 4
    - inputs: {text: sixsix, mode: json}
      jq_query: '.length == 6 and .text == "sixsix"'
    - inputs: {text: bad}
      error_contains: cannot be greeted
    - inputs: {text: worse, n: 9}
      error_contains: more than this model can take
    - inputs: {text: a cat, mode: picture}
      match_prompt: a smooth picture
    - inputs: {text: friend}
      match_prompt: a friendly greeting
    - inputs: {text: a cat, mode: picture}
      match_url: PICTURE
  fuzz:
    iterations: 10
    prompt: Greet many kinds of people
    fixed_inputs: {shout: false}
    disabled_inputs: [seed]
"#;

fn schema() -> Value {
    json!({"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "paths": {}, "components": {"schemas": {
        "Input": {"type": "object", "title": "Input", "required": ["text"], "properties": {
            "text": {"type": "string", "title": "Text", "description": "Whom to greet", "minLength": 1, "x-order": 0},
            "n": {"type": "integer", "title": "N", "description": "How often", "minimum": 1, "maximum": 9, "default": 1, "x-order": 1},
            "shout": {"type": "boolean", "title": "Shout", "description": "Loud", "default": false, "x-order": 2},
            "mode": {"type": "string", "title": "Mode", "description": "text, json or picture", "default": "text", "x-order": 3},
            "seed": {"type": "integer", "title": "Seed", "description": "Seed", "x-order": 4},
        }},
        "Output": {"title": "Output"},
    }}})
}

fn picture() -> String {
    let picture = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * 4) as u8, (y * 4) as u8, 128]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    use base64::Engine as _;
    format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(bytes.into_inner()))
}

/// Says hello as a model does that is well.
fn hello(request: &ScriptedRequest) -> ScriptedReply {
    let text = request.input["text"].as_str().unwrap();
    if text == "bad" {
        return ScriptedReply::failure("'bad' cannot be greeted").after(Duration::from_millis(50));
    }
    if text == "worse" {
        return ScriptedReply::failure("n=9 is more than this model can take").after(Duration::from_millis(50));
    }
    let said = match request.input.get("mode").and_then(Value::as_str) {
        Some("json") => json!({"text": text, "length": text.chars().count()}),
        Some("picture") => json!(picture()),
        _ if request.input.get("shout") == Some(&json!(true)) => json!(format!("HELLO {}", text.to_uppercase())),
        _ => json!(format!("hello {text}")),
    };
    ScriptedReply::output(said).after(Duration::from_millis(50))
}

/// Approves everything, and invents greetings; two of each batch do not fit.
fn agreeing(asked: &Asked) -> Value {
    if asked.tool == "verdict" {
        return json!({"reason": "It is as described.", "passed": true});
    }
    let mut inputs: Vec<Value> =
        (0..12).map(|number| json!({"text": format!("person {number}"), "n": 1 + number % 3, "seed": 5})).collect();
    inputs[3] = json!({"text": "too often", "n": 99});
    inputs[4] = json!({"colour": "red", "text": "x"});
    json!({ "inputs": inputs })
}

struct Peer {
    sandbox: Sandbox,
    claude: FakeClaude,
    repository: Repository,
    /// The version in question.
    version: String,
}

impl Peer {
    async fn new(
        answer: impl Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync + 'static,
        opinion: impl Fn(&Asked) -> Value + Send + Sync + 'static,
    ) -> Self {
        let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("acme/hello", Visibility::Public, "cpu").unwrap();
        let version = sandbox.push_scripted_version("acme/hello", Some(schema()), Script::new(answer)).unwrap();
        // The newest is the live one.
        sandbox.push_scripted_version("acme/hello", Some(schema()), Script::new(hello)).unwrap();
        let claude = FakeClaude::start(Duration::ZERO, opinion).await;
        let repository = Repository::new()
            .variable("REPLICATE_BASE_URL", sandbox.base_url())
            .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret())
            .variable("ANTHROPIC_BASE_URL", &claude.url)
            .variable("ANTHROPIC_API_KEY", KEY);
        repository.write("cog-safe-push.yaml", &CONFIG.replace("PICTURE", &picture()));
        Self { sandbox, claude, repository, version }
    }

    async fn verify(&self) -> Seen {
        let line = format!("verify acme/hello:{}", self.version);
        tokio::task::block_in_place(|| self.repository.run(&line))
    }

    fn cases(&self) -> Vec<Value> {
        self.repository.report()["models"][0]["cases"].as_array().unwrap().clone()
    }

    fn case(&self, id: &str) -> Value {
        let cases = self.cases();
        cases.iter().find(|case| case["id"] == id).cloned().unwrap_or_else(|| panic!("no case {id} in {cases:#?}"))
    }
}

/// A failure names the case, its inputs, what was expected and what came, and the prediction's page.
fn tells(peer: &Peer, seen: &Seen, id: &str, words: &[&str]) {
    assert_eq!(seen.code, Some(1), "{seen}");
    let start = seen.stdout.find(&format!("{id} failed")).unwrap_or_else(|| panic!("no {id} in {seen}"));
    let entry = seen.stdout[start..].split("\n\n").next().unwrap();
    for word in words {
        assert!(entry.contains(word), "'{word}' is not told of {id}:\n{entry}");
    }
    let case = peer.case(id);
    let url = case["url"].as_str().unwrap();
    let prediction = case["prediction_id"].as_str().unwrap();
    assert!(url.ends_with(prediction), "{case:#}");
    // The harness replaces what differs from run to run.
    assert!(entry.contains("page") && entry.contains("/p/"), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_passes() {
    let peer = Peer::new(hello, agreeing).await;
    let seen = peer.verify().await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(peer.claude.refused(), Vec::<String>::new());

    let cases = peer.cases();
    let count = |kind: &str| cases.iter().filter(|case| case["kind"] == kind && case["status"] == "passed").count();
    assert_eq!((count("compare"), count("case"), count("fuzz")), (1, 10, 10), "{seen}");

    let asked = peer.claude.asked();
    assert_eq!(asked.iter().filter(|asked| asked.tool == "verdict").count(), 2);
    let shown: Vec<_> = asked.iter().filter(|asked| !asked.pictures.is_empty()).collect();
    assert_eq!(shown.len(), 1);
    assert!(shown[0].text.contains("64 x 64 pixels") && shown[0].text.contains("a smooth picture"), "{}", shown[0].text);
    // One batch: twelve were given, two of them do not fit.
    assert_eq!(asked.iter().filter(|asked| asked.tool == "inputs").count(), 1);
    let wish = asked.iter().find(|asked| asked.tool == "inputs").unwrap();
    for words in ["Greet many kinds of people", "shout", "Never give these inputs"] {
        assert!(wish.text.contains(words), "{}", wish.text);
    }
    for case in cases.iter().filter(|case| case["kind"] == "fuzz") {
        let inputs = case["inputs"].as_object().unwrap();
        assert!(inputs["text"].as_str().unwrap().starts_with("person "), "{case}");
        assert!(inputs["shout"] == json!(false) && !inputs.contains_key("seed"), "{case}");
    }
    peer.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_output_is_told() {
    let changed = |request: &ScriptedRequest| match request.input["text"].as_str() {
        Some("world") => ScriptedReply::output("howdy world"),
        _ => hello(request),
    };
    let peer = Peer::new(changed, agreeing).await;
    let seen = peer.verify().await;
    tells(&peer, &seen, "case-1", &[r#""text":"world""#, "hello world", "howdy world"]);
    tells(&peer, &seen, "compare-1", &[r#""text":"world""#, "hello world", "howdy world"]);
    assert_eq!(peer.case("case-2")["status"], "passed");
    peer.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_generated_input_is_told_with_a_smaller_one_and_a_command() {
    let picky = |request: &ScriptedRequest| match request.input.get("n").and_then(Value::as_i64) {
        Some(2..9) => ScriptedReply::failure("RuntimeError: n is more than this model can take"),
        _ => hello(request),
    };
    let peer = Peer::new(picky, agreeing).await;
    let seen = peer.verify().await;
    let failed: Vec<Value> = peer.cases().into_iter().filter(|case| case["kind"] == "fuzz" && case["status"] == "failed").collect();
    assert!(!failed.is_empty(), "{seen}");
    let id = failed[0]["id"].as_str().unwrap();
    tells(&peer, &seen, id, &["RuntimeError: n is more than this model can take", "inputs", "person "]);
    assert!(seen.stdout.contains("to repeat it: curl -sS -X POST"), "{seen}");
    peer.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_the_judge_refuses_is_told_with_its_reason() {
    let strict = |asked: &Asked| {
        if asked.tool == "verdict" && asked.text.contains("friendly") {
            return json!({"reason": "The text is hostile.", "passed": false});
        }
        agreeing(asked)
    };
    let peer = Peer::new(hello, strict).await;
    let seen = peer.verify().await;
    tells(&peer, &seen, "case-9", &[r#""text":"friend""#, "a friendly greeting", "hello friend", "The text is hostile."]);
    // Best of three for each of two tries.
    assert_eq!(peer.claude.asked().iter().filter(|asked| asked.text.contains("friendly")).count(), 6);
    peer.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_accepted_is_an_error_with_the_way_out() {
    let peer = Peer::new(hello, agreeing).await;
    let peer = Peer { repository: peer.repository.variable("ANTHROPIC_API_KEY", "sk-ant-other"), ..peer };
    let seen = peer.verify().await;
    assert_ne!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains("ANTHROPIC_API_KEY"), "{seen}");
    assert!(!format!("{seen}").contains("sk-ant-other"), "{seen}");
    peer.sandbox.stop().await;
}
