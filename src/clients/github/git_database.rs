//! Branches, commits, trees and blobs, without a checkout: `docs/reference/github-actions.md#git-database`.

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::clients::github::GitHubError;

/// The objects of a repository.
pub trait GitDatabase: Send + Sync {
    /// Waits until this many requests that create content can follow each other without a pause. Returns whether there was a wait.
    fn room_for_writes<'a>(&'a self, count: usize) -> BoxFuture<'a, bool>;

    /// A branch; `None` if it does not exist.
    fn branch<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<GitBranch>, GitHubError>>;

    /// All files of a tree, those of its folders included.
    fn tree<'a>(&'a self, sha: &'a str) -> BoxFuture<'a, Result<GitTree, GitHubError>>;

    /// Creates a file without a name. Returns its id.
    fn create_blob<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, Result<String, GitHubError>>;

    /// Creates a tree. Returns its id.
    fn create_tree<'a>(&'a self, entries: &'a [NewTreeEntry]) -> BoxFuture<'a, Result<String, GitHubError>>;

    /// Creates a commit without a parent. Returns its id.
    fn create_root_commit<'a>(&'a self, message: &'a str, tree: &'a str) -> BoxFuture<'a, Result<String, GitHubError>>;

    /// Moves a branch to a commit, if it is still where it was: at `before`, or nowhere.
    ///
    /// `repository_id` is the repository's id in GraphQL, since only that interface compares before it moves.
    fn swap_branch<'a>(
        &'a self,
        repository_id: &'a str,
        name: &'a str,
        before: Option<&'a str>,
        after: &'a str,
    ) -> BoxFuture<'a, Result<Swap, GitHubError>>;
}

/// What became of an attempt to move a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    Moved,
    /// Somebody else moved it first.
    Lost,
}

/// A branch and its last commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitBranch {
    pub commit: String,
    pub message: String,
    pub tree: String,
    /// How many commits it follows directly.
    pub parents: usize,
    pub is_protected: bool,
}

/// The files of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GitTree {
    #[serde(rename = "tree")]
    pub entries: Vec<GitTreeEntry>,
    /// Whether GitHub left entries out.
    #[serde(default, rename = "truncated")]
    pub is_truncated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GitTreeEntry {
    pub path: String,
    #[serde(rename = "type")]
    pub kind: GitObjectKind,
    pub sha: String,
    /// In bytes. Only files have one.
    #[serde(default)]
    pub size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GitObjectKind {
    Blob,
    Tree,
    /// A submodule.
    #[serde(other)]
    Other,
}

/// A file of a new tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewTreeEntry {
    path: String,
    mode: &'static str,
    r#type: &'static str,
    #[serde(flatten)]
    content: TreeContent,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum TreeContent {
    Sha(String),
    /// GitHub makes the blob.
    Content(&'static str),
}

impl NewTreeEntry {
    /// A file that exists as a blob.
    pub fn of_blob(path: String, sha: String) -> Self {
        Self { path, mode: "100644", r#type: "blob", content: TreeContent::Sha(sha) }
    }

    /// A text of ours.
    pub fn of_text(path: &str, text: &'static str) -> Self {
        Self { path: path.to_owned(), mode: "100644", r#type: "blob", content: TreeContent::Content(text) }
    }
}

/// A branch as the API describes it.
#[derive(Debug, Deserialize)]
pub(super) struct BranchAnswer {
    commit: CommitAnswer,
    #[serde(default)]
    protected: bool,
}

#[derive(Debug, Deserialize)]
struct CommitAnswer {
    sha: String,
    commit: CommitDetails,
    parents: Vec<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct CommitDetails {
    message: String,
    tree: ObjectId,
}

/// The id of a new object.
#[derive(Debug, Deserialize)]
pub(super) struct ObjectId {
    pub(super) sha: String,
}

impl From<BranchAnswer> for GitBranch {
    fn from(answer: BranchAnswer) -> Self {
        let CommitAnswer { sha, commit, parents } = answer.commit;
        Self { commit: sha, message: commit.message, tree: commit.tree.sha, parents: parents.len(), is_protected: answer.protected }
    }
}

/// An answer of GraphQL.
#[derive(Debug, Deserialize)]
pub(super) struct GraphAnswer {
    #[serde(default)]
    pub(super) errors: Vec<GraphProblem>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GraphProblem {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) message: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_are_written_as_github_reads_them() {
        let entries =
            [NewTreeEntry::of_blob("11.1/a-1.png".to_owned(), "0123".to_owned()), NewTreeEntry::of_text("README.md", "Images")];
        assert_eq!(
            serde_json::to_value(entries).unwrap(),
            json!([
                { "path": "11.1/a-1.png", "mode": "100644", "type": "blob", "sha": "0123" },
                { "path": "README.md", "mode": "100644", "type": "blob", "content": "Images" },
            ])
        );
    }

    #[test]
    fn a_submodule_is_something_else() {
        let tree: GitTree = serde_json::from_value(json!({
            "sha": "t", "truncated": true,
            "tree": [{ "path": "x", "mode": "160000", "type": "commit", "sha": "c" }],
        }))
        .unwrap();
        assert_eq!((tree.entries[0].kind, tree.entries[0].size, tree.is_truncated), (GitObjectKind::Other, 0, true));
    }
}
