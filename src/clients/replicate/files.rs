//! Files: uploads inputs and downloads outputs.

use std::time::Duration;

use futures::future::BoxFuture;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use crate::clients::http::{BodyError, PrivateAddress, RetryError, retry};
use crate::clients::replicate::call::{Call, RequestBody};
use crate::clients::replicate::data_url;
use crate::clients::replicate::download::{Download, DownloadLimits, Receiver};
use crate::clients::replicate::real::{RealReplicate, of_body, transport};
use crate::clients::replicate::refusal::asked_by_header;
use crate::clients::replicate::wire::RawFile;
use crate::clients::replicate::{NewFile, ReplicateError, ReplicateFailure, UploadedFile};
use crate::support::safe_url::SafeUrl;

/// Limit for a download.
const DOWNLOAD_TIME: Duration = Duration::from_secs(600);

/// More redirects count as a loop.
const MAX_REDIRECTS: usize = 5;

/// The host of outputs, including its subdomains.
const DELIVERY_HOST: &str = "replicate.delivery";

pub trait Files: Send + Sync {
    /// Uploads a file that predictions of this account can take as input. It is kept for about a day.
    fn upload_file<'a>(&'a self, file: &'a NewFile) -> BoxFuture<'a, Result<UploadedFile, ReplicateError>>;

    /// Downloads a file: an output, or one that a test case names. Accepts `http`, `https` and `data:` URLs.
    ///
    /// The token is sent to the API's own host and to Replicate's delivery hosts, but not after a redirect to another host.
    /// Addresses in private networks are rejected, apart from the API's own origin: a sandbox serves its outputs itself.
    fn download<'a>(&'a self, url: &'a str, limits: &'a DownloadLimits) -> BoxFuture<'a, Result<Download, ReplicateError>>;
}

impl Files for RealReplicate {
    fn upload_file<'a>(&'a self, file: &'a NewFile) -> BoxFuture<'a, Result<UploadedFile, ReplicateError>> {
        Box::pin(async move {
            let call = Call::post(self.base.join(&["files"]), format!("upload the file {}", file.name));
            let call = Call { payload: RequestBody::File(file.clone()), ..call };
            // Safe to repeat: a duplicate costs nothing and is deleted within a day.
            Ok(self.ask(&call).await?.read::<RawFile>(&call)?.into())
        })
    }

    fn download<'a>(&'a self, url: &'a str, limits: &'a DownloadLimits) -> BoxFuture<'a, Result<Download, ReplicateError>> {
        Box::pin(async move {
            if data_url::is_data_url(url) {
                let failed = |failure| ReplicateError::new("read a data: URL", failure);
                let file = data_url::decode(url, limits.read_bytes).map_err(failed)?;
                check_type(file.content_type.as_deref(), limits).map_err(failed)?;
                return Ok(file);
            }
            let url: Url = url.parse().map_err(|error: url::ParseError| {
                ReplicateError::new("download a file", ReplicateFailure::RefusedUrl { reason: error.to_string() })
            })?;
            let never = CancellationToken::new();
            let outcome = retry(self.retry, &never, ReplicateFailure::retry, || self.fetch(url.clone(), limits)).await;
            outcome.map_err(|stopped| {
                let failure = match stopped {
                    RetryError::Failed(failure) => failure,
                    RetryError::Cancelled => ReplicateFailure::Cancelled { still_running: None },
                };
                ReplicateError::new(format!("download {}", SafeUrl(&url)), failure)
            })
        })
    }
}

impl RealReplicate {
    /// Downloads a file once, following redirects.
    async fn fetch(&self, mut url: Url, limits: &DownloadLimits) -> Result<Download, ReplicateFailure> {
        let mut with_token = self.may_see_token(&url);
        for _ in 0..=MAX_REDIRECTS {
            self.check_host(&url)?;
            // Neither client follows redirects by itself.
            let client = if self.base.is_origin_of(&url) { &self.api } else { &self.files };
            let mut request = client.get(url.clone()).timeout(DOWNLOAD_TIME);
            if with_token {
                request = request.header(AUTHORIZATION, self.authorization());
            }
            self.count_request();
            let response = request.send().await.map_err(refused_or_lost)?;
            let status = response.status();
            if status.is_redirection() {
                let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
                let next = location.and_then(|location| url.join(location).ok());
                let next =
                    next.ok_or_else(|| ReplicateFailure::RefusedUrl { reason: "it redirects without a target".to_owned() })?;
                with_token &= next.origin() == url.origin() && self.may_see_token(&next);
                url = next;
                continue;
            }
            if !status.is_success() {
                let retry_after = asked_by_header(response.headers(), self.now());
                return Err(of_status(status, retry_after));
            }
            let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(essence);
            check_type(content_type.as_deref(), limits)?;
            return receive(response, limits, content_type).await;
        }
        Err(ReplicateFailure::RefusedUrl { reason: format!("it redirects more than {MAX_REDIRECTS} times") })
    }

    /// Whether the token may be sent to a URL.
    fn may_see_token(&self, url: &Url) -> bool {
        let is_delivery = || match url.host() {
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                name.strip_suffix(DELIVERY_HOST).is_some_and(|before| before.is_empty() || before.ends_with('.'))
            }
            _ => false,
        };
        // Only to Replicate's own hosts, and never unencrypted. A sandbox's token is worthless at the real delivery hosts.
        if self.base.is_origin_of(url) {
            // Anything else there is the account's own data, which a model could have named as its output.
            return self.base.is_file(url);
        }
        !self.base.is_private() && url.scheme() == "https" && url.port().is_none() && is_delivery()
    }

    /// Rejects other schemes and hosts in private networks. Those behind a name are rejected when connecting.
    fn check_host(&self, url: &Url) -> Result<(), ReplicateFailure> {
        let refused = |reason: &str| Err(ReplicateFailure::RefusedUrl { reason: reason.to_owned() });
        let (true, Some(host)) = (matches!(url.scheme(), "http" | "https"), url.host()) else {
            return refused(&format!("{}: is not a supported scheme", url.scheme()));
        };
        if self.base.is_origin_of(url) {
            return Ok(());
        }
        let Some(public_only) = &self.public_only else { return Ok(()) };
        if private_address::is_private_host(&host) {
            return refused("its host is in a private network");
        }
        if let Host::Domain(name) = host {
            public_only.guard(name);
        }
        Ok(())
    }
}

/// Reads the body of a response. Bytes are counted after decompression.
async fn receive(
    mut response: reqwest::Response,
    limits: &DownloadLimits,
    content_type: Option<String>,
) -> Result<Download, ReplicateFailure> {
    if response.content_length().is_some_and(|announced| announced > limits.read_bytes) {
        return Err(ReplicateFailure::TooLarge { limit_bytes: limits.read_bytes });
    }
    let mut receiver = Receiver::new(limits);
    while let Some(chunk) = response.chunk().await.map_err(|error| of_body(BodyError::Broken(error.without_url())))? {
        receiver.push(&chunk).await?;
    }
    receiver.finish(content_type).await
}

/// A content type without its parameters.
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn check_type(content_type: Option<&str>, limits: &DownloadLimits) -> Result<(), ReplicateFailure> {
    let Some(content_type) = content_type.filter(|named| !named.is_empty() && *named != "application/octet-stream") else {
        return Ok(());
    };
    if limits.types.is_empty() || limits.types.iter().any(|wanted| content_type.starts_with(wanted.as_str())) {
        return Ok(());
    }
    Err(ReplicateFailure::UnwantedType { content_type: content_type.to_owned() })
}

/// The failure reported by a file's host, which need not be Replicate.
fn of_status(status: StatusCode, retry_after: Option<Duration>) -> ReplicateFailure {
    match status.as_u16() {
        status @ (408 | 429 | 500..) => {
            ReplicateFailure::Server { status, retry_after, detail: "the file's host is not ready".to_owned() }
        }
        status => ReplicateFailure::FileUnavailable { status },
    }
}

/// The failure of a request without a response. Names a private address as the reason.
fn refused_or_lost(error: reqwest::Error) -> ReplicateFailure {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if let Some(private) = cause.downcast_ref::<PrivateAddress>() {
            return ReplicateFailure::RefusedUrl { reason: private.to_string() };
        }
        source = cause.source();
    }
    transport(error)
}

#[cfg(test)]
mod tests;
