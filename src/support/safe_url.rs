//! URLs that can be shown: credentials and query values are masked.
//!
//! Signed file URLs carry their secret in the query, so a URL must not reach a log or a report as it is.

use std::fmt;

use url::Url;

/// Shows a URL without its password and without the values of its query.
#[derive(Debug, Clone, Copy)]
pub struct SafeUrl<'a>(pub &'a Url);

impl fmt::Display for SafeUrl<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        if !shown.username().is_empty() || shown.password().is_some() {
            // Neither call fails for a URL that already has credentials.
            let _ = shown.set_password(None);
            let _ = shown.set_username("***");
        }
        if shown.query().is_some() {
            let names: Vec<String> = self.0.query_pairs().map(|(name, _)| name.into_owned()).collect();
            shown.query_pairs_mut().clear().extend_pairs(names.iter().map(|name| (name, "***")));
        }
        shown.set_fragment(None);
        formatter.write_str(shown.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_query_values_are_masked() {
        let url: Url = "https://user:pw@files.example/a.png?signature=abc&expiry=1#top".parse().expect("a URL");
        assert_eq!(SafeUrl(&url).to_string(), "https://***@files.example/a.png?signature=***&expiry=***");
        let plain: Url = "https://files.example/a.png".parse().expect("a URL");
        assert_eq!(SafeUrl(&plain).to_string(), "https://files.example/a.png");
    }
}
