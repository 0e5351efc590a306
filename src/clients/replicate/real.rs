//! The client of the real API: sends requests and repeats those that may be repeated.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, DATE, HeaderMap};
use reqwest::multipart::{Form, Part};
use tokio_util::sync::CancellationToken;

use crate::clients::http::{BodyError, HttpOptions, PublicOnly, RetryError, build_client, read_bounded, retry};
use crate::clients::replicate::call::{ApiResponse, Call, RequestBody};
use crate::clients::replicate::claims::Claims;
use crate::clients::replicate::refusal::failure_of;
use crate::clients::replicate::throttle::Throttle;
use crate::clients::replicate::{BaseUrl, Replicate, ReplicateError, ReplicateFailure};
use crate::support::clock::Clock;
use crate::support::retry::RetryPolicy;
use crate::support::{ExposeSecret, SecretString};

/// Limit for a response. A page of a hundred predictions with long logs has a few megabytes.
const API_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Limit for one request and its response.
const CALL_TIME: Duration = Duration::from_secs(120);

/// Limit for an upload of up to 100 MB.
const UPLOAD_TIME: Duration = Duration::from_secs(900);

/// No response has revealed the service's time yet.
const OFFSET_UNKNOWN: i64 = i64::MIN;

#[derive(Debug, Clone)]
pub struct ReplicateOptions {
    /// The base URL of the API.
    pub base_url: BaseUrl,
    pub token: SecretString,
    pub retry: RetryPolicy,
    /// The waits before each search for a prediction whose creation got no response. The service may still be working on a request
    /// whose connection was interrupted, so one search is not enough.
    pub lookup_waits: Vec<Duration>,
}

impl ReplicateOptions {
    pub fn new(base_url: BaseUrl, token: SecretString) -> Self {
        let lookup_waits = [250, 1000, 2500].map(Duration::from_millis).to_vec();
        Self { base_url, token, retry: RetryPolicy::HTTP, lookup_waits }
    }
}

/// The client of the real API.
///
/// Create one per process and token. It holds the throttle and the ids of the predictions it created, so that no two callers get
/// the same.
pub struct RealReplicate {
    pub(super) base: BaseUrl,
    pub(super) retry: RetryPolicy,
    pub(super) lookup_waits: Vec<Duration>,
    pub(super) claims: Claims,
    pub(super) throttle: Throttle,
    pub(super) api: reqwest::Client,
    /// For files on other hosts. Does not connect to private networks.
    pub(super) files: reqwest::Client,
    /// Refuses private addresses. `None` only in tests, whose files are on this machine.
    pub(super) public_only: Option<PublicOnly>,
    clock: Arc<dyn Clock>,
    token: SecretString,
    authorization: HeaderValue,
    requests: AtomicU64,
    /// The service's clock minus ours.
    offset_ms: AtomicI64,
}

impl fmt::Debug for RealReplicate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RealReplicate").field("base", &self.base.to_string()).finish_non_exhaustive()
    }
}

impl RealReplicate {
    /// Creates a client without sending anything.
    pub fn new(options: ReplicateOptions, clock: Arc<dyn Clock>) -> Result<Self, ReplicateError> {
        let failed = |failure| ReplicateError::new("set up the Replicate client", failure);
        let ReplicateOptions { base_url, token, retry, lookup_waits } = options;
        let token = SecretString::from(token.expose_secret().trim());
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(|_invalid| {
            // The cause is dropped: nothing about a token is worth the risk of showing it.
            failed(ReplicateFailure::Unauthorized {
                detail: "it contains invalid characters".to_owned(),
                looks_like_cli_token: false,
            })
        })?;
        authorization.set_sensitive(true);
        let public_only = Some(PublicOnly::default());
        let http = HttpOptions { use_proxy: !base_url.is_private(), ..HttpOptions::default() };
        let build = |options: &HttpOptions| {
            build_client(options)
                .map_err(|error| failed(ReplicateFailure::Transport { may_have_arrived: false, source: error.into() }))
        };
        Ok(Self {
            api: build(&http)?,
            files: build(&HttpOptions { public_only: public_only.clone(), use_proxy: true, ..http })?,
            base: base_url,
            retry,
            lookup_waits,
            claims: Claims::default(),
            throttle: Throttle::default(),
            public_only,
            clock,
            token,
            authorization,
            requests: AtomicU64::new(0),
            offset_ms: AtomicI64::new(OFFSET_UNKNOWN),
        })
    }

    /// Sends a request once.
    pub(super) async fn send(&self, call: &Call) -> Result<ApiResponse, ReplicateError> {
        let response = self.request(call).send().await.map_err(|error| call.failed(transport(error)))?;
        self.note_date(response.headers());
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_bounded(response, API_BODY_BYTES).await;
        if status.is_success() {
            return body.map(ApiResponse::new).map_err(|error| {
                call.failed(match error {
                    BodyError::TooLarge { .. } => ReplicateFailure::UnexpectedBody { reason: error.to_string() },
                    BodyError::Broken(_) => of_body(error),
                })
            });
        }
        // The status is enough, even if the rest of the response is lost.
        let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
        let token = self.token.expose_secret();
        let body = if token.is_empty() { body } else { body.replace(token, "***") };
        Err(call.failed(failure_of(status, &headers, body.as_bytes(), token, self.now())).with_body(&body))
    }

    /// Sends an idempotent request, and repeats it as long as that may help.
    pub(super) async fn repeat(&self, call: &Call, cancelled: &CancellationToken) -> Result<ApiResponse, ReplicateError> {
        let outcome = retry(self.retry, cancelled, |error: &ReplicateError| error.failure().retry(), || self.send(call)).await;
        outcome.map_err(|stopped| match stopped {
            RetryError::Failed(error) => error,
            RetryError::Cancelled => call.failed(ReplicateFailure::Cancelled { still_running: None }),
        })
    }

    /// Sends an idempotent request that ends when the future is dropped, without a cancellation token.
    pub(super) async fn ask(&self, call: &Call) -> Result<ApiResponse, ReplicateError> {
        self.repeat(call, &CancellationToken::new()).await
    }

    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// The header that carries the token.
    pub(super) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    /// Our clock's time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The service's time at a time of our clock, to a second or two, once a response has revealed it.
    pub(super) fn service_time(&self, ours: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.offset_ms.load(Ordering::Relaxed) {
            OFFSET_UNKNOWN => None,
            offset => ours.checked_add_signed(TimeDelta::milliseconds(offset)),
        }
    }

    fn note_date(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        if let Some(date) = date {
            self.offset_ms.store((date.to_utc() - self.now()).num_milliseconds(), Ordering::Relaxed);
        }
    }

    fn request(&self, call: &Call) -> reqwest::RequestBuilder {
        self.count_request();
        let mut request = self
            .api
            .request(call.method.clone(), call.url.clone())
            .header(AUTHORIZATION, self.authorization())
            .header(ACCEPT, "application/json")
            .timeout(CALL_TIME);
        if let Some(lifetime) = call.cancel_after {
            request = request.header("cancel-after", format!("{}s", lifetime.as_secs().max(5)));
        }
        match &call.payload {
            RequestBody::Nothing => request,
            RequestBody::Json(body) => request.json(body),
            RequestBody::File(file) => {
                let part = Part::stream_with_length(file.bytes.clone(), file.bytes.len() as u64).file_name(file.name.clone());
                let mut type_header = HeaderMap::new();
                if let Ok(value) = HeaderValue::from_str(&file.content_type) {
                    type_header.insert(http::header::CONTENT_TYPE, value);
                }
                request.multipart(Form::new().part("content", part.headers(type_header))).timeout(UPLOAD_TIME)
            }
        }
    }
}

/// The failure of a request without a response.
pub(super) fn transport(error: reqwest::Error) -> ReplicateFailure {
    // The URL is dropped: URLs of files can be signed, and errors are printed.
    let error = error.without_url();
    ReplicateFailure::Transport { may_have_arrived: !error.is_connect(), source: error.into() }
}

/// The failure of a response whose body could not be read.
pub(super) fn of_body(error: BodyError) -> ReplicateFailure {
    match error {
        BodyError::TooLarge { limit_bytes } => ReplicateFailure::TooLarge { limit_bytes: limit_bytes as u64 },
        BodyError::Broken(source) => ReplicateFailure::Transport { may_have_arrived: true, source: source.into() },
    }
}

impl Replicate for RealReplicate {
    fn api_url(&self) -> String {
        self.base.to_string().trim_end_matches('/').to_owned()
    }

    fn requests_sent(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn is_throttled(&self) -> bool {
        self.throttle.is_reduced()
    }
}
