//! The base URL of the API.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// Not a valid base URL of the API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    #[error("the base URL is invalid: {0}")]
    Unreadable(#[from] url::ParseError),
    /// The scheme is not `http` or `https`, or it has credentials, a query or a fragment.
    #[error("the base URL must be an http or https URL without credentials, query or fragment")]
    Unfit,
}

/// The base URL of the API, as in `https://api.replicate.com/v1`.
///
/// The official clients disagree whether `REPLICATE_BASE_URL` includes `/v1`: `docs/reference/replicate-api.md#base-url`. Both
/// forms are accepted: `/v1` is added when there is no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    pub const REPLICATE: &'static str = "https://api.replicate.com/v1";

    /// The URL of a resource.
    pub(super) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // Only URLs without a host have no segments, and those are rejected.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Whether a URL of the base's own host is that of a file's content, in a form that no server reads in another way: `BASE/files/…`, or
    /// `/files/…` for the outputs of a sandbox.
    pub(super) fn is_file(&self, url: &Url) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        let of_api = self.join(&["files", ""]);
        let mut folders = [of_api.path(), "/files/"].into_iter();
        folders.any(|folder| url.path().strip_prefix(folder).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_plain)))
    }

    /// The URL of the next page, if it may receive the token: it has to be on the base's own host. A documented example has `http`
    /// on an `https` API, which is corrected.
    pub(super) fn next_page(&self, link: &str) -> Option<Url> {
        let mut next = self.0.join(link).ok()?;
        if next.scheme() == "http" && self.0.scheme() == "https" {
            next.set_scheme("https").ok()?;
        }
        self.is_origin_of(&next).then_some(next)
    }

    /// Whether a URL has the base's scheme, host and port.
    pub(super) fn is_origin_of(&self, url: &Url) -> bool {
        url.origin() == self.0.origin()
    }

    /// Whether the API is on this machine or in a private network: a sandbox or a test double.
    pub(super) fn is_private(&self) -> bool {
        self.0.host().is_some_and(|host| {
            // A name without a dot belongs to a local network: a neighboring container, or a company's host.
            private_address::is_private_host(&host)
                || matches!(host, Host::Domain(name) if !name.contains('.') || name == "host.docker.internal")
        })
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut url: Url = text.trim().parse()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain {
            return Err(BaseUrlError::Unfit);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(if path.is_empty() { "/v1" } else { &path });
        Ok(Self(url))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> BaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn both_forms_are_the_same_url() {
        let forms = [
            "https://api.replicate.com",
            "https://api.replicate.com/",
            "https://api.replicate.com/v1",
            " https://api.replicate.com/v1/ ",
        ];
        for form in forms {
            assert_eq!(base(form).to_string(), BaseUrl::REPLICATE, "{form}");
        }
        assert_eq!(base("http://proxy.example/replicate/").join(&["account"]).as_str(), "http://proxy.example/replicate/account");
    }

    #[test]
    fn other_text_is_rejected() {
        for text in
            ["", "api.replicate.com", "ftp://x/", "https://user:pw@x/", "https://x/?a=b", "https://x/#a", "data:text/plain,x"]
        {
            assert!(text.parse::<BaseUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn segments_cannot_leave_the_path() {
        let url = base("https://api.replicate.com").join(&["predictions", "../../x?y#z"]);
        assert_eq!(url.as_str(), "https://api.replicate.com/v1/predictions/..%2F..%2Fx%3Fy%23z");
    }

    #[test]
    fn a_next_page_stays_on_the_host_and_on_https() {
        let base = base("https://api.replicate.com");
        let next = |link: &str| base.next_page(link).map(String::from);
        let cursor = "https://api.replicate.com/v1/predictions?cursor=abc";
        assert_eq!(next(cursor).as_deref(), Some(cursor));
        assert_eq!(next("http://api.replicate.com/v1/predictions?cursor=abc").as_deref(), Some(cursor));
        assert_eq!(next("/v1/predictions?cursor=abc").as_deref(), Some(cursor));
        for foreign in [
            "https://evil.example/v1",
            "https://api.replicate.com:8443/v1",
            "//evil.example/",
            "ftp://api.replicate.com/",
            "https://api.replicate.com@evil.example/",
        ] {
            assert_eq!(next(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn local_addresses_are_recognized() {
        for text in
            ["http://127.0.0.1:5000", "http://[::1]:5000", "http://localhost", "http://sandbox:80", "http://host.docker.internal"]
        {
            assert!(base(text).is_private(), "{text}");
        }
        assert!(!base(BaseUrl::REPLICATE).is_private());
    }
}
