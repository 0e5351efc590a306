//! Faults of uploads and mounts, for tests of clients that retry a push or publish within the registry.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::StatusCode;

use crate::locks::lock;

/// In the middle of any layer of a realistic size.
const CUT_OFF_AT: u64 = 1024 * 1024;

/// How a blob upload fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadFault {
    /// At its start: answers 502 with an HTML page, as a proxy in front of a registry does.
    BadGateway,
    /// At its start: closes the connection without a response.
    Close,
    /// After one mebibyte: closes the connection. What has arrived is kept for the client to continue.
    CutOff,
}

/// How a mount of a blob fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountFault {
    /// Opens an upload instead, as registries do for whatever reason.
    Refused,
    /// Answers 201, and does not have the blob afterwards.
    Forgotten,
    /// Answers 201 and shows the blob, but refuses a manifest that names it, as registries do that take a blob over only with a manifest.
    Unusable,
}

/// The faults that have not happened yet.
#[derive(Debug, Default)]
pub(super) struct UploadFaults {
    waiting: Mutex<VecDeque<UploadFault>>,
    mounts: Mutex<VecDeque<MountFault>>,
    cuts: AtomicUsize,
}

impl UploadFaults {
    pub(super) fn add(&self, fault: UploadFault, count: usize) {
        match fault {
            UploadFault::CutOff => drop(self.cuts.fetch_add(count, Ordering::Relaxed)),
            fault => lock(&self.waiting).extend(std::iter::repeat_n(fault, count)),
        }
    }

    pub(super) fn add_mount(&self, fault: MountFault, count: usize) {
        lock(&self.mounts).extend(std::iter::repeat_n(fault, count));
    }

    /// The fault of this mount, if one is due.
    pub(super) fn take_mount(&self) -> Option<MountFault> {
        lock(&self.mounts).pop_front()
    }

    /// Whether an upload that advanced from `before` to `after` bytes is cut off here.
    pub(super) fn cuts_off(&self, before: u64, after: u64) -> bool {
        before < CUT_OFF_AT
            && after >= CUT_OFF_AT
            && self.cuts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// The response to give instead, if a fault is due.
    pub(super) fn take(&self) -> Option<Response> {
        let fault = lock(&self.waiting).pop_front()?;
        Some(match fault {
            UploadFault::BadGateway => (StatusCode::BAD_GATEWAY, "<html><body>502 Bad Gateway</body></html>").into_response(),
            UploadFault::Close | UploadFault::CutOff => closed(),
        })
    }
}

/// A body that fails at once makes hyper close the connection before it has written the head.
pub(super) fn closed() -> Response {
    let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
    Response::new(Body::from_stream(broken))
}
