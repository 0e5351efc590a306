//! Where a run comes from: the commit, and in a workflow the pull request, the run of CI and its author.

use crate::cli::action::{WorkflowEvent, checked_out};
use crate::cli::environment::Environment;
use crate::report::json::v1::Origin;

/// What the environment says; `None` if it says nothing.
pub(super) fn origin(environment: &Environment) -> Option<Origin> {
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let is_workflow = environment.is_workflow();
    let event = if is_workflow { WorkflowEvent::of(environment) } else { WorkflowEvent::default() };
    let server = environment.get("GITHUB_SERVER_URL").unwrap_or("https://github.com");
    let repository = variable("GITHUB_REPOSITORY").filter(|_| is_workflow);
    let page = |path: String| repository.as_ref().map(|repository| format!("{server}/{repository}/{path}"));
    let (commit, branch) = if is_workflow {
        let branch = variable("GITHUB_HEAD_REF").or_else(|| variable("GITHUB_REF_NAME"));
        // The merge of a pull request has a name that means nothing to people.
        (event.head_sha.clone(), branch.filter(|name| !name.ends_with("/merge")))
    } else {
        checked_out(environment.folder())
    };
    let origin = Origin {
        commit_url: commit.as_ref().and_then(|commit| page(format!("commit/{commit}"))),
        commit,
        branch,
        pull_request: event.pull_request,
        pull_request_url: event.pull_request.and_then(|number| page(format!("pull/{number}"))),
        ci_run_url: variable("GITHUB_RUN_ID").filter(|_| is_workflow).and_then(|id| page(format!("actions/runs/{id}"))),
        author: variable("GITHUB_TRIGGERING_ACTOR").or_else(|| variable("GITHUB_ACTOR")).filter(|_| is_workflow),
        repository,
    };
    (origin != Origin::default()).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&'static str, &str)]) -> Option<Origin> {
        origin(&Environment::of(variables.iter().map(|(name, value)| (*name, (*value).to_owned()))))
    }

    #[test]
    fn a_workflow_names_its_commit_branch_pull_request_and_author() {
        let folder = tempfile::tempdir().unwrap();
        let payload = folder.path().join("event.json");
        std::fs::write(&payload, r#"{"pull_request":{"number":7,"head":{"sha":"abc"}}}"#).unwrap();
        let found = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", &payload.display().to_string()),
            ("GITHUB_REPOSITORY", "acme/models"),
            ("GITHUB_HEAD_REF", "faster"),
            ("GITHUB_REF_NAME", "7/merge"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_ACTOR", "ada"),
        ])
        .unwrap();
        assert_eq!((found.commit.as_deref(), found.branch.as_deref(), found.pull_request), (Some("abc"), Some("faster"), Some(7)));
        assert_eq!(found.pull_request_url.as_deref(), Some("https://github.com/acme/models/pull/7"));
        assert_eq!(found.ci_run_url.as_deref(), Some("https://github.com/acme/models/actions/runs/42"));
        assert_eq!((found.repository.as_deref(), found.author.as_deref()), (Some("acme/models"), Some("ada")));
    }

    #[test]
    fn variables_of_a_workflow_mean_nothing_outside_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of([("GITHUB_REPOSITORY", "acme/models".to_owned())]).bare_at(folder.path());
        assert_eq!(origin(&environment), None);
    }
}
