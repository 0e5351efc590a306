//! A file in memory.

/// A file in memory, with what its host says about it.
#[derive(Debug, Clone, Copy)]
pub struct MediaFile<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its type as its host names it, as in `image/png`.
    pub media_type: Option<&'a str>,
    /// Its name or the path of its URL; only the extension is used.
    pub name: &'a str,
}

impl<'a> MediaFile<'a> {
    /// A file of which nothing is known but its bytes and its name.
    pub fn named(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { bytes, media_type: None, name }
    }
}
