//! Models of every kind, built by the daemon of this machine and then asked over Cog's HTTP protocol. Without a daemon these tests are
//! skipped, except in CI, where they fail.

mod sources;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use bollard::models::{ContainerCreateBody, HostConfig, PortBinding};
use bollard::query_parameters::{LogsOptionsBuilder, RemoveContainerOptionsBuilder};
use cog_findings::Finding;
use futures::StreamExt as _;
use replicate_sandbox::MODEL_CAPABILITIES;
use safe_push::build::{BuildEnvironment, BuildRequest, Built, SourceFacts, build, prepare};
use safe_push::clients::docker::{NameImages as _, RealDocker};
use safe_push::domain::events::Silent;
use safe_push::domain::plan::{Allowances, InspectPlan, Limits, ModelPlan, PublishMode, VerifyPlan};
use safe_push::domain::project_place::ProjectPlace;
use safe_push::inspect::{InspectRequest, Inspected, Tools, inspect};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::retried;
use tokio_util::sync::CancellationToken;

use crate::daemon::{daemon, roles, unique};
use sources::{Expected, Model};

const PORT: &str = "5000/tcp";

/// How long a model may take until it is ready.
const SETUP_LIMIT: Duration = Duration::from_secs(120);

fn write(model: &Model) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in &model.files {
        let path = folder.path().join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &file.contents).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(file.mode)).unwrap();
    }
    for (path, target) in &model.links {
        symlink(target, folder.path().join(path)).unwrap();
    }
    folder
}

/// The host's roots, for hosts behind a proxy with a root of its own.
fn roots() -> Option<String> {
    let bundle = std::env::var_os("SSL_CERT_FILE").and_then(|path| fs::read_to_string(path).ok())?;
    // A bundle may begin with remarks.
    Some(bundle.get(bundle.find("-----BEGIN CERTIFICATE-----")?..)?.to_owned())
}

fn plan(folder: &TempDir, model: &Model) -> ModelPlan {
    ModelPlan {
        name: "model".to_owned(),
        config_file: None,
        project: folder.path().to_owned(),
        place: ProjectPlace::default(),
        is_named: true,
        model: "acme/model".parse().unwrap(),
        test_model: "acme/model-test".parse().unwrap(),
        test_hardware: None,
        official_model: None,
        two_pass: false,
        readme: None,
        inspect: InspectPlan { no_lint: true, ..InspectPlan::default() },
        build: model.plan.clone(),
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

fn environment(model: &Model) -> BuildEnvironment {
    let mut variables: BTreeMap<String, _> =
        model.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    variables.extend(roots().map(|roots| ("ROOTS".to_owned(), roots.into())));
    BuildEnvironment { ca_certificate: roots(), variables, ..BuildEnvironment::default() }
}

/// Inspects and prepares as a run does.
async fn prepared(model: &Model, folder: &TempDir) -> (Inspected, BuildRequest) {
    let mut plan = plan(folder, model);
    if plan.build.dockerfile.is_some() && roots().is_some() {
        plan.build.secrets.push("id=roots,env=ROOTS".to_owned());
    }
    let (tools, cancelled) = (Tools::default(), CancellationToken::new());
    let request = InspectRequest { plan: &plan, config_findings: &[], live: None, baseline: None, hardware: None, tools: &tools };
    let inspected = inspect(&request, &cancelled).await.unwrap();
    assert!(!inspected.findings.iter().any(Finding::is_error), "{:?}", inspected.findings);
    let (name, environment) = (unique("models"), environment(model));
    let source = SourceFacts { schema: inspected.schema.as_ref(), concurrency: inspected.concurrency };
    let request = prepare(&inspected.project, &plan.build, source, &name, None, None, &environment).await.unwrap();
    (inspected, request)
}

async fn built(docker: &RealDocker, request: &BuildRequest) -> Built {
    match retried(async || build(request, &roles(docker), &Silent, &CancellationToken::new()).await).await {
        Ok(built) => built,
        Err(error) => panic!("{error}: {error:#?}\n{}", request.recipe.dockerfile),
    }
}

/// A model's container, removed at the end whatever the test says.
struct Server {
    docker: bollard::Docker,
    id: String,
    base: String,
    http: reqwest::Client,
}

impl Server {
    async fn start(model: &Model, image: &str) -> Self {
        let docker = bollard::Docker::connect_with_defaults().unwrap().negotiate_version().await.unwrap();
        let binding = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some("0".to_owned()) };
        let train = ["python", "-m", "cog.server.http", "--x-mode", "train"].map(str::to_owned).to_vec();
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            cmd: model.trains.then_some(train),
            exposed_ports: Some(vec![PORT.to_owned()]),
            labels: Some(HashMap::from([("dev.safe-push.test".to_owned(), "models".to_owned())])),
            host_config: Some(HostConfig {
                port_bindings: Some(HashMap::from([(PORT.to_owned(), Some(vec![binding]))])),
                // As in the sandbox: no model of these tests may need more.
                cap_drop: Some(vec!["ALL".to_owned()]),
                cap_add: Some(MODEL_CAPABILITIES.map(str::to_owned).to_vec()),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let id = docker.create_container(None, body).await.unwrap().id;
        // A second provider is refused, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        let server = Self { docker, id, base: String::new(), http };
        server.docker.start_container(&server.id, None).await.unwrap();
        let inspected = server.docker.inspect_container(&server.id, None).await.unwrap();
        let ports = inspected.network_settings.unwrap().ports.unwrap_or_default();
        let port = ports.get(PORT).cloned().flatten().unwrap_or_default().into_iter().find_map(|binding| binding.host_port);
        Self { base: format!("http://127.0.0.1:{}", port.unwrap_or_default()), ..server }
    }

    /// Waits until the model's setup is complete; its log otherwise.
    async fn ready(&self) -> Result<(), String> {
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < SETUP_LIMIT {
            if let Ok(response) = self.http.get(format!("{}/health-check", self.base)).send().await {
                let health: Value = serde_json::from_str(&response.text().await.unwrap_or_default()).unwrap_or_default();
                last = health.to_string();
                match health["status"].as_str() {
                    Some("READY") => return Ok(()),
                    Some("STARTING") | None => {}
                    Some(_) => break,
                }
            }
            let state = self.docker.inspect_container(&self.id, None).await.unwrap().state.unwrap();
            if state.running == Some(false) {
                last = format!("the container ended: {state:?}");
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("not ready: {last}\n{}", self.logs().await))
    }

    async fn ask(&self, model: &Model) -> (u16, Value) {
        let path = if model.trains { "trainings" } else { "predictions" };
        let body = json!({"input": model.input}).to_string();
        let request = self.http.post(format!("{}/{path}", self.base)).header("content-type", "application/json").body(body);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
    }

    async fn logs(&self) -> String {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
        let lines: Vec<_> = self.docker.logs(&self.id, Some(options)).collect().await;
        lines.into_iter().flatten().map(|line| line.to_string()).collect()
    }

    async fn remove(self) {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        self.docker.remove_container(&self.id, Some(options)).await.unwrap();
    }
}

/// Starts the image, asks it and compares.
async fn answer(model: &Model, image: &str) -> Result<(), String> {
    let server = Server::start(model, image).await;
    let outcome = match server.ready().await {
        Ok(()) => {
            let answers = futures::future::join_all((0..model.requests).map(|_| server.ask(model))).await;
            let wrong = answers.into_iter().find(|(status, body)| !is_expected(&model.expected, *status, body));
            match wrong {
                Some((status, body)) => Err(format!("answered {status} {body}\n{}", server.logs().await)),
                None => Ok(()),
            }
        }
        Err(problem) => Err(problem),
    };
    server.remove().await;
    outcome
}

fn is_expected(expected: &Expected, status: u16, body: &Value) -> bool {
    match expected {
        Expected::Output(output) => status == 200 && body["status"] == "succeeded" && body["output"] == *output,
        Expected::Refusal(wanted, words) => status == *wanted && body.to_string().contains(words),
    }
}

/// Builds the model, asks it, and removes it.
async fn works(model: Model) {
    let Some(docker) = daemon().await else { return };
    let folder = write(&model);
    let (_, request) = prepared(&model, &folder).await;
    let built = built(&docker, &request).await;
    let outcome = answer(&model, &built.image.reference).await;
    docker.remove_image(&built.image.reference).await.unwrap();
    if let Some(weights) = &request.recipe.weights {
        docker.remove_image(&weights.image).await.unwrap();
    }
    if let Err(problem) = outcome {
        panic!("{problem}\n{}", request.recipe.dockerfile);
    }
}

/// Two builds that share nothing but the base image and the machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weights_and_code_make_the_same_layers_without_any_cache() {
    let Some(docker) = daemon().await else { return };
    let mut model = sources::weights_apart();
    model.plan.no_cache = true;
    // Weights of its own: another test may be using the image of the same ones.
    let model = model.file("weights/whose.txt", "of the test of layers");
    let mut layers = Vec::new();
    for _ in 0..2 {
        let folder = write(&model);
        let (_, request) = prepared(&model, &folder).await;
        let built = built(&docker, &request).await;
        docker.remove_image(&built.image.reference).await.unwrap();
        docker.remove_image(&request.recipe.weights.as_ref().unwrap().image).await.unwrap();
        // Weights, the working folder, the project; on top of them the schema. Layers of packages hold the time of their installation.
        let count = built.image.diff_ids.len();
        layers.push(built.image.diff_ids[count - 4..count - 1].to_vec());
    }
    assert_eq!(layers[0], layers[1]);
}

macro_rules! models {
    ($($name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                works(sources::$name()).await;
            }
        )+
    };
}

models! {
    text, a_function, a_file_in, a_file_out, files_out, items, a_stream_of_text, async_text, async_items, many_at_once,
    a_decorated_concurrency, choices, refused_inputs, optional_inputs, lists_and_objects, object_out, secret_inputs, a_trainer,
    requirements_from_pypi, hashed_requirements, marked_requirements, packages_in_the_configuration, a_local_package, system_packages,
    environment_with_blanks, commands_in_order, a_secret_from_a_variable, a_secret_from_a_file, files_in_folders, left_out_files,
    a_project_with_unusual_files, a_dockerfile_of_its_own, compiled_ahead_of_time, weights_apart,
    sdk_0_14, sdk_0_16, sdk_0_17, sdk_0_19,
}
