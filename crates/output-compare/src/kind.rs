//! What a file is: by its first bytes, then by its name and the type its host names.

use std::fmt;

use crate::MediaFile;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// Readable text.
    Text,
    /// A JSON document.
    Json,
    /// A picture, or an animated one.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Anything else.
    Binary,
}

impl MediaKind {
    /// The word for documents that machines read.
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

/// What a file is. Its first bytes count most: names and types are often wrong.
pub fn detect(file: &MediaFile<'_>) -> MediaKind {
    if let Some(kind) = by_magic(file.bytes) {
        return kind;
    }
    let Ok(text) = std::str::from_utf8(file.bytes) else { return by_words(file).unwrap_or(MediaKind::Binary) };
    match by_words(file) {
        // Bytes without a signature that are said to be a picture or sound: broken or empty, and judged as what they should be.
        Some(kind @ (MediaKind::Image | MediaKind::Audio | MediaKind::Video)) => return kind,
        Some(kind @ MediaKind::Json) => return kind,
        _ => {}
    }
    let start = text.trim_start();
    if start.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return MediaKind::Json;
    }
    if text.contains('\0') { MediaKind::Binary } else { MediaKind::Text }
}

fn by_magic(bytes: &[u8]) -> Option<MediaKind> {
    let Some(found) = infer::get(bytes) else {
        // Matroska and WebM, however their header is written.
        let is_matroska = bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]);
        return is_matroska.then_some(MediaKind::Video).or(is_plain_picture(bytes).then_some(MediaKind::Image));
    };
    match found.matcher_type() {
        infer::MatcherType::Image => Some(MediaKind::Image),
        infer::MatcherType::Audio => Some(MediaKind::Audio),
        infer::MatcherType::Video => Some(MediaKind::Video),
        // HTML and XML are texts with a signature.
        infer::MatcherType::Text => Some(MediaKind::Text),
        _ => Some(MediaKind::Binary),
    }
}

/// QOI, and the portable maps that hold their pixels as bytes: `infer` knows neither. Maps of digits are texts unless their name says more.
fn is_plain_picture(bytes: &[u8]) -> bool {
    match bytes {
        [b'q', b'o', b'i', b'f', ..] => true,
        [b'P', b'7', b'\n', b'W' | b'H' | b'D' | b'M' | b'T' | b'#', ..] => true,
        [b'P', b'4'..=b'6', space, next, ..] => space.is_ascii_whitespace() && (next.is_ascii_digit() || *next == b'#'),
        _ => false,
    }
}

fn by_words(file: &MediaFile<'_>) -> Option<MediaKind> {
    let by_extension = extension_of(file.name).and_then(|extension| mime_guess::from_ext(extension).first());
    let named = file.media_type.filter(|named| !named.is_empty() && *named != "application/octet-stream");
    let word = by_extension.map(|mime| mime.essence_str().to_owned()).or_else(|| named.map(str::to_ascii_lowercase))?;
    let (top, sub) = word.split_once('/')?;
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

/// The extension a file should have: of its sniffed type, else of its name when it is short and plain, else by its kind.
pub fn extension(file: &MediaFile<'_>) -> String {
    if let Some(found) = infer::get(file.bytes) {
        return found.extension().to_owned();
    }
    let of_name = extension_of(file.name).map(str::to_ascii_lowercase);
    match of_name.filter(|word| word.len() <= 8 && word.chars().all(|c| c.is_ascii_alphanumeric())) {
        Some(word) => word,
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
    fn the_first_bytes_count_more_than_the_name() {
        assert_eq!(detect(&MediaFile::named("a.txt", PNG)), MediaKind::Image);
        assert_eq!(detect(&MediaFile { bytes: PNG, media_type: Some("audio/wav"), name: "a" }), MediaKind::Image);
    }

    #[test]
    fn kinds_are_told_apart() {
        let cases: [(&str, &[u8], MediaKind); 13] = [
            ("a", b"qoif\0\0\0\x01\0\0\0\x01\x03\0", MediaKind::Image),
            ("a", b"P6\n2 1\n255\n\0\0\0\0\0\0", MediaKind::Image),
            ("a", b"P6 is a kind of picture", MediaKind::Text),
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
    fn the_type_of_the_host_helps_when_the_name_does_not() {
        let file = MediaFile { bytes: b"", media_type: Some("image/png"), name: "output" };
        assert_eq!(detect(&file), MediaKind::Image);
        let file = MediaFile { bytes: b"x", media_type: Some("application/octet-stream"), name: "output" };
        assert_eq!(detect(&file), MediaKind::Text);
    }

    #[test]
    fn extensions_are_short_and_plain() {
        assert_eq!(extension(&MediaFile::named("x/y.jpeg", PNG)), "png");
        assert_eq!(extension(&MediaFile::named("x/y.CSV", b"a,b")), "csv");
        assert_eq!(extension(&MediaFile::named("x/y.../../z", b"a,b")), "txt");
        assert_eq!(extension(&MediaFile::named("y", b"\xff\xfe\xfd")), "bin");
    }
}
