//! Reuses what an earlier build learned about the same file system, so that an unchanged project starts no container and no second build.
//!
//! The final image carries a fingerprint of the first build: its layers, the rest of its configuration, the source of the schema, and the
//! version of safe-push. Equal fingerprints mean the same packages, and the same schema if the image was asked for it. Only the daemon
//! stores this: what it has removed is found out again.

use std::collections::BTreeMap;

use cog_source::labels::OPENAPI_SCHEMA;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::build::label::{BUILT_FROM, FREEZE_LABEL};
use crate::build::{BuildRequest, SchemaSource};
use crate::clients::docker::{Derivation, ImageDetails, InspectImages};
use crate::domain::identity::ImageDigest;

/// The final image of an earlier build of the same file system.
#[derive(Debug, Clone)]
pub(super) struct EarlierBuild(ImageDetails);

/// A fingerprint of the first build. Equal ones mean the same image, asked for the same schema.
pub(super) fn fingerprint(first: &ImageDetails, schema: &SchemaSource) -> String {
    let source = match schema {
        SchemaSource::Static(_) => "source",
        SchemaSource::FromImage => "image",
        SchemaSource::Given(_) => "file",
    };
    let layers = first.diff_ids.iter().map(ImageDigest::as_str).collect::<Vec<_>>().join(" ");
    let mut digest = Sha256::new();
    for part in [env!("CARGO_PKG_VERSION"), source, &first.settings, &layers] {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}

/// Looks for the image that an earlier build derived from `first`. Ignores errors of the daemon.
pub(super) async fn find(
    request: &BuildRequest,
    first: &ImageDetails,
    fingerprint: &str,
    images: &dyn InspectImages,
) -> Option<EarlierBuild> {
    if request.no_cache {
        return None;
    }
    let found = images.images_with_label(BUILT_FROM, fingerprint).await;
    let found = found.inspect_err(|error| tracing::debug!(%error, "earlier builds are not known")).ok()?;
    found.into_iter().find(|image| is_one_layer_above(first, image)).map(EarlierBuild)
}

/// The schema's file is the only layer that the second build adds.
fn is_one_layer_above(first: &ImageDetails, image: &ImageDetails) -> bool {
    image.diff_ids.len() == first.diff_ids.len() + 1 && image.diff_ids.starts_with(&first.diff_ids)
}

impl EarlierBuild {
    /// The packages that were read from the image.
    pub(super) fn pip_freeze(&self) -> Option<String> {
        self.0.labels.get(FREEZE_LABEL).cloned()
    }

    /// The schema, if it was read from the image.
    pub(super) fn schema(&self, source: &SchemaSource) -> Option<Value> {
        let document = self.0.labels.get(OPENAPI_SCHEMA).filter(|_| *source == SchemaSource::FromImage)?;
        serde_json::from_str(document).ok().filter(Value::is_object)
    }

    /// The image itself, if a second build would make exactly the same one.
    pub(super) fn image(&self, first: &ImageDetails, derivation: &Derivation) -> Option<&ImageDetails> {
        let mut labels = first.labels.clone();
        labels.extend(derivation.labels.clone());
        // The added file holds the label's text.
        (labels == self.0.labels && environment(first, derivation) == variables(&self.0)).then_some(&self.0)
    }
}

fn variables(image: &ImageDetails) -> BTreeMap<&str, &str> {
    image.environment.iter().filter_map(|variable| variable.split_once('=')).collect()
}

/// The variables of the image after a derivation.
fn environment<'a>(first: &'a ImageDetails, derivation: &'a Derivation) -> BTreeMap<&'a str, &'a str> {
    let on_top = derivation.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    variables(first).into_iter().chain(on_top).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn layers(digits: &[&str]) -> ImageDetails {
        let digest = |digit: &&str| format!("sha256:{}", digit.repeat(64)).parse().unwrap();
        ImageDetails { diff_ids: digits.iter().map(digest).collect(), ..ImageDetails::default() }
    }

    fn labeled(image: ImageDetails, labels: &[(&str, &str)]) -> ImageDetails {
        let labels: BTreeMap<_, _> = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ImageDetails { labels, ..image }
    }

    #[test]
    fn the_fingerprint_covers_everything_that_packages_and_schema_depend_on() {
        let first = ImageDetails { settings: "{\"Env\":[\"A=1\"]}".to_owned(), ..layers(&["1", "2"]) };
        let known = fingerprint(&first, &SchemaSource::FromImage);
        let others = [
            (layers(&["1", "3"]), SchemaSource::FromImage),
            (layers(&["1", "2"]), SchemaSource::FromImage),
            (ImageDetails { settings: "{\"Env\":[\"A=2\"]}".to_owned(), ..first.clone() }, SchemaSource::FromImage),
            (first.clone(), SchemaSource::Static(json!({}))),
        ];
        for (image, source) in others {
            assert_ne!(fingerprint(&image, &source), known, "{image:?} {source:?}");
        }
        // Names, labels and size do not identify the image.
        let renamed = labeled(ImageDetails { id: "x".to_owned(), size_bytes: 3, ..first }, &[("a", "b")]);
        assert_eq!(fingerprint(&renamed, &SchemaSource::FromImage), known);
    }

    #[test]
    fn the_schema_is_reused_only_if_it_was_read_from_the_image() {
        let earlier =
            EarlierBuild(labeled(layers(&["1"]), &[(OPENAPI_SCHEMA, "{\"openapi\":\"3.0.2\"}"), (FREEZE_LABEL, "six==1\n")]));
        assert_eq!(earlier.schema(&SchemaSource::FromImage), Some(json!({"openapi": "3.0.2"})));
        assert_eq!(earlier.schema(&SchemaSource::Static(json!({}))), None);
        assert_eq!(earlier.pip_freeze().as_deref(), Some("six==1\n"));
        assert_eq!(EarlierBuild(labeled(layers(&["1"]), &[(OPENAPI_SCHEMA, "[]")])).schema(&SchemaSource::FromImage), None);
    }

    #[test]
    fn the_image_is_reused_only_with_exactly_the_same_labels() {
        let first = labeled(layers(&["1"]), &[("of the base", "x")]);
        let earlier = EarlierBuild(labeled(layers(&["1", "2"]), &[("of the base", "x"), ("run.cog.version", "0.22.0")]));
        let derivation = |version: &str| Derivation {
            labels: BTreeMap::from([("run.cog.version".to_owned(), version.to_owned())]),
            ..Derivation::default()
        };
        assert!(earlier.image(&first, &derivation("0.22.0")).is_some());
        assert!(earlier.image(&first, &derivation("0.23.0")).is_none());
        assert!(earlier.image(&layers(&["1"]), &derivation("0.22.0")).is_none(), "the base no longer says x");
        let with_variable = Derivation {
            environment: BTreeMap::from([("COG_MAX_CONCURRENCY".to_owned(), "4".to_owned())]),
            ..derivation("0.22.0")
        };
        assert!(earlier.image(&first, &with_variable).is_none());
        let set = ImageDetails { environment: vec!["COG_MAX_CONCURRENCY=4".to_owned()], ..earlier.0.clone() };
        assert!(EarlierBuild(set.clone()).image(&first, &with_variable).is_some());
        assert!(EarlierBuild(set).image(&first, &derivation("0.22.0")).is_none());
        assert!(is_one_layer_above(&first, &earlier.0));
        assert!(!is_one_layer_above(&layers(&["3"]), &earlier.0));
        assert!(!is_one_layer_above(&earlier.0, &earlier.0));
    }
}
