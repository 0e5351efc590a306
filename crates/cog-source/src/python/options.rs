//! Which signature to read, and for which Cog release.

/// How to describe a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The Cog release to follow, such as `0.22.0`; the newest known one when absent or unreadable.
    pub cog_version: Option<String>,
}

impl Options {
    pub(super) fn cog(&self) -> CogVersion {
        self.cog_version.as_deref().and_then(CogVersion::parse).unwrap_or(CogVersion::NEWEST)
    }
}

/// The version of a Cog release, as far as the document depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CogVersion(pub u32, pub u32, pub u32);

impl CogVersion {
    /// The newest release whose generator is known.
    pub(super) const NEWEST: Self = Self(0, 22, 0);
    /// The first release without pydantic, and with a server in Rust.
    pub(super) const WITHOUT_PYDANTIC: Self = Self(0, 17, 0);
    /// The first release that reads the schema from the source.
    pub(super) const FROM_SOURCE: Self = Self(0, 19, 0);
    /// The first release that accepts optional inputs.
    pub(super) const OPTIONAL: Self = Self(0, 14, 3);
    /// The first release that marks optional inputs as nullable.
    pub(super) const NULLABLE: Self = Self(0, 15, 0);
    /// The first release that goes with pydantic 2.
    pub(super) const PYDANTIC_2: Self = Self(0, 10, 0);
    /// The first release with `run`, methods in base classes and `Opaque`.
    pub(super) const RUN: Self = Self(0, 20, 0);
    /// The first release that names the component of choices like the parameter; older ones use title case.
    pub(super) const PLAIN_CHOICES: Self = Self(0, 19, 0);
    /// The first release with unions as inputs and `@streaming`.
    pub(super) const UNIONS: Self = Self(0, 21, 0);
    /// The first release with `Input(accept=...)` and `@concurrent`, and with its own version in the document.
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

impl std::fmt::Display for CogVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_and_ordered() {
        assert_eq!(CogVersion::parse("0.22.0"), Some(CogVersion(0, 22, 0)));
        assert_eq!(CogVersion::parse("v0.19.3-rc.1"), Some(CogVersion(0, 19, 3)));
        assert_eq!(CogVersion::parse("0.21"), Some(CogVersion(0, 21, 0)));
        assert_eq!(CogVersion::parse("1.0.0rc2"), Some(CogVersion(1, 0, 0)));
        assert_eq!(CogVersion::parse("latest"), None);
        assert!(CogVersion::PLAIN_CHOICES < CogVersion::RUN && CogVersion::RUN < CogVersion::NEWEST);
    }
}
