//! The event that started the workflow, from its payload. A missing part is absent, never an error; a payload that cannot be read is one.

use serde_json::Value;

use crate::cli::environment::Environment;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cli) struct WorkflowEvent {
    /// Its name, as in `pull_request`.
    pub(in crate::cli) name: String,
    /// The commit that people look at. For a pull request that is its head, not the merge that is checked out.
    pub(in crate::cli) head_sha: Option<String>,
    pub(in crate::cli) pull_request: Option<u64>,
    /// Whether the code is from another repository.
    pub(in crate::cli) is_fork: bool,
    /// Whether a merge of the head is checked out, and not the head.
    pub(in crate::cli) is_merge: bool,
    /// The branch that was pushed; `None` for tags and other events.
    pub(super) branch: Option<String>,
    /// Why nothing is known about the event.
    pub(in crate::cli) unreadable: Option<String>,
    /// The repository's default branch.
    pub(super) default_branch: Option<String>,
    /// The repository's id in GraphQL.
    pub(super) repository_id: Option<String>,
    /// What happened, for events that are about several things: `published` for a release.
    pub(super) action: Option<String>,
    /// The commits that the event is about: one of them has to be checked out.
    pub(in crate::cli) vouched: Vec<String>,
    /// The commit before what the event is about, and the commit after it. Not for pull requests, whose files GitHub knows.
    pub(in crate::cli) commits: Option<(String, String)>,
}

/// Events whose commit is the repository's own: pushed to it, or the tip of its default branch. What a deployment, a status or a package
/// is about may be anybody's: bots deploy the code of forks. `docs/reference/github-actions.md#events`.
const VOUCHING: [&str; 17] = [
    "push",
    "workflow_dispatch",
    "repository_dispatch",
    "schedule",
    "release",
    "create",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "merge_group",
    "issues",
    "issue_comment",
    "discussion",
    "discussion_comment",
    "label",
    "milestone",
    "branch_protection_rule",
];

impl WorkflowEvent {
    /// Reads it from what the runner has set.
    pub(in crate::cli) fn of(environment: &Environment) -> Self {
        let name = environment.get("GITHUB_EVENT_NAME").unwrap_or_default();
        let (payload, unreadable) = match environment.get("GITHUB_EVENT_PATH").map(payload) {
            None => (Value::Null, None),
            Some(Ok(payload)) => (payload, None),
            Some(Err(reason)) => (Value::Null, Some(reason)),
        };
        let branch = environment.get("GITHUB_REF").and_then(|name| name.strip_prefix("refs/heads/")).map(str::to_owned);
        Self { branch, unreadable, ..Self::from_payload(name, &payload, environment.get("GITHUB_SHA")) }
    }

    /// Why the event does not publish, although events of this name may.
    pub(in crate::cli) fn test_only_because(&self, publish_branches: &[String]) -> Option<String> {
        match (self.name.as_str(), &self.branch) {
            ("release", _) if self.action.as_deref() != Some("published") => {
                Some(format!("the release was {}, not published", self.action.as_deref().unwrap_or("changed")))
            }
            ("push", Some(branch)) if self.default_branch.as_ref() != Some(branch) && !publish_branches.contains(branch) => {
                let default = self.default_branch.as_deref().unwrap_or("which is not known");
                Some(format!(
                    "the push is to {branch}, not to the default branch {default}, a tag, or a branch of publish_branches"
                ))
            }
            _ => None,
        }
    }

    /// Whether the token may create check runs and comments, as far as the event says.
    pub(super) fn may_write(&self) -> bool {
        // These two run in the base repository, with its rights.
        !self.is_fork || matches!(self.name.as_str(), "pull_request_target" | "workflow_run")
    }

    fn from_payload(name: &str, payload: &Value, sha: Option<&str>) -> Self {
        let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let differs = |head: &str, base: &str| {
            // A deleted fork has no name. In doubt, code counts as foreign.
            text(head).is_none_or(|head| text(base).is_none_or(|base| !head.eq_ignore_ascii_case(&base)))
        };
        let (head_sha, is_fork) = match name {
            "pull_request" | "pull_request_target" | "pull_request_review" => {
                (text("/pull_request/head/sha"), differs("/pull_request/head/repo/full_name", "/pull_request/base/repo/full_name"))
            }
            "workflow_run" => {
                (text("/workflow_run/head_sha"), differs("/workflow_run/head_repository/full_name", "/repository/full_name"))
            }
            "merge_group" => (text("/merge_group/head_sha"), false),
            // Reviews and comments of code that a pull request brings.
            _ if payload.pointer("/pull_request/head").is_some() => {
                (None, differs("/pull_request/head/repo/full_name", "/pull_request/base/repo/full_name"))
            }
            _ => (None, false),
        };
        let vouched = match name {
            _ if !VOUCHING.contains(&name) => Vec::new(),
            // The merge, or the head by itself.
            "pull_request" | "merge_group" => sha.map(str::to_owned).into_iter().chain(head_sha.clone()).collect(),
            _ => sha.map(str::to_owned).into_iter().collect(),
        };
        let pair = |before: &str, after: &str| Some((text(before)?, text(after)?));
        let commits = match name {
            "push" => pair("/before", "/after"),
            "merge_group" => pair("/merge_group/base_sha", "/merge_group/head_sha"),
            _ => None,
        };
        Self {
            commits,
            vouched,
            branch: None,
            unreadable: None,
            default_branch: text("/repository/default_branch"),
            repository_id: text("/repository/node_id"),
            action: text("/action"),
            is_merge: name == "pull_request" && head_sha.is_some() && head_sha.as_deref() != sha,
            name: name.to_owned(),
            head_sha: head_sha.or_else(|| sha.map(str::to_owned)),
            pull_request: payload.pointer("/pull_request/number").and_then(Value::as_u64),
            is_fork,
        }
    }
}

fn payload(path: &str) -> Result<Value, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    match serde_json::from_slice(&bytes) {
        Ok(payload @ Value::Object(_)) => Ok(payload),
        Ok(_) => Err("it is not a JSON object".to_owned()),
        Err(error) => Err(format!("it is not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pull_request(head: &Value) -> WorkflowEvent {
        let base = json!({ "sha": "b", "repo": { "full_name": "Acme/Hotdog" } });
        let payload = json!({ "pull_request": { "number": 7, "head": { "sha": "h", "repo": head }, "base": base } });
        WorkflowEvent::from_payload("pull_request", &payload, Some("merge"))
    }

    #[test]
    fn a_pull_request_is_about_its_head_and_may_be_foreign() {
        let own = pull_request(&json!({ "full_name": "acme/hotdog" }));
        assert_eq!((own.head_sha.as_deref(), own.pull_request, own.is_fork), (Some("h"), Some(7), false));
        assert!(pull_request(&json!({ "full_name": "mallory/hotdog" })).is_fork);
        assert!(pull_request(&Value::Null).is_fork, "the fork is gone");
    }

    #[test]
    fn only_the_default_branch_tags_and_named_branches_publish() {
        let push = |branch: Option<&str>| {
            let payload = json!({ "repository": { "default_branch": "main" } });
            WorkflowEvent { branch: branch.map(str::to_owned), ..WorkflowEvent::from_payload("push", &payload, Some("tip")) }
        };
        assert_eq!(push(Some("main")).test_only_because(&[]), None);
        assert_eq!(push(None).test_only_because(&[]), None, "a tag");
        assert_eq!(push(Some("release/2")).test_only_because(&["release/2".to_owned()]), None);
        assert!(
            push(Some("try")).test_only_because(&[]).unwrap().starts_with("the push is to try, not to the default branch main")
        );
        let unknown = WorkflowEvent { branch: Some("main".to_owned()), ..WorkflowEvent::from_payload("push", &Value::Null, None) };
        assert!(unknown.test_only_because(&[]).is_some());
    }

    #[test]
    fn only_a_published_release_publishes() {
        let release =
            |action: &str| WorkflowEvent::from_payload("release", &json!({ "action": action }), Some("tip")).test_only_because(&[]);
        assert_eq!(release("published"), None);
        assert_eq!(release("created").unwrap(), "the release was created, not published");
    }

    #[test]
    fn what_is_missing_is_absent_and_counts_as_foreign() {
        for payload in [Value::Null, json!([]), json!({ "pull_request": "x" })] {
            let event = WorkflowEvent::from_payload("pull_request", &payload, Some("merge"));
            assert_eq!((event.head_sha.as_deref(), event.pull_request, event.is_fork), (Some("merge"), None, true));
        }
        let push = WorkflowEvent::from_payload("push", &Value::Null, Some("tip"));
        assert_eq!((push.head_sha.as_deref(), push.is_fork), (Some("tip"), false));
    }

    #[test]
    fn other_events_name_their_commit() {
        let group = WorkflowEvent::from_payload("merge_group", &json!({ "merge_group": { "head_sha": "g" } }), Some("tip"));
        assert_eq!(group.head_sha.as_deref(), Some("g"));
        let payload = json!({
            "repository": { "full_name": "acme/hotdog" },
            "workflow_run": { "head_sha": "w", "head_repository": { "full_name": "mallory/hotdog" } },
        });
        let run = WorkflowEvent::from_payload("workflow_run", &payload, Some("tip"));
        assert_eq!((run.head_sha.as_deref(), run.is_fork), (Some("w"), true));
    }
}
