//! Whose signature is read, and for which Cog.

/// What to describe: `file.py:Name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The file, relative to the project, with `/`.
    pub file: String,
    /// The class or function.
    pub name: String,
}

/// Which of a model's two methods is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `run` or `predict`.
    Predict,
    /// `train`.
    Train,
}

/// How to describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The Cog release whose document is written, as `0.22.0`; the newest known one when absent or unreadable.
    pub cog_version: Option<String>,
    /// Whether to lose, refuse and garble what Cog's own generator does, instead of reading what the source plainly says.
    pub peer_exact: bool,
}

/// A Cog release, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Release(pub u32, pub u32, pub u32);

impl Release {
    /// The newest release whose generator these rules were read from.
    pub(super) const NEWEST: Self = Self(0, 22, 0);
    /// The first that looks for `run`, and for methods in base classes; and knows `Opaque`.
    pub(super) const RUN: Self = Self(0, 20, 0);
    /// The first whose document names the component of choices as the parameter; older ones write it in title case.
    pub(super) const PLAIN_CHOICES: Self = Self(0, 19, 0);
    /// The first that takes unions as inputs, and knows `@streaming`.
    pub(super) const UNIONS: Self = Self(0, 21, 0);
    /// The first that knows `Input(accept=...)` and `@concurrent`, and writes its own version into the document.
    pub(super) const ACCEPT: Self = Self(0, 22, 0);

    /// Reads `0.22.0`, `v0.22`, `0.22.0rc1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().trim_start_matches('v').split('.').map(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u32>().ok()
        });
        Some(Self(parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
    }
}

impl std::fmt::Display for Release {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_and_ordered() {
        assert_eq!(Release::parse("0.22.0"), Some(Release(0, 22, 0)));
        assert_eq!(Release::parse("v0.19.3-rc.1"), Some(Release(0, 19, 3)));
        assert_eq!(Release::parse("0.21"), Some(Release(0, 21, 0)));
        assert_eq!(Release::parse("1.0.0rc2"), Some(Release(1, 0, 0)));
        assert_eq!(Release::parse("latest"), None);
        assert!(Release::PLAIN_CHOICES < Release::RUN && Release::RUN < Release::NEWEST);
    }
}
