//! What a graft keeps and what it replaces.

use chrono::TimeDelta;
use safe_push::build::RECIPE_LABEL;
use safe_push::domain::identity::ImageDigest;
use serde_json::{Value, json};

use super::fixture::{Fixture, FullBuild, config_of, now};

#[tokio::test]
async fn a_graft_replaces_what_depends_on_the_source_and_nothing_else() {
    let mut fixture = Fixture::new().await;
    let version = fixture.full_build(&FullBuild::default()).await;
    let before = fixture.graft_on(&version).await.unwrap();
    // The next commit has another predictor, with another schema and a decorator that sets a variable.
    fixture.source.write("run.py", "class Runner: 'changed'\n");
    fixture.source.schema = json!({"openapi": "3.0.2", "info": {"title": "after"}});
    fixture.source.concurrency = Some(4);
    fixture.source.environment.git_revision = Some("def".to_owned());
    let graft = fixture.graft_on(&version).await.unwrap();

    assert_eq!((&graft.on, graft.built_at), (&version, now() - TimeDelta::days(3)));
    assert_eq!(graft.layers.len(), 2);
    let (old, new) = (before.manifest.layer_digests(), graft.manifest.layer_digests());
    for index in [0, 1, 3] {
        assert_eq!((&old[index], &before.diff_ids[index]), (&new[index], &graft.diff_ids[index]), "layer {index} is kept");
    }
    for index in [2, 4] {
        assert_ne!((&old[index], &before.diff_ids[index]), (&new[index], &graft.diff_ids[index]), "layer {index} is new");
    }
    let config = config_of(&graft);
    let listed: Vec<&str> = graft.diff_ids.iter().map(ImageDigest::as_str).collect();
    assert_eq!(config["rootfs"]["diff_ids"], json!(listed));
    assert_eq!(config["config"]["Env"], json!(["PATH=/usr/bin", "COG_PREDICT_TYPE_STUB=run.py:Runner", "COG_MAX_CONCURRENCY=4"]));
    assert_eq!(config["config"]["Cmd"], json!(["python", "-m", "cog.server.http"]));
    assert!(config.get("moby.buildkit.cache.v0").is_none(), "a cache of other layers");
    let steps: Vec<&str> =
        config["history"].as_array().unwrap().iter().map(|entry| entry["created_by"].as_str().unwrap()).collect();
    assert_eq!(steps[3], "CMD");
    assert_eq!(steps[4..6], ["ENV COG_PREDICT_TYPE_STUB=run.py:Runner", "ENV COG_MAX_CONCURRENCY=4"]);
    assert!(steps[6].contains("tar -C /mnt"), "{steps:?}");

    let labels = &config["config"]["Labels"];
    let label = |name: &str| labels[name].as_str().unwrap_or_default();
    assert_eq!(label("maintainer"), "of the base");
    assert_eq!(label("run.cog.pip_freeze"), "six==1.17.0\n");
    assert_eq!(label("org.opencontainers.image.revision"), "def");
    assert_eq!(serde_json::from_str::<Value>(label("run.cog.openapi_schema")).unwrap(), fixture.source.schema);
    assert_eq!(serde_json::from_str::<Value>(label("run.cog.config")).unwrap()["concurrency"]["max"], 4);
    assert!(labels.get("safe-push.built_from").is_none() && labels.get("run.cog.push_id").is_none(), "{labels}");
    assert_eq!(label(RECIPE_LABEL), config_of(&before)["config"]["Labels"][RECIPE_LABEL], "the seal and the age stay");
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn the_same_source_makes_the_same_layers_at_any_time_and_a_graft_can_be_grafted_on() {
    let fixture = Fixture::new().await;
    let version = fixture.full_build(&FullBuild::default()).await;
    let first = fixture.graft_on(&version).await.unwrap();
    let file = std::fs::File::options().append(true).open(fixture.source.path().join("run.py")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let second = fixture.graft_on(&version).await.unwrap();
    assert_eq!(first.manifest.layer_digests(), second.manifest.layer_digests());
    assert_eq!(first.diff_ids, second.diff_ids);
    fixture.sandbox.stop().await;
}
