//! A version as a full build leaves it, in a registry of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use cog_source::config;
use cog_source::project::Project;
use cog_source::recipe::SourceText;
use cog_source::sdk;
use replicate_sandbox::{Sandbox, SandboxOptions, Visibility};
use safe_push::build::{
    BuildEnvironment, BuildRequest, Graft, GraftScope, GraftTerms, Ingredients, NoGraft, RECIPE_LABEL, SourceFacts, graft, prepare,
    recipe_label,
};
use safe_push::clients::docker::{ImageDetails, RegistryCredentials};
use safe_push::clients::registry::{RealRegistry, RegistryOptions, RegistryWriter as _, StoredManifest};
use safe_push::domain::identity::{ImageDigest, ModelRef, VersionRef};
use safe_push::domain::plan::BuildPlan;
use safe_push::support::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// The base image, as a registry names it.
pub(super) const BASE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const EMPTY: &str = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
pub(super) const GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
pub(super) const COG_YAML: &str =
    "build:\n  python_version: \"3.12\"\n  python_requirements: requirements.txt\nrun: run.py:Runner\n";

pub(super) fn model(name: &str) -> ModelRef {
    format!("acme/{name}").parse().unwrap()
}

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

/// A project, and how it is built.
pub(super) struct Source {
    pub(super) folder: TempDir,
    pub(super) cog_yaml: String,
    pub(super) config_file: String,
    pub(super) requirements: String,
    pub(super) sdk: Option<&'static str>,
    pub(super) plan: BuildPlan,
    pub(super) environment: BuildEnvironment,
    pub(super) schema: Value,
    pub(super) concurrency: Option<u32>,
}

impl Source {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [("cog.yaml", COG_YAML), ("run.py", "class Runner: ...\n"), ("requirements.txt", "six==1.17.0\n")] {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let environment = BuildEnvironment {
            git_revision: Some("abc".to_owned()),
            git_version: Some("main".to_owned()),
            ..BuildEnvironment::default()
        };
        Self {
            folder,
            cog_yaml: COG_YAML.to_owned(),
            config_file: "cog.yaml".to_owned(),
            requirements: "six==1.17.0\n".to_owned(),
            sdk: None,
            plan: BuildPlan::default(),
            environment,
            schema: json!({"openapi": "3.0.2", "info": {"title": "before"}}),
            concurrency: None,
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The build that a run would ask the daemon for.
    pub(super) async fn request(&self) -> BuildRequest {
        let setting = self.sdk.map(|sdk| sdk::SdkVersion::parse(sdk).unwrap());
        let parsed = config::parse_for(&self.cog_yaml, &self.config_file, setting.as_ref()).config.unwrap();
        let (sdk, sdk_decision) = sdk::choose(setting.as_ref(), None);
        let project = Project {
            folder: self.path().to_owned(),
            path: String::new(),
            config_file: self.config_file.clone(),
            config_text: self.cog_yaml.clone(),
            config: parsed,
            sdk,
            sdk_decision,
            requirements: Some(SourceText { file: "requirements.txt".to_owned(), text: self.requirements.clone() }),
        };
        let schema = project.sdk.schema_source() == sdk::SchemaSource::Source;
        let facts = SourceFacts { schema: schema.then_some(&self.schema), concurrency: self.concurrency };
        prepare(&project, &self.plan, facts, "hotdog:latest", None, None, &self.environment).await.unwrap()
    }

    pub(super) async fn ingredients(&self) -> Result<Ingredients, NoGraft> {
        Ingredients::of(&self.request().await, BASE, &"cli-token".into()).await
    }
}

/// A full build, with what a test changes about it.
pub(super) struct FullBuild {
    /// Changes the configuration before it is sealed.
    pub(super) before_seal: fn(&mut Value),
    /// Changes it afterwards, as only who has no token would.
    pub(super) after_seal: fn(&mut Value),
    /// Changes the manifest.
    pub(super) manifest: fn(&mut Value),
    pub(super) built_at: DateTime<Utc>,
    pub(super) token: SecretString,
    pub(super) sealed_for: (&'static str, &'static str),
}

impl Default for FullBuild {
    fn default() -> Self {
        Self {
            before_seal: |_| {},
            after_seal: |_| {},
            manifest: |_| {},
            built_at: now() - TimeDelta::days(3),
            token: "cli-token".into(),
            sealed_for: ("hotdog", "hotdog-test"),
        }
    }
}

fn digest(text: &str) -> ImageDigest {
    format!("sha256:{}", hex::encode(Sha256::digest(text))).parse().unwrap()
}

/// A registry with the two models.
pub(super) struct Fixture {
    pub(super) sandbox: Sandbox,
    pub(super) registry: Arc<RealRegistry>,
    pub(super) source: Source,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        for name in ["hotdog", "hotdog-test"] {
            sandbox.create_model(name, Visibility::Private, "cpu").unwrap();
        }
        let credentials = RegistryCredentials {
            host: sandbox.registry_host().to_owned(),
            username: "acme".to_owned(),
            password: sandbox.cli_token().clone(),
        };
        let options = RegistryOptions::new(sandbox.registry_host(), Some(credentials));
        let registry = Arc::new(RealRegistry::new(options).unwrap());
        Self { sandbox, registry, source: Source::new() }
    }

    /// Puts what a full build of the source would push to the live model.
    pub(super) async fn full_build(&self, build: &FullBuild) -> VersionRef {
        let request = self.source.request().await;
        let source = request.recipe.source.clone().unwrap_or_default();
        let blobs = ["base", "packages", "old project", "", "old schema"];
        let mut diff_ids: Vec<ImageDigest> = blobs.map(|blob| digest(&format!("unpacked {blob}"))).to_vec();
        diff_ids[3] = EMPTY.parse().unwrap();
        let layers: Vec<&str> = diff_ids.iter().map(ImageDigest::as_str).collect();
        let entry = |text: &str| json!({"created": "2026-11-01T00:00:00Z", "created_by": text});
        let empty = |text: &str| json!({"created_by": text, "empty_layer": true});
        let copy = format!("RUN |1 SOURCE_DATE_EPOCH=315532800 /bin/sh -c {} # buildkit", source.copy_command);
        let mut variables = vec!["PATH=/usr/bin".to_owned()];
        variables.extend(source.variables.iter().map(|(name, value)| format!("{name}={value}")));
        let mut labels: BTreeMap<String, String> = request.labels.clone();
        labels.extend(
            [("maintainer", "of the base"), ("run.cog.pip_freeze", "six==1.17.0\n"), ("safe-push.built_from", "00")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let mut config = json!({
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-11-01T00:00:00Z",
            "config": {"Env": variables, "Cmd": ["python", "-m", "cog.server.http"], "WorkingDir": "/src", "ExposedPorts": {"5000/tcp": {}},
                "Labels": labels, "OnBuild": null},
            "rootfs": {"type": "layers", "diff_ids": layers},
            "history": [entry("FROM"), entry("RUN pip install"), empty("EXPOSE 5000"), empty("ENV COG_PREDICT_TYPE_STUB=run.py:Runner"),
                empty("CMD"), entry(&copy), entry("WORKDIR /src"), entry("ADD files.tar / # buildkit")],
            "moby.buildkit.cache.v0": "x",
        });
        (build.before_seal)(&mut config);
        // As the daemon shows it.
        let shown = ImageDetails {
            labels: serde_json::from_value(config["config"]["Labels"].clone()).unwrap(),
            diff_ids,
            settings: config["config"].to_string(),
            ..ImageDetails::default()
        };
        if let Ok(ingredients) = self.source.ingredients().await {
            let (live, test) = (model(build.sealed_for.0), model(build.sealed_for.1));
            let scope = GraftScope { live: &live, test: &test, key: &build.token };
            let label = recipe_label(&ingredients, &shown, &scope, build.built_at).unwrap();
            config["config"]["Labels"][RECIPE_LABEL] = json!(label);
        }
        config["config"]["Labels"]["run.cog.push_id"] = json!("pushed");
        (build.after_seal)(&mut config);
        let to = "acme/hotdog";
        let config = self.registry.put_blob(to, Bytes::from(config.to_string())).await.unwrap();
        let mut descriptors = Vec::new();
        for blob in blobs {
            let blob = self.registry.put_blob(to, Bytes::from(format!("packed {blob}"))).await.unwrap();
            descriptors.push(json!({"mediaType": GZIP, "digest": blob.digest.as_str(), "size": blob.size_bytes}));
        }
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": config.digest.as_str(), "size": config.size_bytes},
            "layers": descriptors,
        });
        (build.manifest)(&mut manifest);
        let manifest = StoredManifest::new(None, Bytes::from(manifest.to_string()));
        self.registry.put_manifest(to, "latest", &manifest).await.unwrap();
        VersionRef { model: model("hotdog"), id: manifest.digest.version_id() }
    }

    /// Grafts the source on a version, as a run with the right token would a few days later.
    pub(super) async fn graft_on(&self, version: &VersionRef) -> Result<Graft, NoGraft> {
        self.graft_with(&self.source.ingredients().await?, std::slice::from_ref(version)).await
    }

    /// As [`Self::graft_on`], as if the layers below the project depended on these ingredients.
    pub(super) async fn graft_with(&self, ingredients: &Ingredients, versions: &[VersionRef]) -> Result<Graft, NoGraft> {
        let (live, test, key) = (model("hotdog"), model("hotdog-test"), SecretString::from("cli-token"));
        let terms = GraftTerms { scope: GraftScope { live: &live, test: &test, key: &key }, days: 7, now: now() };
        graft(&self.source.request().await, ingredients, versions, &terms, self.registry.as_ref()).await
    }
}

pub(super) fn config_of(graft: &Graft) -> Value {
    serde_json::from_slice(&graft.config).unwrap()
}
