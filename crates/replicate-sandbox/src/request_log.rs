//! The log of requests to the sandbox.

use std::collections::VecDeque;
use std::sync::Mutex;

use http::{Method, StatusCode};

use crate::locks::lock;

/// More than any test sends. A sandbox that runs for days keeps the latest.
const MAX_RECORDS: usize = 100_000;

/// A request to the sandbox and its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The HTTP method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query as sent, without the `?`.
    pub query: Option<String>,
    /// The status of the response. `None` while the request is in progress, or if a fault closed the connection before it was
    /// handled.
    pub status: Option<StatusCode>,
    /// Whether the response was sent. A fault can drop the response to a request that was handled.
    pub answered: bool,
    /// Whether it carried valid credentials: the API token, or under `/v2` the user name and CLI token.
    pub authorized: bool,
}

#[derive(Debug, Default)]
struct Records {
    kept: VecDeque<RequestRecord>,
    /// Records dropped from the front.
    dropped: usize,
}

/// The requests so far, in the order in which they arrived.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    records: Mutex<Records>,
}

impl RequestLog {
    /// Adds a request and returns the number to pass to [`Self::end`].
    pub(super) fn begin(&self, record: RequestRecord) -> usize {
        let mut records = lock(&self.records);
        if records.kept.len() == MAX_RECORDS {
            records.kept.pop_front();
            records.dropped += 1;
        }
        records.kept.push_back(record);
        records.dropped + records.kept.len() - 1
    }

    pub(super) fn end(&self, number: usize, status: StatusCode, answered: bool) {
        let mut records = lock(&self.records);
        let position = number.checked_sub(records.dropped);
        if let Some(record) = position.and_then(|position| records.kept.get_mut(position)) {
            record.status = Some(status);
            record.answered = answered;
        }
    }

    pub(super) fn all(&self) -> Vec<RequestRecord> {
        lock(&self.records).kept.iter().cloned().collect()
    }
}
