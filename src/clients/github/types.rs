//! What is sent and read: `docs/reference/github-actions.md#creating-a-check-run` and
//! `docs/reference/github-actions.md#comments-api`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A repository, `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    owner: String,
    name: String,
}

impl FromStr for Repository {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_part = |part: &str| {
            !part.is_empty() && part != ".." && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        match text.split_once('/') {
            Some((owner, name)) if is_part(owner) && is_part(name) => Ok(Self { owner: owner.to_owned(), name: name.to_owned() }),
            _ => Err(format!("'{text}' is no repository's OWNER/NAME")),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

/// How a check run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// It passed.
    Success,
    /// It did not.
    Failure,
    /// Neither.
    Neutral,
    /// Somebody stopped it.
    Cancelled,
    /// It took too long.
    TimedOut,
    /// Somebody has to do something.
    ActionRequired,
    /// It was not needed.
    Skipped,
    /// GitHub gave up on it.
    Stale,
}

/// How grave an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnotationLevel {
    /// Worth knowing.
    Notice,
    /// Should be looked at.
    Warning,
    /// Something is wrong.
    Failure,
}

/// A remark on a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// The file, relative to the repository.
    pub path: String,
    /// The first line, from 1.
    pub start_line: u32,
    /// The last line.
    pub end_line: u32,
    /// The first column, only where the lines are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_column: Option<u32>,
    /// The last column, only where the lines are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
    /// How grave it is.
    pub annotation_level: AnnotationLevel,
    /// What stands above the message.
    pub title: String,
    /// What it says.
    pub message: String,
    /// More, as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_details: Option<String>,
}

/// What a check run shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRunOutput {
    /// One line.
    #[serde(default)]
    pub title: Option<String>,
    /// Markdown.
    #[serde(default)]
    pub summary: Option<String>,
    /// More Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Remarks; GitHub adds them to those that are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
}

/// A check run that begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewCheckRun {
    /// Its name.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// Our own name for it.
    pub external_id: String,
    /// `in_progress`, or `completed` with a conclusion.
    pub status: &'static str,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How it ended, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<Conclusion>,
    /// What it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<CheckRunOutput>,
}

/// A check run that ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdatedCheckRun {
    /// `completed`.
    pub status: &'static str,
    /// How it ended.
    pub conclusion: Conclusion,
    /// When.
    pub completed_at: DateTime<Utc>,
    /// What it shows.
    pub output: CheckRunOutput,
}

/// A check run as GitHub has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckRun {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Our own name for it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// Its page.
    #[serde(default)]
    pub html_url: Option<String>,
    /// What it shows.
    #[serde(default)]
    pub output: CheckRunOutput,
    /// Whose it is.
    #[serde(default)]
    pub app: Option<App>,
}

/// An application that writes check runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct App {
    /// Its number.
    #[serde(default)]
    pub id: u64,
    /// Its name in addresses: `github-actions` for a workflow's own token.
    #[serde(default)]
    pub slug: Option<String>,
}

/// A comment of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// What it says.
    #[serde(default)]
    pub body: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<User>,
    /// Its page.
    #[serde(default)]
    pub html_url: Option<String>,
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The account.
    pub login: String,
    /// `User` or `Bot`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// A file of a change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChangedFile {
    /// Its name afterwards.
    pub filename: String,
    /// `added`, `renamed`, …
    #[serde(default)]
    pub status: String,
    /// Its name before, when it was renamed.
    #[serde(default)]
    pub previous_filename: Option<String>,
}

/// What lies between two commits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comparison {
    /// `ahead` when the first is an ancestor of the second, `identical`, `behind` or `diverged`.
    pub status: String,
    /// The files that differ between the second commit and the two's common ancestor, at most 300.
    #[serde(default)]
    pub files: Vec<ChangedFile>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_two_parts_and_nothing_that_changes_an_address() {
        assert_eq!("acme/hot.dog".parse::<Repository>().map(|repository| repository.to_string()), Ok("acme/hot.dog".to_owned()));
        for text in ["", "acme", "acme/", "a/b/c", "acme/..", "acme/x?y", "acme/x y"] {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
    }
}
