//! Builds of small projects by the daemon of this machine. Without a daemon these tests are skipped, except in CI, where they fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cog_findings::Location;
use cog_source::recipe::{Recipe, RecipeFile, RecipeStep};
use safe_push::build::{BuildError, BuildRequest, Built, FailureCause, SchemaError, SchemaSource, build};
use safe_push::clients::docker::{BuildSecret, ContainerRun, InspectImages as _, NameImages as _, RealDocker, RunContainers as _};
use safe_push::domain::events::{BuildStepState, Event, EventKind, Observer, Silent};
use serde_json::json;
use tempfile::TempDir;
use test_support::retried;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::daemon::{BASE, daemon, roles, unique};

/// Keeps every event.
#[derive(Default)]
struct Notes(Mutex<Vec<EventKind>>);

impl Observer for Notes {
    fn observe(&self, event: Event) {
        self.0.lock().unwrap().push(event.kind);
    }
}

impl Notes {
    fn has(&self, wanted: impl Fn(&EventKind) -> bool) -> bool {
        self.0.lock().unwrap().iter().any(wanted)
    }
}

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, contents) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
    folder
}

/// A request whose Dockerfile is the base, the given instructions, and the project in `/src`.
fn request(project: &Path, instructions: &str) -> BuildRequest {
    let origin = Some(Location::at("cog.yaml", 7, 5));
    BuildRequest {
        model: Some("acme/hotdog".to_owned()),
        project: project.to_owned(),
        unsent: vec![],
        recipe: Recipe {
            base_image: BASE.to_owned(),
            dockerfile: format!("FROM {BASE}\n{instructions}\nWORKDIR /src\nCOPY . /src\n"),
            files: Vec::new(),
            steps: vec![
                RecipeStep { dockerfile_line: 1, origin: None, title: "base image".to_owned() },
                RecipeStep { dockerfile_line: 2, origin, title: "the user's commands".to_owned() },
            ],
            ..Recipe::default()
        },
        image_name: unique("build"),
        labels: BTreeMap::from([("run.cog.version".to_owned(), "0.22.0".to_owned())]),
        base_layers: None,
        schema: SchemaSource::Static(json!({"openapi": "3.0.2", "info": {"title": "<Cog> \"$x\""}})),
        findings: Vec::new(),
        secrets: Vec::new(),
        proxies: BTreeMap::new(),
        cache_mounts: safe_push::build::CacheMounts::default(),
        redactor: safe_push::support::secrets::Redactor::default(),
        no_cache: false,
        source_date_epoch: 1_700_000_000,
    }
}

async fn build_quietly(request: &BuildRequest, docker: &RealDocker) -> Result<Built, BuildError> {
    build(request, &roles(docker), &Silent, &CancellationToken::new()).await
}

async fn run(docker: &RealDocker, image: &str, command: &[&str]) -> String {
    let run = ContainerRun {
        image: image.to_owned(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        environment: BTreeMap::new(),
        network: false,
        time_limit: Duration::from_secs(60),
        output_limit_bytes: 100_000,
    };
    docker.run(&run, &CancellationToken::new()).await.unwrap().stdout
}

/// The host's roots, for hosts behind a proxy with a root of its own: what `COG_CA_CERT` does for users.
fn trust_the_hosts_roots(request: &mut BuildRequest) {
    let Some(roots) = std::env::var_os("SSL_CERT_FILE").and_then(|path| fs::read(path).ok()) else { return };
    request.recipe.files.push(RecipeFile { path: ".cog/build/roots.pem".to_owned(), contents: roots });
    let trust = "\nCOPY .cog/build/roots.pem /etc/ssl/certs/ca-certificates.crt\nENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt\n";
    request.recipe.dockerfile = request.recipe.dockerfile.replacen('\n', trust, 1);
}

#[tokio::test]
async fn a_project_becomes_an_image_with_its_schema_and_packages() {
    let Some(docker) = daemon().await else { return };
    let files = [("predict.py", "print(1)\n"), (".dockerignore", "secret.txt\n"), ("secret.txt", "s"), (".git/HEAD", "x")];
    let folder = project(&files);
    let mut request = request(folder.path(), "RUN pip install --no-cache-dir six==1.17.0");
    trust_the_hosts_roots(&mut request);
    let notes = Notes::default();
    let built = retried(async || build(&request, &roles(&docker), &notes, &CancellationToken::new()).await).await.unwrap();

    assert!(built.pip_freeze.lines().any(|line| line == "six==1.17.0"), "{}", built.pip_freeze);
    assert!(built.size_bytes > 0 && built.duration > Duration::ZERO);
    assert!(notes.has(|kind| matches!(kind, EventKind::BuildStep { name, .. } if name.contains("COPY . /src"))));
    assert!(!notes.has(|kind| matches!(kind, EventKind::BuildStep { name, .. } if name.contains("[internal]"))));

    let image = docker.inspect_image(&request.image_name).await.unwrap();
    assert_eq!((&image.id, &image.diff_ids), (&built.image.id, &built.image.diff_ids));
    assert_eq!(image.working_folder, "/src");
    let label = |name: &str| image.labels.get(name).cloned().unwrap_or_default();
    assert_eq!(label("run.cog.version"), "0.22.0");
    assert_eq!(label("run.cog.pip_freeze"), built.pip_freeze);
    assert_eq!(label("run.cog.openapi_schema"), built.schema.to_string());
    assert_eq!(run(&docker, &request.image_name, &["cat", "/src/.cog/openapi_schema.json"]).await, built.schema.to_string());
    let listed = run(&docker, &request.image_name, &["ls", "-A", "/src"]).await;
    assert_eq!(listed.lines().collect::<Vec<_>>(), [".cog", ".dockerignore", "predict.py"]);
    docker.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn the_same_tree_makes_the_same_layers_from_the_cache() {
    let Some(docker) = daemon().await else { return };
    let nonce = Uuid::new_v4().to_string();
    let files = [("predict.py", nonce.as_str()), ("weights/a", "1")];
    let one = project(&files);
    let command = format!("RUN echo {nonce} > /made");
    let first_request = request(one.path(), &command);
    let first = build_quietly(&first_request, &docker).await.unwrap();
    let other = project(&[files[1], files[0]]);
    let second_request = request(other.path(), &command);
    let second = build_quietly(&second_request, &docker).await.unwrap();
    assert_eq!(first.image.diff_ids, second.image.diff_ids);
    // FROM, RUN, WORKDIR and COPY; the first time, at most FROM.
    assert!(second.cached_steps >= 3 && second.cached_steps > first.cached_steps, "{} {}", first.cached_steps, second.cached_steps);
    fs::write(other.path().join("weights/a"), "2").unwrap();
    let third_request = request(other.path(), &command);
    let third = build_quietly(&third_request, &docker).await.unwrap();
    assert_ne!(third.image.diff_ids, second.image.diff_ids);
    for request in [first_request, second_request, third_request] {
        docker.remove_image(&request.image_name).await.unwrap();
    }
}

#[tokio::test]
async fn without_the_cache_every_step_runs() {
    let Some(docker) = daemon().await else { return };
    let folder = project(&[("predict.py", "1")]);
    let request = request(folder.path(), "RUN echo again");
    build_quietly(&request, &docker).await.unwrap();
    let again = BuildRequest { no_cache: true, image_name: unique("again"), ..request.clone() };
    let notes = Notes::default();
    build(&again, &roles(&docker), &notes, &CancellationToken::new()).await.unwrap();
    assert!(notes.has(|kind| matches!(kind, EventKind::BuildOutput(line) if line == "again")));
    docker.remove_image(&again.image_name).await.unwrap();
    docker.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn a_failing_step_leads_back_to_the_users_line() {
    let Some(docker) = daemon().await else { return };
    let folder = project(&[("predict.py", "1")]);
    let notes = Notes::default();
    let request = request(folder.path(), "RUN for i in $(seq 50); do echo line $i; done; pip install --no-index no-such-thing");
    let outcome = build(&request, &roles(&docker), &notes, &CancellationToken::new()).await;
    let Err(BuildError::Failed(failure)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.to_string(), "the build failed at 'the user's commands' with exit code 1");
    assert_eq!(failure.location, Some(Location::at("cog.yaml", 7, 5)));
    assert_eq!(failure.cause, FailureCause::NoMatchingDistribution("no-such-thing".to_owned()));
    assert_eq!(failure.last_lines.len(), 30);
    assert!(failure.last_lines.last().unwrap().contains("No matching distribution"), "{:?}", failure.last_lines);
    assert!(notes.has(|kind| matches!(kind, EventKind::BuildStep { state: BuildStepState::Failed, .. })));
    assert!(!docker.image_exists(&request.image_name).await.unwrap());
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let Some(docker) = daemon().await else { return };
    let folder = project(&[("predict.py", "1")]);
    let outcome = build_quietly(&request(folder.path(), "COPY weights.bin /w"), &docker).await;
    let Err(BuildError::Failed(failure)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.cause, FailureCause::FileMissing("weights.bin".to_owned()), "{failure:?}");
}

#[tokio::test]
async fn a_secret_is_used_and_masked() {
    let Some(docker) = daemon().await else { return };
    let folder = project(&[("predict.py", "1")]);
    let value = format!("s3cret-{}", Uuid::new_v4());
    let mut request = request(folder.path(), "RUN --mount=type=secret,id=token echo got $(cat /run/secrets/token)");
    request.secrets = vec![BuildSecret { id: "token".to_owned(), value: value.clone().into_bytes().into() }];
    request.no_cache = true;
    let notes = Notes::default();
    let built = retried(async || build(&request, &roles(&docker), &notes, &CancellationToken::new()).await).await.unwrap();
    assert!(notes.has(|kind| matches!(kind, EventKind::BuildOutput(line) if line == "got ***")));
    assert!(built.log.contains("got ***") && !built.log.contains(&value), "{}", built.log);
    docker.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn a_secret_that_was_not_given_is_named() {
    let Some(docker) = daemon().await else { return };
    let folder = project(&[("predict.py", "1")]);
    let outcome =
        build_quietly(&request(folder.path(), "RUN --mount=type=secret,id=hf_token cat /run/secrets/hf_token"), &docker).await;
    let Err(BuildError::Failed(failure)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.cause, FailureCause::SecretMissing("hf_token".to_owned()), "{failure:?}");
}

#[tokio::test]
async fn a_cancelled_build_stops_and_leaves_nothing() {
    let Some(docker) = daemon().await else { return };
    let folder = project(&[("predict.py", "1")]);
    let nonce = Uuid::new_v4().to_string();
    let request = request(folder.path(), &format!("RUN echo {nonce}; sleep 300"));
    let cancelled = CancellationToken::new();
    let notes = Notes::default();
    let roles = roles(&docker);
    let building = build(&request, &roles, &notes, &cancelled);
    let cancelling = async {
        while !notes.has(|kind| matches!(kind, EventKind::BuildOutput(line) if *line == nonce)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let seen = processes_with(&nonce);
        cancelled.cancel();
        (Instant::now(), seen)
    };
    let (outcome, (cancelled_at, seen)) = tokio::join!(building, cancelling);
    assert!(matches!(outcome, Err(BuildError::Cancelled)), "{outcome:?}");
    assert!(cancelled_at.elapsed() < Duration::from_secs(5), "{:?}", cancelled_at.elapsed());
    assert!(!docker.image_exists(&request.image_name).await.unwrap());
    // A daemon on this machine shows its steps as processes: the step must end with the build.
    if seen {
        let gone = async {
            while processes_with(&nonce) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
    }
}

fn processes_with(text: &str) -> bool {
    let lines =
        fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.into_iter().any(|line| String::from_utf8_lossy(&line).contains(text))
}

#[tokio::test]
async fn an_old_sdk_is_asked_for_the_schema() {
    let Some(docker) = daemon().await else { return };
    // A stand-in for the SDK before 0.19: the same module, the same output.
    let printer = "import sys\nprint('loading', file=sys.stderr)\nprint('{\"openapi\": \"3.0.2\"}')\n";
    let folder = project(&[("cog/__init__.py", ""), ("cog/command/__init__.py", ""), ("cog/command/openapi_schema.py", printer)]);
    let request = BuildRequest { schema: SchemaSource::FromImage, ..request(folder.path(), "") };
    let built = build_quietly(&request, &docker).await.unwrap();
    assert_eq!(built.schema, json!({"openapi": "3.0.2"}));
    docker.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn an_image_without_an_old_sdk_cannot_be_asked() {
    let Some(docker) = daemon().await else { return };
    let folder = project(&[("cog/__init__.py", "")]);
    let request = BuildRequest { schema: SchemaSource::FromImage, ..request(folder.path(), "") };
    let outcome = build_quietly(&request, &docker).await;
    let Err(BuildError::Schema(error @ SchemaError::Refused { .. })) = outcome else { panic!("{outcome:?}") };
    assert!(error.hint().is_some_and(|hint| hint.contains("sdk_version")), "{error:?}");
    assert!(!docker.image_exists(&request.image_name).await.unwrap());
}

#[tokio::test]
async fn a_bad_ignore_file_stops_before_the_daemon_is_asked() {
    let Some(docker) = daemon().await else { return };
    let folder = project(&[(".dockerignore", "fine\n[\n")]);
    let error = build_quietly(&request(folder.path(), ""), &docker).await.unwrap_err();
    assert!(matches!(error, BuildError::Context(_)), "{error:?}");
    assert_eq!(error.location(), Some(Location::at(".dockerignore", 2, 1)));
}

#[tokio::test]
async fn a_dockerfile_of_the_projects_brings_nothing_of_ours_into_the_image() {
    let Some(docker) = daemon().await else { return };
    let text = format!("FROM {BASE}\nWORKDIR /src\nCOPY . /src\n");
    let folder = project(&[("docker/Dockerfile", &text), ("predict.py", "1")]);
    let mut request = request(folder.path(), "");
    request.recipe.dockerfile = text;
    request.recipe.dockerfile_of_the_project = Some("docker/Dockerfile".to_owned());
    request.recipe.environment_on_top = BTreeMap::from([("COG_MAX_CONCURRENCY".to_owned(), "4".to_owned())]);
    build_quietly(&request, &docker).await.unwrap();
    let listed = run(&docker, &request.image_name, &["find", "/src", "-type", "f"]).await;
    let mut files: Vec<&str> = listed.lines().collect();
    files.sort_unstable();
    assert_eq!(files, ["/src/.cog/openapi_schema.json", "/src/docker/Dockerfile", "/src/predict.py"]);
    let environment = docker.inspect_image(&request.image_name).await.unwrap().environment;
    assert!(environment.contains(&"COG_MAX_CONCURRENCY=4".to_owned()), "{environment:?}");

    // One that .dockerignore names is used anyway.
    fs::write(folder.path().join(".dockerignore"), "docker\n").unwrap();
    build_quietly(&request, &docker).await.unwrap();
    let listed = run(&docker, &request.image_name, &["ls", "/src"]).await;
    assert_eq!(listed.lines().collect::<Vec<_>>(), ["predict.py"]);
    docker.remove_image(&request.image_name).await.unwrap();
}
