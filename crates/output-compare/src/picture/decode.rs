//! Decoding under limits: every still picture comes through here.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::MediaFile;
use crate::guard::guarded;

/// No side of a picture is longer.
const SIDE_LIMIT: u32 = 32_768;

/// What is decoded at one time takes no more memory, both pictures of a comparison together: a bomb of a few kilobytes can ask for hundreds of
/// gigabytes.
pub(super) const DECODED_BYTES: u64 = 512 * 1024 * 1024;

/// What a picture's header says, as it is seen: cameras store pictures as they were held, with a note on how to turn them (EXIF).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Colour channels as stored.
    pub(super) channels: u8,
    /// What it takes when decoded.
    pub(super) decoded_bytes: u64,
}

/// The limits of every decoder.
pub(super) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_LIMIT);
    limits.max_image_height = Some(SIDE_LIMIT);
    limits.max_alloc = Some(DECODED_BYTES);
    limits
}

/// The format by the first bytes, else by the name: TGA has no signature.
pub(super) fn format_of(file: &MediaFile<'_>) -> Result<ImageFormat, String> {
    if file.bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    match image::guess_format(file.bytes) {
        Ok(format) => Ok(format),
        Err(error) => match ImageFormat::from_path(file.name) {
            Ok(ImageFormat::Tga) => Ok(ImageFormat::Tga),
            _ => Err(error.to_string()),
        },
    }
}

fn reader<'a>(file: &MediaFile<'a>) -> Result<ImageReader<Cursor<&'a [u8]>>, String> {
    let mut reader = ImageReader::with_format(Cursor::new(file.bytes), format_of(file)?);
    reader.limits(limits());
    Ok(reader)
}

/// Reads a picture's header.
pub(super) fn head(file: &MediaFile<'_>) -> Result<Head, String> {
    guarded(|| {
        let mut decoder = reader(file)?.into_decoder().map_err(|error| error.to_string())?;
        let ((mut width, mut height), channels) = (decoder.dimensions(), decoder.color_type().channel_count());
        if swaps_sides(orientation(&mut decoder)) {
            (width, height) = (height, width);
        }
        if width == 0 || height == 0 {
            return Err("it has no pixels".to_owned());
        }
        Ok(Head { width, height, channels, decoded_bytes: decoder.total_bytes() })
    })
}

/// Decodes a picture as it is seen, the first one of an animation; the error says why it cannot be.
pub(crate) fn decode(file: &MediaFile<'_>) -> Result<DynamicImage, String> {
    guarded(|| {
        let mut decoder = reader(file)?.into_decoder().map_err(|error| error.to_string())?;
        if decoder.total_bytes() > DECODED_BYTES {
            return Err(format!("it takes more than {DECODED_BYTES} bytes when decoded"));
        }
        let orientation = orientation(&mut decoder);
        let mut image = DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())?;
        image.apply_orientation(orientation);
        Ok(image)
    })
}

/// How a picture has to be turned. A note that cannot be read turns nothing, as in browsers.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}
