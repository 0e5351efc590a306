//! Pictures, by their decoded pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageReader, Limits, RgbaImage};

use crate::media::{Comparison, MediaFile, MediaKind, Tolerance};

/// No side of a picture is longer.
const SIDE_LIMIT: u32 = 32_768;

/// A decoded picture takes no more memory: a bomb of a few kilobytes can ask for hundreds of gigabytes.
const DECODED_BYTES: u64 = 512 * 1024 * 1024;

/// The side of the tiles in which local damage is looked for.
const TILE: u32 = 16;

/// What is known of a picture without comparing it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageFacts {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Colour channels as stored, 1 to 4.
    pub channels: u8,
    /// Mean brightness, 0 to 255.
    pub brightness: f64,
    /// Whether all pixels have one colour.
    pub is_one_colour: bool,
    /// Whether no pixel can be seen.
    pub is_transparent: bool,
}

/// The limits of every decoder.
pub(super) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_LIMIT);
    limits.max_image_height = Some(SIDE_LIMIT);
    limits.max_alloc = Some(DECODED_BYTES);
    limits
}

/// Decodes a picture, the first one of an animation; the error says why it cannot be.
pub(super) fn decode(file: &MediaFile<'_>) -> Result<DynamicImage, String> {
    if file.bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let mut reader = ImageReader::new(Cursor::new(file.bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    reader.limits(limits());
    reader.decode().map_err(|error| error.to_string())
}

/// Measures a picture; the error says why it cannot be decoded.
pub fn image_facts(file: &MediaFile<'_>) -> Result<ImageFacts, String> {
    let decoded = decode(file)?;
    let channels = decoded.color().channel_count();
    let pixels = decoded.into_rgba8();
    let first = pixels.pixels().next().copied();
    let mut sum = 0_u64;
    let (mut is_one_colour, mut is_transparent) = (true, true);
    for pixel in pixels.pixels() {
        let [red, green, blue, alpha] = pixel.0;
        sum += u64::from(red) + u64::from(green) + u64::from(blue);
        is_one_colour &= Some(*pixel) == first;
        is_transparent &= alpha == 0;
    }
    let count = (u64::from(pixels.width()) * u64::from(pixels.height())).max(1);
    let brightness = sum as f64 / (3 * count) as f64;
    Ok(ImageFacts { width: pixels.width(), height: pixels.height(), channels, brightness, is_one_colour, is_transparent })
}

/// Compares pictures of any two formats.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    let (left, right) = match (decode(left), decode(right)) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(error), Err(_)) if left.bytes == right.bytes => {
            return Comparison::new(MediaKind::Image, true).remark(format!("the bytes are equal, but no picture: {error}"));
        }
        (Err(error), _) => return broken("first", &error),
        (_, Err(error)) => return broken("second", &error),
    };
    let channels = (left.color().channel_count(), right.color().channel_count());
    let comparison = compare_pixels(&left.into_rgba8(), &right.into_rgba8(), tolerance);
    if channels.0 == channels.1 {
        return comparison;
    }
    let remark = format!("the first has {} channels, the second {}", channels.0, channels.1);
    comparison.remark(remark)
}

fn broken(which: &str, error: &str) -> Comparison {
    Comparison::new(MediaKind::Image, false).remark(format!("the {which} cannot be decoded: {error}"))
}

/// Compares decoded pictures.
pub(super) fn compare_pixels(left: &RgbaImage, right: &RgbaImage, tolerance: &Tolerance) -> Comparison {
    let comparison = Comparison::new(MediaKind::Image, false)
        .metric("width", f64::from(left.width()))
        .metric("height", f64::from(left.height()));
    if left.dimensions() != right.dimensions() {
        let ((width, height), (other_width, other_height)) = (left.dimensions(), right.dimensions());
        return comparison
            .metric("other_width", f64::from(other_width))
            .metric("other_height", f64::from(other_height))
            .remark(format!("one is {width} x {height} pixels, the other {other_width} x {other_height}"));
    }
    let measured = measure(left, right);
    let Distances { mean, worst_tile, greatest, differing, psnr_db } = measured;
    let mut comparison = comparison
        .at_most("mean_colour_distance", mean, tolerance.mean_colour_distance)
        .at_most("worst_tile_distance", worst_tile, tolerance.tile_colour_distance)
        .metric("greatest_channel_difference", f64::from(greatest))
        .metric("differing_pixels_percent", differing);
    if let Some(psnr_db) = psnr_db {
        comparison = comparison.metric("psnr_db", psnr_db);
    }
    let (mean_limit, tile_limit) = (tolerance.mean_colour_distance, tolerance.tile_colour_distance);
    comparison.same = mean <= mean_limit && worst_tile <= tile_limit;
    if mean > mean_limit {
        return comparison.remark(format!("the mean colour distance is {mean:.1}, above {mean_limit:.1}"));
    }
    if worst_tile > tile_limit {
        return comparison.remark(format!(
            "a part of the picture differs: the worst tile's colour distance is {worst_tile:.1}, above {tile_limit:.1}"
        ));
    }
    comparison
}

struct Distances {
    mean: f64,
    worst_tile: f64,
    greatest: u8,
    /// Percent of the pixels that are not equal.
    differing: f64,
    /// `None` for equal pictures.
    psnr_db: Option<f64>,
}

/// Colours weighted by how much of them can be seen: what lies under full transparency does not count, but transparency does.
fn visible(pixel: [u8; 4]) -> [i32; 4] {
    let alpha = i32::from(pixel[3]);
    match alpha {
        255 => [i32::from(pixel[0]), i32::from(pixel[1]), i32::from(pixel[2]), 255],
        _ => [i32::from(pixel[0]) * alpha / 255, i32::from(pixel[1]) * alpha / 255, i32::from(pixel[2]) * alpha / 255, alpha],
    }
}

fn measure(left: &RgbaImage, right: &RgbaImage) -> Distances {
    let (width, height) = left.dimensions();
    let tiles_across = width.div_ceil(TILE) as usize;
    let (mut total, mut squares, mut differing, mut greatest, mut worst_tile) = (0.0_f64, 0_u64, 0_u64, 0, 0.0_f64);
    let mut tiles = vec![(0.0_f64, 0_u32); tiles_across];
    let rows = left.as_raw().chunks_exact(width.max(1) as usize * 4).zip(right.as_raw().chunks_exact(width.max(1) as usize * 4));
    for (row_number, (row, other)) in (0_u32..).zip(rows) {
        if row == other {
            for (column, tile) in tiles.iter_mut().enumerate() {
                tile.1 += (width - column as u32 * TILE).min(TILE);
            }
        } else {
            for (column, (pixel, other)) in row.chunks_exact(4).zip(other.chunks_exact(4)).enumerate() {
                let tile = &mut tiles[column / TILE as usize];
                tile.1 += 1;
                if pixel == other {
                    continue;
                }
                let (pixel, other) =
                    (visible([pixel[0], pixel[1], pixel[2], pixel[3]]), visible([other[0], other[1], other[2], other[3]]));
                let mut square = 0_u32;
                for (one, two) in pixel.iter().zip(other) {
                    let difference = one.abs_diff(two);
                    greatest = greatest.max(difference);
                    square += difference * difference;
                }
                let distance = f64::from(square).sqrt();
                differing += u64::from(square > 0);
                squares += u64::from(square);
                total += distance;
                tile.0 += distance;
            }
        }
        if (row_number + 1) % TILE == 0 || row_number + 1 == height {
            for tile in &mut tiles {
                worst_tile = worst_tile.max(tile.0 / f64::from(tile.1.max(1)));
                *tile = (0.0, 0);
            }
        }
    }
    let count = (u64::from(width) * u64::from(height)).max(1) as f64;
    let mean_square = squares as f64 / (count * 4.0);
    Distances {
        mean: total / count,
        worst_tile,
        greatest: u8::try_from(greatest).unwrap_or(u8::MAX),
        differing: 100.0 * differing as f64 / count,
        psnr_db: (squares > 0).then(|| 10.0 * (255.0 * 255.0 / mean_square).log10()),
    }
}
