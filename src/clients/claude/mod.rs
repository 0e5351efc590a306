//! Claude's Messages API: one question, which the model must answer through a tool.
//!
//! - [`Claude`]: the trait; [`RealClaude`]: the client, with retries, time limits and a budget
//! - [`ToolRequest`]: a question; [`ContentBlock`]: its parts
//! - [`Quoted`]: untrusted text, escaped so that it cannot pass for instructions
//! - [`PromptImage`]: an image within the API's limits
//! - [`ClaudeError`]: errors by meaning
//!
//! What to ask, and what an answer means, is up to the caller.

mod error;
mod models;
mod prompt_image;
mod quote;
mod real;
mod request;

pub use error::{ClaudeError, ClaudeFailure};
pub use models::is_outdated;
pub use prompt_image::{MAX_IMAGES, PromptImage, PromptImageError};
pub use quote::Quoted;
pub use real::{ClaudeOptions, Credential, RealClaude};
pub use request::{Claude, ContentBlock, ToolRequest};
