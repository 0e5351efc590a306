//! Values that are too short or too common to be a secret.
//!
//! Hiding such a value would mangle reports, and finding it in an image would prove nothing.

use std::collections::BTreeSet;

/// The least number of bytes of a secret.
pub const SHORTEST_SECRET: usize = 8;

/// The least number of different bytes of a secret: `aaaaaaaa` is a placeholder.
const FEWEST_DIFFERENT: usize = 4;

/// Values that are not secrets, compared without regard to case, spaces, hyphens and underscores: placeholders, and words of the reports.
const COMMON: [&str; 34] = [
    "accesstoken",
    "anonymous",
    "apikey",
    "changeme",
    "cogtoken",
    "comparison",
    "container",
    "deployment",
    "development",
    "localhost",
    "officialmodel",
    "password",
    "placeholder",
    "prediction",
    "predictions",
    "production",
    "published",
    "publishing",
    "replicate",
    "replicateapitoken",
    "repository",
    "safepush",
    "secretkey",
    "staging",
    "testmodel",
    "testonly",
    "undefined",
    "username",
    "verified",
    "versions",
    "yourapikey",
    "yoursecret",
    "yourtoken",
    "yourtokenhere",
];

/// Why a value cannot be used as a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Too few bytes.
    #[error("is only {bytes} bytes long; a secret has at least {SHORTEST_SECRET}")]
    Short {
        /// The length in bytes.
        bytes: usize,
    },
    /// A word or placeholder.
    #[error("is a common word or placeholder that also occurs in harmless text")]
    Common,
}

/// Why a value cannot be used as a secret; `None` if it can. Surrounding whitespace does not count.
pub fn weakness(value: &[u8]) -> Option<Weakness> {
    let value = value.trim_ascii();
    if value.len() < SHORTEST_SECRET {
        return Some(Weakness::Short { bytes: value.len() });
    }
    let different: BTreeSet<u8> = value.iter().copied().collect();
    let plain: Vec<u8> = value.iter().filter(|byte| !matches!(byte, b' ' | b'-' | b'_')).map(u8::to_ascii_lowercase).collect();
    let is_common = different.len() < FEWEST_DIFFERENT || COMMON.iter().any(|word| word.as_bytes() == plain);
    is_common.then_some(Weakness::Common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_common_values_are_not_secrets() {
        for short in ["", "model", " abcdefg\n"] {
            assert!(matches!(weakness(short.as_bytes()), Some(Weakness::Short { .. })), "{short}");
        }
        for common in ["password", "Test-Model", "********", "abababab", "REPLICATE_API_TOKEN"] {
            assert_eq!(weakness(common.as_bytes()), Some(Weakness::Common), "{common}");
        }
        for strong in ["hunter22", "r8_secret", "sk-live-0123456789", "correct horse battery"] {
            assert_eq!(weakness(strong.as_bytes()), None, "{strong}");
        }
    }
}
