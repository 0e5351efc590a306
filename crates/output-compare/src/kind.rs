//! Detecting the kind of a file by its signature, then by its name and media type.

use std::fmt;

use crate::MediaFile;

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// Text of any language or format, including HTML, XML and SVG.
    Text,
    /// A JSON document.
    Json,
    /// A still or animated image.
    Image,
    /// An audio file.
    Audio,
    /// A video, with or without audio.
    Video,
    /// Anything else.
    Binary,
}

impl MediaKind {
    /// The name in machine-readable documents: `image`, `json`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Binary => "binary",
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Json => "JSON",
            other => other.key(),
        })
    }
}

/// Detects the kind of a file. Its signature counts most, because names and media types are often wrong.
///
/// ```
/// use output_compare::{MediaFile, MediaKind, detect};
///
/// assert_eq!(detect(&MediaFile::named("output.txt", b"\x89PNG\r\n\x1a\n")), MediaKind::Image);
/// assert_eq!(detect(&MediaFile::named("output", br#"{"label": "cat"}"#)), MediaKind::Json);
/// ```
pub fn detect(file: &MediaFile<'_>) -> MediaKind {
    if let Some(kind) = by_signature(file.bytes) {
        return kind;
    }
    let Ok(text) = std::str::from_utf8(file.bytes) else { return by_name_or_type(file).unwrap_or(MediaKind::Binary) };
    // Text where the name promises an image or audio is a broken or empty file of that kind.
    if let Some(kind @ (MediaKind::Image | MediaKind::Audio | MediaKind::Video | MediaKind::Json)) = by_name_or_type(file) {
        return kind;
    }
    let start = text.trim_start();
    if start.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return MediaKind::Json;
    }
    if text.contains('\0') { MediaKind::Binary } else { MediaKind::Text }
}

fn by_signature(bytes: &[u8]) -> Option<MediaKind> {
    let Some(found) = infer::get(bytes) else {
        // `infer` misses Matroska and WebM headers with an unusual order of elements.
        return bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]).then_some(MediaKind::Video);
    };
    match found.matcher_type() {
        infer::MatcherType::Image => Some(MediaKind::Image),
        infer::MatcherType::Audio => Some(MediaKind::Audio),
        infer::MatcherType::Video => Some(MediaKind::Video),
        // HTML and XML.
        infer::MatcherType::Text => Some(MediaKind::Text),
        _ => Some(MediaKind::Binary),
    }
}

fn by_name_or_type(file: &MediaFile<'_>) -> Option<MediaKind> {
    let by_extension = extension_of(file.name).and_then(|extension| mime_guess::from_ext(extension).first());
    let named = file.media_type.filter(|named| !named.is_empty() && *named != "application/octet-stream");
    let mime = by_extension.map(|mime| mime.essence_str().to_owned()).or_else(|| named.map(str::to_ascii_lowercase))?;
    let (top, sub) = mime.split_once('/')?;
    Some(match (top, sub) {
        ("image", "svg+xml") => MediaKind::Text,
        ("image", _) => MediaKind::Image,
        ("audio", _) => MediaKind::Audio,
        ("video", _) => MediaKind::Video,
        (_, sub) if sub == "json" || sub.ends_with("+json") => MediaKind::Json,
        ("text", _) => MediaKind::Text,
        _ => return None,
    })
}

fn extension_of(name: &str) -> Option<&str> {
    let last = name.rsplit('/').next()?;
    let (stem, extension) = last.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then_some(extension)
}

/// The extension that fits a file: by its signature, else the one in its name if that is short and alphanumeric, else by its kind.
///
/// ```
/// use output_compare::{MediaFile, extension};
///
/// assert_eq!(extension(&MediaFile::named("output.bin", b"\x89PNG\r\n\x1a\n")), "png");
/// assert_eq!(extension(&MediaFile::named("table.CSV", b"a,b")), "csv");
/// ```
pub fn extension(file: &MediaFile<'_>) -> String {
    if let Some(found) = infer::get(file.bytes) {
        return found.extension().to_owned();
    }
    let of_name = extension_of(file.name).map(str::to_ascii_lowercase);
    match of_name.filter(|extension| extension.len() <= 8 && extension.chars().all(|c| c.is_ascii_alphanumeric())) {
        Some(extension) => extension,
        None => match detect(file) {
            MediaKind::Text => "txt".to_owned(),
            MediaKind::Json => "json".to_owned(),
            _ => "bin".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    #[test]
    fn the_signature_counts_more_than_the_name() {
        assert_eq!(detect(&MediaFile::named("a.txt", PNG)), MediaKind::Image);
        assert_eq!(detect(&MediaFile { bytes: PNG, media_type: Some("audio/wav"), name: "a" }), MediaKind::Image);
    }

    #[test]
    fn every_kind_is_detected() {
        let cases: [(&str, &[u8], MediaKind); 12] = [
            ("a.ppm", b"P6\n2 1\n255\n\0\0\0\0\0\0", MediaKind::Image),
            ("a", b"qoif\0\0\0\x01\0\0\0\x01\x03\0", MediaKind::Binary),
            ("a.txt", b"hello", MediaKind::Text),
            ("a", b"{\"a\": 1}", MediaKind::Json),
            ("a", b"{not json", MediaKind::Text),
            ("a.json", b"broken", MediaKind::Json),
            ("a.wav", b"RIFF\0\0\0\0WAVEfmt ", MediaKind::Audio),
            ("a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0", MediaKind::Video),
            ("a.glb", b"glTF\x02\0\0\0\xff", MediaKind::Binary),
            ("a.png", b"", MediaKind::Image),
            ("a.svg", b"<svg></svg>", MediaKind::Text),
            ("a", b"a\0b", MediaKind::Binary),
        ];
        for (name, bytes, kind) in cases {
            assert_eq!(detect(&MediaFile::named(name, bytes)), kind, "{name} {bytes:?}");
        }
    }

    #[test]
    fn the_media_type_counts_if_the_name_says_nothing() {
        let file = MediaFile { bytes: b"", media_type: Some("image/png"), name: "output" };
        assert_eq!(detect(&file), MediaKind::Image);
        let file = MediaFile { bytes: b"x", media_type: Some("application/octet-stream"), name: "output" };
        assert_eq!(detect(&file), MediaKind::Text);
    }

    #[test]
    fn extensions_are_short_and_alphanumeric() {
        assert_eq!(extension(&MediaFile::named("x/y.jpeg", PNG)), "png");
        assert_eq!(extension(&MediaFile::named("x/y.CSV", b"a,b")), "csv");
        assert_eq!(extension(&MediaFile::named("x/y.../../z", b"a,b")), "txt");
        assert_eq!(extension(&MediaFile::named("y", b"\xff\xfe\xfd")), "bin");
    }
}
