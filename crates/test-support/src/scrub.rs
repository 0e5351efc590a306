//! Removes from a text what differs between runs: folders, ports, ids, times and sizes.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// Patterns and their replacements. Earlier ones win.
const PATTERNS: &[(&str, &str)] = &[
    (r"127\.0\.0\.1:\d+", "[HOST]"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[UUID]"),
    (r"sha256:[0-9a-f]{12,64}", "[DIGEST]"),
    (r"\b[0-9a-f]{64}\b", "[VERSION]"),
    (r"\b[0-9a-f]{12}\b", "[SHORT]"),
    (r"\b[0-9a-z]{26}\b", "[PREDICTION]"),
    // Times are right-aligned.
    (r" +\d+(\.\d+)? (h|min|s|ms)( \d+ (min|s))?\b", " [TIME]"),
    // Cog's own warnings may or may not come before a version has failed.
    (r"(?m)^  logs\n(    <string>:1: DeprecationWarning.*\n)+", ""),
    (r"\$\d+\.\d{6}\b", "[COST]"),
    (r"\(\d+\.\d\d×\)", "([RATIO])"),
    (r"seed \d+", "seed [SEED]"),
    // The state of the daemon's cache differs.
    (r"\b\d+ steps? cached", "[CACHED]"),
    (r"\[stage-\d+ +\d+/\d+\]", "[STEP]"),
    (r"\b\d+(\.\d+)? (MB|MiB|kB|KiB|GB|GiB|B)\b", "[SIZE]"),
];

static COMPILED: LazyLock<Vec<(Regex, &str)>> =
    LazyLock::new(|| PATTERNS.iter().map(|(pattern, word)| (Regex::new(pattern).unwrap(), *word)).collect());

/// The text of a run in this folder, the same on every machine and at any time.
pub(crate) fn scrub(text: &str, folder: &Path) -> String {
    let mut text = text.to_owned();
    for path in [folder.canonicalize().unwrap(), folder.to_owned()] {
        text = text.replace(&path.display().to_string(), "[FOLDER]");
    }
    for (pattern, word) in COMPILED.iter() {
        text = pattern.replace_all(&text, *word).into_owned();
    }
    text
}
