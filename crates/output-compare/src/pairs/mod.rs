//! Pairs of outputs like those of models, and whether they count as the same. All files are generated.

mod audio;
pub(crate) mod images;
mod videos;

use crate::{Comparison, Coverage, Defect, MediaFile, MediaKind, Tolerance, audio_facts, compare, examine};
use ::image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use self::audio::Audio;
use self::images::*;
use self::videos::{Codec, Video};

/// A format's name, and its encoder.
type Encoder<T> = (&'static str, fn(T) -> Vec<u8>);

/// An animation format's name, and its encoder.
type AnimationEncoder = (&'static str, fn(&[RgbaImage]) -> Vec<u8>);

/// The compared formats, and the quality of JPEG.
const FORMATS: [ImageFormat; 6] =
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Tiff];

fn judged(left: &[u8], right: &[u8]) -> Comparison {
    compare(&MediaFile::named("a", left), &MediaFile::named("b", right), &Tolerance::default())
}

/// Compares a pair. The message of a failure has the measurements.
fn check(kind: MediaKind, what: &str, left: &[u8], right: &[u8], same: bool) -> Comparison {
    let found = judged(left, right);
    assert_eq!(found.kind, kind, "{what}: {found:?}");
    assert_eq!(found.same, same, "{what}: {found:#?}");
    assert_eq!(found.reason().is_some(), !same, "{what}: {found:?}");
    if !same && !found.measurements.is_empty() && found.value_of("other_width").is_none() && kind != MediaKind::Video {
        let fails = found.measurements.iter().any(|measurement| !measurement.holds());
        assert!(fails || found.value_of("frames").is_some(), "{what}: no number says why: {found:#?}");
    }
    found
}

#[test]
fn images_of_every_format() {
    let original = scene();
    for format in FORMATS {
        let whole = encoded(original.clone(), format);
        let through = |image: image::RgbImage| encoded(image, format);
        let gray = DynamicImage::from(original.clone()).into_luma8();
        let pairs: [(&str, Vec<u8>, bool); 12] = [
            ("identical", whole.clone(), true),
            ("re-encoded as PNG", encoded(original.clone(), ImageFormat::Png), true),
            ("re-encoded as JPEG of quality 90", jpeg(&original, 90), true),
            ("re-encoded as JPEG of quality 75", jpeg(&original, 75), true),
            ("slightly noisy", through(noisy(&original)), true),
            ("shifted by four pixels", through(shifted(&original, 4)), false),
            ("shifted by forty pixels", through(shifted(&original, 40)), false),
            ("cropped", through(cropped(&original)), false),
            ("recolored", through(recolored(&original)), false),
            ("locally damaged", through(damaged(&original)), false),
            ("blurred", through(blurred(&original)), false),
            ("gray", through(DynamicImage::from(gray).into_rgb8()), false),
        ];
        for (what, other, same) in pairs {
            check(MediaKind::Image, &format!("{format:?}: {what}"), &whole, &other, same);
        }
    }
}

#[test]
fn local_damage_that_the_mean_misses_is_found() {
    let found = judged(&encoded(scene(), ImageFormat::Png), &encoded(damaged(&scene()), ImageFormat::Png));
    assert!(found.value_of("mean_color_distance").unwrap() <= 8.0, "{found:?}");
    assert!(found.reason().unwrap().starts_with("a part of the image differs"), "{found:?}");
    let map = image::load_from_memory(&found.heat_map.unwrap().bytes).unwrap().into_rgb8();
    assert_eq!(map.dimensions(), (WIDTH, HEIGHT));
    assert_eq!(map.get_pixel(10, 10).0, [0, 0, 0]);
    assert!(map.get_pixel(80, 70).0[0] > 200);
}

#[test]
fn pixel_layouts_that_look_the_same_are_the_same() {
    let gray = DynamicImage::from(scene()).into_luma8();
    let layouts: [(&str, DynamicImage); 5] = [
        ("gray", gray.clone().into()),
        ("gray with alpha", DynamicImage::from(gray.clone()).into_luma_alpha8().into()),
        ("gray in 16 bits", DynamicImage::from(gray.clone()).into_luma16().into()),
        ("colors", DynamicImage::from(gray.clone()).into_rgb8().into()),
        ("colors with alpha in 16 bits", DynamicImage::from(gray).into_rgba16().into()),
    ];
    for (what, one) in &layouts {
        for (other_what, other) in &layouts {
            let (one, other) = (encoded(one.clone(), ImageFormat::Png), encoded(other.clone(), ImageFormat::Png));
            check(MediaKind::Image, &format!("{what} and {other_what}"), &one, &other, true);
        }
    }
}

/// Cameras, and models that return a photograph, store an image as the sensor read it, with an EXIF note on how to rotate it.
#[test]
fn images_are_compared_after_their_rotation() {
    let original = scene();
    let upright = jpeg(&original, 95);
    let stored = [
        (3, image::imageops::rotate180(&original)),
        (6, image::imageops::rotate270(&original)),
        (8, image::imageops::rotate90(&original)),
    ];
    for (orientation, image) in stored {
        let bytes = jpeg(&image, 95);
        check(MediaKind::Image, "turned", &upright, &bytes, false);
        check(MediaKind::Image, "turned back", &upright, &with_orientation(&bytes, orientation), true);
    }
}

#[test]
fn transparency_is_not_a_color() {
    let black = RgbaImage::from_pixel(64, 48, Rgba([0, 0, 0, 255]));
    let clear = RgbaImage::from_pixel(64, 48, Rgba([0, 0, 0, 0]));
    let clear_red = RgbaImage::from_pixel(64, 48, Rgba([255, 0, 0, 0]));
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Gif] {
        let [black, clear, clear_red] = [&black, &clear, &clear_red].map(|image| encoded(image.clone(), format));
        check(MediaKind::Image, &format!("{format:?}: transparent and black"), &black, &clear, false);
        check(MediaKind::Image, &format!("{format:?}: what is hidden"), &clear, &clear_red, true);
    }
}

#[test]
fn animations_are_compared_up_to_the_last_frame() {
    let frame = |shade: u8| RgbaImage::from_fn(48, 32, |x, y| Rgba([shade, (x / 6 * 30) as u8, (y / 4 * 30) as u8, 255]));
    let made: [AnimationEncoder; 3] = [("GIF", gif), ("APNG", apng), ("WebP", animated_webp)];
    for (format, make) in made {
        let whole = make(&[frame(10), frame(100), frame(200)]);
        check(MediaKind::Image, &format!("{format}: identical"), &whole, &whole, true);
        let noisy = make(&[frame(10), frame(101), frame(201)]);
        check(MediaKind::Image, &format!("{format}: slightly other"), &whole, &noisy, true);
        let found = check(MediaKind::Image, format, &whole, &make(&[frame(10), frame(100), frame(20)]), false);
        assert_eq!((found.reason(), found.value_of("frames")), (Some("frame 3 of 3 differs"), Some(3.0)), "{format}");
        check(MediaKind::Image, &format!("{format}: a frame less"), &whole, &make(&[frame(10), frame(100)]), false);
        check(MediaKind::Image, &format!("{format}: a still one"), &whole, &encoded(frame(10), ImageFormat::Png), false);
        assert!(examine(&MediaFile::named("a", &whole)).facts.contains(&"3 frames".to_owned()), "{format}");
    }
    // The same frames in other containers.
    let frames = [frame(10), frame(100), frame(200)];
    check(MediaKind::Image, "GIF and WebP", &gif(&frames), &animated_webp(&frames), true);
}

#[test]
fn audio() {
    let audio = Audio::default();
    let made: [Encoder<Audio>; 3] = [("WAV", Audio::wav), ("WAV of floats", Audio::wav_of_floats), ("FLAC", Audio::flac)];
    for (format, make) in made {
        let whole = make(audio);
        let pairs: [(&str, Audio, bool); 14] = [
            ("same", audio, true),
            ("resampled to 16 kHz", Audio { rate: 16_000, ..audio }, true),
            ("resampled to 48 kHz", Audio { rate: 48_000, ..audio }, true),
            ("slightly quieter", Audio { volume: 0.48, ..audio }, true),
            ("20 ms later", Audio { delay: 0.02, ..audio }, true),
            ("50 ms later", Audio { delay: 0.05, ..audio }, true),
            ("150 ms later", Audio { delay: 0.15, ..audio }, false),
            ("silent", Audio { volume: 0.0, ..audio }, false),
            ("much quieter", Audio { volume: 0.2, ..audio }, false),
            ("clipped", Audio { volume: 4.0, ..audio }, false),
            ("a tone higher", Audio { pitch: 1.122, ..audio }, false),
            ("an octave higher", Audio { pitch: 2.0, ..audio }, false),
            ("shorter", Audio { seconds: 1.5, ..audio }, false),
            ("in stereo", Audio { channels: 2, ..audio }, false),
        ];
        for (what, other, same) in pairs {
            check(MediaKind::Audio, &format!("{format}: {what}"), &whole, &make(other), same);
        }
    }
    check(MediaKind::Audio, "WAV and FLAC", &audio.wav(), &audio.flac(), true);
    // Clipping that both have is fine.
    let loud = Audio { volume: 4.0, ..audio };
    assert!(
        check(MediaKind::Audio, "both clipped", &loud.wav(), &loud.wav_of_floats(), true)
            .value_of("clipped_percent_difference")
            .is_some()
    );
}

#[test]
fn videos() {
    let video = Video::default();
    let made: [Encoder<Video>; 2] = [("MP4", Video::mp4), ("WebM", Video::webm)];
    for (format, make) in made {
        let whole = make(video);
        let facts = examine(&MediaFile::named("a", &whole));
        assert_eq!((facts.kind, &facts.defects[..]), (MediaKind::Video, &[][..]), "{format}: {facts:?}");
        assert_eq!(&facts.facts[1..4], ["640 x 360 pixels", "2.00 s", "25.00 frames per second"], "{format}");
        let pairs: [(&str, Video, bool); 9] = [
            ("same", video, true),
            ("other frames", Video { filling: 9, ..video }, true),
            ("a frame less", Video { frames: 49, ..video }, true),
            ("shorter", Video { frames: 40, ..video }, false),
            ("another size", Video { width: 320, height: 180, ..video }, false),
            ("without audio", Video { has_audio: false, ..video }, false),
            ("another frame rate", Video { frame_rate: 50, frames: 100, ..video }, false),
            ("another codec", Video { codec: Codec::Other, ..video }, false),
            ("next to nothing in its frames", Video { frame_bytes: 8, ..video }, false),
        ];
        for (what, other, same) in pairs {
            check(MediaKind::Video, &format!("{format}: {what}"), &whole, &make(other), same);
        }
    }
}

#[test]
fn archives_and_unknown_files_are_compared_by_bytes() {
    let zip = b"PK\x03\x04\x14\0\0\0\0\0rest of an archive".to_vec();
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03data".to_vec();
    let mut other = zip.clone();
    other[15] ^= 1;
    let same = check(MediaKind::Binary, "zip", &zip, &zip, true);
    assert!(same.remarks[0].starts_with("both files: application/zip, SHA-256 "), "{same:?}");
    let found = check(MediaKind::Binary, "another zip", &zip, &other, false);
    assert_eq!(found.value_of("first_difference_at_byte"), Some(15.0));
    let found = check(MediaKind::Binary, "zip and gzip", &zip, &gzip, false);
    assert_eq!(found.reason(), Some("the first file is application/zip, the second is application/gzip"));
}

/// Formats that no model returns have no decoder here.
#[test]
fn other_formats_are_compared_by_bytes() {
    let avif = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf rest of an image".to_vec();
    let files = [(MediaKind::Image, "image/avif", avif), (MediaKind::Audio, "audio/x-aiff", Audio::default().aiff())];
    for (kind, media_type, whole) in files {
        let mut other = whole.clone();
        *other.last_mut().unwrap() ^= 1;
        let same = check(kind, media_type, &whole, &whole, true);
        assert!(same.remarks[0].starts_with(&format!("both files: {media_type}, SHA-256 ")), "{same:?}");
        assert!(same.remarks[1].starts_with("only the bytes were compared: "), "{same:?}");
        let found = check(kind, media_type, &whole, &other, false);
        assert_eq!(found.value_of("differing_bytes"), Some(1.0), "{found:?}");
        assert_eq!(examine(&MediaFile::named("a", &whole)).defects, [], "{media_type}");
    }
}

#[test]
fn a_wrong_extension_is_ignored() {
    let image = encoded(scene(), ImageFormat::Png);
    for name in ["a.jpg", "a.mp3", "a.txt", "a.json", "a.mp4", "a"] {
        let found = compare(&MediaFile::named(name, &image), &MediaFile::named("b.png", &image), &Tolerance::default());
        assert_eq!((found.kind, found.same), (MediaKind::Image, true), "{name}");
    }
}

/// A file of every kind, small enough to be cut at each byte.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let small = image::imageops::resize(&scene(), 24, 18, image::imageops::FilterType::Nearest);
    let frame = |shade: u8| RgbaImage::from_pixel(9, 7, Rgba([shade, 1, 2, 255]));
    let frames = [frame(10), frame(200)];
    let audio = Audio { seconds: 0.03, rate: 8000, ..Audio::default() };
    let video = Video { frames: 4, frame_bytes: 16, ..Video::default() };
    let mut samples: Vec<(&str, Vec<u8>)> = FORMATS.iter().map(|format| ("a", encoded(small.clone(), *format))).collect();
    samples.extend([gif(&frames), apng(&frames), animated_webp(&frames)].map(|bytes| ("a", bytes)));
    samples.extend([audio.wav(), audio.wav_of_floats(), audio.flac(), video.mp4(), video.webm()].map(|bytes| ("a", bytes)));
    samples.push(("a.json", br#"{"a": [1, 2, {"b": "c"}], "d": null}"#.to_vec()));
    samples
}

#[test]
fn truncated_files_are_reported_and_never_crash() {
    for (name, whole) in samples() {
        let kind = examine(&MediaFile::named(name, &whole)).kind;
        assert_eq!(examine(&MediaFile::named(name, &whole)).defects, [], "{kind}");
        for length in (0..whole.len()).step_by(1 + whole.len() / 300) {
            let cut = &whole[..length];
            let found = examine(&MediaFile::named(name, cut));
            let _ = compare(&MediaFile::named(name, &whole), &MediaFile::named(name, cut), &Tolerance::default());
            // A prefix this short may be a file of any kind.
            if length > 64 && found.kind == kind && length < whole.len() * 9 / 10 {
                let is_told = found.defects.iter().any(|defect| matches!(defect, Defect::Truncated(_) | Defect::Broken(_)));
                assert!(is_told, "{kind} of {} bytes cut at {length}: {found:?}", whole.len());
            }
        }
    }
}

#[test]
fn damaged_files_never_crash() {
    for (name, whole) in samples() {
        for at in (0..whole.len()).step_by(1 + whole.len() / 150) {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                let damaged = MediaFile::named(name, &damaged);
                let _ = examine(&damaged);
                let _ = compare(&MediaFile::named(name, &whole), &damaged, &Tolerance::default());
            }
        }
    }
}

#[test]
fn decompression_bombs_are_rejected_by_their_header() {
    let small = encoded(scene(), ImageFormat::Png);
    for (width, height) in [(30_000, 30_000), (60_000, 1), (u32::MAX / 2, u32::MAX / 2)] {
        let bomb = bomb(width, height);
        assert!(bomb.len() < 4096);
        let found = examine(&MediaFile::named("a.png", &bomb));
        assert!(matches!(found.defects[..], [Defect::Broken(_), ..]), "{found:?}");
        assert!(!judged(&small, &bomb).same);
        let found = judged(&bomb, &[&bomb[..], b"x"].concat());
        assert!(!found.same, "{found:?}");
    }
}

#[test]
fn two_images_over_the_memory_limit_are_not_decoded() {
    // 13,000 x 13,000 in three bytes each is within the limit for one, and beyond it for two.
    let (one, two) = (bomb(13_000, 13_000), [&bomb(13_000, 13_000)[..], b"x"].concat());
    let found = judged(&one, &two);
    let why = "not decoded because both images together take more than 512 MiB";
    assert_eq!(found.coverage, Coverage::BytesOnly(why.to_owned()));
    assert_eq!(found.reason(), Some(format!("{why}; the bytes differ").as_str()));
    let found = judged(&one, &bomb(13_000, 12_999));
    assert_eq!((found.same, found.coverage), (false, Coverage::Whole));
}

#[test]
fn equal_bytes_are_equal_whatever_their_size() {
    let shade = |shade: u8| RgbaImage::from_pixel(9, 7, Rgba([shade, 1, 2, 255]));
    let mut large = gif(&[shade(10), shade(200)]);
    // Width and height of the whole animation.
    large[6..10].copy_from_slice(&[0x88, 0x13, 0x88, 0x13]);
    let mut other = gif(&[shade(10), shade(100)]);
    other[6..10].copy_from_slice(&[0x88, 0x13, 0x88, 0x13]);
    let found = judged(&large, &other);
    assert!(!found.same && matches!(found.coverage, Coverage::BytesOnly(_)), "{found:?}");
    for bytes in [bomb(13_000, 13_000), bomb(30_000, 30_000), bomb(60_000, 1), large] {
        let found = judged(&bytes, &bytes);
        assert!(found.same && found.coverage == Coverage::Whole, "{found:?}");
        assert!(found.remarks[0].contains("the bytes are equal"), "{found:?}");
        let found = judged(&bytes, &[&bytes[..], b"x"].concat());
        assert!(!found.same && matches!(found.coverage, Coverage::BytesOnly(_)), "{found:?}");
    }
    let document = br#"{"a": 1}"#;
    let found = compare(&MediaFile::named("a.json", document), &MediaFile::named("a.png", document), &Tolerance::default());
    assert!(found.same, "{found:?}");
}

#[test]
fn frames_beyond_the_limit_are_not_claimed_to_be_equal() {
    let frame = |shade: u8| RgbaImage::from_pixel(2, 2, Rgba([shade, 1, 2, 255]));
    let frames = |count: usize, last: u8| {
        let mut frames = vec![frame(10); count];
        frames.push(frame(last));
        gif(&frames)
    };
    let found = judged(&frames(309, 10), &frames(309, 250));
    assert_eq!((found.same, found.coverage), (true, Coverage::Part("only the first 300 frames were compared".to_owned())));
    let found = judged(&frames(299, 10), &frames(299, 11));
    assert_eq!((found.same, found.coverage), (true, Coverage::Whole));
    let found = judged(&frames(299, 10), &frames(309, 10));
    assert_eq!(found.reason(), Some("the first image has 300 frames, the second has more"));
}

#[test]
fn long_audio_is_compared_by_its_whole_duration() {
    let long = Audio { rate: 100, seconds: 1900.0, ..Audio::default() };
    let made: [Encoder<Audio>; 2] = [("WAV", Audio::wav), ("FLAC", Audio::flac)];
    for (format, make) in made {
        let (one, other) = (make(long), make(Audio { seconds: 2000.0, ..long }));
        let facts = audio_facts(&MediaFile::named("a", &one)).unwrap();
        assert!((facts.duration_secs - 1900.0).abs() < 0.1 && facts.is_cut && facts.incomplete.is_none(), "{format}: {facts:?}");
        assert_eq!(judged(&one, &other).reason(), Some("the first lasts 1900.00 s, the second 2000.00 s"), "{format}");
        // Only the end differs, which is not measured.
        let mut end = one.clone();
        if format == "WAV" {
            let from = end.len() - 2000;
            end[from..].fill(0);
            let found = judged(&one, &end);
            assert!(found.same && matches!(found.coverage, Coverage::Part(_)), "{found:?}");
        }
        let cut = &one[..one.len() * 19 / 20 + 100];
        let facts = audio_facts(&MediaFile::named("a", cut)).unwrap();
        assert!(facts.duration_secs < 1850.0 && facts.incomplete.is_some(), "{format}: {facts:?}");
    }
}

#[test]
fn audio_of_an_implausible_sample_rate_is_not_claimed_to_be_equal() {
    let slow = Audio { rate: 50, seconds: 4.0, ..Audio::default() };
    let found = judged(&slow.wav(), &Audio { pitch: 1.1, ..slow }.wav());
    assert!(!found.same || matches!(found.coverage, Coverage::Part(_)), "{found:?}");
}

#[test]
fn deep_documents_are_compared_as_text() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let found =
        compare(&MediaFile::named("a.json", deep.as_bytes()), &MediaFile::named("b.json", deep.as_bytes()), &Tolerance::default());
    assert_eq!((found.kind, found.same), (MediaKind::Json, true));
    assert_eq!(found.remarks, ["neither file is valid JSON; compared as text"]);
}
