//! Every reason to build instead of grafting. A wrong graft would ship old packages, or somebody else's.

use chrono::TimeDelta;
use http::{Method, StatusCode};
use replicate_sandbox::{Fault, FaultEffect};
use safe_push::build::Ingredients;
use safe_push::domain::identity::VersionRef;
use serde_json::{Value, json};

use super::fixture::{COG_YAML, Fixture, FullBuild, Source, now};

/// What a test does to the source between the full build and the next run.
type Change = fn(&mut Source);

async fn reason(fixture: &Fixture, version: &VersionRef) -> String {
    match fixture.graft_on(version).await {
        Ok(_) => "grafted".to_owned(),
        Err(reason) => format!("built: {reason}"),
    }
}

#[tokio::test]
async fn whatever_the_layers_below_depend_on_is_built_when_it_changes() {
    let changes: [(&str, Change, &str); 9] = [
        ("nothing", |_| {}, "grafted"),
        ("the predictor", |source| source.write("run.py", "class Runner: 'changed'\n"), "grafted"),
        ("requirements", |source| source.requirements = "six==1.16.0\n".to_owned(), "requirements.txt changed since"),
        (
            "a local wheel",
            |source| source.write("wheels/mine-1.0-py3-none-any.whl", "other"),
            "wheels/mine-1.0-py3-none-any.whl changed since",
        ),
        (
            "cog.yaml",
            |source| source.cog_yaml = COG_YAML.replace("build:\n", "build:\n  system_packages: [sox]\n"),
            "the Dockerfile (cog.yaml, a flag or the SDK) changed since",
        ),
        ("a flag", |source| source.plan.strip = true, "the Dockerfile (cog.yaml, a flag or the SDK) changed since"),
        ("the SDK", |source| source.sdk = Some("0.22.0"), "the Dockerfile (cog.yaml, a flag or the SDK) changed since"),
        (
            "the certificate",
            |source| {
                source.environment.ca_certificate = Some("-----BEGIN CERTIFICATE-----\nb\n-----END CERTIFICATE-----\n".to_owned());
            },
            "changed since",
        ),
        ("the time of files", |source| source.environment.source_date_epoch = Some(1), "SOURCE_DATE_EPOCH changed since"),
    ];
    for (what, change, expected) in changes {
        let mut fixture = Fixture::new().await;
        fixture.source.write("wheels/mine-1.0-py3-none-any.whl", "wheel");
        fixture.source.requirements = "six==1.17.0\n./wheels/mine-1.0-py3-none-any.whl\n".to_owned();
        fixture.source.environment.ca_certificate = Some("-----BEGIN CERTIFICATE-----\na\n-----END CERTIFICATE-----\n".to_owned());
        let version = fixture.full_build(&FullBuild::default()).await;
        change(&mut fixture.source);
        let reason = reason(&fixture, &version).await;
        assert!(reason.contains(expected), "{what}: {reason}");
        fixture.sandbox.stop().await;
    }
}

#[tokio::test]
async fn a_moved_base_image_is_built_on() {
    let fixture = Fixture::new().await;
    let version = fixture.full_build(&FullBuild::default()).await;
    let moved = Ingredients::of(&fixture.source.request().await, "sha256:2222", &"cli-token".into()).await.unwrap();
    let error = fixture.graft_with(&moved, &[version]).await.unwrap_err();
    assert!(error.to_string().starts_with("the base image changed since acme/hotdog:"), "{error}");
    let error = fixture.graft_with(&moved, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "no version to graft on");
    assert!(!error.is_news());
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn what_another_safe_push_built_is_built_again() {
    let fixture = Fixture::new().await;
    let version = fixture.full_build(&FullBuild::default()).await;
    let mut upgraded = serde_json::to_value(fixture.source.ingredients().await.unwrap()).unwrap();
    assert_eq!(upgraded["safe-push"], env!("CARGO_PKG_VERSION"));
    upgraded["safe-push"] = json!("999.0.0");
    let upgraded: Ingredients = serde_json::from_value(upgraded).unwrap();
    let error = fixture.graft_with(&upgraded, &[version]).await.unwrap_err();
    assert!(error.to_string().starts_with("safe-push changed since acme/hotdog:"), "{error}");
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_version_that_cannot_be_trusted_or_understood_is_not_grafted_on() {
    fn layer(manifest: &mut Value, field: &str, value: Value) {
        manifest["layers"][1][field] = value;
    }
    let sealed = "the seal on acme/hotdog:";
    let cases: Vec<(&str, FullBuild, &str)> = vec![
        (
            "pushed by `cog push`",
            FullBuild {
                after_seal: |config| drop(config["config"]["Labels"].as_object_mut().unwrap().remove("safe-push.recipe")),
                ..Default::default()
            },
            "has no recipe",
        ),
        (
            "an emptied label",
            FullBuild { after_seal: |config| config["config"]["Labels"]["safe-push.recipe"] = json!(""), ..Default::default() },
            "has no recipe",
        ),
        ("another token", FullBuild { token: "another-token".into(), ..Default::default() }, sealed),
        ("other models", FullBuild { sealed_for: ("hotdog", "burger-test"), ..Default::default() }, sealed),
        (
            "a variable that was added",
            FullBuild {
                after_seal: |config| config["config"]["Env"].as_array_mut().unwrap().push(json!("LD_PRELOAD=/src/x.so")),
                ..Default::default()
            },
            sealed,
        ),
        (
            "another command",
            FullBuild { after_seal: |config| config["config"]["Cmd"] = json!(["sh"]), ..Default::default() },
            sealed,
        ),
        (
            "another entrypoint",
            FullBuild { after_seal: |config| config["config"]["Entrypoint"] = json!(["sh"]), ..Default::default() },
            sealed,
        ),
        (
            "another user",
            FullBuild { after_seal: |config| config["config"]["User"] = json!("nobody"), ..Default::default() },
            sealed,
        ),
        (
            "a label that is kept",
            FullBuild { after_seal: |config| config["config"]["Labels"]["maintainer"] = json!("else"), ..Default::default() },
            sealed,
        ),
        (
            "another layer below",
            FullBuild {
                after_seal: |config| config["rootfs"]["diff_ids"][1] = config["rootfs"]["diff_ids"][0].clone(),
                ..Default::default()
            },
            sealed,
        ),
        (
            "ONBUILD",
            FullBuild { before_seal: |config| config["config"]["OnBuild"] = json!(["RUN x"]), ..Default::default() },
            "has ONBUILD instructions",
        ),
        ("an old full build", FullBuild { built_at: now() - TimeDelta::days(8), ..Default::default() }, "is more than 7 days old"),
        (
            "a build of tomorrow",
            FullBuild { built_at: now() + TimeDelta::days(1), ..Default::default() },
            "is more than 7 days old",
        ),
        (
            "a step behind the files",
            FullBuild { before_seal: |config| config["history"].as_array_mut().unwrap().swap(1, 5), ..Default::default() },
            "the history of acme/hotdog:",
        ),
        (
            "a squashed image",
            FullBuild { before_seal: |config| drop(config["history"].as_array_mut().unwrap().pop()), ..Default::default() },
            "the history of acme/hotdog:",
        ),
        (
            "a layer too few",
            FullBuild { manifest: |manifest| drop(manifest["layers"].as_array_mut().unwrap().pop()), ..Default::default() },
            "does not list its layers",
        ),
        (
            "zstd",
            FullBuild {
                manifest: |manifest| layer(manifest, "mediaType", json!("application/vnd.oci.image.layer.v1.tar+zstd")),
                ..Default::default()
            },
            "layer 2 has the media type",
        ),
        (
            "a foreign layer",
            FullBuild { manifest: |manifest| layer(manifest, "urls", json!(["https://example.com/layer"])), ..Default::default() },
            "layer 2 is to be fetched elsewhere",
        ),
        (
            "no list of packages",
            FullBuild {
                after_seal: |config| drop(config["config"]["Labels"].as_object_mut().unwrap().remove("run.cog.pip_freeze")),
                before_seal: |config| drop(config["config"]["Labels"].as_object_mut().unwrap().remove("run.cog.pip_freeze")),
                ..Default::default()
            },
            "has no recipe",
        ),
    ];
    for (what, build, expected) in cases {
        let fixture = Fixture::new().await;
        let version = fixture.full_build(&build).await;
        let reason = reason(&fixture, &version).await;
        assert!(reason.starts_with("built: ") && reason.contains(expected), "{what}: {reason}");
        fixture.sandbox.stop().await;
    }
}

#[tokio::test]
async fn an_index_is_not_grafted_on() {
    use bytes::Bytes;
    use safe_push::clients::registry::{RegistryWriter as _, StoredManifest};
    let fixture = Fixture::new().await;
    let version = fixture.full_build(&FullBuild::default()).await;
    let image = fixture.registry.stored("acme/hotdog", version.id.digest().as_str()).await.unwrap().unwrap();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": image.media_type, "digest": image.digest.as_str(), "size": image.bytes.len(),
            "platform": {"os": "linux", "architecture": "amd64"}}],
    });
    let index = StoredManifest::new(None, Bytes::from(index.to_string()));
    fixture.registry.put_manifest("acme/hotdog", "bundle", &index).await.unwrap();
    let bundle = VersionRef { model: version.model, id: index.digest.version_id() };
    let message = reason(&fixture, &bundle).await;
    assert!(message.ends_with("cannot be grafted on: it is an index"), "{message}");
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_layer_that_the_registry_collected_and_a_version_that_is_gone_are_built() {
    let fixture = Fixture::new().await;
    let version = fixture.full_build(&FullBuild::default()).await;
    let gone = FaultEffect::Status(StatusCode::NOT_FOUND);
    fixture.sandbox.inject(Fault::next(1, gone).on(Method::HEAD, "/v2/acme/hotdog/blobs/"));
    let message = reason(&fixture, &version).await;
    assert!(message.contains("the registry no longer has layer "), "{message}");
    let digits = "a".repeat(64).parse().unwrap();
    let message = reason(&fixture, &VersionRef { model: version.model.clone(), id: digits }).await;
    assert!(message.starts_with("built: the registry no longer has acme/hotdog:aaa"), "{message}");
    let down = FaultEffect::Status(StatusCode::FORBIDDEN);
    fixture.sandbox.inject(Fault::next(1, down).on(Method::GET, "/v2/acme/hotdog/manifests/"));
    // The manifest of the first version is known by now.
    let digits = "b".repeat(64).parse().unwrap();
    let message = reason(&fixture, &VersionRef { model: version.model.clone(), id: digits }).await;
    assert!(message.starts_with("built: the registry could not be used: "), "{message}");
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_project_whose_image_cannot_be_taken_apart_is_built() {
    let cases: [(&str, Change, &str); 7] = [
        (
            "a Dockerfile of its own",
            |source| {
                source.write("Dockerfile", "FROM python:3.12-slim\nCOPY . /src\nRUN make\n");
                source.plan.dockerfile = Some("Dockerfile".into());
            },
            "the project has a Dockerfile of its own",
        ),
        (
            "an SDK that asks the image",
            |source| source.sdk = Some("0.16.12"),
            "with this SDK version, only the image has the schema",
        ),
        (
            "a variable that is set twice",
            |source| source.cog_yaml.push_str("environment: [COG_MAX_CONCURRENCY=2]\n"),
            "`environment` in cog.yaml sets a variable of the model server",
        ),
        (
            "a name with a meaning",
            |source| source.write("data/.wh.old", ""),
            "the file name 'data/.wh.old' has a special meaning in image layers",
        ),
        (
            "a folder in the place of cog.yaml",
            |source| {
                std::fs::rename(source.path().join("cog.yaml"), source.path().join("gpu.yaml")).unwrap();
                std::fs::create_dir(source.path().join("cog.yaml")).unwrap();
                source.config_file = "gpu.yaml".to_owned();
            },
            "gpu.yaml cannot be copied to cog.yaml",
        ),
        ("a commit that is not known any more", |source| source.environment.git_version = None, "has a label with its commit"),
        ("a .dockerignore that docker rejects", |source| source.write(".dockerignore", "[a\n"), "failed to read the project"),
    ];
    for (what, change, expected) in cases {
        let mut fixture = Fixture::new().await;
        if what.starts_with("a folder") {
            fixture.source.config_file = "gpu.yaml".to_owned();
        }
        let version = fixture.full_build(&FullBuild::default()).await;
        change(&mut fixture.source);
        let reason = match fixture.graft_on(&version).await {
            Ok(_) => "grafted".to_owned(),
            Err(reason) => reason.to_string(),
        };
        // Another SDK is another Dockerfile too, but that is no reason to look further.
        assert!(reason.contains(expected), "{what}: {reason}");
        fixture.sandbox.stop().await;
    }
}
