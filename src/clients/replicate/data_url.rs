//! Files in `data:` URLs (RFC 2397): `data:image/png;base64,...`.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use percent_encoding::percent_decode_str;

use crate::clients::replicate::{Download, ReplicateFailure};

/// Padding is often left out.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

pub(super) fn is_data_url(url: &str) -> bool {
    url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// Decodes the file in a URL, of at most `limit_bytes`.
pub(super) fn decode(url: &str, limit_bytes: u64) -> Result<Download, ReplicateFailure> {
    let refused = |reason: &str| ReplicateFailure::RefusedUrl { reason: reason.to_owned() };
    let rest = url.get(5..).unwrap_or_default();
    let (head, data) = rest.split_once(',').ok_or_else(|| refused("a data: URL without a comma"))?;
    // Three bytes take four characters, and each of them at most three when percent-encoded: longer data cannot fit.
    if data.len() as u64 / 4 > limit_bytes.saturating_mul(3) {
        return Err(ReplicateFailure::TooLarge { limit_bytes });
    }
    let (head, is_base64) = match head.trim_end().rsplit_once(';') {
        Some((before, mark)) if mark.trim().eq_ignore_ascii_case("base64") => (before, true),
        _ => (head, false),
    };
    let mut bytes: Vec<u8> = percent_decode_str(data).collect();
    if is_base64 {
        bytes.retain(|byte| !byte.is_ascii_whitespace());
        bytes = LENIENT.decode(&bytes).map_err(|error| refused(&format!("a data: URL with broken base64 ({error})")))?;
    }
    if bytes.len() as u64 > limit_bytes {
        return Err(ReplicateFailure::TooLarge { limit_bytes });
    }
    let content_type = head.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let content_type = if content_type.is_empty() { "text/plain".to_owned() } else { content_type };
    Ok(Download::of_bytes(Bytes::from(bytes), Some(content_type)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(url: &str) -> (String, String) {
        let file = decode(url, 1000).unwrap();
        (String::from_utf8(file.read().unwrap().unwrap().to_vec()).unwrap(), file.content_type.unwrap())
    }

    #[test]
    fn both_encodings_are_read() {
        let cases = [
            ("data:,hello%20world", "hello world", "text/plain"),
            ("data:text/html;charset=utf-8,<b>", "<b>", "text/html"),
            ("data:image/PNG;base64,aGk=", "hi", "image/png"),
            ("DATA:application/json;charset=utf-8;base64,eyJhIjoxfQ", r#"{"a":1}"#, "application/json"),
            ("data:;base64,aG%0Ak%3D", "hi", "text/plain"),
        ];
        for (url, text, content_type) in cases {
            assert!(is_data_url(url));
            assert_eq!(decoded(url), (text.to_owned(), content_type.to_owned()), "{url}");
        }
    }

    #[test]
    fn broken_urls_are_rejected() {
        for url in ["data:", "data:text/plain;base64", "data:;base64,!!!"] {
            assert!(matches!(decode(url, 1000), Err(ReplicateFailure::RefusedUrl { .. })), "{url}");
        }
        assert!(!is_data_url("dat") && !is_data_url("https://x/data:") && !is_data_url("ääää"));
    }

    #[test]
    fn the_decoded_size_counts() {
        assert_eq!(decode("data:,%61%62%63", 3).unwrap().size_bytes, 3);
        assert!(matches!(decode("data:,abcd", 3), Err(ReplicateFailure::TooLarge { limit_bytes: 3 })));
        assert!(matches!(decode("data:;base64,YWJjZA==", 3), Err(ReplicateFailure::TooLarge { .. })));
        assert!(matches!(decode(&format!("data:,{}", "a".repeat(100_000)), 3), Err(ReplicateFailure::TooLarge { .. })));
    }
}
