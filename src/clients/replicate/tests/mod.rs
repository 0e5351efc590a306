//! The real client against test servers.

mod lost_creations;
mod resources;
mod statuses;

use std::sync::Arc;
use std::time::Duration;

use wiremock::MockServer;

use crate::clients::replicate::{RealReplicate, ReplicateOptions};
use crate::support::SecretString;
use crate::support::clock::SystemClock;
use crate::support::retry::RetryPolicy;

pub(super) const TOKEN: &str = "r8_a-token-that-must-not-be-shown";

/// A client whose waits are milliseconds.
pub(super) fn client_of(base_url: &str) -> RealReplicate {
    let options = ReplicateOptions {
        retry: RetryPolicy { retries: 5, first_wait: Duration::from_millis(2), longest_wait: Duration::from_millis(50) },
        lookup_waits: vec![Duration::from_millis(1), Duration::from_millis(10), Duration::from_millis(30)],
        ..ReplicateOptions::new(base_url.parse().unwrap(), SecretString::from(TOKEN))
    };
    RealReplicate::new(options, Arc::new(SystemClock)).unwrap()
}

pub(super) fn client(server: &MockServer) -> RealReplicate {
    client_of(&server.uri())
}
