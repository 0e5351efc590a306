//! Claude as the judge of a verification and as the inventor of inputs.
//!
//! [`clients::claude`](crate::clients::claude) knows how to ask, and [`verify`](crate::verify) what it wants to know: here the one becomes
//! the other.

mod evidence;
mod invent;
mod judge;

use std::sync::Arc;

use crate::cli::failure::Failure;
use crate::clients::claude::{ClaudeError, ClaudeOptions, RealClaude};
use crate::config::RunSettings;
use crate::domain::case::Expectation;
use crate::domain::plan::ModelPlan;
use crate::support::clock::SystemClock;
use crate::verify::{Judge, JudgeError};

use judge::ClaudeJudge;

/// A judge, when there is a key for one.
pub(super) fn judge(run: &RunSettings) -> Result<Option<Arc<dyn Judge>>, Failure> {
    Ok(client(run)?.map(|client| Arc::new(ClaudeJudge::new(Arc::new(client))) as Arc<dyn Judge>))
}

/// Fails before anything is built or paid for if test cases need a judge and the key is rejected.
pub(super) async fn check_key(run: &RunSettings, models: &[ModelPlan]) -> Result<(), Failure> {
    let is_judged = |plan: &ModelPlan| {
        let trainings = plan.train.iter().flat_map(|train| &train.cases);
        plan.predict.cases.iter().chain(trainings).any(|case| matches!(case.expectation, Expectation::MatchPrompt(_)))
    };
    match client(run)? {
        Some(client) if models.iter().any(is_judged) => Ok(client.check_key().await?),
        _ => Ok(()),
    }
}

/// A client, when there is a key for one.
pub(super) fn client(run: &RunSettings) -> Result<Option<RealClaude>, Failure> {
    let Some(key) = run.tokens.anthropic.clone() else { return Ok(None) };
    let options = ClaudeOptions::new(run.settings.anthropic_base_url.clone(), key);
    let options = ClaudeOptions { budget_tokens: run.settings.judge_budget, ..options };
    Ok(Some(RealClaude::new(options, Arc::new(SystemClock))?))
}

fn no_opinion(error: &ClaudeError) -> JudgeError {
    let message = match error.hint() {
        Some(hint) => format!("{error} [{hint}]"),
        None => error.to_string(),
    };
    JudgeError { message, kind: error.kind() }
}
