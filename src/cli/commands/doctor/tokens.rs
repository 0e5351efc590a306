//! The tokens: whose they are, and whether they are accepted.

use std::sync::Arc;

use crate::cli::claude;
use crate::cli::commands::doctor::examination::{CheckedState, Examination};
use crate::cli::context::Context;
use crate::cli::services;
use crate::clients::replicate::Replicate;
use crate::config::RunSettings;

/// Where tokens come from and go.
pub(super) const EXPLANATION: &str = "\
safe-push takes tokens from variables, or in the action from inputs. It never stores them.

  REPLICATE_API_TOKEN  the API: predictions, models   https://replicate.com/account/api-tokens
  COG_TOKEN            the registry: pushes           https://replicate.com/auth/token
  ANTHROPIC_API_KEY    Claude: match_prompt           https://console.anthropic.com/settings/keys

The first two are different tokens. Without COG_TOKEN, runs use the token that `cog login` saved in Docker's configuration.
In GitHub Actions, add them as secrets of the repository, and pass them to the action.
";

/// The tokens of Replicate and Claude; and the client, if its token is accepted.
pub(super) async fn examine(run: &RunSettings, context: &Context) -> (Vec<Examination>, Option<Arc<dyn Replicate>>) {
    let (api, replicate, account) = api_token(run).await;
    let cog = cog_token(run, account.as_deref(), context).await;
    (vec![api, cog, claude_key(run).await], replicate)
}

async fn api_token(run: &RunSettings) -> (Examination, Option<Arc<dyn Replicate>>, Option<String>) {
    const NAME: &str = "REPLICATE_API_TOKEN";
    let missing = || Examination::new(NAME, CheckedState::Doubtful, "not set, so nothing runs on Replicate");
    let Some(token) = run.tokens.replicate.clone() else {
        return (missing().fix("set it to a token from https://replicate.com/account/api-tokens"), None, None);
    };
    let replicate = match services::replicate_client(run, token) {
        Ok(replicate) => replicate,
        Err(failure) => {
            return (Examination::new(NAME, CheckedState::Failed, failure.message()).maybe_fix(failure.hint), None, None);
        }
    };
    match replicate.account().await {
        Ok(account) => {
            (Examination::good(NAME, format!("accepted, of {}", account.username)), Some(replicate), Some(account.username))
        }
        Err(error) => (Examination::new(NAME, CheckedState::Failed, error.to_string()).maybe_fix(error.hint()), None, None),
    }
}

async fn cog_token(run: &RunSettings, account: Option<&str>, context: &Context) -> Examination {
    const NAME: &str = "COG_TOKEN";
    let Some(token) = run.tokens.cog.clone() else {
        return Examination::new(NAME, CheckedState::Doubtful, "not set, so nothing is pushed")
            .fix("set it to the CLI token from https://replicate.com/auth/token, or run `cog login`");
    };
    match services::registry_user(run, token, context.printer.redactor()).await {
        Ok(user) => match account.filter(|account| !account.eq_ignore_ascii_case(&user.username)) {
            Some(account) => {
                Examination::new(NAME, CheckedState::Doubtful, format!("of {}, but the API token is of {account}", user.username))
                    .fix("take both tokens from one account, unless an organization owns the models")
            }
            None => Examination::good(NAME, format!("accepted by {}, of {}", user.host, user.username)),
        },
        Err(failure) => Examination::new(NAME, CheckedState::Failed, failure.message()).maybe_fix(failure.hint),
    }
}

async fn claude_key(run: &RunSettings) -> Examination {
    const NAME: &str = "ANTHROPIC_API_KEY";
    match claude::client(run) {
        Ok(None) => Examination::new(NAME, CheckedState::Skipped, "not set: test cases with match_prompt cannot run"),
        Ok(Some(client)) => match client.check_key().await {
            Ok(()) => Examination::good(NAME, "not rejected"),
            Err(error) => Examination::new(NAME, CheckedState::Failed, error.to_string()).maybe_fix(error.hint()),
        },
        Err(failure) => Examination::new(NAME, CheckedState::Failed, failure.message()).maybe_fix(failure.hint),
    }
}

/// GitHub's token. What it may do shows only when it is used, so the permissions that are needed are named.
pub(super) fn github(run: &RunSettings, context: &Context) -> Examination {
    const NAME: &str = "GITHUB_TOKEN";
    if !context.environment.is_workflow() {
        return Examination::new(NAME, CheckedState::Skipped, "only used in GitHub Actions");
    }
    match run.tokens.github {
        Some(_) => Examination::good(NAME, "set; a job needs `checks: write` and `pull-requests: write` to report"),
        None => Examination::new(NAME, CheckedState::Doubtful, "not set, so there are no check runs and no comment")
            .fix("leave the input github_token as it is, or pass ${{ github.token }}"),
    }
}
