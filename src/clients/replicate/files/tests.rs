//! Which files are downloaded, and which hosts get the token.

use std::sync::Arc;

use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::clients::ErrorKind;
use crate::clients::replicate::tests::{TOKEN, client, client_of};
use crate::clients::replicate::{BaseUrl, ReplicateOptions};
use crate::support::SecretString;
use crate::support::clock::SystemClock;

fn real() -> RealReplicate {
    let options = ReplicateOptions::new(BaseUrl::REPLICATE.parse().unwrap(), SecretString::from(TOKEN));
    RealReplicate::new(options, Arc::new(SystemClock)).unwrap()
}

/// A client for which the hosts of a test count as public.
fn client_of_all_hosts(server: &MockServer) -> RealReplicate {
    let mut client = client(server);
    client.public_only = None;
    client
}

async fn serve(server: &MockServer, at: &str, template: ResponseTemplate) -> String {
    Mock::given(method("GET")).and(path(at)).respond_with(template).mount(server).await;
    format!("{}{at}", server.uri())
}

fn content(file: &Download) -> Vec<u8> {
    file.read().unwrap().unwrap().to_vec()
}

fn megabyte() -> DownloadLimits {
    DownloadLimits::of_bytes(1_000_000)
}

fn has_token(request: &Request) -> bool {
    request.headers.contains_key("authorization")
}

#[tokio::test]
async fn a_download_has_its_content_type() {
    let server = MockServer::start().await;
    let template = ResponseTemplate::new(200).set_body_raw(vec![1, 2, 3], "Image/PNG; charset=binary");
    let url = serve(&server, "/files/a.png", template).await;
    let file = client(&server).download(&url, &megabyte()).await.unwrap();
    assert_eq!((content(&file), file.content_type.as_deref()), (vec![1, 2, 3], Some("image/png")));
}

#[tokio::test]
async fn only_the_apis_own_files_are_fetched_with_the_token() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let own = serve(&server, "/files/a", ResponseTemplate::new(200)).await;
    let foreign = serve(&other, "/b", ResponseTemplate::new(200)).await;
    let client = client_of_all_hosts(&server);
    client.download(&own, &megabyte()).await.unwrap();
    client.download(&foreign, &megabyte()).await.unwrap();
    assert!(has_token(&server.received_requests().await.unwrap()[0]));
    assert!(!has_token(&other.received_requests().await.unwrap()[0]));
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect_to_another_host() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let back = serve(&server, "/files/back", ResponseTemplate::new(200).set_body_string("done")).await;
    let there = serve(&other, "/there", ResponseTemplate::new(302).insert_header("location", back.as_str())).await;
    let first = serve(&server, "/files/first", ResponseTemplate::new(307).insert_header("location", there.as_str())).await;
    assert_eq!(client_of_all_hosts(&server).download(&first, &megabyte()).await.map(|file| content(&file)).unwrap(), b"done");
    let own = server.received_requests().await.unwrap();
    assert_eq!(own.iter().map(has_token).collect::<Vec<_>>(), [true, false]);
    assert!(!has_token(&other.received_requests().await.unwrap()[0]));
}

#[tokio::test]
async fn a_redirect_on_the_same_host_keeps_the_token_and_loops_are_errors() {
    let server = MockServer::start().await;
    serve(&server, "/files/b", ResponseTemplate::new(200)).await;
    let url = serve(&server, "/files/a", ResponseTemplate::new(301).insert_header("location", "/files/b")).await;
    client(&server).download(&url, &megabyte()).await.unwrap();
    assert!(server.received_requests().await.unwrap().iter().all(has_token));
    let url = serve(&server, "/loop", ResponseTemplate::new(302).insert_header("location", "/loop")).await;
    let error = client(&server).download(&url, &megabyte()).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::RefusedUrl { reason } if reason.contains("more than 5")), "{error:?}");
}

#[test]
fn only_replicates_hosts_get_the_token() {
    let client = real();
    let sees = |url: &str| client.may_see_token(&url.parse().unwrap());
    for url in [
        "https://api.replicate.com/v1/files/x/download",
        "https://replicate.delivery/pbxt/a.png",
        "https://cdn.replicate.delivery/a.png",
        "https://replicate.delivery./a.png",
    ] {
        assert!(sees(url), "{url}");
    }
    for url in [
        "http://replicate.delivery/pbxt/a.png",
        "http://api.replicate.com/v1/files",
        "https://replicate.delivery:8443/a.png",
        "https://evilreplicate.delivery/a.png",
        "https://replicate.delivery.evil.example/a.png",
        "https://replicate.delivery@evil.example/a.png",
        "https://replicate.com/x",
    ] {
        assert!(!sees(url), "{url}");
    }
    // A sandbox's token is not sent to the real hosts.
    let sandboxed = client_of("http://127.0.0.1:9");
    assert!(!sandboxed.may_see_token(&"https://replicate.delivery/a.png".parse().unwrap()));
    assert!(sandboxed.may_see_token(&"http://127.0.0.1:9/files/a".parse().unwrap()));
    assert!(!sandboxed.may_see_token(&"http://127.0.0.1:10/files/a".parse().unwrap()));
}

#[tokio::test]
async fn other_schemes_and_private_hosts_are_rejected() {
    let client = real();
    for url in [
        "file:///etc/passwd",
        "ftp://example.com/a",
        "http://127.0.0.1:1/a",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/",
        "http://localhost:1/a",
        "http://2130706433/",
        "not a url",
    ] {
        let error = client.download(url, &megabyte()).await.unwrap_err();
        assert!(matches!(error.failure(), ReplicateFailure::RefusedUrl { .. }), "{url}: {error:?}");
        assert_eq!(error.kind(), ErrorKind::Request);
    }
}

#[tokio::test]
async fn on_a_sandbox_only_its_own_files_are_fetched_from_a_private_address() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let own = serve(&server, "/files/a", ResponseTemplate::new(200)).await;
    let inner = serve(&other, "/admin", ResponseTemplate::new(200)).await;
    let redirect = ResponseTemplate::new(302).insert_header("location", inner.as_str());
    let redirecting = serve(&server, "/redirect", redirect).await;
    let client = client(&server);
    client.download(&own, &megabyte()).await.unwrap();
    let port = other.address().port();
    for url in [
        inner.clone(),
        redirecting,
        format!("http://localhost:{port}/admin"),
        format!("http://[::ffff:127.0.0.1]:{port}/admin"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        let error = client.download(&url, &megabyte()).await.unwrap_err();
        assert!(matches!(error.failure(), ReplicateFailure::RefusedUrl { .. }), "{url}: {error:?}");
    }
    assert_eq!(other.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn at_the_apis_own_host_only_files_are_asked_for_with_the_token() {
    let server = MockServer::start().await;
    for path in ["/v1/account", "/v1/files/a1/download", "/v1/files", "/v1/filesystem", "/v1/predictions", "/files/a"] {
        serve(&server, path, ResponseTemplate::new(200)).await;
    }
    let client = client(&server);
    for (path, with_token) in [
        ("/v1/files/a1/download", true),
        ("/v1/account", false),
        ("/v1/files/../account", false),
        ("/v1/files/%2e%2e/account", false),
        ("/v1/files/..%2faccount", false),
        ("/v1/filesystem", false),
        ("/v1/predictions?x=/v1/files/a", false),
        ("/files/a", true),
    ] {
        let url = format!("{}{path}", server.uri());
        // What is not there is an answer too.
        let _answer = client.download(&url, &megabyte()).await;
        let requests = server.received_requests().await.unwrap();
        let asked = requests.last().unwrap();
        assert_eq!(asked.headers.contains_key("authorization"), with_token, "{path}: {}", asked.url);
    }
}

#[tokio::test]
async fn a_name_with_a_private_address_is_rejected_when_connecting() {
    let client = real();
    // `check_host` would reject the name itself, but the resolver must do so on its own.
    client.public_only.as_ref().unwrap().guard("localhost");
    let error = client.files.get("http://localhost:1/a").send().await.unwrap_err();
    assert!(matches!(refused_or_lost(error), ReplicateFailure::RefusedUrl { .. }));
}

#[tokio::test]
async fn size_is_limited_with_and_without_a_content_length() {
    let server = MockServer::start().await;
    let url = serve(&server, "/large", ResponseTemplate::new(200).set_body_bytes(vec![0; 5000])).await;
    let error = client(&server).download(&url, &DownloadLimits::of_bytes(4999)).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::TooLarge { limit_bytes: 4999 }), "{error:?}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "the same file would be too large again");
    assert!(client(&server).download(&url, &DownloadLimits::of_bytes(5000)).await.is_ok());
}

#[tokio::test]
async fn types_are_limited_but_missing_ones_are_accepted() {
    let server = MockServer::start().await;
    let images = DownloadLimits { types: vec!["image/".to_owned()], ..megabyte() };
    let client = client(&server);
    for (at, content_type, is_taken) in
        [("/a", "image/png", true), ("/b", "text/html", false), ("/c", "application/octet-stream", true), ("/d", "", true)]
    {
        let url = serve(&server, at, ResponseTemplate::new(200).set_body_raw("x", content_type)).await;
        let outcome = client.download(&url, &images).await;
        assert_eq!(outcome.is_ok(), is_taken, "{content_type}");
        if let Err(error) = outcome {
            assert!(matches!(error.failure(), ReplicateFailure::UnwantedType { content_type } if content_type == "text/html"));
        }
    }
    assert!(client.download("data:text/html,x", &images).await.is_err());
}

#[tokio::test]
async fn a_missing_file_is_distinguished_from_a_host_that_is_down() {
    let server = MockServer::start().await;
    let gone = serve(&server, "/gone", ResponseTemplate::new(404)).await;
    let error = client(&server).download(&gone, &megabyte()).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::FileUnavailable { status: 404 }), "{error:?}");
    let down = ResponseTemplate::new(503);
    Mock::given(path("/down")).respond_with(down).up_to_n_times(2).mount(&server).await;
    let url = serve(&server, "/down", ResponseTemplate::new(200).set_body_string("up again")).await;
    assert_eq!(client(&server).download(&url, &megabyte()).await.map(|file| content(&file)).unwrap(), b"up again");
}

#[tokio::test]
async fn errors_do_not_contain_signatures() {
    let server = MockServer::start().await;
    let url = serve(&server, "/gone", ResponseTemplate::new(410)).await + "?signature=very-secret";
    let error = client(&server).download(&url, &megabyte()).await.unwrap_err();
    assert!(error.attempted().ends_with("/gone?signature=***"), "{error}");
    assert!(!format!("{error:?}").contains("very-secret"));
    let lost = client_of("http://127.0.0.1:1").download("http://127.0.0.1:1/a?signature=very-secret", &megabyte()).await;
    assert!(!format!("{:?}", lost.unwrap_err()).contains("very-secret"));
}

#[tokio::test]
async fn data_urls_need_no_request() {
    let client = real();
    let file = client.download("data:image/png;base64,aGk=", &megabyte()).await.unwrap();
    assert_eq!((content(&file), file.content_type.as_deref()), (b"hi".to_vec(), Some("image/png")));
    assert_eq!(crate::clients::replicate::Replicate::requests_sent(&client), 0);
}

#[tokio::test]
async fn an_upload_is_multipart_and_returns_the_url_to_use() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(201).set_body_json(serde_json::json!({
        "id": "f1", "content_type": "text/plain", "size": 2, "expires_at": null,
        "urls": {"get": "https://api.replicate.com/v1/files/f1"},
    }));
    let of_ours =
        Mock::given(method("POST")).and(path("/v1/files")).and(header("authorization", format!("Bearer {TOKEN}").as_str()));
    of_ours.respond_with(answer).expect(1).mount(&server).await;
    let file = NewFile { name: "a.txt".to_owned(), content_type: "text/plain".to_owned(), bytes: "hi".into() };
    let uploaded = client(&server).upload_file(&file).await.unwrap();
    assert_eq!((uploaded.url.as_str(), uploaded.expires_at), ("https://api.replicate.com/v1/files/f1", None));
    let request = &server.received_requests().await.unwrap()[0];
    let body = String::from_utf8_lossy(&request.body).to_lowercase();
    assert!(body.contains(r#"name="content"; filename="a.txt""#) && body.contains("content-type: text/plain"), "{body}");
}
