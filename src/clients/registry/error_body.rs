//! The body of a registry's error: what it says, and which blobs it means.

use std::sync::LazyLock;

use cog_findings::text::shorten;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::clients::docker::PushDenial;
use crate::domain::identity::ImageDigest;

/// How much of a message an error keeps.
const MESSAGE_BYTES: usize = 500;

/// What a registry says about a refusal. Everything in it is untrusted text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    codes: Vec<String>,
    pub(super) message: String,
    /// Digests that the errors name.
    pub(super) digests: Vec<ImageDigest>,
}

#[derive(Deserialize)]
struct WireErrors {
    errors: Vec<WireError>,
}

#[derive(Deserialize)]
struct WireError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: Value,
}

/// A digest, in whatever form the detail has it: a text, an object, or a sentence.
static DIGEST: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("sha256:[0-9a-f]{64}").ok());

impl ErrorBody {
    /// Parses the body. One that is not a registry's, such as a proxy's page, says nothing.
    pub(super) fn parse(body: &[u8]) -> Self {
        let Ok(WireErrors { errors }) = serde_json::from_slice(body) else { return Self::default() };
        let messages: Vec<&str> = errors.iter().map(|error| error.message.trim()).filter(|text| !text.is_empty()).collect();
        let mut digests: Vec<ImageDigest> = Vec::new();
        for error in &errors {
            let text = format!("{} {}", error.message, error.detail);
            let found = DIGEST.iter().flat_map(|digest| digest.find_iter(&text)).filter_map(|found| found.as_str().parse().ok());
            for digest in found {
                if !digests.contains(&digest) {
                    digests.push(digest);
                }
            }
        }
        Self { message: shorten(&messages.join("; "), MESSAGE_BYTES), digests, codes: errors.into_iter().map(|e| e.code).collect() }
    }

    /// Whether a manifest was refused because blobs are missing.
    pub(super) fn misses_blobs(&self) -> bool {
        let message = self.message.to_lowercase();
        self.has_code(&["BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN"])
            || message.contains("unknown blob")
            || message.contains("blob unknown")
    }

    /// Why a push is denied, for responses that deny one: `docs/reference/replicate-api.md#push-errors`.
    pub(super) fn denial(&self, status: u16) -> Option<PushDenial> {
        let message = self.message.to_lowercase();
        match status {
            404 if self.has_code(&["NAME_UNKNOWN"]) || message.contains("does not exist") => Some(PushDenial::ModelUnknown),
            401 => Some(PushDenial::NotLoggedIn),
            403 if message.contains("write access") => Some(PushDenial::NoWriteAccess),
            403 if self.has_code(&["NAME_UNKNOWN"]) => Some(PushDenial::ModelUnknown),
            403 => Some(PushDenial::Forbidden),
            _ => None,
        }
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|own| codes.iter().any(|code| own.eq_ignore_ascii_case(code)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(error: &Value) -> ErrorBody {
        ErrorBody::parse(json!({ "errors": [error] }).to_string().as_bytes())
    }

    #[test]
    fn missing_blobs_are_named_in_every_form_that_registries_use() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for error in [
            json!({ "code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry", "detail": digest }),
            json!({ "code": "MANIFEST_BLOB_UNKNOWN", "message": "manifest blob unknown", "detail": { "Digest": digest } }),
            json!({ "code": "BLOB_UNKNOWN", "message": format!("the blob {digest} is unknown") }),
            json!({ "code": "MANIFEST_INVALID", "message": "unknown blob", "detail": [{ "digest": digest }, { "digest": digest }] }),
        ] {
            let body = of(&error);
            assert!(body.misses_blobs(), "{error}");
            assert_eq!(body.digests, [digest.parse().unwrap()], "{error}");
        }
        assert!(of(&json!({ "message": "unknown blob" })).digests.is_empty());
        assert!(!of(&json!({ "code": "MANIFEST_INVALID", "message": "bad" })).misses_blobs());
    }

    #[test]
    fn refusals_have_reasons_and_pages_of_proxies_have_none() {
        let name = json!({ "code": "NAME_UNKNOWN", "message": "The model https://replicate.com/a/b does not exist" });
        assert_eq!(of(&name).denial(404), Some(PushDenial::ModelUnknown));
        let owner = json!({ "code": "DENIED", "message": "You don't have write access to this model" });
        assert_eq!(of(&owner).denial(403), Some(PushDenial::NoWriteAccess));
        let nothing = ErrorBody::parse(b"<html>403</html>");
        assert_eq!((nothing.denial(403), nothing.denial(401)), (Some(PushDenial::Forbidden), Some(PushDenial::NotLoggedIn)));
        assert_eq!((nothing.denial(404), nothing.denial(502), nothing.message.as_str()), (None, None, ""));
        for body in ["", "{}", "{\"errors\":null}", "{\"errors\":[1]}", "[]"] {
            assert_eq!(ErrorBody::parse(body.as_bytes()), ErrorBody::default(), "{body}");
        }
        assert!(of(&json!({ "message": "x".repeat(10_000) })).message.len() <= MESSAGE_BYTES + 10);
    }
}
