//! Images and audio within an output or a report, and outputs that are nothing but files.

use serde_json::Value;

use super::cut::is_web_address;
use crate::report::json::v1::FileEntry;

/// Previews by safe-push are smaller.
const COPY_BYTES: usize = 1024 * 1024;

/// The types that a page embeds. SVG is left out, because it can contain scripts.
pub(super) const IMAGES: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"];
pub(super) const AUDIO: [&str; 6] = ["audio/mpeg", "audio/wav", "audio/x-wav", "audio/ogg", "audio/flac", "audio/mp4"];

/// A `data:` URL that a page may embed: a known type in base64, and nothing else.
pub(super) fn embedded(address: &str, types: &[&str]) -> Option<String> {
    let (media_type, code) = address.strip_prefix("data:")?.split_once(";base64,")?;
    let is_code = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    (types.contains(&media_type) && is_code && !code.is_empty() && address.len() <= COPY_BYTES).then(|| address.to_owned())
}

/// Whether an output consists only of file URLs.
pub(super) fn is_only_files(output: &Value, files: &[FileEntry]) -> bool {
    let is_file = |item: &Value| {
        item.as_str().is_some_and(|text| {
            is_web_address(text)
                || embedded(text, &IMAGES).is_some()
                || embedded(text, &AUDIO).is_some()
                || (!files.is_empty() && text.starts_with("data:"))
        })
    };
    match output {
        Value::Array(items) => !items.is_empty() && items.iter().all(is_file),
        single => is_file(single),
    }
}
