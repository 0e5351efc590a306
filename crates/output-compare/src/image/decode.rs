//! Decoding still images under limits.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::format::decodable_format;
use crate::decode_budget::{BUDGET, DECODED_BYTES, Share};
use crate::decode_guard::guarded;
use crate::{DecodeError, MediaFile};

/// The longest side that is decoded, in pixels.
const SIDE_LIMIT: u32 = 32_768;

/// What an image's header declares, after the rotation that EXIF asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) decoded_bytes: u64,
}

impl Header {
    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}

/// The limits of every decoder.
pub(super) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_LIMIT);
    limits.max_image_height = Some(SIDE_LIMIT);
    limits.max_alloc = Some(DECODED_BYTES);
    limits
}

/// Reads an image's header.
pub(super) fn header(file: &MediaFile<'_>) -> Result<Header, DecodeError> {
    guarded(|| {
        let mut decoder = reader(file)?.into_decoder()?;
        let (mut width, mut height) = decoder.dimensions();
        if swaps_sides(orientation(&mut decoder)) {
            (width, height) = (height, width);
        }
        if width == 0 || height == 0 {
            return Err(DecodeError::broken("it has no pixels"));
        }
        Ok(Header { width, height, decoded_bytes: decoder.total_bytes() })
    })
}

/// Decodes one image within its share of the memory, which is returned with the image.
pub(crate) fn decode_alone(file: &MediaFile<'_>) -> Result<(DynamicImage, Share<'static>), DecodeError> {
    let share = BUDGET.take(header(file)?.decoded_bytes);
    Ok((decode(file)?, share))
}

/// Decodes an image, or the first frame of an animation, and applies the rotation that EXIF asks for. The caller holds its share of the
/// memory.
pub(super) fn decode(file: &MediaFile<'_>) -> Result<DynamicImage, DecodeError> {
    guarded(|| {
        let mut decoder = reader(file)?.into_decoder()?;
        if decoder.total_bytes() > DECODED_BYTES {
            let limit = DECODED_BYTES / 1024 / 1024;
            return Err(DecodeError::too_large(format!("it takes more than {limit} MiB when decoded")));
        }
        let orientation = orientation(&mut decoder);
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        Ok(image)
    })
}

fn reader<'a>(file: &MediaFile<'a>) -> Result<ImageReader<Cursor<&'a [u8]>>, DecodeError> {
    let mut reader = ImageReader::with_format(Cursor::new(file.bytes), decodable_format(file)?);
    reader.limits(limits());
    Ok(reader)
}

/// The rotation by EXIF. Unreadable metadata rotates nothing, as in browsers.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}
