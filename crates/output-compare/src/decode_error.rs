//! Why a file could not be decoded.

use symphonia::core::errors::Error as SymphoniaError;

/// Why a file could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The format or codec is not decoded by this crate. The file may be fine.
    #[error("{0}")]
    Unsupported(String),
    /// The file is empty, damaged or truncated.
    #[error("{0}")]
    Broken(String),
    /// The file exceeds a limit of this crate. It may be fine.
    #[error("{0}")]
    TooLarge(String),
}

impl DecodeError {
    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Self::Broken(message.into())
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::TooLarge(message.into())
    }

    /// The error with a place in front of its message.
    pub(crate) fn at(self, place: &str) -> Self {
        match self {
            Self::Unsupported(why) => Self::Unsupported(format!("{place}: {why}")),
            Self::Broken(why) => Self::Broken(format!("{place}: {why}")),
            Self::TooLarge(why) => Self::TooLarge(format!("{place}: {why}")),
        }
    }
}

impl From<image::ImageError> for DecodeError {
    fn from(error: image::ImageError) -> Self {
        match error {
            image::ImageError::Unsupported(error) => Self::Unsupported(error.to_string()),
            error @ image::ImageError::Limits(_) => Self::TooLarge(error.to_string()),
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<SymphoniaError> for DecodeError {
    fn from(error: SymphoniaError) -> Self {
        match error {
            SymphoniaError::Unsupported(_) => Self::Unsupported(error.to_string()),
            SymphoniaError::LimitError(_) => Self::TooLarge(error.to_string()),
            other => Self::Broken(other.to_string()),
        }
    }
}
