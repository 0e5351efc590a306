//! What was asked of the sandbox, for tests and for the curious.

use std::collections::VecDeque;
use std::sync::Mutex;

use http::{Method, StatusCode};

use crate::locks::lock;

/// More than any test sends; a sandbox that runs for days keeps the latest.
const MAX_RECORDS: usize = 100_000;

/// A request, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// Its method.
    pub method: Method,
    /// Its path, without the query.
    pub path: String,
    /// Its query, as sent.
    pub query: Option<String>,
    /// The status it was given. `None` when it was not handled: a fault closed the connection before, or it is under way.
    pub status: Option<StatusCode>,
    /// Whether the answer was sent. A fault can lose the answer of a request that was handled.
    pub answered: bool,
    /// Whether it carried the account's credentials.
    pub authorized: bool,
}

#[derive(Debug, Default)]
struct Records {
    kept: VecDeque<RequestRecord>,
    /// How many were dropped from the front.
    dropped: usize,
}

/// The requests so far, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    records: Mutex<Records>,
}

impl RequestLog {
    /// Notes an arrival; the number is for [`Self::end`].
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
