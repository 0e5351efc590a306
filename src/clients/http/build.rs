//! Building HTTP clients.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::crypto::CryptoProvider;

use crate::clients::http::PublicOnly;
use crate::clients::http::tls::{provider, tls_config};

/// How we identify ourselves to services.
const USER_AGENT: &str = concat!("safe-push/", env!("CARGO_PKG_VERSION"));

/// What to do with a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Return it unfollowed. For requests that carry a token.
    Returned,
    /// Follow at most this many. `Authorization` and cookies are dropped when the host changes, but other headers are not: a
    /// service that has its own header for the key has to use [`Redirects::Returned`].
    Followed(usize),
}

/// Options of an HTTP client.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Limit for establishing a connection.
    pub connect_timeout: Duration,
    /// Limit for the next chunk of a response to arrive.
    pub read_timeout: Duration,
    /// What to do with redirects.
    pub redirects: Redirects,
    /// Whether to use the system's proxy settings. Not for services on this machine.
    pub use_proxy: bool,
    /// Whether to speak HTTP/1.1 alone, so that each transfer has a connection of its own.
    pub http1_only: bool,
    /// Refuses private addresses of some host names.
    pub public_only: Option<PublicOnly>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            redirects: Redirects::Returned,
            use_proxy: true,
            http1_only: false,
            public_only: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum HttpBuildError {
    /// TLS could not be set up.
    #[error("failed to set up TLS")]
    Tls(#[from] rustls::Error),
    #[error("failed to build the HTTP client")]
    Client(#[source] reqwest::Error),
}

/// Builds a client. TLS is rustls with ring. Certificates are verified against the system's authorities.
pub fn build_client(options: &HttpOptions) -> Result<reqwest::Client, HttpBuildError> {
    install_crypto_provider();
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(options.http1_only)?)
        .user_agent(USER_AGENT)
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        .referer(false)
        .redirect(match options.redirects {
            Redirects::Returned => reqwest::redirect::Policy::none(),
            Redirects::Followed(most) => reqwest::redirect::Policy::limited(most),
        });
    if !options.use_proxy {
        builder = builder.no_proxy();
    }
    if options.http1_only {
        builder = builder.http1_only();
    }
    if let Some(guard) = &options.public_only {
        builder = builder.dns_resolver(Arc::new(guard.clone()));
    }
    builder.build().map_err(HttpBuildError::Client)
}

/// rustls needs one provider per process.
fn install_crypto_provider() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // An error means that another part of the process has installed one, which is fine.
        let _ = CryptoProvider::clone(&provider()).install_default();
    });
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{header, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    const DIRECT: HttpOptions = HttpOptions {
        connect_timeout: Duration::from_secs(10),
        read_timeout: Duration::from_millis(200),
        redirects: Redirects::Returned,
        use_proxy: false,
        http1_only: false,
        public_only: None,
    };

    #[tokio::test]
    async fn requests_carry_the_user_agent() {
        let server = MockServer::start().await;
        Mock::given(header("user-agent", USER_AGENT)).respond_with(ResponseTemplate::new(204)).expect(1).mount(&server).await;
        let answer = build_client(&DIRECT).unwrap().get(server.uri()).send().await.unwrap();
        assert_eq!(answer.status(), 204);
    }

    #[tokio::test]
    async fn redirects_are_followed_only_on_request() {
        let server = MockServer::start().await;
        Mock::given(path("/a")).respond_with(ResponseTemplate::new(302).insert_header("location", "/b")).mount(&server).await;
        Mock::given(path("/b")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
        let url = format!("{}/a", server.uri());
        let returned = build_client(&DIRECT).unwrap().get(&url).send().await.unwrap();
        assert_eq!(returned.status(), 302);
        let follow = HttpOptions { redirects: Redirects::Followed(3), ..DIRECT };
        assert_eq!(build_client(&follow).unwrap().get(&url).send().await.unwrap().status(), 200);
    }

    #[tokio::test]
    async fn a_silent_server_times_out() {
        let server = MockServer::start().await;
        let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(5));
        Mock::given(path("/")).respond_with(slow).mount(&server).await;
        let error = build_client(&DIRECT).unwrap().get(server.uri()).send().await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
    }
}
