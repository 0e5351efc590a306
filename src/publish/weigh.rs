//! The sizes of two images in the registry, and which steps made one larger.

use serde::Deserialize;

use crate::clients::registry::{Blob, RegistryError, RegistryWriter, StoredContent};
use crate::domain::identity::VersionRef;

/// The size of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageWeight {
    /// The layers, in order.
    pub layers: Vec<LayerWeight>,
}

/// The size of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerWeight {
    pub digest: String,
    /// Compressed, as it is pulled.
    pub size_bytes: u64,
    /// The step that made it, if the image says so. Untrusted text.
    pub step: Option<String>,
}

impl ImageWeight {
    /// The size of all layers together.
    pub fn size_bytes(&self) -> u64 {
        self.layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(layer.size_bytes))
    }

    /// The largest layers that another image does not have.
    pub fn largest_new(&self, other: &Self, most: usize) -> Vec<&LayerWeight> {
        let is_known = |layer: &&LayerWeight| other.layers.iter().any(|known| known.digest == layer.digest);
        let mut new: Vec<&LayerWeight> = self.layers.iter().filter(|layer| !is_known(layer)).collect();
        new.sort_by_key(|layer| std::cmp::Reverse(layer.size_bytes));
        new.truncate(most);
        new
    }
}

/// The size of a version's image. `None` if the registry does not have it, or has it in a form that is not an image.
///
/// # Errors
/// If the registry does not answer.
pub async fn weigh(version: &VersionRef, writer: &dyn RegistryWriter) -> Result<Option<ImageWeight>, RegistryError> {
    let repository = version.model.to_string();
    let mut digest = version.id.digest();
    for _ in 0..2 {
        let Some(stored) = writer.stored(&repository, digest.as_str()).await? else { return Ok(None) };
        match stored.content() {
            Ok(StoredContent::Image(image)) => {
                // Without the configuration, only the names of the steps are unknown.
                let steps = writer.small_blob(&repository, &image.config).await.map(|config| steps_of(&config)).unwrap_or_default();
                return Ok(Some(ImageWeight { layers: with_steps(&image.layers, steps) }));
            }
            Ok(StoredContent::IndexOf(image)) => digest = image,
            Err(_unsupported) => return Ok(None),
        }
    }
    Ok(None)
}

#[derive(Deserialize)]
struct ImageHistory {
    #[serde(default)]
    history: Vec<HistoryEntry>,
}

#[derive(Deserialize)]
struct HistoryEntry {
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    empty_layer: bool,
}

/// The steps that made layers, in order.
fn steps_of(config: &[u8]) -> Vec<String> {
    let history: Option<ImageHistory> = serde_json::from_slice(config).ok();
    let steps = history.map(|history| history.history).unwrap_or_default();
    steps.into_iter().filter(|step| !step.empty_layer).map(|step| step.created_by).collect()
}

/// Names each layer's step, unless the history does not fit the layers.
fn with_steps(layers: &[Blob], steps: Vec<String>) -> Vec<LayerWeight> {
    let known = steps.len() == layers.len();
    let steps = steps.into_iter().map(|step| Some(step).filter(|step| known && !step.is_empty())).chain(std::iter::repeat(None));
    let weight = |(layer, step): (&Blob, Option<String>)| LayerWeight {
        digest: layer.digest.to_string(),
        size_bytes: layer.size_bytes,
        step,
    };
    layers.iter().zip(steps).map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(layers: &[(&str, u64)]) -> ImageWeight {
        let layer =
            |(digest, size_bytes): &(&str, u64)| LayerWeight { digest: (*digest).to_owned(), size_bytes: *size_bytes, step: None };
        ImageWeight { layers: layers.iter().map(layer).collect() }
    }

    #[test]
    fn the_largest_layers_are_those_that_the_other_image_does_not_have() {
        let (old, new) = (image(&[("a", 900), ("b", 5)]), image(&[("a", 900), ("c", 7), ("d", 30), ("e", 1)]));
        let found: Vec<u64> = new.largest_new(&old, 2).iter().map(|layer| layer.size_bytes).collect();
        assert_eq!((found, new.size_bytes()), (vec![30, 7], 938));
    }

    #[test]
    fn a_layer_has_the_step_that_made_it() {
        let config =
            br#"{"history": [{"created_by": "FROM"}, {"created_by": "ENV A=1", "empty_layer": true}, {"created_by": "RUN pip"}]}"#;
        let layers = [Blob::of(b"one"), Blob::of(b"two")];
        let named = with_steps(&layers, steps_of(config));
        assert_eq!(named.iter().map(|layer| layer.step.as_deref()).collect::<Vec<_>>(), [Some("FROM"), Some("RUN pip")]);
        let other = with_steps(&layers[..1], steps_of(config));
        assert_eq!(other[0].step, None);
        assert_eq!(with_steps(&layers, steps_of(b"no json")).len(), 2);
    }
}
