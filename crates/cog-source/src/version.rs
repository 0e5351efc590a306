//! Cog's version algebra: at most three numbers and a local part, as in `2.1.2+cu118`.
//!
//! This is not PEP 440. A missing patch is a wildcard when two versions are *matched* and zero when they are *ordered*:
//! `docs/reference/cog.md#version-comparison`.

use std::cmp::Ordering;
use std::fmt;

/// A version such as `12.4`, `2.1.2` or `2.1.2+cu118`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Version {
    /// The first number.
    pub(crate) major: u32,
    /// The second number; zero when it is not written.
    pub(crate) minor: u32,
    /// The third number, when it is written.
    pub(crate) patch: Option<u32>,
    /// What follows `+`, as in `cu118`.
    pub(crate) local: Option<String>,
}

impl Version {
    /// Reads a version; `None` for anything with more than three parts or with a part that is not a number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (numbers, local) = match text.trim().split_once('+') {
            Some((numbers, local)) => (numbers, Some(local.to_owned())),
            None => (text.trim(), None),
        };
        let mut parts = numbers.split('.');
        let major = number(parts.next()?)?;
        let minor = parts.next().map_or(Some(0), number)?;
        let patch = match parts.next() {
            Some(part) => Some(number(part)?),
            None => None,
        };
        if parts.next().is_some() {
            return None;
        }
        Some(Self { major, minor, patch, local })
    }

    /// Whether both name the same release: a missing patch fits every patch, and the local part does not count.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.same_minor(other) && !matches!((self.patch, other.patch), (Some(mine), Some(theirs)) if mine != theirs)
    }

    /// Whether major and minor are the same.
    pub(crate) fn same_minor(&self, other: &Self) -> bool {
        (self.major, self.minor) == (other.major, other.minor)
    }

    /// The order of the numbers alone: the local part does not count.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers())
    }

    /// Whether both are the same, with a missing patch as zero and the local part counted.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.numbers() == other.numbers() && self.local == other.local
    }

    pub(crate) fn major_minor(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    fn numbers(&self) -> (u32, u32, u32) {
        (self.major, self.minor, self.patch.unwrap_or(0))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)?;
        if let Some(patch) = self.patch {
            write!(formatter, ".{patch}")?;
        }
        if let Some(local) = &self.local {
            write!(formatter, "+{local}")?;
        }
        Ok(())
    }
}

/// A part of a version: digits only, so `+1` and `1a` are rejected.
fn number(part: &str) -> Option<u32> {
    if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    part.parse().ok()
}

/// Whether two version texts match; unreadable ones match nothing.
pub(crate) fn matches(left: &str, right: &str) -> bool {
    match (Version::parse(left), Version::parse(right)) {
        (Some(left), Some(right)) => left.matches(&right),
        _ => false,
    }
}

/// Whether two version texts share major and minor; unreadable ones do not.
pub(crate) fn same_minor(left: &str, right: &str) -> bool {
    match (Version::parse(left), Version::parse(right)) {
        (Some(left), Some(right)) => left.same_minor(&right),
        _ => false,
    }
}

/// The order of two version texts; an unreadable one is less than every readable one.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    match (Version::parse(left), Version::parse(right)) {
        (Some(left), Some(right)) => left.compare(&right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

/// `a >= b` as Cog computes it: greater in numbers, or equal with the local part counted.
///
/// So `1.13.1+cu117` is *not* at least `1.13.1`, which is why no `cog-base` image has PyTorch 1.13.1.
pub(crate) fn at_least(left: &str, right: &str) -> bool {
    match (Version::parse(left), Version::parse(right)) {
        (Some(left), Some(right)) => left.compare(&right) == Ordering::Greater || left.equals(&right),
        _ => left == right,
    }
}

/// The version without its local part: `2.1.2+cu118` is `2.1.2`.
pub(crate) fn without_local(text: &str) -> &str {
    text.split('+').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_up_to_three_numbers_and_a_local_part() {
        for (text, shown) in
            [("11", "11.0"), ("12.4", "12.4"), ("2.1.2", "2.1.2"), ("2.1.2+cu118", "2.1.2+cu118"), (" 3.10 ", "3.10")]
        {
            assert_eq!(Version::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "x", "1.x", "1.2.3.4", "1.2.3a1", "+cu118", "-1.2", "1..2", "99999999999.1"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_missing_patch_matches_every_patch() {
        assert!(matches("2.1", "2.1.2"));
        assert!(matches("2.1.2", "2.1"));
        assert!(matches("2.1.2+cu118", "2.1.2"));
        assert!(!matches("2.1.1", "2.1.2"));
        assert!(!matches("2.1", "2.10"));
        assert!(!matches("nightly", "nightly"));
    }

    #[test]
    fn numbers_are_ordered_as_numbers() {
        assert_eq!(compare("2.10.0", "2.9.1"), Ordering::Greater);
        assert_eq!(compare("2.1", "2.1.0"), Ordering::Equal);
        assert_eq!(compare("2.1.0+cu118", "2.1.0+cpu"), Ordering::Equal);
        assert_eq!(compare("nightly", "1.0"), Ordering::Less);
    }

    #[test]
    fn a_local_part_is_never_at_least_its_own_release() {
        assert!(!at_least("1.13.1+cu117", "1.13.1"));
        assert!(at_least("2.0.0+cu118", "1.13.1"));
        assert!(at_least("3.10", "3.10"));
    }

    #[test]
    fn the_local_part_can_be_dropped() {
        assert_eq!(without_local("2.1.2+cu118"), "2.1.2");
        assert_eq!(without_local("2.1.2"), "2.1.2");
    }

    #[test]
    fn minor_versions_are_compared_without_patch() {
        assert!(same_minor("12.4.1", "12.4"));
        assert!(!same_minor("12.4", "12.5"));
        assert!(!same_minor("x", "x"));
    }
}
