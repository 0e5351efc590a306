//! Images, compared by their decoded pixels.
//!
//! [`decode`] reads a file under limits, [`measure`] compares two decoded images of one size, [`verdict`] holds the result to the
//! thresholds. [`still`] and [`animation`] put these together. [`truncation`] checks whether a file ends where its format says.

mod animation;
mod decode;
mod facts;
mod format;
mod heat_map;
mod measure;
mod rows;
mod similarity;
mod still;
mod truncation;
mod verdict;

use animation::is_animated;
pub(crate) use decode::decode_alone;
pub use facts::{ImageFacts, image_facts};
pub(crate) use truncation::missing_end;

use crate::{Comparison, MediaFile, Tolerance};

/// Compares two images of any formats.
pub(crate) fn compare_files(left: &MediaFile<'_>, right: &MediaFile<'_>, tolerance: &Tolerance) -> Comparison {
    match (is_animated(left), is_animated(right)) {
        (false, false) => still::compare_files(left, right, tolerance),
        (first, second) => animation::compare_files((left, first), (right, second), tolerance),
    }
}
