//! File formats as clients notice them.

/// The format of a file by its extension, with the spellings that cog-safe-push treats as one.
pub(super) fn file_format(file: &output_compare::MediaFile<'_>) -> String {
    let extension = output_compare::extension(file);
    match extension.as_str() {
        "jpeg" | "jpe" => "jpg".to_owned(),
        "tiff" => "tif".to_owned(),
        "mpeg" => "mpg".to_owned(),
        "htm" => "html".to_owned(),
        _ => extension,
    }
}
