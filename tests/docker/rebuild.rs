//! The second build of a project: what did not change is neither asked nor made again, and what did is. Without a daemon these tests are
//! skipped, except in CI, where they fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use cog_source::dockerfile::SecretMark;
use cog_source::recipe::Recipe;
use futures::future::BoxFuture;
use safe_push::build::{BuildRequest, Built, CacheMounts, SchemaSource, build};
use safe_push::clients::docker::{
    BuildSecret, ContainerOutput, ContainerRun, Derivation, DeriveImages, Docker, DockerError, ImageDetails, InspectImages as _,
    NameImages as _, RealDocker, RunContainers,
};
use safe_push::domain::events::Silent;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::daemon::{BASE, daemon, roles, unique};

/// A real daemon that takes note of the containers and the second images that it is asked for.
struct Counted {
    daemon: RealDocker,
    asked: Mutex<Vec<String>>,
}

impl Counted {
    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }

    /// What was asked since the last look.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl DeriveImages for Counted {
    fn derive_image<'a>(
        &'a self,
        derivation: &'a Derivation,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ImageDetails, DockerError>> {
        Box::pin(async move {
            self.note("second image".to_owned());
            self.daemon.derive_image(derivation, cancelled).await
        })
    }
}

impl RunContainers for Counted {
    fn run<'a>(
        &'a self,
        run: &'a ContainerRun,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ContainerOutput, DockerError>> {
        Box::pin(async move {
            self.note(run.command.join(" "));
            self.daemon.run(run, cancelled).await
        })
    }
}

async fn counted() -> Option<Arc<Counted>> {
    Some(Arc::new(Counted { daemon: daemon().await?, asked: Mutex::default() }))
}

const FREEZE: &str = "python -m pip freeze";
const SECOND: &str = "second image";
const SCHEMA: &str = "python -m cog.command.openapi_schema";

/// A project whose packages are those of a requirements file, as far as a test without a network can have such a thing: a package is a
/// folder with metadata, and `pip freeze` lists it.
fn request(project: &Path, schema: SchemaSource) -> BuildRequest {
    let install = "RUN --mount=type=bind,source=requirements.txt,target=/tmp/r.txt sed 's/==/ /' /tmp/r.txt | while read -r name version; do \
                   folder=$(python -c 'import site; print(site.getsitepackages()[0])')/$name-$version.dist-info; mkdir -p $folder; \
                   printf 'Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n' $name $version > $folder/METADATA; \
                   echo safe-push > $folder/INSTALLER; done";
    BuildRequest {
        model: None,
        project: project.to_owned(),
        unsent: vec![],
        recipe: Recipe {
            base_image: BASE.to_owned(),
            dockerfile: format!("FROM {BASE}\n{install}\nWORKDIR /src\nCOPY . /src\n"),
            ..Recipe::default()
        },
        image_name: unique("rebuild"),
        labels: BTreeMap::from([("run.cog.version".to_owned(), "0.22.0".to_owned())]),
        base_layers: None,
        schema,
        findings: Vec::new(),
        secrets: Vec::new(),
        proxies: BTreeMap::new(),
        cache_mounts: Default::default(),
        redactor: safe_push::support::secrets::Redactor::default(),
        no_cache: false,
        source_date_epoch: 1_700_000_000,
    }
}

fn project(requirements: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    // Nothing that another test, or an earlier run of this one, has built.
    fs::write(folder.path().join("nonce.txt"), Uuid::new_v4().to_string()).unwrap();
    fs::write(folder.path().join("requirements.txt"), requirements).unwrap();
    folder
}

fn source() -> Value {
    json!({"openapi": "3.0.2", "info": {"title": "Cog"}})
}

async fn build_once(request: &BuildRequest, docker: &Arc<Counted>) -> (Built, Vec<String>) {
    let derive = Arc::<Counted>::clone(docker);
    let roles = Docker { containers: Arc::<Counted>::clone(docker), derive, ..roles(&docker.daemon) };
    let built = build(request, &roles, &Silent, &CancellationToken::new()).await.unwrap();
    let mut asked = docker.asked();
    asked.sort();
    (built, asked)
}

fn lists(built: &Built, package: &str) -> bool {
    built.pip_freeze.lines().any(|line| line == package)
}

#[tokio::test]
async fn an_unchanged_project_starts_no_container_and_makes_no_second_image() {
    let Some(docker) = counted().await else { return };
    let folder = project("apple==1.0\n");
    let request = request(folder.path(), SchemaSource::Static(source()));
    let (first, asked) = build_once(&request, &docker).await;
    assert_eq!(asked, [FREEZE, SECOND]);
    assert!(lists(&first, "apple==1.0"), "{}", first.pip_freeze);

    let (second, asked) = build_once(&request, &docker).await;
    assert_eq!(asked, [""; 0]);
    assert_eq!((&second.image, &second.pip_freeze, &second.schema), (&first.image, &first.pip_freeze, &first.schema));

    // Under another name it is the same image.
    let renamed = BuildRequest { image_name: unique("rebuild"), ..request.clone() };
    let (third, asked) = build_once(&renamed, &docker).await;
    assert_eq!((asked, third.image.id), (vec![], first.image.id));
    assert!(docker.daemon.image_exists(&renamed.image_name).await.unwrap());
    for name in [request.image_name, renamed.image_name] {
        docker.daemon.remove_image(&name).await.unwrap();
    }
}

#[tokio::test]
async fn a_changed_requirement_is_listed_anew() {
    let Some(docker) = counted().await else { return };
    let folder = project("apple==1.0\n");
    let request = request(folder.path(), SchemaSource::Static(source()));
    build_once(&request, &docker).await;
    fs::write(folder.path().join("requirements.txt"), "apple==1.1\n").unwrap();
    let (changed, asked) = build_once(&request, &docker).await;
    assert_eq!(asked, [FREEZE, SECOND]);
    assert!(lists(&changed, "apple==1.1") && !lists(&changed, "apple==1.0"), "{}", changed.pip_freeze);
    let label = docker.daemon.inspect_image(&request.image_name).await.unwrap().labels["run.cog.pip_freeze"].clone();
    assert_eq!(label, changed.pip_freeze);
    docker.daemon.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn another_schema_or_commit_makes_another_image_without_a_container() {
    let Some(docker) = counted().await else { return };
    let folder = project("apple==1.0\n");
    let request = request(folder.path(), SchemaSource::Static(source()));
    let (first, _) = build_once(&request, &docker).await;
    let mut later = request.clone();
    later.labels.insert("org.opencontainers.image.revision".to_owned(), "abc".to_owned());
    let (committed, asked) = build_once(&later, &docker).await;
    assert_eq!(asked, [SECOND]);
    assert_eq!(committed.image.diff_ids, first.image.diff_ids);
    assert_ne!(committed.image.id, first.image.id);

    let described = BuildRequest { schema: SchemaSource::Static(json!({"openapi": "3.1.0"})), ..request.clone() };
    let (described, asked) = build_once(&described, &docker).await;
    assert_eq!(asked, [SECOND]);
    assert_eq!(described.schema, json!({"openapi": "3.1.0"}));
    assert_ne!(described.image.diff_ids, first.image.diff_ids);
    docker.daemon.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn an_old_sdk_is_asked_for_its_schema_once() {
    let Some(docker) = counted().await else { return };
    let folder = project("apple==1.0\n");
    fs::create_dir_all(folder.path().join("cog/command")).unwrap();
    for module in ["cog/__init__.py", "cog/command/__init__.py"] {
        fs::write(folder.path().join(module), "").unwrap();
    }
    let printer = folder.path().join("cog/command/openapi_schema.py");
    fs::write(&printer, "print('{\"openapi\": \"3.0.2\"}')\n").unwrap();
    let request = request(folder.path(), SchemaSource::FromImage);
    let (_, asked) = build_once(&request, &docker).await;
    assert_eq!(asked, [SCHEMA, FREEZE, SECOND]);
    let (again, asked) = build_once(&request, &docker).await;
    assert_eq!((again.schema, asked), (json!({"openapi": "3.0.2"}), vec![]));

    fs::write(&printer, "print('{\"openapi\": \"3.0.3\"}')\n").unwrap();
    let (changed, asked) = build_once(&request, &docker).await;
    assert_eq!((changed.schema, asked.len()), (json!({"openapi": "3.0.3"}), 3));

    // The same layers with the schema from the source have not been asked for theirs.
    let from_source = BuildRequest { schema: SchemaSource::Static(source()), ..request.clone() };
    assert_eq!(build_once(&from_source, &docker).await.0.schema, source());
    docker.daemon.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn settings_of_the_image_count_as_changes() {
    let Some(docker) = counted().await else { return };
    let folder = project("apple==1.0\n");
    let request = request(folder.path(), SchemaSource::Static(source()));
    build_once(&request, &docker).await;
    let mut other = request.clone();
    other.recipe.dockerfile.push_str("ENV PYTHONPATH=/nowhere\nCMD [\"true\"]\n");
    let (_, asked) = build_once(&other, &docker).await;
    assert_eq!(asked, [FREEZE, SECOND]);
    let environment = docker.daemon.inspect_image(&request.image_name).await.unwrap().environment;
    assert!(environment.contains(&"PYTHONPATH=/nowhere".to_owned()), "{environment:?}");
    docker.daemon.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn without_the_cache_nothing_is_taken_from_an_earlier_build() {
    let Some(docker) = counted().await else { return };
    let folder = project("apple==1.0\n");
    let request = request(folder.path(), SchemaSource::Static(source()));
    build_once(&request, &docker).await;
    let (_, asked) = build_once(&BuildRequest { no_cache: true, ..request.clone() }, &docker).await;
    assert_eq!(asked, [FREEZE, SECOND]);
    docker.daemon.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn a_rotated_secret_runs_the_steps_that_mount_it_again() {
    let Some(docker) = counted().await else { return };
    let folder = project("apple==1.0\n");
    let mut request = request(folder.path(), SchemaSource::Static(source()));
    let mark = SecretMark { secret: "token".to_owned(), path: ".cog/build/secret-0".to_owned() };
    let mounts = format!("--mount=type=secret,id=token --mount=type=bind,source={},target=/tmp/.secret-0", mark.path);
    request.recipe.dockerfile.push_str(&format!("RUN {mounts} cat /proc/sys/kernel/random/uuid > /made\n"));
    request.recipe.secret_marks = vec![mark];
    let mut built = Vec::new();
    for value in ["first-value", "first-value", "second-value"] {
        request.secrets = vec![BuildSecret { id: "token".to_owned(), value: value.as_bytes().to_vec().into() }];
        built.push(build_once(&request, &docker).await.0.image.diff_ids);
    }
    assert_eq!(built[0], built[1]);
    assert_ne!(built[1], built[2]);
    // This Dockerfile copies the whole context to /src; a generated one leaves .cog out.
    let run = ContainerRun {
        image: request.image_name.clone(),
        command: ["sh", "-c", "find / -xdev -name '*secret-0*' -not -path '/src/*'; grep -rl first-value /tmp /run || true"]
            .map(str::to_owned)
            .to_vec(),
        environment: BTreeMap::new(),
        network: false,
        time_limit: std::time::Duration::from_secs(60),
        output_limit_bytes: 10_000,
    };
    let seen = docker.daemon.run(&run, &CancellationToken::new()).await.unwrap();
    assert_eq!(seen.stdout, "", "neither the secret nor its mark is in the image");
    docker.daemon.remove_image(&request.image_name).await.unwrap();
}

#[tokio::test]
async fn what_one_build_leaves_in_a_cache_mount_is_found_only_by_builds_that_share_it() {
    let Some(docker) = counted().await else { return };
    let folder = project("");
    // Fails if a build before it left something.
    let with = |step: u32, cache_mounts: CacheMounts| {
        let mut request = request(folder.path(), SchemaSource::Static(source()));
        let leave = format!("RUN --mount=type=cache,target=/cache : {step} && test ! -e /cache/left && touch /cache/left");
        request.recipe.dockerfile = format!("FROM {BASE}\nCOPY nonce.txt /nonce\n{leave}\nWORKDIR /src\nCOPY . /src\n");
        BuildRequest { cache_mounts, ..request }
    };
    let token = Uuid::new_v4().to_string();
    let of_token = || CacheMounts::of_token(&token.as_str().into());
    let attempts = [
        (1, CacheMounts::of_one_build(), true),
        (2, CacheMounts::of_one_build(), true),
        (3, of_token(), true),
        (4, CacheMounts::of_token(&format!("another {token}").into()), true),
        (5, of_token(), false),
    ];
    for (step, cache_mounts, passes) in attempts {
        let request = with(step, cache_mounts);
        let built = build(&request, &roles(&docker.daemon), &Silent, &CancellationToken::new()).await;
        assert_eq!(built.is_ok(), passes, "{step}: {built:?}");
        if built.is_ok() {
            docker.daemon.remove_image(&request.image_name).await.unwrap();
        }
    }
}
