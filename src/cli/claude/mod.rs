//! Claude as the judge of a verification and as the inventor of inputs.
//!
//! [`clients::claude`](crate::clients::claude) sends questions, and [`verify`](crate::verify) decides what to ask. This module connects the
//! two.

mod evidence;
mod invent;
mod judge;
mod show_video;

use std::sync::Arc;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::clients::claude::{ClaudeError, ClaudeOptions, Credential, RealClaude};
use crate::config::RunSettings;
use crate::domain::plan::ModelPlan;
use crate::support::clock::SystemClock;
use crate::verify::{Judge, JudgeError};

use judge::ClaudeJudge;
pub(super) use show_video::VIDEO_DECODER;
use show_video::VideoTool;

/// A judge, if a key or a token is set.
pub(super) fn judge(run: &RunSettings, context: &Context) -> Result<Option<Arc<dyn Judge>>, Failure> {
    let Some(client) = client(run)? else { return Ok(None) };
    let (path, launcher) = (context.environment.get("PATH").map(str::to_owned), context.launcher.clone());
    let video = VideoTool { ffmpeg: context.environment.program(VIDEO_DECODER), path, launcher };
    Ok(Some(Arc::new(ClaudeJudge::new(Arc::new(client), video))))
}

/// Fails before anything is built or paid for if test cases need a judge and the key is rejected.
pub(super) async fn check_key(run: &RunSettings, models: &[ModelPlan]) -> Result<(), Failure> {
    match client(run)? {
        Some(client) if models.iter().any(ModelPlan::asks_judge) => Ok(client.check_key().await?),
        _ => Ok(()),
    }
}

/// A client, if a key or a token is set.
pub(super) fn client(run: &RunSettings) -> Result<Option<RealClaude>, Failure> {
    let tokens = &run.tokens;
    let credential = match (&tokens.anthropic, &tokens.anthropic_auth) {
        (Some(key), _) => Credential::Key(key.clone()),
        (None, Some(token)) => Credential::Token(token.clone()),
        (None, None) => return Ok(None),
    };
    let options = ClaudeOptions::new(run.settings.anthropic_base_url.clone(), credential);
    let options = ClaudeOptions { budget_tokens: run.settings.judge_budget, ..options };
    Ok(Some(RealClaude::new(options, Arc::new(SystemClock))?))
}

fn no_opinion(error: &ClaudeError) -> JudgeError {
    let message = match error.hint() {
        Some(hint) => format!("{error} [{hint}]"),
        None => error.to_string(),
    };
    JudgeError { message, kind: error.kind(), is_final: error.is_final() }
}
