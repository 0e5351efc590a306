//! Projects in memory, prepared.

use std::path::PathBuf;
use std::sync::Mutex;

use cog_findings::Location;
use cog_source::config;
use cog_source::recipe::SourceText;
use cog_source::sdk::SdkVersion;
use futures::future::BoxFuture;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::build::request::BaseLayers;
use crate::clients::ErrorKind;
use crate::clients::registry::{Manifest, RegistryError};
use crate::support::{ExposeSecret, SecretString};

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

/// The registry's answer.
enum Answer {
    Present(usize),
    Absent,
    Down,
    Silent,
}

/// Answers, and records what it was asked.
struct FakeRegistry {
    answer: Answer,
    asked: Mutex<Vec<String>>,
}

impl FakeRegistry {
    fn new(answer: Answer) -> Self {
        Self { answer, asked: Mutex::default() }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Registry for FakeRegistry {
    fn manifest<'a>(&'a self, repository: &'a str, reference: &'a str) -> BoxFuture<'a, Result<Option<Manifest>, RegistryError>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(format!("{repository}:{reference}"));
            let digest = |digit: &str| format!("sha256:{}", digit.repeat(64)).parse().unwrap();
            match self.answer {
                Answer::Present(layers) => Ok(Some(Manifest {
                    digest: digest("a"),
                    config: digest("b"),
                    layers: vec![digest("c"); layers],
                    size_bytes: 1,
                })),
                Answer::Absent => Ok(None),
                Answer::Down => {
                    Err(RegistryError::Unavailable { host: "r8.im".to_owned(), attempted: "a manifest".to_owned(), status: 502 })
                }
                Answer::Silent => std::future::pending().await,
            }
        })
    }

    fn verify_token<'a>(&'a self, _token: &'a SecretString) -> BoxFuture<'a, Result<String, RegistryError>> {
        Box::pin(async move { unreachable!("a build needs no token") })
    }
}

const SMALL: &str = "build:\n  python_version: \"3.11\"\nrun: run.py:Runner\n";

fn project_with(text: &str, config_file: &str, version: Option<&str>, requirements: Option<&str>) -> Project {
    let setting = version.map(|version| SdkVersion::parse(version).unwrap());
    let parsed = config::parse_for(text, config_file, setting.as_ref());
    let config = parsed.config.unwrap();
    let written = config.build.sdk_version.as_ref().map(|written| &written.value);
    let (sdk, sdk_decision) = sdk::choose(setting.as_ref(), written);
    Project {
        folder: PathBuf::from("/nowhere"),
        path: config_file.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default(),
        config_file: config_file.to_owned(),
        config_text: text.to_owned(),
        config,
        sdk,
        sdk_decision,
        requirements: requirements.map(|text| SourceText { file: "requirements.txt".to_owned(), text: text.to_owned() }),
    }
}

fn project(text: &str) -> Project {
    project_with(text, "cog.yaml", None, None)
}

fn environment() -> BuildEnvironment {
    BuildEnvironment { registry_host: "r8.im".to_owned(), ..BuildEnvironment::default() }
}

async fn prepared_for(
    project: &Project,
    plan: &BuildPlan,
    registry: Option<&dyn Registry>,
    environment: &BuildEnvironment,
) -> Result<BuildRequest, PrepareError> {
    let schema = json!({"openapi": "3.0.2"});
    prepare(
        project,
        plan,
        SourceFacts { schema: Some(&schema), concurrency: None },
        "cog-hotdog:latest",
        Some("hotdog"),
        registry,
        environment,
    )
    .await
}

async fn prepared(project: &Project) -> BuildRequest {
    prepared_for(project, &BuildPlan::default(), None, &environment()).await.unwrap()
}

async fn refused(project: &Project, plan: &BuildPlan) -> PrepareError {
    let error = prepared_for(project, plan, None, &environment()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error:?}");
    error
}

fn decision<'a>(request: &'a BuildRequest, what: &str) -> Option<&'a str> {
    request.recipe.decisions.iter().find(|decision| decision.what == what).map(|decision| decision.because.as_str())
}

fn files(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn in_folder(folder: &TempDir) -> Project {
    Project { folder: folder.path().to_owned(), ..project(SMALL) }
}

mod labels {
    use super::*;

    fn label<'a>(request: &'a BuildRequest, name: &str) -> Option<&'a str> {
        request.labels.get(name).map(String::as_str)
    }

    #[tokio::test]
    async fn labels_known_before_the_build() {
        let environment =
            BuildEnvironment { git_revision: Some("0123abc".to_owned()), git_version: Some("main".to_owned()), ..environment() };
        let request = prepared_for(&project(SMALL), &BuildPlan::default(), None, &environment).await.unwrap();
        let labels: Vec<String> = request.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        insta::assert_snapshot!(labels.join("\n"), @r#"
        org.opencontainers.image.revision=0123abc
        org.opencontainers.image.version=main
        run.cog.config={"build":{"python_version":"3.11"},"predict":"run.py:Runner"}
        run.cog.has_init=true
        run.cog.version=0.23.1
        "#);
    }

    #[tokio::test]
    async fn without_git_there_are_no_git_labels() {
        let request = prepared(&project(SMALL)).await;
        assert!(request.labels.keys().all(|name| name.starts_with("run.cog.")), "{:?}", request.labels);
    }

    #[tokio::test]
    async fn the_version_label_is_that_of_the_sdk() {
        for (version, label_value) in
            [("0.16.12", "0.16.12"), ("v0.22.0", "0.22.0"), ("latest", "0.23.1"), ("prerelease", "0.23.1")]
        {
            let request = prepared(&project_with(SMALL, "cog.yaml", Some(version), None)).await;
            assert_eq!(label(&request, "run.cog.version"), Some(label_value), "{version}");
        }
    }

    #[tokio::test]
    async fn a_gpu_models_cuda_is_completed() {
        let text = "build:\n  gpu: true\n  python_version: \"3.11\"\n  python_requirements: requirements.txt\nrun: run.py:Runner\n";
        let request = prepared(&project_with(text, "cog.yaml", None, Some("torch==2.4.0\n"))).await;
        let config: Value = serde_json::from_str(label(&request, "run.cog.config").unwrap()).unwrap();
        assert_eq!(config["build"]["cuda"], "12.4");
        assert!(config["build"]["cudnn"].is_string(), "{config}");
    }

    #[tokio::test]
    async fn an_old_sdks_python_is_completed() {
        let request = prepared(&project_with("build: {}\npredict: p.py:P\n", "cog.yaml", Some("0.16.12"), None)).await;
        assert!(label(&request, "run.cog.config").unwrap().contains(r#""python_version":"3.13""#), "{:?}", request.labels);
    }
}

mod base_image {
    use super::*;

    async fn with(answer: Answer, plan: &BuildPlan) -> (Result<BuildRequest, PrepareError>, Vec<String>) {
        let registry = FakeRegistry::new(answer);
        let outcome = prepared_for(&project(SMALL), plan, Some(&registry), &environment()).await;
        (outcome, registry.asked())
    }

    #[tokio::test]
    async fn a_base_image_in_the_registry_is_used() {
        let (outcome, asked) = with(Answer::Present(12), &BuildPlan::default()).await;
        let request = outcome.unwrap();
        assert_eq!(asked, ["cog-base:python3.11"]);
        assert!(request.recipe.uses_cog_base && request.recipe.base_image == "r8.im/cog-base:python3.11");
        let image = "r8.im/cog-base:python3.11".to_owned();
        assert_eq!(request.base_layers, Some(BaseLayers { image, count: 12 }));
    }

    #[tokio::test]
    async fn a_missing_base_image_is_not_used() {
        let (outcome, _) = with(Answer::Absent, &BuildPlan::default()).await;
        let request = outcome.unwrap();
        assert_eq!((request.recipe.base_image.as_str(), request.base_layers.as_ref()), ("python:3.11-slim", None));
        assert_eq!(decision(&request, "base image"), Some("the registry has no r8.im/cog-base:python3.11"));
        assert!(request.recipe.findings.is_empty(), "{:?}", request.recipe.findings);
    }

    #[tokio::test(start_paused = true)]
    async fn a_registry_that_fails_or_hangs_does_not_stop_a_build() {
        for (answer, reason) in [(Answer::Down, "responded with 502"), (Answer::Silent, "no answer within 20 s")] {
            let (outcome, _) = with(answer, &BuildPlan::default()).await;
            let request = outcome.unwrap();
            assert_eq!(request.recipe.base_image, "python:3.11-slim");
            assert!(
                request.recipe.findings.iter().any(|finding| finding.message.contains(reason)),
                "{:?}",
                request.recipe.findings
            );
        }
    }

    #[tokio::test]
    async fn a_required_base_image_that_is_missing_is_an_error() {
        let plan = BuildPlan { use_cog_base_image: Some(true), ..BuildPlan::default() };
        let (outcome, _) = with(Answer::Absent, &plan).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.findings().len()), ("failed to choose a base image", 1));
        let (outcome, _) = with(Answer::Present(3), &plan).await;
        assert!(outcome.unwrap().recipe.uses_cog_base);
    }

    #[tokio::test]
    async fn an_unwanted_base_image_is_not_looked_up() {
        let plan = BuildPlan { use_cog_base_image: Some(false), ..BuildPlan::default() };
        let (outcome, asked) = with(Answer::Present(3), &plan).await;
        assert!(asked.is_empty() && !outcome.unwrap().recipe.uses_cog_base);
    }

    #[tokio::test]
    async fn a_registry_without_base_images_is_not_asked() {
        let registry = FakeRegistry::new(Answer::Present(3));
        let environment = BuildEnvironment { registry_host: "127.0.0.1:5000".to_owned(), ..BuildEnvironment::default() };
        let request = prepared_for(&project(SMALL), &BuildPlan::default(), Some(&registry), &environment).await.unwrap();
        assert!(registry.asked().is_empty());
        assert_eq!(request.recipe.base_image, "python:3.11-slim");
    }

    #[tokio::test]
    async fn another_registry_of_base_images_can_be_configured() {
        let registry = FakeRegistry::new(Answer::Present(3));
        let host = "127.0.0.1:5000".to_owned();
        let environment = BuildEnvironment { registry_host: host.clone(), cog_registry_host: host, ..BuildEnvironment::default() };
        let request = prepared_for(&project(SMALL), &BuildPlan::default(), Some(&registry), &environment).await.unwrap();
        assert_eq!(registry.asked(), ["cog-base:python3.11"]);
        assert_eq!(request.recipe.base_image, "127.0.0.1:5000/cog-base:python3.11");
    }

    #[tokio::test]
    async fn a_custom_dockerfile_needs_no_base_image() {
        let folder = files(&[("Dockerfile", "FROM python:3.11-slim\n")]);
        let registry = FakeRegistry::new(Answer::Present(3));
        let plan = BuildPlan { dockerfile: Some("Dockerfile".into()), ..BuildPlan::default() };
        let request = prepared_for(&in_folder(&folder), &plan, Some(&registry), &environment()).await.unwrap();
        assert!(registry.asked().is_empty());
        assert_eq!((request.recipe.base_image.as_str(), request.base_layers.as_ref()), ("python:3.11-slim", None));
    }
}

mod schemas {
    use super::*;

    #[tokio::test]
    async fn the_sdk_decides_where_the_schema_comes_from() {
        let given = SchemaSource::Static(json!({"openapi": "3.0.2"}));
        for (version, source) in [
            ("0.16.12", SchemaSource::FromImage),
            ("0.18.0", SchemaSource::FromImage),
            ("0.19.0", given.clone()),
            ("latest", given),
        ] {
            let request = prepared(&project_with(SMALL, "cog.yaml", Some(version), None)).await;
            assert_eq!(request.schema, source, "{version}");
        }
    }

    #[tokio::test]
    async fn a_new_sdk_needs_the_schema_before_the_build() {
        let environment = environment();
        let (project, plan) = (project(SMALL), BuildPlan::default());
        let error = prepare(&project, &plan, SourceFacts::default(), "a:b", None, None, &environment).await.unwrap_err();
        assert!(matches!(&error, PrepareError::SchemaMissing { file } if file == "cog.yaml"), "{error:?}");
        assert_eq!(error.location(), Some(Location::file("cog.yaml")));
        let old = project_with(SMALL, "cog.yaml", Some("0.16.12"), None);
        assert!(prepare(&old, &plan, SourceFacts::default(), "a:b", None, None, &environment).await.is_ok());
    }
}

mod secrets {
    use super::*;

    fn plan(secrets: &[&str]) -> BuildPlan {
        BuildPlan { secrets: secrets.iter().map(|text| (*text).to_owned()).collect(), ..BuildPlan::default() }
    }

    #[tokio::test]
    async fn secrets_come_from_files_and_from_passed_variables() {
        let folder = files(&[("secrets/token", "file-value-71")]);
        let variables = [("HF_TOKEN".to_owned(), SecretString::from("variable-value-72"))].into();
        let environment = BuildEnvironment { variables, ..environment() };
        let plan = plan(&["id=a,src=secrets/token", "id=b,env=HF_TOKEN"]);
        let request = prepared_for(&in_folder(&folder), &plan, None, &environment).await.unwrap();
        let secrets: Vec<(&str, &[u8])> =
            request.secrets.iter().map(|secret| (secret.id.as_str(), secret.value.expose_secret())).collect();
        assert_eq!(secrets, [("a", b"file-value-71".as_slice()), ("b", b"variable-value-72")]);
        let shown = format!("{environment:?} {request:?}");
        assert!(!shown.contains("-value-7"), "{shown}");
    }

    #[tokio::test]
    async fn a_secret_without_a_value_is_reported_with_a_fix() {
        let folder = files(&[]);
        for (secrets, message) in [
            (vec!["id=a,env=MISSING"], "needs the environment variable MISSING, which is not set"),
            (vec!["id=a,src=missing"], "cannot be read"),
            (vec!["src=a"], "it has no id"),
            (vec!["id=a,env=A", "id=a,env=B"], "'a' is set twice"),
        ] {
            let error = refused(&in_folder(&folder), &plan(&secrets)).await;
            assert!(error.to_string().contains(message), "{error}");
        }
    }
}

mod dockerfiles {
    use super::*;

    fn plan(path: &str) -> BuildPlan {
        BuildPlan { dockerfile: Some(path.into()), ..BuildPlan::default() }
    }

    #[tokio::test]
    async fn a_custom_dockerfile_is_used_unchanged() {
        let folder = files(&[("docker/Dockerfile.gpu", "FROM scratch\nCOPY . /src\n")]);
        let request = prepared_for(&in_folder(&folder), &plan("./docker/Dockerfile.gpu"), None, &environment()).await.unwrap();
        assert_eq!(request.recipe.dockerfile, "FROM scratch\nCOPY . /src\n");
        let origins: Vec<String> = request.recipe.steps.iter().map(|step| step.origin.as_ref().unwrap().to_string()).collect();
        assert_eq!(origins, ["docker/Dockerfile.gpu:1", "docker/Dockerfile.gpu:2"]);
    }

    #[tokio::test]
    async fn a_dockerfile_outside_the_project_is_rejected() {
        let outside = files(&[("Dockerfile", "FROM scratch\n")]);
        let folder = files(&[("sub/x", "")]);
        std::os::unix::fs::symlink(outside.path().join("Dockerfile"), folder.path().join("linked")).unwrap();
        let absolute = outside.path().join("Dockerfile");
        for path in ["../Dockerfile", "sub/../../Dockerfile", absolute.to_str().unwrap(), "linked"] {
            let error = refused(&in_folder(&folder), &plan(path)).await;
            assert!(matches!(error, PrepareError::DockerfileOutside { .. }), "{path}: {error:?}");
        }
    }

    #[tokio::test]
    async fn an_unreadable_dockerfile_is_named() {
        let large = "#".repeat(1024 * 1024 + 1);
        let folder = files(&[("large", large.as_str()), ("folder/x", "")]);
        for path in ["missing", "large", "folder"] {
            let error = refused(&in_folder(&folder), &plan(path)).await;
            assert_eq!(error.to_string(), format!("failed to read the Dockerfile {path}"));
        }
    }
}

mod places {
    use super::*;

    const WITH_FILE: &str = "build:\n  python_version: \"3.11\"\n  python_requirements: requirements.txt\nrun: run.py:Runner\n";

    #[tokio::test]
    async fn a_line_of_the_requirements_is_located_in_the_repository() {
        for (config_file, place) in [("cog.yaml", "requirements.txt:2"), ("models/a/cog.yaml", "models/a/requirements.txt:2")] {
            let project = project_with(WITH_FILE, config_file, None, Some("# pinned\nsix==1.17.0\n"));
            let request = prepared(&project).await;
            let origins: Vec<String> =
                request.recipe.requirements.iter().filter_map(|(_, origin)| Some(origin.as_ref()?.to_string())).collect();
            assert_eq!(origins, [place]);
        }
    }

    #[tokio::test]
    async fn a_left_out_requirement_is_located_in_the_repository() {
        let project = project_with(WITH_FILE, "models/a/cog.yaml", None, Some("cog==0.9\nsix\n"));
        let request = prepared(&project).await;
        let place = request.recipe.findings[0].location.as_ref().unwrap();
        assert_eq!(place.to_string(), "models/a/requirements.txt:1");
    }

    #[tokio::test]
    async fn a_requirement_that_stops_the_build_is_located_in_the_repository() {
        let project = project_with(WITH_FILE, "models/a/cog.yaml", None, Some("./local-folder\n"));
        let error = refused(&project, &BuildPlan::default()).await;
        assert_eq!(error.location().map(|place| place.to_string()).as_deref(), Some("models/a/requirements.txt:1"), "{error:?}");
    }

    #[tokio::test]
    async fn a_requirements_file_that_is_missing_points_at_the_line_that_names_it() {
        let error = refused(&project_with(WITH_FILE, "models/a/cog.yaml", None, None), &BuildPlan::default()).await;
        assert_eq!(error.to_string(), "the requirements file `requirements.txt` does not exist");
        let place = error.location().unwrap();
        assert_eq!((place.file.as_str(), place.line), ("models/a/cog.yaml", Some(3)));
        assert_eq!(error.findings().len(), 1);
    }

    #[tokio::test]
    async fn a_configuration_with_another_name_keeps_it_in_the_project() {
        let request = prepared(&project_with(SMALL, "models/a/gpu.yaml", None, None)).await;
        assert!(request.recipe.dockerfile.contains("gpu.yaml"), "{}", request.recipe.dockerfile);
        assert!(!request.recipe.dockerfile.contains("models/a"), "{}", request.recipe.dockerfile);
    }
}

#[tokio::test]
async fn unsupported_features_are_reported_before_anything_else() {
    let plan = BuildPlan { builder: Builder::Cog, secrets: vec!["broken".to_owned()], ..BuildPlan::default() };
    let error = refused(&project(SMALL), &plan).await;
    assert_eq!(error.to_string(), "showing the Dockerfile of a build with the Cog CLI (`builder: cog`) is not supported");
    assert_eq!(error.hint().as_deref(), Some("use `builder: native`"));

    let plan = BuildPlan { separate_weights: true, dockerfile: Some("Dockerfile".into()), ..BuildPlan::default() };
    assert!(refused(&project(SMALL), &plan).await.to_string().contains("separate_weights"));

    let weights = "model: r8.im/acme/a\nweights:\n  - name: w\n    target: /w\n    source:\n      uri: https://a.example/w\n";
    let error = refused(&project(&format!("{SMALL}{weights}")), &BuildPlan::default()).await;
    assert!(error.to_string().contains("managed weights"), "{error}");
    assert_eq!(error.location().and_then(|place| place.line), Some(6));
}

#[tokio::test]
async fn the_plan_and_the_environment_reach_the_request() {
    let request = prepared(&project(SMALL)).await;
    assert_eq!((request.image_name.as_str(), request.model.as_deref()), ("cog-hotdog:latest", Some("hotdog")));
    assert_eq!((request.no_cache, request.source_date_epoch), (false, 315_532_800));
    assert_eq!(request.project, PathBuf::from("/nowhere"));
    assert_eq!(decision(&request, "Cog SDK"), Some("neither cog_version nor build.sdk_version is set"));

    let plan = BuildPlan { no_cache: true, ..BuildPlan::default() };
    let environment = BuildEnvironment { source_date_epoch: Some(1_700_000_000), ..environment() };
    let request = prepared_for(&project(SMALL), &plan, None, &environment).await.unwrap();
    assert_eq!((request.no_cache, request.source_date_epoch), (true, 1_700_000_000));
}

#[tokio::test]
async fn a_certificate_is_installed_first_and_must_be_valid() {
    let with = |value: &str| BuildEnvironment { ca_certificate: Some(value.to_owned()), ..environment() };
    let request = prepared_for(&project(SMALL), &BuildPlan::default(), None, &with(PEM)).await.unwrap();
    let text = &request.recipe.dockerfile;
    assert!(text.find("SSL_CERT_FILE").unwrap() < text.find("pip install").unwrap(), "{text}");
    assert!(request.recipe.files.iter().any(|file| file.contents.starts_with(b"-----BEGIN CERTIFICATE")));

    let request = prepared_for(&project(SMALL), &BuildPlan::default(), None, &with("  ")).await.unwrap();
    assert!(!request.recipe.dockerfile.contains("SSL_CERT_FILE"));

    let error = prepared_for(&project(SMALL), &BuildPlan::default(), None, &with("/etc/ca.pem")).await.unwrap_err();
    assert!(matches!(error, PrepareError::Certificate(_)) && error.hint().is_some(), "{error:?}");
}

#[tokio::test]
async fn uv_comes_from_the_configured_source() {
    let environment = BuildEnvironment { uv: recipe::UvSource::Pypi, ..environment() };
    let request = prepared_for(&project(SMALL), &BuildPlan::default(), None, &environment).await.unwrap();
    assert!(request.recipe.dockerfile.contains("uv=="), "{}", request.recipe.dockerfile);
    assert!(!prepared(&project(SMALL)).await.recipe.dockerfile.contains("uv=="));
}

#[tokio::test]
async fn a_project_that_cannot_be_planned_is_reported() {
    let text = "build:\n  gpu: true\n  python_version: \"3.11\"\n  python_requirements: requirements.txt\nrun: run.py:Runner\n";
    let error = refused(&project_with(text, "m/cog.yaml", None, Some("torch\n")), &BuildPlan::default()).await;
    assert_eq!(error.to_string(), "failed to choose a CUDA version");
    assert_eq!(error.location().map(|place| place.to_string()).as_deref(), Some("m/requirements.txt:1"));
    let error = refused(&project("build: {}\nrun: run.py:Runner\n"), &BuildPlan::default()).await;
    assert_eq!(error.to_string(), "`build.python_version` is not set");
}
