//! Which image formats are decoded.

use image::ImageFormat;

use crate::{DecodeError, MediaFile};

/// The format of a file, if it is one of those decoded here.
///
/// A file without a signature counts as broken, unless its name or media type is that of a format that is not decoded here, such as TGA,
/// which has no signature.
pub(super) fn decodable_format(file: &MediaFile<'_>) -> Result<ImageFormat, DecodeError> {
    if file.bytes.is_empty() {
        return Err(DecodeError::broken("the file is empty"));
    }
    match image::guess_format(file.bytes) {
        Ok(format) => check_decodable(format),
        Err(error) => {
            if let Some(found) = infer::get(file.bytes) {
                return Err(unsupported(found.mime_type()));
            }
            let by_name = ImageFormat::from_path(file.name).ok();
            let claimed = by_name.or_else(|| file.media_type.and_then(ImageFormat::from_mime_type));
            claimed.map_or(Ok(()), |format| check_decodable(format).map(|_| ()))?;
            Err(DecodeError::broken(error.to_string()))
        }
    }
}

fn check_decodable(format: ImageFormat) -> Result<ImageFormat, DecodeError> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    if matches!(format, Bmp | Gif | Jpeg | Png | Tiff | WebP) { Ok(format) } else { Err(unsupported(format.to_mime_type())) }
}

fn unsupported(media_type: &str) -> DecodeError {
    DecodeError::Unsupported(format!("{media_type} is not supported"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_unsupported_and_files_without_a_format_are_broken() {
        let named = |name, bytes| decodable_format(&MediaFile::named(name, bytes));
        assert_eq!(named("a", b"\x89PNG\r\n\x1a\n"), Ok(ImageFormat::Png));
        assert_eq!(named("a.png", b"qoif\0\0\0\x01\0\0\0\x01\x03\0"), Err(unsupported("image/x-qoi")));
        assert_eq!(named("a.png", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1"), Err(unsupported("image/avif")));
        assert_eq!(named("a.tga", b"\0\0\x02\0\0"), Err(unsupported("image/x-targa")));
        assert!(matches!(named("a.png", b"not an image"), Err(DecodeError::Broken(_))));
        assert!(matches!(named("a", b"not an image"), Err(DecodeError::Broken(_))));
        assert_eq!(named("a.png", b""), Err(DecodeError::broken("the file is empty")));
    }
}
