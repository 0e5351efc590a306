//! Finds the URLs of files in an output.

use cog_schema::{Shape, ShapeKind};
use serde_json::Value;

/// Files of one output that are fetched.
const FILE_LIMIT: usize = 32;

/// The URL of a file in an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileUrl {
    /// Path in the output: `.images[0]`, or empty for the output itself.
    pub(super) path: String,
    pub(super) url: String,
}

/// The file URLs in an output, by its schema. Where the schema says nothing, everything that looks like a URL counts.
pub(super) fn file_urls(output: &Value, shape: Option<&Shape>) -> Vec<FileUrl> {
    let anything = Shape::default();
    let mut found = Vec::new();
    collect(output, shape.unwrap_or(&anything), &mut String::new(), &mut found);
    found
}

/// Everything in an output that looks like a file URL, whatever the schema says, because `match_url` also works for models that return a URL as
/// plain text.
pub(super) fn all_file_urls(output: &Value) -> Vec<FileUrl> {
    file_urls(output, None)
}

fn collect(value: &Value, shape: &Shape, path: &mut String, found: &mut Vec<FileUrl>) {
    if found.len() >= FILE_LIMIT {
        return;
    }
    let mark = path.len();
    match (value, &shape.kind) {
        (Value::String(text), kind) => {
            let may_be_file = shape.is_file() || matches!(kind, ShapeKind::Any) || in_union(kind);
            if may_be_file && is_url(text) {
                found.push(FileUrl { path: path.clone(), url: text.clone() });
            }
        }
        (Value::Array(items), kind) => {
            let anything = Shape::default();
            let of_items = match kind {
                ShapeKind::Array(items) => items,
                ShapeKind::Any | ShapeKind::Union(_) => &anything,
                _ => return,
            };
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                collect(item, of_items, path, found);
                path.truncate(mark);
            }
        }
        (Value::Object(values), kind) => {
            let anything = Shape::default();
            for (name, value) in values {
                let of_member = match kind {
                    ShapeKind::Object(members) => members.get(name).map_or(&anything, |member| &member.shape),
                    ShapeKind::Any | ShapeKind::Union(_) => &anything,
                    _ => return,
                };
                path.push('.');
                path.push_str(name);
                collect(value, of_member, path, found);
                path.truncate(mark);
            }
        }
        _ => {}
    }
}

fn in_union(kind: &ShapeKind) -> bool {
    matches!(kind, ShapeKind::Union(variants) if variants.iter().any(|variant| variant.is_file() || matches!(variant.kind, ShapeKind::Any)))
}

fn is_url(text: &str) -> bool {
    ["https://", "http://", "data:"].iter().any(|scheme| text.starts_with(scheme)) && !text.chars().any(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use cog_schema::read;
    use serde_json::json;

    use super::*;

    fn paths(output: &Value, schema: &Value) -> Vec<String> {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {}}, "Output": schema}}});
        let schemas = read(&document);
        file_urls(output, schemas.output.as_ref()).into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn files_are_found_where_the_schema_says() {
        let uri = json!({"type": "string", "format": "uri"});
        assert_eq!(paths(&json!("https://x/a.png"), &uri), [""]);
        assert_eq!(paths(&json!(["https://x/a.png", "data:,x"]), &json!({"type": "array", "items": uri})), ["[0]", "[1]"]);
        let object = json!({"type": "object", "properties": {"image": uri, "text": {"type": "string"}}});
        assert_eq!(paths(&json!({"image": "https://x/a.png", "text": "https://x/b"}), &object), [".image"]);
    }

    #[test]
    fn text_that_starts_like_a_url_is_not_a_file() {
        assert_eq!(paths(&json!("https://x/a.png"), &json!({"type": "string"})), Vec::<String>::new());
        assert_eq!(paths(&json!("https://x is a site"), &json!({})), Vec::<String>::new());
        assert_eq!(all_file_urls(&json!("https://x/a.png")).len(), 1);
    }

    #[test]
    fn the_number_of_files_is_limited() {
        let many: Vec<String> = (0..100).map(|n| format!("https://x/{n}")).collect();
        assert_eq!(all_file_urls(&json!(many)).len(), FILE_LIMIT);
    }
}
