//! safe-push's client and the sandbox implement one contract without shared code, so they have to agree.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use replicate_sandbox::{Fault, FaultEffect, Sandbox, SandboxOptions, Script, ScriptedReply, Visibility as Seen};
use reqwest::{Method, StatusCode};
use safe_push::clients::replicate::{
    Accounts as _, Deletion, DeploymentPatch, Deployments as _, DownloadLimits, Files as _, ModelCreation, Models as _,
    NewDeployment, NewFile, NewModel, Polling, PredictionRequest, PredictionTarget, Predictions as _, RealReplicate,
    Replicate as _, ReplicateError, ReplicateFailure, ReplicateOptions, RunLimits, TimeLimit, TrainingRequest, Trainings as _,
    Visibility, trained_version,
};
use safe_push::domain::identity::{ModelRef, VersionRef};
use safe_push::domain::prediction::{Inputs, Prediction, PredictionStatus};
use safe_push::support::clock::SystemClock;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

struct Pair {
    sandbox: Sandbox,
    client: RealReplicate,
}

impl Pair {
    async fn start() -> Self {
        let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let base_url = sandbox.api_url().as_str().parse().unwrap();
        let options = ReplicateOptions::new(base_url, sandbox.api_token().clone());
        Self { client: RealReplicate::new(options, Arc::new(SystemClock)).unwrap(), sandbox }
    }

    fn version(&self, script: Script) -> VersionRef {
        if self.sandbox.versions("m").is_empty() {
            self.sandbox.create_model("m", Seen::Private, "cpu").unwrap();
        }
        let id = self.sandbox.push_scripted_version("m", Some(schema()), script).unwrap();
        VersionRef { model: model("m"), id: id.parse().unwrap() }
    }

    async fn run(&self, version: &VersionRef, prompt: &str) -> Result<Prediction, ReplicateError> {
        let request = PredictionRequest::new(PredictionTarget::Version(version.clone()), inputs(json!({"prompt": prompt})));
        self.client.run_prediction(&request, &limits(), &|_| {}, &CancellationToken::new()).await
    }
}

fn model(name: &str) -> ModelRef {
    format!("acme/{name}").parse().unwrap()
}

fn inputs(value: Value) -> Inputs {
    serde_json::from_value(value).unwrap()
}

fn limits() -> RunLimits {
    RunLimits { startup: Duration::from_secs(60), run: Duration::from_secs(60), polling: Polling::default(), pace: None }
}

fn schema() -> Value {
    json!({"components": {"schemas": {
        "Input": {"type": "object", "required": ["prompt"], "properties": {"prompt": {"type": "string", "maxLength": 10}}},
        "TrainingInput": {"type": "object"},
    }}})
}

fn echo() -> Script {
    Script::new(|request| ScriptedReply::output(request.input["prompt"].clone()).logs("on it\n"))
}

#[tokio::test(start_paused = true)]
async fn a_prediction_is_run_and_understood() {
    let pair = Pair::start().await;
    let version = pair.version(echo());
    let done = pair.run(&version, "hello").await.unwrap();
    assert_eq!((done.status, done.output, done.logs.as_str()), (PredictionStatus::Succeeded, Some(json!("hello")), "on it\n"));
    assert!(done.predict_time.is_some() && done.started_at >= done.created_at && done.completed_at >= done.started_at);
    assert_eq!(done.version.as_deref(), Some(version.id.as_str()));
}

#[tokio::test(start_paused = true)]
async fn rejections_have_their_meaning() {
    let pair = Pair::start().await;
    let version = pair.version(echo());
    let invalid = pair.run(&version, "much too long a prompt").await.unwrap_err();
    assert!(
        matches!(invalid.failure(), ReplicateFailure::InvalidInput { fields, .. } if fields[0].field == "input.prompt"),
        "{invalid:?}"
    );
    let missing = VersionRef { id: "0".repeat(64).parse().unwrap(), ..version.clone() };
    let missing = pair.run(&missing, "a").await.unwrap_err();
    assert!(matches!(missing.failure(), ReplicateFailure::VersionNotPermitted { .. }), "{missing:?}");
    pair.sandbox.disable_version("m", version.id.as_str()).unwrap();
    let disabled = pair.run(&version, "a").await.unwrap_err();
    assert!(matches!(disabled.failure(), ReplicateFailure::VersionDisabled { .. }), "{disabled:?}");
    pair.sandbox.inject(Fault::next(1, FaultEffect::InsufficientCredit));
    let broke = pair.client.account().await.unwrap_err();
    assert!(matches!(broke.failure(), ReplicateFailure::PaymentRequired { .. }), "{broke:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_twice_when_responses_are_lost() {
    let pair = Pair::start().await;
    let version = pair.version(echo());
    let lost = || Fault::next(1, FaultEffect::DropAfter).exactly(Method::POST, "/v1/predictions");
    let before = Fault::next(1, FaultEffect::DropBefore).exactly(Method::POST, "/v1/predictions");
    let gateway = Fault::next(1, FaultEffect::Status(StatusCode::BAD_GATEWAY)).exactly(Method::POST, "/v1/predictions");
    for (fault, prompt) in [(lost(), "one"), (before, "two"), (gateway, "three"), (lost(), "four")] {
        pair.sandbox.inject(fault);
        assert_eq!(pair.run(&version, prompt).await.unwrap().output, Some(json!(prompt)));
    }
    let ran: Vec<Value> = pair.sandbox.predictions().into_iter().map(|one| one.input["prompt"].clone()).collect();
    assert_eq!(ran, ["one", "two", "three", "four"]);
}

#[tokio::test(start_paused = true)]
async fn with_random_faults_each_prediction_still_runs_once() {
    let pair = Pair::start().await;
    let version = pair.version(echo());
    pair.sandbox.inject(Fault::ratio(0.15, 5, FaultEffect::DropAfter).on(Method::POST, "/v1/predictions"));
    pair.sandbox.inject(Fault::ratio(0.15, 6, FaultEffect::Status(StatusCode::SERVICE_UNAVAILABLE)).on(Method::GET, "/v1/"));
    let prompts: Vec<String> = (0..12).map(|number| format!("p{number}")).collect();
    let runs = prompts.iter().map(|prompt| pair.run(&version, prompt));
    let outputs: Vec<Value> = futures::future::join_all(runs).await.into_iter().map(|run| run.unwrap().output.unwrap()).collect();
    assert_eq!(outputs, prompts);
    assert_eq!(pair.sandbox.predictions().len(), prompts.len());
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out_and_low_credit_is_noticed() {
    let pair = Pair::start().await;
    let version = pair.version(echo());
    pair.sandbox.inject(
        Fault::next(2, FaultEffect::Throttle { retry_after: Duration::from_secs(1) }).exactly(Method::POST, "/v1/predictions"),
    );
    pair.run(&version, "a").await.unwrap();
    assert!(!pair.client.is_throttled());
    pair.sandbox.inject(
        Fault::next(1, FaultEffect::LowCredit { retry_after: Duration::from_secs(1) }).exactly(Method::POST, "/v1/predictions"),
    );
    pair.run(&version, "b").await.unwrap();
    assert!(pair.client.is_throttled());
    assert_eq!(pair.sandbox.predictions().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_prediction_over_its_limit_is_stopped_in_the_sandbox() {
    let pair = Pair::start().await;
    for (reply, limit) in [(ScriptedReply::never_boots(), TimeLimit::StartUp), (ScriptedReply::never_ends(), TimeLimit::Run)] {
        let version = pair.version(Script::always(reply));
        let request = PredictionRequest::new(PredictionTarget::Version(version), inputs(json!({"prompt": "a"})));
        let short = RunLimits { startup: Duration::from_secs(2), run: Duration::from_secs(2), ..limits() };
        let error = pair.client.run_prediction(&request, &short, &|_| {}, &CancellationToken::new()).await.unwrap_err();
        assert!(
            matches!(error.failure(), ReplicateFailure::TimedOut(timed_out) if timed_out.limit == limit && timed_out.stopped),
            "{error:?}"
        );
    }
    assert!(pair.sandbox.predictions().iter().all(|one| one.status == "canceled"));
}

#[tokio::test(start_paused = true)]
async fn models_versions_and_hardware_are_found() {
    let pair = Pair::start().await;
    assert_eq!(pair.client.account().await.unwrap().username, "acme");
    assert!(pair.client.hardware().await.unwrap().iter().any(|one| one.sku == "cpu"));
    let new = |hardware: &str| NewModel {
        model: model("new"),
        visibility: Visibility::Private,
        hardware: hardware.to_owned(),
        description: Some("a model".to_owned()),
    };
    let refused = pair.client.create_model(&new("gpu-x")).await.unwrap_err();
    assert!(matches!(refused.failure(), ReplicateFailure::InvalidInput { .. }), "{refused:?}");
    assert!(matches!(pair.client.create_model(&new("cpu")).await.unwrap(), ModelCreation::Created(_)));
    assert_eq!(pair.client.create_model(&new("cpu")).await.unwrap(), ModelCreation::AlreadyThere);
    assert!(pair.client.model(&model("gone")).await.unwrap().is_none());
    let version = pair.version(echo());
    let found = pair.client.version(&version).await.unwrap().unwrap();
    assert_eq!((found.cog_version.as_deref(), found.openapi_schema), (Some("0.22.0"), Some(schema())));
    assert_eq!(pair.client.versions(&model("m")).await.unwrap().len(), 1);
    assert_eq!(pair.client.model(&model("m")).await.unwrap().unwrap().latest_version.unwrap().id, version.id);
    assert_eq!(pair.client.delete_version(&version).await.unwrap(), Deletion::Accepted);
    assert_eq!(pair.client.delete_model(&model("m")).await.unwrap(), Deletion::Accepted);
    assert_eq!(pair.client.delete_model(&model("m")).await.unwrap(), Deletion::Absent);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_changed_only_when_it_differs() {
    let pair = Pair::start().await;
    let (old, new) = (pair.version(echo()), pair.version(echo()));
    let wanted = NewDeployment {
        owner: "acme".to_owned(),
        name: "live".to_owned(),
        version: old,
        hardware: "cpu".to_owned(),
        min_instances: 0,
        max_instances: 1,
    };
    pair.sandbox.inject(Fault::next(1, FaultEffect::DropAfter).exactly(Method::POST, "/v1/deployments"));
    let made = pair.client.create_deployment(&wanted).await.unwrap();
    assert_eq!((made.release, made.version), (Some(1), Some(wanted.version.clone())));
    let patch = DeploymentPatch { version: Some(new.id.clone()), ..DeploymentPatch::default() };
    for (changed, release) in [(true, 2), (false, 2)] {
        let update = pair.client.update_deployment("acme", "live", &patch).await.unwrap();
        assert_eq!((update.changed, update.deployment.release), (changed, Some(release)));
    }
    let target = PredictionTarget::Deployment { owner: "acme".to_owned(), name: "live".to_owned() };
    let request = PredictionRequest::new(target, inputs(json!({"prompt": "a"})));
    let done = pair.client.run_prediction(&request, &limits(), &|_| {}, &CancellationToken::new()).await.unwrap();
    assert_eq!(done.version.as_deref(), Some(new.id.as_str()));
}

#[tokio::test(start_paused = true)]
async fn files_are_uploaded_and_downloaded() {
    let pair = Pair::start().await;
    let file = NewFile { name: "a.png".to_owned(), content_type: "image/png".to_owned(), bytes: Bytes::from_static(&[1, 2]) };
    let uploaded = pair.client.upload_file(&file).await.unwrap();
    assert!(uploaded.expires_at.is_some());
    let id = pair.version(Script::new(|request| ScriptedReply::output(request.input["image"].clone())));
    let request = PredictionRequest::new(PredictionTarget::Version(id), inputs(json!({"prompt": "a", "image": uploaded.url})));
    let done = pair.client.run_prediction(&request, &limits(), &|_| {}, &CancellationToken::new()).await.unwrap();
    let url = done.output.unwrap();
    let downloaded = pair.client.download(url.as_str().unwrap(), &DownloadLimits::of_bytes(10)).await.unwrap();
    assert_eq!(
        (downloaded.read().unwrap().unwrap().as_ref(), downloaded.content_type.as_deref()),
        ([1, 2].as_slice(), Some("image/png"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_training_creates_a_version() {
    let pair = Pair::start().await;
    let version = pair.version(Script::always(ScriptedReply::output(json!({"weights": "data:application/x-tar;base64,AQI="}))));
    pair.sandbox.create_model("dest", Seen::Private, "cpu").unwrap();
    let request = TrainingRequest { version, destination: model("dest"), inputs: Inputs::new() };
    let done = pair.client.run_training(&request, &limits(), &|_| {}, &CancellationToken::new()).await.unwrap();
    let trained = trained_version(&done, &model("dest")).unwrap();
    assert_eq!(pair.sandbox.versions("dest")[0].id, trained.id.as_str());
}

#[tokio::test(start_paused = true)]
async fn an_official_model_is_run_by_name() {
    let pair = Pair::start().await;
    pair.version(echo());
    pair.sandbox.set_official("m", true).unwrap();
    let request = PredictionRequest::new(PredictionTarget::Model(model("m")), inputs(json!({"prompt": "a"})));
    let done = pair.client.run_prediction(&request, &limits(), &|_| {}, &CancellationToken::new()).await.unwrap();
    assert_eq!((done.version.as_deref(), done.output), (Some("hidden"), Some(json!("a"))));
}
