//! Why the schema or the packages of an image could not be read.

use std::path::{Path, PathBuf};

/// Larger documents are rejected.
pub(super) const SCHEMA_BYTES: usize = 8 * 1024 * 1024;

/// The schema or packages of an image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The predictor could not be imported, or the image has no such SDK.
    #[error("failed to read the schema from the image (exit code {exit_code})")]
    Refused {
        exit_code: i64,
        /// The last lines of the output. Untrusted text.
        last_lines: String,
    },
    /// `pip freeze` failed.
    #[error("failed to list the Python packages of the image (exit code {exit_code})")]
    NoPackages {
        exit_code: i64,
        /// The last lines of the output. Untrusted text.
        last_lines: String,
    },
    /// The output or the given file is not an OpenAPI document.
    #[error("the schema {} is not a JSON object", origin_words(.path.as_deref()))]
    Malformed {
        /// The given file; `None` for output.
        path: Option<PathBuf>,
        /// The parser's message if it is not JSON.
        #[source]
        source: Option<serde_json::Error>,
    },
    #[error("the schema {} is larger than {} MiB", origin_words(.path.as_deref()), SCHEMA_BYTES / 1024 / 1024)]
    TooLarge {
        /// The given file; `None` for output.
        path: Option<PathBuf>,
    },
    /// The given file could not be read.
    #[error("failed to read the schema {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

fn origin_words(path: Option<&Path>) -> String {
    path.map_or_else(|| "that the image printed".to_owned(), |path| format!("in {}", path.display()))
}

impl SchemaError {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Refused { last_lines, .. } if misses_command(last_lines) => Some(
                "the SDK in the image is 0.20 or later and cannot generate a schema: pin sdk_version, or generate the schema from the source",
            ),
            Self::Refused { .. } => Some("the predictor must be importable without a GPU: import what needs one in setup()"),
            Self::NoPackages { .. } => Some("the image needs `python -m pip`"),
            Self::Malformed { path: Some(_), .. } | Self::Unreadable { .. } => Some("give the path of an OpenAPI document in JSON"),
            Self::Malformed { path: None, .. } => Some("importing the predictor must not print to standard output"),
            Self::TooLarge { .. } => None,
        }
    }
}

/// Whether Python reports that `cog.command` is missing: quoted for an import, bare for `-m`.
fn misses_command(output: &str) -> bool {
    ["No module named cog.command", "No module named 'cog.command"].iter().any(|message| output.contains(message))
}
