//! Branches and objects. What git cannot store is a violation: ids that nobody knows, paths that go elsewhere, a branch that loses commits.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{FakeGitHub, Inner, Shared, answer, enter, refuse};

/// The id of the repository in GraphQL.
pub const REPOSITORY_ID: &str = "R_kgDOhotdog";

const NOWHERE: &str = "0000000000000000000000000000000000000000";

/// The objects and branches of the repository.
#[derive(Debug, Default)]
pub(super) struct Git {
    blobs: BTreeMap<String, Vec<u8>>,
    /// Files by their paths, with the ids of blobs.
    trees: BTreeMap<String, BTreeMap<String, String>>,
    commits: BTreeMap<String, Commit>,
    branches: BTreeMap<String, String>,
    protected: BTreeSet<String>,
    is_denied: bool,
    is_ruled: bool,
}

#[derive(Debug, Clone)]
struct Commit {
    message: String,
    tree: String,
    parents: Vec<String>,
}

impl FakeGitHub {
    /// The files of a branch; `None` if it does not exist.
    pub fn branch_files(&self, name: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        let inner = self.inner.lock().unwrap();
        let git = &inner.git;
        let tree = &git.trees[&git.commits[git.branches.get(name)?].tree];
        Some(tree.iter().map(|(path, blob)| (path.clone(), git.blobs[blob].clone())).collect())
    }

    /// How many commits a branch has, and the message of the last.
    pub fn branch_history(&self, name: &str) -> Option<(usize, String)> {
        let inner = self.inner.lock().unwrap();
        let git = &inner.git;
        let mut commit = git.commits.get(git.branches.get(name)?)?;
        let (mut count, message) = (1, commit.message.clone());
        while let Some(parent) = commit.parents.first() {
            (count, commit) = (count + 1, git.commits.get(parent)?);
        }
        Some((count, message))
    }

    /// Commits files to a branch, as somebody with a clone does.
    pub fn pushes(&self, branch: &str, message: &str, files: &[(&str, &[u8])]) {
        let mut inner = self.inner.lock().unwrap();
        let git = &mut inner.git;
        let entries = files.iter().map(|(path, bytes)| ((*path).to_owned(), git.add_blob(bytes.to_vec()))).collect();
        let tree = git.add_tree(entries);
        let parents = git.branches.get(branch).cloned().into_iter().collect();
        let commit = git.add_commit(Commit { message: message.to_owned(), tree, parents });
        git.branches.insert(branch.to_owned(), commit);
    }

    /// From now on, the branch is protected.
    pub fn protects(&self, branch: &str) {
        self.inner.lock().unwrap().git.protected.insert(branch.to_owned());
    }

    /// From now on, the token has no right to contents.
    pub fn denies_contents(&self) {
        self.inner.lock().unwrap().git.is_denied = true;
    }

    /// From now on, a rule of the repository refuses to move branches.
    pub fn has_ruleset(&self) {
        self.inner.lock().unwrap().git.is_ruled = true;
    }
}

/// Forty digits, the same for the same content.
fn id(kind: &str, content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    (kind, content).hash(&mut hasher);
    format!("{:040x}", hasher.finish())
}

impl Git {
    fn add_blob(&mut self, bytes: Vec<u8>) -> String {
        let id = id("blob", &bytes);
        self.blobs.insert(id.clone(), bytes);
        id
    }

    fn add_tree(&mut self, files: BTreeMap<String, String>) -> String {
        let id = id("tree", format!("{files:?}").as_bytes());
        self.trees.insert(id.clone(), files);
        id
    }

    fn add_commit(&mut self, commit: Commit) -> String {
        // A commit has its time, so two that are alike are two.
        let id = id("commit", format!("{commit:?}{}", self.commits.len()).as_bytes());
        self.commits.insert(id.clone(), commit);
        id
    }

    /// Whether a commit comes after another, or is it.
    fn descends(&self, commit: &str, from: &str) -> bool {
        commit == from || self.commits[commit].parents.iter().any(|parent| self.descends(parent, from))
    }
}

fn violate(inner: &mut Inner, problem: &str) -> Response {
    inner.violations.push(problem.to_owned());
    refuse(StatusCode::UNPROCESSABLE_ENTITY, problem)
}

pub(super) async fn read_branch(state: Shared, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, &format!("/branches/{name}"), &headers, false).await {
        return refused;
    }
    let inner = state.lock().unwrap();
    let git = &inner.git;
    let Some(sha) = git.branches.get(&name) else { return refuse(StatusCode::NOT_FOUND, "Branch not found") };
    let commit = &git.commits[sha];
    let parents: Vec<Value> = commit.parents.iter().map(|parent| json!({ "sha": parent })).collect();
    let details = json!({ "message": commit.message, "tree": { "sha": commit.tree } });
    let commit = json!({ "sha": sha, "commit": details, "parents": parents });
    answer(StatusCode::OK, false, &json!({ "name": name, "commit": commit, "protected": git.protected.contains(&name) }))
}

#[derive(serde::Deserialize)]
pub(super) struct Depth {
    recursive: Option<String>,
}

pub(super) async fn read_tree(state: Shared, Path(sha): Path<String>, depth: Query<Depth>, headers: HeaderMap) -> Response {
    if let Err(refused) = enter(&state, &Method::GET, "/git/trees", &headers, false).await {
        return refused;
    }
    let mut inner = state.lock().unwrap();
    if depth.recursive.is_none() {
        return violate(&mut inner, "a tree without its folders");
    }
    let git = &inner.git;
    let Some(files) = git.trees.get(&sha) else { return refuse(StatusCode::NOT_FOUND, "Not Found") };
    let folders: BTreeSet<&str> = files.keys().filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
    let folders = folders
        .into_iter()
        .map(|path| json!({ "path": path, "mode": "040000", "type": "tree", "sha": id("tree", path.as_bytes()) }));
    let blobs = files
        .iter()
        .map(|(path, blob)| json!({ "path": path, "mode": "100644", "type": "blob", "sha": blob, "size": git.blobs[blob].len() }));
    let entries: Vec<Value> = folders.chain(blobs).collect();
    answer(StatusCode::OK, false, &json!({ "sha": sha, "tree": entries, "truncated": false }))
}

/// Reads a request that writes an object.
async fn written(state: &Shared, path: &str, headers: &HeaderMap, body: &[u8], fields: &[&str]) -> Result<(bool, Value), Response> {
    let lost = enter(state, &Method::POST, path, headers, true).await?;
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut inner = state.lock().unwrap();
    let names = value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    if names.is_empty() || names.iter().any(|name| !fields.contains(&name.as_str())) {
        return Err(violate(&mut inner, &format!("{path} with {names:?}")));
    }
    if inner.git.is_denied {
        return Err(refuse(StatusCode::FORBIDDEN, "Resource not accessible by integration"));
    }
    Ok((lost, value))
}

pub(super) async fn create_blob(state: Shared, headers: HeaderMap, body: Bytes) -> Response {
    let (lost, value) = match written(&state, "/git/blobs", &headers, &body, &["content", "encoding"]).await {
        Ok(written) => written,
        Err(refused) => return refused,
    };
    let mut inner = state.lock().unwrap();
    let content = value["content"].as_str().filter(|_| value["encoding"] == "base64").and_then(|text| STANDARD.decode(text).ok());
    let Some(bytes) = content else { return violate(&mut inner, "a blob that is not base64") };
    let sha = inner.git.add_blob(bytes);
    answer(StatusCode::CREATED, lost, &json!({ "sha": sha }))
}

pub(super) async fn create_tree(state: Shared, headers: HeaderMap, body: Bytes) -> Response {
    let (lost, value) = match written(&state, "/git/trees", &headers, &body, &["tree", "base_tree"]).await {
        Ok(written) => written,
        Err(refused) => return refused,
    };
    let mut inner = state.lock().unwrap();
    let mut files = BTreeMap::new();
    for entry in value["tree"].as_array().into_iter().flatten() {
        let text = |name: &str| entry[name].as_str();
        let path = text("path").unwrap_or_default().to_owned();
        let is_path = path.split('/').all(|part| !matches!(part, "" | "." | ".." | ".git"));
        if !is_path || text("mode") != Some("100644") || text("type") != Some("blob") {
            return violate(&mut inner, &format!("tree.path contains a malformed path component: {entry}"));
        }
        let blob = match (text("sha"), text("content")) {
            (Some(sha), None) if inner.git.blobs.contains_key(sha) => sha.to_owned(),
            (None, Some(content)) => inner.git.add_blob(content.as_bytes().to_vec()),
            _ => return violate(&mut inner, &format!("tree.sha {entry} is not a valid blob")),
        };
        if files.insert(path.clone(), blob).is_some() {
            return violate(&mut inner, &format!("tree contains duplicate entries: {path}"));
        }
    }
    if files.is_empty() {
        return violate(&mut inner, "a tree without files");
    }
    let sha = inner.git.add_tree(files);
    answer(StatusCode::CREATED, lost, &json!({ "sha": sha }))
}

pub(super) async fn create_commit(state: Shared, headers: HeaderMap, body: Bytes) -> Response {
    let (lost, value) = match written(&state, "/git/commits", &headers, &body, &["message", "tree", "parents"]).await {
        Ok(written) => written,
        Err(refused) => return refused,
    };
    let mut inner = state.lock().unwrap();
    let tree = value["tree"].as_str().unwrap_or_default().to_owned();
    let parents: Vec<String> =
        value["parents"].as_array().into_iter().flatten().filter_map(|parent| parent.as_str().map(str::to_owned)).collect();
    let is_known = inner.git.trees.contains_key(&tree) && parents.iter().all(|parent| inner.git.commits.contains_key(parent));
    if !is_known {
        return violate(&mut inner, "Tree SHA does not exist, or a parent does not");
    }
    let message = value["message"].as_str().unwrap_or_default().to_owned();
    let sha = inner.git.add_commit(Commit { message, tree, parents });
    answer(StatusCode::CREATED, lost, &json!({ "sha": sha }))
}

/// The one mutation of GraphQL: it answers 200 whatever happens.
pub(super) async fn update_refs(state: Shared, headers: HeaderMap, body: Bytes) -> Response {
    let lost = match enter(&state, &Method::POST, "/graphql", &headers, true).await {
        Ok(lost) => lost,
        Err(refused) => return refused,
    };
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut inner = state.lock().unwrap();
    let is_mutation = value["query"].as_str().is_some_and(|query| query.contains("updateRefs(input: $input)"));
    let input = &value["variables"]["input"];
    let updates = input["refUpdates"].as_array().cloned().unwrap_or_default();
    let [update] = updates.as_slice() else { return violate(&mut inner, "a mutation of other than one ref") };
    if !is_mutation || input["repositoryId"] != REPOSITORY_ID {
        return violate(&mut inner, "a query that is not about refs of this repository");
    }
    match moved(&mut inner.git, update) {
        Ok(()) => answer(StatusCode::OK, lost, &json!({ "data": { "updateRefs": { "clientMutationId": null } } })),
        Err((kind, message)) => {
            let error = json!({ "type": kind, "path": ["updateRefs"], "message": message });
            answer(StatusCode::OK, lost, &json!({ "data": { "updateRefs": null }, "errors": [error] }))
        }
    }
}

fn moved(git: &mut Git, update: &Value) -> Result<(), (&'static str, &'static str)> {
    let text = |name: &str| update[name].as_str().unwrap_or_default();
    let Some(name) = text("name").strip_prefix("refs/heads/") else { return Err(("UNPROCESSABLE", "not a branch")) };
    if git.is_denied {
        return Err(("FORBIDDEN", "Resource not accessible by integration"));
    }
    if git.is_ruled || git.protected.contains(name) {
        return Err(("UNPROCESSABLE", "Repository rule violations found"));
    }
    let now = git.branches.get(name).map_or(NOWHERE, String::as_str);
    if now != text("beforeOid") {
        return Err(("UNPROCESSABLE", "A ref update failed: the ref is at another commit"));
    }
    let after = text("afterOid");
    if !git.commits.contains_key(after) {
        return Err(("UNPROCESSABLE", "afterOid does not exist"));
    }
    if now != NOWHERE && update["force"] != true && !git.descends(after, now) {
        return Err(("UNPROCESSABLE", "Update is not a fast forward"));
    }
    git.branches.insert(name.to_owned(), after.to_owned());
    Ok(())
}
