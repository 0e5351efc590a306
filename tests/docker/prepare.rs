//! Projects from `cog.yaml` to an image, by the daemon of this machine and with the SDK from PyPI. Without a daemon these tests are
//! skipped, except in CI, where they fail.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use cog_findings::Finding;
use safe_push::build::{BuildEnvironment, Built, SchemaSource, SourceFacts, build, prepare};
use safe_push::clients::docker::{ContainerRun, ImageDetails, InspectImages as _, NameImages as _, RealDocker, RunContainers as _};
use safe_push::domain::events::Silent;
use safe_push::domain::plan::{Allowances, BuildPlan, InspectPlan, Limits, ModelPlan, PublishMode, VerifyPlan};
use safe_push::domain::project_place::ProjectPlace;
use safe_push::inspect::{InspectRequest, Inspected, Tools, inspect};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::retried;
use tokio_util::sync::CancellationToken;

use crate::daemon::{daemon, roles, unique};

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        fs::write(folder.path().join(path), text).unwrap();
    }
    folder
}

fn plan(folder: &TempDir, build: BuildPlan) -> ModelPlan {
    ModelPlan {
        name: "greeter".to_owned(),
        config_file: None,
        project: folder.path().to_owned(),
        place: ProjectPlace::default(),
        is_named: true,
        model: "acme/greeter".parse().unwrap(),
        test_model: "acme/greeter-test".parse().unwrap(),
        test_hardware: None,
        official_model: None,
        two_pass: false,
        readme: None,
        inspect: InspectPlan { no_lint: true, ..InspectPlan::default() },
        build,
        predict: VerifyPlan::default(),
        train: None,
        publish: PublishMode::TestOnly,
        allow: Allowances::default(),
        deployment: None,
        always: false,
        deployment_check: false,
        parallel: 1,
        limits: Limits::default(),
    }
}

/// The host's roots, for hosts behind a proxy with a root of its own.
fn environment() -> BuildEnvironment {
    let bundle = std::env::var_os("SSL_CERT_FILE").and_then(|path| fs::read_to_string(path).ok());
    BuildEnvironment {
        // A bundle may begin with remarks.
        ca_certificate: bundle.and_then(|text| Some(text.get(text.find("-----BEGIN CERTIFICATE-----")?..)?.to_owned())),
        git_revision: Some("0123456789abcdef".to_owned()),
        git_version: Some("v1.2.3".to_owned()),
        ..BuildEnvironment::default()
    }
}

/// Inspects, prepares and builds as a run does.
async fn make(docker: &RealDocker, plan: &ModelPlan) -> (Inspected, Built, ImageDetails) {
    let (tools, cancelled) = (Tools::default(), CancellationToken::new());
    let request = InspectRequest { plan, config_findings: &[], live: None, baseline: None, hardware: None, tools: &tools };
    let inspected = inspect(&request, &cancelled).await.unwrap();
    assert!(!inspected.findings.iter().any(Finding::is_error), "{:?}", inspected.findings);
    let (name, environment) = (unique("prepare"), environment());
    let source = SourceFacts { schema: inspected.schema.as_ref(), concurrency: inspected.concurrency };
    let request = prepare(&inspected.project, &plan.build, source, &name, None, None, &environment).await.unwrap();
    assert_eq!(matches!(request.schema, SchemaSource::Static(_)), source.schema.is_some());
    let built = retried(async || build(&request, &roles(docker), &Silent, &cancelled).await).await.unwrap();
    let image = docker.inspect_image(&name).await.unwrap();
    (inspected, built, image)
}

fn label<'a>(image: &'a ImageDetails, name: &str) -> &'a str {
    image.labels.get(name).map(String::as_str).unwrap_or_default()
}

async fn python(docker: &RealDocker, image: &str, code: &str) -> String {
    let run = ContainerRun {
        image: image.to_owned(),
        command: ["python", "-c", code].map(str::to_owned).to_vec(),
        environment: BTreeMap::new(),
        network: false,
        time_limit: Duration::from_secs(120),
        output_limit_bytes: 100_000,
    };
    let output = docker.run(&run, &CancellationToken::new()).await.unwrap();
    assert_eq!(output.exit_code, 0, "{}", output.stderr);
    output.stdout
}

fn inputs(schema: &Value) -> &Value {
    &schema["components"]["schemas"]["Input"]["properties"]
}

#[tokio::test]
async fn a_model_on_the_newest_sdk() {
    let Some(docker) = daemon().await else { return };
    let text = "build:\n  python_version: \"3.11\"\n  python_requirements: requirements.txt\n  run:\n    - echo made > /made\n\
        environment:\n  - GREETING=hello there\nrun: run.py:Runner\n";
    let source = "from cog import BaseRunner, Input\n\n\nclass Runner(BaseRunner):\n    \
        def run(self, name: str = Input(description=\"Whom\", default=\"you\")) -> str:\n        return f\"hello {name}\"\n";
    let folder = project(&[("cog.yaml", text), ("run.py", source), ("requirements.txt", "six==1.17.0\n")]);
    let (inspected, built, image) = make(&docker, &plan(&folder, BuildPlan::default())).await;

    assert_eq!(Some(&built.schema), inspected.schema.as_ref());
    assert_eq!(inputs(&built.schema)["name"]["default"], "you");
    assert_eq!(label(&image, "run.cog.version"), "0.23.1");
    let config: Value = serde_json::from_str(label(&image, "run.cog.config")).unwrap();
    assert_eq!(config["build"]["python_requirements"], "requirements.txt");
    assert_eq!(config["build"]["run"], json!([{"command": "echo made > /made"}]));
    assert_eq!(config["environment"], json!(["GREETING=hello there"]));
    assert_eq!(serde_json::from_str::<Value>(label(&image, "run.cog.openapi_schema")).unwrap(), built.schema);
    let packages = label(&image, "run.cog.pip_freeze");
    assert!(packages.lines().any(|line| line == "six==1.17.0") && packages.contains("cog==0.23.1"), "{packages}");
    assert_eq!(label(&image, "run.cog.has_init"), "true");
    assert_eq!(label(&image, "org.opencontainers.image.revision"), "0123456789abcdef");
    assert_eq!(label(&image, "org.opencontainers.image.version"), "v1.2.3");
    assert!(!image.labels.keys().any(|name| name.contains("cog-base")), "{:?}", image.labels);

    let variable = |name: &str| image.environment.iter().find_map(|entry| entry.strip_prefix(&format!("{name}=")));
    assert_eq!(variable("GREETING"), Some("hello there"));
    assert_eq!(variable("COG_PREDICT_TYPE_STUB"), Some("run.py:Runner"));
    let name = &built.image.reference;
    let output = python(&docker, name, "import run, cog, os; print(run.Runner().run('x'), os.path.exists('/made'))").await;
    assert_eq!(output.trim(), "hello x True");
    let left = python(&docker, name, "import os; print(sorted(os.listdir('/src')), sorted(os.listdir('/src/.cog')))").await;
    assert!(left.contains("['.cog', 'cog.yaml', ") && left.contains("['openapi_schema.json']"), "{left}");
    docker.remove_image(name).await.unwrap();
}

#[tokio::test]
async fn a_model_on_an_sdk_whose_schema_is_read_from_the_image() {
    let Some(docker) = daemon().await else { return };
    let text = "build:\n  python_version: \"3.11\"\npredict: predict.py:Predictor\n";
    let source = "from cog import BasePredictor, Input\n\n\nclass Predictor(BasePredictor):\n    \
        def predict(self, name: str = Input(description=\"Whom\", default=\"you\")) -> str:\n        return f\"hello {name}\"\n";
    let folder = project(&[("cog.yaml", text), ("predict.py", source)]);
    let build = BuildPlan { cog_version: Some("0.16.12".to_owned()), ..BuildPlan::default() };
    let (inspected, built, image) = make(&docker, &plan(&folder, build)).await;

    assert_eq!(inspected.schema, None);
    assert_eq!(inputs(&built.schema)["name"]["description"], "Whom");
    assert_eq!(label(&image, "run.cog.version"), "0.16.12");
    assert_eq!(serde_json::from_str::<Value>(label(&image, "run.cog.openapi_schema")).unwrap(), built.schema);
    let config: Value = serde_json::from_str(label(&image, "run.cog.config")).unwrap();
    assert_eq!(config, json!({"build": {"python_version": "3.11"}, "predict": "predict.py:Predictor"}));
    assert!(label(&image, "run.cog.pip_freeze").contains("cog==0.16.12"), "{:?}", image.labels);
    docker.remove_image(&built.image.reference).await.unwrap();
}
