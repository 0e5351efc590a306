//! Generated images.

use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, Frame, ImageFormat, Rgb, RgbImage, RgbaImage};

pub(crate) const WIDTH: u32 = 200;
pub(crate) const HEIGHT: u32 = 150;

/// Something like a photo: a sky, hills, a sun, and some grain.
pub(crate) fn scene() -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let (across, down) = (f64::from(x) / f64::from(WIDTH), f64::from(y) / f64::from(HEIGHT));
        let hill = 0.55 + 0.1 * (across * 9.0).sin() + 0.04 * (across * 31.0).cos();
        let sun = (f64::from(x) - 150.0).hypot(f64::from(y) - 35.0);
        let grain = f64::from((x * 7919 + y * 104_729) % 13) - 6.0;
        let color = if down > hill {
            let furrow = 25.0 * (f64::from(x + 2 * y) / 4.0).sin();
            [70.0 + furrow + grain, 130.0 - 60.0 * down + furrow, 40.0 + grain]
        } else if sun < 18.0 {
            [250.0, 230.0 - sun, 90.0]
        } else {
            [90.0 + 120.0 * down, 140.0 + 90.0 * down + grain / 2.0, 235.0]
        };
        Rgb(color.map(|part| part.clamp(0.0, 255.0) as u8))
    })
}

pub(crate) fn noisy(image: &RgbImage) -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let noise = i16::try_from((x * 31 + y * 17 + x * y) % 5).unwrap() - 2;
        Rgb(image.get_pixel(x, y).0.map(|part| (i16::from(part) + noise).clamp(0, 255) as u8))
    })
}

pub(crate) fn shifted(image: &RgbImage, by: u32) -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| *image.get_pixel((x + by) % WIDTH, y))
}

pub(crate) fn cropped(image: &RgbImage) -> RgbImage {
    image::imageops::crop_imm(image, 4, 4, WIDTH - 8, HEIGHT - 8).to_image()
}

pub(crate) fn recolored(image: &RgbImage) -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let Rgb([red, green, blue]) = *image.get_pixel(x, y);
        Rgb([blue, red, green])
    })
}

/// Damages 1.8 % of the area, which a mean over all pixels misses.
pub(crate) fn damaged(image: &RgbImage) -> RgbImage {
    let side = (f64::from(WIDTH * HEIGHT) * 0.018).sqrt() as u32;
    let mut image = image.clone();
    for (x, y) in (0..side).flat_map(|x| (0..side).map(move |y| (x, y))) {
        image.put_pixel(70 + x, 60 + y, Rgb([255, 0, 255]));
    }
    image
}

pub(crate) fn blurred(image: &RgbImage) -> RgbImage {
    image::imageops::blur(image, 2.5)
}

pub(crate) fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn jpeg(image: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image).unwrap();
    bytes
}

/// A JPEG with an EXIF orientation.
pub(crate) fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    // One entry: tag 0x112, one number of 16 bits.
    let entry = [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    let note = [&b"Exif\0\0MM\0*\0\0\0\x08\0\x01"[..], &entry, &[0; 4]].concat();
    let length = (note.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &note, &jpeg[2..]].concat()
}

pub(crate) fn gif(frames: &[RgbaImage]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for frame in frames {
        encoder.encode_frame(Frame::new(frame.clone())).unwrap();
    }
    drop(encoder);
    bytes
}

pub(crate) fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let checked = [&kind[..], content].concat();
    [&(content.len() as u32).to_be_bytes()[..], &checked, &crc32(&checked).to_be_bytes()].concat()
}

/// The compressed pixels of a PNG.
fn data_of_png(bytes: &[u8]) -> Vec<u8> {
    let (mut at, mut data) = (8, Vec::new());
    while at + 12 <= bytes.len() {
        let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        if &bytes[at + 4..at + 8] == b"IDAT" {
            data.extend(&bytes[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    data
}

/// An animated PNG of frames of one size.
pub(crate) fn apng(frames: &[RgbaImage]) -> Vec<u8> {
    let (width, height) = frames[0].dimensions();
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat()));
    bytes.extend(chunk(b"acTL", &[(frames.len() as u32).to_be_bytes(), 0_u32.to_be_bytes()].concat()));
    let mut number = 0_u32;
    for (index, frame) in frames.iter().enumerate() {
        let control = [number, width, height, 0, 0].map(u32::to_be_bytes).concat();
        bytes.extend(chunk(b"fcTL", &[&control[..], &[0, 1, 0, 10, 0, 0]].concat()));
        number += 1;
        let data = data_of_png(&encoded(frame.clone(), ImageFormat::Png));
        if index == 0 {
            bytes.extend(chunk(b"IDAT", &data));
        } else {
            bytes.extend(chunk(b"fdAT", &[&number.to_be_bytes()[..], &data].concat()));
            number += 1;
        }
    }
    bytes.extend(chunk(b"IEND", &[]));
    bytes
}

/// A PNG that declares this size and contains almost nothing.
pub(crate) fn bomb(width: u32, height: u32) -> Vec<u8> {
    let data = data_of_png(&encoded(RgbImage::from_pixel(1, 1, Rgb([0; 3])), ImageFormat::Png));
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat()));
    bytes.extend(chunk(b"IDAT", &data));
    bytes.extend(chunk(b"IEND", &[]));
    bytes
}

/// An animated WebP of frames of one size.
pub(crate) fn animated_webp(frames: &[RgbaImage]) -> Vec<u8> {
    let (width, height) = frames[0].dimensions();
    let part = |kind: &[u8; 4], content: &[u8]| {
        let mut part = [&kind[..], &(content.len() as u32).to_le_bytes(), content].concat();
        part.resize(part.len() + content.len() % 2, 0);
        part
    };
    let three = |number: u32| number.to_le_bytes()[..3].to_vec();
    let size = [three(width - 1), three(height - 1)].concat();
    let mut body = b"WEBP".to_vec();
    body.extend(part(b"VP8X", &[&[0x12, 0, 0, 0][..], &size].concat()));
    body.extend(part(b"ANIM", &[0, 0, 0, 0, 0, 0]));
    for frame in frames {
        // The pixels of a still image follow its header of twelve bytes.
        let still = encoded(frame.clone(), ImageFormat::WebP);
        let head = [vec![0; 6], size.clone(), three(100), vec![2]].concat();
        let at = still.windows(4).position(|kind| kind == b"VP8L").unwrap();
        let length = u32::from_le_bytes(still[at + 4..at + 8].try_into().unwrap()) as usize;
        body.extend(part(b"ANMF", &[&head[..], &part(b"VP8L", &still[at + 8..at + 8 + length])].concat()));
    }
    part(b"RIFF", &body)
}

/// The checksum of PNG.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
