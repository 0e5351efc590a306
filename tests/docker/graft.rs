//! Whole runs that graft instead of building, with a daemon, a sandbox, and containers that really run. Without a daemon these tests are
//! skipped, except in CI, where they fail.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;

use flate2::read::GzDecoder;
use futures::StreamExt as _;
use replicate_sandbox::{Sandbox, Visibility};
use safe_push::build::{FINGERPRINT_LABEL, RECIPE_LABEL};
use safe_push::clients::docker::RegistryCredentials;
use safe_push::clients::registry::{ImageManifest, RealRegistry, RegistryOptions, RegistryWriter as _, StoredContent};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use test_support::{Repository, Seen, docker_is_there, retried_run, sandbox_options};
use tokio::io::AsyncReadExt as _;

/// A sandbox with a published version of `text-stats`, and the repository that it came from.
struct Fixture {
    sandbox: Sandbox,
    repository: Repository,
    registry: Arc<RealRegistry>,
}

impl Fixture {
    async fn new() -> Self {
        let options = sandbox_options();
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
        let repository = Repository::example("text-stats").on(&sandbox);
        let credentials = RegistryCredentials {
            host: sandbox.registry_host().to_owned(),
            username: "acme".to_owned(),
            password: sandbox.cli_token().clone(),
        };
        let options = RegistryOptions::new(sandbox.registry_host(), Some(credentials));
        let fixture = Self { registry: Arc::new(RealRegistry::new(options).unwrap()), sandbox, repository };
        let first = fixture.run("run --fuzz-iterations 0").await;
        assert_eq!(first.code, Some(0), "{first}");
        assert!(!fixture.build_note().contains("built:"), "{}", fixture.build_note());
        fixture
    }

    async fn run(&self, line: &str) -> Seen {
        tokio::task::block_in_place(|| retried_run(|| self.repository.run(line)))
    }

    /// What the report says about the build.
    fn build_note(&self) -> String {
        let report = self.repository.report();
        let stages = report["models"][0]["stages"].as_array().unwrap().clone();
        let build = stages.iter().find(|stage| stage["name"] == "build").unwrap();
        build["note"].as_str().unwrap_or_default().to_owned()
    }

    /// The image of a version: its manifest and its configuration.
    async fn image(&self, version: &str) -> (String, ImageManifest, Value) {
        let (model, id) = version.split_once(':').unwrap();
        let stored = self.registry.stored(model, &format!("sha256:{id}")).await.unwrap().unwrap();
        let StoredContent::Image(manifest) = stored.content().unwrap() else { panic!("an index") };
        let config = self.registry.small_blob(model, &manifest.config).await.unwrap();
        (model.to_owned(), manifest, serde_json::from_slice(&config).unwrap())
    }

    fn live(&self) -> String {
        self.repository.report()["models"][0]["versions"]["live"].as_str().unwrap().to_owned()
    }

    /// Everything in the last layers of an image, as a container would see it.
    async fn source(&self, model: &str, manifest: &ImageManifest) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        // The files, an empty layer of WORKDIR, and the schema.
        for layer in &manifest.layers[manifest.layers.len() - 3..] {
            let packed = self.registry.small_blob(model, layer).await.unwrap();
            let mut archive = Vec::new();
            std::io::Read::read_to_end(&mut GzDecoder::new(packed.as_ref()), &mut archive).unwrap();
            let mut entries = tokio_tar::Archive::new(archive.as_slice()).entries().unwrap();
            while let Some(entry) = entries.next().await {
                let mut entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).await.unwrap();
                let header = entry.header();
                let shown = format!(
                    "{:?} {:o} {}:{} @{} {:?} {}",
                    header.entry_type(),
                    header.mode().unwrap() & 0o7777,
                    header.uid().unwrap(),
                    header.gid().unwrap(),
                    header.mtime().unwrap(),
                    entry.link_name().unwrap(),
                    hex::encode(Sha256::digest(&content)),
                );
                found.insert(path.trim_matches('/').to_owned(), shown);
            }
        }
        found
    }
}

/// Files of every kind, some of which the earlier version does not have.
fn change_files(repository: &Repository, round: usize) {
    repository.write(&format!("round-{round}.txt"), "new");
    repository.write("data/umlaut-äöü 日本.txt", "unicode");
    repository.write("data/secret.key", "0600");
    repository.write(".dockerignore", "ignored\n*.log\n!kept.log\n");
    repository.write("ignored/large.bin", "not sent");
    repository.write("kept.log", "sent");
    repository.write("other.log", "not sent");
    let path = |name: &str| repository.path().join(name);
    fs::set_permissions(path("data/secret.key"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(path("data"), fs::Permissions::from_mode(0o750)).unwrap();
    fs::create_dir_all(path(&format!("empty-{round}"))).unwrap();
    if round == 0 {
        symlink("predict.py", path("link")).unwrap();
        symlink("/etc/hostname", path("data/outside")).unwrap();
    } else {
        fs::remove_file(path("round-0.txt")).unwrap();
        fs::remove_dir(path("empty-0")).unwrap();
    }
}

fn without(config: &Value, labels: &[&str]) -> Value {
    let mut settings = config["config"].clone();
    for label in labels {
        settings["Labels"].as_object_mut().unwrap().remove(*label);
    }
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graft_answers_as_a_build_does_and_has_the_same_files_environment_command_and_labels() {
    if !docker_is_there() {
        return;
    }
    let fixture = Fixture::new().await;
    let repository = &fixture.repository;
    for round in 0..2 {
        let before = fixture.live();
        change_files(repository, round);
        repository.edit("predict.py", "class Predictor", &format!("ROUND = {round}\n\n\nclass Predictor"));
        repository.edit("predict.py", &format!("default={}", 3 + round), &format!("default={}", 4 + round));
        let sent = fixture.sandbox.uploaded_bytes();
        let seen = fixture.run("run --no-compare-outputs --fuzz-iterations 2").await;
        assert_eq!(seen.code, Some(0), "{seen}");
        let note = fixture.build_note();
        let short = before.split_once(':').unwrap().1.get(..12).unwrap();
        assert!(note.starts_with(&format!("grafted on acme/text-stats:{short}, full build of 20")), "{note}");
        // Two small layers and two configurations.
        let sent = fixture.sandbox.uploaded_bytes() - sent;
        assert!(sent < 100_000, "{sent} bytes");
        let report = repository.report();
        let cases = report["models"][0]["cases"].as_array().unwrap().clone();
        assert!(cases.len() >= 4 && cases.iter().all(|case| case["status"] == "passed"), "{cases:?}");
        let (model, grafted, grafted_config) = fixture.image(&fixture.live()).await;

        let seen = fixture.run("run --no-compare-outputs --fuzz-iterations 0 --graft never --always").await;
        assert_eq!(seen.code, Some(0), "{seen}");
        let note = fixture.build_note();
        assert!(note.contains("steps cached") && !note.contains("built:"), "{note}");
        let (_, built, built_config) = fixture.image(&fixture.live()).await;
        // What is below was installed anew if another test emptied the cache.
        assert_eq!(grafted.layers.len(), built.layers.len());
        let files = fixture.source(&model, &grafted).await;
        assert_eq!(files, fixture.source(&model, &built).await);
        for (path, is_there) in [
            ("src/predict.py", true),
            ("src/.cog/openapi_schema.json", true),
            ("src/kept.log", true),
            ("src/other.log", false),
            ("src/ignored", false),
            ("src/round-0.txt", round == 0),
        ] {
            assert_eq!(files.contains_key(path), is_there, "{path}: {files:?}");
        }
        // A label of the push, one for the daemon's own memory, and one with the time of the build.
        let own = ["run.cog.push_id", "safe-push.built_from", RECIPE_LABEL];
        assert!(!grafted_config["config"]["Labels"][FINGERPRINT_LABEL].as_str().unwrap().is_empty());
        assert_eq!(without(&grafted_config, &own), without(&built_config, &own));
        for field in ["architecture", "os"] {
            assert_eq!(grafted_config[field], built_config[field]);
        }
    }
    fixture.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_live_already_is_not_published_again() {
    if !docker_is_there() {
        return;
    }
    let fixture = Fixture::new().await;
    let repository = &fixture.repository;
    let counts = || (fixture.sandbox.versions("acme/text-stats").len(), fixture.sandbox.versions("acme/text-stats-test").len());
    assert_eq!(counts(), (1, 1));
    let predictions = fixture.sandbox.predictions().len();
    // Neither the test cases nor the time of files are part of the model.
    repository.edit("predict.py", "class Predictor", "class Predictor");
    for (flags, published, expected) in
        [("", false, (1, 1)), ("--no-push", false, (1, 2)), ("--always", true, (2, 3)), ("", false, (2, 3))]
    {
        let live = fixture.sandbox.versions("acme/text-stats")[0].id.clone();
        let seen = fixture.run(&format!("run --fuzz-iterations 0 {flags}")).await;
        assert_eq!((seen.code, counts()), (Some(0), expected), "{flags}: {seen}");
        let versions = repository.report()["models"][0]["versions"].clone();
        assert_eq!(!versions["live"].is_null(), published, "{flags}: {versions}");
        if flags.is_empty() {
            assert_eq!(versions["unchanged"], format!("acme/text-stats:{live}"));
            let text = "nothing to publish: acme/text-stats:[SHORT] has this source, base image and schema";
            assert!(seen.stdout.contains(text), "{seen}");
        }
        if expected == (1, 1) {
            assert_eq!(fixture.sandbox.predictions().len(), predictions, "nothing is asked again");
        }
    }
    // A graft says what it was made of too, and any change counts.
    repository.edit("predict.py", "class Predictor", "CHANGED = 1\n\n\nclass Predictor");
    for (published, noted) in [(true, "grafted on"), (false, "nothing to publish")] {
        let seen = fixture.run("run --fuzz-iterations 0 --no-compare-outputs").await;
        assert_eq!(seen.code, Some(0), "{seen}");
        assert!(fixture.build_note().starts_with(noted), "{}", fixture.build_note());
        assert_eq!(!repository.report()["models"][0]["versions"]["live"].is_null(), published);
    }
    repository.write("data.txt", "a file that no build needs");
    let seen = fixture.run("run --fuzz-iterations 0 --no-compare-outputs").await;
    assert!(seen.code == Some(0) && fixture.build_note().starts_with("grafted on"), "{seen}");
    fixture.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_built_is_built_and_the_report_says_why() {
    if !docker_is_there() {
        return;
    }
    let fixture = Fixture::new().await;
    let repository = &fixture.repository;
    for flag in ["--no-cache", "--graft never", "--graft-days 0"] {
        let seen = fixture.run(&format!("run --no-push --fuzz-iterations 0 {flag}")).await;
        assert_eq!(seen.code, Some(0), "{seen}");
        let note = fixture.build_note();
        assert!(!note.contains("grafted") && !note.contains("built:"), "{flag}: {note}");
    }
    // A version of the test model alone has the new recipe, and the next run grafts on it.
    repository.write("requirements.txt", "six==1.17.0\n");
    repository.edit("cog.yaml", "build:\n", "build:\n  python_requirements: requirements.txt\n");
    let seen = fixture.run("run --no-push --fuzz-iterations 0").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let note = fixture.build_note();
    assert!(note.contains("; built: requirements.txt changed since acme/text-stats:"), "{note}");
    repository.edit("predict.py", "class Predictor", "CHANGED = True\n\n\nclass Predictor");
    let seen = fixture.run("run --no-push --fuzz-iterations 0").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let note = fixture.build_note();
    assert!(note.starts_with("grafted on acme/text-stats-test:"), "{note}");
    fixture.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_that_a_dockerfile_writes_itself_does_not_reach_the_registry() {
    if !docker_is_there() {
        return;
    }
    let fixture = Fixture::new().await;
    let (_, _, config) = fixture.image(&fixture.live()).await;
    let sealed = config["config"]["Labels"][RECIPE_LABEL].as_str().unwrap().to_owned();
    assert!(sealed.contains("\"seal\":"), "{sealed}");
    // A copy of a label that is sealed.
    let quoted = sealed.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    fixture.repository.write(
        "Dockerfile",
        &format!(
            "FROM {}\nRUN python -m pip --version\nLABEL {RECIPE_LABEL}=\"{quoted}\"\nWORKDIR /src\nCOPY . /src\n\
             RUN python -c 'print()'\nENV COG_PREDICT_TYPE_STUB=predict.py:Predictor\nCMD [\"python\", \"-m\", \"cog.server.http\"]\n",
            test_support::BASE
        ),
    );
    let seen = fixture.run("run --no-push --fuzz-iterations 0 --dockerfile Dockerfile").await;
    // The image has no SDK, so it does not boot; what counts is what was pushed.
    let staged = fixture.repository.report()["models"][0]["versions"]["test"].as_str().map(str::to_owned);
    let staged = staged.unwrap_or_else(|| panic!("nothing was staged: {seen}"));
    let (_, _, config) = fixture.image(&staged).await;
    assert_eq!(config["config"]["Labels"][RECIPE_LABEL], json!(""));
    assert!(fixture.build_note().contains("; built: the project has a Dockerfile of its own"), "{}", fixture.build_note());
    fixture.sandbox.stop().await;
}
