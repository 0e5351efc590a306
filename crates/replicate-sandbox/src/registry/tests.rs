//! The registry over a socket, as a client sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::digest::Digest;
use super::{Access, PushedManifest, Registry, RegistryBackend, UploadFault};

/// `acme` and `eve` exist. `acme/*` belongs to acme, `eve/*` to eve; whatever is named `…/missing` is not there.
#[derive(Default)]
pub(super) struct Database {
    pub(super) pushes: Mutex<Vec<PushedManifest>>,
}

impl RegistryBackend for Database {
    fn authenticate(&self, username: &str, password: &str) -> bool {
        ["acme", "eve"].contains(&username) && password == "secret"
    }

    fn repository(&self, name: &str, username: &str) -> Access {
        if name.ends_with("/missing") {
            Access::Missing
        } else if name.split('/').next() == Some(username) {
            Access::Allowed
        } else {
            Access::Forbidden
        }
    }

    fn pushed(&self, push: PushedManifest) {
        self.pushes.lock().unwrap().push(push);
    }
}

pub(super) struct Served {
    pub(super) registry: Arc<Registry>,
    pub(super) database: Arc<Database>,
    pub(super) address: String,
    root: tempfile::TempDir,
}

impl Served {
    pub(super) async fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::default());
        let registry = Registry::new(root.path().to_owned(), None, Arc::clone(&database) as Arc<dyn RegistryBackend>);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = registry.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { registry, database, address, root }
    }

    async fn send(&self, method: Method, path: &str, user: Option<&str>, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if let Some(user) = user {
            request = request.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:secret"))));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let response = client.request(request.body(Full::from(body.to_vec())).unwrap()).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer { status: parts.status, headers: parts.headers, body })
    }

    async fn acme(&self, method: Method, path: &str, body: &[u8]) -> Answer {
        self.send(method, path, Some("acme"), &[], body).await.unwrap()
    }

    async fn blob(&self, repository: &str, content: &[u8]) -> String {
        let digest = Digest::of(content).to_string();
        let answer = self.acme(Method::POST, &format!("/v2/{repository}/blobs/uploads/?digest={digest}"), content).await;
        assert_eq!(answer.status, StatusCode::CREATED);
        digest
    }

    async fn session(&self, repository: &str) -> String {
        let answer = self.acme(Method::POST, &format!("/v2/{repository}/blobs/uploads/"), b"").await;
        assert_eq!((answer.status, answer.header("range")), (StatusCode::ACCEPTED, "0-0"));
        answer.header("location").to_owned()
    }

    async fn image(&self, repository: &str, reference: &str, labels: Value) -> String {
        let config = self.blob(repository, json!({"config": {"Labels": labels}}).to_string().as_bytes()).await;
        let layer = self.blob(repository, b"layer").await;
        let manifest = json!({"schemaVersion": 2, "config": {"digest": config}, "layers": [{"digest": layer}]});
        let answer =
            self.acme(Method::PUT, &format!("/v2/{repository}/manifests/{reference}"), manifest.to_string().as_bytes()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
        answer.header("docker-content-digest").to_owned()
    }

    fn open_files(&self) -> usize {
        std::fs::read_dir(self.root.path().join("uploads")).map_or(0, Iterator::count)
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn error(&self) -> (StatusCode, String, String) {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        let field = |name: &str| body["errors"][0][name].as_str().unwrap().to_owned();
        (self.status, field("code"), field("message"))
    }
}

#[tokio::test]
async fn without_credentials_basic_ones_are_asked_for() {
    let served = Served::start().await;
    let answer = served.send(Method::GET, "/v2/", None, &[], b"").await.unwrap();
    assert_eq!(answer.error().1, "UNAUTHORIZED");
    assert!(answer.header("www-authenticate").starts_with("Basic realm="));
    assert_eq!(served.send(Method::GET, "/v2/", Some("mallory"), &[], b"").await.unwrap().status, StatusCode::UNAUTHORIZED);
    let answer = served.acme(Method::GET, "/v2/", b"").await;
    assert_eq!((answer.status, answer.header("docker-distribution-api-version")), (StatusCode::OK, "registry/2.0"));
}

#[tokio::test]
async fn missing_and_foreign_repositories_are_told_apart() {
    let served = Served::start().await;
    let missing = served.acme(Method::POST, "/v2/acme/missing/blobs/uploads/", b"").await.error();
    let text = "The model https://replicate.com/acme/missing does not exist".to_owned();
    assert_eq!(missing, (StatusCode::NOT_FOUND, "NAME_UNKNOWN".to_owned(), text));
    let foreign = served.acme(Method::POST, "/v2/eve/model/blobs/uploads/", b"").await.error();
    let text = "You don't have write access to this model".to_owned();
    assert_eq!(foreign, (StatusCode::FORBIDDEN, "DENIED".to_owned(), text));
    assert_eq!(served.acme(Method::GET, "/v2/acme/BAD/tags/list", b"").await.error().1, "NAME_INVALID");
}

#[tokio::test]
async fn a_blob_can_be_sent_at_once_and_read_back() {
    let served = Served::start().await;
    let digest = served.blob("acme/a/b", b"content").await;
    let path = format!("/v2/acme/a/b/blobs/{digest}");
    let head = served.acme(Method::HEAD, &path, b"").await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (StatusCode::OK, "7", 0));
    let get = served.acme(Method::GET, &path, b"").await;
    assert_eq!((get.body.as_ref(), get.header("docker-content-digest")), (b"content".as_ref(), digest.as_str()));
    assert_eq!(served.open_files(), 0);
}

#[tokio::test]
async fn chunks_continue_where_the_last_one_ended() {
    let served = Served::start().await;
    let location = served.session("acme/m").await;
    let chunk = async |range: &str, body: &[u8]| {
        served.send(Method::PATCH, &location, Some("acme"), &[("content-range", range)], body).await.unwrap()
    };
    assert_eq!(chunk("0-4", b"hello").await.header("range"), "0-4");
    for wrong in ["0-4", "6-9", "nonsense"] {
        let answer = chunk(wrong, b"hello").await;
        assert_eq!((answer.status, answer.header("range")), (StatusCode::RANGE_NOT_SATISFIABLE, "0-4"), "{wrong}");
    }
    assert_eq!(served.acme(Method::GET, &location, b"").await.header("range"), "0-4");
    let digest = Digest::of(b"hello world");
    let done = served.acme(Method::PUT, &format!("{location}?digest={digest}"), b" world").await;
    assert_eq!(done.status, StatusCode::CREATED);
    assert_eq!(served.acme(Method::GET, done.header("location"), b"").await.body.as_ref(), b"hello world");
    assert_eq!(served.acme(Method::GET, &location, b"").await.error().1, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_chunk_shorter_than_its_range_ends_the_upload() {
    let served = Served::start().await;
    let location = served.session("acme/m").await;
    let answer = served.send(Method::PATCH, &location, Some("acme"), &[("content-range", "0-9")], b"short").await.unwrap();
    assert_eq!(answer.error().1, "SIZE_INVALID");
    assert_eq!(served.open_files(), 0);
}

#[tokio::test]
async fn content_that_is_not_what_it_claims_is_refused_and_dropped() {
    let served = Served::start().await;
    let claimed = Digest::of(b"other");
    let answer = served.acme(Method::POST, &format!("/v2/acme/m/blobs/uploads/?digest={claimed}"), b"content").await;
    assert_eq!(answer.error().1, "DIGEST_INVALID");
    assert_eq!(served.acme(Method::HEAD, &format!("/v2/acme/m/blobs/{claimed}"), b"").await.status, StatusCode::NOT_FOUND);
    assert_eq!(served.open_files(), 0);
}

#[tokio::test]
async fn an_upload_can_be_given_up() {
    let served = Served::start().await;
    let location = served.session("acme/m").await;
    assert_eq!(served.acme(Method::DELETE, &location, b"").await.status, StatusCode::NO_CONTENT);
    assert_eq!(served.acme(Method::DELETE, &location, b"").await.status, StatusCode::NOT_FOUND);
    assert_eq!(served.open_files(), 0);
}

#[tokio::test]
async fn an_upload_belongs_to_its_repository() {
    let served = Served::start().await;
    let location = served.session("acme/one").await.replace("acme/one", "acme/two");
    assert_eq!(served.acme(Method::PATCH, &location, b"x").await.error().1, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_mount_needs_no_bytes_but_a_right_to_read() {
    let served = Served::start().await;
    let digest = served.blob("acme/one", b"layer").await;
    let sent = served.registry.uploaded_bytes();
    let mount = format!("blobs/uploads/?mount={digest}&from=acme/one");
    let answer = served.acme(Method::POST, &format!("/v2/acme/two/{mount}"), b"").await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(served.acme(Method::HEAD, &format!("/v2/acme/two/blobs/{digest}"), b"").await.status, StatusCode::OK);
    let foreign = served.send(Method::POST, &format!("/v2/eve/m/{mount}"), Some("eve"), &[], b"").await.unwrap();
    assert_eq!(foreign.status, StatusCode::ACCEPTED);
    let hidden = served.send(Method::HEAD, &format!("/v2/eve/m/blobs/{digest}"), Some("eve"), &[], b"").await.unwrap();
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    assert_eq!((served.registry.mounted_blobs(), served.registry.uploaded_bytes()), (1, sent));
}

#[tokio::test]
async fn a_manifest_is_found_by_tag_and_digest_and_passed_to_the_gate() {
    let served = Served::start().await;
    let digest = served.image("acme/m", "latest", json!({"run.cog.version": "0.22.0"})).await;
    for reference in ["latest", digest.as_str()] {
        let answer = served.acme(Method::GET, &format!("/v2/acme/m/manifests/{reference}"), b"").await;
        assert_eq!(Digest::of(&answer.body).to_string(), digest);
        assert_eq!(answer.header("content-type"), super::manifests::OCI_MANIFEST);
    }
    assert_eq!(served.acme(Method::GET, "/v2/acme/other/manifests/latest", b"").await.error().1, "MANIFEST_UNKNOWN");
    let labels = BTreeMap::from([("run.cog.version".to_owned(), "0.22.0".to_owned())]);
    let pushed = served.database.pushes.lock().unwrap().clone();
    let pull_tag = pushed[0].pull_tag.clone();
    let push = PushedManifest { repository: "acme/m".to_owned(), tag: Some("latest".to_owned()), digest, labels, pull_tag };
    assert_eq!(pushed, [push]);
    let pulled = served.acme(Method::GET, &format!("/v2/acme/m/manifests/{}", pushed[0].pull_tag), b"").await;
    assert_eq!(Digest::of(&pulled.body).to_string(), pushed[0].digest);
    let listed: Value = serde_json::from_slice(&served.acme(Method::GET, "/v2/acme/m/tags/list", b"").await.body).unwrap();
    assert_eq!(listed["tags"], json!(["latest"]), "tags of the sandbox itself are not listed");
}

#[tokio::test]
async fn a_manifest_needs_its_blobs_and_an_index_its_manifests() {
    let served = Served::start().await;
    let absent = Digest::of(b"absent").to_string();
    let image = json!({"schemaVersion": 2, "config": {"digest": absent}}).to_string();
    let refused = served.acme(Method::PUT, "/v2/acme/m/manifests/latest", image.as_bytes()).await;
    assert_eq!(refused.error().1, "MANIFEST_BLOB_UNKNOWN");
    let index = |digest: &str| json!({"schemaVersion": 2, "manifests": [{"digest": digest}]}).to_string();
    let refused = served.acme(Method::PUT, "/v2/acme/m/manifests/latest", index(&absent).as_bytes()).await;
    assert_eq!(refused.error().1, "MANIFEST_BLOB_UNKNOWN");
    let digest = served.image("acme/m", "one", Value::Null).await;
    let stored = served.acme(Method::PUT, "/v2/acme/m/manifests/latest", index(&digest).as_bytes()).await;
    assert_eq!(stored.status, StatusCode::CREATED);
    let pushes = served.database.pushes.lock().unwrap();
    assert!(pushes.len() == 2 && pushes[1].labels.is_empty());
}

#[tokio::test]
async fn an_index_speaks_with_the_labels_of_its_image() {
    let served = Served::start().await;
    let bare = served.image("acme/m", "one", Value::Null).await;
    let labelled = served.image("acme/m", "two", json!({"run.cog.version": "0.22.0"})).await;
    let index = json!({"schemaVersion": 2, "manifests": [{"digest": bare}, {"digest": labelled}]}).to_string();
    served.acme(Method::PUT, "/v2/acme/m/manifests/latest", index.as_bytes()).await;
    let pushes = served.database.pushes.lock().unwrap();
    assert_eq!(pushes[2].labels, BTreeMap::from([("run.cog.version".to_owned(), "0.22.0".to_owned())]));
}

#[tokio::test]
async fn manifests_are_checked_for_digest_tag_and_size() {
    let served = Served::start().await;
    let put = async |reference: &str, body: &[u8]| {
        served.acme(Method::PUT, &format!("/v2/acme/m/manifests/{reference}"), body).await.error()
    };
    assert_eq!(put(&Digest::of(b"x").to_string(), b"y").await.1, "DIGEST_INVALID");
    assert_eq!(put(".tag", b"{}").await.1, "TAG_INVALID");
    assert_eq!(put("latest", b"{}").await.1, "MANIFEST_INVALID");
    let large = vec![b' '; super::manifests::MAX_MANIFEST_BYTES + 1];
    assert_eq!(put("latest", &large).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn tags_are_listed_in_pages() {
    let served = Served::start().await;
    for tag in ["b", "a", "c"] {
        served.image("acme/m", tag, Value::Null).await;
    }
    let page = served.acme(Method::GET, "/v2/acme/m/tags/list?n=2", b"").await;
    assert_eq!(serde_json::from_slice::<Value>(&page.body).unwrap(), json!({"name": "acme/m", "tags": ["a", "b"]}));
    assert_eq!(page.header("link"), "</v2/acme/m/tags/list?n=2&last=b>; rel=\"next\"");
    let rest = served.acme(Method::GET, "/v2/acme/m/tags/list?n=2&last=b", b"").await;
    assert_eq!(serde_json::from_slice::<Value>(&rest.body).unwrap()["tags"], json!(["c"]));
    assert_eq!(rest.header("link"), "");
}

#[tokio::test]
async fn faults_happen_as_often_as_asked_and_then_no_more() {
    let served = Served::start().await;
    served.registry.fail_uploads(UploadFault::BadGateway, 1);
    served.registry.fail_uploads(UploadFault::Close, 1);
    assert_eq!(served.acme(Method::POST, "/v2/acme/m/blobs/uploads/", b"").await.status, StatusCode::BAD_GATEWAY);
    assert!(served.send(Method::POST, "/v2/acme/m/blobs/uploads/", Some("acme"), &[], b"").await.is_none());
    served.session("acme/m").await;
}

#[tokio::test]
async fn what_is_not_offered_is_unsupported() {
    let served = Served::start().await;
    assert_eq!(served.acme(Method::DELETE, "/v2/acme/m/manifests/latest", b"").await.error().1, "UNSUPPORTED");
    assert_eq!(served.acme(Method::GET, "/v2/_catalog", b"").await.status, StatusCode::NOT_FOUND);
}
