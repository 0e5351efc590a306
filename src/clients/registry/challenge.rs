//! `WWW-Authenticate`: how a registry wants its clients to authenticate.

use url::Url;

/// A registry's challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User name and password with each request.
    Basic,
    /// A token from a token service.
    Bearer {
        /// The URL of the token service.
        realm: Url,
        /// The service to request a token for.
        service: Option<String>,
        /// The permissions to request.
        scope: Option<String>,
    },
}

/// Parses the header. `None` for an unsupported scheme.
pub(super) fn parse(header: &str) -> Option<Challenge> {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let (mut realm, mut service, mut scope) = (None, None, None);
    for (name, value) in parameters(rest) {
        match name.to_ascii_lowercase().as_str() {
            "realm" => realm = Url::parse(&value).ok(),
            "service" => service = Some(value),
            "scope" => scope = Some(value),
            _ => {}
        }
    }
    Some(Challenge::Bearer { realm: realm?, service, scope })
}

/// `name="value"` pairs. A comma within quotes is part of the value.
fn parameters(mut rest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim().trim_start_matches(',').trim().to_owned();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => match quoted.split_once('"') {
                Some((value, next)) => (value, next),
                None => (quoted, ""),
            },
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((name, value.trim().to_owned()));
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_are_read() {
        assert_eq!(parse("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(parse("basic"), Some(Challenge::Basic));
        assert_eq!(
            parse("Bearer realm=\"https://auth.example/token\",service=\"r\",scope=\"repository:a/b:pull,push\""),
            Some(Challenge::Bearer {
                realm: "https://auth.example/token".parse().unwrap(),
                service: Some("r".to_owned()),
                scope: Some("repository:a/b:pull,push".to_owned()),
            })
        );
        assert_eq!(
            parse("bearer realm=https://auth.example/token, service=r"),
            Some(Challenge::Bearer {
                realm: "https://auth.example/token".parse().unwrap(),
                service: Some("r".to_owned()),
                scope: None,
            })
        );
        for unknown in ["", "Negotiate", "Bearer", "Bearer realm=\"not a url\"", "Bearer realm=\"https://x"] {
            assert!(!matches!(parse(unknown), Some(Challenge::Basic)), "{unknown}");
        }
        assert_eq!(parse("Negotiate"), None);
    }
}
