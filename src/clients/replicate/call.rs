//! A request and its response, as values.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::clients::replicate::{NewFile, ReplicateError, ReplicateFailure};

#[derive(Debug, Clone)]
pub(super) struct Call {
    /// The purpose; fits after "failed to".
    pub(super) attempted: String,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) payload: RequestBody,
    /// `Cancel-After`: the time after which the service cancels the prediction by itself.
    pub(super) cancel_after: Option<Duration>,
}

#[derive(Debug, Clone)]
pub(super) enum RequestBody {
    Nothing,
    Json(Value),
    File(NewFile),
}

impl Call {
    pub(super) fn new(method: Method, url: Url, attempted: impl Into<String>) -> Self {
        Self { attempted: attempted.into(), method, url, payload: RequestBody::Nothing, cancel_after: None }
    }

    pub(super) fn get(url: Url, attempted: impl Into<String>) -> Self {
        Self::new(Method::GET, url, attempted)
    }

    pub(super) fn post(url: Url, attempted: impl Into<String>) -> Self {
        Self::new(Method::POST, url, attempted)
    }

    pub(super) fn json(mut self, body: Value) -> Self {
        self.payload = RequestBody::Json(body);
        self
    }

    pub(super) fn failed(&self, failure: ReplicateFailure) -> ReplicateError {
        ReplicateError::new(&self.attempted, failure)
    }
}

#[derive(Debug)]
pub(super) struct ApiResponse {
    body: Bytes,
}

impl ApiResponse {
    pub(super) fn new(body: Bytes) -> Self {
        Self { body }
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Parses the body.
    pub(super) fn read<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ReplicateError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let reason = match std::str::from_utf8(&self.body).map(str::trim_start) {
                Ok("") => "it is empty".to_owned(),
                Ok(text) if text.starts_with('<') => "it is HTML, not JSON".to_owned(),
                _ => error.to_string(),
            };
            call.failed(ReplicateFailure::UnexpectedBody { reason }).with_body(&String::from_utf8_lossy(&self.body))
        })
    }

    /// Parses the body and converts it.
    pub(super) fn convert<R: DeserializeOwned, T: TryFrom<R, Error = String>>(&self, call: &Call) -> Result<T, ReplicateError> {
        T::try_from(self.read::<R>(call)?).map_err(|reason| call.failed(ReplicateFailure::UnexpectedBody { reason }))
    }
}
