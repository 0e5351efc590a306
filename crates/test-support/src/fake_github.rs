//! A GitHub that rejects what the real one rejects: unknown fields, values beyond a limit, tokens without permission. It responds after
//! random waits, and fails on request, before or after handling the call.

#![expect(clippy::result_large_err, reason = "a refusal is a whole response")]

mod deployments;
pub mod git;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt as _;
use serde_json::{Value, json};

/// A token with the permissions that the README asks for.
pub const WRITER: &str = "ghs_writer";
/// A token with the permissions of a pull request from a fork.
pub const READER: &str = "ghs_reader";

/// What goes wrong with a write request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 502, and the request was not executed.
    BadGateway,
    /// 502, although the request was executed.
    LostAnswer,
    /// 403 with a wait.
    SecondaryLimit,
}

#[derive(Default)]
struct Inner {
    check_runs: Vec<Value>,
    comments: Vec<Value>,
    files: Vec<Value>,
    comparison: Value,
    pull_requests: Vec<(String, Value)>,
    faults: VecDeque<Fault>,
    fault_ratio: f64,
    refused: Vec<String>,
    contents: BTreeMap<String, String>,
    hides_check_runs: bool,
    deployments: Vec<Value>,
    denies_deployments: bool,
    git: git::Git,
    next_id: u64,
    log: Vec<String>,
    violations: Vec<String>,
    longest_wait: Duration,
}

/// The server. Dropping it stops it.
pub struct FakeGitHub {
    inner: Arc<Mutex<Inner>>,
    pub address: std::net::SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

type Shared = State<Arc<Mutex<Inner>>>;

impl FakeGitHub {
    pub async fn start(bind: &str) -> Self {
        let inner = Arc::new(Mutex::new(Inner { next_id: 100, ..Inner::default() }));
        let router = Router::new()
            .route("/repos/acme/hotdog/check-runs", axum::routing::post(create_check_run))
            .route("/repos/acme/hotdog/check-runs/{id}", patch(update_check_run).get(read_check_run))
            .route("/repos/acme/hotdog/commits/{sha}/check-runs", get(list_check_runs))
            .route("/repos/acme/hotdog/issues/{number}/comments", get(list_comments).post(create_comment))
            .route("/repos/acme/hotdog/issues/comments/{id}", patch(update_comment).delete(delete_comment))
            .route("/repos/acme/hotdog/pulls/{number}/files", get(list_files))
            .route("/repos/acme/hotdog/compare/{commits}", get(compare))
            .route("/repos/acme/hotdog/contents/{*path}", get(read_content))
            .route("/repos/acme/hotdog/commits/{sha}/pulls", get(list_pull_requests))
            .route("/repos/acme/hotdog/deployments", get(deployments::list).post(deployments::create))
            .route("/repos/acme/hotdog/deployments/{id}/statuses", axum::routing::post(deployments::add_status))
            .route("/repos/acme/hotdog/branches/{name}", get(git::read_branch))
            .route("/repos/acme/hotdog/git/trees/{sha}", get(git::read_tree))
            .route("/repos/acme/hotdog/git/blobs", axum::routing::post(git::create_blob))
            .route("/repos/acme/hotdog/git/trees", axum::routing::post(git::create_tree))
            .route("/repos/acme/hotdog/git/commits", axum::routing::post(git::create_commit))
            .route("/graphql", axum::routing::post(git::update_refs))
            .fallback(unknown)
            .layer(axum::middleware::from_fn_with_state(Arc::clone(&inner), check_parameters))
            .layer(axum::extract::DefaultBodyLimit::max(16 * 1024 * 1024))
            .with_state(Arc::clone(&inner));
        let listener = tokio::net::TcpListener::bind(bind).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { inner, address, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn slow(&self, longest: Duration) {
        self.inner.lock().unwrap().longest_wait = longest;
    }

    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner.lock().unwrap().faults.extend(faults);
    }

    pub fn has_files(&self, names: &[&str]) {
        self.inner.lock().unwrap().files = names.iter().map(|name| json!({ "filename": name, "status": "modified" })).collect();
    }

    /// The files of the pull request.
    pub fn has_changed(&self, files: Vec<Value>) {
        self.inner.lock().unwrap().files = files;
    }

    /// The comparison of the commits of a push.
    pub fn compares(&self, status: &str, files: &[Value]) {
        self.inner.lock().unwrap().comparison = json!({ "status": status, "total_commits": 1, "commits": [], "files": files });
    }

    /// Merges pull request 7 as a commit of `main`: from `head`, a repository and its last commit.
    pub fn merges(&self, commit: &str, (repository, head_sha): (&str, &str)) {
        let pull_request = json!({
            "number": 7, "state": "closed", "merged_at": "2026-01-02T03:04:05Z", "merge_commit_sha": commit,
            "head": { "sha": head_sha, "ref": "topic", "repo": { "full_name": repository } },
            "base": { "sha": "b", "ref": "main", "repo": { "full_name": "acme/hotdog" } },
        });
        self.inner.lock().unwrap().pull_requests = vec![(commit.to_owned(), pull_request)];
    }

    /// Changes the check runs, as somebody with a token could.
    pub fn tampers(&self, change: impl Fn(&mut Value)) {
        self.inner.lock().unwrap().check_runs.iter_mut().for_each(change);
    }

    /// Adds a comment by another user.
    pub fn foreign_comment(&self, login: &str, body: &str) {
        let mut inner = self.inner.lock().unwrap();
        let id = inner.id();
        inner.comments.push(json!({ "id": id, "body": body, "user": { "login": login, "type": "User" } }));
    }

    /// Adds a comment by another application.
    pub fn comment_of_application(&self, login: &str, body: &str) {
        let mut inner = self.inner.lock().unwrap();
        let id = inner.id();
        inner.comments.push(json!({ "id": id, "body": body, "user": { "login": login, "type": "Bot" } }));
    }

    pub fn comments(&self) -> Vec<Value> {
        self.inner.lock().unwrap().comments.clone()
    }

    pub fn check_runs(&self) -> Vec<Value> {
        self.inner.lock().unwrap().check_runs.clone()
    }

    /// From now on, this share of all requests fails in one way or another.
    pub fn fails_often(&self, ratio: f64) {
        self.inner.lock().unwrap().fault_ratio = ratio;
    }

    /// From now on, check runs of this name can be neither created nor updated.
    pub fn refuses_check_runs(&self, name: &str) {
        self.inner.lock().unwrap().refused.push(name.to_owned());
    }

    /// The write requests.
    pub fn writes(&self) -> Vec<String> {
        self.inner.lock().unwrap().log.iter().filter(|line| !line.starts_with("GET")).cloned().collect()
    }

    /// All requests, those that read included.
    pub fn requests(&self) -> Vec<String> {
        self.inner.lock().unwrap().log.clone()
    }

    /// The text of a file at the head of the pull request.
    pub fn has_content(&self, path: &str, text: &str) {
        self.inner.lock().unwrap().contents.insert(path.to_owned(), text.to_owned());
    }

    /// As for another commit: its check runs are elsewhere.
    pub fn forgets_check_runs(&self) {
        self.inner.lock().unwrap().check_runs.clear();
    }

    /// From now on, no list of check runs is given.
    pub fn hides_check_runs(&self) {
        self.inner.lock().unwrap().hides_check_runs = true;
    }

    /// From now on, the token has no right to deployments.
    pub fn denies_deployments(&self) {
        self.inner.lock().unwrap().denies_deployments = true;
    }

    /// The deployments, oldest first, each with its statuses.
    pub fn deployments(&self) -> Vec<Value> {
        self.inner.lock().unwrap().deployments.clone()
    }

    /// What was wrong with requests.
    pub fn violations(&self) -> Vec<String> {
        self.inner.lock().unwrap().violations.clone()
    }
}

impl Drop for FakeGitHub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Inner {
    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

/// Parameters of a query, by the end of the path that has them. GitHub ignores others, so a client that relies on one is wrong.
const PARAMETERS: [(&str, &[&str]); 8] = [
    ("/git/trees/", &["recursive"]),
    ("/deployments", &["sha", "ref", "task", "environment", "per_page", "page"]),
    ("/check-runs", &["check_name", "status", "filter", "app_id", "per_page", "page"]),
    ("/comments", &["since", "per_page", "page"]),
    ("/files", &["per_page", "page"]),
    ("/pulls", &["per_page", "page"]),
    ("/compare/", &["per_page", "page"]),
    ("/contents/", &["ref"]),
];

async fn check_parameters(state: Shared, request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let uri = request.uri().clone();
    let names = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let names = names.map(|pair| pair.split('=').next().unwrap_or_default().to_owned());
    let is_list = |end: &str| uri.path().ends_with(end) || end.ends_with('/') && uri.path().contains(end);
    let known = PARAMETERS.iter().find(|(end, _)| is_list(end)).map_or(&[][..], |(_, known)| known);
    let unknown: Vec<String> = names.filter(|name| !known.contains(&name.as_str())).collect();
    if !unknown.is_empty() {
        let problem = format!("{} does not know the parameters {unknown:?}", uri.path());
        state.lock().unwrap().violations.push(problem.clone());
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, &problem);
    }
    next.run(request).await
}

/// Waits, checks the token, and applies the next fault. `Ok(true)` means that the response is lost.
async fn enter(state: &Shared, method: &Method, uri: &str, headers: &HeaderMap, writes: bool) -> Result<bool, Response> {
    let wait = {
        let inner = state.lock().unwrap();
        if inner.longest_wait.is_zero() { Duration::ZERO } else { rand::rng().random_range(Duration::ZERO..inner.longest_wait) }
    };
    tokio::time::sleep(wait).await;
    let mut inner = state.lock().unwrap();
    inner.log.push(format!("{method} {uri}"));
    if headers.get("user-agent").is_none() {
        inner.violations.push("a request without a user agent".to_owned());
    }
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (reader, writer) = (format!("Bearer {READER}"), format!("Bearer {WRITER}"));
    if token != reader && token != writer {
        return Err(refuse(StatusCode::UNAUTHORIZED, "Bad credentials"));
    }
    if writes && token != writer {
        return Err(refuse(StatusCode::FORBIDDEN, "Resource not accessible by integration"));
    }
    let chance = rand::rng().random_bool(inner.fault_ratio);
    let random = || [Fault::BadGateway, Fault::LostAnswer, Fault::SecondaryLimit][rand::rng().random_range(0..3)];
    let next = if writes { inner.faults.pop_front() } else { None };
    match next.or_else(|| chance.then(random)) {
        None => Ok(false),
        Some(Fault::LostAnswer) if writes => Ok(true),
        Some(Fault::BadGateway | Fault::LostAnswer) => Err((StatusCode::BAD_GATEWAY, "<html>bad gateway</html>").into_response()),
        Some(Fault::SecondaryLimit) => {
            let body = json!({ "message": "You have exceeded a secondary rate limit." }).to_string();
            Err((StatusCode::FORBIDDEN, [("retry-after", "0")], body).into_response())
        }
    }
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, json!({ "message": message }).to_string()).into_response()
}

fn answer(status: StatusCode, lost: bool, value: &Value) -> Response {
    if lost { (StatusCode::BAD_GATEWAY, "lost").into_response() } else { (status, value.to_string()).into_response() }
}

async fn unknown(state: Shared, method: Method, uri: Uri) -> Response {
    state.lock().unwrap().violations.push(format!("nobody knows {method} {uri}"));
    refuse(StatusCode::NOT_FOUND, "Not Found")
}

fn validated(state: &Shared, body: &[u8], known: &[&str], required: &[&str]) -> Result<Value, Response> {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let problem = problem(&value, known, required);
    match problem {
        None => Ok(value),
        Some(problem) => {
            state.lock().unwrap().violations.push(problem.clone());
            Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, &problem))
        }
    }
}

fn problem(value: &Value, known: &[&str], required: &[&str]) -> Option<String> {
    let Some(object) = value.as_object() else { return Some("the body is not an object".to_owned()) };
    if let Some(field) = object.keys().find(|field| !known.contains(&field.as_str())) {
        return Some(format!("{field} is not a permitted key"));
    }
    if let Some(field) = required.iter().find(|field| !object.contains_key(**field)) {
        return Some(format!("{field} is missing"));
    }
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    if text("status").is_some_and(|status| !["queued", "in_progress", "completed"].contains(&status)) {
        return Some("status".to_owned());
    }
    let conclusions = ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];
    if text("conclusion").is_some_and(|conclusion| !conclusions.contains(&conclusion)) {
        return Some("conclusion".to_owned());
    }
    if text("status") == Some("completed") && text("conclusion").is_none() {
        return Some("conclusion is missing".to_owned());
    }
    for field in ["started_at", "completed_at"] {
        if text(field).is_some_and(|time| chrono::DateTime::parse_from_rfc3339(time).is_err() || !time.ends_with('Z')) {
            return Some(field.to_owned());
        }
    }
    value.get("output").and_then(output_problem)
}

fn output_problem(output: &Value) -> Option<String> {
    for field in ["title", "summary"] {
        if output.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Some(format!("output.{field} is missing"));
        }
    }
    for field in ["summary", "text"] {
        if output.get(field).and_then(Value::as_str).is_some_and(|text| text.len() > 65_535) {
            return Some(format!("output.{field} exceeds a maximum bytesize of 65535"));
        }
    }
    let annotations = output.get("annotations").and_then(Value::as_array).cloned().unwrap_or_default();
    if annotations.len() > 50 {
        return Some("more than 50 annotations".to_owned());
    }
    annotations.iter().find_map(|annotation| {
        let number = |field: &str| annotation.get(field).and_then(Value::as_u64);
        let text = |field: &str| annotation.get(field).and_then(Value::as_str).unwrap_or_default();
        let (Some(start), Some(end)) = (number("start_line"), number("end_line")) else { return Some("lines".to_owned()) };
        let columns = number("start_column").is_some() || number("end_column").is_some();
        let wrong = start < 1
            || end < start
            || (columns && start != end)
            || text("path").is_empty()
            || text("path").starts_with('/')
            || text("message").is_empty()
            || text("message").len() > 65_536
            || text("title").len() > 255
            || !["notice", "warning", "failure"].contains(&text("annotation_level"));
        wrong.then(|| format!("annotation {annotation}"))
    })
}

const RUN_FIELDS: [&str; 9] =
    ["name", "head_sha", "details_url", "external_id", "status", "started_at", "conclusion", "completed_at", "output"];

async fn create_check_run(state: Shared, headers: HeaderMap, body: Bytes) -> Response {
    let lost = match enter(&state, &Method::POST, "/check-runs", &headers, true).await {
        Ok(lost) => lost,
        Err(refused) => return refused,
    };
    let mut run = match validated(&state, &body, &RUN_FIELDS, &["name", "head_sha"]) {
        Ok(run) => run,
        Err(refused) => return refused,
    };
    let mut inner = state.lock().unwrap();
    if inner.refused.iter().any(|name| run["name"] == name.as_str()) {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
    }
    let id = inner.id();
    run["id"] = json!(id);
    run["html_url"] = json!(format!("https://github.com/acme/hotdog/runs/{id}"));
    run["app"] = json!({ "id": 15368, "slug": "github-actions" });
    if run.get("output").is_none() {
        run["output"] = json!({ "title": null, "summary": null, "text": null, "annotations_count": 0 });
    }
    inner.check_runs.push(run.clone());
    answer(StatusCode::CREATED, lost, &run)
}

async fn update_check_run(state: Shared, Path(id): Path<u64>, headers: HeaderMap, body: Bytes) -> Response {
    let lost = match enter(&state, &Method::PATCH, &format!("/check-runs/{id}"), &headers, true).await {
        Ok(lost) => lost,
        Err(refused) => return refused,
    };
    let update = match validated(&state, &body, &RUN_FIELDS, &[]) {
        Ok(update) => update,
        Err(refused) => return refused,
    };
    let mut inner = state.lock().unwrap();
    let refused = inner.refused.clone();
    let Some(run) = inner.check_runs.iter_mut().find(|run| run["id"] == id) else {
        return refuse(StatusCode::NOT_FOUND, "Not Found");
    };
    if refused.iter().any(|name| run["name"] == name.as_str()) {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
    }
    let mut annotations = run["output"]["annotations"].as_array().cloned().unwrap_or_default();
    for (field, value) in update.as_object().unwrap() {
        run[field] = value.clone();
    }
    annotations.extend(update["output"]["annotations"].as_array().cloned().unwrap_or_default());
    run["output"]["annotations"] = json!(annotations);
    answer(StatusCode::OK, lost, &run.clone())
}

/// A check run as GitHub returns it: annotations have a page of their own.
fn shown(run: &Value) -> Value {
    let mut run = run.clone();
    if let Some(output) = run["output"].as_object_mut() {
        output.remove("annotations");
    }
    run
}

async fn read_check_run(state: Shared, Path(id): Path<u64>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, "/check-runs", &headers, false).await {
        return refused;
    }
    let inner = state.lock().unwrap();
    match inner.check_runs.iter().find(|run| run["id"] == id) {
        Some(run) => answer(StatusCode::OK, false, &shown(run)),
        None => refuse(StatusCode::NOT_FOUND, "Not Found"),
    }
}

#[derive(serde::Deserialize)]
struct Listing {
    check_name: Option<String>,
    #[serde(default = "thirty")]
    per_page: usize,
    #[serde(default = "one")]
    page: usize,
}

fn thirty() -> usize {
    30
}

fn one() -> usize {
    1
}

impl Listing {
    fn page(&self, all: Vec<Value>) -> Vec<Value> {
        all.into_iter().skip((self.page - 1) * self.per_page.min(100)).take(self.per_page.min(100)).collect()
    }
}

async fn list_check_runs(state: Shared, Path(sha): Path<String>, listing: Query<Listing>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, "/check-runs", &headers, false).await {
        return refused;
    }
    let inner = state.lock().unwrap();
    if inner.hides_check_runs {
        return refuse(StatusCode::FORBIDDEN, "Resource not accessible by integration");
    }
    let wanted = |run: &&Value| {
        run["head_sha"] == sha.as_str() && listing.check_name.as_ref().is_none_or(|name| run["name"] == name.as_str())
    };
    let runs: Vec<Value> = inner.check_runs.iter().rev().filter(wanted).map(shown).collect();
    answer(StatusCode::OK, false, &json!({ "total_count": runs.len(), "check_runs": listing.page(runs) }))
}

async fn list_comments(state: Shared, listing: Query<Listing>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, "/comments", &headers, false).await {
        return refused;
    }
    let comments = state.lock().unwrap().comments.clone();
    answer(StatusCode::OK, false, &json!(listing.page(comments)))
}

fn comment_body(state: &Shared, body: &[u8]) -> Result<String, Response> {
    let value = validated(state, body, &["body"], &["body"])?;
    let text = value["body"].as_str().unwrap_or_default().to_owned();
    if text.chars().count() > 65_536 || text.is_empty() {
        state.lock().unwrap().violations.push(format!("a comment of {} characters", text.len()));
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, "body is too long (maximum is 65536 characters)"));
    }
    Ok(text)
}

async fn create_comment(state: Shared, Path(number): Path<u64>, headers: HeaderMap, body: Bytes) -> Response {
    let lost = match enter(&state, &Method::POST, &format!("/issues/{number}/comments"), &headers, true).await {
        Ok(lost) => lost,
        Err(refused) => return refused,
    };
    let text = match comment_body(&state, &body) {
        Ok(text) => text,
        Err(refused) => return refused,
    };
    let mut inner = state.lock().unwrap();
    let id = inner.id();
    let comment = json!({
        "id": id, "body": text, "user": { "login": "github-actions[bot]", "type": "Bot" },
        "html_url": format!("https://github.com/acme/hotdog/pull/7#issuecomment-{id}"),
    });
    inner.comments.push(comment.clone());
    answer(StatusCode::CREATED, lost, &comment)
}

async fn update_comment(state: Shared, Path(id): Path<u64>, headers: HeaderMap, body: Bytes) -> Response {
    let lost = match enter(&state, &Method::PATCH, &format!("/issues/comments/{id}"), &headers, true).await {
        Ok(lost) => lost,
        Err(refused) => return refused,
    };
    let text = match comment_body(&state, &body) {
        Ok(text) => text,
        Err(refused) => return refused,
    };
    let mut inner = state.lock().unwrap();
    match inner.comments.iter_mut().find(|comment| comment["id"] == id) {
        Some(comment) => {
            comment["body"] = json!(text);
            answer(StatusCode::OK, lost, &comment.clone())
        }
        None => refuse(StatusCode::NOT_FOUND, "Not Found"),
    }
}

async fn delete_comment(state: Shared, Path(id): Path<u64>, headers: HeaderMap) -> Response {
    let lost = match enter(&state, &Method::DELETE, &format!("/issues/comments/{id}"), &headers, true).await {
        Ok(lost) => lost,
        Err(refused) => return refused,
    };
    let mut inner = state.lock().unwrap();
    let before = inner.comments.len();
    inner.comments.retain(|comment| comment["id"] != id);
    if inner.comments.len() == before {
        return refuse(StatusCode::NOT_FOUND, "Not Found");
    }
    answer(StatusCode::NO_CONTENT, lost, &Value::Null)
}

async fn list_files(state: Shared, listing: Query<Listing>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, "/files", &headers, false).await {
        return refused;
    }
    let files = state.lock().unwrap().files.clone();
    answer(StatusCode::OK, false, &json!(listing.page(files)))
}

async fn list_pull_requests(state: Shared, Path(sha): Path<String>, listing: Query<Listing>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, "/pulls", &headers, false).await {
        return refused;
    }
    let inner = state.lock().unwrap();
    let found: Vec<Value> =
        inner.pull_requests.iter().filter(|(commit, _)| *commit == sha).map(|(_, pull_request)| pull_request.clone()).collect();
    answer(StatusCode::OK, false, &json!(listing.page(found)))
}

async fn compare(state: Shared, Path(commits): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, "/compare", &headers, false).await {
        return refused;
    }
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match commits.split_once("...") {
        Some((base, head)) if is_commit(base) && is_commit(head) => {
            let comparison = state.lock().unwrap().comparison.clone();
            answer(StatusCode::OK, false, &comparison)
        }
        _ => refuse(StatusCode::NOT_FOUND, "Not Found"),
    }
}

#[derive(serde::Deserialize)]
struct At {
    r#ref: String,
}

async fn read_content(state: Shared, Path(path): Path<String>, at: Query<At>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, "/contents", &headers, false).await {
        return refused;
    }
    if at.r#ref.len() != 40 {
        return refuse(StatusCode::NOT_FOUND, "No commit found for the ref");
    }
    let inner = state.lock().unwrap();
    match inner.contents.get(&path) {
        Some(text) => {
            let content: String =
                STANDARD.encode(text).as_bytes().chunks(60).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
            answer(StatusCode::OK, false, &json!({ "type": "file", "path": path, "encoding": "base64", "content": content }))
        }
        None => refuse(StatusCode::NOT_FOUND, "Not Found"),
    }
}
