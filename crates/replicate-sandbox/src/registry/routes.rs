//! The routes of the distribution API. Repository names contain slashes, so paths are parsed here and not by the router.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::json;
use tokio::io::AsyncSeekExt as _;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::backend::{Access, PushedManifest};
use super::digest::Digest;
use super::errors::RegistryError;
use super::fault::MountFault;
use super::manifests::{Content, MAX_MANIFEST_BYTES, Manifest, labels};
use super::session::{ChunkRange, location, received_range};
use super::{Registry, auth};
use crate::image_names::{is_pull_tag, pull_tag};

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const UPLOAD_ID: HeaderName = HeaderName::from_static("docker-upload-uuid");
const READ_BYTES: usize = 256 * 1024;
const MAX_NAME_BYTES: usize = 255;
const MAX_TAGS_PER_PAGE: usize = 10_000;

pub(super) fn router(registry: Arc<Registry>) -> Router {
    Router::new().route("/v2", any(answer)).route("/v2/", any(answer)).route("/v2/{*rest}", any(answer)).with_state(registry)
}

async fn answer(State(registry): State<Arc<Registry>>, request: Request) -> Response {
    let mut response = registry.respond(request).await.unwrap_or_else(IntoResponse::into_response);
    response.headers_mut().insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    response
}

/// The target of a path below `/v2/`.
#[derive(Debug, PartialEq, Eq)]
enum Target<'a> {
    Base,
    Tags { name: &'a str },
    Manifest { name: &'a str, reference: &'a str },
    Blob { name: &'a str, digest: &'a str },
    Uploads { name: &'a str },
    Upload { name: &'a str, id: &'a str },
}

impl<'a> Target<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/v2")?.trim_matches('/');
        if rest.is_empty() {
            return Some(Self::Base);
        }
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Some(Self::Tags { name });
        }
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return Some(Self::Uploads { name });
        }
        let (front, last) = rest.rsplit_once('/')?;
        if let Some(name) = front.strip_suffix("/blobs/uploads") {
            return Some(Self::Upload { name, id: last });
        }
        if let Some(name) = front.strip_suffix("/blobs") {
            return Some(Self::Blob { name, digest: last });
        }
        front.strip_suffix("/manifests").map(|name| Self::Manifest { name, reference: last })
    }

    fn name(&self) -> Option<&'a str> {
        match self {
            Self::Base => None,
            Self::Tags { name }
            | Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::Uploads { name }
            | Self::Upload { name, .. } => Some(name),
        }
    }
}

impl Registry {
    async fn respond(&self, request: Request) -> Result<Response, RegistryError> {
        let (parts, body) = request.into_parts();
        let user = auth::user(&parts.headers, self.backend.as_ref())?;
        let target = Target::parse(parts.uri.path()).ok_or(RegistryError::NoRoute)?;
        if let Some(name) = target.name() {
            self.admit(name, &user)?;
        }
        let query: HashMap<String, String> =
            url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        match (target, parts.method) {
            (Target::Base, Method::GET | Method::HEAD) => Ok(Json(json!({})).into_response()),
            (Target::Tags { name }, Method::GET) => Ok(self.list_tags(name, &query)),
            (Target::Manifest { name, reference }, method @ (Method::GET | Method::HEAD)) => {
                self.get_manifest(name, reference, method == Method::HEAD).await
            }
            (Target::Manifest { name, reference }, Method::PUT) => self.put_manifest(name, reference, &parts.headers, body).await,
            (Target::Blob { name, digest }, method @ (Method::GET | Method::HEAD)) => {
                self.get_blob(name, digest, method == Method::HEAD, &parts.headers).await
            }
            (Target::Uploads { name }, Method::POST) => self.begin_upload(name, &user, &query, body).await,
            (Target::Upload { name, id }, method) => {
                let id = id.parse().map_err(|_cause| RegistryError::UploadUnknown)?;
                self.continue_upload(name, id, &method, &parts.headers, &query, body).await
            }
            _ => Err(RegistryError::Unsupported),
        }
    }

    fn admit(&self, name: &str, user: &str) -> Result<(), RegistryError> {
        if !is_repository_name(name) {
            return Err(RegistryError::NameInvalid(name.chars().take(MAX_NAME_BYTES).collect()));
        }
        match self.backend.repository(name, user) {
            Access::Allowed => Ok(()),
            Access::Missing => Err(RegistryError::NameUnknown(name.to_owned())),
            Access::Forbidden => Err(RegistryError::Denied),
        }
    }

    fn list_tags(&self, name: &str, query: &HashMap<String, String>) -> Response {
        let page: usize = query.get("n").and_then(|n| n.parse().ok()).unwrap_or(MAX_TAGS_PER_PAGE).min(MAX_TAGS_PER_PAGE);
        let mut tags = self.repositories.tags(name, query.get("last").map(String::as_str));
        tags.retain(|tag| !is_pull_tag(tag));
        let more = tags.len() > page;
        tags.truncate(page);
        let link = tags.last().filter(|_| more).map(|last| format!("</v2/{name}/tags/list?n={page}&last={last}>; rel=\"next\""));
        let mut response = Json(json!({ "name": name, "tags": tags })).into_response();
        if let Some(link) = link {
            set(response.headers_mut(), header::LINK, &link);
        }
        response
    }

    async fn get_manifest(&self, name: &str, reference: &str, head: bool) -> Result<Response, RegistryError> {
        let unknown = || RegistryError::ManifestUnknown(reference.to_owned());
        let (digest, media_type) = self.repositories.manifest(name, reference).ok_or_else(unknown)?;
        self.content(&digest, &media_type, head).await
    }

    async fn get_blob(&self, name: &str, digest: &str, head: bool, headers: &HeaderMap) -> Result<Response, RegistryError> {
        let digest: Digest = digest.parse()?;
        if !self.repositories.has_blob(name, &digest) && !self.restore(name, &digest).await? {
            return Err(RegistryError::BlobUnknown(digest));
        }
        let start = headers.get(header::RANGE).and_then(|range| range_start(range.to_str().ok()?));
        match start.filter(|_| !head) {
            Some(start) => self.rest_of(&digest, start).await,
            None => self.content(&digest, "application/octet-stream", head).await,
        }
    }

    /// Links a layer that an earlier sandbox has kept. Returns whether there is one.
    async fn restore(&self, name: &str, digest: &Digest) -> Result<bool, RegistryError> {
        let Some(kept) = &self.kept else { return Ok(false) };
        let is_restored = kept.restore(digest, &self.blobs).await?;
        if is_restored {
            self.repositories.link_blob(name, digest.clone());
        }
        Ok(is_restored)
    }

    /// A blob from `start` on. Clients that continue a download ask for no other ranges.
    async fn rest_of(&self, digest: &Digest, start: u64) -> Result<Response, RegistryError> {
        let (mut file, size) = self.blobs.open(digest).await?;
        if start >= size {
            return Ok(StatusCode::RANGE_NOT_SATISFIABLE.into_response());
        }
        file.seek(std::io::SeekFrom::Start(start)).await?;
        let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(file, READ_BYTES)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let headers = response.headers_mut();
        set(headers, header::CONTENT_TYPE, "application/octet-stream");
        set(headers, header::CONTENT_LENGTH, &(size - start).to_string());
        set(headers, header::CONTENT_RANGE, &format!("bytes {start}-{}/{size}", size - 1));
        Ok(response)
    }

    async fn content(&self, digest: &Digest, media_type: &str, head: bool) -> Result<Response, RegistryError> {
        let (file, size) = self.blobs.open(digest).await?;
        let body = if head { Body::empty() } else { Body::from_stream(ReaderStream::with_capacity(file, READ_BYTES)) };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        set(headers, header::CONTENT_TYPE, media_type);
        set(headers, header::CONTENT_LENGTH, &size.to_string());
        set(headers, header::ETAG, &format!("\"{digest}\""));
        set(headers, CONTENT_DIGEST, &digest.to_string());
        Ok(response)
    }

    async fn put_manifest(&self, name: &str, reference: &str, headers: &HeaderMap, body: Body) -> Result<Response, RegistryError> {
        let body = read_manifest(body).await?;
        let digest = Digest::of(&body);
        let tag = if reference.contains(':') {
            let expected: Digest = reference.parse()?;
            if expected != digest {
                return Err(RegistryError::DigestMismatch { expected, actual: digest });
            }
            None
        } else if is_tag(reference) {
            Some(reference.to_owned())
        } else {
            return Err(RegistryError::TagInvalid(reference.chars().take(MAX_NAME_BYTES).collect()));
        };
        let manifest = Manifest::parse(&body, headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()))?;
        let labels = match &manifest.content {
            Content::Index { manifests } => {
                if let Some(missing) = manifests.iter().find(|digest| !self.repositories.has_manifest(name, digest)) {
                    return Err(RegistryError::ManifestBlobUnknown(missing.clone()));
                }
                self.labels_within(manifests).await?
            }
            Content::Image { config, layers } => {
                let mut needed = std::iter::once(config).chain(layers);
                if let Some(missing) = needed.find(|digest| !self.repositories.has_usable_blob(name, digest)) {
                    return Err(RegistryError::ManifestBlobUnknown(missing.clone()));
                }
                let too_large = || RegistryError::ManifestInvalid("its config is too large".to_owned());
                labels(&self.blobs.read(config, MAX_MANIFEST_BYTES).await?.ok_or_else(too_large)?)
            }
        };
        self.blobs.put(&body, &digest).await?;
        let pull_tag = pull_tag();
        self.repositories.link_manifest(name, digest.clone(), manifest.media_type, tag.iter().chain([&pull_tag]));
        self.backend.pushed(PushedManifest { repository: name.to_owned(), tag, digest: digest.to_string(), pull_tag, labels });
        Ok(created(&format!("/v2/{name}/manifests/{digest}"), &digest))
    }

    /// The labels of the first image that has any. An index of Docker's containerd store holds one image and its attestation.
    async fn labels_within(&self, manifests: &[Digest]) -> Result<BTreeMap<String, String>, RegistryError> {
        for digest in manifests {
            let Some(body) = self.blobs.read(digest, MAX_MANIFEST_BYTES).await? else { continue };
            let Content::Image { config, .. } = Manifest::parse(&body, None)?.content else { continue };
            let found = self.blobs.read(&config, MAX_MANIFEST_BYTES).await?.map(|config| labels(&config)).unwrap_or_default();
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(BTreeMap::new())
    }

    async fn begin_upload(
        &self,
        name: &str,
        user: &str,
        query: &HashMap<String, String>,
        body: Body,
    ) -> Result<Response, RegistryError> {
        if let Some(fault) = self.faults.take() {
            return Ok(fault);
        }
        if let (Some(digest), Some(from)) = (query.get("mount"), query.get("from")) {
            let digest: Digest = digest.parse()?;
            // If the source is missing, forbidden or lacks the blob, the response is the same: an upload session.
            let fault = self.faults.take_mount();
            let is_readable = self.admit(from, user).is_ok() && self.repositories.has_blob(from, &digest);
            if is_readable && fault != Some(MountFault::Refused) {
                match fault {
                    Some(MountFault::Forgotten) => return Ok(created(&format!("/v2/{name}/blobs/{digest}"), &digest)),
                    Some(MountFault::Unusable) => self.repositories.link_unusable_blob(name, digest.clone()),
                    Some(MountFault::Refused) | None => self.repositories.link_blob(name, digest.clone()),
                }
                self.mounted_blobs.fetch_add(1, Ordering::Relaxed);
                return Ok(created(&format!("/v2/{name}/blobs/{digest}"), &digest));
            }
        }
        let monolithic: Option<Digest> = query.get("digest").map(|digest| digest.parse()).transpose()?;
        let id = self.uploads.begin(name).await?;
        match monolithic {
            None => Ok(session(StatusCode::ACCEPTED, name, id, 0)),
            Some(digest) => {
                self.uploads.append(name, id, None, body, &self.faults).await?;
                self.finish_upload(name, id, digest).await
            }
        }
    }

    async fn continue_upload(
        &self,
        name: &str,
        id: Uuid,
        method: &Method,
        headers: &HeaderMap,
        query: &HashMap<String, String>,
        body: Body,
    ) -> Result<Response, RegistryError> {
        match *method {
            Method::GET => Ok(session(StatusCode::NO_CONTENT, name, id, self.uploads.offset(name, id).await?)),
            Method::PATCH => {
                let offset = self.uploads.append(name, id, self.chunk_range(name, id, headers).await?, body, &self.faults).await?;
                Ok(session(StatusCode::ACCEPTED, name, id, offset))
            }
            Method::PUT => {
                let digest = query.get("digest").map(String::as_str).unwrap_or_default().parse()?;
                self.uploads.append(name, id, self.chunk_range(name, id, headers).await?, body, &self.faults).await?;
                self.finish_upload(name, id, digest).await
            }
            Method::DELETE => {
                self.uploads.abort(name, id).await?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            _ => Err(RegistryError::Unsupported),
        }
    }

    /// A range that cannot be parsed is treated like one that does not fit.
    async fn chunk_range(&self, name: &str, id: Uuid, headers: &HeaderMap) -> Result<Option<ChunkRange>, RegistryError> {
        let Some(value) = headers.get(header::CONTENT_RANGE) else { return Ok(None) };
        match value.to_str().ok().and_then(ChunkRange::parse) {
            Some(range) => Ok(Some(range)),
            None => {
                let offset = self.uploads.offset(name, id).await?;
                Err(RegistryError::WrongRange { location: location(name, id), offset })
            }
        }
    }

    async fn finish_upload(&self, name: &str, id: Uuid, digest: Digest) -> Result<Response, RegistryError> {
        let digest = self.uploads.finish(name, id, digest, &self.blobs).await?;
        if let Some(kept) = &self.kept {
            kept.keep(&digest, &self.blobs).await;
        }
        self.repositories.link_blob(name, digest.clone());
        Ok(created(&format!("/v2/{name}/blobs/{digest}"), &digest))
    }
}

async fn read_manifest(body: Body) -> Result<Bytes, RegistryError> {
    match Limited::new(body, MAX_MANIFEST_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(cause) if cause.is::<LengthLimitError>() => Err(RegistryError::ManifestTooLarge(MAX_MANIFEST_BYTES)),
        Err(cause) => Err(RegistryError::BrokenBody(axum::Error::new(cause))),
    }
}

/// The first byte of `Range: bytes=5-`.
fn range_start(range: &str) -> Option<u64> {
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// `path-component ["/" path-component]*` of the distribution specification.
fn is_repository_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES && name.split('/').all(is_name_component)
}

fn is_name_component(component: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends_well = bytes.first().is_some_and(alphanumeric) && bytes.last().is_some_and(alphanumeric);
    let mut separators = component.split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    ends_well && separators.all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128 && tag.bytes().next().is_some_and(word) && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

fn created(location: &str, digest: &Digest) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    set(headers, header::LOCATION, location);
    set(headers, CONTENT_DIGEST, &digest.to_string());
    response
}

fn session(status: StatusCode, name: &str, id: Uuid, offset: u64) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    set(headers, header::LOCATION, &location(name, id));
    set(headers, header::RANGE, &received_range(offset));
    set(headers, UPLOAD_ID, &id.to_string());
    response
}

/// Leaves out a value that is not valid in a header, which a media type sent by a client may be.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_apart_from_behind() {
        let cases = [
            ("/v2/", Some(Target::Base)),
            ("/v2", Some(Target::Base)),
            ("/v2/o/n/tags/list", Some(Target::Tags { name: "o/n" })),
            ("/v2/a/b/c/manifests/latest", Some(Target::Manifest { name: "a/b/c", reference: "latest" })),
            ("/v2/o/blobs/blobs/sha256:a", Some(Target::Blob { name: "o/blobs", digest: "sha256:a" })),
            ("/v2/o/n/blobs/uploads/", Some(Target::Uploads { name: "o/n" })),
            ("/v2/o/n/blobs/uploads/1", Some(Target::Upload { name: "o/n", id: "1" })),
            ("/v2/_catalog", None),
            ("/v2/o/n", None),
        ];
        for (path, target) in cases {
            assert_eq!(Target::parse(path), target, "{path}");
        }
    }

    #[test]
    fn repository_names_follow_the_specification() {
        for name in ["o/n", "acme/a-b", "a/b/c/d", "a__b/c.d", "a---b/c"] {
            assert!(is_repository_name(name), "{name}");
        }
        for name in ["", "/n", "o//n", "O/n", "o/-n", "o/n.", "o/a..b", "o/a_-b", "../x", "o/%2e"] {
            assert!(!is_repository_name(name), "{name}");
        }
        assert!(!is_repository_name(&"a".repeat(256)));
    }

    #[test]
    fn tags_follow_the_specification() {
        assert!(["latest", "v1.0", "_x", "A-b"].into_iter().all(is_tag));
        assert!(!["", ".x", "-x", "a/b"].into_iter().any(is_tag) && !is_tag(&"a".repeat(129)));
    }
}
