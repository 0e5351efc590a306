//! The result for two files of which at least one does not decode.

use crate::{Comparison, DecodeError, MediaFile, MediaKind, binary};

/// Both decoded files. If one does not decode, the comparison that replaces them: by bytes if neither decodes or one is too large, else a
/// failure that names the broken file.
pub(crate) fn decoded_pair<T>(
    kind: MediaKind,
    (left, right): (&MediaFile<'_>, &MediaFile<'_>),
    decoded: (Result<T, DecodeError>, Result<T, DecodeError>),
) -> Result<(T, T), Box<Comparison>> {
    let comparison = match decoded {
        (Ok(first), Ok(second)) => return Ok((first, second)),
        (Err(DecodeError::Unsupported(_)), Err(DecodeError::Unsupported(why))) => {
            binary::compare_files(left, right, kind).remark(format!("only the bytes were compared: {why}"))
        }
        (Err(why), Err(_)) if left.bytes == right.bytes => {
            Comparison::new(kind, true).remark(format!("the bytes are equal, but they cannot be decoded: {why}"))
        }
        (Err(why), Err(DecodeError::Broken(_) | DecodeError::TooLarge(_))) | (Err(why @ DecodeError::TooLarge(_)), Ok(_)) => {
            Comparison::of_bytes_only(kind, format!("the first file cannot be decoded: {why}"))
        }
        (_, Err(why @ DecodeError::TooLarge(_))) => {
            Comparison::of_bytes_only(kind, format!("the second file cannot be decoded: {why}"))
        }
        (Err(why), _) => Comparison::new(kind, false).remark(format!("the first file cannot be decoded: {why}")),
        (_, Err(why)) => Comparison::new(kind, false).remark(format!("the second file cannot be decoded: {why}")),
    };
    Err(Box::new(comparison))
}
