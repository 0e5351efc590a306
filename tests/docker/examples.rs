//! The examples through everything: built, run in containers, judged, compared with their live version and published. Only Claude is
//! played.

use std::time::Duration;

use replicate_sandbox::{Sandbox, Visibility};
use serde_json::{Value, json};
use test_support::fake_claude::{Asked, FakeClaude, KEY};
use test_support::{Repository, docker_is_there, sandbox_options};

/// An example, what is added to its configuration, and what Claude invents for it.
struct Example {
    name: &'static str,
    /// A test case that somebody has to judge.
    judged: &'static str,
    inputs: fn(usize) -> Value,
    /// Recognizes the inputs that Claude invents.
    is_invented: fn(&Value) -> bool,
}

static EXAMPLES: [Example; 3] = [
    Example {
        name: "text-stats",
        judged: "    - inputs: {text: \"One. Two.\"}\n      match_prompt: counts of a text\n",
        inputs: |number| json!({"text": format!("invented {number}"), "top": number}),
        is_invented: |inputs| inputs["text"].as_str().is_some_and(|text| text.starts_with("invented")),
    },
    Example {
        name: "skyline",
        judged: "    - inputs: {sky: noon, seed: 3}\n      match_prompt: a city under a blue sky\n",
        inputs: |number| json!({"sky": "dawn", "buildings": 1 + number, "width": 101, "height": 67}),
        is_invented: |inputs| inputs["width"] == 101 && inputs["height"] == 67,
    },
    Example {
        name: "next-word",
        judged: "    - inputs: {prompt: dog}\n      match_prompt: words in a row\n",
        inputs: |number| json!({"prompt": "the", "length": 41 + number}),
        is_invented: |inputs| inputs["length"].as_u64() > Some(40) && inputs["prompt"] == "the",
    },
];

impl Example {
    fn answer(&self, asked: &Asked) -> Value {
        if asked.tool == "verdict" {
            return json!({"reason": "It is as described.", "verdict": "yes"});
        }
        json!({"inputs": (0..8).map(self.inputs).collect::<Vec<_>>()})
    }

    async fn goes_through_everything(&'static self) {
        if !docker_is_there() {
            return;
        }
        let options = sandbox_options();
        let sandbox = Sandbox::start(options).await.unwrap();
        let model = format!("acme/{}", self.name);
        sandbox.create_model(&model, Visibility::Public, "cpu").unwrap();
        let claude = FakeClaude::start(Duration::ZERO, |asked| self.answer(asked)).await;
        let repository = Repository::example(self.name)
            .on(&sandbox)
            .variable("ANTHROPIC_BASE_URL", &claude.url)
            .variable("ANTHROPIC_API_KEY", KEY);
        let config = format!("cog-safe-push-configs/{}.yaml", self.name);
        let text = repository.read(&config);
        let text = text.replacen("  fuzz:\n", &format!("{}  fuzz:\n    prompt: As people would use it\n", self.judged), 1);
        repository.write(&config, &text);

        // The second run has a live version to compare with.
        for round in 1..=2 {
            let seen = tokio::task::block_in_place(|| repository.run("run --always"));
            assert_eq!(seen.code, Some(0), "{seen}");
            assert_eq!(sandbox.versions(&model).len(), round, "{seen}");
            let report = repository.report();
            let cases = report["models"][0]["cases"].as_array().unwrap();
            assert!(cases.iter().all(|case| case["status"] == "passed"), "{seen}");
            let of_kind = |kind: &str| cases.iter().filter(|case| case["kind"] == kind).collect::<Vec<_>>();
            assert_eq!(of_kind("compare").len(), round - 1, "{seen}");
            let fuzz = of_kind("fuzz");
            assert!(fuzz.iter().any(|case| (self.is_invented)(&case["inputs"])), "{fuzz:#?}");
            assert_eq!(report["models"][0]["layers"]["equal"], true);
        }
        assert_eq!(claude.refused(), Vec::<String>::new());
        let asked = claude.asked();
        let verdicts: Vec<&Asked> = asked.iter().filter(|asked| asked.tool == "verdict").collect();
        assert!(verdicts.len() >= 2, "each run has a case to be judged");
        assert_eq!(
            verdicts.iter().any(|asked| !asked.pictures.is_empty()),
            self.name == "skyline",
            "pictures are shown to the judge"
        );
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_counted() {
    EXAMPLES[0].goes_through_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_drawn_and_seen_by_the_judge() {
    EXAMPLES[1].goes_through_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trainings_are_run_too() {
    EXAMPLES[2].goes_through_everything().await;
}
