//! `requirements.txt` as a build uses it: `docs/reference/cog.md#requirements`.
//!
//! [`Requirements`] keeps every line with its location. [`prepare`] turns it into the file for pip: PyTorch wheels that fit the image,
//! their package index, and the build's paths of local artifacts. It drops `cog` and `coglet`, which the build installs itself.
//!
//! The Cog CLI loses environment markers, hashes and options on pinned lines. [`RequirementConventions`] has both readings.

mod cog_cli;
mod conventions;
mod corrected;
mod line;
mod local;
mod prepare;
mod wheels;

pub(crate) use cog_cli::CogCliRequirements;
pub(crate) use conventions::RequirementConventions;
pub(crate) use corrected::CorrectedRequirements;
pub use local::BUILD_FOLDER;
pub(crate) use prepare::{Prepared, prepare};

use cog_findings::Location;

use crate::yaml::Located;

/// A line and its origin. Lines continued with a backslash count as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequirementLine {
    /// The text without comment and surrounding blanks.
    pub(crate) text: String,
    /// Where it starts.
    pub(crate) origin: Location,
}

/// The requirements of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Requirements {
    /// The file, relative to the project; `None` for `build.python_packages`.
    pub(crate) file: Option<String>,
    /// The lines with requirements or options, in order.
    pub(crate) lines: Vec<RequirementLine>,
}

impl Requirements {
    /// Reads a requirements file: continued lines are joined; comments, blank lines and `-e .` are skipped.
    pub(crate) fn read(text: &str, file: &str, conventions: &dyn RequirementConventions) -> Self {
        let mut lines = Vec::new();
        let mut continued: Option<(String, u32)> = None;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (line, number) in text.lines().zip(1_u32..) {
            let (mut so_far, first) = continued.take().unwrap_or_else(|| (String::new(), number));
            if let Some(start) = line.strip_suffix('\\') {
                so_far.push_str(start);
                continued = Some((so_far, first));
                continue;
            }
            so_far.push_str(line);
            push_line(&mut lines, &so_far, file, first, conventions);
        }
        if let Some((so_far, first)) = continued {
            push_line(&mut lines, &so_far, file, first, conventions);
        }
        Self { file: Some(file.to_owned()), lines }
    }

    /// The items of `build.python_packages`, unchanged.
    pub(crate) fn from_packages(packages: &[Located<String>]) -> Self {
        let lines = packages
            .iter()
            .map(|package| RequirementLine { text: package.value.trim().to_owned(), origin: package.location.clone() })
            .filter(|line| !line.text.is_empty())
            .collect();
        Self { file: None, lines }
    }

    /// The version that the first line about a package requests, and that line. The version is empty when the line has none.
    ///
    /// Any first specifier counts: `torch>=2.0` is 2.0.
    pub(crate) fn version_of(&self, package: &str, conventions: &dyn RequirementConventions) -> Option<(String, &RequirementLine)> {
        self.lines.iter().find_map(|line| Some((conventions.version_of(&line.text, package)?, line)))
    }
}

fn push_line(lines: &mut Vec<RequirementLine>, text: &str, file: &str, number: u32, conventions: &dyn RequirementConventions) {
    let without_comment = match comment_start(text, conventions) {
        Some(start) => text.get(..start).unwrap_or(text),
        None => text,
    };
    let text = without_comment.trim();
    let is_project_itself = text.strip_prefix("-e").is_some_and(|rest| rest.starts_with(char::is_whitespace) && rest.trim() == ".");
    if !text.is_empty() && !is_project_itself {
        lines.push(RequirementLine { text: text.to_owned(), origin: Location { line: Some(number), ..Location::file(file) } });
    }
}

fn comment_start(text: &str, conventions: &dyn RequirementConventions) -> Option<usize> {
    let mut before = ' ';
    for (index, character) in text.char_indices() {
        if character == '#' && conventions.starts_comment(before) {
            return Some(index);
        }
        before = character;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, conventions: &dyn RequirementConventions) -> Vec<String> {
        Requirements::read(text, "requirements.txt", conventions).lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn comments_blank_lines_and_the_project_itself_are_skipped() {
        let text = "\u{feff}# all\ntorch==2.4.0  # pinned\r\n\n  -e .  \n-e ./lib\nnumpy\n";
        assert_eq!(texts(text, &CorrectedRequirements), ["torch==2.4.0", "-e ./lib", "numpy"]);
    }

    #[test]
    fn a_fragment_is_not_a_comment() {
        let text = "git+https://github.com/a/b#egg=b\n";
        assert_eq!(texts(text, &CorrectedRequirements), ["git+https://github.com/a/b#egg=b"]);
        assert_eq!(texts(text, &CogCliRequirements), ["git+https://github.com/a/b"]);
    }

    #[test]
    fn continued_lines_are_one_line_at_their_first() {
        let text = "numpy==1.26.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nscipy\nlast \\\n";
        let requirements = Requirements::read(text, "requirements.txt", &CorrectedRequirements);
        assert_eq!(requirements.lines[0].text, "numpy==1.26.0     --hash=sha256:00     --hash=sha256:11");
        let numbers: Vec<Option<u32>> = requirements.lines.iter().map(|line| line.origin.line).collect();
        assert_eq!(numbers, [Some(1), Some(4), Some(5)]);
    }

    #[test]
    fn packages_from_the_config_keep_their_location() {
        let place = Location::at("cog.yaml", 4, 7);
        let requirements = Requirements::from_packages(&[Located::new(" torch==2.4.0 ".to_owned(), place.clone())]);
        assert_eq!(requirements.lines, [RequirementLine { text: "torch==2.4.0".to_owned(), origin: place }]);
    }

    #[test]
    fn the_first_specifier_is_the_version() {
        for (line, corrected, cog_cli) in [
            ("torch==2.4.0", Some("2.4.0"), Some("2.4.0")),
            ("torch>=2.0,<2.2", Some("2.0"), Some("2.0")),
            ("torch ~= 2.1", Some("2.1"), Some("2.1")),
            ("torch", Some(""), Some("")),
            ("torch==2.4.0; python_version < '3.12'", Some("2.4.0"), Some("2.4.0")),
            ("torch; python_version >= '3.8'", Some(""), Some("'3.8'")),
            ("torch!=2.0.0,>=2.1", Some("2.1"), Some("2.0.0")),
            ("Torch==2.4.0", Some("2.4.0"), None),
            ("torchvision==0.19.0", None, None),
            ("torch[extra]==2.4.0", Some("2.4.0"), None),
            ("--index-url https://torch", None, None),
            (
                "torch @ https://download.pytorch.org/whl/cu118/torch-2.0.1%2Bcu118-cp310-cp310-linux_x86_64.whl",
                Some("2.0.1+cu118"),
                Some("https://download.pytorch.org/whl/cu118/torch-2.0.1%2Bcu118-cp310-cp310-linux_x86_64.whl"),
            ),
        ] {
            let requirements = Requirements::read(line, "requirements.txt", &CorrectedRequirements);
            let version = |conventions| requirements.version_of("torch", conventions).map(|(version, _)| version);
            assert_eq!(version(&CorrectedRequirements as &dyn RequirementConventions).as_deref(), corrected, "{line}");
            assert_eq!(version(&CogCliRequirements).as_deref(), cog_cli, "{line}");
        }
    }
}
