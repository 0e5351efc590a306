//! Claude's Messages API, as far as it is needed: one question, answered through a tool that the model has to call.
//!
//! - [`Claude`]: the trait; [`RealClaude`]: the real one, with repeats, time limits and a budget
//! - [`ToolRequest`]: the question; [`Content`]: its parts
//! - [`Quoted`]: untrusted text in a form that cannot pass for ours
//! - [`PromptImage`]: a picture within the API's limits
//! - [`ClaudeError`]: what went wrong, by meaning
//!
//! What is asked, and what the answer means, is left to the caller.

mod error;
mod prompt_image;
mod quote;
mod real;
mod request;

pub use error::{ClaudeError, ClaudeFailure};
pub use prompt_image::{MOST_IMAGES, PromptImage, PromptImageError};
pub use quote::Quoted;
pub use real::{ClaudeOptions, RealClaude};
pub use request::{Claude, Content, ToolRequest};

/// The model that is asked when nothing is said: the peer's.
pub const DEFAULT_MODEL: &str = "claude-sonnet-4-5";
