//! The label that says how an image was built, so that a later run can graft on it.
//!
//! A label alone proves nothing: a pull request can have a Dockerfile that writes any label, and its image is staged to the test model. So
//! the label carries a seal under the token of the registry, over everything that a graft relies on and keeps. Anyone with the token could
//! push to the live model anyway.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::kept::kept;
use super::terms::GraftScope;
use super::{Ingredients, NoGraft};
use crate::clients::docker::ImageDetails;
use crate::domain::identity::ImageDigest;
use crate::support::seal::SealKey;

/// Separates this use of the token from any other.
const PURPOSE: &str = "safe-push recipe 1";

/// The layer of a step that changes nothing, such as a `WORKDIR` that already exists: an empty archive.
const EMPTY_LAYER: &str = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/// The layers that a graft replaces, by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReplacedLayers {
    pub(super) project: usize,
    pub(super) schema: usize,
}

impl ReplacedLayers {
    /// The replaced layers of a built image: the schema's is the last, and the project's comes before it. `WORKDIR` may have an empty one
    /// in between.
    fn of(diff_ids: &[ImageDigest]) -> Option<Self> {
        let schema = diff_ids.len().checked_sub(1)?;
        let mut project = schema.checked_sub(1)?;
        if diff_ids.get(project)?.as_str() == EMPTY_LAYER {
            project = project.checked_sub(1)?;
        }
        Some(Self { project, schema })
    }

    pub(super) fn indices(self) -> [usize; 2] {
        [self.project, self.schema]
    }
}

/// The content of the label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecipeLabel {
    pub(super) ingredients: Ingredients,
    pub(super) layers: ReplacedLayers,
    /// When the full build was made.
    pub(super) built_at: DateTime<Utc>,
    seal: String,
}

impl RecipeLabel {
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether the seal covers this label and what a graft keeps of the image.
    pub(super) fn is_sealed(&self, scope: &GraftScope<'_>, kept: &Value) -> bool {
        let Self { ingredients, layers, built_at, seal } = self;
        let text = sealed_text(ingredients, *layers, *built_at, scope, kept);
        SealKey::of(scope.key, PURPOSE).is_some_and(|key| key.fits(&text, seal))
    }
}

/// What a seal covers.
fn sealed_text(
    ingredients: &Ingredients,
    layers: ReplacedLayers,
    built_at: DateTime<Utc>,
    scope: &GraftScope<'_>,
    kept: &Value,
) -> String {
    let models = [scope.live.to_string(), scope.test.to_string()];
    json!([models, layers, built_at.to_rfc3339(), ingredients, kept]).to_string()
}

/// The label of an image that was just built.
///
/// # Errors
/// The image does not have the expected layers. Other reasons, such as [`NoGraft::ServerVariables`], were found by [`Ingredients::of`].
pub fn recipe_label(
    ingredients: &Ingredients,
    image: &ImageDetails,
    scope: &GraftScope<'_>,
    built_at: DateTime<Utc>,
) -> Result<String, NoGraft> {
    let odd = || NoGraft::Project { problem: "the built image has not the expected layers".to_owned() };
    let layers = ReplacedLayers::of(&image.diff_ids).ok_or_else(odd)?;
    let settings: Map<String, Value> = serde_json::from_str(&image.settings).map_err(|_not_an_object| odd())?;
    let kept = kept(&settings, &image.labels, &image.diff_ids, &layers.indices());
    let text = sealed_text(ingredients, layers, built_at, scope, &kept);
    let seal = SealKey::of(scope.key, PURPOSE).ok_or_else(odd)?.seal(&text);
    let label = RecipeLabel { ingredients: ingredients.clone(), layers, built_at, seal };
    serde_json::to_string(&label).map_err(|_never| odd())
}
