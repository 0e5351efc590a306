//! Failures on request, for tests of clients that retry a push.

use std::collections::VecDeque;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::StatusCode;

use crate::sandbox::locks::lock;
use std::sync::Mutex;

/// What the start of a blob upload does instead of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryFault {
    /// Answers 502 with a page of text, as a proxy before the registry does.
    BadGateway,
    /// Drops the connection without an answer.
    Close,
}

/// The faults that are still to happen.
#[derive(Debug, Default)]
pub(super) struct Faults {
    waiting: Mutex<VecDeque<RegistryFault>>,
}

impl Faults {
    pub(super) fn add(&self, fault: RegistryFault, count: usize) {
        lock(&self.waiting).extend(std::iter::repeat_n(fault, count));
    }

    /// The answer to give instead, if a fault is due.
    pub(super) fn take(&self) -> Option<Response> {
        let fault = lock(&self.waiting).pop_front()?;
        Some(match fault {
            RegistryFault::BadGateway => (StatusCode::BAD_GATEWAY, "<html><body>502 Bad Gateway</body></html>").into_response(),
            // A body that fails at once makes hyper drop the connection before it has written the head.
            RegistryFault::Close => {
                let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
                Response::new(Body::from_stream(broken))
            }
        })
    }
}
