//! The configuration of a grafted image: that of the version it is grafted on, with what depends on the source replaced.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use cog_source::labels::{OPENAPI_SCHEMA, cog_base_labels};
use cog_source::recipe::SourcePart;
use serde_json::{Map, Value, json};

use super::candidate::{Candidate, history, is_empty};
use super::kept::{is_of_source, is_written_anew};
use super::{NoGraft, RECIPE_LABEL};
use crate::build::BuildRequest;
use crate::build::label::{FREEZE_LABEL, INIT_LABEL, last_base_layer};
use crate::domain::identity::ImageDigest;

/// How the history of an image names the variables that a Dockerfile sets.
const ENVIRONMENT: &str = "ENV ";

/// The parts of a version that a graft replaces.
pub(super) struct New<'a> {
    pub(super) request: &'a BuildRequest,
    pub(super) source: &'a SourcePart,
    /// The text of the schema, as in its file.
    pub(super) schema: &'a str,
    pub(super) project_layer: &'a ImageDigest,
    pub(super) schema_layer: &'a ImageDigest,
    pub(super) made_at: DateTime<Utc>,
}

/// The configuration, and the layers in it.
pub(super) fn config(on: &Candidate, new: &New<'_>) -> Result<(String, Vec<ImageDigest>), NoGraft> {
    let layers = on.recipe.layers;
    let mut diff_ids = on.diff_ids.clone();
    for (index, layer) in [(layers.project, new.project_layer), (layers.schema, new.schema_layer)] {
        if let Some(place) = diff_ids.get_mut(index) {
            *place = layer.clone();
        }
    }
    let made_at = new.made_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut config = on.config.clone();
    config.insert("created".to_owned(), json!(made_at));
    config.insert("history".to_owned(), Value::Array(changed_history(on, new.source, &made_at)));
    if let Some(rootfs) = config.get_mut("rootfs").and_then(Value::as_object_mut) {
        let listed: Vec<&str> = diff_ids.iter().map(ImageDigest::as_str).collect();
        rootfs.insert("diff_ids".to_owned(), json!(listed));
    }
    // Data for a builder's cache describes other layers.
    config.retain(|name, _| !name.starts_with("moby.buildkit."));
    if let Some(container) = config.get_mut("config").and_then(Value::as_object_mut) {
        container.insert("Env".to_owned(), json!(environment(container, new.source)));
        container.insert("Labels".to_owned(), json!(labels(on, new, &diff_ids)?));
    }
    Ok((Value::Object(config).to_string(), diff_ids))
}

/// The variables of the source come last, as in a generated Dockerfile.
fn environment(container: &Map<String, Value>, source: &SourcePart) -> Vec<String> {
    let set = container.get("Env").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let kept = set.filter(|variable| !is_of_source(variable)).map(str::to_owned);
    kept.chain(source.variables.iter().map(|(name, value)| format!("{name}={value}"))).collect()
}

fn labels(on: &Candidate, new: &New<'_>, diff_ids: &[ImageDigest]) -> Result<BTreeMap<String, String>, NoGraft> {
    let request = new.request;
    for name in ["org.opencontainers.image.revision", "org.opencontainers.image.version"] {
        // Without it, the label of the base image would be visible, which the version's own label hides.
        if on.labels.contains_key(name) && !request.labels.contains_key(name) {
            return Err(NoGraft::CommitUnknown { version: Box::new(on.version.clone()) });
        }
    }
    // Equal recipes install equal packages.
    if !on.labels.contains_key(FREEZE_LABEL) {
        return Err(NoGraft::NoRecipe { version: Box::new(on.version.clone()) });
    }
    let mut labels: BTreeMap<String, String> = on.labels.clone();
    labels.retain(|name, _| !is_written_anew(name) || name == RECIPE_LABEL);
    labels.extend(request.labels.clone());
    labels.insert(OPENAPI_SCHEMA.to_owned(), new.schema.to_owned());
    labels.insert(INIT_LABEL.to_owned(), "true".to_owned());
    let base = request.base_layers.as_ref().and_then(|base| last_base_layer(base, diff_ids));
    labels.extend(base.iter().flat_map(cog_base_labels));
    Ok(labels)
}

/// The steps that depend on the source are those of this graft.
fn changed_history(on: &Candidate, source: &SourcePart, made_at: &str) -> Vec<Value> {
    let (mut index, mut changed) = (0, Vec::new());
    for entry in history(&on.config) {
        if is_empty(entry) {
            let says = entry.get("created_by").and_then(Value::as_str).unwrap_or_default();
            if says.strip_prefix(ENVIRONMENT).is_some_and(is_of_source) {
                continue;
            }
            changed.push(entry.clone());
            continue;
        }
        let mut entry = entry.clone();
        if index == on.recipe.layers.project {
            changed.extend(source.variables.iter().map(|(name, value)| {
                json!({ "created": made_at, "created_by": format!("{ENVIRONMENT}{name}={value}"), "empty_layer": true })
            }));
        }
        if on.recipe.layers.indices().contains(&index)
            && let Some(fields) = entry.as_object_mut()
        {
            fields.insert("created".to_owned(), json!(made_at));
            fields.insert("comment".to_owned(), json!("grafted by safe-push"));
        }
        changed.push(entry);
        index += 1;
    }
    changed
}
