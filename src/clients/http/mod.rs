//! What all HTTP clients share.
//!
//! - [`build_client`]: the only place that builds clients: TLS, proxy, time limits, user agent
//! - [`read_bounded`]: reads a response body up to a limit
//! - [`retry`]: repeats what a client allows to be repeated, and can be canceled
//! - [`requested_wait`]: how long a service asks to wait
//! - [`PublicOnly`]: keeps downloads from URLs of others out of private networks
//!
//! What may be repeated, and what a response means, is up to each client.

mod body;
mod build;
mod private;
mod requested_wait;
mod retry;
mod tls;

pub use body::{BodyError, read_bounded};
pub use build::{HttpBuildError, HttpOptions, Redirects, build_client};
pub use private::{PrivateAddress, PublicOnly};
pub use requested_wait::requested_wait;
pub use retry::{FailedAttempt, Interrupted, Retry, RetryError, pause, retry};
