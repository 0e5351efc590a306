//! Small valid files, as `data:` URLs, for inputs that take a file.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cog_schema::Shape;
use image::{ImageFormat, Rgb, RgbImage};

/// A kind of sample file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    Image,
    Audio,
    Text,
}

/// The sample that fits an input, by its schema or else by its name. `None` for other kinds, such as video, and for names that say nothing.
pub(super) fn sample_for(name: &str, shape: &Shape) -> Option<Sample> {
    if !shape.accept.is_empty() {
        return shape.accept.iter().find_map(|accepted| sample_of_type(accepted));
    }
    let words: Vec<String> = name.to_lowercase().split(['_', '-', '.']).map(str::to_owned).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.iter().any(|known| word.starts_with(known)));
    if has(&["video", "movie", "clip", "weight", "lora", "zip", "tar", "archive", "model", "pdf"]) {
        None
    } else if has(&["audio", "sound", "voice", "speech", "music", "song", "wav", "speaker"]) {
        Some(Sample::Audio)
    } else if has(&["image", "img", "mask", "photo", "picture", "face", "frame", "pic", "png"]) {
        Some(Sample::Image)
    } else if has(&["text", "txt", "csv", "document", "transcript", "subtitle"]) {
        Some(Sample::Text)
    } else {
        None
    }
}

fn sample_of_type(accepted: &str) -> Option<Sample> {
    match accepted {
        "*/*" | "*" | "image/*" | "image/png" | ".png" => Some(Sample::Image),
        "audio/*" | "audio/wav" | "audio/x-wav" | "audio/wave" | ".wav" => Some(Sample::Audio),
        "text/*" | "text/plain" | ".txt" => Some(Sample::Text),
        _ => None,
    }
}

/// A sample as a `data:` URL: an image of 64 × 64 pixels, half a second of a tone, or a line of text.
pub(super) fn data_url(sample: Sample) -> String {
    let (media_type, bytes) = match sample {
        Sample::Image => ("image/png", image()),
        Sample::Audio => ("audio/wav", audio()),
        Sample::Text => ("text/plain", b"The quick brown fox jumps over the lazy dog.\n".to_vec()),
    };
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}

/// A color gradient, because many models handle an image of a single color badly.
fn image() -> Vec<u8> {
    let image = RgbImage::from_fn(64, 64, |x, y| Rgb([(x * 4) as u8, (y * 4) as u8, 128]));
    let mut bytes = Cursor::new(Vec::new());
    // Writing to memory does not fail.
    let _ = image.write_to(&mut bytes, ImageFormat::Png);
    bytes.into_inner()
}

/// 440 Hz, 16 bits, 8000 samples per second.
fn audio() -> Vec<u8> {
    const RATE: u32 = 8000;
    const SAMPLES: u32 = RATE / 2;
    let mut bytes = Vec::with_capacity(44 + SAMPLES as usize * 2);
    bytes.extend(b"RIFF");
    bytes.extend((36 + SAMPLES * 2).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(RATE.to_le_bytes());
    bytes.extend((RATE * 2).to_le_bytes());
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((SAMPLES * 2).to_le_bytes());
    for index in 0..SAMPLES {
        let phase = f64::from(index) / f64::from(RATE) * 440.0 * std::f64::consts::TAU;
        bytes.extend(((phase.sin() * 12_000.0) as i16).to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use output_compare::{MediaFile, MediaKind, detect, examine};

    fn decoded(sample: Sample) -> Vec<u8> {
        STANDARD.decode(data_url(sample).split(',').nth(1).unwrap()).unwrap()
    }

    #[test]
    fn samples_are_small_and_healthy() {
        for (sample, kind) in
            [(Sample::Image, MediaKind::Image), (Sample::Audio, MediaKind::Audio), (Sample::Text, MediaKind::Text)]
        {
            let bytes = decoded(sample);
            let file = MediaFile::named("sample", &bytes);
            assert_eq!(detect(&file), kind);
            assert!(examine(&file).defects.is_empty(), "{:?}", examine(&file));
            // Data URIs may have 256 kB: `docs/reference/replicate-api.md#file-inputs`.
            assert!(data_url(sample).len() < 64_000);
        }
    }

    #[test]
    fn the_kind_follows_from_the_schema_or_the_name() {
        let accept = |accept: &str| Shape { accept: vec![accept.to_owned()], ..Shape::default() };
        assert_eq!(sample_for("x", &accept("image/*")), Some(Sample::Image));
        assert_eq!(sample_for("image", &accept("video/mp4")), None);
        let cases = [
            ("image", Some(Sample::Image)),
            ("init_image", Some(Sample::Image)),
            ("mask", Some(Sample::Image)),
            ("audio_file", Some(Sample::Audio)),
            ("input_video", None),
            ("lora_weights", None),
            ("document", Some(Sample::Text)),
            ("thing", None),
        ];
        for (name, sample) in cases {
            assert_eq!(sample_for(name, &Shape::default()), sample, "{name}");
        }
    }
}
