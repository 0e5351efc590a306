//! Rejects what the real API rejects.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Asked, KEY};

pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) message: String,
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal { status: 400, kind: "invalid_request_error", message: message.into() }
}

const KEYS: [&str; 16] = [
    "model",
    "max_tokens",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "temperature",
    "top_k",
    "top_p",
    "metadata",
    "stop_sequences",
    "stream",
    "thinking",
    "service_tier",
    "container",
    "mcp_servers",
];

pub(super) fn check(headers: &HeaderMap, body: &[u8]) -> Result<Asked, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("x-api-key") != KEY && header("authorization") != format!("Bearer {KEY}") {
        return Err(Refusal { status: 401, kind: "authentication_error", message: "invalid x-api-key".to_owned() });
    }
    if header("anthropic-version") != "2023-06-01" {
        return Err(invalid("anthropic-version: header is required"));
    }
    if !header("content-type").starts_with("application/json") {
        return Err(invalid("content-type: must be application/json"));
    }
    if body.len() > 32 * 1024 * 1024 {
        return Err(Refusal { status: 413, kind: "request_too_large", message: "Request exceeds the maximum size".to_owned() });
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))?;
    let object = body.as_object().ok_or_else(|| invalid("the body is not an object"))?;
    if let Some(unknown) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(invalid(format!("{unknown}: Extra inputs are not permitted")));
    }
    let model = body["model"].as_str().unwrap_or_default();
    if !model.starts_with("claude-") {
        return Err(Refusal { status: 404, kind: "not_found_error", message: format!("model: {model}") });
    }
    if !body["max_tokens"].as_u64().is_some_and(|tokens| (1..=64_000).contains(&tokens)) {
        return Err(invalid("max_tokens: must be a positive number the model can write"));
    }
    if !body["system"].is_null() && body["system"].as_str().is_none_or(str::is_empty) {
        return Err(invalid("system: text must be non-empty"));
    }
    let tool = check_tools(&body)?;
    let (text, pictures) = check_messages(&body)?;
    Ok(Asked { tool, text, pictures, body })
}

fn check_tools(body: &Value) -> Result<String, Refusal> {
    let tools = body["tools"].as_array().filter(|tools| !tools.is_empty()).ok_or_else(|| invalid("tools: none"))?;
    for tool in tools {
        let name = tool["name"].as_str().unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 128 || !name.chars().all(plain) {
            return Err(invalid("tools.0.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"));
        }
        if tool["input_schema"]["type"] != "object" {
            return Err(invalid("tools.0.input_schema.type: Input should be 'object'"));
        }
    }
    let choice = &body["tool_choice"];
    let wanted = choice["name"].as_str().unwrap_or_default();
    if choice["type"] != "tool" || !tools.iter().any(|tool| tool["name"] == wanted) {
        return Err(invalid(format!("tool_choice: tool '{wanted}' not found in provided tools")));
    }
    Ok(wanted.to_owned())
}

fn check_messages(body: &Value) -> Result<(String, Vec<String>), Refusal> {
    let messages = body["messages"].as_array().filter(|list| !list.is_empty()).ok_or_else(|| invalid("messages: none"))?;
    if messages[0]["role"] != "user" {
        return Err(invalid("messages: first message must use the \"user\" role"));
    }
    let (mut texts, mut pictures) = (Vec::new(), Vec::new());
    for message in messages {
        let content = message["content"].as_array().filter(|list| !list.is_empty()).ok_or_else(|| invalid("content: none"))?;
        for block in content {
            match block["type"].as_str().unwrap_or_default() {
                "text" => {
                    let text = block["text"].as_str().filter(|text| !text.trim().is_empty());
                    texts.push(text.ok_or_else(|| invalid("messages: text content blocks must be non-empty"))?.to_owned());
                }
                "image" => pictures.push(check_picture(&block["source"])?),
                "document" => pictures.push(check_document(&block["source"])?),
                other => return Err(invalid(format!("content: unknown type '{other}'"))),
            }
        }
    }
    Ok((texts.join("\n"), pictures))
}

fn check_document(source: &Value) -> Result<String, Refusal> {
    let data = source["data"].as_str().unwrap_or_default();
    if source["type"] != "base64" || source["media_type"] != "application/pdf" {
        return Err(invalid("document.source.media_type: Input should be 'application/pdf'"));
    }
    match STANDARD.decode(data) {
        Ok(bytes) if bytes.starts_with(b"%PDF-") => Ok("application/pdf".to_owned()),
        _ => Err(invalid("document.source.data: The PDF specified was not valid")),
    }
}

fn check_picture(source: &Value) -> Result<String, Refusal> {
    let (media_type, data) = (source["media_type"].as_str().unwrap_or_default(), source["data"].as_str().unwrap_or_default());
    if source["type"] != "base64" || !["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&media_type) {
        return Err(invalid("image.source.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"));
    }
    if data.len() > 5 * 1024 * 1024 {
        return Err(invalid("image exceeds 5 MB maximum"));
    }
    let bytes = STANDARD.decode(data).map_err(|_wrong| invalid("image.source.data: invalid base64 data"))?;
    let sniffed = infer::get(&bytes).map_or("unknown", |found| found.mime_type());
    if sniffed != media_type {
        return Err(invalid(format!("Image does not match the provided media type {media_type}: it is {sniffed}")));
    }
    let picture = image::load_from_memory(&bytes).map_err(|_broken| invalid("Could not process image"))?;
    if picture.width().max(picture.height()) > 8000 {
        return Err(invalid("At least one of the image dimensions exceed max allowed size: 8000 pixels"));
    }
    Ok(media_type.to_owned())
}
