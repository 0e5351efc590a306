//! What went wrong, by meaning.

use std::fmt;
use std::time::Duration;

use crate::clients::ErrorKind;
use crate::clients::http::Retry;
use crate::clients::replicate::ReplicateError;
use crate::domain::prediction::{Prediction, PredictionId};
use crate::support::clock::humane;

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

/// The two limits of a prediction or training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeLimit {
    /// From creation until it began: queue, image pull, `setup()`.
    StartUp,
    /// From its beginning to its end.
    Run,
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::StartUp => "start-up limit",
            Self::Run => "run limit",
        })
    }
}

/// A prediction or training that was stopped because a limit was reached.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedOut {
    /// Which limit.
    pub limit: TimeLimit,
    /// How long it was.
    pub allowed: Duration,
    /// How it stood when the limit was reached, logs included.
    pub prediction: Prediction,
    /// Whether the service confirmed that it no longer runs.
    pub stopped: bool,
}

/// Why a call failed, by meaning: `docs/reference/replicate-api.md#what-to-do-about-an-error-response`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
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
    #[error("{}", timed_out(.0))]
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

fn timed_out(timed_out: &TimedOut) -> String {
    let TimedOut { limit, allowed, prediction, stopped } = timed_out;
    let what = match limit {
        TimeLimit::StartUp => "never started",
        TimeLimit::Run => "did not end",
    };
    let page = prediction.web_url.as_deref().map(|url| format!(" ({url})")).unwrap_or_default();
    let end = if *stopped { "it was cancelled" } else { "cancelling it was not confirmed" };
    format!("{}{page} {what} within the {limit} of {}; {end}", prediction.id, humane(*allowed))
}

impl Failure {
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

/// What a failed call may have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing, and it never will: the service refused it.
    Refused,
    /// Nothing yet: it can be repeated, after the wait asked for.
    NotExecuted(Option<Duration>),
    /// Nobody knows: it can be repeated only if it does the same when done twice.
    Unknown(Option<Duration>),
}

impl Failure {
    /// What the failed call may have done. A 429 was not executed (`docs/reference/replicate-api.md#lost-creations`), nor was a request
    /// that found no connection.
    pub(super) fn effect(&self) -> Effect {
        match self {
            Self::RateLimited { retry_after, .. } => Effect::NotExecuted(*retry_after),
            Self::Transport { may_have_arrived: false, .. } => Effect::NotExecuted(None),
            Self::Server { retry_after, .. } => Effect::Unknown(*retry_after),
            Self::Transport { may_have_arrived: true, .. } | Self::UnexpectedBody { .. } => Effect::Unknown(None),
            _ => Effect::Refused,
        }
    }

    /// Whether a call that does the same when done twice is worth another try.
    pub(super) fn retry(&self) -> Retry {
        match (self, self.effect()) {
            // The same question would get the same answer.
            (Self::UnexpectedBody { .. }, _) | (_, Effect::Refused) => Retry::No,
            (_, Effect::NotExecuted(wait) | Effect::Unknown(wait)) => Retry::After(wait),
        }
    }
}
