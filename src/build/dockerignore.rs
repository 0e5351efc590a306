//! `.dockerignore`, by Docker's own rules.
//!
//! The rules are those of moby/patternmatcher, quirks included: a context must leave out what Docker leaves out. A pattern is cleaned like
//! a path. `*` and `?` stop at `/`, `**` does not. A pattern that matches a folder matches everything in it. The last matching line wins,
//! and `!` makes an exception. Matching always starts at the root: `*.pyc` is not `**/*.pyc`.

use regex::Regex;

/// Docker would reject a line of the `.dockerignore`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of .dockerignore is not a pattern: '{text}'")]
pub struct IgnorePatternError {
    /// The line, counted from 1.
    pub line: usize,
    /// The line's text.
    pub text: String,
}

#[derive(Debug, Clone, Default)]
pub struct DockerIgnore {
    patterns: Vec<IgnorePattern>,
}

#[derive(Debug, Clone)]
struct IgnorePattern {
    text: String,
    is_exception: bool,
    matcher: Matcher,
}

/// moby uses shortcuts that differ from its regular expression: `**foo` means "ends with foo", whatever comes before.
#[derive(Debug, Clone)]
enum Matcher {
    Exact,
    Prefix(String),
    Suffix(String),
    Expression(Regex),
}

impl DockerIgnore {
    /// Reads the text of a `.dockerignore`.
    pub fn parse(text: &str) -> Result<Self, IgnorePatternError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for (index, line) in text.lines().enumerate() {
            // Only a `#` in the first column starts a comment.
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let refused = || IgnorePatternError { line: index + 1, text: line.trim().to_owned() };
            patterns.push(IgnorePattern::parse(line.trim()).ok_or_else(refused)?);
        }
        Ok(Self { patterns })
    }

    /// Whether a path, relative to the root and with `/`, is left out of the context.
    pub fn is_ignored(&self, path: &str) -> bool {
        let mut ignored = false;
        for pattern in &self.patterns {
            // A pattern that could not change the result is skipped.
            if pattern.is_exception == ignored && pattern.matches_or_a_parent(path) {
                ignored = !pattern.is_exception;
            }
        }
        ignored
    }

    /// Whether an ignored folder may contain an exception, so that it has to be searched.
    pub fn may_hold_exceptions(&self, folder: &str) -> bool {
        let folder = format!("{folder}/");
        self.patterns.iter().filter(|pattern| pattern.is_exception).any(|pattern| {
            let literal = pattern.literal_start();
            literal.len() < pattern.text.len() && (folder.starts_with(literal) || literal.starts_with(&folder))
                || format!("{}/", pattern.text).starts_with(&folder)
        })
    }
}

impl IgnorePattern {
    fn parse(line: &str) -> Option<Self> {
        let (is_exception, text) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        if text.is_empty() {
            return None;
        }
        let cleaned = clean(text);
        let text = if cleaned.len() > 1 { cleaned.strip_prefix('/').unwrap_or(&cleaned).to_owned() } else { cleaned };
        is_well_formed(&text).then_some(())?;
        let matcher = Matcher::compile(&text)?;
        Some(Self { text, is_exception, matcher })
    }

    /// Whether the path, or one of its parent folders, matches.
    fn matches_or_a_parent(&self, path: &str) -> bool {
        let parents = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        self.matches(path) || parents.into_iter().any(|parent| self.matches(parent))
    }

    fn matches(&self, path: &str) -> bool {
        match &self.matcher {
            Matcher::Exact => path == self.text,
            Matcher::Prefix(prefix) => path.starts_with(prefix.as_str()),
            // `**/foo` also means `foo` itself.
            Matcher::Suffix(suffix) => path.ends_with(suffix.as_str()) || suffix.strip_prefix('/') == Some(path),
            Matcher::Expression(expression) => expression.is_match(path),
        }
    }

    /// The part before the first special character.
    fn literal_start(&self) -> &str {
        self.text.split(['*', '?', '[', '\\']).next().unwrap_or_default()
    }
}

impl Matcher {
    /// Follows moby's `Pattern.compile` step by step.
    fn compile(text: &str) -> Option<Self> {
        #[derive(PartialEq)]
        enum MatcherKind {
            Exact,
            Prefix,
            Suffix,
            Expression,
        }
        let mut kind = MatcherKind::Exact;
        let mut expression = String::from("^");
        let mut characters = text.chars().peekable();
        let mut is_first = true;
        while let Some(character) = characters.next() {
            match character {
                '*' if characters.next_if_eq(&'*').is_some() => {
                    // `**/` is read as `**`.
                    characters.next_if_eq(&'/');
                    if characters.peek().is_some() {
                        expression.push_str("(.*/)?");
                        kind = MatcherKind::Expression;
                    } else if kind == MatcherKind::Exact {
                        kind = MatcherKind::Prefix;
                    } else {
                        expression.push_str(".*");
                        kind = MatcherKind::Expression;
                    }
                    if is_first {
                        kind = MatcherKind::Suffix;
                    }
                }
                '*' => {
                    expression.push_str("[^/]*");
                    kind = MatcherKind::Expression;
                }
                '?' => {
                    expression.push_str("[^/]");
                    kind = MatcherKind::Expression;
                }
                // Go's path patterns give these no meaning. Rust's regular expressions also know `&&` and `~~` in brackets.
                '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' | '&' | '~' => {
                    expression.push('\\');
                    expression.push(character);
                }
                '\\' => {
                    expression.push('\\');
                    expression.push(characters.next()?);
                    kind = MatcherKind::Expression;
                }
                '[' | ']' => {
                    expression.push(character);
                    kind = MatcherKind::Expression;
                }
                other => expression.push(other),
            }
            is_first = false;
        }
        Some(match kind {
            MatcherKind::Exact => Self::Exact,
            MatcherKind::Prefix => Self::Prefix(text.get(..text.len().saturating_sub(2)).unwrap_or_default().to_owned()),
            MatcherKind::Suffix => Self::Suffix(text.get(2..).unwrap_or_default().to_owned()),
            MatcherKind::Expression => Self::Expression(Regex::new(&format!("{expression}$")).ok()?),
        })
    }
}

/// Go's `filepath.Clean` with `/`.
fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_absolute => {}
            other => parts.push(other),
        }
    }
    match (is_absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Whether Go's `filepath.Match` accepts the pattern: brackets hold at least one range and are closed, and nothing ends in a backslash.
fn is_well_formed(text: &str) -> bool {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_well_formed = match character {
            '\\' => characters.next().is_some(),
            '[' => skip_brackets(&mut characters),
            _ => true,
        };
        if !is_well_formed {
            return false;
        }
    }
    true
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_brackets(characters: &mut Characters<'_>) -> bool {
    characters.next_if_eq(&'^');
    let mut is_empty = true;
    while is_empty || characters.next_if_eq(&']').is_none() {
        if !skip_bound(characters) || characters.next_if_eq(&'-').is_some() && !skip_bound(characters) {
            return false;
        }
        is_empty = false;
    }
    true
}

fn skip_bound(characters: &mut Characters<'_>) -> bool {
    match characters.next() {
        None | Some('-' | ']') => false,
        Some('\\') => characters.next().is_some(),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests;
