//! Opening audio and video containers.

use std::io::Cursor;

use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::{DecodeError, MediaFile, extension};

/// Detects a file's container and reads its header.
pub(crate) fn open<'a>(file: &MediaFile<'a>) -> Result<Box<dyn FormatReader + 'a>, DecodeError> {
    if file.bytes.is_empty() {
        return Err(DecodeError::broken("the file is empty"));
    }
    let stream = MediaSourceStream::new(Box::new(Cursor::new(file.bytes)), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(&extension(file));
    let probe = symphonia::default::get_probe();
    Ok(probe.probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())?)
}
