//! Why a file could not be decoded.

use symphonia::core::errors::Error as SymphoniaError;

/// Why a file could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The format or codec is not decoded by this crate. The file may be fine.
    #[error("{0}")]
    Unsupported(String),
    /// The file is empty, damaged, truncated, or too large to decode.
    #[error("{0}")]
    Broken(String),
}

impl DecodeError {
    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Self::Broken(message.into())
    }
}

impl From<image::ImageError> for DecodeError {
    fn from(error: image::ImageError) -> Self {
        match error {
            image::ImageError::Unsupported(error) => Self::Unsupported(error.to_string()),
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<SymphoniaError> for DecodeError {
    fn from(error: SymphoniaError) -> Self {
        match error {
            SymphoniaError::Unsupported(_) => Self::Unsupported(error.to_string()),
            other => Self::Broken(other.to_string()),
        }
    }
}
