//! The sandbox's account and its two tokens.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// The only user, with an API token and a CLI token: `docs/reference/replicate-api.md#two-tokens`.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) username: String,
    pub(super) api_token: SecretString,
    pub(super) cli_token: SecretString,
}

impl Account {
    /// Generates missing tokens in the format of real ones.
    pub(super) fn new(username: String, api_token: Option<SecretString>, cli_token: Option<SecretString>) -> Self {
        Self {
            username,
            api_token: api_token.unwrap_or_else(|| format!("r8_{}sbox1", Uuid::new_v4().simple()).into()),
            cli_token: cli_token.unwrap_or_else(|| Uuid::new_v4().to_string().into()),
        }
    }

    pub(super) fn is_cli_login(&self, username: &str, password: &str) -> bool {
        username == self.username && password == self.cli_token.expose_secret()
    }

    /// Whether the headers carry the API token. `Token` is the older scheme name for `Bearer`.
    pub(super) fn has_api_token(&self, headers: &HeaderMap) -> bool {
        credentials(headers, &["bearer", "token"]).is_some_and(|token| token == self.api_token.expose_secret())
    }

    /// Whether the headers carry the registry's user name and password.
    pub(super) fn has_cli_login(&self, headers: &HeaderMap) -> bool {
        let expected = format!("{}:{}", self.username, self.cli_token.expose_secret());
        credentials(headers, &["basic"])
            .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
            .is_some_and(|decoded| decoded == expected.as_bytes())
    }
}

fn credentials<'a>(headers: &'a HeaderMap, schemes: &[&str]) -> Option<&'a str> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    schemes.iter().any(|wanted| scheme.eq_ignore_ascii_case(wanted)).then_some(rest.trim())
}
