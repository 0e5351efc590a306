//! HTTP, as every client of a service needs it.
//!
//! - [`build_client`]: the one place that builds clients: TLS, proxy, time limits, user agent
//! - [`read_bounded`]: a body, but not more of it than we can hold
//! - [`retry`]: repeats what a client says may be repeated, and can be interrupted
//! - [`requested_wait`]: how long the service asked us to wait
//! - [`PublicOnly`] and [`is_private`]: keeps downloads of foreign URLs out of private networks
//!
//! What may be repeated, and what an answer means, is left to each client.

mod body;
mod build;
mod private;
mod requested_wait;
mod retry;

pub use body::{BodyError, read_bounded};
pub use build::{HttpBuildError, HttpOptions, Redirects, build_client};
pub use private::{PrivateAddress, PublicOnly, is_private, is_private_host};
pub use requested_wait::requested_wait;
pub use retry::{Interrupted, Retry, RetryError, pause, retry};
