//! Digests of images by their references, whichever registry they are in.

use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use tokio::time::timeout;

use super::options::RegistryOptions;
use super::real::RealRegistry;
use super::scopes::Scopes;
use super::{RegistryError, manifest};
use crate::domain::identity::ImageDigest;
use crate::support::secrets::Redactor;

/// Docker Hub, as references leave it out, and where its registry is.
const HUB: &str = "docker.io";
const HUB_REGISTRY: &str = "registry-1.docker.io";

/// A registry that takes longer costs more time than it saves.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Finds out which manifest a reference leads to now.
pub trait ImageDigests: Send + Sync {
    /// The digest of the manifest or index behind `image`, such as `python:3.12-slim`. `None` if it is not there or nobody knows.
    fn digest_of<'a>(&'a self, image: &'a str) -> BoxFuture<'a, Option<ImageDigest>>;
}

/// Every registry: one with credentials, and all others anonymously.
#[derive(Debug, Clone)]
pub struct AnyRegistry {
    own: RegistryOptions,
}

impl AnyRegistry {
    pub fn new(own: RegistryOptions) -> Self {
        Self { own }
    }
}

impl ImageDigests for AnyRegistry {
    fn digest_of<'a>(&'a self, image: &'a str) -> BoxFuture<'a, Option<ImageDigest>> {
        Box::pin(async move {
            let Reference { host, repository, tag } = Reference::parse(image)?;
            let options = if host.eq_ignore_ascii_case(&self.own.host) {
                self.own.clone()
            } else {
                // Its token opens nothing of ours, and could be a word of the reports that would then be hidden.
                RegistryOptions { host, credentials: None, redactor: Redactor::default(), ..self.own.clone() }
            };
            let registry = RealRegistry::new(options).ok()?;
            match timeout(TIME_LIMIT, registry.digest(&repository, &tag)).await {
                Ok(Ok(digest)) => digest,
                Ok(Err(error)) => {
                    tracing::debug!(%error, image, "the digest of an image is not known");
                    None
                }
                Err(_elapsed) => None,
            }
        })
    }
}

impl RealRegistry {
    /// The digest of a manifest without its bytes. Docker Hub does not count such a request as a pull.
    async fn digest(&self, repository: &str, reference: &str) -> Result<Option<ImageDigest>, RegistryError> {
        let connection = &self.connection;
        let path = format!("v2/{repository}/manifests/{reference}");
        let (url, scopes) = (connection.url(&path)?, Scopes::read(repository));
        connection
            .repeated(|| async {
                let response =
                    connection.send(&scopes, Method::HEAD, &url, |request| request.header(ACCEPT, manifest::ACCEPT)).await?;
                match response.status() {
                    StatusCode::OK => {}
                    StatusCode::NOT_FOUND => return Ok(None),
                    status => return Err(connection.refused(&path, status)),
                }
                let named = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
                match named.and_then(|digest| digest.parse().ok()) {
                    Some(digest) => Ok(Some(digest)),
                    None => Err(connection.malformed(&path, "it names no digest".to_owned())),
                }
            })
            .await
    }
}

/// A reference in the form of a registry's API.
#[derive(Debug, PartialEq, Eq)]
struct Reference {
    host: String,
    repository: String,
    /// The tag, or a digest.
    tag: String,
}

impl Reference {
    fn parse(image: &str) -> Option<Self> {
        let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
        // A ':' before a '/' is a port.
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (name, "latest"),
        };
        let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
        let (host, repository) = match name.split_once('/') {
            Some((host, rest)) if is_host(host) => (host, rest),
            _ => (HUB, name),
        };
        if repository.is_empty() || repository.contains(['?', '#', '%']) || host.contains(['?', '#', '%', '/']) {
            return None;
        }
        let (host, repository) = match (host, repository.contains('/')) {
            (HUB, false) => (HUB_REGISTRY, format!("library/{repository}")),
            (HUB, true) => (HUB_REGISTRY, repository.to_owned()),
            (host, _) => (host, repository.to_owned()),
        };
        Some(Self { host: host.to_owned(), repository, tag: digest.unwrap_or(tag).to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    #[test]
    fn references_name_their_registry_or_mean_docker_hub() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (image, host, repository, tag) in [
            ("python:3.12-slim", HUB_REGISTRY, "library/python", "3.12-slim"),
            ("python", HUB_REGISTRY, "library/python", "latest"),
            ("docker.io/library/python:3", HUB_REGISTRY, "library/python", "3"),
            ("nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", HUB_REGISTRY, "nvidia/cuda", "12.4.1-cudnn-devel-ubuntu22.04"),
            ("r8.im/cog-base:python3.12", "r8.im", "cog-base", "python3.12"),
            ("127.0.0.1:5000/a/b", "127.0.0.1:5000", "a/b", "latest"),
            (&format!("python:3@{digest}"), HUB_REGISTRY, "library/python", digest.as_str()),
        ] {
            let expected = Reference { host: host.to_owned(), repository: repository.to_owned(), tag: tag.to_owned() };
            assert_eq!(Reference::parse(image), Some(expected), "{image}");
        }
        assert_eq!(Reference::parse("r8.im/"), None);
        assert_eq!(Reference::parse("r8.im/a?b:c"), None);
    }

    #[tokio::test]
    async fn the_digest_is_that_of_the_head_and_without_one_nobody_knows() {
        let server = MockServer::start().await;
        let host = server.address().to_string();
        let digest = format!("sha256:{}", "a".repeat(64));
        for (tag, response) in [
            ("known", ResponseTemplate::new(200).insert_header("docker-content-digest", digest.as_str())),
            ("silent", ResponseTemplate::new(200)),
            ("hidden", ResponseTemplate::new(403)),
        ] {
            let asked = Mock::given(method("HEAD")).and(path(format!("/v2/cog-base/manifests/{tag}")));
            asked.respond_with(response).mount(&server).await;
        }
        let digests = AnyRegistry::new(RegistryOptions::new("r8.im", None));
        let of = async |tag: &str| digests.digest_of(&format!("{host}/cog-base:{tag}")).await;
        assert_eq!(of("known").await.unwrap().as_str(), digest);
        for unknown in ["silent", "hidden", "missing"] {
            assert_eq!(of(unknown).await, None, "{unknown}");
        }
    }

    #[tokio::test]
    async fn a_registry_that_a_checkout_names_does_not_say_what_is_hidden() {
        let server = MockServer::start().await;
        let challenge = format!("Bearer realm=\"{}/token\"", server.uri());
        let refused = ResponseTemplate::new(401).insert_header("www-authenticate", challenge.as_str());
        Mock::given(method("HEAD")).respond_with(refused).mount(&server).await;
        let token = ResponseTemplate::new(200).set_body_json(serde_json::json!({"token": "breaking change"}));
        Mock::given(path("/token")).respond_with(token).expect(1..).mount(&server).await;
        let redactor = Redactor::default();
        let digests = AnyRegistry::new(RegistryOptions { redactor: redactor.clone(), ..RegistryOptions::new("r8.im", None) });
        assert_eq!(digests.digest_of(&format!("{}/base:x", server.address())).await, None);
        assert_eq!(&*redactor.text("a breaking change"), "a breaking change");
    }
}
