//! Small copies of outputs for reports.
//!
//! The media type of a copy is a constant chosen by the file's content. Nothing that an output claims about itself reaches a page.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat};

use crate::image::decode_alone;
use crate::{MediaFile, MediaKind, Preview, detect};

/// The longest side of a small copy, in pixels.
const SIDE: u32 = 320;

/// An opaque copy that is larger than this as PNG becomes a JPEG: photographs shrink to a fifth.
const PNG_BYTES: usize = 48 * 1024;

/// Of 100. Below 80, compression artifacts would be mistaken for the model's.
const JPEG_QUALITY: u8 = 85;

/// Audio up to this size is embedded unchanged; a larger file is left out.
const AUDIO_BYTES: usize = 200 * 1024;

/// A small copy of an image (the first frame of an animation) or of a short audio file. `None` for other kinds, for files that do not
/// decode, and for long audio.
pub fn thumbnail(file: &MediaFile<'_>) -> Option<Preview> {
    match detect(file) {
        MediaKind::Image => {
            let (image, _share) = decode_alone(file).ok()?;
            of_image(&image)
        }
        MediaKind::Audio => of_audio(file.bytes),
        MediaKind::Text | MediaKind::Json | MediaKind::Video | MediaKind::Binary => None,
    }
}

/// Scales decoded pixels down. Transparency is kept.
fn of_image(image: &DynamicImage) -> Option<Preview> {
    let small = if image.width().max(image.height()) > SIDE { image.thumbnail(SIDE, SIDE) } else { image.clone() };
    // Browsers show eight bits per channel.
    encoded(if small.color().has_alpha() { small.into_rgba8().into() } else { small.into_rgb8().into() })
}

/// A small image of eight bits per channel as a PNG, or as a JPEG if that is too large.
pub(crate) fn encoded(small: DynamicImage) -> Option<Preview> {
    let is_opaque = small.as_rgba8().is_none_or(|pixels| pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX));
    let mut png = Cursor::new(Vec::new());
    small.write_to(&mut png, ImageFormat::Png).ok()?;
    let png = png.into_inner();
    if !is_opaque || png.len() <= PNG_BYTES {
        return Some(Preview { media_type: "image/png", bytes: png });
    }
    let mut jpeg = Vec::new();
    small.into_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)).ok()?;
    Some(Preview { media_type: "image/jpeg", bytes: jpeg })
}

fn of_audio(bytes: &[u8]) -> Option<Preview> {
    if bytes.len() > AUDIO_BYTES {
        return None;
    }
    let media_type = match infer::get(bytes)?.mime_type() {
        "audio/x-wav" | "audio/wav" => "audio/wav",
        "audio/mpeg" => "audio/mpeg",
        "audio/ogg" => "audio/ogg",
        "audio/x-flac" | "audio/flac" => "audio/flac",
        "audio/m4a" | "audio/mp4" => "audio/mp4",
        _ => return None,
    };
    Some(Preview { media_type, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use image::codecs::gif::GifEncoder;
    use image::{Frame, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn small(bytes: &[u8]) -> (Preview, DynamicImage) {
        let preview = thumbnail(&MediaFile::named("out", bytes)).unwrap();
        let decoded = image::load_from_memory(&preview.bytes).unwrap();
        (preview, decoded)
    }

    /// Pixels that do not compress.
    fn noise(width: u32, height: u32) -> RgbImage {
        let mut state = 1_u32;
        RgbImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
        })
    }

    #[test]
    fn the_longest_side_is_limited_and_proportions_are_kept() {
        let plain = |width, height| encoded(RgbImage::from_pixel(width, height, Rgb([9, 90, 200])), ImageFormat::Png);
        for ((width, height), wanted) in
            [((1280, 640), (320, 160)), ((500, 2000), (80, 320)), ((100, 50), (100, 50)), ((5000, 1), (320, 1))]
        {
            let (preview, decoded) = small(&plain(width, height));
            assert_eq!((decoded.width(), decoded.height()), wanted);
            assert_eq!(preview.media_type, "image/png");
            assert_eq!(decoded.to_rgb8().get_pixel(0, 0), &Rgb([9, 90, 200]));
        }
    }

    #[test]
    fn a_photograph_becomes_a_small_jpeg() {
        let (preview, decoded) = small(&encoded(noise(900, 900), ImageFormat::Png));
        assert_eq!((preview.media_type, decoded.width()), ("image/jpeg", 320));
        assert!(preview.bytes.len() < 150 * 1024, "{}", preview.bytes.len());
    }

    #[test]
    fn transparency_is_kept_whatever_its_size() {
        let speckled = noise(900, 900);
        let half = RgbaImage::from_fn(900, 900, |x, y| {
            let Rgb([red, green, blue]) = *speckled.get_pixel(x, y);
            Rgba([red, green, blue, if x < 450 { 0 } else { 255 }])
        });
        let (preview, decoded) = small(&encoded(half, ImageFormat::Png));
        assert_eq!(preview.media_type, "image/png");
        let decoded = decoded.into_rgba8();
        assert_eq!((decoded.get_pixel(3, 3).0[3], decoded.get_pixel(300, 3).0[3]), (0, 255));
    }

    #[test]
    fn an_animation_is_shown_by_its_first_frame() {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for shade in [250, 10] {
            encoder.encode_frame(Frame::new(RgbaImage::from_pixel(16, 16, Rgba([shade, 0, 0, 255])))).unwrap();
        }
        drop(encoder);
        assert!(small(&bytes).1.to_rgb8().get_pixel(0, 0).0[0] > 200);
    }

    #[test]
    fn sixteen_bit_colors_become_eight_bits() {
        let deep = image::ImageBuffer::from_pixel(8, 8, image::Luma([40_000_u16]));
        let (_, decoded) = small(&encoded(DynamicImage::from(deep), ImageFormat::Png));
        assert_eq!(decoded.color(), image::ColorType::Rgb8);
    }

    #[test]
    fn short_audio_is_copied_with_a_media_type_by_its_content() {
        let wav = |length: usize| [b"RIFF\0\0\0\0WAVEfmt ".as_slice(), &vec![0; length]].concat();
        let file = wav(1000);
        let said = MediaFile { bytes: &file, media_type: Some("text/html"), name: "x.html" };
        assert_eq!(thumbnail(&said), Some(Preview { media_type: "audio/wav", bytes: file.clone() }));
        assert_eq!(thumbnail(&MediaFile::named("x.wav", &wav(AUDIO_BYTES))), None);
    }

    #[test]
    fn other_files_have_no_copy() {
        let whole = encoded(noise(64, 64), ImageFormat::Png);
        let mut absurd = encoded(noise(1, 1), ImageFormat::Png);
        absurd[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        let files: [(&str, &[u8]); 6] = [
            ("a.png", &whole[..whole.len() / 2]),
            ("a.png", &absurd),
            ("a.png", b""),
            ("a.png", b"<script>alert(1)</script>"),
            ("a.svg", b"<svg onload='alert(1)'/>"),
            ("a.html", b"<!doctype html><script>alert(1)</script>"),
        ];
        for (name, bytes) in files {
            assert_eq!(thumbnail(&MediaFile::named(name, bytes)), None, "{name} {bytes:?}");
        }
    }
}
