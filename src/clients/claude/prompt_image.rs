//! Images within the API's limits: JPEG, PNG, GIF or WebP of at most 5 MB as base64. Images larger than the model sees are scaled
//! down here, which makes requests smaller.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};

/// The longer side, in pixels, to which the model scales images down.
const MAX_SIDE: u32 = 1568;

/// Limit in bytes before base64 encoding, which turns three bytes into four. The API's limit is 5 MB after it.
const MAX_BYTES: usize = 3_700_000;

/// Limit for the memory used while decoding.
const DECODING_BYTES: u64 = 1024 * 1024 * 1024;

/// Images in one request: the API's limit. Beyond twenty, it accepts sides of up to 2000 pixels, which [`MAX_SIDE`] keeps to.
pub const MAX_IMAGES: usize = 100;

/// Longer sides to try when an image has to become smaller.
const SMALLER_SIDES: [u32; 5] = [MAX_SIDE, 1024, 768, 512, 384];

/// An image that fits the API's limits.
#[derive(Clone, PartialEq, Eq)]
pub struct PromptImage {
    media_type: &'static str,
    bytes: Bytes,
}

/// An image could not be prepared for Claude.
#[derive(Debug, thiserror::Error)]
#[error("failed to prepare the image for Claude")]
pub struct PromptImageError(#[source] image::ImageError);

impl PromptImage {
    /// Keeps an image that is within the limits. Otherwise scales it down and converts it. The format is detected from the bytes.
    /// Blocks, so do not call it on an async thread.
    pub fn new(bytes: Bytes) -> Result<Self, PromptImageError> {
        let reader = || ImageReader::new(Cursor::new(&bytes[..])).with_guessed_format().map_err(image::ImageError::IoError);
        let sendable = reader().map_err(PromptImageError)?.format().and_then(media_type);
        let (width, height) = reader().and_then(ImageReader::into_dimensions).map_err(PromptImageError)?;
        let is_small = width.max(height) <= MAX_SIDE;
        if let Some(media_type) = sendable.filter(|_| is_small && bytes.len() <= MAX_BYTES) {
            return Ok(Self { media_type, bytes });
        }
        let mut reader = reader().map_err(PromptImageError)?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(DECODING_BYTES);
        reader.limits(limits);
        let decoded = reader.decode().map_err(PromptImageError)?;
        let scaled = if is_small { decoded } else { decoded.resize(MAX_SIDE, MAX_SIDE, FilterType::Triangle) };
        let png = encoded(&DynamicImage::ImageRgba8(scaled.to_rgba8()), ImageFormat::Png)?;
        if png.len() <= MAX_BYTES {
            return Ok(Self { media_type: "image/png", bytes: png });
        }
        let jpeg = encoded(&DynamicImage::ImageRgb8(scaled.to_rgb8()), ImageFormat::Jpeg)?;
        Ok(Self { media_type: "image/jpeg", bytes: jpeg })
    }

    /// The image in at most this many bytes, with less detail if need be. One that cannot become as small is the smallest that was tried.
    /// Blocks.
    pub fn within(self, bytes: usize) -> Result<Self, PromptImageError> {
        if self.size() <= bytes {
            return Ok(self);
        }
        let decoded = image::load_from_memory(&self.bytes).map_err(PromptImageError)?;
        let mut smallest = self;
        for side in SMALLER_SIDES {
            let is_small = decoded.width().max(decoded.height()) <= side;
            let scaled = if is_small { decoded.clone() } else { decoded.resize(side, side, FilterType::Triangle) };
            let jpeg = encoded(&DynamicImage::ImageRgb8(scaled.to_rgb8()), ImageFormat::Jpeg)?;
            if jpeg.len() < smallest.size() {
                smallest = Self { media_type: "image/jpeg", bytes: jpeg };
            }
            if smallest.size() <= bytes {
                break;
            }
        }
        Ok(smallest)
    }

    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// Size in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }
}

impl std::fmt::Debug for PromptImage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PromptImage").field("media_type", &self.media_type).field("bytes", &self.bytes.len()).finish()
    }
}

fn media_type(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Png => Some("image/png"),
        ImageFormat::Jpeg => Some("image/jpeg"),
        ImageFormat::Gif => Some("image/gif"),
        ImageFormat::WebP => Some("image/webp"),
        _ => None,
    }
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Result<Bytes, PromptImageError> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).map_err(PromptImageError)?;
    Ok(bytes.into_inner().into())
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Bytes {
        let gradient = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 7]));
        encoded(&DynamicImage::ImageRgb8(gradient), format).unwrap()
    }

    fn size(picture: &PromptImage) -> (u32, u32) {
        let decoded = image::load_from_memory(&picture.bytes).unwrap();
        (decoded.width(), decoded.height())
    }

    #[test]
    fn images_within_the_limits_stay_unchanged() {
        let bytes = picture(40, 30, ImageFormat::Jpeg);
        let made = PromptImage::new(bytes.clone()).unwrap();
        assert_eq!((made.media_type(), made.bytes), ("image/jpeg", bytes));
    }

    #[test]
    fn large_images_are_scaled_and_keep_their_proportions() {
        let made = PromptImage::new(picture(4000, 1000, ImageFormat::Png)).unwrap();
        assert_eq!((made.media_type(), size(&made)), ("image/png", (1568, 392)));
    }

    #[test]
    fn formats_that_the_api_does_not_know_are_converted() {
        let made = PromptImage::new(picture(40, 30, ImageFormat::Bmp)).unwrap();
        assert_eq!((made.media_type(), size(&made)), ("image/png", (40, 30)));
    }

    #[test]
    fn images_of_too_many_bytes_become_jpegs() {
        let mut state = 1_u32;
        let noise = RgbImage::from_fn(1500, 1500, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
        });
        let made = PromptImage::new(encoded(&DynamicImage::ImageRgb8(noise), ImageFormat::Png).unwrap()).unwrap();
        assert_eq!(made.media_type(), "image/jpeg");
        assert!(made.size() <= MAX_BYTES, "{}", made.size());
    }

    #[test]
    fn an_image_gets_smaller_to_leave_room_for_others() {
        let made = PromptImage::new(picture(1500, 1500, ImageFormat::Png)).unwrap();
        let (before, smaller) = (made.size(), made.clone().within(40_000).unwrap());
        assert_eq!(smaller.media_type(), "image/jpeg");
        assert!(smaller.size() <= 40_000, "{}", smaller.size());
        assert_eq!(made.within(before).unwrap().size(), before, "what fits stays unchanged");
    }

    #[test]
    fn other_files_are_rejected() {
        assert!(PromptImage::new(Bytes::from_static(b"GIF89a and no more")).is_err());
        assert!(PromptImage::new(Bytes::from_static(b"hello")).is_err());
    }
}
