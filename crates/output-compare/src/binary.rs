//! Files that are compared by their bytes: archives, weights, and formats that are not decoded.

use sha2::{Digest, Sha256};

use crate::{Comparison, MediaFile, MediaKind};

/// Compares bytes.
pub(crate) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, kind: MediaKind) -> Comparison {
    let (size, other_size) = (left.bytes.len(), right.bytes.len());
    let pairs = || left.bytes.iter().zip(right.bytes);
    let differing = pairs().filter(|(left, right)| left != right).count() + size.abs_diff(other_size);
    let comparison = Comparison::new(kind, true)
        .measured("size_bytes", size as f64)
        .measured("other_size_bytes", other_size as f64)
        .at_most("differing_bytes", differing as f64, 0.0);
    if differing == 0 {
        return comparison.remark(format!("both files: {}", describe(left)));
    }
    let first = pairs().position(|(left, right)| left != right).unwrap_or(size.min(other_size));
    let (one, two) = (type_name(left), type_name(right));
    let mut comparison = comparison.measured("first_difference_at_byte", first as f64);
    if one != two {
        comparison = comparison.differs(format!("the first file is {one}, the second is {two}"));
    }
    comparison
        .differs(format!("the files differ: {size} and {other_size} bytes, first difference at byte {first}"))
        .remark(format!("first file: {}", describe(left)))
        .remark(format!("second file: {}", describe(right)))
}

/// Type and hash, as in `application/zip, SHA-256 5f21…`.
pub(crate) fn describe(file: &MediaFile<'_>) -> String {
    format!("{}, SHA-256 {:x}", type_name(file), Sha256::digest(file.bytes))
}

/// The media type by the file's signature.
fn type_name(file: &MediaFile<'_>) -> &'static str {
    infer::get(file.bytes).map_or("of an unknown type", |found| found.mime_type())
}
