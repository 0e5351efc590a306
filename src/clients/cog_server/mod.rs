//! A Cog model's own HTTP server, wherever it runs, in the role of Replicate: predictions can be run on it and nothing else.
//!
//! Both dialects are spoken: FastAPI's up to Cog 0.16 and coglet's (`docs/reference/cog.md#fastapi-and-coglet`). Neither lets a client
//! poll, so each prediction is a request of its own that lasts until it is done, and its state is kept here. Files come as `data:` URLs.
//!
//! [`CogServer`] keeps the states, `protocol` sends requests and reads responses, `roles` says what a server cannot do.

mod predictions;
mod protocol;
mod roles;
mod server;

#[cfg(test)]
mod tests;

pub use server::{CogServer, CogServerError};
