//! Files that are too large to decode: they are compared by size, type and hash, and reported as such.

use output_compare::{Measurement, detect};

use crate::clients::replicate::Download;
use crate::domain::output::{ComparedWith, OutputComparison};
use crate::verify::file_format::file_format;
use crate::verify::observation::FetchedFile;

/// Compares two files by size, type and hash. Also returns a remark that says so.
pub(super) fn compare_by_digest(
    (file, download): (&FetchedFile, &Download),
    (other_file, other): (&FetchedFile, &Download),
    with: ComparedWith,
) -> (OutputComparison, String) {
    let (one, two) = (file.beginning(download), other_file.beginning(other));
    let (format, other_format) = (file_format(&one), file_format(&two));
    let reason = if download.sha256 != other.sha256 {
        Some(format!(
            "the files differ: {} and {} bytes, SHA-256 {} and {}",
            download.size_bytes,
            other.size_bytes,
            short(download),
            short(other)
        ))
    } else if format != other_format {
        Some(format!("the file format changed from {other_format} to {format}"))
    } else {
        None
    };
    let measured = |name: &str, bytes: u64| Measurement { name: name.to_owned(), value: bytes as f64, limit: None };
    let comparison = OutputComparison {
        place: format!("output{}", file.path),
        with,
        kind: detect(&one),
        same: reason.is_none(),
        reason,
        measurements: vec![measured("size_bytes", download.size_bytes), measured("other_size_bytes", other.size_bytes)],
        heat_map: None,
        expected: None,
        difference: None,
    };
    let largest = download.size_bytes.max(other.size_bytes);
    let remark = format!("compared by size and hash only, because a file of {largest} bytes is not decoded");
    (comparison, remark)
}

/// Why nothing is known about the content of a file.
pub(super) fn too_large_to_examine(shown: &str, download: &Download) -> String {
    format!(
        "the file {shown} has {} bytes, too many to decode; raise the limit with --max-decoded-mb if this machine can take it",
        download.size_bytes
    )
}

/// The first digits of a hash.
fn short(download: &Download) -> String {
    hex::encode(&download.sha256[..6])
}
