//! How the Cog CLI reads and rewrites requirement lines, mistakes included.
//!
//! Cog 0.22 finds names and versions by a pattern anywhere in a line. So it may mistake a marker for a pin, and it loses everything else
//! on a pinned line: `docs/reference/cog.md#requirements`.

use std::sync::LazyLock;

use cog_findings::Location;
use regex::Regex;

use super::conventions::{RequirementConventions, Rewritten};
use super::line::package_name;
use super::{Requirements, local, wheels};
use crate::cuda;
use crate::version;

/// Options that the Cog CLI checks for local values.
const LOCAL_OPTIONS: &[&str] = &["--find-links", "--requirement", "-f", "-r"];

/// Frameworks that are added again when their line was emptied.
const FRAMEWORKS: [&str; 4] = ["torch", "torchvision", "torchaudio", "tensorflow"];

/// Reads and rewrites requirements like the Cog CLI.
pub(crate) struct CogCliRequirements;

impl RequirementConventions for CogCliRequirements {
    /// Anywhere, so that `...#egg=name` loses its fragment.
    fn starts_comment(&self, _before: char) -> bool {
        true
    }

    fn version_of(&self, line: &str, package: &str) -> Option<String> {
        version_of(line, package)
    }

    fn local_options(&self) -> &'static [&'static str] {
        LOCAL_OPTIONS
    }

    fn comparable_name(&self, name: &str) -> String {
        name.to_lowercase()
    }

    fn rewrite(&self, line: &str, cuda: Option<&str>) -> Rewritten {
        rewrite(line, cuda)
    }

    fn complete(&self, requirements: &Requirements, lines: &mut Vec<(String, Option<Location>)>) {
        for framework in FRAMEWORKS {
            let Some((version, line)) = requirements.version_of(framework, self) else { continue };
            if !lines.iter().any(|(text, _)| package_name(text) == framework) {
                lines.push((format!("{framework}=={version}"), Some(line.origin.clone())));
            }
        }
    }
}

#[expect(clippy::expect_used, reason = "the patterns are constants that the tests compile")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

/// The version that a line requests of a package: the first specifier anywhere in the line, else the text behind `@`.
fn version_of(line: &str, package: &str) -> Option<String> {
    static SPECIFIER: LazyLock<Regex> = LazyLock::new(|| pattern(r"[<>=!~]=?\s*([^\s,;|]+)"));
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"@\s*(\S+)"));
    if !matches!(local::artifact_path(line, LOCAL_OPTIONS), Ok(None)) || package_name(line) != package {
        return None;
    }
    let found = SPECIFIER.captures(line).or_else(|| ADDRESS.captures(line));
    Some(found.and_then(|found| found.get(1)).map(|version| version.as_str().to_owned()).unwrap_or_default())
}

/// Rewrites a line for a CUDA version or the CPU.
fn rewrite(line: &str, cuda: Option<&str>) -> Rewritten {
    static PARTS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"([a-zA-Z0-9\-_]+)==([^ ]+)|--find-links=(\S+)|-f\s+(\S+)|--extra-index-url=(\S+)"));
    let verbatim = || Rewritten { text: line.to_owned(), ..Rewritten::default() };
    let (mut pin, mut find_links, mut indexes) = (None, Vec::new(), Vec::new());
    for found in PARTS.captures_iter(line) {
        let group = |index: usize| found.get(index).map(|part| part.as_str().to_owned());
        if let (Some(name), Some(version)) = (group(1), group(2)) {
            pin = Some((name, version));
        }
        find_links.extend(group(3).or_else(|| group(4)));
        indexes.extend(group(5));
    }
    let Some((name, version)) = pin else { return verbatim() };
    if !indexes.is_empty() {
        return Rewritten { text: format!("{name}=={version}"), find_links, indexes, ..Rewritten::default() };
    }
    if let Some(wheel) = wheels::wheel(&name, &version, cuda) {
        // Options of the line itself are replaced by those of the table.
        return Rewritten {
            text: format!("{name}=={}", wheel.version),
            indexes: wheel.index.into_iter().collect(),
            ..Rewritten::default()
        };
    }
    match (name.as_str(), cuda) {
        ("torch" | "torchvision", _) => Rewritten { text: format!("{name}=={version}"), ..Rewritten::default() },
        ("tensorflow", Some(cuda)) => {
            let row = cuda::tensorflow_row(&version).filter(|row| version::compare(&row.cuda, cuda).is_eq());
            // An unknown pair empties the line; `complete` adds the package again at the end.
            let text = row.map(|row| row.gpu_package.clone()).unwrap_or_default();
            Rewritten { text, find_links, indexes, ..Rewritten::default() }
        }
        _ => Rewritten { text: format!("{name}=={version}"), find_links, indexes, ..Rewritten::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str, cuda: Option<&str>) -> String {
        rewrite(line, cuda).text
    }

    #[test]
    fn everything_behind_a_pin_is_lost() {
        assert_eq!(text("foo==1.0 --hash=sha256:00", None), "foo==1.0");
        assert_eq!(text("foo==1.0 ; sys_platform == 'linux'", None), "foo==1.0");
        assert_eq!(text("bar==1.0; python_version=='3.8'", None), "python_version=='3.8'");
    }

    #[test]
    fn lines_that_the_pattern_misses_stay_unchanged() {
        for line in ["pandas[x]==1.2", "zed == 1.0", "numpy>=1.0", "--index-url https://x", "git+https://x/y"] {
            assert_eq!(text(line, Some("12.4")), line);
        }
    }

    #[test]
    fn options_of_the_line_are_hoisted() {
        let rewritten = rewrite("foo==1.0 --extra-index-url=https://x -f https://y", None);
        assert_eq!(rewritten.indexes, ["https://x"]);
        assert_eq!(rewritten.find_links, ["https://y"]);
        let own = rewrite("torch==2.4.0 --extra-index-url=https://x", Some("12.4"));
        assert_eq!((own.text.as_str(), own.indexes), ("torch==2.4.0", vec!["https://x".to_owned()]));
    }

    #[test]
    fn an_unknown_pair_of_tensorflow_and_cuda_empties_the_line() {
        assert_eq!(text("tensorflow==2.12.0", Some("11.8")), "tensorflow==2.12.0");
        assert_eq!(text("tensorflow==2.12.0", Some("11.2")), "");
        assert_eq!(text("tensorflow==2.12.0", None), "tensorflow==2.12.0");
    }
}
