//! The headers of an upload session: `Content-Range`, `Range` and `Location`.

use uuid::Uuid;

/// The inclusive range of bytes that a chunk claims to hold: `Content-Range: 0-1023`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkRange {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl ChunkRange {
    /// Parses the header's value: the distribution API's form, or HTTP's with `bytes ` before and `/size` after.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("bytes").map_or(text, |rest| rest.trim_start_matches(['=', ' ']));
        let text = text.split_once('/').map_or(text, |(range, _)| range);
        let (start, end) = text.split_once('-')?;
        let range = Self { start: start.parse().ok()?, end: end.parse().ok()? };
        (range.start <= range.end).then_some(range)
    }
}

/// The `Range` header after `offset` bytes. The specification uses `0-0` for none.
pub(super) fn received_range(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}

/// The URL at which a session continues.
pub(super) fn location(repository: &str, id: Uuid) -> String {
    format!("/v2/{repository}/blobs/uploads/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_ranges_are_read_in_both_forms() {
        let cases = [
            ("0-1023", Some((0, 1023))),
            ("bytes 5-9/10", Some((5, 9))),
            ("bytes=5-9", Some((5, 9))),
            ("9-5", None),
            ("5-", None),
            ("-5", None),
            ("x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(ChunkRange::parse(text), expected.map(|(start, end)| ChunkRange { start, end }), "{text}");
        }
    }
}
