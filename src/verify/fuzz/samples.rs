//! Small valid files, as `data:` URLs, for inputs that take a file.

use std::io::{Cursor, Write as _};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::ImageFormat;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::sample_image::{encoded, gradient};
use super::sample_kind::SampleKind;
use super::sample_video::mp4;

const TEXT: &str = "The quick brown fox jumps over the lazy dog.\n";

/// A sample as a `data:` URL: an image of 64 × 64 pixels, half a second of a tone, a second of video, or a line of text.
pub(super) fn data_url(sample: SampleKind) -> String {
    let (media_type, bytes) = match sample {
        SampleKind::Png => ("image/png", encoded(&gradient(0), ImageFormat::Png)),
        SampleKind::Jpeg => ("image/jpeg", encoded(&gradient(0), ImageFormat::Jpeg)),
        SampleKind::WebP => ("image/webp", encoded(&gradient(0), ImageFormat::WebP)),
        SampleKind::Gif => ("image/gif", encoded(&gradient(0), ImageFormat::Gif)),
        SampleKind::Wav => ("audio/wav", audio()),
        SampleKind::Mp4 => ("video/mp4", mp4()),
        SampleKind::Pdf => ("application/pdf", pdf()),
        SampleKind::Text => ("text/plain", TEXT.as_bytes().to_vec()),
        SampleKind::Csv => ("text/csv", b"name,count\nfox,1\ndog,2\n".to_vec()),
        SampleKind::Json => ("application/json", br#"[{"name": "fox", "count": 1}]"#.to_vec()),
        SampleKind::Zip => ("application/zip", archive()),
    };
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
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

/// One page with a line of text.
fn pdf() -> Vec<u8> {
    let text = format!("BT /F1 14 Tf 20 60 Td ({}) Tj ET", TEXT.trim_end());
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 360 120] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut document = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        table.push_str(&format!("{:010} 00000 n \n", document.len()));
        document.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = document.len();
    document.push_str(&format!("{table}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1));
    document.into_bytes()
}

/// Two images, each with a caption, as models that are trained on images take them.
fn archive() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    for frame in 0..2 {
        let members =
            [(format!("{frame}.png"), encoded(&gradient(frame), ImageFormat::Png)), (format!("{frame}.txt"), TEXT.into())];
        for (name, content) in members {
            // Writing to memory does not fail.
            let _ = writer.start_file(name, SimpleFileOptions::default());
            let _ = writer.write_all(&content);
        }
    }
    let _ = writer.finish();
    bytes.into_inner()
}

#[cfg(test)]
mod tests {
    use output_compare::{MediaFile, MediaKind, detect, examine, video_facts};

    use super::*;
    use crate::verify::fuzz::sample_image::SIDE;

    fn decoded(sample: SampleKind) -> Vec<u8> {
        STANDARD.decode(data_url(sample).split(',').nth(1).unwrap()).unwrap()
    }

    #[test]
    fn samples_are_small_and_healthy() {
        for (sample, kind) in [
            (SampleKind::Png, MediaKind::Image),
            (SampleKind::Jpeg, MediaKind::Image),
            (SampleKind::WebP, MediaKind::Image),
            (SampleKind::Gif, MediaKind::Image),
            (SampleKind::Wav, MediaKind::Audio),
            (SampleKind::Mp4, MediaKind::Video),
            (SampleKind::Pdf, MediaKind::Binary),
            (SampleKind::Text, MediaKind::Text),
            (SampleKind::Json, MediaKind::Json),
            (SampleKind::Zip, MediaKind::Binary),
        ] {
            let bytes = decoded(sample);
            let file = MediaFile::named("sample", &bytes);
            assert_eq!(detect(&file), kind, "{sample:?}");
            assert!(examine(&file).defects.is_empty(), "{sample:?}: {:?}", examine(&file));
            // Data URIs may have 256 kB: `docs/reference/replicate-api.md#file-inputs`.
            assert!(data_url(sample).len() < 128_000, "{sample:?}: {}", data_url(sample).len());
        }
    }

    #[test]
    fn the_video_lasts_a_second() {
        let bytes = decoded(SampleKind::Mp4);
        let facts = video_facts(&MediaFile::named("sample.mp4", &bytes)).unwrap();
        assert_eq!((facts.width, facts.height), (SIDE, SIDE));
        assert!((facts.duration_secs - 1.0).abs() < 0.01, "{facts:?}");
    }

    #[test]
    fn the_archive_has_images_with_captions() {
        let archive = zip::ZipArchive::new(Cursor::new(decoded(SampleKind::Zip))).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["0.png", "0.txt", "1.png", "1.txt"]);
    }

    #[test]
    fn the_table_of_the_pdf_points_at_its_objects() {
        let text = String::from_utf8(decoded(SampleKind::Pdf)).unwrap();
        let offsets: Vec<usize> =
            text.lines().filter(|line| line.ends_with(" 00000 n ")).map(|line| line[..10].parse().unwrap()).collect();
        assert_eq!(offsets.len(), 5);
        for (number, offset) in (1..).zip(offsets) {
            assert!(text[offset..].starts_with(&format!("{number} 0 obj")));
        }
    }
}
