//! Compares the staged version with the live one: the same inputs, both outputs.
//!
//! [`rounds`] runs the predictions and decides; the room's documentation says how. [`exact`] decides whether two outputs are the same, [`loose`]
//! whether they have in common what randomness cannot change.

mod exact;
mod loose;
mod rounds;
#[cfg(test)]
mod sample;

use crate::verify::observation::FetchedFile;

/// The format of a file by its extension, with the spellings that cog-safe-push treats as one.
fn file_format(file: &output_compare::MediaFile<'_>) -> String {
    let extension = output_compare::extension(file);
    match extension.as_str() {
        "jpeg" | "jpe" => "jpg".to_owned(),
        "tiff" => "tif".to_owned(),
        "mpeg" => "mpg".to_owned(),
        "htm" => "html".to_owned(),
        _ => extension,
    }
}

/// Why outputs with different numbers of files differ.
fn file_count_difference(staged: &[FetchedFile], live: &[FetchedFile]) -> Option<String> {
    (staged.len() != live.len())
        .then(|| format!("the staged version returned {} files, the live version {}", staged.len(), live.len()))
}
