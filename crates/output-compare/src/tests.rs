use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::json;

use crate::{Comparison, Defect, MediaFile, MediaKind, Tolerance, compare, compare_json, compare_text, examine};

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A smooth image with some structure.
fn landscape(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = ((f64::from(x) / 9.0).sin() * 60.0 + 128.0) as u8;
        Rgb([wave, (y * 255 / height.max(1)) as u8, (x * 255 / width.max(1)) as u8])
    })
}

fn judged(left: &[u8], right: &[u8]) -> Comparison {
    compare(&MediaFile::named("a", left), &MediaFile::named("b", right), &Tolerance::default())
}

/// A tone of this many seconds, as a WAV file with 16 bits.
fn tone(frequency: f64, seconds: f64, rate: u32, volume: f64) -> Vec<u8> {
    let count = (seconds * f64::from(rate)) as u32;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + count * 2).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * 2).to_le_bytes());
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((count * 2).to_le_bytes());
    for index in 0..count {
        let at = f64::from(index) / f64::from(rate);
        let sample = (at * frequency * std::f64::consts::TAU).sin() * volume * 32_000.0;
        bytes.extend((sample as i16).to_le_bytes());
    }
    bytes
}

#[test]
fn images_are_compared_by_visible_pixels() {
    let original = landscape(200, 150);
    let noisy = RgbImage::from_fn(200, 150, |x, y| {
        let Rgb([red, green, blue]) = *original.get_pixel(x, y);
        let noise = if (x * 7 + y * 13) % 3 == 0 { 2 } else { 0 };
        Rgb([red.saturating_add(noise), green.saturating_sub(noise), blue])
    });
    let mut inverted: DynamicImage = original.clone().into();
    inverted.invert();
    let recolored = RgbImage::from_fn(200, 150, |x, y| {
        let Rgb([red, green, blue]) = *original.get_pixel(x, y);
        Rgb([blue, red, green])
    });
    let shifted = RgbImage::from_fn(200, 150, |x, y| *original.get_pixel((x + 30) % 200, y));
    let cropped = image::imageops::crop_imm(&original, 0, 0, 199, 150).to_image();
    let mut damaged = original.clone();
    // 1.8 % of the area, which the mean distance alone misses.
    for (x, y) in (0..23).flat_map(|x| (0..23).map(move |y| (x, y))) {
        damaged.put_pixel(100 + x, 60 + y, Rgb([255, 255, 255]));
    }
    let first = png(original.clone());
    let cases: [(&str, Vec<u8>, bool); 10] = [
        ("identical", first.clone(), true),
        ("another lossless format", encoded(original.clone(), ImageFormat::Bmp), true),
        ("as JPEG", encoded(original.clone(), ImageFormat::Jpeg), true),
        ("as WebP", encoded(original.clone(), ImageFormat::WebP), true),
        ("slightly noisy", png(noisy), true),
        ("inverted", png(inverted), false),
        ("recolored", png(recolored), false),
        ("shifted", png(shifted), false),
        ("cropped", png(cropped), false),
        ("locally damaged", png(damaged), false),
    ];
    for (name, second, same) in cases {
        let found = judged(&first, &second);
        assert_eq!(found.same, same, "{name}: {found:?}");
        assert_eq!(found.kind, MediaKind::Image);
        assert_eq!(found.same, found.remarks.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn local_damage_is_found() {
    let white = RgbImage::from_pixel(1024, 1024, Rgb([255, 255, 255]));
    let mut hole = white.clone();
    for (x, y) in (0..136).flat_map(|x| (0..136).map(move |y| (x, y))) {
        hole.put_pixel(x + 400, y + 500, Rgb([0, 0, 0]));
    }
    let found = judged(&png(white), &png(hole));
    assert!(found.value_of("mean_color_distance").unwrap() <= 8.0, "{found:?}");
    assert!(!found.same);
    assert!(found.remarks[0].starts_with("a part of the image differs"), "{found:?}");
}

#[test]
fn equal_images_have_no_noise_ratio_and_others_do() {
    let original = png(landscape(40, 30));
    assert_eq!(judged(&original, &original).value_of("psnr_db"), None);
    assert!(judged(&original, &encoded(landscape(40, 30), ImageFormat::Jpeg)).value_of("psnr_db").unwrap() > 25.0);
}

#[test]
fn black_and_transparent_differ_but_hidden_colors_do_not() {
    let black = RgbImage::from_pixel(32, 32, Rgb([0, 0, 0]));
    let clear = RgbaImage::from_pixel(32, 32, Rgba([0, 0, 0, 0]));
    let clear_red = RgbaImage::from_pixel(32, 32, Rgba([255, 0, 0, 0]));
    let found = judged(&png(black), &png(clear.clone()));
    assert!(!found.same, "{found:?}");
    assert!(judged(&png(clear), &png(clear_red)).same);
}

#[test]
fn gray_and_color_that_look_the_same_are_the_same_with_a_remark() {
    let gray = DynamicImage::from(landscape(32, 32)).into_luma8();
    let color = DynamicImage::from(gray.clone()).into_rgb8();
    let found = judged(&png(gray), &png(color));
    assert!(found.same);
    assert_eq!(found.remarks, ["the first image has 1 channels, the second 3"]);
}

#[test]
fn animations_are_compared_beyond_the_first_frame() {
    let animation = |second: u8| {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for shade in [10, second] {
            let frame = RgbaImage::from_pixel(16, 16, Rgba([shade, shade, shade, 255]));
            encoder.encode_frame(Frame::new(frame)).unwrap();
        }
        drop(encoder);
        bytes
    };
    assert!(judged(&animation(200), &animation(200)).same);
    let found = judged(&animation(200), &animation(20));
    assert!(!found.same);
    assert_eq!(found.remarks[0], "frame 2 of 2 differs");
    assert_eq!(found.value_of("frames"), Some(2.0));
    let still = encoded(RgbaImage::from_pixel(16, 16, Rgba([10, 10, 10, 255])), ImageFormat::Gif);
    assert_eq!(judged(&animation(200), &still).remarks, ["the first image is animated, the second is not"]);
}

#[test]
fn broken_images_are_reported() {
    let whole = png(landscape(64, 64));
    let truncated = &whole[..whole.len() / 2];
    let found = judged(&whole, truncated);
    assert!(!found.same);
    assert!(found.remarks[0].starts_with("the second file cannot be decoded"), "{found:?}");
    assert!(matches!(examine(&MediaFile::named("a.png", truncated)).defects[..], [Defect::Broken(_)]));
}

#[test]
fn an_image_of_absurd_size_is_rejected_before_memory_is_allocated() {
    let mut bytes = png(RgbImage::from_pixel(1, 1, Rgb([0, 0, 0])));
    // Width and height are the first two numbers of IHDR; its checksum follows.
    bytes[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let found = judged(&bytes, &png(RgbImage::from_pixel(1, 1, Rgb([0, 0, 0]))));
    assert!(!found.same && found.remarks[0].contains("cannot be decoded"), "{found:?}");
}

#[test]
fn no_prefix_of_an_image_or_audio_file_panics() {
    let audio = tone(440.0, 0.05, 8000, 0.5);
    for whole in
        [png(landscape(9, 7)), encoded(landscape(9, 7), ImageFormat::Jpeg), encoded(landscape(9, 7), ImageFormat::Gif), audio]
    {
        for length in 0..whole.len() {
            let _ = judged(&whole[..length], &whole);
            let _ = examine(&MediaFile::named("x.png", &whole[..length]));
        }
    }
}

#[test]
fn audio_is_compared_by_audible_samples() {
    let original = tone(440.0, 1.0, 16_000, 0.5);
    let cases: [(&str, Vec<u8>, bool); 6] = [
        ("identical", original.clone(), true),
        ("slightly quieter", tone(440.0, 1.0, 16_000, 0.49), true),
        ("shorter", tone(440.0, 0.7, 16_000, 0.5), false),
        ("silent", tone(440.0, 1.0, 16_000, 0.0), false),
        ("another tone", tone(880.0, 1.0, 16_000, 0.5), false),
        ("another sample rate", tone(440.0, 1.0, 22_050, 0.5), true),
    ];
    for (name, second, same) in cases {
        let found = judged(&original, &second);
        assert_eq!((found.kind, found.same), (MediaKind::Audio, same), "{name}: {found:?}");
    }
}

#[test]
fn defects_are_reported() {
    let single_color = png(RgbImage::from_pixel(8, 8, Rgb([7, 7, 7])));
    let clear = png(RgbaImage::from_pixel(8, 8, Rgba([7, 7, 7, 0])));
    let good = png(landscape(8, 8));
    let silent = tone(440.0, 0.5, 8000, 0.0);
    let cases: [(&str, &[u8], Vec<Defect>); 8] = [
        ("a.png", &good, vec![]),
        ("a.png", &single_color, vec![Defect::SingleColor]),
        ("a.png", &clear, vec![Defect::Transparent]),
        ("a.png", b"", vec![Defect::Empty]),
        ("a.wav", &silent, vec![Defect::Silent]),
        ("a.txt", b" \n", vec![Defect::BlankText]),
        ("a.txt", b"Traceback (most recent call last):\n  File", vec![Defect::StackTrace]),
        ("a.bin", b"\xff\xfe\x00", vec![]),
    ];
    for (name, bytes, defects) in cases {
        assert_eq!(examine(&MediaFile::named(name, bytes)).defects, defects, "{name}");
    }
    assert!(matches!(examine(&MediaFile::named("a.json", b"{")).defects[..], [Defect::Broken(_)]));
    assert_eq!(examine(&MediaFile::named("a.png", &good)).facts[1], "8 x 8 pixels");
}

#[test]
fn line_endings_are_not_a_difference() {
    assert!(compare_text("a\r\nb\n", "a\nb\n").same);
    let found = compare_text("hello world\n", "howdy world\n");
    assert!(!found.same);
    assert_eq!(found.remarks, ["the texts differ", "- hello world", "+ howdy world"]);
    assert!(found.value_of("similarity").unwrap() > 0.3);
}

#[test]
fn a_long_diff_is_cut() {
    let left: String = (0..100).map(|n| format!("left {n}\n")).collect();
    let right: String = (0..100).map(|n| format!("right {n}\n")).collect();
    let found = compare_text(&left, &right);
    assert_eq!(found.remarks.len(), 14);
    assert_eq!(found.remarks[13], "... and 188 more lines");
}

#[test]
fn numbers_are_compared_relative_to_their_size() {
    let same = |left: serde_json::Value, right: serde_json::Value| compare_json(&left, &right, &Tolerance::default()).same;
    // The pairs of `docs/reference/cog-safe-push.md#comparing-numbers`.
    assert!(!same(json!(0.01), json!(0.09)));
    assert!(!same(json!([0.03]), json!([-0.03])));
    assert!(same(json!(1e9), json!(1e9 + 0.2)));
    assert!(same(json!(1), json!(1.0)));
    assert!(!same(json!(1), json!(2)));
    assert!(!same(json!(u64::MAX), json!(u64::MAX - 1)));
    assert!(same(json!(0.5), json!(0.5001)));
    assert!(!same(json!(true), json!(1)));
}

#[test]
fn json_differences_are_reported_with_their_path() {
    let left = json!({"label": "cat", "boxes": [{"left": 1}, {"left": 2}], "gone": 1});
    let right = json!({"boxes": [{"left": 1}, {"left": 3}, {}], "label": "dog", "new": null});
    let found = compare_json(&left, &right, &Tolerance::default());
    assert_eq!(
        found.remarks,
        [
            r#".label is "cat" in the first and "dog" in the second"#,
            ".boxes has 2 items in the first and 3 in the second",
            ".boxes[1].left is 2 in the first and 3 in the second",
            ".gone is missing from the second",
            ".new is missing from the first",
        ]
    );
    assert_eq!(found.value_of("differences"), Some(5.0));
}

#[test]
fn the_order_of_members_does_not_matter_in_files() {
    assert!(judged(br#"{"a": 1, "b": 2}"#, br#"{"b":2,"a":1}"#).same);
    let found = compare(&MediaFile::named("a.json", b"{"), &MediaFile::named("b.json", b"{}"), &Tolerance::default());
    assert_eq!(found.remarks[1], "the first file is not valid JSON; compared as text");
}

#[test]
fn files_of_different_kinds_are_never_the_same() {
    let found = judged(&png(landscape(4, 4)), b"hello");
    assert_eq!((found.same, found.remarks), (false, vec!["the first file is image, the second is text".to_owned()]));
}

#[test]
fn unknown_files_and_broken_videos_are_compared_by_bytes() {
    let found = judged(b"\xff\xfe\x00a", b"\xff\xfe\x00b");
    assert_eq!(found.remarks[0], "the files differ: 4 and 4 bytes, first difference at byte 3");
    assert!(found.remarks[1].starts_with("first file: of an unknown type, SHA-256 5f210d5e"), "{found:?}");
    assert_eq!(found.value_of("differing_bytes"), Some(1.0));
    let video = b"\0\0\0\x18ftypmp42\0\0\0\0";
    let found = judged(video, video);
    assert!(found.same);
    assert_eq!(found.remarks, ["the bytes are equal, but they cannot be decoded: its ftyp box should have 24 bytes but has 16"]);
}
