//! Sample images.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

/// Side of the images in pixels.
pub(super) const SIDE: u32 = 64;

/// A color gradient, because many models handle an image of a single color badly. It moves with the frame.
pub(super) fn gradient(frame: u32) -> RgbImage {
    RgbImage::from_fn(SIDE, SIDE, |x, y| Rgb([((x + frame * 4) % SIDE * 4) as u8, (y * 4) as u8, 128]))
}

pub(super) fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    // Writing to memory does not fail.
    let _ = image.write_to(&mut bytes, format);
    bytes.into_inner()
}
