//! Requests, and the trait that answers them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::clients::claude::{ClaudeError, PromptImage};
use crate::domain::plan::DEFAULT_JUDGE_MODEL;

/// Answers questions. Used by several tasks at the same time.
pub trait Claude: Send + Sync {
    /// Sends a question and returns the input that the model passed to the tool. It is an object, but not checked against the
    /// schema.
    fn use_tool<'a>(&'a self, request: &'a ToolRequest) -> BoxFuture<'a, Result<Value, ClaudeError>>;
}

/// A question and the tool through which it must be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolRequest {
    /// The model. Default: [`DEFAULT_JUDGE_MODEL`].
    pub model: Option<String>,
    /// The system prompt. Must not contain untrusted text.
    pub system: String,
    pub content: Vec<ContentBlock>,
    /// The tool's name: letters, digits, `_` and `-`.
    pub tool: &'static str,
    /// The purpose of the tool.
    pub tool_description: &'static str,
    /// The JSON Schema of the tool's input, an object.
    pub tool_schema: Value,
    /// Limit for the answer, in tokens.
    pub max_tokens: u32,
}

/// A part of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum ContentBlock {
    /// Text. Empty text is left out.
    Text(String),
    Image(PromptImage),
    /// A PDF document.
    Pdf(Bytes),
}

impl ToolRequest {
    pub(super) fn body(&self) -> Value {
        let content: Vec<Value> = self
            .content
            .iter()
            .filter_map(|part| match part {
                ContentBlock::Text(text) if text.trim().is_empty() => None,
                ContentBlock::Text(text) => Some(json!({"type": "text", "text": text})),
                ContentBlock::Image(image) => Some(json!({
                    "type": "image",
                    "source": {"type": "base64", "media_type": image.media_type(), "data": image.base64()},
                })),
                ContentBlock::Pdf(bytes) => Some(json!({
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": STANDARD.encode(bytes)},
                })),
            })
            .collect();
        json!({
            "model": self.model.as_deref().unwrap_or(DEFAULT_JUDGE_MODEL),
            "max_tokens": self.max_tokens,
            "system": self.system,
            "messages": [{"role": "user", "content": content}],
            "tools": [{"name": self.tool, "description": self.tool_description, "input_schema": self.tool_schema}],
            "tool_choice": {"type": "tool", "name": self.tool, "disable_parallel_tool_use": true},
        })
    }
}
