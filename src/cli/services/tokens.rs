//! The tokens that a command needs, and what to do without them.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::config::RunSettings;
use crate::support::SecretString;

/// The token of Replicate's API.
pub(in crate::cli) fn api_token(run: &RunSettings) -> Result<SecretString, Failure> {
    run.tokens.replicate.clone().ok_or_else(|| {
        let missing = Failure::request("no Replicate API token is set");
        missing.hint("set REPLICATE_API_TOKEN (https://replicate.com/account/api-tokens)")
    })
}

/// The error of a command that needs the token, and what can be done `instead` of setting it.
pub(in crate::cli) fn no_token(context: &Context, instead: Option<&str>) -> Failure {
    let missing = Failure::request("no Replicate API token is set");
    match (&context.action, instead) {
        (Some(_), _) => missing.hint("set the input replicate_api_token to a secret (https://replicate.com/account/api-tokens)"),
        (None, Some(instead)) => {
            missing.hint(format!("set REPLICATE_API_TOKEN (https://replicate.com/account/api-tokens), or {instead}"))
        }
        (None, None) => missing.hint("set REPLICATE_API_TOKEN (https://replicate.com/account/api-tokens)"),
    }
}

pub(super) fn no_cog_token(context: &Context) -> Failure {
    let name = if context.action.is_some() { "the input cog_token" } else { "COG_TOKEN" };
    Failure::request("no token for Replicate's registry is set").hint(format!(
        "set {name} to the CLI token from https://replicate.com/auth/token; it is a different token from the API token"
    ))
}
