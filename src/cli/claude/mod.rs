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
use crate::support::clock::SystemClock;
use crate::verify::{Judge, JudgeError};

use judge::ClaudeJudge;

/// A judge, when there is a key for one.
pub(super) fn judge(run: &RunSettings) -> Result<Option<Arc<dyn Judge>>, Failure> {
    let Some(key) = run.tokens.anthropic.clone() else { return Ok(None) };
    let options = ClaudeOptions::new(run.settings.anthropic_base_url.clone(), key);
    let options = ClaudeOptions { budget_tokens: run.settings.judge_budget, ..options };
    let client = RealClaude::new(options, Arc::new(SystemClock))?;
    Ok(Some(Arc::new(ClaudeJudge::new(Arc::new(client)))))
}

fn no_opinion(error: &ClaudeError) -> JudgeError {
    let message = match error.hint() {
        Some(hint) => format!("{error} [{hint}]"),
        None => error.to_string(),
    };
    JudgeError { message, kind: error.kind() }
}
