//! The error of every call: what was attempted, why it failed and what the service responded.

use std::time::Duration;

use cog_findings::text::shorten;

use crate::clients::ErrorKind;
use crate::clients::replicate::limits::{TimeLimit, TimedOut};
use crate::domain::prediction::PredictionId;
use crate::support::clock::readable_duration;

/// How much of a response's body an error keeps.
pub(super) const KEPT_BODY_BYTES: usize = 4096;

/// A call to Replicate failed.
///
/// Its message names what was attempted. Its source, [`ReplicateError::failure`], says why it failed, so print the whole chain.
#[derive(Debug, thiserror::Error)]
#[error("failed to {attempted}")]
pub struct ReplicateError {
    attempted: String,
    #[source]
    failure: Box<ReplicateFailure>,
    body: Option<String>,
}

impl ReplicateError {
    /// An error without a response. `attempted` fits after "failed to".
    pub fn new(attempted: impl Into<String>, failure: ReplicateFailure) -> Self {
        Self { attempted: attempted.into(), failure: Box::new(failure), body: None }
    }

    /// What was attempted; fits after "failed to".
    pub fn attempted(&self) -> &str {
        &self.attempted
    }

    pub fn failure(&self) -> &ReplicateFailure {
        &self.failure
    }

    pub fn kind(&self) -> ErrorKind {
        self.failure.kind()
    }

    pub fn hint(&self) -> Option<&'static str> {
        self.failure.hint()
    }

    /// The start of the response's body, if there was a response. Untrusted text.
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    pub fn is_not_found(&self) -> bool {
        matches!(*self.failure, ReplicateFailure::NotFound { .. })
    }

    /// Rewrites every text that may repeat what was sent: the service's messages, the response's body, ids and addresses.
    pub fn rewrite(&mut self, rewritten: &dyn Fn(&str) -> String) {
        if let Some(body) = &mut self.body {
            *body = rewritten(body);
        }
        self.failure.rewrite(rewritten);
    }

    /// Keeps the start of the response's body.
    #[must_use]
    pub(super) fn with_body(mut self, body: &str) -> Self {
        self.body = (!body.is_empty()).then(|| shorten(body, KEPT_BODY_BYTES));
        self
    }
}

/// A rejected value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// Its path, as the service writes it: `input.steps`, `hardware`.
    pub field: String,
    /// The violated rule, if the service names it: `required`, `enum`, `number_lte`, `additional_property_not_allowed`.
    pub rule: Option<String>,
    pub description: String,
}

/// Why a call failed, by meaning: `docs/reference/replicate-api.md#what-to-do-about-an-error-response`. `detail` is the service's message:
/// untrusted text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicateFailure {
    /// 401.
    #[error("the API token was rejected: {detail}")]
    Unauthorized {
        detail: String,
        /// Whether the token does not look like an API token (`r8_...`) and may be the CLI token.
        looks_like_cli_token: bool,
    },
    /// 402, or the spend limit is reached.
    #[error("the account cannot pay for this: {detail}")]
    PaymentRequired { detail: String },
    /// 403.
    #[error("the token lacks permission for this: {detail}")]
    Forbidden { detail: String },
    /// 404: it does not exist, is not visible to this token, or is a call that official models do not support.
    #[error("not found: {detail}")]
    NotFound { detail: String },
    /// 409.
    #[error("it already exists: {detail}")]
    Conflict { detail: String },
    /// 400 or 422: some values are invalid.
    #[error("the values were rejected: {detail}")]
    InvalidInput { fields: Vec<InvalidField>, detail: String },
    /// 422: the version does not exist or belongs to someone else.
    #[error("the version does not exist or may not be used: {detail}")]
    VersionNotPermitted { detail: String },
    /// 422: the service disabled the version because it keeps failing.
    #[error("the version was disabled: {detail}")]
    VersionDisabled { detail: String },
    /// 429, even after the last retry.
    #[error("too many requests: {detail}")]
    RateLimited {
        retry_after: Option<Duration>,
        /// Whether the account has little credit and may send one request at a time.
        low_credit: bool,
        detail: String,
    },
    /// Another status below 500.
    #[error("the request was rejected with status {status}: {detail}")]
    Rejected { status: u16, detail: String },
    /// 5xx or 408.
    #[error("Replicate responded with status {status}: {detail}")]
    Server { status: u16, retry_after: Option<Duration>, detail: String },
    /// No response arrived, or only a part of it.
    #[error("the service did not respond")]
    Transport {
        /// Whether the request may have arrived. It cannot have if no connection was established.
        may_have_arrived: bool,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The response is invalid.
    #[error("the response is invalid: {reason}")]
    UnexpectedBody { reason: String },
    /// A creation got no usable response, and searching for its result failed. It is not repeated, because it may have worked.
    #[error("it may or may not have been created, and checking failed too")]
    Unresolved {
        /// Why the search failed.
        #[source]
        lookup: Box<ReplicateError>,
    },
    /// A version did not become visible in time.
    #[error("the version did not appear within {}", readable_duration(*.within))]
    NeverAppeared { within: Duration },
    /// A prediction or training reached a limit.
    #[error("{0}")]
    TimedOut(Box<TimedOut>),
    #[error("canceled{}", .still_running.as_ref().map(|id| format!(", but {id} could not be stopped and may still run")).unwrap_or_default())]
    Cancelled {
        /// A prediction whose cancellation was not confirmed.
        still_running: Option<PredictionId>,
    },
    /// The URL may not be fetched.
    #[error("the URL may not be fetched: {reason}")]
    RefusedUrl { reason: String },
    /// The host does not provide the file.
    #[error("the file's host responded with status {status}")]
    FileUnavailable { status: u16 },
    /// A file exceeds the size limit.
    #[error("it is larger than the {limit_bytes} bytes allowed")]
    TooLarge { limit_bytes: u64 },
    /// A file could not be kept on this machine.
    #[error("it could not be written to a temporary file: {cause}")]
    NotKept {
        /// The disk's error.
        cause: String,
    },
    /// A file has an unwanted content type.
    #[error("the file is of type {content_type}")]
    UnwantedType { content_type: String },
}

impl ReplicateFailure {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::Conflict { .. }
            | Self::InvalidInput { .. }
            | Self::VersionNotPermitted { .. }
            | Self::Rejected { .. }
            | Self::RefusedUrl { .. }
            | Self::FileUnavailable { .. }
            | Self::TooLarge { .. }
            | Self::UnwantedType { .. } => ErrorKind::Request,
            Self::RateLimited { .. }
            | Self::Server { .. }
            | Self::Transport { .. }
            | Self::UnexpectedBody { .. }
            | Self::Unresolved { .. }
            | Self::NotKept { .. }
            | Self::NeverAppeared { .. } => ErrorKind::Service,
            Self::PaymentRequired { .. } => ErrorKind::Billing,
            Self::VersionDisabled { .. } | Self::TimedOut(_) => ErrorKind::Model,
            Self::Cancelled { .. } => ErrorKind::Cancelled,
        }
    }

    fn rewrite(&mut self, rewritten: &dyn Fn(&str) -> String) {
        match self {
            Self::Unauthorized { detail: text, .. }
            | Self::PaymentRequired { detail: text }
            | Self::Forbidden { detail: text }
            | Self::NotFound { detail: text }
            | Self::Conflict { detail: text }
            | Self::VersionNotPermitted { detail: text }
            | Self::VersionDisabled { detail: text }
            | Self::RateLimited { detail: text, .. }
            | Self::Rejected { detail: text, .. }
            | Self::Server { detail: text, .. }
            | Self::UnexpectedBody { reason: text }
            | Self::RefusedUrl { reason: text }
            | Self::UnwantedType { content_type: text } => *text = rewritten(text),
            Self::InvalidInput { fields, detail } => {
                *detail = rewritten(detail);
                for field in fields {
                    field.field = rewritten(&field.field);
                    field.description = rewritten(&field.description);
                }
            }
            Self::Unresolved { lookup } => lookup.rewrite(rewritten),
            Self::TimedOut(timed_out) => {
                let prediction = &mut timed_out.prediction;
                prediction.id = PredictionId::new(rewritten(prediction.id.as_str()));
                prediction.web_url = prediction.web_url.as_deref().map(rewritten);
            }
            Self::Cancelled { still_running: Some(id) } => *id = PredictionId::new(rewritten(id.as_str())),
            // The causes are this machine's.
            Self::Cancelled { still_running: None }
            | Self::Transport { .. }
            | Self::NeverAppeared { .. }
            | Self::FileUnavailable { .. }
            | Self::TooLarge { .. }
            | Self::NotKept { .. } => {}
        }
    }

    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unauthorized { looks_like_cli_token: true, .. } => {
                "an API token starts with r8_ and comes from https://replicate.com/account/api-tokens; this one looks like the CLI \
                 token of https://replicate.com/auth/token, so the two secrets may be swapped"
            }
            Self::Unauthorized { .. } => {
                "create a new API token at https://replicate.com/account/api-tokens and store it as the secret"
            }
            Self::PaymentRequired { .. } => {
                "add credit or raise the spend limit at https://replicate.com/account/billing, then wait some minutes before the next run"
            }
            Self::Forbidden { .. } => "use a token of the account that owns the model",
            Self::NotFound { .. } => "check the name, and that the token belongs to the account that can see it",
            Self::Conflict { .. } => "choose another name, or use the existing one",
            Self::InvalidInput { .. } => "correct the values; nothing was run and nothing was charged",
            Self::VersionNotPermitted { .. } => "use a token of the account that owns the model, and check that the version exists",
            Self::VersionDisabled { .. } => {
                "the model keeps failing in setup(): read the logs of its earlier predictions, and push a version that boots"
            }
            Self::RateLimited { low_credit: true, .. } => "the account's credit is low: add credit, or run fewer cases",
            Self::RateLimited { .. } => "lower the number of parallel predictions",
            Self::Rejected { status: 300..=399, .. } => "REPLICATE_BASE_URL leads to a redirect; give the address it points to",
            Self::Rejected { .. } => return None,
            Self::Server { .. } | Self::NeverAppeared { .. } => "see https://www.replicatestatus.com, and run again later",
            Self::Transport { .. } => "check the network, the proxy and REPLICATE_BASE_URL",
            Self::UnexpectedBody { .. } => "check that REPLICATE_BASE_URL leads to a Replicate API",
            Self::Unresolved { .. } => "check https://replicate.com/predictions for a created one, and cancel it",
            Self::TimedOut(timed_out) => match timed_out.limit {
                TimeLimit::StartUp => {
                    "setup() may hang, the image may be too large, or the hardware may be scarce; read the logs, or raise the start-up limit"
                }
                TimeLimit::Run => "read the logs, or raise predict_timeout",
            },
            Self::Cancelled { still_running: Some(_) } => "cancel it at https://replicate.com/predictions",
            Self::Cancelled { still_running: None } => return None,
            Self::RefusedUrl { .. } => "only public http and https addresses and data: URLs are fetched",
            Self::FileUnavailable { .. } => {
                "output files are removed an hour after the prediction; a file named in a test case has to be public"
            }
            Self::TooLarge { .. } => "make the file smaller",
            Self::UnwantedType { .. } => "check what the URL leads to",
            Self::NotKept { .. } => "free space in the folder for temporary files (TMPDIR)",
        })
    }
}
