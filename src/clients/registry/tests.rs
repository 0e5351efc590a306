use std::time::Duration;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use wiremock::matchers::{body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::clients::ErrorKind;
use crate::clients::docker::RegistryCredentials;
use crate::support::retry::RetryPolicy;
use crate::support::secrets::Redactor;

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

fn image() -> Vec<u8> {
    let layers = json!([{ "digest": digest('1'), "size": 10 }, { "digest": digest('2'), "size": 5 }]);
    json!({ "schemaVersion": 2, "config": { "digest": digest('c'), "size": 3 }, "layers": layers }).to_string().into_bytes()
}

fn client(server: &MockServer, with_user: bool) -> RealRegistry {
    let host = server.address().to_string();
    let credentials = with_user.then(|| RegistryCredentials {
        host: host.clone(),
        username: "acme".to_owned(),
        password: SecretString::from("secret-cli-token"),
    });
    let retry = RetryPolicy { retries: 2, first_wait: Duration::from_millis(1), longest_wait: Duration::from_millis(2) };
    RealRegistry::new(RegistryOptions { host, credentials, retry, redactor: Redactor::default() }).unwrap()
}

/// `acme:secret-cli-token`.
const BASIC: &str = "Basic YWNtZTpzZWNyZXQtY2xpLXRva2Vu";

async fn answer(server: &MockServer, at: &str, response: ResponseTemplate) {
    Mock::given(method("GET")).and(path(at)).respond_with(response).mount(server).await;
}

#[tokio::test]
async fn a_manifest_has_its_layers_and_its_digest() {
    let server = MockServer::start().await;
    answer(&server, "/v2/acme/hotdog/manifests/latest", ResponseTemplate::new(200).set_body_bytes(image())).await;
    let found = client(&server, false).manifest("acme/hotdog", "latest").await.unwrap().unwrap();
    assert_eq!(found.digest.to_string(), digest_of(&image()));
    assert_eq!(found.config.to_string(), digest('c'));
    assert_eq!(found.layers.iter().map(ToString::to_string).collect::<Vec<_>>(), [digest('1'), digest('2')]);
    assert_eq!(found.size_bytes, 15);
}

#[tokio::test]
async fn of_an_index_the_image_for_replicates_platform_is_taken() {
    let server = MockServer::start().await;
    let wanted = digest_of(&image());
    let index = json!({ "manifests": [
        { "digest": digest('9'), "platform": { "os": "linux", "architecture": "arm64" } },
        { "digest": wanted, "platform": { "os": "linux", "architecture": "amd64" } },
        { "digest": digest('8'), "platform": { "os": "unknown", "architecture": "unknown" } },
    ]});
    answer(&server, "/v2/a/b/manifests/latest", ResponseTemplate::new(200).set_body_json(index)).await;
    answer(&server, &format!("/v2/a/b/manifests/{wanted}"), ResponseTemplate::new(200).set_body_bytes(image())).await;
    let found = client(&server, false).manifest("a/b", "latest").await.unwrap().unwrap();
    assert_eq!(found.digest.to_string(), wanted);
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    let server = MockServer::start().await;
    answer(&server, "/v2/a/b/manifests/latest", ResponseTemplate::new(404)).await;
    assert_eq!(client(&server, false).manifest("a/b", "latest").await.unwrap(), None);
}

#[tokio::test]
async fn a_body_of_another_digest_is_refused() {
    let server = MockServer::start().await;
    let wanted = digest('7');
    answer(&server, &format!("/v2/a/b/manifests/{wanted}"), ResponseTemplate::new(200).set_body_bytes(image())).await;
    let error = client(&server, false).manifest("a/b", &wanted).await.unwrap_err();
    assert!(matches!(&error, RegistryError::Malformed { problem, .. } if problem.contains("its digest is")), "{error}");
}

#[tokio::test]
async fn strange_answers_are_told_apart_from_a_missing_image() {
    for (body, words) in [
        ("<html>", "expected value"),
        ("{}", "neither a manifest nor an index"),
        ("{\"manifests\":[]}", "no image for linux/amd64"),
        ("{\"config\":{\"digest\":\"x\"},\"layers\":[]}", "x"),
    ] {
        let server = MockServer::start().await;
        answer(&server, "/v2/a/b/manifests/latest", ResponseTemplate::new(200).set_body_string(body)).await;
        let error = client(&server, false).manifest("a/b", "latest").await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.kind(), ErrorKind::Service);
    }
}

#[tokio::test]
async fn basic_credentials_are_sent_when_they_are_asked_for() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", BASIC))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(image()))
        .expect(1)
        .mount(&server)
        .await;
    let refusal = ResponseTemplate::new(401).insert_header("www-authenticate", "Basic realm=\"r\"");
    answer(&server, "/v2/a/b/manifests/latest", refusal).await;
    assert!(client(&server, true).manifest("a/b", "latest").await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_is_fetched_where_the_registry_says() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer abc"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(image()))
        .mount(&server)
        .await;
    Mock::given(path("/token"))
        .and(query_param("scope", "repository:a/b:pull"))
        .and(query_param("service", "registry"))
        .and(header("authorization", BASIC))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "token": "abc" })))
        .expect(1)
        .mount(&server)
        .await;
    let challenge = format!("Bearer realm=\"{}/token\",service=\"registry\"", server.uri());
    answer(&server, "/v2/a/b/manifests/latest", ResponseTemplate::new(401).insert_header("www-authenticate", challenge.as_str()))
        .await;
    assert!(client(&server, true).manifest("a/b", "latest").await.unwrap().is_some());
}

#[tokio::test]
async fn the_password_is_not_given_to_another_host() {
    let (server, elsewhere) = (MockServer::start().await, MockServer::start().await);
    Mock::given(path("/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "token": "t" })))
        .mount(&elsewhere)
        .await;
    // Another name for the same machine is another host.
    let realm = elsewhere.uri().replace("127.0.0.1", "localhost");
    let challenge = format!("Bearer realm=\"{realm}/token\"");
    answer(&server, "/v2/a/b/manifests/latest", ResponseTemplate::new(401).insert_header("www-authenticate", challenge.as_str()))
        .await;
    let error = client(&server, true).manifest("a/b", "latest").await.unwrap_err();
    assert!(matches!(error, RegistryError::Denied { status: 401, .. }), "{error}");
    let requests = elsewhere.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| !request.headers.contains_key("authorization")));
}

#[tokio::test]
async fn refusals_are_requests_and_failures_are_the_services() {
    for (status, kind, tries) in [
        (403, ErrorKind::Request, 1),
        (401, ErrorKind::Request, 1),
        (500, ErrorKind::Service, 3),
        (502, ErrorKind::Service, 3),
        (429, ErrorKind::Service, 3),
        (418, ErrorKind::Service, 1),
    ] {
        let server = MockServer::start().await;
        answer(&server, "/v2/a/b/manifests/latest", ResponseTemplate::new(status)).await;
        let error = client(&server, true).manifest("a/b", "latest").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert!(status == 418 || error.hint().is_some());
        assert_eq!(server.received_requests().await.unwrap().len(), tries, "{status}");
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(503)).up_to_n_times(2).mount(&server).await;
    answer(&server, "/v2/a/b/manifests/latest", ResponseTemplate::new(200).set_body_bytes(image())).await;
    assert!(client(&server, false).manifest("a/b", "latest").await.unwrap().is_some());
}

#[tokio::test]
async fn nobody_there_is_the_services_failure() {
    let options = RegistryOptions {
        retry: RetryPolicy { retries: 0, first_wait: Duration::ZERO, longest_wait: Duration::ZERO },
        ..RegistryOptions::new("127.0.0.1:1", None)
    };
    let error = RealRegistry::new(options).unwrap().manifest("a/b", "latest").await.unwrap_err();
    assert!(matches!(error, RegistryError::Unreachable { .. }));
    assert_eq!(error.to_string(), "failed to reach the registry 127.0.0.1:1");
}

#[tokio::test]
async fn a_cli_token_has_a_name_behind_it() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/cog/v1/verify-token"))
        .and(body_string("token=0000-1111"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "username": "acme" })))
        .mount(&server)
        .await;
    let registry = client(&server, false);
    assert_eq!(registry.verify_token(&SecretString::from(" 0000-1111\n")).await.unwrap(), "acme");
}

#[tokio::test]
async fn tokens_that_will_not_do_say_which_one_is_wanted() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(404)).mount(&server).await;
    let registry = client(&server, false);
    let unknown = registry.verify_token(&SecretString::from("0000")).await.unwrap_err();
    assert!(matches!(unknown, RegistryError::UnknownToken { .. }));
    let swapped = registry.verify_token(&SecretString::from("r8_abc")).await.unwrap_err();
    assert!(matches!(swapped, RegistryError::ApiToken));
    for error in [unknown, swapped] {
        assert!(error.hint().unwrap().contains("https://replicate.com/auth/token"));
        assert_eq!(error.kind(), ErrorKind::Request);
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "an API token is not sent to the registry");
}

#[test]
fn addresses_are_hosts_and_nothing_else() {
    for host in ["", "https://r8.im", "r8.im/acme", "user:pass@r8.im", "r8.im?x", "a b"] {
        let made = RealRegistry::new(RegistryOptions::new(host, None));
        assert!(matches!(made, Err(RegistryError::BadHost { .. })), "{host}");
    }
    assert!(RealRegistry::new(RegistryOptions::new("r8.im", None)).is_ok());
}

#[test]
fn no_secret_is_shown() {
    let options = RegistryOptions::new(
        "r8.im",
        Some(RegistryCredentials {
            host: "r8.im".to_owned(),
            username: "acme".to_owned(),
            password: SecretString::from("hunter2"),
        }),
    );
    assert!(!format!("{options:?}").contains("hunter2"));
}

async fn challenged(server: &MockServer, challenge: &str) {
    let response = ResponseTemplate::new(401).insert_header("www-authenticate", challenge);
    answer(server, "/v2/a/b/manifests/latest", response).await;
}

#[tokio::test]
async fn a_token_for_everybody_is_fetched_without_a_user() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer abc"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(image()))
        .mount(&server)
        .await;
    // Docker Hub and others name the scope, and call the token by its newer name.
    Mock::given(path("/token"))
        .and(query_param("scope", "repository:other:pull"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "access_token": "abc" })))
        .mount(&server)
        .await;
    challenged(&server, &format!("Bearer realm=\"{}/token\",scope=\"repository:other:pull\"", server.uri())).await;
    assert!(client(&server, false).manifest("a/b", "latest").await.unwrap().is_some());
    let requests = server.received_requests().await.unwrap();
    assert!(requests.iter().filter(|request| request.url.path() == "/token").all(|r| !r.headers.contains_key("authorization")));
}

#[tokio::test]
async fn token_services_that_give_none_are_told_apart() {
    for (response, denied) in [
        (ResponseTemplate::new(401), true),
        (ResponseTemplate::new(200).set_body_string("<html>"), false),
        (ResponseTemplate::new(200).set_body_json(json!({})), false),
        (ResponseTemplate::new(200).set_body_bytes(vec![b' '; 100_000]), false),
    ] {
        let server = MockServer::start().await;
        answer(&server, "/token", response).await;
        challenged(&server, &format!("Bearer realm=\"{}/token\"", server.uri())).await;
        let error = client(&server, true).manifest("a/b", "latest").await.unwrap_err();
        assert_eq!(matches!(error, RegistryError::Denied { .. }), denied, "{error}");
        assert!(denied || matches!(error, RegistryError::Malformed { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_challenge_that_cannot_be_answered_is_a_refusal() {
    for (challenge, with_user) in [("Basic realm=\"r\"", false), ("Negotiate", true), ("Bearer service=\"x\"", true), ("", true)] {
        let server = MockServer::start().await;
        challenged(&server, challenge).await;
        let error = client(&server, with_user).manifest("a/b", "latest").await.unwrap_err();
        assert!(matches!(error, RegistryError::Denied { status: 401, .. }), "{challenge}: {error}");
    }
}

#[tokio::test]
async fn credentials_of_another_registry_are_not_used() {
    let server = MockServer::start().await;
    challenged(&server, "Basic realm=\"r\"").await;
    let credentials =
        RegistryCredentials { host: "r8.im".to_owned(), username: "acme".to_owned(), password: "secret".to_owned().into() };
    let registry = RealRegistry::new(RegistryOptions::new(server.address().to_string(), Some(credentials))).unwrap();
    assert!(registry.manifest("a/b", "latest").await.is_err());
    let requests = server.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| !request.headers.contains_key("authorization")));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = MockServer::start().await;
    answer(&server, "/v2/a/b/manifests/latest", ResponseTemplate::new(307).insert_header("location", "/elsewhere")).await;
    let error = client(&server, false).manifest("a/b", "latest").await.unwrap_err();
    assert!(matches!(error, RegistryError::Malformed { .. }), "{error}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn indexes_without_our_platform_or_within_one_another_are_rejected() {
    let server = MockServer::start().await;
    let arm = json!({ "manifests": [{ "digest": digest('9'), "platform": { "os": "linux", "architecture": "arm64" } }] });
    answer(&server, "/v2/a/b/manifests/arm", ResponseTemplate::new(200).set_body_json(&arm)).await;
    let error = client(&server, false).manifest("a/b", "arm").await.unwrap_err();
    assert!(error.to_string().contains("no image for linux/amd64"), "{error}");

    let platform = json!({ "os": "linux", "architecture": "amd64" });
    let inner = json!({ "manifests": [{ "digest": digest('9'), "platform": platform }] }).to_string();
    let outer = json!({ "manifests": [{ "digest": digest_of(inner.as_bytes()), "platform": platform }] });
    let at = format!("/v2/a/b/manifests/{}", digest_of(inner.as_bytes()));
    answer(&server, &at, ResponseTemplate::new(200).set_body_bytes(inner.into_bytes())).await;
    answer(&server, "/v2/a/b/manifests/nested", ResponseTemplate::new(200).set_body_json(&outer)).await;
    let error = client(&server, false).manifest("a/b", "nested").await.unwrap_err();
    assert!(error.to_string().contains("another index"), "{error}");
}

#[tokio::test]
async fn a_manifest_that_is_too_large_or_lies_about_sizes_does_no_harm() {
    let server = MockServer::start().await;
    let large = ResponseTemplate::new(200).set_body_bytes(vec![b' '; 8 * 1024 * 1024 + 1]);
    answer(&server, "/v2/a/b/manifests/large", large).await;
    let error = client(&server, false).manifest("a/b", "large").await.unwrap_err();
    assert!(matches!(error, RegistryError::Malformed { .. }), "{error}");

    let layer = json!({ "digest": digest('1'), "size": u64::MAX });
    let lie = json!({ "config": { "digest": digest('c') }, "layers": [layer, layer] });
    answer(&server, "/v2/a/b/manifests/lie", ResponseTemplate::new(200).set_body_json(&lie)).await;
    assert_eq!(client(&server, false).manifest("a/b", "lie").await.unwrap().unwrap().size_bytes, u64::MAX);
}

#[tokio::test]
async fn a_check_of_a_token_that_fails_on_the_way_is_repeated() {
    let server = MockServer::start().await;
    Mock::given(path("/cog/v1/verify-token")).respond_with(ResponseTemplate::new(503)).up_to_n_times(1).mount(&server).await;
    Mock::given(path("/cog/v1/verify-token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "username": "acme" })))
        .mount(&server)
        .await;
    assert_eq!(client(&server, false).verify_token(&"a-cli-token".to_owned().into()).await.unwrap(), "acme");
}
