//! Comparing two files of any kind.

use crate::{Comparison, Coverage, MediaFile, MediaKind, Tolerance, audio, binary, detect, image, json, text, video};

/// Compares two files. Equal bytes are always the same. Otherwise, files of different kinds are never the same, except that JSON and other
/// text are compared as text.
pub fn compare(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    let compared = compare_contents(left, right, tolerance);
    if left.bytes == right.bytes { of_equal_bytes(compared) } else { compared }
}

/// Measurements of equal files are only for the report: what cannot be measured does not make them differ.
fn of_equal_bytes(compared: Comparison) -> Comparison {
    let why = match (compared.reason(), &compared.coverage) {
        (None, _) => return Comparison { coverage: Coverage::Whole, ..compared },
        (Some(_), Coverage::BytesOnly(why)) => why,
        (Some(why), _) => why,
    };
    Comparison::new(compared.kind, true).remark(format!("the bytes are equal, but they were not measured: {why}"))
}

fn compare_contents(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    match (detect(left), detect(right)) {
        (MediaKind::Json, MediaKind::Json) => json::compare_files(left, right, tolerance),
        (MediaKind::Text | MediaKind::Json, MediaKind::Text | MediaKind::Json) => text::compare_files(left, right),
        (MediaKind::Image, MediaKind::Image) => image::compare_files(left, right, tolerance),
        (MediaKind::Audio, MediaKind::Audio) => audio::compare_files(left, right, tolerance),
        (MediaKind::Video, MediaKind::Video) => video::compare_files(left, right, tolerance),
        (MediaKind::Binary, MediaKind::Binary) => binary::compare_files(left, right, MediaKind::Binary),
        (first, second) => Comparison::new(first, false).remark(format!("the first file is {first}, the second is {second}")),
    }
}
