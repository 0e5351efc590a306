//! Animated pictures, frame by frame.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageFormat};

use super::decode::{DECODED_BYTES, limits};
use super::measure::{Measured, measure};
use super::{ImageFacts, Look, judge};
use crate::Measurement;
use crate::guard::guarded;
use crate::{Comparison, MediaFile, MediaKind, Tolerance};

/// Frames that are compared; the rest is said not to have been.
const FRAME_LIMIT: usize = 300;

/// Pixels of all frames together. A file of some kilobytes can hold thousands of large frames that are all the same.
const PIXEL_LIMIT: u64 = 500_000_000;

/// What one pixel of an animation takes while it is decoded: the canvas, the frame, and the frame before.
const BYTES_PER_PIXEL: u64 = 12;

/// Whether a file has more than one frame.
pub(crate) fn is_animated(file: &MediaFile<'_>) -> bool {
    let looked = guarded(|| {
        Ok(match image::guess_format(file.bytes) {
            // A GIF tells only by being read.
            Ok(ImageFormat::Gif) => Reel::open(file)?.frames.take(2).flatten().count() == 2,
            Ok(ImageFormat::WebP) => WebPDecoder::new(Cursor::new(file.bytes)).is_ok_and(|decoder| decoder.has_animation()),
            Ok(ImageFormat::Png) => {
                let decoder = PngDecoder::with_limits(Cursor::new(file.bytes), limits());
                decoder.is_ok_and(|decoder| decoder.is_apng().unwrap_or(false))
            }
            _ => false,
        })
    });
    looked.unwrap_or(false)
}

/// The frames of an animation, each one guarded.
struct Reel<'a> {
    frames: Frames<'a>,
    size: (u32, u32),
    /// How many are looked at.
    limit: usize,
    taken: usize,
}

impl<'a> Reel<'a> {
    fn open(file: &MediaFile<'a>) -> Result<Self, String> {
        let say = |error: image::ImageError| error.to_string();
        let cursor = Cursor::new(file.bytes);
        let (size, frames) = match image::guess_format(file.bytes).map_err(say)? {
            ImageFormat::Gif => {
                let mut decoder = GifDecoder::new(cursor).map_err(say)?;
                decoder.set_limits(limits()).map_err(say)?;
                (checked(decoder.dimensions())?, decoder.into_frames())
            }
            ImageFormat::WebP => {
                let mut decoder = WebPDecoder::new(cursor).map_err(say)?;
                decoder.set_limits(limits()).map_err(say)?;
                (checked(decoder.dimensions())?, decoder.into_frames())
            }
            ImageFormat::Png => {
                let decoder = PngDecoder::with_limits(cursor, limits()).map_err(say)?;
                (checked(decoder.dimensions())?, decoder.apng().map_err(say)?.into_frames())
            }
            _ => return Err("it has no frames".to_owned()),
        };
        let by_pixels = PIXEL_LIMIT / (u64::from(size.0) * u64::from(size.1)).max(1);
        let limit = usize::try_from(by_pixels).unwrap_or(FRAME_LIMIT).clamp(2, FRAME_LIMIT);
        Ok(Self { frames, size, limit, taken: 0 })
    }

    /// The next frame; `None` at the end or at the limit.
    fn next(&mut self) -> Option<Result<DynamicImage, String>> {
        if self.taken == self.limit {
            return None;
        }
        let frame = guarded(|| self.frames.next().transpose().map_err(|error| error.to_string()));
        self.taken += 1;
        frame.map(|frame| frame.map(|frame| frame.into_buffer().into())).transpose()
    }
}

/// Two animations are decoded side by side, so each may take half of what there is.
fn checked((width, height): (u32, u32)) -> Result<(u32, u32), String> {
    let pixels = u64::from(width) * u64::from(height);
    match pixels.checked_mul(BYTES_PER_PIXEL) {
        Some(bytes) if pixels > 0 && bytes <= DECODED_BYTES / 2 => Ok((width, height)),
        _ => Err(format!("{width} x {height} pixels are too many for an animation")),
    }
}

/// Measures an animation.
pub(super) fn facts(file: &MediaFile<'_>) -> Result<ImageFacts, String> {
    let mut reel = guarded(|| Reel::open(file))?;
    let mut look = Look::default();
    while let Some(frame) = reel.next() {
        look.take(&frame.map_err(|error| format!("frame {}: {error}", reel.taken))?);
    }
    Ok(look.facts(4))
}

/// Compares animations: as many frames, and each like its counterpart. The worst pair's numbers are told.
pub(crate) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    if is_animated(left) != is_animated(right) {
        return Comparison::new(MediaKind::Image, false).remark("one is animated, the other is not");
    }
    let (mut left, mut right) = match (guarded(|| Reel::open(left)), guarded(|| Reel::open(right))) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(error), _) | (_, Err(error)) => {
            return Comparison::new(MediaKind::Image, false).remark(format!("an animation cannot be decoded: {error}"));
        }
    };
    let differ = |count: usize, why: String| Comparison::new(MediaKind::Image, false).metric("frames", count as f64).remark(why);
    if left.size != right.size {
        let ((width, height), (other_width, other_height)) = (left.size, right.size);
        return Comparison::new(MediaKind::Image, false)
            .remark(format!("one is {width} x {height} pixels, the other {other_width} x {other_height}"));
    }
    let mut worst: Option<(usize, Measured, bool)> = None;
    let mut count = 0;
    loop {
        let (one, two) = match (left.next(), right.next()) {
            (None, None) => break,
            (Some(Ok(one)), Some(Ok(two))) => (one, two),
            (Some(Err(error)), _) | (_, Some(Err(error))) => {
                return differ(count, format!("frame {} cannot be decoded: {error}", count + 1));
            }
            (None, Some(_)) | (Some(_), None) => return differ(count, format!("one has {count} frames, the other more")),
        };
        count += 1;
        let measured = measure(&one, &two);
        let holds = holds(&measured, tolerance);
        let is_worse = worst.as_ref().is_none_or(|(_, worst, worst_holds)| {
            (*worst_holds && !holds) || (*worst_holds == holds && measured.mean_distance > worst.mean_distance)
        });
        if is_worse {
            worst = Some((count, measured, holds));
        }
    }
    let Some((number, measured, _)) = worst else {
        return Comparison::new(MediaKind::Image, false).remark("the animation has no frames");
    };
    let mut comparison = judge(&measured, left.size, tolerance);
    comparison.metrics.insert(0, Measurement { name: "frames".to_owned(), value: count as f64, limit: None });
    if !comparison.same {
        comparison.remarks.insert(0, format!("frame {number} of {count} differs"));
    }
    if count == left.limit {
        comparison.remarks.push(format!("only the first {count} frames were compared"));
    }
    comparison
}

fn holds(measured: &Measured, tolerance: &Tolerance) -> bool {
    measured.mean_distance <= tolerance.mean_colour_distance
        && measured.worst_tile <= tolerance.worst_tile_distance
        && measured.ssim >= tolerance.ssim
}
