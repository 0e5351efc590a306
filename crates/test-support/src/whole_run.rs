//! The run that cog-safe-push was measured with (`docs/reference/cog-safe-push.md#a-whole-run`): ten cases of five kinds, a comparison, ten
//! fuzz inputs, four at a time. Scripted versions answer, and a strict fake is the judge. Tests check its results, a benchmark measures
//! its time.

use std::time::Duration;

use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, ScriptedRequest, Visibility};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::fake_claude::{Asked, FakeClaude, KEY};
use crate::{Repository, Seen};

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

/// Says hello after some time, as a healthy model does.
pub fn hello(request: &ScriptedRequest, latency: Duration) -> ScriptedReply {
    let text = request.input["text"].as_str().unwrap();
    if text == "bad" {
        return ScriptedReply::failure("'bad' cannot be greeted").after(latency);
    }
    if text == "worse" {
        return ScriptedReply::failure("n=9 is more than this model can take").after(latency);
    }
    let said = match request.input.get("mode").and_then(Value::as_str) {
        Some("json") => json!({"text": text, "length": text.chars().count()}),
        Some("picture") => json!(picture()),
        _ if request.input.get("shout") == Some(&json!(true)) => json!(format!("HELLO {}", text.to_uppercase())),
        _ => json!(format!("hello {text}")),
    };
    ScriptedReply::output(said).after(latency)
}

/// Approves everything, and invents greetings. Two of each batch do not fit.
pub fn agreeing(asked: &Asked) -> Value {
    if asked.tool == "verdict" {
        return json!({"reason": "It is as described.", "verdict": "yes"});
    }
    let mut inputs: Vec<Value> =
        (0..12).map(|number| json!({"text": format!("person {number}"), "n": 1 + number % 3, "seed": 5})).collect();
    inputs[3] = json!({"text": "too often", "n": 99});
    inputs[4] = json!({"color": "red", "text": "x"});
    json!({ "inputs": inputs })
}

/// A healthy live version, a staged version, and a repository that verifies it.
pub struct WholeRun {
    pub sandbox: Sandbox,
    pub claude: FakeClaude,
    pub repository: Repository,
    /// The staged version.
    pub version: String,
}

impl WholeRun {
    /// `latency` is that of the live version's predictions, `thinking` that of the judge.
    pub async fn new(
        latency: Duration,
        thinking: Duration,
        answer: impl Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync + 'static,
        opinion: impl Fn(&Asked) -> Value + Send + Sync + 'static,
    ) -> Self {
        Self::far_off(Duration::ZERO, latency, thinking, answer, opinion).await
    }

    /// Like [`Self::new`], with a service that is far away: a request and its response take `round_trip`.
    pub async fn far_off(
        round_trip: Duration,
        latency: Duration,
        thinking: Duration,
        answer: impl Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync + 'static,
        opinion: impl Fn(&Asked) -> Value + Send + Sync + 'static,
    ) -> Self {
        let options = SandboxOptions { username: "acme".to_owned(), docker: false, round_trip, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("acme/hello", Visibility::Public, "cpu").unwrap();
        let version = sandbox.push_scripted_version("acme/hello", Some(schema()), Script::new(answer)).unwrap();
        // The newest version is the live one.
        sandbox.push_scripted_version("acme/hello", Some(schema()), Script::new(move |request| hello(request, latency))).unwrap();
        let claude = FakeClaude::start(thinking, opinion).await;
        let repository = Repository::new()
            .variable("REPLICATE_BASE_URL", sandbox.base_url())
            .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret())
            .variable("ANTHROPIC_BASE_URL", &claude.url)
            .variable("ANTHROPIC_API_KEY", KEY);
        repository.write("cog-safe-push.yaml", &CONFIG.replace("PICTURE", &picture()));
        Self { sandbox, claude, repository, version }
    }

    /// Verifies the staged version.
    pub async fn verify(&self) -> Seen {
        self.verify_timed().await.0
    }

    /// Verifies the staged version, and measures how long that takes.
    pub async fn verify_timed(&self) -> (Seen, Duration) {
        let line = format!("verify acme/hello:{}", self.version);
        tokio::task::block_in_place(|| self.repository.run_timed(&line))
    }

    /// The cases of the report.
    pub fn cases(&self) -> Vec<Value> {
        self.repository.report()["models"][0]["cases"].as_array().unwrap().clone()
    }

    /// The case with this id in the report.
    pub fn case(&self, id: &str) -> Value {
        let cases = self.cases();
        cases.iter().find(|case| case["id"] == id).cloned().unwrap_or_else(|| panic!("no case {id} in {cases:#?}"))
    }
}
