//! The second build: the schema as a file, and the labels that Replicate and Cog read (`contracts/cog.md` section 3).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::build::BuildRequest;
use crate::clients::docker::{Derivation, DerivedFile};

/// The OpenAPI document.
const SCHEMA_LABEL: &str = "run.cog.openapi_schema";
/// The Python packages.
const FREEZE_LABEL: &str = "run.cog.pip_freeze";
/// Cog writes it always.
const INIT_LABEL: &str = "run.cog.has_init";

/// Where the server looks for the document, relative to the working folder `/src`.
const SCHEMA_PATH: &str = ".cog/openapi_schema.json";

/// What makes the final image out of the first build's.
pub(super) fn derivation(request: &BuildRequest, first: &str, schema: &Value, pip_freeze: &str) -> Derivation {
    // The label and the file are the same text: what is checked is what the server enforces.
    let schema = schema.to_string();
    let mut labels: BTreeMap<String, String> = request.labels.clone();
    labels.insert(SCHEMA_LABEL.to_owned(), schema.clone());
    labels.insert(FREEZE_LABEL.to_owned(), pip_freeze.to_owned());
    labels.insert(INIT_LABEL.to_owned(), "true".to_owned());
    Derivation {
        base: first.to_owned(),
        tag: request.image_name.clone(),
        labels,
        files: vec![DerivedFile { path: SCHEMA_PATH.to_owned(), contents: schema.into_bytes() }],
    }
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
            recipe,
            image_name: "final:latest".to_owned(),
            labels: BTreeMap::from([("run.cog.version".to_owned(), "0.22.0".to_owned())]),
            schema: SchemaSource::FromImage,
            secrets: Vec::new(),
            no_cache: false,
            source_date_epoch: 0,
        };
        let derivation = derivation(&request, "first:latest", &json!({"openapi": "3.0.2"}), "six==1.17.0\n");
        assert_eq!((derivation.base.as_str(), derivation.tag.as_str()), ("first:latest", "final:latest"));
        let names: Vec<&str> = derivation.labels.keys().map(String::as_str).collect();
        assert_eq!(names, ["run.cog.has_init", "run.cog.openapi_schema", "run.cog.pip_freeze", "run.cog.version"]);
        let file = &derivation.files[0];
        assert_eq!(file.path, ".cog/openapi_schema.json");
        assert_eq!(derivation.labels[SCHEMA_LABEL].as_bytes(), file.contents);
    }
}
