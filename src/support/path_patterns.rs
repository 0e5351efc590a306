//! Patterns of paths, as `.safe-push.yaml` writes them.
//!
//! `*` and `?` stop at `/`, `**` does not; a pattern that names a folder matches everything in it; `!` excludes, and the last matching
//! pattern wins, as in the path filters of GitHub's workflows.

use globset::{Glob, GlobBuilder, GlobMatcher};

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{pattern}' is not a valid path pattern: {problem}")]
pub struct PathPatternError {
    pub pattern: String,
    pub problem: String,
}

/// Patterns in their order.
#[derive(Debug, Clone, Default)]
pub struct PathPatterns {
    patterns: Vec<PathPattern>,
}

#[derive(Debug, Clone)]
struct PathPattern {
    excludes: bool,
    itself: GlobMatcher,
    within: GlobMatcher,
}

impl PathPatterns {
    /// Reads patterns.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, PathPatternError> {
        let patterns = patterns.into_iter().map(PathPattern::parse).collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    /// Whether a path, relative and with `/`, is meant.
    pub fn matches(&self, path: &str) -> bool {
        let last = self.patterns.iter().rev().find(|pattern| pattern.itself.is_match(path) || pattern.within.is_match(path));
        last.is_some_and(|pattern| !pattern.excludes)
    }
}

impl PathPattern {
    fn parse(text: &str) -> Result<Self, PathPatternError> {
        let wrong = |problem: String| PathPatternError { pattern: text.to_owned(), problem };
        let (excludes, path) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let path = path.trim().trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
        if path.is_empty() {
            return Err(wrong("it names nothing".to_owned()));
        }
        let glob = |pattern: &str| -> Result<Glob, PathPatternError> {
            let built = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
            built.map_err(|error| wrong(error.kind().to_string()))
        };
        Ok(Self { excludes, itself: glob(path)?.compile_matcher(), within: glob(&format!("{path}/**"))?.compile_matcher() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(patterns: &[&str], path: &str) -> bool {
        PathPatterns::new(patterns.iter().copied()).unwrap().matches(path)
    }

    #[test]
    fn stars_stop_at_slashes_and_double_stars_do_not() {
        assert!(matches(&["src/*.py"], "src/predict.py"));
        assert!(!matches(&["src/*.py"], "src/flux/model.py"));
        assert!(matches(&["src/**/*.py"], "src/flux/model.py"));
        assert!(matches(&["**/*.py"], "predict.py"));
        assert!(matches(&["predict.p?"], "predict.py"));
        assert!(matches(&["{dev,schnell}/**"], "dev/a.py"));
        assert!(!matches(&["*.py"], "src/predict.py"));
    }

    #[test]
    fn a_folder_means_all_in_it() {
        for pattern in ["flux", "flux/", "./flux", "/flux", "flux/**"] {
            assert!(matches(&[pattern], "flux/deep/model.py"), "{pattern}");
        }
        assert!(!matches(&["flux"], "flux2/model.py"));
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let patterns = ["**", "!docs/**", "docs/schema.md"];
        assert!(matches(&patterns, "predict.py"));
        assert!(!matches(&patterns, "docs/guide.md"));
        assert!(matches(&patterns, "docs/schema.md"));
        assert!(!matches(&["!docs"], "predict.py"));
    }

    #[test]
    fn folders_above_can_be_named() {
        assert!(matches(&["../shared/**"], "../shared/a.py"));
        assert!(!matches(&["shared/**"], "../shared/a.py"));
    }

    #[test]
    fn an_invalid_pattern_is_reported() {
        for pattern in ["", "  ", "!", "/", "a[", "{a"] {
            let error = PathPatterns::new([pattern]).unwrap_err();
            assert_eq!(error.pattern, pattern);
            assert!(!error.problem.is_empty());
        }
    }
}
