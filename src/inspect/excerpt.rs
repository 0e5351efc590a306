//! Adds the source line to findings, so that reports can show it.

use std::path::Path;

use cog_findings::Finding;

/// Lines of larger files are not shown.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Longer lines are not shown.
const MAX_CHARACTERS: usize = 2000;

/// Adds the source line to a finding with a location in a text file of the folder. Blocks for about a millisecond.
#[must_use]
pub(crate) fn with_excerpt(mut finding: Finding, folder: &Path) -> Finding {
    if finding.excerpt.is_none() {
        finding.excerpt = finding.location.as_ref().and_then(|location| line(folder, &location.file, location.line?));
    }
    finding
}

/// The text of a file whose lines may be shown.
pub(super) fn shown_text(folder: &Path, file: &str) -> Option<String> {
    // Paths come from the repository or from a model: they must not lead out of the folder, not even through a link.
    repository_files::read_text(folder, Path::new(file), MAX_BYTES).ok()
}

fn line(folder: &Path, file: &str, number: u32) -> Option<String> {
    let text = shown_text(folder, file)?;
    let line = text.lines().nth(usize::try_from(number).ok()?.checked_sub(1)?)?;
    (!line.trim().is_empty() && line.chars().count() <= MAX_CHARACTERS).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::inspect::rules;
    use cog_findings::Location;

    fn excerpt(folder: &Path, location: Location) -> Option<String> {
        with_excerpt(Finding::new(&rules::RULES[0], "x").at(location), folder).excerpt
    }

    #[test]
    fn the_line_of_a_finding_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.py"), "one\n  two\r\n\nfour").unwrap();
        assert_eq!(excerpt(folder.path(), Location::at("a.py", 2, 3)).unwrap(), "  two");
        assert_eq!(excerpt(folder.path(), Location::at("./a.py", 4, 1)).unwrap(), "four");
        for line in [0, 3, 5] {
            assert_eq!(excerpt(folder.path(), Location::at("a.py", line, 1)), None);
        }
        assert_eq!(excerpt(folder.path(), Location::file("a.py")), None);
        assert_eq!(excerpt(folder.path(), Location::at("b.py", 1, 1)), None);
    }

    #[test]
    fn nothing_outside_the_folder_is_shown() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("project");
        fs::create_dir(&folder).unwrap();
        fs::write(outer.path().join("secret"), "hush").unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("link")).unwrap();
        for file in ["../secret", "link", &outer.path().join("secret").display().to_string()] {
            assert_eq!(excerpt(&folder, Location::at(file, 1, 1)), None, "{file}");
        }
    }
}
