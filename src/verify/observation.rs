//! What was seen of one prediction or training, files included: all that judging needs.

use std::fmt;

use cog_schema::{Method, Shape, ShapeKind};
use output_compare::MediaFile;
use serde_json::Value;

use crate::clients::ErrorKind;
use crate::clients::replicate::Download;

/// Files of one output that are looked at.
const FILE_LIMIT: usize = 32;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Succeeded,
    /// With an error of the model. Untrusted text.
    Failed(String),
    /// Never made: Replicate refused the inputs, with these words.
    Refused(String),
}

/// What was seen of one prediction or training.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Whether it was a prediction or a training.
    pub method: Method,
    /// How it ended.
    pub outcome: Outcome,
    /// Its output; the pieces of a concatenating iterator are joined.
    pub output: Option<Value>,
    /// The files of its output, in the order of the output. Empty unless somebody needs them.
    pub files: Vec<FetchedFile>,
    /// The file to match, when the case names one.
    pub wanted: Option<FetchedFile>,
}

/// A file that was fetched, or could not be.
#[derive(Clone)]
pub struct FetchedFile {
    /// Where in the output: `.images[0]`; empty for the output itself.
    pub path: String,
    /// Its URL, which may be signed: not to be shown.
    pub(super) url: String,
    /// Its URL without signatures, for people.
    pub shown: String,
    /// The last part of its URL's path.
    pub name: String,
    /// Its bytes and type.
    pub content: Result<Download, FetchProblem>,
}

/// Why a file could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchProblem {
    /// In words.
    pub message: String,
    /// Whose failure it is.
    pub kind: ErrorKind,
}

impl fmt::Debug for FetchedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.content.as_ref().map(|download| download.bytes.len());
        formatter.debug_struct("FetchedFile").field("shown", &self.shown).field("size", &size).finish_non_exhaustive()
    }
}

impl FetchedFile {
    /// The file as `media` takes it; the error says why it is not there.
    pub fn media(&self) -> Result<MediaFile<'_>, String> {
        match &self.content {
            Ok(download) => {
                Ok(MediaFile { bytes: &download.bytes, media_type: download.content_type.as_deref(), name: &self.name })
            }
            Err(problem) => Err(format!("the file {} could not be fetched: {}", self.shown, problem.message)),
        }
    }
}

impl Observation {
    /// What ended without files, or whose files nobody needs.
    pub(super) fn without_files(method: Method, outcome: Outcome, output: Option<Value>) -> Self {
        Self { method, outcome, output, files: Vec::new(), wanted: None }
    }

    /// What it was, in a word.
    pub fn noun(&self) -> &'static str {
        match self.method {
            Method::Predict => "prediction",
            Method::Train => "training",
        }
    }

    /// The failure of a service that kept a file away, if there is one: nothing can be judged then.
    pub(super) fn service_problem(&self) -> Option<String> {
        self.files.iter().chain(&self.wanted).find_map(|file| match &file.content {
            Err(problem) if problem.kind != ErrorKind::Request => {
                Some(format!("the file {} could not be fetched: {}", file.shown, problem.message))
            }
            _ => None,
        })
    }

    /// The output without the addresses of its files: two runs never have the same.
    pub(super) fn value_without_files(&self) -> Value {
        let mut value = self.output.clone().unwrap_or_default();
        strip(&mut value, &self.files);
        value
    }
}

fn strip(value: &mut Value, files: &[FetchedFile]) {
    match value {
        Value::String(text) if files.iter().any(|file| file.url == *text) => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, files)),
        Value::Object(members) => members.values_mut().for_each(|member| strip(member, files)),
        _ => {}
    }
}

/// A file that an output names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileAddress {
    /// Where in the output.
    pub(super) path: String,
    /// Its URL.
    pub(super) url: String,
}

/// The files an output names, as its schema says; anything may be one where the schema says nothing.
pub(super) fn files_of(output: &Value, shape: Option<&Shape>) -> Vec<FileAddress> {
    let anything = Shape::default();
    let mut found = Vec::new();
    collect(output, shape.unwrap_or(&anything), &mut String::new(), &mut found);
    found
}

/// The files an output names, whatever its schema says: `match_url` fits models that return a URL as a text too.
pub(super) fn files_by_prefix(output: &Value) -> Vec<FileAddress> {
    files_of(output, None)
}

fn collect(value: &Value, shape: &Shape, path: &mut String, found: &mut Vec<FileAddress>) {
    if found.len() >= FILE_LIMIT {
        return;
    }
    let mark = path.len();
    match (value, &shape.kind) {
        (Value::String(text), kind) => {
            let may_be_file = shape.is_file() || matches!(kind, ShapeKind::Any) || in_union(kind);
            if may_be_file && is_address(text) {
                found.push(FileAddress { path: path.clone(), url: text.clone() });
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

fn is_address(text: &str) -> bool {
    ["https://", "http://", "data:"].iter().any(|scheme| text.starts_with(scheme)) && !text.chars().any(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use cog_schema::read;

    fn paths(output: &Value, schema: &Value) -> Vec<String> {
        let document = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {}}, "Output": schema}}});
        let schemas = read(&document);
        files_of(output, schemas.output.as_ref()).into_iter().map(|file| file.path).collect()
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
    fn a_text_that_begins_like_a_url_is_no_file() {
        assert_eq!(paths(&json!("https://x/a.png"), &json!({"type": "string"})), Vec::<String>::new());
        assert_eq!(paths(&json!("https://x is a site"), &json!({})), Vec::<String>::new());
        assert_eq!(files_by_prefix(&json!("https://x/a.png")).len(), 1);
    }

    #[test]
    fn there_is_a_limit_to_the_files_that_are_looked_at() {
        let many: Vec<String> = (0..100).map(|n| format!("https://x/{n}")).collect();
        assert_eq!(files_by_prefix(&json!(many)).len(), FILE_LIMIT);
    }

    #[test]
    fn addresses_do_not_count_when_values_are_compared() {
        let file = |url: &str| FetchedFile {
            path: String::new(),
            url: url.to_owned(),
            shown: String::new(),
            name: String::new(),
            content: Err(FetchProblem { message: "gone".to_owned(), kind: ErrorKind::Request }),
        };
        let seen = Observation {
            method: Method::Predict,
            outcome: Outcome::Succeeded,
            output: Some(json!({"image": "https://x/1", "text": "hi"})),
            files: vec![file("https://x/1")],
            wanted: None,
        };
        assert_eq!(seen.value_without_files(), json!({"image": null, "text": "hi"}));
        assert!(!format!("{seen:?}").contains("signature"));
    }
}
