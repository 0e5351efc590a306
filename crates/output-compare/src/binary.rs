//! Archives and other files of which only size, hash and the type of their first bytes are known.

use sha2::{Digest, Sha256};

use crate::{Comparison, MediaFile, MediaKind};

/// The type by the first bytes: `application/zip`.
pub(super) fn sniffed_type(file: &MediaFile<'_>) -> Option<&'static str> {
    // The signature of a tar archive stands behind its first header, which `infer` knows.
    infer::get(file.bytes).map(|found| found.mime_type())
}

/// The hash by which files are known everywhere.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Compares bytes.
pub(super) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, kind: MediaKind) -> Comparison {
    let (size, other_size) = (left.bytes.len(), right.bytes.len());
    let common = left.bytes.iter().zip(right.bytes);
    let differing = common.filter(|(left, right)| left != right).count() + size.abs_diff(other_size);
    let comparison = Comparison::new(kind, true)
        .metric("size_bytes", size as f64)
        .metric("other_size_bytes", other_size as f64)
        .at_most("differing_bytes", differing as f64, 0.0);
    if differing == 0 {
        let facts = facts(left);
        return comparison.remark(format!("both are {facts}"));
    }
    let first = left.bytes.iter().zip(right.bytes).position(|(left, right)| left != right).unwrap_or(size.min(other_size));
    let name = |file: &MediaFile<'_>| sniffed_type(file).unwrap_or("of an unknown type");
    let (one, two) = (name(left), name(right));
    let mut comparison = comparison.metric("first_difference_at_byte", first as f64);
    if one != two {
        comparison = comparison.differs(format!("one is {one}, the other is {two}"));
    }
    comparison
        .differs(format!("the files differ: {size} and {other_size} bytes, first difference at byte {first}"))
        .remark(format!("the first is {}", facts(left)))
        .remark(format!("the second is {}", facts(right)))
}

/// Type and hash in words.
pub(super) fn facts(file: &MediaFile<'_>) -> String {
    format!("{}, SHA-256 {}", sniffed_type(file).unwrap_or("of an unknown type"), sha256(file.bytes))
}
