//! What registries do that the sandbox does not: tokens by scope, redirects, uploads that take no pieces.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use wiremock::matchers::{body_bytes, header, method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::clients::docker::{PushDenial, RegistryCredentials};
use crate::support::retry::RetryPolicy;
use crate::support::secrets::Redactor;

const SESSION: &str = "/v2/a/live/blobs/uploads/1";

fn client(server: &MockServer) -> RealRegistry {
    let host = server.address().to_string();
    let credentials =
        RegistryCredentials { host: host.clone(), username: "acme".to_owned(), password: "secret-cli-token".to_owned().into() };
    let retry = RetryPolicy { retries: 3, first_wait: Duration::from_millis(1), longest_wait: Duration::from_millis(2) };
    RealRegistry::new(RegistryOptions { host, credentials: Some(credentials), retry, redactor: Redactor::default() }).unwrap()
}

fn blob(content: &[u8]) -> Blob {
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(content))).parse().unwrap();
    Blob { digest, size_bytes: content.len() as u64 }
}

async fn on(server: &MockServer, verb: &str, at: &str, response: ResponseTemplate) {
    Mock::given(method(verb)).and(path(at)).respond_with(response).mount(server).await;
}

/// An upload that is opened at a place of the registry's choice.
async fn opened(server: &MockServer) {
    on(
        server,
        "POST",
        "/v2/a/live/blobs/uploads/",
        ResponseTemplate::new(202).insert_header("location", format!("{SESSION}?state=x")),
    )
    .await;
}

#[tokio::test]
async fn a_mount_has_a_token_for_both_repositories_which_serves_for_the_rest() {
    let server = MockServer::start().await;
    let challenge = format!("Bearer realm=\"{}/token\",service=\"r\",scope=\"repository:a/live:pull,push\"", server.uri());
    Mock::given(path("/token"))
        .and(query_param("scope", "repository:a/live:pull,push"))
        .and(query_param("scope", "repository:a/test:pull"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "token": "both" })))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(header("authorization", "Bearer both"))
        .and(query_param("from", "a/test"))
        .respond_with(ResponseTemplate::new(201))
        .mount(&server)
        .await;
    Mock::given(method("HEAD"))
        .and(header("authorization", "Bearer both"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(401).insert_header("www-authenticate", challenge.as_str()))
        .with_priority(200)
        .mount(&server)
        .await;
    let (registry, layer) = (client(&server), blob(b"layer"));
    assert_eq!(registry.mount("a/live", "a/test", &layer.digest).await, Mount::Mounted);
    assert!(registry.has_blob("a/live", &layer.digest).await.unwrap());
}

#[tokio::test]
async fn a_manifest_that_is_stored_under_another_digest_is_an_error_of_its_own_and_sent_once() {
    let server = MockServer::start().await;
    let other = format!("sha256:{}", "e".repeat(64));
    Mock::given(method("PUT"))
        .and(path("/v2/a/live/manifests/latest"))
        .respond_with(ResponseTemplate::new(201).insert_header("docker-content-digest", other.as_str()))
        .expect(1)
        .mount(&server)
        .await;
    let manifest = StoredManifest::new(None, Bytes::from_static(b"{}"));
    let error = client(&server).put_manifest("a/live", "latest", &manifest).await.unwrap_err();
    let RegistryError::OtherManifest { sent, stored, .. } = &error else { panic!("{error:?}") };
    assert_eq!((sent, stored), (&manifest.digest, &other));
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_token_that_expires_is_replaced_once() {
    let server = MockServer::start().await;
    let challenge = format!("Bearer realm=\"{}/token\"", server.uri());
    let token = |name: &str| ResponseTemplate::new(200).set_body_json(json!({ "token": name }));
    Mock::given(path("/token")).respond_with(token("old")).up_to_n_times(1).mount(&server).await;
    Mock::given(path("/token")).respond_with(token("new")).mount(&server).await;
    Mock::given(method("HEAD"))
        .and(header("authorization", "Bearer old"))
        .respond_with(ResponseTemplate::new(200))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("HEAD"))
        .and(header("authorization", "Bearer new"))
        .respond_with(ResponseTemplate::new(404))
        .mount(&server)
        .await;
    Mock::given(method("HEAD"))
        .respond_with(ResponseTemplate::new(401).insert_header("www-authenticate", challenge.as_str()))
        .with_priority(200)
        .mount(&server)
        .await;
    let (registry, layer) = (client(&server), blob(b"layer"));
    assert!(registry.has_blob("a/live", &layer.digest).await.unwrap());
    assert!(!registry.has_blob("a/live", &layer.digest).await.unwrap());
}

#[tokio::test]
async fn a_layer_from_a_storage_service_is_fetched_without_the_password() {
    let (server, storage) = (MockServer::start().await, MockServer::start().await);
    let content = b"layer".to_vec();
    on(&storage, "GET", "/store/1", ResponseTemplate::new(200).set_body_bytes(content.clone())).await;
    let layer = blob(&content);
    let at = format!("/v2/a/test/blobs/{}", layer.digest);
    Mock::given(method("GET"))
        .and(path(at.as_str()))
        .and(header("authorization", "Basic YWNtZTpzZWNyZXQtY2xpLXRva2Vu"))
        .respond_with(ResponseTemplate::new(307).insert_header("location", format!("{}/store/1", storage.uri())))
        .mount(&server)
        .await;
    on(&server, "GET", &at, ResponseTemplate::new(401).insert_header("www-authenticate", "Basic realm=\"r\"")).await;
    assert_eq!(client(&server).small_blob("a/test", &layer).await.unwrap(), content);
    let requests = storage.received_requests().await.unwrap();
    assert!(requests.len() == 1 && !requests[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn bytes_that_are_not_the_layers_are_not_passed_on() {
    let server = MockServer::start().await;
    let layer = blob(b"layer");
    on(&server, "GET", &format!("/v2/a/test/blobs/{}", layer.digest), ResponseTemplate::new(200).set_body_bytes(b"other".to_vec()))
        .await;
    opened(&server).await;
    on(&server, "DELETE", SESSION, ResponseTemplate::new(204)).await;
    let error = client(&server).copy_blob("a/live", "a/test", &layer, &|_| {}).await.unwrap_err();
    assert!(error.to_string().contains("its digest is"), "{error}");
    let requests = server.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| request.method.as_str() != "PUT"), "nothing was put");
    assert!(requests.iter().any(|request| request.method.as_str() == "DELETE"), "the upload is dropped");
}

#[tokio::test]
async fn a_registry_that_takes_no_pieces_gets_one_stream() {
    let content = vec![7_u8; 17 * 1024 * 1024];
    let layer = blob(&content);
    for status in [405, 416, 501] {
        let server = MockServer::start().await;
        opened(&server).await;
        on(&server, "DELETE", SESSION, ResponseTemplate::new(404)).await;
        on(&server, "PATCH", SESSION, ResponseTemplate::new(status)).await;
        on(
            &server,
            "GET",
            &format!("/v2/a/test/blobs/{}", layer.digest),
            ResponseTemplate::new(200).set_body_bytes(content.clone()),
        )
        .await;
        Mock::given(method("PUT"))
            .and(path(SESSION))
            .and(query_param("state", "x"))
            .and(query_param("digest", layer.digest.as_str()))
            .and(body_bytes(content.clone()))
            .respond_with(ResponseTemplate::new(201))
            .expect(1)
            .mount(&server)
            .await;
        let sent = AtomicU64::new(0);
        let count = |bytes: u64| {
            let _before = sent.fetch_add(bytes, Ordering::Relaxed);
        };
        client(&server).copy_blob("a/live", "a/test", &layer, &count).await.unwrap();
        assert_eq!(sent.load(Ordering::Relaxed), layer.size_bytes, "{status}");
    }
}

#[tokio::test]
async fn pieces_are_as_small_as_the_registry_wants_and_follow_one_another() {
    let content: Vec<u8> = (0..100).collect();
    let layer = blob(&content);
    let server = MockServer::start().await;
    let started = ResponseTemplate::new(202).insert_header("location", SESSION).insert_header("oci-chunk-max-length", "40");
    on(&server, "POST", "/v2/a/live/blobs/uploads/", started).await;
    on(&server, "GET", &format!("/v2/a/test/blobs/{}", layer.digest), ResponseTemplate::new(200).set_body_bytes(content.clone()))
        .await;
    let patched = |request: &Request| {
        let range = request.headers["content-range"].to_str().unwrap().to_owned();
        let end = range.split_once('-').unwrap().1.to_owned();
        ResponseTemplate::new(202).insert_header("location", SESSION).insert_header("range", format!("0-{end}"))
    };
    Mock::given(method("PATCH")).and(path(SESSION)).respond_with(patched).mount(&server).await;
    on(&server, "PUT", SESSION, ResponseTemplate::new(201)).await;
    client(&server).copy_blob("a/live", "a/test", &layer, &|_| {}).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let pieces: Vec<&Request> = requests.iter().filter(|request| request.method.as_str() == "PATCH").collect();
    let ranges: Vec<&str> = pieces.iter().map(|request| request.headers["content-range"].to_str().unwrap()).collect();
    assert_eq!(ranges, ["0-39", "40-79", "80-99"]);
    assert_eq!(pieces.iter().flat_map(|request| request.body.clone()).collect::<Vec<u8>>(), content);
}

#[tokio::test]
async fn a_push_that_is_not_allowed_has_a_reason_and_is_not_repeated() {
    let server = MockServer::start().await;
    let body = json!({ "errors": [{ "code": "DENIED", "message": "You don't have write access to this model" }] });
    on(&server, "POST", "/v2/a/live/blobs/uploads/", ResponseTemplate::new(403).set_body_json(body)).await;
    let error = client(&server).check_push("a/live").await.unwrap_err();
    let RegistryError::PushDenied { reason, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*reason, PushDenial::NoWriteAccess);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
