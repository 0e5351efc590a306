//! Compares the staged version with the live one: the same inputs, both outputs.
//!
//! [`rounds`] runs the predictions and decides; the room's documentation says how. [`exact`] decides whether two outputs are the same,
//! [`loose`] whether they have in common what randomness cannot change.

mod exact;
mod loose;
mod rounds;
#[cfg(test)]
mod sample;

use std::collections::HashSet;

pub(super) use exact::with_limits;

use crate::verify::observation::{FetchedFile, Observation};

/// Why outputs with different numbers of files differ.
fn file_count_difference(staged: &[&FetchedFile], live: &[&FetchedFile]) -> Option<String> {
    (staged.len() != live.len())
        .then(|| format!("the staged version returned {} files, the live version {}", staged.len(), live.len()))
}

/// The files of both outputs that can be compared, in order. A text that only looks like a URL does not count as a file if nothing can be
/// fetched there for one of the two versions.
fn files_of<'a>(staged: &'a Observation, live: &'a Observation) -> [Vec<&'a FetchedFile>; 2] {
    let texts: HashSet<&str> =
        staged.files.iter().chain(&live.files).filter(|file| file.is_text()).map(|file| file.path.as_str()).collect();
    [staged, live].map(|seen| seen.files.iter().filter(|file| !texts.contains(file.path.as_str())).collect())
}
