//! Comparing animated images frame by frame.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageFormat};

use super::decode::limits;
use super::measure::{Measured, measure};
use super::truncation::images_of_gif;
use super::verdict::{sizes_differ, verdict};
use crate::decode_budget::{BUDGET, DECODED_BYTES};
use crate::decode_guard::guarded;
use crate::decoded_pair::decoded_pair;
use crate::{Comparison, DecodeError, Measurement, MediaFile, MediaKind, Tolerance};

/// Frames that are compared. A remark says if there are more.
const FRAME_LIMIT: usize = 300;

/// Pixels of all frames together. A file of some kilobytes can hold thousands of large identical frames.
const PIXEL_LIMIT: u64 = 500_000_000;

/// Memory per pixel while an animation is decoded: the canvas, the frame, and the previous frame.
const BYTES_PER_PIXEL: u64 = 12;

/// Whether an image has more than one frame.
pub(super) fn is_animated(file: &MediaFile<'_>) -> bool {
    let is_animated = guarded(|| {
        Ok(match image::guess_format(file.bytes) {
            // The header of a GIF does not say.
            Ok(ImageFormat::Gif) => {
                let animation = match Animation::open(file) {
                    Err(DecodeError::TooLarge(_)) => return Ok(images_of_gif(file.bytes) > 1),
                    other => other?,
                };
                let _share = BUDGET.take(animation.memory_bytes());
                animation.frames.take(2).flatten().count() == 2
            }
            Ok(ImageFormat::WebP) => WebPDecoder::new(Cursor::new(file.bytes)).is_ok_and(|decoder| decoder.has_animation()),
            Ok(ImageFormat::Png) => {
                let decoder = PngDecoder::with_limits(Cursor::new(file.bytes), limits());
                decoder.is_ok_and(|decoder| decoder.is_apng().unwrap_or(false))
            }
            _ => false,
        })
    });
    is_animated.unwrap_or(false)
}

/// Decodes the frames of an animation one by one.
pub(super) struct Animation<'a> {
    frames: Frames<'a>,
    size: (u32, u32),
    /// Frames that are decoded at most.
    limit: usize,
    decoded: usize,
}

impl<'a> Animation<'a> {
    pub(super) fn open(file: &MediaFile<'a>) -> Result<Self, DecodeError> {
        guarded(|| Self::open_unguarded(file))
    }

    fn open_unguarded(file: &MediaFile<'a>) -> Result<Self, DecodeError> {
        let cursor = Cursor::new(file.bytes);
        let (size, frames) = match image::guess_format(file.bytes)? {
            ImageFormat::Gif => {
                let mut decoder = GifDecoder::new(cursor)?;
                decoder.set_limits(limits())?;
                (checked_size(&decoder)?, decoder.into_frames())
            }
            ImageFormat::WebP => {
                let mut decoder = WebPDecoder::new(cursor)?;
                decoder.set_limits(limits())?;
                (checked_size(&decoder)?, decoder.into_frames())
            }
            ImageFormat::Png => {
                let decoder = PngDecoder::with_limits(cursor, limits())?;
                (checked_size(&decoder)?, decoder.apng()?.into_frames())
            }
            _ => return Err(DecodeError::broken("it has no frames")),
        };
        let by_pixels = PIXEL_LIMIT / (u64::from(size.0) * u64::from(size.1)).max(1);
        let limit = usize::try_from(by_pixels).unwrap_or(FRAME_LIMIT).clamp(2, FRAME_LIMIT);
        Ok(Self { frames, size, limit, decoded: 0 })
    }

    /// The memory that decoding takes. Opening takes none worth counting.
    pub(super) fn memory_bytes(&self) -> u64 {
        u64::from(self.size.0) * u64::from(self.size.1) * BYTES_PER_PIXEL
    }

    /// The next frame; `None` after the last one and at the limit. The error names the frame.
    pub(super) fn next_frame(&mut self) -> Option<Result<DynamicImage, DecodeError>> {
        if self.decoded == self.limit {
            return None;
        }
        let frame = guarded(|| self.frames.next().transpose().map_err(DecodeError::from));
        self.decoded += 1;
        let frame = frame.map_err(|error| error.at(&format!("frame {}", self.decoded)));
        frame.map(|frame| frame.map(|frame| frame.into_buffer().into())).transpose()
    }

    /// Whether there are frames beyond the limit.
    fn has_more(&mut self) -> bool {
        self.decoded == self.limit && guarded(|| Ok(self.frames.next().is_some())).unwrap_or(true)
    }
}

/// The size of an animation that fits into memory next to the one it is compared with.
fn checked_size(decoder: &impl ImageDecoder) -> Result<(u32, u32), DecodeError> {
    let (width, height) = decoder.dimensions();
    match (u64::from(width) * u64::from(height)).checked_mul(BYTES_PER_PIXEL) {
        Some(0) => Err(DecodeError::broken("it has no pixels")),
        Some(bytes) if bytes <= DECODED_BYTES / 2 => Ok((width, height)),
        _ => Err(DecodeError::too_large(format!("an animation of {width} x {height} pixels is too large"))),
    }
}

/// Compares two images of which at least one is animated; the flags say which. The frame counts have to be equal, and each frame has to
/// match its counterpart. The measurements are those of the worst pair of frames.
pub(super) fn compare_files(
    (left, left_is_animated): (&MediaFile<'_>, bool),
    (right, right_is_animated): (&MediaFile<'_>, bool),
    tolerance: &Tolerance,
) -> Comparison {
    let different = || Comparison::new(MediaKind::Image, false);
    if left_is_animated != right_is_animated {
        let (first, second) = if left_is_animated { ("is", "is not") } else { ("is not", "is") };
        return different().remark(format!("the first image {first} animated, the second {second}"));
    }
    let files = (left, right);
    let (mut left, mut right) = match decoded_pair(MediaKind::Image, files, (Animation::open(left), Animation::open(right))) {
        Ok(animations) => animations,
        Err(comparison) => return *comparison,
    };
    if left.size != right.size {
        return sizes_differ(left.size, right.size);
    }
    let _share = BUDGET.take(left.memory_bytes() + right.memory_bytes());
    let mut worst: Option<WorstFrame> = None;
    let mut count = 0;
    loop {
        let counted = || different().measured("frames", count as f64);
        let (one, two) = match (left.next_frame(), right.next_frame()) {
            (None, None) => break,
            (Some(one), Some(two)) => match decoded_pair(MediaKind::Image, files, (one, two)) {
                Ok(frames) => frames,
                // A frame before it decides.
                Err(_) if worst.as_ref().is_some_and(|worst| !worst.holds) => break,
                Err(comparison) => return comparison.measured("frames", count as f64),
            },
            (Some(Err(error)), None) => return counted().remark(format!("the first file cannot be decoded: {error}")),
            (None, Some(Err(error))) => return counted().remark(format!("the second file cannot be decoded: {error}")),
            (None, Some(Ok(_))) => return counted().remark(format!("the first image has {count} frames, the second has more")),
            (Some(Ok(_)), None) => return counted().remark(format!("the second image has {count} frames, the first has more")),
        };
        count += 1;
        let measured = measure(&one, &two);
        let frame = WorstFrame { number: count, holds: holds(&measured, tolerance), measured };
        if worst.as_ref().is_none_or(|worst| frame.is_worse_than(worst)) {
            worst = Some(frame);
        }
    }
    let Some(worst) = worst else { return different().remark("the animation has no frames") };
    let mut comparison = verdict(&worst.measured, left.size, tolerance);
    comparison.measurements.insert(0, Measurement { name: "frames".to_owned(), value: count as f64, limit: None });
    if !comparison.same {
        comparison.remarks.insert(0, format!("frame {} of {count} differs", worst.number));
    }
    match (left.has_more(), right.has_more()) {
        (false, false) => comparison,
        (false, true) => comparison.differs(format!("the first image has {count} frames, the second has more")),
        (true, false) => comparison.differs(format!("the second image has {count} frames, the first has more")),
        (true, true) => comparison.in_part(format!("only the first {count} frames were compared")),
    }
}

/// A pair of frames that may be the worst.
struct WorstFrame {
    number: usize,
    measured: Measured,
    holds: bool,
}

impl WorstFrame {
    fn is_worse_than(&self, other: &Self) -> bool {
        (other.holds && !self.holds) || (other.holds == self.holds && self.measured.mean_distance > other.measured.mean_distance)
    }
}

fn holds(measured: &Measured, tolerance: &Tolerance) -> bool {
    measured.mean_distance <= tolerance.mean_color_distance
        && measured.worst_tile <= tolerance.worst_tile_distance
        && measured.ssim >= tolerance.ssim
}
