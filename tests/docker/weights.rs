//! Separate weights on their way to a registry: those that did not change are neither built nor sent again. Without a daemon or Debian's
//! `docker-registry` this test is skipped, except in CI, where it fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use cog_source::base_image::CogBaseUse;
use cog_source::config::parse;
use cog_source::recipe::{Recipe, RecipeFacts, WeightsImage, plan};
use cog_source::weights::{ListedFile, select};
use safe_push::build::{BuildRequest, SchemaSource, build};
use safe_push::clients::docker::{DeriveImages as _, NameImages as _, RealDocker};
use safe_push::domain::events::{BuildStepState, Event, EventKind, Observer};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::daemon::{BASE, daemon, roles, unique};
use crate::registry_server::{MEGABYTE, PASSWORD, Server, noise, push};

const WEIGHTS: usize = 12 * MEGABYTE;

/// The steps that ran: not those that were in the cache.
#[derive(Default)]
struct Steps(Mutex<Vec<String>>);

impl Observer for Steps {
    fn observe(&self, event: Event) {
        if let EventKind::BuildStep { name, state: BuildStepState::Done { .. } } = event.kind {
            self.0.lock().unwrap().push(name);
        }
    }
}

impl Steps {
    fn take_weights(&self) -> bool {
        self.0.lock().unwrap().iter().any(|step| step.contains("from=weights"))
    }
}

/// The Dockerfile less what it installs.
fn without_installing(recipe: &Recipe) -> String {
    let lines: Vec<&str> = recipe.dockerfile.lines().collect();
    let ends = recipe.steps.iter().skip(1).map(|step| step.dockerfile_line - 1).chain([lines.len()]);
    let kept = recipe.steps.iter().zip(ends).filter(|(step, _)| !step.title.starts_with("install"));
    kept.flat_map(|(step, end)| &lines[step.dockerfile_line - 1..end]).map(|line| format!("{line}\n")).collect()
}

/// The product's own Dockerfile for separate weights, without the steps that need a network.
fn request(project: &Path, weights_image: &str) -> BuildRequest {
    let listed: Vec<ListedFile> = ["run.py", "weights/model.bin"]
        .map(|path| ListedFile { path: path.to_owned(), size_bytes: fs::metadata(project.join(path)).unwrap().len() })
        .into();
    let selection = select(&listed);
    assert!(selection.holds("weights/model.bin"));
    let facts = RecipeFacts {
        cog_base: CogBaseUse::Never,
        weights: Some(WeightsImage { image: weights_image.to_owned(), selection }),
        ..RecipeFacts::default()
    };
    let config = parse("build:\n  python_version: \"3.11\"\nrun: run.py:Runner\n", "cog.yaml").config.unwrap();
    let mut recipe = plan(&config, &facts).unwrap();
    recipe.dockerfile = without_installing(&recipe);
    recipe.steps.clear();
    assert!(recipe.dockerfile.contains("from=weights") && recipe.dockerfile.contains(BASE), "{}", recipe.dockerfile);
    BuildRequest {
        model: None,
        project: project.to_owned(),
        unsent: vec![],
        recipe,
        image_name: unique("weights"),
        labels: BTreeMap::new(),
        base_layers: None,
        schema: SchemaSource::Static(json!({"openapi": "3.0.2"})),
        findings: Vec::new(),
        secrets: Vec::new(),
        proxies: BTreeMap::new(),
        cache_mounts: safe_push::build::CacheMounts::default(),
        redactor: safe_push::support::secrets::Redactor::default(),
        no_cache: false,
        source_date_epoch: 315_532_800,
    }
}

/// Builds and pushes; says how many bytes went over, and whether the weights' step ran.
async fn ship(docker: &RealDocker, server: &Server, request: &BuildRequest) -> (u64, bool) {
    let steps = Steps::default();
    build(request, &roles(docker), &steps, &CancellationToken::new()).await.unwrap();
    let repository = format!("{}/acme/hotdog", server.host());
    let user = Some(server.credentials(PASSWORD));
    let (_, sent) = push(docker, &request.image_name, &repository, user, &mut |_| {}).await.unwrap();
    (sent, steps.take_weights())
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_weights_are_neither_built_nor_pushed_again() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("weights")).unwrap();
    // Of this run alone, so that no earlier one has built them.
    let seed = u64::from(std::process::id());
    fs::write(path("weights/model.bin"), noise(seed, WEIGHTS)).unwrap();
    fs::write(path("run.py"), "print(1)\n").unwrap();
    let weights = unique("weights-alone");
    let first = request(folder.path(), &weights);
    let (sent, took_weights) = ship(&docker, &server, &first).await;
    assert!(sent >= WEIGHTS as u64 && took_weights, "{sent} {took_weights}");

    fs::write(path("run.py"), "print(2)\n").unwrap();
    let uploads = server.uploads();
    let second = request(folder.path(), &weights);
    let (sent, took_weights) = ship(&docker, &server, &second).await;
    assert!(sent < MEGABYTE as u64 && !took_weights, "{sent} {took_weights}");
    // The schema's small layer is made again on top of the project's, and its folder has another time.
    let uploads = server.uploads() - uploads;
    assert!((2..=3).contains(&uploads), "the project's layer, the schema's and the configuration: {uploads}");

    // The label that makes each push a version of its own changes no layer.
    let labels = BTreeMap::from([("run.cog.push_id".to_owned(), uuid::Uuid::now_v7().to_string())]);
    let relabelled = unique("weights");
    docker.relabel(&second.image_name, &labels, &relabelled, &CancellationToken::new()).await.unwrap();
    let repository = format!("{}/acme/hotdog", server.host());
    let (_, sent) = push(&docker, &relabelled, &repository, Some(server.credentials(PASSWORD)), &mut |_| {}).await.unwrap();
    assert_eq!(sent, 0);
    for image in [first.image_name, second.image_name, relabelled, weights] {
        docker.remove_image(&image).await.unwrap();
    }
}
