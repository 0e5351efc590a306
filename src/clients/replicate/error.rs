//! The error of every call: what was attempted, what went wrong and what the service said.

use std::time::Duration;

use cog_findings::text::shorten;

use crate::clients::ErrorKind;
use crate::clients::replicate::limits::{TimeLimit, TimedOut};
use crate::domain::prediction::PredictionId;
use crate::support::clock::humane;

/// How much of an answer's body an error keeps.
pub(super) const KEPT_BODY_BYTES: usize = 4096;

/// A call to Replicate that failed.
///
/// Its message says what was attempted, its source ([`ReplicateError::failure`]) what went wrong: print the chain.
#[derive(Debug, thiserror::Error)]
#[error("failed to {attempted}")]
pub struct ReplicateError {
    attempted: String,
    #[source]
    failure: Box<ReplicateFailure>,
    body: Option<String>,
}

impl ReplicateError {
    /// An error of our own making, without an answer. `attempted` fits after "failed to".
    pub fn new(attempted: impl Into<String>, failure: ReplicateFailure) -> Self {
        Self { attempted: attempted.into(), failure: Box::new(failure), body: None }
    }

    /// What was attempted; fits after "failed to".
    pub fn attempted(&self) -> &str {
        &self.attempted
    }

    /// What went wrong.
    pub fn failure(&self) -> &ReplicateFailure {
        &self.failure
    }

    /// Whose failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.failure.kind()
    }

    /// The way out, where there is one to name.
    pub fn hint(&self) -> Option<&'static str> {
        self.failure.hint()
    }

    /// The beginning of the answer's body, when there was an answer. Untrusted text.
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// Whether it is a 404.
    pub fn is_not_found(&self) -> bool {
        matches!(*self.failure, ReplicateFailure::NotFound { .. })
    }

    /// Keeps the beginning of the answer's body.
    #[must_use]
    pub(super) fn with_body(mut self, body: &str) -> Self {
        self.body = (!body.is_empty()).then(|| shorten(body, KEPT_BODY_BYTES));
        self
    }
}

/// One input that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// Which, as the service writes it: `input.steps`, `hardware`.
    pub field: String,
    /// The rule it breaks, when the service names one: `required`, `enum`, `number_lte`, `additional_property_not_allowed`.
    pub rule: Option<String>,
    /// What is wrong with it.
    pub description: String,
}

/// Why a call failed, by meaning: `docs/reference/replicate-api.md#what-to-do-about-an-error-response`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicateFailure {
    /// 401.
    #[error("the API token was not accepted: {detail}")]
    Unauthorized {
        /// The service's words.
        detail: String,
        /// The token does not look like an API token (`r8_...`): it may be the one of the CLI.
        looks_like_cli_token: bool,
    },
    /// 402, or a spend limit reached.
    #[error("the account cannot pay for this: {detail}")]
    PaymentRequired {
        /// The service's words.
        detail: String,
    },
    /// 403.
    #[error("the token has no permission for this: {detail}")]
    Forbidden {
        /// The service's words.
        detail: String,
    },
    /// 404: absent, invisible to this token, or a call that official models do not have.
    #[error("not found: {detail}")]
    NotFound {
        /// The service's words.
        detail: String,
    },
    /// 409.
    #[error("it is there already: {detail}")]
    Conflict {
        /// The service's words.
        detail: String,
    },
    /// 400 or 422: the values sent are refused.
    #[error("the values sent were refused: {detail}")]
    InvalidInput {
        /// Each refused value.
        fields: Vec<InvalidField>,
        /// The service's words.
        detail: String,
    },
    /// 422: the version is not there, or belongs to somebody else.
    #[error("the version is not there or may not be used: {detail}")]
    VersionNotPermitted {
        /// The service's words.
        detail: String,
    },
    /// 422: the service switched the version off, for it kept failing.
    #[error("the version was disabled: {detail}")]
    VersionDisabled {
        /// The service's words.
        detail: String,
    },
    /// 429, after all retries.
    #[error("too many requests: {detail}")]
    RateLimited {
        /// The wait asked for.
        retry_after: Option<Duration>,
        /// The account has little credit, and the limit is one request at a time.
        low_credit: bool,
        /// The service's words.
        detail: String,
    },
    /// Another status below 500.
    #[error("the request was refused with status {status}: {detail}")]
    Rejected {
        /// The status.
        status: u16,
        /// The service's words.
        detail: String,
    },
    /// 5xx or 408.
    #[error("Replicate answered with status {status}: {detail}")]
    Server {
        /// The status.
        status: u16,
        /// The wait asked for.
        retry_after: Option<Duration>,
        /// The service's words.
        detail: String,
    },
    /// No answer, or not all of it.
    #[error("no answer came from the service")]
    Transport {
        /// Whether the request may have arrived. When not even a connection stood, it cannot have.
        may_have_arrived: bool,
        /// What the network said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is not what it should be.
    #[error("the answer could not be understood: {reason}")]
    UnexpectedBody {
        /// Why.
        reason: String,
    },
    /// A creating call got no usable answer, and what became of it could not be found out. It is not repeated: it may have worked.
    #[error("it may or may not have been created, and looking for it failed too")]
    Unresolved {
        /// Why looking failed.
        #[source]
        lookup: Box<ReplicateError>,
    },
    /// A version did not become visible in time.
    #[error("the version did not appear within {}", humane(*.within))]
    NeverAppeared {
        /// The time it was given.
        within: Duration,
    },
    /// A limit was reached.
    #[error("{0}")]
    TimedOut(Box<TimedOut>),
    /// Somebody stopped the run.
    #[error("cancelled{}", .still_running.as_ref().map(|id| format!(", but {id} could not be stopped and may still run")).unwrap_or_default())]
    Cancelled {
        /// What the service did not confirm to have stopped.
        still_running: Option<PredictionId>,
    },
    /// A URL that is not fetched.
    #[error("the URL is not fetched: {reason}")]
    RefusedUrl {
        /// Why.
        reason: String,
    },
    /// A file that its host does not hand out.
    #[error("the file's host answered with status {status}")]
    FileUnavailable {
        /// The status.
        status: u16,
    },
    /// A file that is larger than allowed.
    #[error("it is larger than the {limit_bytes} bytes allowed")]
    TooLarge {
        /// What was allowed.
        limit_bytes: usize,
    },
    /// A file of a type that was not asked for.
    #[error("the file is of type {content_type}")]
    UnwantedType {
        /// Its type.
        content_type: String,
    },
}

impl ReplicateFailure {
    /// Whose failure it is.
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
            | Self::NeverAppeared { .. } => ErrorKind::Service,
            Self::PaymentRequired { .. } => ErrorKind::Billing,
            Self::VersionDisabled { .. } | Self::TimedOut(_) => ErrorKind::Model,
            Self::Cancelled { .. } => ErrorKind::Cancelled,
        }
    }

    /// The way out, where there is one to name.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unauthorized { looks_like_cli_token: true, .. } => {
                "an API token starts with r8_ and comes from https://replicate.com/account/api-tokens; this one looks like the CLI \
                 token of https://replicate.com/auth/token, so the two secrets may be swapped"
            }
            Self::Unauthorized { .. } => {
                "make a new API token at https://replicate.com/account/api-tokens and store it as the secret"
            }
            Self::PaymentRequired { .. } => {
                "add credit or raise the spend limit at https://replicate.com/account/billing, then wait some minutes before the next run"
            }
            Self::Forbidden { .. } => "use a token of the account that owns the model",
            Self::NotFound { .. } => "check the name, and that the token belongs to the account that can see it",
            Self::Conflict { .. } => "choose another name, or use what is there",
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
            Self::Unresolved { .. } => "look at https://replicate.com/predictions for one that was created and cancel it",
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
        })
    }
}
