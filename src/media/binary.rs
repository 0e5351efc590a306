//! Files of which only the bytes are known.

use crate::media::{Comparison, MediaFile, MediaKind};

/// Compares bytes.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, kind: MediaKind) -> Comparison {
    let same = left.bytes == right.bytes;
    let comparison =
        Comparison::new(kind, same).metric("left_bytes", left.bytes.len() as f64).metric("right_bytes", right.bytes.len() as f64);
    if same {
        return comparison;
    }
    let first = left.bytes.iter().zip(right.bytes).position(|(left, right)| left != right);
    let first = first.unwrap_or_else(|| left.bytes.len().min(right.bytes.len()));
    comparison.metric("first_difference_at_byte", first as f64).remark(format!(
        "the files differ: {} and {} bytes, first difference at byte {first}",
        left.bytes.len(),
        right.bytes.len()
    ))
}
