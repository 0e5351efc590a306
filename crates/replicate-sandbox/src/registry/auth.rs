//! Basic authentication, the only scheme the sandbox offers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, header};

use super::backend::RegistryBackend;
use super::errors::RegistryError;

/// The name of the user whose credentials the request carries.
pub(super) fn user(headers: &HeaderMap, backend: &dyn RegistryBackend) -> Result<String, RegistryError> {
    let (username, password) = basic(headers).ok_or(RegistryError::Unauthorized)?;
    if backend.authenticate(&username, &password) { Ok(username) } else { Err(RegistryError::Unauthorized) }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: &str) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        basic(&headers)
    }

    #[test]
    fn a_password_may_hold_colons() {
        let header = format!("Basic {}", BASE64_STANDARD.encode("acme:a:b"));
        assert_eq!(parsed(&header), Some(("acme".to_owned(), "a:b".to_owned())));
        assert_eq!(parsed(&header.replace("Basic", "basic")), Some(("acme".to_owned(), "a:b".to_owned())));
    }

    #[test]
    fn anything_else_is_not_a_credential() {
        for value in ["Bearer abc", "Basic !!!", "Basic", "Basic YWNtZQ=="] {
            assert_eq!(parsed(value), None, "{value}");
        }
        assert_eq!(basic(&HeaderMap::new()), None);
    }
}
