//! Stored files: outputs that became URLs, and uploads. They are kept in a temporary folder of limited size.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;

use axum::body::Bytes;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::locks::lock;

/// Limit for all files together.
const MAX_STORED_BYTES: u64 = 8 * 1024 * 1024 * 1024;
/// Limit for the files of one job's input. No version's server accepts more in a request.
const MAX_INLINED_BYTES: u64 = 100 * 1024 * 1024;
const OCTETS: &str = "application/octet-stream";

/// A file could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("the sandbox's storage is full")]
    Full,
    #[error("the input files are larger than {MAX_INLINED_BYTES} bytes in total")]
    TooMuchInput,
    #[error("the file {0} does not exist or has expired")]
    Missing(String),
    #[error("failed to access the sandbox's files")]
    Disk(#[from] io::Error),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredFile {
    /// The last part of its URL.
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) size: u64,
}

#[derive(Debug, Default)]
struct Index {
    files: HashMap<String, StoredFile>,
    bytes: u64,
}

#[derive(Debug)]
pub(super) struct FileStore {
    folder: PathBuf,
    /// For example `http://127.0.0.1:5000`.
    base_url: String,
    index: Mutex<Index>,
}

impl FileStore {
    pub(super) fn new(folder: PathBuf, base_url: String) -> Self {
        Self { folder, base_url, index: Mutex::default() }
    }

    /// Stores a file and returns its id.
    pub(super) async fn put(&self, name: String, content_type: &str, content: &[u8]) -> Result<String, FileError> {
        let id = Uuid::new_v4().simple().to_string();
        let size = content.len() as u64;
        let file = StoredFile { name, content_type: plain_type(content_type), size };
        {
            let mut index = lock(&self.index);
            if index.bytes + size > MAX_STORED_BYTES {
                return Err(FileError::Full);
            }
            index.bytes += size;
        }
        let written = async {
            tokio::fs::create_dir_all(&self.folder).await?;
            tokio::fs::write(self.folder.join(&id), content).await
        };
        match written.await {
            Ok(()) => {
                lock(&self.index).files.insert(id.clone(), file);
                Ok(id)
            }
            Err(cause) => {
                lock(&self.index).bytes -= size;
                Err(cause.into())
            }
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<StoredFile> {
        lock(&self.index).files.get(id).cloned()
    }

    pub(super) async fn read(&self, id: &str) -> Result<(StoredFile, Bytes), FileError> {
        let file = self.find(id).ok_or_else(|| FileError::Missing(id.to_owned()))?;
        // The id is one of ours, so it cannot lead outside the folder.
        Ok((file, tokio::fs::read(self.folder.join(id)).await?.into()))
    }

    pub(super) async fn remove(&self, id: &str) {
        let removed = {
            let mut index = lock(&self.index);
            let removed = index.files.remove(id);
            index.bytes -= removed.as_ref().map_or(0, |file| file.size);
            removed
        };
        if removed.is_some()
            && let Err(cause) = tokio::fs::remove_file(self.folder.join(id)).await
        {
            tracing::debug!(%cause, "failed to remove a file of the sandbox");
        }
    }

    /// Stores each `data:` URL of an output and puts a URL in its place. Returns the output and the ids of the files.
    pub(super) async fn store_outputs(&self, mut output: Value) -> Result<(Value, Vec<String>), FileError> {
        let mut ids = Vec::new();
        for text in strings(&mut output) {
            let Some((content_type, content)) = decode(text) else { continue };
            let name = format!("out.{}", extension(&content_type));
            match self.put(name.clone(), &content_type, &content).await {
                Ok(id) => {
                    *text = format!("{}/files/{id}/{name}", self.base_url);
                    ids.push(id);
                }
                Err(cause) => {
                    for id in &ids {
                        self.remove(id).await;
                    }
                    return Err(cause);
                }
            }
        }
        Ok((output, ids))
    }

    /// Replaces each of our own URLs by a `data:` URL, since containers cannot reach this machine's 127.0.0.1.
    pub(super) async fn inline_inputs(&self, input: Map<String, Value>) -> Result<Map<String, Value>, FileError> {
        let mut input = Value::Object(input);
        let mut bytes = 0;
        for text in strings(&mut input) {
            let Some(id) = self.own_id(text) else { continue };
            let missing = || FileError::Missing(text.clone());
            bytes += self.find(&id).ok_or_else(missing)?.size;
            if bytes > MAX_INLINED_BYTES {
                return Err(FileError::TooMuchInput);
            }
            let (file, content) = self.read(&id).await?;
            *text = format!("data:{};base64,{}", file.content_type, BASE64_STANDARD.encode(content));
        }
        match input {
            Value::Object(input) => Ok(input),
            _ => Ok(Map::new()),
        }
    }

    /// The id in the URL of an output file or an upload.
    fn own_id(&self, text: &str) -> Option<String> {
        let path = text.strip_prefix(&self.base_url)?;
        let rest = path.strip_prefix("/files/").or_else(|| path.strip_prefix("/v1/files/"))?;
        rest.split(['/', '?']).next().filter(|id| !id.is_empty()).map(str::to_owned)
    }
}

fn strings(value: &mut Value) -> Vec<&mut String> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter_mut().flat_map(strings).collect(),
        Value::Object(members) => members.values_mut().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// The type and content of a base64 `data:` URL; `None` for any other text.
fn decode(text: &str) -> Option<(String, Vec<u8>)> {
    let (head, body) = text.strip_prefix("data:")?.split_once(',')?;
    let content_type = head.strip_suffix(";base64")?;
    let content = BASE64_STANDARD.decode(body.trim_end()).ok()?;
    Some((plain_type(content_type), content))
}

/// A content type that is safe in a header. Anything else becomes `application/octet-stream`.
fn plain_type(text: &str) -> String {
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_'))
    };
    match essence.split_once('/') {
        Some((kind, subkind)) if word(kind) && word(subkind) => essence,
        _ => OCTETS.to_owned(),
    }
}

/// The usual extension of a type, mostly its second half.
fn extension(content_type: &str) -> &str {
    match content_type {
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "text/plain" => "txt",
        "audio/mpeg" => "mp3",
        "audio/wave" | "audio/vnd.wave" => "wav",
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        _ => {
            let subkind = content_type.split('/').next_back().unwrap_or_default();
            let short = subkind.strip_prefix("x-").unwrap_or(subkind);
            if short.len() <= 5 && short.bytes().all(|byte| byte.is_ascii_alphanumeric()) { short } else { "bin" }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn store() -> (tempfile::TempDir, FileStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("files"), "http://127.0.0.1:9".to_owned());
        (folder, store)
    }

    #[tokio::test]
    async fn outputs_become_urls_and_back() {
        let (_folder, store) = store();
        let output = json!({"images": ["data:image/png;base64,AQI=", "data: not a URL"], "text": "data:text/plain,plain"});
        let (stored, ids) = store.store_outputs(output).await.unwrap();
        assert_eq!(ids.len(), 1);
        let url = format!("http://127.0.0.1:9/files/{}/out.png", ids[0]);
        assert_eq!(stored, json!({"images": [url, "data: not a URL"], "text": "data:text/plain,plain"}));
        let input = Map::from_iter([("image".to_owned(), json!(url)), ("other".to_owned(), json!("https://a.example/x"))]);
        let inlined = Value::Object(store.inline_inputs(input).await.unwrap());
        assert_eq!(inlined, json!({"image": "data:image/png;base64,AQI=", "other": "https://a.example/x"}));
        store.remove(&ids[0]).await;
        let input = Map::from_iter([("image".to_owned(), json!(url))]);
        assert!(matches!(store.inline_inputs(input).await, Err(FileError::Missing(missing)) if missing == url));
        assert_eq!(std::fs::read_dir(&store.folder).unwrap().count(), 0);
    }

    #[test]
    fn types_are_safe_in_headers() {
        let cases = [
            ("image/PNG", "image/png"),
            ("text/plain;charset=utf-8", "text/plain"),
            ("", OCTETS),
            ("text/plain\r\nx: y", OCTETS),
            ("a/b/c", OCTETS),
            ("image/svg+xml", "image/svg+xml"),
        ];
        for (given, shown) in cases {
            assert_eq!(plain_type(given), shown, "{given}");
        }
        let extensions = ["image/png", "image/jpeg", "audio/x-wav", OCTETS, "application/x-gtar-compressed"].map(extension);
        assert_eq!(extensions, ["png", "jpg", "wav", "bin", "bin"]);
        assert_eq!(decode("data:;base64,AQ=="), Some((OCTETS.to_owned(), vec![1])));
        assert_eq!(decode("data:image/png;base64,%%"), None);
    }
}
