//! Error responses with the service's own texts: `docs/reference/replicate-api.md#error-bodies`.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::validate::InvalidField;

/// Why a request is rejected.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Problem {
    /// 401.
    Unauthenticated,
    /// 402.
    InsufficientCredit,
    /// 403. The real service's message is not known.
    Forbidden(&'static str),
    /// 404 for anything absent or invisible.
    NotFound,
    /// 404 for a training's destination.
    NoDestination,
    /// 405.
    MethodNotAllowed(String),
    /// 409: the name is taken.
    Conflict(&'static str),
    /// 413.
    TooLarge,
    /// 400: the request is malformed.
    BadRequest(String),
    /// 400: a resource has invalid values.
    Validation(Vec<FieldError>),
    /// 421: the request names a host that the sandbox does not answer to. The real service has no such response.
    ForeignHost(String),
    /// 422: a job has invalid inputs.
    Input(Vec<InvalidField>),
    /// 422: the version is missing, invisible or belongs to someone else.
    Version,
    /// 422: the version is disabled.
    Disabled,
    /// 429.
    Throttled { retry_after: Duration, low_credit: bool },
    /// 500: the sandbox failed.
    Internal(&'static str),
}

/// An invalid value of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldError {
    /// Such as `/hardware`.
    pub(super) pointer: &'static str,
    pub(super) detail: String,
}

impl FieldError {
    pub(super) fn new(pointer: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer, detail: detail.into() }
    }
}

impl Problem {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::InsufficientCredit => StatusCode::PAYMENT_REQUIRED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound | Self::NoDestination => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BadRequest(_) | Self::Validation(_) => StatusCode::BAD_REQUEST,
            Self::ForeignHost(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::Input(_) | Self::Version | Self::Disabled => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn body(&self) -> Value {
        let status = self.status().as_u16();
        match self {
            Self::Unauthenticated => {
                json!({"title": "Unauthenticated", "detail": "You did not pass a valid authentication token", "status": status})
            }
            Self::InsufficientCredit => json!({
                "title": "Insufficient credit",
                "detail": "You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing to \
                           purchase credit. Once you purchase credit, please wait a few minutes before trying again.",
                "status": status,
            }),
            Self::Forbidden(detail) => json!({"title": "Forbidden", "detail": detail, "status": status}),
            Self::NotFound => json!({"detail": "The requested resource could not be found.", "status": status}),
            Self::NoDestination => json!({"detail": "The specified training destination does not exist", "status": status}),
            Self::MethodNotAllowed(method) => json!({"detail": format!("Method \"{method}\" not allowed."), "status": status}),
            Self::Conflict(detail) => {
                json!({"title": "Conflict", "detail": detail, "status": status, "errors": [{"detail": detail}]})
            }
            Self::TooLarge => json!({"detail": "The request is too large."}),
            Self::BadRequest(detail) => json!({"title": "Bad request", "detail": detail, "status": status}),
            Self::Validation(errors) => {
                let lines: String = errors.iter().map(|error| format!("\n- {}: {}", &error.pointer[1..], error.detail)).collect();
                let errors: Vec<Value> =
                    errors.iter().map(|error| json!({"detail": error.detail, "pointer": error.pointer})).collect();
                json!({
                    "title": "Validation failed",
                    "detail": format!("The following errors occurred:{lines}"),
                    "status": status,
                    "errors": errors,
                })
            }
            Self::ForeignHost(host) => {
                let detail = if host.is_empty() {
                    "The request names no host.".to_owned()
                } else {
                    format!("The sandbox does not answer to the host \"{host}\". If it should, add it with --host.")
                };
                json!({"title": "Foreign host", "detail": detail, "status": status})
            }
            Self::Input(fields) => json!({
                "title": "Input validation failed",
                "detail": fields.iter().map(|field| format!("- {}: {}\n", field.field, field.description)).collect::<String>(),
                "status": status,
                "invalid_fields": fields,
            }),
            Self::Version => json!({
                "title": "Invalid version or not permitted",
                "detail": "The specified version does not exist (or perhaps you don't have permission to use it?)",
                "status": status,
            }),
            Self::Disabled => json!({
                "title": "Version disabled",
                "detail": "This version has been disabled because it consistently fails to complete setup.",
                "status": status,
            }),
            Self::Throttled { retry_after, low_credit } => {
                let seconds = whole_seconds(*retry_after);
                let reduced = if *low_credit {
                    "Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 requests while \
                     you have less than $5.0 in credit. "
                } else {
                    ""
                };
                let detail = format!("Request was throttled. {reduced}Your rate limit resets in ~{seconds}s.");
                json!({"detail": detail, "status": status, "retry_after": seconds})
            }
            Self::Internal(detail) => json!({"title": "Internal server error", "detail": detail, "status": status}),
        }
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs_f64().ceil() as u64
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let mut response = (self.status(), [content_type], self.body().to_string()).into_response();
        if let Self::Throttled { retry_after, .. } = self {
            let seconds = HeaderValue::from(whole_seconds(retry_after));
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, seconds.clone());
            headers.insert("ratelimit-remaining", 0.into());
            headers.insert("ratelimit-reset", seconds);
        }
        response
    }
}
