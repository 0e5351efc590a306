//! Lists in pages, newest first, with opaque cursors.

use std::cmp::Reverse;
use std::collections::HashMap;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::service::Service;

/// Where a page starts: after or before an entry, by its sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    OlderThan(u64),
    NewerThan(u64),
}

impl Cursor {
    fn encode(self) -> String {
        let text = match self {
            Self::OlderThan(sequence) => format!("o{sequence}"),
            Self::NewerThan(sequence) => format!("n{sequence}"),
        };
        BASE64_URL_SAFE_NO_PAD.encode(text)
    }

    fn decode(text: &str) -> Option<Self> {
        let decoded = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let sequence = decoded.get(1..)?.parse().ok()?;
        match decoded.get(..1)? {
            "o" => Some(Self::OlderThan(sequence)),
            "n" => Some(Self::NewerThan(sequence)),
            _ => None,
        }
    }
}

/// A page of entries, given with their sequence numbers. Only those on the page are rendered. `path` is the path of the list; the
/// links keep the other parts of the query.
pub(super) fn page<T>(
    service: &Service,
    path: &str,
    query: &HashMap<String, String>,
    entries: impl Iterator<Item = (u64, T)>,
    render: impl Fn(&T) -> Value,
) -> Result<Response, Problem> {
    let cursor = match query.get("cursor") {
        None => None,
        Some(text) => Some(Cursor::decode(text).ok_or_else(|| Problem::BadRequest("Invalid cursor".to_owned()))?),
    };
    let mut entries: Vec<(u64, T)> = entries.collect();
    entries.sort_by_key(|(sequence, _)| Reverse(*sequence));
    let size = service.options.page_size.max(1);
    let (start, end) = match cursor {
        None => (0, size),
        Some(Cursor::OlderThan(last)) => {
            let start = entries.iter().position(|(sequence, _)| *sequence < last).unwrap_or(entries.len());
            (start, start + size)
        }
        Some(Cursor::NewerThan(first)) => {
            let end = entries.iter().position(|(sequence, _)| *sequence <= first).unwrap_or(entries.len());
            (end.saturating_sub(size), end)
        }
    };
    let total = entries.len();
    let end = end.min(total);
    let shown = &entries[start..end];
    let link = |cursor: Cursor| {
        let mut serializer = url::form_urlencoded::Serializer::new(String::new());
        let mut others: Vec<_> = query.iter().filter(|(name, _)| *name != "cursor").collect();
        others.sort();
        serializer.extend_pairs(others).append_pair("cursor", &cursor.encode());
        format!("{}{path}?{}", service.base_url, serializer.finish())
    };
    let next = shown.last().filter(|_| end < total).map(|(sequence, _)| link(Cursor::OlderThan(*sequence)));
    let previous = shown.first().filter(|_| start > 0).map(|(sequence, _)| link(Cursor::NewerThan(*sequence)));
    let results: Vec<Value> = shown.iter().map(|(_, entry)| render(entry)).collect();
    Ok(Json(json!({"next": next, "previous": previous, "results": results})).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_a_round_trip() {
        for cursor in [Cursor::OlderThan(7), Cursor::NewerThan(u64::MAX)] {
            assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }
        for text in ["", "!", "bzE", "eDE"] {
            assert_ne!(Cursor::decode(text), Some(Cursor::NewerThan(1)), "{text}");
        }
        assert_eq!(Cursor::decode("eDE"), None);
    }
}
