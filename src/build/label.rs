//! The second build: the schema as a file, and the labels that Replicate and Cog read (`docs/reference/cog.md#labels`).

use std::collections::BTreeMap;

use cog_source::labels::{CogBaseLayer, OPENAPI_SCHEMA, cog_base_labels};
use serde_json::Value;

use crate::build::{BaseLayers, BuildRequest};
use crate::clients::docker::{Derivation, DerivedFile, ImageDetails};
use crate::domain::identity::ImageDigest;

/// The list of Python packages.
pub(super) const FREEZE_LABEL: &str = "run.cog.pip_freeze";
/// The fingerprint of the first build.
pub(super) const BUILT_FROM: &str = "safe-push.built_from";
/// Cog always writes it.
pub(super) const INIT_LABEL: &str = "run.cog.has_init";

/// Where the server looks for the document, relative to the working directory `/src`.
pub(super) const SCHEMA_PATH: &str = ".cog/openapi_schema.json";

/// Facts about an image that are known only after it is built.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImageFacts<'a> {
    pub(super) schema: &'a Value,
    pub(super) pip_freeze: &'a str,
    pub(super) cog_base: Option<&'a CogBaseLayer>,
    /// Lets a later build recognize the same image.
    pub(super) fingerprint: &'a str,
}

/// How to derive the final image from the first build's.
pub(super) fn derivation(request: &BuildRequest, first: &str, found: &ImageFacts<'_>) -> Derivation {
    // The label and the file hold the same text, so what is checked is what the server enforces.
    let schema = found.schema.to_string();
    let mut labels: BTreeMap<String, String> = request.labels.clone();
    labels.insert(OPENAPI_SCHEMA.to_owned(), schema.clone());
    labels.insert(FREEZE_LABEL.to_owned(), found.pip_freeze.to_owned());
    labels.insert(BUILT_FROM.to_owned(), found.fingerprint.to_owned());
    labels.insert(INIT_LABEL.to_owned(), "true".to_owned());
    labels.extend(found.cog_base.into_iter().flat_map(cog_base_labels));
    Derivation {
        base: first.to_owned(),
        tag: request.image_name.clone(),
        labels,
        environment: request.recipe.environment_on_top.clone(),
        files: vec![DerivedFile { path: SCHEMA_PATH.to_owned(), contents: schema.into_bytes() }],
        // A Dockerfile of the project may have given its folders modes that have to stay.
        fixed_time: request.recipe.dockerfile_of_the_project.is_none().then_some(request.source_date_epoch),
    }
}

/// The base image's last layer, found among the first layers of `built`. `None` if the image has fewer layers than its base.
pub(super) fn cog_base_layer(base: &BaseLayers, built: &ImageDetails) -> Option<CogBaseLayer> {
    last_base_layer(base, &built.diff_ids)
}

/// The base image's last layer, found among the first of these layers. `None` if there are fewer than the base has.
pub(super) fn last_base_layer(base: &BaseLayers, diff_ids: &[ImageDigest]) -> Option<CogBaseLayer> {
    let last_layer_index = base.count.checked_sub(1)?;
    let last_layer_diff_id = diff_ids.get(last_layer_index)?.to_string();
    Some(CogBaseLayer { image: base.image.clone(), last_layer_diff_id, last_layer_index })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::build::SchemaSource;
    use cog_source::recipe::Recipe;

    #[test]
    fn the_schema_is_the_same_as_file_and_as_label() {
        let recipe = Recipe::default();
        let request = BuildRequest {
            model: None,
            project: ".".into(),
            unsent: vec![],
            recipe,
            image_name: "final:latest".to_owned(),
            labels: BTreeMap::from([("run.cog.version".to_owned(), "0.22.0".to_owned())]),
            base_layers: None,
            schema: SchemaSource::FromImage,
            findings: Vec::new(),
            secrets: Vec::new(),
            proxies: BTreeMap::new(),
            cache_mounts: Default::default(),
            redactor: Default::default(),
            no_cache: false,
            source_date_epoch: 0,
        };
        let schema = json!({"openapi": "3.0.2"});
        let found = ImageFacts { schema: &schema, pip_freeze: "six==1.17.0\n", cog_base: None, fingerprint: "00" };
        let derivation = derivation(&request, "first:latest", &found);
        assert_eq!((derivation.base.as_str(), derivation.tag.as_str()), ("first:latest", "final:latest"));
        let names: Vec<&str> = derivation.labels.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["run.cog.has_init", "run.cog.openapi_schema", "run.cog.pip_freeze", "run.cog.version", "safe-push.built_from"]
        );
        let file = &derivation.files[0];
        assert_eq!(file.path, ".cog/openapi_schema.json");
        assert_eq!(derivation.labels[OPENAPI_SCHEMA].as_bytes(), file.contents);
    }

    #[test]
    fn the_base_images_last_layer_is_found_by_its_position() {
        let digest = |digit: &str| format!("sha256:{}", digit.repeat(64)).parse().unwrap();
        let built = ImageDetails { diff_ids: ["1", "2", "3"].map(digest).to_vec(), ..ImageDetails::default() };
        let base = |count| BaseLayers { image: "r8.im/cog-base:python3.12".to_owned(), count };
        let layer = cog_base_layer(&base(2), &built).unwrap();
        assert_eq!((layer.last_layer_index, layer.last_layer_diff_id), (1, format!("sha256:{}", "2".repeat(64))));
        assert_eq!(cog_base_layer(&base(0), &built), None);
        assert_eq!(cog_base_layer(&base(4), &built), None);
    }
}
