//! A file in memory.

/// A file in memory, with its name and type as its host reports them.
#[derive(Debug, Clone, Copy)]
pub struct MediaFile<'a> {
    /// The whole content.
    pub bytes: &'a [u8],
    /// The `Content-Type` that its host sent, as in `image/png`.
    pub media_type: Option<&'a str>,
    /// The file name or the path of its URL. Only the extension is used.
    pub name: &'a str,
}

impl<'a> MediaFile<'a> {
    /// A file without a media type.
    pub fn named(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { bytes, media_type: None, name }
    }
}
