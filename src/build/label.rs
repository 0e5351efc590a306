//! The second build: the schema as a file, and the labels that Replicate and Cog read (`contracts/cog.md` section 3).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::build::{BaseLayers, BuildRequest};
use crate::clients::docker::{Derivation, DerivedFile, ImageDetails};
use crate::cog::labels::{CogBaseLayer, OPENAPI_SCHEMA, cog_base_labels};

/// The Python packages.
const FREEZE_LABEL: &str = "run.cog.pip_freeze";
/// Cog writes it always.
const INIT_LABEL: &str = "run.cog.has_init";

/// Where the server looks for the document, relative to the working folder `/src`.
const SCHEMA_PATH: &str = ".cog/openapi_schema.json";

/// What makes the final image out of the first build's.
pub(super) fn derivation(
    request: &BuildRequest,
    first: &str,
    schema: &Value,
    pip_freeze: &str,
    cog_base: Option<&CogBaseLayer>,
) -> Derivation {
    // The label and the file are the same text: what is checked is what the server enforces.
    let schema = schema.to_string();
    let mut labels: BTreeMap<String, String> = request.labels.clone();
    labels.insert(OPENAPI_SCHEMA.to_owned(), schema.clone());
    labels.insert(FREEZE_LABEL.to_owned(), pip_freeze.to_owned());
    labels.insert(INIT_LABEL.to_owned(), "true".to_owned());
    labels.extend(cog_base.into_iter().flat_map(cog_base_labels));
    Derivation {
        base: first.to_owned(),
        tag: request.image_name.clone(),
        labels,
        files: vec![DerivedFile { path: SCHEMA_PATH.to_owned(), contents: schema.into_bytes() }],
    }
}

/// The last layer of the base image, which is one of the first of `built`. `None` when the image is shorter than its base.
pub(super) fn cog_base_layer(base: &BaseLayers, built: &ImageDetails) -> Option<CogBaseLayer> {
    let last_layer_index = base.count.checked_sub(1)?;
    let last_layer_diff_id = built.diff_ids.get(last_layer_index)?.to_string();
    Some(CogBaseLayer { image: base.image.clone(), last_layer_diff_id, last_layer_index })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::build::SchemaSource;
    use crate::cog::recipe::Recipe;

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
            secrets: Vec::new(),
            no_cache: false,
            source_date_epoch: 0,
        };
        let derivation = derivation(&request, "first:latest", &json!({"openapi": "3.0.2"}), "six==1.17.0\n", None);
        assert_eq!((derivation.base.as_str(), derivation.tag.as_str()), ("first:latest", "final:latest"));
        let names: Vec<&str> = derivation.labels.keys().map(String::as_str).collect();
        assert_eq!(names, ["run.cog.has_init", "run.cog.openapi_schema", "run.cog.pip_freeze", "run.cog.version"]);
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
