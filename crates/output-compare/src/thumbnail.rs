//! Small copies of outputs that travel with a report.
//!
//! The type that a copy is said to have is of our own making, after the bytes were looked at: nothing that an output says about itself
//! gets into a page.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat};

use crate::Preview;
use crate::{MediaFile, MediaKind, detect, picture};

/// The longest side of a small picture.
const SIDE: u32 = 320;

/// A picture without transparency that takes more than this as PNG becomes a JPEG: a photograph takes five times as much as PNG.
const PNG_BYTES: usize = 48 * 1024;

/// Of 100. Below 80 the traces of compression would be taken for those of the model.
const JPEG_QUALITY: u8 = 85;

/// A sound up to this size travels as it is; a larger one does not.
const SOUND_BYTES: usize = 200 * 1024;

/// A small copy of a picture (of an animation the first frame) or of a short sound. `None` where there is none to be had: a file of
/// another kind, one that does not decode, a long sound.
pub fn thumbnail(file: &MediaFile<'_>) -> Option<Preview> {
    match detect(file) {
        MediaKind::Image => of_picture(&picture::decode(file).ok()?),
        MediaKind::Audio => of_sound(file.bytes),
        MediaKind::Text | MediaKind::Json | MediaKind::Video | MediaKind::Binary => None,
    }
}

/// A small copy of decoded pixels: what is transparent stays so.
fn of_picture(picture: &DynamicImage) -> Option<Preview> {
    // Deep colours first, for a browser shows eight bits and scaling sixteen takes twice the memory.
    let small = if picture.width().max(picture.height()) > SIDE { picture.thumbnail(SIDE, SIDE) } else { picture.clone() };
    let small =
        if small.color().has_alpha() { DynamicImage::from(small.into_rgba8()) } else { DynamicImage::from(small.into_rgb8()) };
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

fn of_sound(bytes: &[u8]) -> Option<Preview> {
    if bytes.len() > SOUND_BYTES {
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

    fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn small(bytes: &[u8]) -> (Preview, DynamicImage) {
        let preview = thumbnail(&MediaFile::named("out", bytes)).unwrap();
        let decoded = image::load_from_memory(&preview.bytes).unwrap();
        (preview, decoded)
    }

    /// Pixels that no compression finds anything in.
    fn noise(width: u32, height: u32) -> RgbImage {
        let mut state = 1_u32;
        RgbImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
        })
    }

    #[test]
    fn the_longest_side_is_bounded_and_the_shape_kept() {
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
    fn a_photograph_becomes_a_jpeg_and_takes_little() {
        let (preview, decoded) = small(&encoded(noise(900, 900), ImageFormat::Png));
        assert_eq!((preview.media_type, decoded.width()), ("image/jpeg", 320));
        assert!(preview.bytes.len() < 150 * 1024, "{}", preview.bytes.len());
    }

    #[test]
    fn what_is_transparent_stays_so_whatever_it_takes() {
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
    fn deep_colours_become_what_a_browser_shows() {
        let deep = image::ImageBuffer::from_pixel(8, 8, image::Luma([40_000_u16]));
        let (_, decoded) = small(&encoded(DynamicImage::from(deep), ImageFormat::Png));
        assert_eq!(decoded.color(), image::ColorType::Rgb8);
    }

    #[test]
    fn a_short_sound_travels_as_it_is_under_a_type_of_ours() {
        let wav = |length: usize| [b"RIFF\0\0\0\0WAVEfmt ".as_slice(), &vec![0; length]].concat();
        let file = wav(1000);
        let said = MediaFile { bytes: &file, media_type: Some("text/html"), name: "x.html" };
        assert_eq!(thumbnail(&said), Some(Preview { media_type: "audio/wav", bytes: file.clone() }));
        assert_eq!(thumbnail(&MediaFile::named("x.wav", &wav(SOUND_BYTES))), None);
    }

    #[test]
    fn what_cannot_be_shown_has_no_copy() {
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
