//! Requests and responses: `docs/reference/github-actions.md#creating-a-check-run` and
//! `docs/reference/github-actions.md#comments-api`.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::annotation_level::AnnotationLevel;

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
            _ => Err(format!("'{text}' is not a repository in the form OWNER/NAME")),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

/// The conclusion of a check run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Success,
    Failure,
    /// Neither passed nor failed.
    Neutral,
    Cancelled,
    TimedOut,
    /// Someone has to act.
    ActionRequired,
    Skipped,
    /// GitHub gave up on it.
    Stale,
}

/// An annotation of a line in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// The file, relative to the repository.
    pub path: String,
    /// The first line, from 1.
    pub start_line: u32,
    /// The last line.
    pub end_line: u32,
    /// The first column. Only if the annotation is on one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_column: Option<u32>,
    /// The last column. Only if the annotation is on one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
    pub annotation_level: AnnotationLevel,
    pub title: String,
    pub message: String,
    /// Further details, as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_details: Option<String>,
}

/// The content of a check run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRunOutput {
    /// The heading, one line.
    #[serde(default)]
    pub title: Option<String>,
    /// The summary, as Markdown.
    #[serde(default)]
    pub summary: Option<String>,
    /// Further details, as Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Annotations. GitHub adds them to the existing ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
}

/// A check run to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewCheckRun {
    pub name: String,
    pub head_sha: String,
    pub external_id: String,
    /// `in_progress`, or `completed` with a conclusion.
    pub status: &'static str,
    pub started_at: DateTime<Utc>,
    /// The conclusion, if it is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<Conclusion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<CheckRunOutput>,
}

/// The completion of a check run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdatedCheckRun {
    /// `completed`.
    pub status: &'static str,
    pub conclusion: Conclusion,
    pub completed_at: DateTime<Utc>,
    pub output: CheckRunOutput,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckRun {
    /// GitHub's id.
    pub id: u64,
    pub name: String,
    #[serde(default)]
    pub external_id: Option<String>,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// The conclusion, once it is completed.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// The URL of its page.
    #[serde(default)]
    pub html_url: Option<String>,
    #[serde(default)]
    pub output: CheckRunOutput,
    /// The app that created it.
    #[serde(default)]
    pub app: Option<App>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct App {
    /// GitHub's id.
    #[serde(default)]
    pub id: u64,
    /// Its name in URLs: `github-actions` for a workflow's own token.
    #[serde(default)]
    pub slug: Option<String>,
}

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// GitHub's id.
    pub id: u64,
    /// Its Markdown text.
    #[serde(default)]
    pub body: Option<String>,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default)]
    pub html_url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Its login name.
    pub login: String,
    /// `User` or `Bot`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PullRequest {
    pub number: u64,
    /// When it was merged, if it was.
    #[serde(default)]
    pub merged_at: Option<DateTime<Utc>>,
    /// The commit that the merge made: a merge, a squashed one, or the last of a rebase.
    #[serde(default)]
    pub merge_commit_sha: Option<String>,
    /// What was merged.
    pub head: Branch,
    /// Where it was merged to.
    pub base: Branch,
}

/// An end of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Branch {
    /// Its newest commit; for a merged pull request, the last one before.
    pub sha: String,
    /// The branch's name.
    #[serde(default, rename = "ref")]
    pub name: String,
    /// Its repository; absent when that is gone.
    #[serde(default)]
    pub repo: Option<BranchRepository>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BranchRepository {
    /// `owner/name`.
    pub full_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DiffEntry {
    /// Its name after the change.
    pub filename: String,
    /// `added`, `renamed`, …
    #[serde(default)]
    pub status: String,
    /// Its name before the change, if it was renamed.
    #[serde(default)]
    pub previous_filename: Option<String>,
    /// The hunks of its diff. Absent for binary files and large changes.
    #[serde(default)]
    pub patch: Option<String>,
}

/// A file as GitHub returns it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct FileContent {
    /// In base64, with line breaks. Empty for large files.
    #[serde(default)]
    content: String,
    #[serde(default)]
    encoding: String,
}

impl FileContent {
    pub(super) fn text(&self) -> Option<String> {
        let code: String = self.content.split_ascii_whitespace().collect();
        let is_whole = self.encoding == "base64" && !code.is_empty();
        String::from_utf8(STANDARD.decode(code).ok().filter(|_| is_whole)?).ok()
    }
}

/// A comparison of two commits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CommitComparison {
    /// `ahead` when the first is an ancestor of the second, `identical`, `behind` or `diverged`.
    pub status: String,
    /// The files that differ between the second commit and the two's common ancestor, at most 300.
    #[serde(default)]
    pub files: Vec<DiffEntry>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_two_parts_and_cannot_change_a_url() {
        assert_eq!("acme/hot.dog".parse::<Repository>().map(|repository| repository.to_string()), Ok("acme/hot.dog".to_owned()));
        for text in ["", "acme", "acme/", "a/b/c", "acme/..", "acme/x?y", "acme/x y"] {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
    }
}
