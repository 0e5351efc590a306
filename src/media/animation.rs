//! Animated pictures, frame by frame.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, Frames, ImageDecoder, ImageFormat};

use crate::domain::output::Measurement;
use crate::media::picture::{compare_pixels, limits};
use crate::media::{Comparison, MediaFile, MediaKind, Tolerance};

/// Frames that are compared; the rest is said not to have been.
const FRAME_LIMIT: usize = 300;

/// Whether a file has more than one frame.
pub(super) fn is_animated(file: &MediaFile<'_>) -> bool {
    match image::guess_format(file.bytes) {
        // A GIF tells only by being read.
        Ok(ImageFormat::Gif) => frames(file).is_ok_and(|frames| frames.take(2).flatten().count() == 2),
        Ok(ImageFormat::WebP) => WebPDecoder::new(Cursor::new(file.bytes)).is_ok_and(|decoder| decoder.has_animation()),
        Ok(ImageFormat::Png) => PngDecoder::new(Cursor::new(file.bytes)).is_ok_and(|decoder| decoder.is_apng().unwrap_or(false)),
        _ => false,
    }
}

fn frames<'a>(file: &MediaFile<'a>) -> Result<Frames<'a>, String> {
    let say = |error: image::ImageError| error.to_string();
    let cursor = Cursor::new(file.bytes);
    match image::guess_format(file.bytes).map_err(say)? {
        ImageFormat::Gif => {
            let mut decoder = GifDecoder::new(cursor).map_err(say)?;
            decoder.set_limits(limits()).map_err(say)?;
            Ok(decoder.into_frames())
        }
        ImageFormat::WebP => {
            let mut decoder = WebPDecoder::new(cursor).map_err(say)?;
            decoder.set_limits(limits()).map_err(say)?;
            Ok(decoder.into_frames())
        }
        ImageFormat::Png => {
            let decoder = PngDecoder::with_limits(cursor, limits()).map_err(say)?;
            Ok(decoder.apng().map_err(say)?.into_frames())
        }
        _ => Err("it has no frames".to_owned()),
    }
}

/// Compares animations: as many frames, and each like its counterpart. The worst pair's numbers are told.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    if is_animated(left) != is_animated(right) {
        return Comparison::new(MediaKind::Image, false).remark("one is animated, the other is not");
    }
    let (mut left, mut right) = match (frames(left), frames(right)) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(error), _) | (_, Err(error)) => {
            return Comparison::new(MediaKind::Image, false).remark(format!("an animation cannot be decoded: {error}"));
        }
    };
    let mut worst: Option<(usize, Comparison)> = None;
    let mut count = 0;
    loop {
        let (one, two) = match (left.next(), right.next()) {
            (None, None) => break,
            (Some(Ok(one)), Some(Ok(two))) => (one, two),
            (Some(Err(error)), _) | (_, Some(Err(error))) => {
                return Comparison::new(MediaKind::Image, false)
                    .metric("frames", count as f64)
                    .remark(format!("frame {} cannot be decoded: {error}", count + 1));
            }
            (None, Some(_)) | (Some(_), None) => {
                return Comparison::new(MediaKind::Image, false)
                    .metric("frames", count as f64)
                    .remark(format!("one has {count} frames, the other more"));
            }
        };
        count += 1;
        let frame = compare_pixels(&one.into_buffer(), &two.into_buffer(), tolerance);
        let distance = |comparison: &Comparison| comparison.get("mean_colour_distance").unwrap_or(f64::INFINITY);
        if worst.as_ref().is_none_or(|(_, worst)| (worst.same && !frame.same) || distance(&frame) > distance(worst)) {
            worst = Some((count, frame));
        }
        if count == FRAME_LIMIT {
            break;
        }
    }
    let Some((number, mut comparison)) = worst else {
        return Comparison::new(MediaKind::Image, false).remark("the animation has no frames");
    };
    comparison.metrics.insert(0, Measurement { name: "frames".to_owned(), value: count as f64, limit: None });
    if !comparison.same {
        comparison.remarks.insert(0, format!("frame {number} of {count} differs"));
    }
    if count == FRAME_LIMIT {
        comparison.remarks.push(format!("only the first {FRAME_LIMIT} frames were compared"));
    }
    comparison
}
