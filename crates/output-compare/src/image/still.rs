//! Comparing two still images.

use std::thread;

use image::DynamicImage;

use super::decode::{decode, header};
use super::measure::measure;
use super::truncation::missing_end;
use super::verdict::{sizes_differ, verdict};
use crate::decode_budget::{BUDGET, DECODED_BYTES};
use crate::decoded_pair::decoded_pair;
use crate::{Comparison, DecodeError, MediaFile, MediaKind, Tolerance};

/// Compares two still images, the first frames of animations included.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    match compare_decodable(left, right, tolerance) {
        Ok(comparison) => comparison,
        Err(comparison) => *comparison,
    }
}

/// The error is the comparison of files of which at least one does not decode.
fn compare_decodable(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Result<Comparison, Box<Comparison>> {
    let (one, two) = decoded_pair(MediaKind::Image, (left, right), (header(left), header(right)))?;
    if one.size() != two.size() {
        return Ok(sizes_differ(one.size(), two.size()));
    }
    if one.decoded_bytes.saturating_add(two.decoded_bytes) > DECODED_BYTES {
        let limit = DECODED_BYTES / 1024 / 1024;
        let reason = format!("not decoded because both images together take more than {limit} MiB");
        return Err(Box::new(Comparison::of_bytes_only(MediaKind::Image, reason)));
    }
    let _share = BUDGET.take(one.decoded_bytes + two.decoded_bytes);
    let (one, two) = decoded_pair(MediaKind::Image, (left, right), decode_both(left, right))?;
    let mut comparison = verdict(&measure(&one, &two), (one.width(), one.height()), tolerance);
    let missing = match (missing_end(left), missing_end(right)) {
        (None, Some(why)) => Some(format!("the second file is truncated: {why}")),
        (Some(why), None) => Some(format!("the first file is truncated: {why}")),
        _ => None,
    };
    if let Some(reason) = missing {
        // It explains whatever else differs, so it comes first.
        comparison.same = false;
        comparison.remarks.insert(0, reason);
    }
    let (channels, other_channels) = (one.color().channel_count(), two.color().channel_count());
    if channels != other_channels {
        comparison = comparison.remark(format!("the first image has {channels} channels, the second {other_channels}"));
    }
    Ok(comparison)
}

type DecodeResult = Result<DynamicImage, DecodeError>;

/// Decodes both at the same time, because decoding is most of the work. Equal bytes are decoded once.
fn decode_both(left: &MediaFile<'_>, right: &MediaFile<'_>) -> (DecodeResult, DecodeResult) {
    if left.bytes == right.bytes {
        let decoded = decode(left);
        return (decoded.clone(), decoded);
    }
    thread::scope(|scope| {
        let other = scope.spawn(|| decode(right));
        (decode(left), other.join().unwrap_or_else(|_| Err(DecodeError::broken("the decoder crashed"))))
    })
}
