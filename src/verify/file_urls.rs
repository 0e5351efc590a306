//! Finds the URLs of files in an output.

use cog_schema::{Shape, ShapeKind};
use serde_json::Value;

/// The URL of a file in an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileUrl {
    /// Path in the output: `.images[0]`, or empty for the output itself.
    pub(super) path: String,
    pub(super) url: String,
    pub(super) origin: UrlOrigin,
}

/// Why a text counts as the URL of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UrlOrigin {
    /// The schema says so, or a test case. A file that cannot be fetched is missing.
    Declared,
    /// It looks like one. If nothing can be fetched there, it is only text.
    LooksLikeUrl,
}

/// The file URLs in an output that its schema declares. Where the schema says nothing, everything that looks like a URL counts.
pub(super) fn file_urls(output: &Value, shape: Option<&Shape>) -> Vec<FileUrl> {
    let mut found = urls_in(output, shape);
    found.retain(|file| file.origin == UrlOrigin::Declared);
    found
}

/// Every URL in an output, including those in texts that the schema does not declare as files: a model may return the URL of a file that it
/// uploaded itself.
pub(super) fn urls_in(output: &Value, shape: Option<&Shape>) -> Vec<FileUrl> {
    let anything = Shape::default();
    let mut found = Vec::new();
    collect(output, shape.unwrap_or(&anything), &mut String::new(), &mut found);
    found
}

/// Everything in an output that looks like a file URL, whatever the schema says, because `match_url` also works for models that return a
/// URL as plain text.
pub(super) fn all_file_urls(output: &Value) -> Vec<FileUrl> {
    file_urls(output, None)
}

fn collect(value: &Value, shape: &Shape, path: &mut String, found: &mut Vec<FileUrl>) {
    let mark = path.len();
    match (value, &shape.kind) {
        (Value::String(text), kind) => {
            let may_be_file = shape.is_file() || matches!(kind, ShapeKind::Any) || in_union(kind);
            if is_url(text) {
                let origin = if may_be_file { UrlOrigin::Declared } else { UrlOrigin::LooksLikeUrl };
                found.push(FileUrl { path: path.clone(), url: text.clone(), origin });
            }
        }
        (Value::Array(items), kind) => {
            let anything = Shape::default();
            let of_items = match kind {
                ShapeKind::Array(items) => items,
                // What is not as the schema says can be anything.
                _ => &anything,
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
                    _ => &anything,
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
    fn urls_that_the_schema_does_not_declare_are_marked() {
        let document = json!({"components": {"schemas": {"Output": {"type": "object", "properties": {
            "image": {"type": "string", "format": "uri"}, "page": {"type": "string"}, "pages": {"type": "array", "items": {"type": "string"}},
        }}}}});
        let output = json!({"image": "https://x/a.png", "page": "https://x/b", "pages": ["https://x/c"], "extra": "https://x/d"});
        let found = urls_in(&output, read(&document).output.as_ref());
        let found: Vec<_> = found.iter().map(|file| (file.path.as_str(), file.origin)).collect();
        assert_eq!(
            found,
            [
                (".image", UrlOrigin::Declared),
                (".page", UrlOrigin::LooksLikeUrl),
                (".pages[0]", UrlOrigin::LooksLikeUrl),
                (".extra", UrlOrigin::Declared)
            ]
        );
    }

    #[test]
    fn every_file_counts() {
        let many: Vec<String> = (0..1000).map(|n| format!("https://x/{n}")).collect();
        assert_eq!(all_file_urls(&json!(many)).len(), 1000);
    }
}
