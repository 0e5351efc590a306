//! A version that may be grafted on: its documents, and the checks that can rule it out.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::kept::kept;
use super::label::RecipeLabel;
use super::terms::GraftTerms;
use super::{Ingredients, NoGraft, RECIPE_LABEL};
use crate::clients::registry::{ImageManifest, RegistryError, RegistryWriter, StoredContent};
use crate::domain::identity::{ImageDigest, VersionRef};

/// A version with its documents.
pub(super) struct Candidate {
    pub(super) version: VersionRef,
    pub(super) manifest: ImageManifest,
    /// The image's configuration.
    pub(super) config: Map<String, Value>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) diff_ids: Vec<ImageDigest>,
    pub(super) recipe: RecipeLabel,
}

pub(super) fn unhelpful(error: &RegistryError) -> NoGraft {
    NoGraft::Registry { problem: error.to_string() }
}

impl Candidate {
    /// Reads a version by its digest, so that a later change of its model does not affect the graft.
    pub(super) async fn read(version: &VersionRef, writer: &dyn RegistryWriter) -> Result<Self, NoGraft> {
        let about = || Box::new(version.clone());
        let unsupported = |why: String| NoGraft::Unsupported { version: about(), why };
        let (repository, digest) = (version.model.to_string(), version.id.digest());
        let stored = writer.stored(&repository, digest.as_str()).await.map_err(|error| unhelpful(&error))?;
        let Some(stored) = stored else { return Err(NoGraft::Gone { version: about() }) };
        let manifest = match stored.content() {
            Ok(StoredContent::Image(manifest)) => manifest,
            Ok(StoredContent::IndexOf(_)) => return Err(unsupported("it is an index".to_owned())),
            Err(error) => return Err(unsupported(error.to_string())),
        };
        let bytes = writer.small_blob(&repository, &manifest.config).await.map_err(|error| unhelpful(&error))?;
        let config: Map<String, Value> =
            serde_json::from_slice(&bytes).map_err(|error| unsupported(format!("its configuration is not JSON: {error}")))?;
        let labels: BTreeMap<String, String> = container(&config)
            .and_then(|container| container.get("Labels"))
            .and_then(|labels| serde_json::from_value(labels.clone()).ok())
            .unwrap_or_default();
        let recipe = labels.get(RECIPE_LABEL).and_then(|text| RecipeLabel::parse(text));
        let Some(recipe) = recipe else { return Err(NoGraft::NoRecipe { version: about() }) };
        let Some(diff_ids) = manifest.diff_ids(&config) else {
            return Err(unsupported("its configuration does not list its layers".to_owned()));
        };
        Ok(Self { version: version.clone(), manifest, config, labels, diff_ids, recipe })
    }

    /// Checks whether it may be grafted on. Sends no request.
    pub(super) fn check(&self, ingredients: &Ingredients, copy_command: &str, terms: &GraftTerms<'_>) -> Result<(), NoGraft> {
        let version = || Box::new(self.version.clone());
        let recipe = &self.recipe;
        let Some(container) = container(&self.config) else {
            return Err(NoGraft::Unsupported { version: version(), why: "its configuration has no settings".to_owned() });
        };
        let kept = kept(container, &self.labels, &self.diff_ids, &recipe.layers.indices());
        if !recipe.is_sealed(&terms.scope, &kept) {
            return Err(NoGraft::SealBroken { version: version() });
        }
        if let Some(what) = recipe.ingredients.difference(ingredients) {
            return Err(NoGraft::Changed { what: what.to_owned(), version: version() });
        }
        if is_old(recipe.built_at, terms.now, terms.days) {
            return Err(NoGraft::TooOld { version: version(), days: terms.days });
        }
        if container.get("OnBuild").and_then(Value::as_array).is_some_and(|steps| !steps.is_empty()) {
            return Err(NoGraft::OnBuild { version: version() });
        }
        self.check_history(copy_command)
    }

    /// The project's layer is where the history says that the files were copied, and the schema's is the last.
    fn check_history(&self, copy_command: &str) -> Result<(), NoGraft> {
        let wrong = || NoGraft::History { version: Box::new(self.version.clone()) };
        let layers = self.recipe.layers;
        let layer_steps: Vec<&Value> = history(&self.config).filter(|entry| !is_empty(entry)).collect();
        let project = layer_steps.get(layers.project).and_then(|entry| entry.get("created_by")).and_then(Value::as_str);
        let copies = project.is_some_and(|command| command.contains(copy_command));
        let fits =
            layer_steps.len() == self.diff_ids.len() && layers.schema + 1 == layer_steps.len() && layers.project < layers.schema;
        if fits && copies { Ok(()) } else { Err(wrong()) }
    }

    /// Checks that the registry still has every layer that is kept. It may have deleted some.
    pub(super) async fn check_layers(&self, writer: &dyn RegistryWriter) -> Result<(), NoGraft> {
        let repository = self.version.model.to_string();
        let replaced = self.recipe.layers.indices();
        let kept = self.manifest.layers.iter().enumerate().filter(|(index, _)| !replaced.contains(index));
        let lookups = kept.map(|(index, layer)| {
            let repository = &repository;
            async move {
                match writer.has_blob(repository, &layer.digest).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(NoGraft::LayerGone { version: Box::new(self.version.clone()), number: index + 1 }),
                    Err(error) => Err(unhelpful(&error)),
                }
            }
        });
        futures::future::try_join_all(lookups).await.map(drop)
    }
}

/// The settings of the image's container.
pub(super) fn container(config: &Map<String, Value>) -> Option<&Map<String, Value>> {
    config.get("config").and_then(Value::as_object)
}

/// The entries of an image's history.
pub(super) fn history(config: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    config.get("history").and_then(Value::as_array).into_iter().flatten()
}

/// Whether a step made no layer.
pub(super) fn is_empty(entry: &Value) -> bool {
    entry.get("empty_layer").and_then(Value::as_bool).unwrap_or(false)
}

/// Whether a build is too old. A build in the future is not trusted either.
fn is_old(built_at: DateTime<Utc>, now: DateTime<Utc>, days: u64) -> bool {
    let limit = i64::try_from(days).ok().and_then(TimeDelta::try_days).unwrap_or(TimeDelta::MAX);
    let age = now.signed_duration_since(built_at);
    age > limit || age < -TimeDelta::minutes(10)
}
