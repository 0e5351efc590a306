//! The objects of a repository over the real API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cog_findings::text::shorten;
use futures::future::BoxFuture;
use http::Method;
use serde_json::json;

use crate::clients::github::git_database::{BranchAnswer, GraphAnswer, GraphProblem, ObjectId};
use crate::clients::github::real::{RealGitHub, Repeat, encoded, json_of, parse};
use crate::clients::github::{GitBranch, GitDatabase, GitHubError, GitTree, NewTreeEntry, Swap};

/// A ref that does not exist, where GraphQL wants the id of a commit.
const NOWHERE: &str = "0000000000000000000000000000000000000000";

/// Unlike `PATCH /git/refs`, this compares with `beforeOid` before it moves a ref.
const UPDATE_REFS: &str = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";

impl GitDatabase for RealGitHub {
    fn room_for_writes<'a>(&'a self, count: usize) -> BoxFuture<'a, bool> {
        Box::pin(self.pace().room(count))
    }

    fn branch<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<GitBranch>, GitHubError>> {
        Box::pin(async move {
            match self.read::<BranchAnswer>(&format!("/branches/{}", encoded(name)), &format!("read branch {name}")).await {
                Ok(answer) => Ok(Some(answer.into())),
                Err(GitHubError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn tree<'a>(&'a self, sha: &'a str) -> BoxFuture<'a, Result<GitTree, GitHubError>> {
        Box::pin(async move { self.read(&format!("/git/trees/{}?recursive=1", encoded(sha)), "list the files of a commit").await })
    }

    fn create_blob<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, Result<String, GitHubError>> {
        Box::pin(async move {
            let body = json!({ "content": STANDARD.encode(bytes), "encoding": "base64" });
            self.create_object("/git/blobs", &body, "upload an image").await
        })
    }

    fn create_tree<'a>(&'a self, entries: &'a [NewTreeEntry]) -> BoxFuture<'a, Result<String, GitHubError>> {
        Box::pin(async move {
            let attempted = "create a tree";
            let body = json!({ "tree": json_of(&entries, attempted)? });
            self.create_object("/git/trees", &body, attempted).await
        })
    }

    fn create_root_commit<'a>(&'a self, message: &'a str, tree: &'a str) -> BoxFuture<'a, Result<String, GitHubError>> {
        Box::pin(async move {
            let body = json!({ "message": message, "tree": tree, "parents": [] });
            self.create_object("/git/commits", &body, "create a commit").await
        })
    }

    fn swap_branch<'a>(
        &'a self,
        repository_id: &'a str,
        name: &'a str,
        before: Option<&'a str>,
        after: &'a str,
    ) -> BoxFuture<'a, Result<Swap, GitHubError>> {
        Box::pin(async move {
            let attempted = format!("move branch {name}");
            let update = json!({
                "name": format!("refs/heads/{name}"),
                "beforeOid": before.unwrap_or(NOWHERE),
                "afterOid": after,
                "force": true,
            });
            let variables = json!({ "input": { "repositoryId": repository_id, "refUpdates": [update] } });
            let body = json!({ "query": UPDATE_REFS, "variables": variables });
            // Whatever became of it, the branch itself says whether it was moved.
            let answer = self.graph(&body, &attempted).await;
            let refused = match answer {
                Ok(answer) => match parse::<GraphAnswer>(&answer, &attempted)?.errors.first() {
                    None => return Ok(Swap::Moved),
                    Some(problem) => refusal(problem, attempted),
                },
                Err(error) if error.is_uncertain() => error,
                Err(error) => return Err(error),
            };
            let now = self.branch(name).await?.map(|branch| branch.commit);
            match now.as_deref() {
                Some(now) if now == after => Ok(Swap::Moved),
                now if now != before => Ok(Swap::Lost),
                // It may still arrive, but then it is refused, or it is the one that moves.
                _ if refused.is_uncertain() => Ok(Swap::Lost),
                _ => Err(refused),
            }
        })
    }
}

impl RealGitHub {
    /// Objects are named by their content, so one that is created twice is one.
    async fn create_object(&self, path: &str, body: &serde_json::Value, attempted: &str) -> Result<String, GitHubError> {
        let answer = self.call(Method::POST, path, Some(body), Repeat::Freely, attempted).await?;
        parse::<ObjectId>(&answer, attempted).map(|created| created.sha)
    }
}

fn refusal(problem: &GraphProblem, attempted: String) -> GitHubError {
    let message = shorten(&problem.message, 500);
    match problem.kind.as_str() {
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" => GitHubError::Denied { attempted, message },
        "NOT_FOUND" => GitHubError::NotFound { attempted },
        // An error of GraphQL comes with a status of 200, so this is the status that REST has for it.
        _ => GitHubError::Refused { attempted, status: 422, message },
    }
}
