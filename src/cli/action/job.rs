//! The job of a workflow that this process runs in: its place in a matrix, and its page.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use cog_findings::text::shorten;

use crate::cli::action::event::WorkflowEvent;
use crate::cli::environment::Environment;
use crate::clients::github::WritePolicy;
use crate::config::VerifyMode;
use crate::deliver::github::Job;
use crate::domain::choice::Choice as _;
use crate::report::github::{Frame, MatrixJob, Workflow, WorkflowRun};

/// A longer name of a variant would hide the model's.
const VARIANT_BYTES: usize = 60;

/// What check runs of this job are about; `None` if the runner names no commit.
pub(super) fn job(environment: &Environment, event: &WorkflowEvent) -> Option<Job> {
    Some(Job { sha: event.head_sha.clone()?, run: workflow_run(environment), matrix_job: matrix_job_of(environment) })
}

/// What the comment says about the workflow run.
pub(super) fn frame(environment: &Environment, event: &WorkflowEvent) -> Option<Frame> {
    let run = workflow_run(environment);
    let run_url = repository_url(environment).map(|repository| format!("{repository}/actions/runs/{}", run.id));
    Some(Frame {
        workflow: Workflow::of(environment.get("GITHUB_WORKFLOW_REF"), environment.get("GITHUB_WORKFLOW")),
        run,
        head_sha: event.head_sha.clone()?,
        run_url,
        is_proposal: event.pull_request.is_some(),
    })
}

/// The repository's page.
pub(super) fn repository_url(environment: &Environment) -> Option<String> {
    let server = environment.get("GITHUB_SERVER_URL").unwrap_or("https://github.com");
    environment.get("GITHUB_REPOSITORY").map(|repository| format!("{server}/{repository}"))
}

/// How a client for GitHub behaves in this job: jobs that run at the same time share what GitHub allows.
pub(super) fn policy(environment: &Environment) -> WritePolicy {
    let strategy = object(environment, "INPUT_JOB_STRATEGY");
    let number = |name: &str| strategy.get(name).and_then(Value::as_u64);
    let total = number("job-total").unwrap_or(1);
    WritePolicy::shared(number("max-parallel").filter(|most| *most > 0).unwrap_or(total).min(total))
}

fn workflow_run(environment: &Environment) -> WorkflowRun {
    let number = |name: &str| environment.get(name).and_then(|value| value.parse().ok());
    WorkflowRun { id: number("GITHUB_RUN_ID").unwrap_or_default(), attempt: number("GITHUB_RUN_ATTEMPT").unwrap_or(1) }
}

fn matrix_job_of(environment: &Environment) -> MatrixJob {
    let strategy = object(environment, "INPUT_JOB_STRATEGY");
    let number = |name: &str| strategy.get(name).and_then(Value::as_u64);
    let total = number("job-total").unwrap_or(1).max(1);
    let of = |name: &str| short_hash(environment.get(name).unwrap_or_default());
    MatrixJob {
        call: short_hash(&format!("{}{}", of("INPUT_JOB_CALL"), of("INPUT_VARIANT"))),
        job: of("GITHUB_JOB"),
        index: number("job-index").unwrap_or_default().min(total - 1),
        total,
        variant: variant(environment),
    }
}

fn short_hash(text: &str) -> String {
    Sha256::digest(text).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Distinguishes this job from others that run the same model: the name that the workflow gives it, and the matrix values besides the
/// model.
fn variant(environment: &Environment) -> Option<String> {
    let models = environment.get("INPUT_MODELS");
    let matrix = object(environment, "INPUT_JOB_MATRIX");
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    // Jobs that share more models than a matrix has room for are numbered, in the member `leg`.
    let is_number_of_job = |name: &str, value: &Value| name == "leg" && value.is_number();
    let others = matrix.iter().filter(|(name, value)| Some(text(value).as_str()) != models && !is_number_of_job(name, value));
    let named = environment.get("INPUT_VARIANT").map(str::to_owned);
    // A test of the live version has its own check run.
    let live = environment.get("INPUT_VERIFY").filter(|mode| *mode == VerifyMode::Live.name()).map(str::to_owned);
    let parts: Vec<String> = named.into_iter().chain(live).chain(others.map(|(_, value)| text(value))).collect();
    // One line without the signs that the name of a check run or its external id gives a meaning.
    let name: String = parts.join(", ").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name = shorten(name.trim(), VARIANT_BYTES);
    (!name.is_empty()).then_some(name)
}

fn object(environment: &Environment, name: &str) -> Map<String, Value> {
    let text = environment.get(name).unwrap_or_default();
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) | Err(_) => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(models: &str, matrix: &str) -> MatrixJob {
        let strategy = r#"{"fail-fast":false,"job-index":2,"job-total":6,"max-parallel":3}"#;
        let variables = [("INPUT_MODELS", models), ("INPUT_JOB_MATRIX", matrix), ("INPUT_JOB_STRATEGY", strategy)];
        matrix_job_of(&Environment::of(variables.map(|(name, value)| (name, value.to_owned()))))
    }

    #[test]
    fn a_job_knows_its_matrix_and_what_distinguishes_it() {
        let matrix_job = of("flux", r#"{"model":"flux","python":"3.11","gpu":true}"#);
        assert_eq!((matrix_job.index, matrix_job.total, matrix_job.subject("flux")), (2, 6, "flux (3.11, true)".to_owned()));
        assert_eq!(of("flux", r#"{"model":"flux"}"#).variant, None);
        assert_eq!(of("a,b", r#"{"model":"a,b","leg":3}"#).variant, None, "a number of ours");
        assert_eq!(of("flux", "null").variant, None);
        assert!(of("flux", &format!(r#"{{"x":"{}"}}"#, "y".repeat(500))).subject("flux").len() < 100);
    }

    #[test]
    fn without_a_matrix_a_job_is_alone() {
        let matrix_job = matrix_job_of(&Environment::of([]));
        assert_eq!((matrix_job.index, matrix_job.total, matrix_job.variant), (0, 1, None));
    }

    #[test]
    fn calls_of_a_workflow_are_told_apart() {
        let call = |call: &str| matrix_job_of(&Environment::of([("INPUT_JOB_CALL", call.to_owned())])).call;
        assert_ne!(call("{}"), call(r#"{"models":"x"}"#));
    }

    #[test]
    fn jobs_at_the_same_time_share_what_is_allowed() {
        let writes = |strategy: &str| policy(&Environment::of([("INPUT_JOB_STRATEGY", strategy.to_owned())])).writes_per_minute;
        assert_eq!(writes(""), 75);
        assert_eq!(writes(r#"{"job-total":24,"max-parallel":256}"#), 3);
        assert_eq!(writes(r#"{"job-total":256,"max-parallel":16}"#), 4);
        assert_eq!(writes(r#"{"job-total":256}"#), 1);
    }
}
