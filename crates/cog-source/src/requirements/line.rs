//! One line as pip reads it: name, extras, specifier, marker and options.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;

/// The parts of a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement<'a> {
    /// The name as written.
    pub(super) name: &'a str,
    /// `[extra]` with its brackets, or nothing.
    pub(super) extras: &'a str,
    /// Specifiers such as `==2.4.0`, or an address behind `@`.
    pub(super) specifier: &'a str,
    /// What follows `;`.
    pub(super) marker: Option<&'a str>,
    /// Options behind the requirement, word by word.
    pub(super) options: Vec<&'a str>,
}

impl<'a> Requirement<'a> {
    /// Parses a line. `None` for options, addresses and paths.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let (requirement, options) = split_options(line);
        let end = requirement.find(|character: char| !is_name_character(character)).unwrap_or(requirement.len());
        let (name, rest) = requirement.split_at_checked(end)?;
        if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            return None;
        }
        let rest = rest.trim_start();
        let (extras, rest) = match rest.strip_prefix('[').and_then(|inner| inner.find(']')) {
            Some(close) => rest.split_at_checked(close + 2)?,
            None => ("", rest),
        };
        let rest = rest.trim_start();
        let (specifier, marker) = if rest.starts_with('@') {
            // An address may contain a semicolon; a marker after one is separated by a blank.
            rest.split_once(" ;").map_or((rest, None), |(address, marker)| (address, Some(marker)))
        } else {
            rest.split_once(';').map_or((rest, None), |(specifier, marker)| (specifier, Some(marker)))
        };
        let specifier = specifier.trim();
        if !specifier.is_empty() && !specifier.starts_with(['=', '<', '>', '!', '~', '@', '(']) {
            return None;
        }
        Some(Self { name, extras, specifier, marker: marker.map(str::trim), options })
    }

    /// The name in the form that package indexes compare.
    pub(super) fn normalized_name(&self) -> String {
        normalize(self.name)
    }

    /// The version of a single exact pin: `==2.4.0`, but neither `==2.*` nor `>=2,<3`.
    pub(super) fn exact_version(&self) -> Option<&'a str> {
        let inner = self.specifier.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(self.specifier);
        let version = inner.trim().strip_prefix("==")?.trim();
        let is_one = !version.is_empty() && !version.contains(|c: char| c.is_whitespace() || ",=*<>!~".contains(c));
        is_one.then_some(version)
    }

    /// The version of the first specifier that is not an exclusion, or of the wheel at the address; empty without one.
    fn first_version(&self) -> String {
        if let Some(address) = self.specifier.strip_prefix('@') {
            return wheel_version(address.trim()).unwrap_or_default();
        }
        self.specifier
            .trim_matches(['(', ')'])
            .split(',')
            .map(str::trim)
            .filter(|part| !part.starts_with('!'))
            .map(|part| part.trim_start_matches(['=', '<', '>', '~']).trim().to_owned())
            .next()
            .unwrap_or_default()
    }
}

/// `2.0.1+cu118` from `https://…/torch-2.0.1%2Bcu118-cp310-cp310-linux_x86_64.whl`.
fn wheel_version(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?;
    let file = path.rsplit('/').next()?.strip_suffix(".whl")?;
    let decoded = percent_decode_str(file).decode_utf8().ok()?;
    decoded.split('-').nth(1).map(str::to_owned)
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._-".contains(character)
}

/// A package name in the form that indexes compare: lowercase, runs of `-`, `_` and `.` as one dash.
pub(super) fn normalize(name: &str) -> String {
    let mut normalized = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if normalized.ends_with('-') => {}
            '-' | '_' | '.' => normalized.push('-'),
            other => normalized.push(other.to_ascii_lowercase()),
        }
    }
    normalized
}

/// Splits a line into the requirement and the words from the first option on, as pip does.
fn split_options(line: &str) -> (&str, Vec<&str>) {
    let start = line
        .char_indices()
        .find(|(index, character)| {
            *character == '-' && line.get(..*index).is_some_and(|before| before.ends_with(char::is_whitespace))
        })
        .map(|(index, _)| index);
    match start.and_then(|start| line.split_at_checked(start)) {
        Some((requirement, options)) => (requirement.trim(), options.split_whitespace().collect()),
        None => (line.trim(), Vec::new()),
    }
}

/// The name and extras at the start of a line; empty when it starts otherwise.
pub(super) fn package_name(line: &str) -> &str {
    #[expect(clippy::expect_used, reason = "the pattern is a constant that the tests compile")]
    static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[a-zA-Z0-9_\-.]+(?:\[[^\]]+\])?").expect("a valid pattern"));
    NAME.find(line).map(|found| found.as_str()).unwrap_or_default()
}

/// The version that a line requests of a package; `None` when the line is about another package.
pub(super) fn version_of(line: &str, package: &str) -> Option<String> {
    let requirement = Requirement::parse(line)?;
    (requirement.normalized_name() == package).then(|| requirement.first_version())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_parts() {
        let line = "pandas[excel] == 1.2 ; python_version > '3.8' --hash=sha256:00 --hash=sha256:11";
        let requirement = Requirement::parse(line).unwrap();
        assert_eq!((requirement.name, requirement.extras, requirement.specifier), ("pandas", "[excel]", "== 1.2"));
        assert_eq!(requirement.marker, Some("python_version > '3.8'"));
        assert_eq!(requirement.options, ["--hash=sha256:00", "--hash=sha256:11"]);
        assert_eq!(requirement.exact_version(), Some("1.2"));
    }

    #[test]
    fn options_addresses_and_paths_are_not_requirements() {
        for line in ["--index-url https://x", "-r other.txt", "./a.whl", "git+https://x/y", "https://x/a.whl", "wheels/a.whl", ""] {
            assert_eq!(Requirement::parse(line), None, "{line}");
        }
    }

    #[test]
    fn only_a_single_full_pin_is_exact() {
        for (line, exact) in [
            ("a==1.0", Some("1.0")),
            ("a (==1.0)", Some("1.0")),
            ("a==1.*", None),
            ("a===1.0", None),
            ("a==1.0,!=1.1", None),
            ("a>=1.0", None),
            ("a", None),
            ("a @ https://x/a.whl", None),
        ] {
            assert_eq!(Requirement::parse(line).unwrap().exact_version(), exact, "{line}");
        }
    }

    #[test]
    fn names_are_compared_as_indexes_do() {
        assert_eq!(normalize("Flash__Attn.x"), "flash-attn-x");
        assert_eq!(normalize("cog"), "cog");
    }

    #[test]
    fn a_dash_within_a_word_does_not_start_an_option() {
        let requirement = Requirement::parse("typing-extensions==4.0").unwrap();
        assert_eq!((requirement.name, requirement.options.len()), ("typing-extensions", 0));
    }
}
