//! The options of a registry client.

use crate::clients::docker::RegistryCredentials;
use crate::support::retry::RetryPolicy;
use crate::support::secrets::Redactor;

/// Options of a [`RealRegistry`](super::RealRegistry).
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// `HOST` or `HOST:PORT`, as in `r8.im`. Loopback addresses are contacted over plain HTTP, all others over HTTPS.
    pub host: String,
    /// Credentials. `None` for public images. Credentials for another host are ignored.
    pub credentials: Option<RegistryCredentials>,
    /// Retries of failed calls.
    pub retry: RetryPolicy,
    /// Learns the tokens that the registry gives.
    pub redactor: Redactor,
}

impl RegistryOptions {
    /// The default options.
    pub fn new(host: impl Into<String>, credentials: Option<RegistryCredentials>) -> Self {
        Self { host: host.into(), credentials, retry: RetryPolicy::HTTP, redactor: Redactor::default() }
    }
}
