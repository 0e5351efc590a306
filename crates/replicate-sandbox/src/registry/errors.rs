//! The registry's errors, as the distribution specification codes them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::digest::{Digest, InvalidDigest};
use super::fault::closed;
use super::session::received_range;

/// A rejected or failed request.
#[derive(Debug, thiserror::Error)]
pub(super) enum RegistryError {
    #[error("You are not logged in to Replicate")]
    Unauthorized,
    #[error("The model https://replicate.com/{0} does not exist")]
    NameUnknown(String),
    #[error("invalid repository name {0}")]
    NameInvalid(String),
    #[error("You don't have write access to this model")]
    Denied,
    #[error("blob {0} is not in this repository")]
    BlobUnknown(Digest),
    #[error("unknown or finished upload session")]
    UploadUnknown,
    #[error("the chunk does not continue the upload at byte {offset}")]
    WrongRange { location: String, offset: u64 },
    #[error("the chunk's length differs from its Content-Range")]
    SizeInvalid,
    #[error("more than {0} bytes")]
    BlobTooLarge(u64),
    #[error("too many open uploads (limit: {0})")]
    TooManyUploads(usize),
    #[error("the upload was interrupted")]
    BrokenBody(#[source] axum::Error),
    /// Injected by a test: closes the connection without a response.
    #[error("the upload was cut off")]
    CutOff,
    #[error("the content's digest is {actual}, not {expected}")]
    DigestMismatch { expected: Digest, actual: Digest },
    #[error(transparent)]
    InvalidDigest(#[from] InvalidDigest),
    #[error("manifest {0} is not in this repository")]
    ManifestUnknown(String),
    #[error("{0}")]
    ManifestInvalid(String),
    #[error("the manifest names {0}, which is not in this repository")]
    ManifestBlobUnknown(Digest),
    #[error("the manifest is larger than {0} bytes")]
    ManifestTooLarge(usize),
    #[error("invalid tag {0}")]
    TagInvalid(String),
    #[error("unsupported request")]
    Unsupported,
    #[error("no such route")]
    NoRoute,
    #[error("failed to access the registry's files")]
    Disk(#[from] std::io::Error),
}

impl RegistryError {
    /// The status and error code, see the table of errors in the distribution specification.
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
            Self::NameUnknown(_) => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
            Self::NameInvalid(_) => (StatusCode::BAD_REQUEST, "NAME_INVALID"),
            Self::Denied => (StatusCode::FORBIDDEN, "DENIED"),
            Self::BlobUnknown(_) => (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
            Self::UploadUnknown => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
            Self::WrongRange { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID"),
            Self::SizeInvalid => (StatusCode::BAD_REQUEST, "SIZE_INVALID"),
            Self::BlobTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID"),
            Self::TooManyUploads(_) => (StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
            Self::BrokenBody(_) | Self::CutOff => (StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID"),
            Self::DigestMismatch { .. } | Self::InvalidDigest(_) => (StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
            Self::ManifestUnknown(_) => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
            Self::ManifestInvalid(_) => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
            Self::ManifestBlobUnknown(_) => (StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN"),
            Self::ManifestTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID"),
            Self::TagInvalid(_) => (StatusCode::BAD_REQUEST, "TAG_INVALID"),
            Self::Unsupported => (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "UNSUPPORTED"),
            Self::Disk(_) => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        }
    }

    fn detail(&self) -> serde_json::Value {
        match self {
            Self::NameUnknown(name) => json!({ "name": name }),
            Self::BlobUnknown(digest) | Self::ManifestBlobUnknown(digest) => json!({ "digest": digest.to_string() }),
            Self::DigestMismatch { expected, actual } => json!({ "expected": expected.to_string(), "actual": actual.to_string() }),
            _ => serde_json::Value::Null,
        }
    }
}

impl IntoResponse for RegistryError {
    fn into_response(self) -> Response {
        if let Self::Disk(cause) = &self {
            tracing::warn!(%cause, "failed to access the registry's files");
        }
        if let Self::CutOff = self {
            return closed();
        }
        let (status, code) = self.kind();
        let error = json!({ "code": code, "message": self.to_string(), "detail": self.detail() });
        let mut response = (status, Json(json!({ "errors": [error] }))).into_response();
        match &self {
            Self::Unauthorized => {
                let challenge = HeaderValue::from_static("Basic realm=\"safe-push sandbox\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            Self::WrongRange { location, offset } => {
                let headers = response.headers_mut();
                if let Ok(location) = HeaderValue::from_str(location) {
                    headers.insert(header::LOCATION, location);
                }
                if let Ok(range) = HeaderValue::from_str(&received_range(*offset)) {
                    headers.insert(header::RANGE, range);
                }
            }
            _ => {}
        }
        response
    }
}
