//! Names of models, versions and images.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not `owner/name`.
    #[error("'{0}' is not a model name: expected owner/name with letters, digits, '.', '_' and '-'")]
    Model(String),
    /// Not 64 lowercase hexadecimal digits.
    #[error("'{0}' is not a version id: expected 64 hexadecimal digits")]
    Version(String),
    /// Not `sha256:` and 64 hexadecimal digits.
    #[error("'{0}' is not a digest: expected sha256: and 64 hexadecimal digits")]
    Digest(String),
}

/// A model on Replicate, `owner/name`. The address of its page and the name of its image are read as well.
///
/// Capitals and `_` are accepted, because such models exist:
/// `docs/reference/cog-safe-push.md#configuration-and-command-line`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelRef {
    owner: String,
    name: String,
}

impl ModelRef {
    /// Joins owner and name.
    pub fn new(owner: &str, name: &str) -> Result<Self, IdentityError> {
        format!("{owner}/{name}").parse()
    }

    /// Stands for the live model of a project that names none. `name` is the project's, if it can be part of a name.
    pub fn unnamed(name: &str) -> Self {
        let name = if is_name_part(name) { name } else { "model" };
        Self { owner: "unnamed".to_owned(), name: name.to_owned() }
    }

    /// The user or organization.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name without its owner.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both name one model. Replicate does not tell capitals from small letters.
    pub fn is_same(&self, other: &Self) -> bool {
        self.owner.eq_ignore_ascii_case(&other.owner) && self.name.eq_ignore_ascii_case(&other.name)
    }

    /// The model of the same owner with `suffix` after its name, as in `acme/hotdog-test`.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        Self { owner: self.owner.clone(), name: format!("{}{suffix}", self.name) }
    }
}

/// The model and the version's id of `owner/name:id`, where the id may be absent.
pub fn split_version(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((model, id)) if !id.starts_with('/') => (model, Some(id)),
        _ => (text, None),
    }
}

/// `owner/name` of `r8.im/owner/name` and `https://replicate.com/owner/name`.
fn plain_name(text: &str) -> &str {
    let text = text.trim();
    let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let named = address.unwrap_or(text);
    let named = ["replicate.com/", "www.replicate.com/", "r8.im/"].iter().find_map(|host| named.strip_prefix(host));
    match named {
        Some(named) => named.strip_suffix('/').unwrap_or(named),
        None => text,
    }
}

fn is_name_part(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

impl FromStr for ModelRef {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match plain_name(text).split_once('/') {
            Some((owner, name)) if is_name_part(owner) && is_name_part(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(IdentityError::Model(text.to_owned())),
        }
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

impl From<ModelRef> for String {
    fn from(model: ModelRef) -> Self {
        model.to_string()
    }
}

impl TryFrom<String> for ModelRef {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

fn is_hex64(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A version's id: the 64 hexadecimal digits of its manifest's digest. See `docs/reference/replicate-api.md#version-ids`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionId(String);

impl VersionId {
    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digest of the manifest that the version is.
    pub fn digest(&self) -> ImageDigest {
        ImageDigest(format!("sha256:{}", self.0))
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl FromStr for VersionId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_hex64(text) { Ok(Self(text.to_owned())) } else { Err(IdentityError::Version(text.to_owned())) }
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<VersionId> for String {
    fn from(id: VersionId) -> Self {
        id.0
    }
}

impl TryFrom<String> for VersionId {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// One version of one model. Versions are always addressed like this, never as "the latest".
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VersionRef {
    /// The model that the version belongs to.
    pub model: ModelRef,
    pub id: VersionId,
}

impl fmt::Display for VersionRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.model, self.id)
    }
}

impl FromStr for VersionRef {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (model, id) = split_version(text);
        let id = id.ok_or_else(|| IdentityError::Version(String::new()))?;
        Ok(Self { model: model.parse()?, id: id.parse()? })
    }
}

/// The digest of a manifest, a layer or a configuration: `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageDigest(String);

impl ImageDigest {
    /// The digest with this SHA-256.
    pub fn of_sha256(sum: [u8; 32]) -> Self {
        Self(format!("sha256:{}", hex::encode(sum)))
    }

    /// The whole text, with `sha256:`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The version id that Replicate gives to a manifest with this digest.
    pub fn version_id(&self) -> VersionId {
        VersionId(self.0.trim_start_matches("sha256:").to_owned())
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(7..19).unwrap_or(&self.0)
    }
}

impl FromStr for ImageDigest {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("sha256:") {
            Some(digits) if is_hex64(digits) => Ok(Self(text.to_owned())),
            _ => Err(IdentityError::Digest(text.to_owned())),
        }
    }
}

impl fmt::Display for ImageDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<ImageDigest> for String {
    fn from(digest: ImageDigest) -> Self {
        digest.0
    }
}

impl TryFrom<String> for ImageDigest {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn existing_model_names_are_accepted() {
        for name in ["acme/hotdog", "bxclib2/flux_img2img", "Acme/Hot.Dog-2"] {
            assert_eq!(name.parse::<ModelRef>().map(|model| model.to_string()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn the_page_and_the_image_of_a_model_name_it_too() {
        for name in [
            "r8.im/acme/hotdog",
            "https://replicate.com/acme/hotdog",
            "https://replicate.com/acme/hotdog/",
            "http://www.replicate.com/acme/hotdog",
            "replicate.com/acme/hotdog",
            "https://r8.im/acme/hotdog",
            " acme/hotdog ",
        ] {
            assert_eq!(name.parse::<ModelRef>().map(|model| model.to_string()), Ok("acme/hotdog".to_owned()), "{name}");
        }
    }

    #[test]
    fn an_id_follows_the_last_colon() {
        for (text, parts) in [
            ("acme/hotdog:abc", ("acme/hotdog", Some("abc"))),
            ("acme/hotdog", ("acme/hotdog", None)),
            ("https://replicate.com/acme/hotdog", ("https://replicate.com/acme/hotdog", None)),
            ("https://replicate.com/acme/hotdog:abc", ("https://replicate.com/acme/hotdog", Some("abc"))),
        ] {
            assert_eq!(split_version(text), parts, "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_names_of_models() {
        for name in [
            "",
            "acme",
            "acme/",
            "/hotdog",
            "acme/hot dog",
            "acme/hotdog/x",
            "r8.im/acme",
            "https://replicate.com/acme/hotdog/x",
            "https://example.com/acme/hotdog",
            "acme/hotdog:abc",
        ] {
            assert!(name.parse::<ModelRef>().is_err(), "{name}");
        }
    }

    #[test]
    fn a_digest_gives_the_version_id() {
        let digits = "0123456789abcdef".repeat(4);
        let digest: ImageDigest = format!("sha256:{digits}").parse().expect("a digest");
        assert_eq!(digest.version_id().as_str(), digits);
        assert!(format!("sha256:{}", digits.to_uppercase()).parse::<ImageDigest>().is_err());
    }
}
