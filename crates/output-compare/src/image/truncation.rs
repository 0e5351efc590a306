//! Detects truncated image files. Decoders do not report them: they fill missing rows with gray, or play the frames that exist.

use image::ImageFormat;

use crate::MediaFile;

/// Why a file is truncated; `None` for a complete file and for formats whose decoders report it.
pub(crate) fn missing_end(file: &MediaFile<'_>) -> Option<&'static str> {
    let is_complete = match image::guess_format(file.bytes).ok()? {
        ImageFormat::Jpeg => jpeg_ends(file.bytes),
        ImageFormat::Png => png_ends(file.bytes),
        ImageFormat::Gif => gif_ends(file.bytes),
        ImageFormat::WebP => webp_ends(file.bytes),
        _ => return None,
    };
    (is_complete != Some(true)).then_some("the file ends before the image does")
}

/// Walks the segments to the end marker. Thumbnails in metadata have end markers of their own, so searching for the last one is not enough.
fn jpeg_ends(bytes: &[u8]) -> Option<bool> {
    let mut at = 2;
    loop {
        // In compressed data, a marker is 0xFF followed by anything but 0, a restart marker or another 0xFF.
        let marker = loop {
            let found = at + bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
            match *bytes.get(found + 1)? {
                0x00 | 0x01 | 0xd0..=0xd7 => at = found + 2,
                0xff => at = found + 1,
                marker => {
                    at = found + 2;
                    break marker;
                }
            }
        };
        match marker {
            0xd9 => return Some(true),
            0xd8 => {}
            _ => at += usize::from(number(bytes, at)?),
        }
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

fn png_ends(bytes: &[u8]) -> Option<bool> {
    let mut at = 8_usize;
    loop {
        let head: [u8; 8] = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
        let [a, b, c, d, kind @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
        // Length, kind and checksum take twelve bytes.
        at = at.checked_add(length)?.checked_add(12)?;
        if &kind == b"IEND" {
            return Some(at <= bytes.len());
        }
    }
}

/// The number of images in a GIF, without decoding them.
pub(super) fn images_of_gif(bytes: &[u8]) -> usize {
    let mut images = 0;
    let _ = walk_gif(bytes, &mut images);
    images
}

fn gif_ends(bytes: &[u8]) -> Option<bool> {
    walk_gif(bytes, &mut 0)
}

/// Walks the blocks to the end marker, and counts the images.
fn walk_gif(bytes: &[u8], images: &mut usize) -> Option<bool> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    loop {
        match *bytes.get(at)? {
            0x3b => return Some(true),
            0x21 => at += 2,
            // Position, size and flags, a color table, and the code size.
            0x2c => {
                *images += 1;
                at += 11 + table(*bytes.get(at + 9)?);
            }
            // Some encoders pad blocks with zeros.
            0 => {
                at += 1;
                continue;
            }
            _ => return None,
        }
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
}

fn webp_ends(bytes: &[u8]) -> Option<bool> {
    let declared = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    Some(u64::from(declared) + 8 <= bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, Rgb, RgbImage};

    use super::*;

    #[test]
    fn every_cut_is_detected_and_complete_files_pass() {
        let image: DynamicImage = RgbImage::from_fn(40, 30, |x, y| Rgb([(x * 6) as u8, (y * 8) as u8, (x * y) as u8])).into();
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let mut bytes = Cursor::new(Vec::new());
            image.write_to(&mut bytes, format).unwrap();
            let bytes = bytes.into_inner();
            let check = |bytes: &[u8]| missing_end(&MediaFile::named("x", bytes));
            assert_eq!(check(&bytes), None, "{format:?}");
            for length in 20..bytes.len() {
                assert!(check(&bytes[..length]).is_some(), "{format:?} {length} of {}", bytes.len());
            }
            let mut followed = bytes.clone();
            followed.extend(b"something after the end");
            assert_eq!(check(&followed), None, "{format:?}");
        }
    }
}
