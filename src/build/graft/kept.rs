//! What a graft keeps of an image: the settings of its container, labels that a run does not write itself, and the layers below.
//!
//! The daemon and the registry show the same configuration in two forms, so only what both show alike is taken.

use std::collections::{BTreeMap, BTreeSet};

use cog_source::recipe::SourcePart;
use serde_json::{Map, Value, json};

use crate::build::fingerprint::FINGERPRINT_LABEL;
use crate::domain::identity::ImageDigest;

/// The label with the recipe. A push empties it where it does not come from the run itself.
pub const RECIPE_LABEL: &str = "safe-push.recipe";

/// Settings that decide what runs in a container, and how.
const SETTINGS: [&str; 7] = ["Cmd", "Entrypoint", "OnBuild", "Shell", "StopSignal", "User", "WorkingDir"];

/// Labels that a run writes itself: those about the push, the source and the recipe. All others are kept.
const WRITTEN_ANEW: [&str; 10] = [
    "org.opencontainers.image.revision",
    "org.opencontainers.image.version",
    "run.cog.config",
    "run.cog.has_init",
    "run.cog.openapi_schema",
    "run.cog.push_id",
    "run.cog.version",
    "safe-push.built_from",
    RECIPE_LABEL,
    FINGERPRINT_LABEL,
];
const COG_BASE_LABELS: &str = "run.cog.cog-base-image-";

pub(super) fn is_written_anew(label: &str) -> bool {
    WRITTEN_ANEW.contains(&label) || label.starts_with(COG_BASE_LABELS)
}

/// Whether a variable, as `NAME=value`, is one that depends on the source.
pub(super) fn is_of_source(variable: &str) -> bool {
    let name = variable.split_once('=').map_or(variable, |(name, _)| name);
    SourcePart::VARIABLES.contains(&name)
}

/// The kept parts in one order and form.
pub(super) fn kept(
    settings: &Map<String, Value>,
    labels: &BTreeMap<String, String>,
    diff_ids: &[ImageDigest],
    replaced: &[usize],
) -> Value {
    let shown: BTreeMap<&str, &Value> = SETTINGS.iter().filter_map(|name| Some((*name, given(settings.get(*name))?))).collect();
    let variables = settings.get("Env").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let variables: Vec<&str> = variables.filter(|variable| !is_of_source(variable)).collect();
    let labels: BTreeMap<&String, &String> = labels.iter().filter(|(name, _)| !is_written_anew(name)).collect();
    let layers = diff_ids.iter().enumerate().filter(|(index, _)| !replaced.contains(index));
    let layers: Vec<&str> = layers.map(|(_, layer)| layer.as_str()).collect();
    json!({
        "settings": shown,
        "volumes": names(settings.get("Volumes")),
        "health": settings.get("Healthcheck").and_then(|check| given(check.get("Test"))),
        "variables": variables,
        "labels": labels,
        "layers": layers,
        "count": diff_ids.len(),
    })
}

/// A value that is not empty. The daemon shows empty values that a registry leaves out.
fn given(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    })
}

/// The names in a set, which one side writes as an object and the other as a list.
fn names(value: Option<&Value>) -> BTreeSet<&str> {
    match value {
        Some(Value::Object(object)) => object.keys().map(String::as_str).collect(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}
