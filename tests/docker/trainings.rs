//! A model that can be trained, through everything: built, trained in containers, compared and published.

use replicate_sandbox::{JobKind, Sandbox, Visibility};
use serde_json::{Value, json};
use test_support::{Repository, Seen, docker_is_there, predict, sandbox_options};

struct NextWord {
    sandbox: Sandbox,
    repository: Repository,
}

impl NextWord {
    async fn new() -> Self {
        let options = sandbox_options();
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("acme/next-word", Visibility::Public, "cpu").unwrap();
        let repository = Repository::example("next-word").on(&sandbox);
        Self { sandbox, repository }
    }

    /// Runs the program without holding up the sandbox, which lives in this process.
    async fn run(&self) -> Seen {
        tokio::task::block_in_place(|| self.repository.run("run --seed 7"))
    }

    fn trained(&self) -> usize {
        self.sandbox.versions("acme/next-word-trained").len()
    }

    /// Asks the published version to go on with these weights.
    async fn predict(&self, version: &str, weights: &Value) -> Value {
        let body = json!({"version": version, "input": {"prompt": "question", "length": 3, "replicate_weights": weights}});
        predict(&self.sandbox, "predictions", &body).await
    }
}

fn case<'a>(model: &'a Value, id: &str) -> &'a Value {
    model["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_trained_in_containers_before_it_is_published() {
    if !docker_is_there() {
        return;
    }
    let next_word = NextWord::new().await;
    let seen = next_word.run().await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = next_word.repository.report();
    let model = &report["models"][0];
    assert_eq!(model["layers"]["equal"], true, "{model}");
    for id in ["case-1", "case-2", "train-1", "train-2", "train-fuzz-3"] {
        assert_eq!(case(model, id)["status"], "passed", "{seen}");
    }
    // One of the five trainings has to fail.
    assert_eq!(next_word.trained(), 4, "{seen}");
    for version in next_word.sandbox.versions("acme/next-word-trained") {
        assert!(model["findings"].to_string().contains(&version.id), "{} is not named: {seen}", version.id);
    }
    let weights = &case(model, "train-1")["output"]["weights"];
    let live = model["versions"]["live"].as_str().unwrap();
    let answer = next_word.predict(live, weights).await;
    assert_eq!(answer["status"], "succeeded", "{answer}");
    assert_eq!(answer["output"], "question", "what was trained knows no word behind it: {answer}");

    next_word.repository.edit("train.py", "    weights = learn(text, most)\n", "    weights = learn(text, mots)\n");
    let broken = next_word.run().await;
    assert_eq!(broken.code, Some(1), "{broken}");
    assert!(broken.stdout.contains("name 'mots' is not defined"), "{broken}");
    assert_eq!(next_word.sandbox.versions("acme/next-word").len(), 1, "what cannot be trained is not published");
    let trainings = next_word.sandbox.predictions().into_iter().filter(|job| job.kind == JobKind::Training);
    assert!(trainings.into_iter().all(|job| job.status != "processing" && job.status != "starting"));
    next_word.sandbox.stop().await;
}
