//! The client of the real API, over octocrab.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cog_findings::text::shorten;
use futures::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::clients::github::pace::WritePace;
use crate::clients::github::policy::{Advice, WritePolicy};
use crate::clients::github::{
    CheckRun, Comment, CommitComparison, DiffEntry, FileContent, GitHub, GitHubDeployment, GitHubError, NewCheckRun,
    NewDeploymentStatus, NewGitHubDeployment, PullRequest, Repository, UpdatedCheckRun,
};
use crate::clients::http::{HttpOptions, build_client};
use crate::support::clock::Clock;
use crate::support::secrets::Redactor;
use crate::support::{ExposeSecret, SecretString};

/// GitHub's own API.
const API: &str = "https://api.github.com";

/// Limit for a response: a page of 100 check runs with summary and text, with room to spare.
const BODY_BYTES: usize = 32 * 1024 * 1024;

const PAGE: usize = 100;

/// GitHub's limit for the files of a pull request.
const PULL_FILES: usize = 3000;

/// A commit comes with one pull request, or a few.
const PULLS_OF_COMMIT: usize = 100;

/// Limit for the next chunk of a response to arrive.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub struct GitHubOptions {
    /// The URL of the API. Default: GitHub's own.
    pub api_url: Option<String>,
    pub repository: Repository,
    pub token: SecretString,
    pub policy: WritePolicy,
    /// Hides secrets in everything that is sent.
    pub redactor: Redactor,
}

/// The client for one repository on GitHub.
pub struct RealGitHub {
    octocrab: Octocrab,
    graph: Octocrab,
    repository: Repository,
    policy: WritePolicy,
    redactor: Redactor,
    clock: Arc<dyn Clock>,
    pace: WritePace,
}

struct RawResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Whether to repeat a request whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Freely,
    OnlyWhenRefused,
}

impl RealGitHub {
    /// Creates a client without sending anything. Must be called within a runtime.
    pub fn new(options: GitHubOptions, clock: Arc<dyn Clock>) -> Result<Self, GitHubError> {
        let wrong = |error: &dyn std::fmt::Display| GitHubError::Settings {
            problem: format!("failed to build the GitHub client: {error}"),
        };
        let http = HttpOptions { read_timeout: READ_TIMEOUT, ..HttpOptions::default() };
        let client = build_client(&http).map_err(|error| wrong(&error))?;
        let address = options.api_url.as_deref().unwrap_or(API).trim_end_matches('/');
        let at = |address: &str| {
            Octocrab::builder()
                .base_uri(address)
                .map_err(|_no_address| GitHubError::Settings {
                    problem: format!("'{address}' is not a valid URL of GitHub's API"),
                })?
                .personal_token(options.token.expose_secret())
                .build_with_reqwest(client.clone())
                .map_err(|error| wrong(&error))
        };
        // GitHub Enterprise Server has one at `/api/v3` and the other at `/api/graphql`.
        let (octocrab, graph) = (at(address)?, at(address.strip_suffix("/v3").unwrap_or(address))?);
        let pace = WritePace::new(options.policy.writes_per_minute);
        let GitHubOptions { repository, policy, redactor, .. } = options;
        Ok(Self { octocrab, graph, repository, policy, redactor, clock, pace })
    }

    pub(super) fn pace(&self) -> &WritePace {
        &self.pace
    }

    async fn once(
        octocrab: &Octocrab,
        method: &Method,
        route: &str,
        body: Option<&Value>,
    ) -> Result<RawResponse, Box<dyn std::error::Error + Send + Sync>> {
        let request = http::Request::builder().method(method.clone()).uri(route);
        let request = octocrab.build_request(request, body)?;
        let (parts, body) = octocrab.execute(request).await?.into_parts();
        let body = Limited::new(body, BODY_BYTES).collect().await?.to_bytes();
        Ok(RawResponse { status: parts.status, headers: parts.headers, body })
    }

    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        repeat: Repeat,
        attempted: &str,
    ) -> Result<Bytes, GitHubError> {
        let route = format!("/repos/{}{path}", self.repository);
        self.send((&self.octocrab, method, &route), body, repeat, attempted).await
    }

    /// Sends a mutation of GraphQL once, unless it was not executed.
    pub(super) async fn graph(&self, body: &Value, attempted: &str) -> Result<Bytes, GitHubError> {
        self.send((&self.graph, Method::POST, "/graphql"), Some(body), Repeat::OnlyWhenRefused, attempted).await
    }

    async fn send(
        &self,
        (octocrab, method, route): (&Octocrab, Method, &str),
        body: Option<&Value>,
        repeat: Repeat,
        attempted: &str,
    ) -> Result<Bytes, GitHubError> {
        let attempted = attempted.to_owned();
        let body = body.map(|body| self.redactor.json(body.clone()).into_inner());
        let mut waits = self.policy.retries.waits();
        loop {
            let next = waits.next();
            if method != Method::GET {
                self.pace.turn().await;
            }
            let error = match Self::once(octocrab, &method, route, body.as_ref()).await {
                Err(source) => GitHubError::Unreachable { attempted: attempted.clone(), source },
                Ok(answer) => match self.policy.advice(answer.status, &answer.headers, &answer.body, self.clock.now()) {
                    Advice::Done => return Ok(answer.body),
                    Advice::Final => return Err(refusal(&answer, attempted)),
                    Advice::Failed => GitHubError::Unavailable { attempted: attempted.clone(), status: answer.status.as_u16() },
                    Advice::Limited(wait) => match next {
                        Some(own) if wait <= self.policy.retries.longest_wait => {
                            sleep(wait.max(own)).await;
                            continue;
                        }
                        _ => return Err(GitHubError::Limited { attempted, wait }),
                    },
                },
            };
            match next {
                Some(wait) if repeat == Repeat::Freely => sleep(wait).await,
                _ => return Err(error),
            }
        }
    }

    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str, attempted: &str) -> Result<T, GitHubError> {
        parse(&self.call(Method::GET, path, None, Repeat::Freely, attempted).await?, attempted)
    }

    /// All pages of a list. `path` already contains a `?`.
    async fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        attempted: &str,
        at_most: usize,
        entries: fn(Value) -> Value,
    ) -> Result<Vec<T>, GitHubError> {
        let mut all = Vec::new();
        for page in 1.. {
            let answer: Value = self.read(&format!("{path}&per_page={PAGE}&page={page}"), attempted).await?;
            let found: Vec<T> = serde_json::from_value(entries(answer))
                .map_err(|source| GitHubError::Malformed { attempted: attempted.to_owned(), source })?;
            let is_last = found.len() < PAGE;
            all.extend(found);
            if is_last || all.len() >= at_most {
                break;
            }
        }
        Ok(all)
    }
}

impl GitHub for RealGitHub {
    fn create_check_run<'a>(&'a self, run: &'a NewCheckRun) -> BoxFuture<'a, Result<CheckRun, GitHubError>> {
        Box::pin(async move {
            let attempted = format!("create the check run '{}'", run.name);
            let body = json_of(run, &attempted)?;
            let mut waits = self.policy.retries.waits();
            loop {
                let error = match self.call(Method::POST, "/check-runs", Some(&body), Repeat::OnlyWhenRefused, &attempted).await {
                    Ok(answer) => return parse(&answer, &attempted),
                    Err(error) if error.is_uncertain() => error,
                    Err(error) => return Err(error),
                };
                let Some(wait) = waits.next() else { return Err(error) };
                sleep(wait).await;
                let existing = self.check_runs(&run.head_sha, Some(&run.name)).await?;
                if let Some(found) = existing.into_iter().find(|found| found.external_id.as_deref() == Some(&run.external_id)) {
                    return Ok(found);
                }
            }
        })
    }

    fn update_check_run<'a>(&'a self, id: u64, run: &'a UpdatedCheckRun) -> BoxFuture<'a, Result<(), GitHubError>> {
        Box::pin(async move {
            let attempted = format!("update check run {id}");
            let body = json_of(run, &attempted)?;
            // Every update adds its annotations, so an update with annotations must not be repeated when its response is lost. Without
            // them the result is the same however often it is sent.
            let repeat = if run.output.annotations.is_empty() { Repeat::Freely } else { Repeat::OnlyWhenRefused };
            match self.call(Method::PATCH, &format!("/check-runs/{id}"), Some(&body), repeat, &attempted).await {
                Err(error) if error.is_uncertain() && repeat == Repeat::OnlyWhenRefused => {
                    self.update_after_doubt(id, run, &attempted).await
                }
                other => other.map(drop),
            }
        })
    }

    fn check_runs<'a>(&'a self, sha: &'a str, name: Option<&'a str>) -> BoxFuture<'a, Result<Vec<CheckRun>, GitHubError>> {
        Box::pin(async move {
            let name = name.map(|name| format!("&check_name={}", encoded(name))).unwrap_or_default();
            let path = format!("/commits/{}/check-runs?filter=all{name}", encoded(sha));
            let entries = |mut answer: Value| answer.get_mut("check_runs").map(Value::take).unwrap_or_default();
            self.pages(&path, "list check runs", usize::MAX, entries).await
        })
    }

    fn comments<'a>(&'a self, number: u64) -> BoxFuture<'a, Result<Vec<Comment>, GitHubError>> {
        Box::pin(
            async move { self.pages(&format!("/issues/{number}/comments?"), "list comments", usize::MAX, |answer| answer).await },
        )
    }

    fn create_comment<'a>(&'a self, number: u64, body: &'a str) -> BoxFuture<'a, Result<Comment, GitHubError>> {
        Box::pin(async move {
            let attempted = format!("comment on pull request {number}");
            let body = json!({ "body": body });
            let path = format!("/issues/{number}/comments");
            parse(&self.call(Method::POST, &path, Some(&body), Repeat::OnlyWhenRefused, &attempted).await?, &attempted)
        })
    }

    fn update_comment<'a>(&'a self, id: u64, body: &'a str) -> BoxFuture<'a, Result<(), GitHubError>> {
        Box::pin(async move {
            let body = json!({ "body": body });
            let attempted = format!("update comment {id}");
            self.call(Method::PATCH, &format!("/issues/comments/{id}"), Some(&body), Repeat::Freely, &attempted).await.map(drop)
        })
    }

    fn delete_comment<'a>(&'a self, id: u64) -> BoxFuture<'a, Result<(), GitHubError>> {
        Box::pin(async move {
            let attempted = format!("delete comment {id}");
            match self.call(Method::DELETE, &format!("/issues/comments/{id}"), None, Repeat::Freely, &attempted).await {
                Ok(_) | Err(GitHubError::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    fn pull_request_files<'a>(&'a self, number: u64) -> BoxFuture<'a, Result<Vec<DiffEntry>, GitHubError>> {
        Box::pin(async move {
            let path = format!("/pulls/{number}/files?");
            self.pages(&path, "list the files of the pull request", PULL_FILES, |answer| answer).await
        })
    }

    fn file_at<'a>(&'a self, path: &'a str, sha: &'a str) -> BoxFuture<'a, Result<Option<String>, GitHubError>> {
        Box::pin(async move {
            let attempted = format!("read {path}");
            let parts: Vec<String> = path.split('/').map(encoded).collect();
            let route = format!("/contents/{}?ref={}", parts.join("/"), encoded(sha));
            let content: FileContent = match self.read(&route, &attempted).await {
                Ok(content) => content,
                Err(GitHubError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            Ok(content.text())
        })
    }

    fn pull_requests_of<'a>(&'a self, sha: &'a str) -> BoxFuture<'a, Result<Vec<PullRequest>, GitHubError>> {
        Box::pin(async move {
            let path = format!("/commits/{}/pulls?", encoded(sha));
            self.pages(&path, "list the pull requests of the commit", PULLS_OF_COMMIT, |answer| answer).await
        })
    }

    fn compare<'a>(&'a self, base: &'a str, head: &'a str) -> BoxFuture<'a, Result<CommitComparison, GitHubError>> {
        Box::pin(async move {
            // Files are on the first page, whatever its size. Commits are not needed.
            self.read(&format!("/compare/{}...{}?per_page=1", encoded(base), encoded(head)), "compare commits").await
        })
    }

    fn last_deployment<'a>(
        &'a self,
        environment: &'a str,
        task: &'a str,
    ) -> BoxFuture<'a, Result<Option<GitHubDeployment>, GitHubError>> {
        Box::pin(async move {
            let path = format!("/deployments?environment={}&task={}&per_page=1", encoded(environment), encoded(task));
            // Newest first.
            let found: Vec<GitHubDeployment> = self.read(&path, "list deployments").await?;
            Ok(found.into_iter().next())
        })
    }

    fn create_deployment<'a>(
        &'a self,
        deployment: &'a NewGitHubDeployment,
    ) -> BoxFuture<'a, Result<GitHubDeployment, GitHubError>> {
        Box::pin(async move {
            let attempted = format!("create a deployment of {}", deployment.environment);
            let body = json_of(deployment, &attempted)?;
            // One that is created twice is replaced by the next.
            parse(&self.call(Method::POST, "/deployments", Some(&body), Repeat::Freely, &attempted).await?, &attempted)
        })
    }

    fn create_deployment_status<'a>(&'a self, id: u64, status: &'a NewDeploymentStatus) -> BoxFuture<'a, Result<(), GitHubError>> {
        Box::pin(async move {
            let attempted = format!("update deployment {id}");
            let body = json_of(status, &attempted)?;
            // The last status counts, and two alike say the same.
            self.call(Method::POST, &format!("/deployments/{id}/statuses"), Some(&body), Repeat::Freely, &attempted).await.map(drop)
        })
    }
}

impl RealGitHub {
    /// Checks whether the lost update arrived, and sends it once more if it did not.
    async fn update_after_doubt(&self, id: u64, run: &UpdatedCheckRun, attempted: &str) -> Result<(), GitHubError> {
        let body = json_of(run, attempted)?;
        let path = format!("/check-runs/{id}");
        let mut last = None;
        for wait in self.policy.retries.waits() {
            sleep(wait).await;
            let now: CheckRun = self.read(&path, attempted).await?;
            if now.status == "completed" && now.output.title == run.output.title {
                return Ok(());
            }
            match self.call(Method::PATCH, &path, Some(&body), Repeat::OnlyWhenRefused, attempted).await {
                Err(error) if error.is_uncertain() => last = Some(error),
                other => return other.map(drop),
            }
        }
        last.map_or(Ok(()), Err)
    }
}

pub(super) fn json_of(value: &impl Serialize, attempted: &str) -> Result<Value, GitHubError> {
    serde_json::to_value(value).map_err(|source| GitHubError::Malformed { attempted: attempted.to_owned(), source })
}

pub(super) fn parse<T: DeserializeOwned>(body: &[u8], attempted: &str) -> Result<T, GitHubError> {
    serde_json::from_slice(body).map_err(|source| GitHubError::Malformed { attempted: attempted.to_owned(), source })
}

pub(super) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn refusal(answer: &RawResponse, attempted: String) -> GitHubError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = body.get("message").and_then(Value::as_str).unwrap_or("no reason given");
    let details = body.get("errors").filter(|errors| !errors.is_null()).map(|errors| format!(" {errors}")).unwrap_or_default();
    let message = shorten(&format!("{message}{details}"), 500);
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => GitHubError::Denied { attempted, message },
        StatusCode::NOT_FOUND => GitHubError::NotFound { attempted },
        status => GitHubError::Refused { attempted, status: status.as_u16(), message },
    }
}
