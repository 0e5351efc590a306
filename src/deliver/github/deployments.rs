//! Deployments on GitHub: the repository's page of environments shows what can be tried, what is live, and since when.
//!
//! A staged version is one of the environment `preview`, a published one of `replicate/OWNER/NAME`. All models share `preview`, and every
//! pull request has its own, so GitHub's own way of replacing deployments would end those of others. Instead a deployment's task says whose
//! it is, and the one before it of the same task is made inactive.
//!
//! The first request shows whether the token has `deployments: write`. Without it there are no deployments, which is not a problem.

use crate::clients::github::{DeploymentState, GitHub, GitHubError, NewDeploymentStatus, NewGitHubDeployment};
use crate::deliver::github::job::Job;
use crate::deliver::{DeliveryTarget, Undelivered};
use crate::domain::verdict::Verdict;
use crate::report::json::v1::{Model, Run};

/// The environment of staged versions.
const PREVIEW: &str = "preview";

/// Where the versions of a run belong.
#[derive(Debug, Clone, Copy)]
pub struct Placement<'a> {
    pub job: &'a Job,
    /// The pull request that versions are staged for.
    pub pull_request: Option<u64>,
    /// The workflow run's page.
    pub run_url: Option<&'a str>,
}

/// Creates a deployment for each version that the run staged or published, and makes those inactive that it replaces.
pub async fn announce(github: &dyn GitHub, placement: Placement<'_>, run: &Run) -> Vec<Undelivered> {
    let mut undelivered = Vec::new();
    for model in &run.models {
        for deployed in deployed(model, placement) {
            match create(github, placement, &deployed).await {
                Ok(()) => {}
                // A token that may not create one may not create any.
                Err(GitHubError::Denied { .. } | GitHubError::NotFound { .. }) => {
                    tracing::debug!("the token may not create deployments");
                    return undelivered;
                }
                Err(error) => {
                    let target = DeliveryTarget::Deployment { environment: deployed.environment.clone() };
                    undelivered.push(Undelivered::at_github(target, &error));
                }
            }
        }
    }
    undelivered
}

/// A version at the place where it can be used.
struct WantedDeployment {
    environment: String,
    task: String,
    url: String,
    description: String,
    state: DeploymentState,
    is_live: bool,
}

fn deployed(model: &Model, placement: Placement<'_>) -> Vec<WantedDeployment> {
    let name = placement.job.matrix_job.subject(&model.name);
    let mut found = Vec::new();
    if let Some(url) = model.versions.live.as_deref().and_then(page) {
        found.push(WantedDeployment {
            environment: format!("replicate/{}", model.model),
            task: "safe-push".to_owned(),
            url,
            description: "Published on Replicate".to_owned(),
            state: DeploymentState::Success,
            is_live: true,
        });
    } else if let Some(url) = model.versions.test.as_deref().and_then(page) {
        let whose = placement.pull_request.map(|number| format!(":{number}")).unwrap_or_default();
        let (state, result) = match model.verdict {
            Verdict::Passed => (DeploymentState::Success, "passed"),
            Verdict::Failed => (DeploymentState::Failure, "failed"),
            Verdict::ServiceError | Verdict::Billing | Verdict::Misconfigured | Verdict::Cancelled => {
                (DeploymentState::Failure, "not tested to the end")
            }
        };
        found.push(WantedDeployment {
            environment: PREVIEW.to_owned(),
            task: format!("safe-push{whose}:{name}"),
            url,
            description: format!("{}: {result}", cog_findings::text::shorten(&name, 100)),
            state,
            is_live: false,
        });
    }
    found
}

/// The page of a version, where it can be tried.
fn page(version: &str) -> Option<String> {
    let (model, id) = version.split_once(':')?;
    Some(format!("https://replicate.com/{model}/versions/{id}"))
}

async fn create(github: &dyn GitHub, placement: Placement<'_>, deployed: &WantedDeployment) -> Result<(), GitHubError> {
    let before = github.last_deployment(&deployed.environment, &deployed.task).await?;
    let created = github
        .create_deployment(&NewGitHubDeployment {
            r#ref: placement.job.sha.clone(),
            task: deployed.task.clone(),
            environment: deployed.environment.clone(),
            description: deployed.description.clone(),
            transient_environment: !deployed.is_live,
            production_environment: deployed.is_live,
            auto_merge: false,
            required_contexts: Vec::new(),
        })
        .await?;
    let status = NewDeploymentStatus {
        state: deployed.state,
        description: deployed.description.clone(),
        auto_inactive: false,
        environment_url: Some(deployed.url.clone()),
        log_url: placement.run_url.map(str::to_owned),
    };
    github.create_deployment_status(created.id, &status).await?;
    let Some(before) = before else { return Ok(()) };
    let replaced = NewDeploymentStatus {
        state: DeploymentState::Inactive,
        description: "Replaced".to_owned(),
        auto_inactive: false,
        environment_url: None,
        log_url: None,
    };
    github.create_deployment_status(before.id, &replaced).await
}
