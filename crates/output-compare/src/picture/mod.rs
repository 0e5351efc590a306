//! Pictures, by their decoded pixels.
//!
//! [`decode`] takes a file under limits, [`measure`] two decoded pictures of one size, [`animation`] frame by frame; [`whole`] looks whether a
//! file ends where its format says. Here numbers become a verdict.

pub(super) mod animation;
mod decode;
mod heat;
mod measure;
mod pixels;
mod similarity;
mod whole;

use std::thread;

use image::DynamicImage;

pub(super) use decode::decode;
use decode::{DECODED_BYTES, Head, head};
use measure::{Measured, measure};
use pixels::visible_row;
pub(super) use whole::missing_end;

use crate::{Comparison, MediaFile, MediaKind, Tolerance};

/// What is known of a picture without comparing it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageFacts {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Colour channels as stored, 1 to 4.
    pub channels: u8,
    /// Frames; 1 unless it is animated. Of a long animation, those that were looked at.
    pub frames: u32,
    /// Mean brightness, 0 to 255.
    pub brightness: f64,
    /// Whether all pixels have one colour, over all frames.
    pub is_one_colour: bool,
    /// Whether no pixel can be seen, in any frame.
    pub is_transparent: bool,
}

/// Measures a picture; the error says why it cannot be decoded.
pub fn image_facts(file: &MediaFile<'_>) -> Result<ImageFacts, String> {
    if animation::is_animated(file) {
        return animation::facts(file);
    }
    let mut look = Look::default();
    let decoded = decode(file)?;
    look.take(&decoded);
    Ok(look.facts(decoded.color().channel_count()))
}

/// What can be seen in one or more pictures.
#[derive(Default)]
struct Look {
    size: (u32, u32),
    frames: u32,
    pixels: u64,
    sum: u64,
    first: Option<[u8; 4]>,
    has_colours: bool,
    is_visible: bool,
}

impl Look {
    fn take(&mut self, picture: &DynamicImage) {
        self.size = (picture.width(), picture.height());
        self.frames += 1;
        self.pixels += u64::from(picture.width()) * u64::from(picture.height());
        let mut row = vec![[0; 4]; picture.width() as usize];
        for number in 0..picture.height() {
            visible_row(picture, number, &mut row);
            for pixel in &row {
                let [red, green, blue, alpha] = *pixel;
                self.sum += u64::from(red) + u64::from(green) + u64::from(blue);
                self.has_colours |= *self.first.get_or_insert(*pixel) != *pixel;
                self.is_visible |= alpha > 0;
            }
        }
    }

    fn facts(self, channels: u8) -> ImageFacts {
        ImageFacts {
            width: self.size.0,
            height: self.size.1,
            channels,
            frames: self.frames,
            brightness: self.sum as f64 / (3 * self.pixels.max(1)) as f64,
            is_one_colour: !self.has_colours,
            is_transparent: !self.is_visible,
        }
    }
}

/// Compares pictures of any two formats.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    let heads = match (head(left), head(right)) {
        (Ok(one), Ok(two)) => (one, two),
        (Err(error), Err(_)) if left.bytes == right.bytes => return undecoded_but_equal(&error),
        (Err(error), _) => return broken("first", &error),
        (_, Err(error)) => return broken("second", &error),
    };
    if (heads.0.width, heads.0.height) != (heads.1.width, heads.1.height) {
        return of_other_size(heads.0, heads.1);
    }
    if heads.0.decoded_bytes.saturating_add(heads.1.decoded_bytes) > DECODED_BYTES {
        let limit = DECODED_BYTES / 1024 / 1024;
        return Comparison::new(MediaKind::Image, false)
            .remark(format!("the two cannot be decoded together: they would take more than {limit} MiB"));
    }
    // Decoding is most of the work, so both are decoded at one time; equal bytes once.
    let decoded = if left.bytes == right.bytes {
        let decoded = decode(left);
        (decoded.clone(), decoded)
    } else {
        thread::scope(|scope| {
            let other = scope.spawn(|| decode(right));
            (decode(left), other.join().unwrap_or_else(|_| Err("the decoder crashed".to_owned())))
        })
    };
    let (one, two) = match decoded {
        (Ok(one), Ok(two)) => (one, two),
        (Err(error), Err(_)) if left.bytes == right.bytes => return undecoded_but_equal(&error),
        (Err(error), _) => return broken("first", &error),
        (_, Err(error)) => return broken("second", &error),
    };
    let mut comparison = judge(&measure(&one, &two), (one.width(), one.height()), tolerance);
    match (missing_end(left), missing_end(right)) {
        (None, Some(why)) => differ_first(&mut comparison, format!("the second is cut off: {why}")),
        (Some(why), None) => differ_first(&mut comparison, format!("the first is cut off: {why}")),
        _ => {}
    }
    let channels = (one.color().channel_count(), two.color().channel_count());
    if channels.0 != channels.1 {
        comparison = comparison.remark(format!("the first has {} channels, the second {}", channels.0, channels.1));
    }
    comparison
}

fn differ_first(comparison: &mut Comparison, reason: String) {
    comparison.same = false;
    comparison.remarks.insert(0, reason);
}

fn broken(which: &str, error: &str) -> Comparison {
    Comparison::new(MediaKind::Image, false).remark(format!("the {which} cannot be decoded: {error}"))
}

fn undecoded_but_equal(error: &str) -> Comparison {
    Comparison::new(MediaKind::Image, true).remark(format!("the bytes are equal, but no picture: {error}"))
}

fn of_other_size(one: Head, two: Head) -> Comparison {
    Comparison::new(MediaKind::Image, false)
        .metric("width", f64::from(one.width))
        .metric("height", f64::from(one.height))
        .metric("other_width", f64::from(two.width))
        .metric("other_height", f64::from(two.height))
        .remark(format!("one is {} x {} pixels, the other {} x {}", one.width, one.height, two.width, two.height))
}

/// Holds what was measured to the thresholds.
fn judge(measured: &Measured, (width, height): (u32, u32), tolerance: &Tolerance) -> Comparison {
    let Measured { mean_distance, worst_tile, ssim, .. } = *measured;
    let mut comparison = Comparison::new(MediaKind::Image, true)
        .metric("width", f64::from(width))
        .metric("height", f64::from(height))
        .at_most("mean_colour_distance", mean_distance, tolerance.mean_colour_distance)
        .at_most("worst_tile_distance", worst_tile, tolerance.worst_tile_distance)
        .at_least("ssim", ssim, tolerance.ssim)
        .metric("greatest_channel_difference", f64::from(measured.greatest))
        .metric("differing_pixels_percent", measured.differing_percent);
    if let Some(psnr_db) = measured.psnr_db {
        comparison = comparison.metric("psnr_db", psnr_db);
        comparison.heat_map = measured.heat.picture();
    }
    if mean_distance > tolerance.mean_colour_distance {
        let limit = tolerance.mean_colour_distance;
        comparison = comparison.differs(format!("the mean colour distance is {mean_distance:.1}, above {limit:.1}"));
    }
    if worst_tile > tolerance.worst_tile_distance {
        let limit = tolerance.worst_tile_distance;
        comparison = comparison.differs(format!(
            "a part of the picture differs: the worst tile's colour distance is {worst_tile:.1}, above {limit:.1}"
        ));
    }
    if ssim < tolerance.ssim {
        let limit = tolerance.ssim;
        comparison = comparison.differs(format!("the structure differs: the structural similarity is {ssim:.3}, below {limit:.3}"));
    }
    comparison
}
