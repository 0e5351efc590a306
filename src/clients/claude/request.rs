//! A question, and the trait of those who answer.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::clients::claude::{ClaudeError, PromptImage};

/// Answers questions. Called from several tasks at one time.
#[async_trait]
pub trait Claude: Send + Sync {
    /// Asks, and gives what the model handed to the tool. It is an object; whether it fits the tool's schema is for the caller to see.
    async fn use_tool(&self, request: &ToolRequest) -> Result<Value, ClaudeError>;
}

/// One question and the tool through which it has to be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolRequest {
    /// The model; [`super::DEFAULT_MODEL`] when nothing is said.
    pub model: Option<String>,
    /// What the model is to know and obey. Only our own words.
    pub system: String,
    /// The question.
    pub content: Vec<Content>,
    /// The tool's name: letters, digits, `_` and `-`.
    pub tool: &'static str,
    /// What the tool is for.
    pub tool_description: &'static str,
    /// The JSON schema of what it takes; an object.
    pub tool_schema: Value,
    /// The longest answer, in tokens.
    pub max_tokens: u32,
}

/// A part of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Words. Empty ones are left out.
    Text(String),
    /// A picture.
    Image(PromptImage),
}

impl ToolRequest {
    /// The request's body.
    pub(super) fn body(&self) -> Value {
        let content: Vec<Value> = self
            .content
            .iter()
            .filter_map(|part| match part {
                Content::Text(text) if text.trim().is_empty() => None,
                Content::Text(text) => Some(json!({"type": "text", "text": text})),
                Content::Image(picture) => Some(json!({
                    "type": "image",
                    "source": {"type": "base64", "media_type": picture.media_type(), "data": picture.base64()},
                })),
            })
            .collect();
        json!({
            "model": self.model.as_deref().unwrap_or(super::DEFAULT_MODEL),
            "max_tokens": self.max_tokens,
            "system": self.system,
            "messages": [{"role": "user", "content": content}],
            "tools": [{"name": self.tool, "description": self.tool_description, "input_schema": self.tool_schema}],
            "tool_choice": {"type": "tool", "name": self.tool, "disable_parallel_tool_use": true},
        })
    }
}
