//! A generated file, and how it differs from the one in the repository.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use similar::TextDiff;

/// A file with its generated text.
#[derive(Debug)]
pub struct GeneratedFile {
    /// Relative to the repository.
    pub path: &'static str,
    /// The generated text.
    pub text: String,
    present: String,
}

/// The state of the repository's file.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Current,
    /// It differs, as the diff shows.
    Stale(String),
}

impl GeneratedFile {
    /// A file that is generated completely. A missing file counts as empty.
    pub(crate) fn whole(root: &Path, path: &'static str, text: String) -> Self {
        Self { path, text, present: fs::read_to_string(root.join(path)).unwrap_or_default() }
    }

    /// A file of which a part is generated.
    pub(crate) fn edited(root: &Path, path: &'static str, edit: impl FnOnce(&str) -> Result<String>) -> Result<Self> {
        let present = fs::read_to_string(root.join(path)).with_context(|| format!("failed to read {path}"))?;
        let text = edit(&present).with_context(|| format!("failed to generate a part of {path}"))?;
        Ok(Self { path, text, present })
    }

    /// Compares the text with the repository's file.
    pub fn outcome(&self) -> Outcome {
        if self.text == self.present {
            return Outcome::Current;
        }
        let diff = TextDiff::from_lines(&self.present, &self.text);
        let headers = (format!("{} (in the repository)", self.path), format!("{} (from the code)", self.path));
        Outcome::Stale(diff.unified_diff().header(&headers.0, &headers.1).to_string())
    }

    pub fn write(&self, root: &Path) -> Result<()> {
        let path = root.join(self.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, &self.text).with_context(|| format!("failed to write {}", self.path))
    }
}
