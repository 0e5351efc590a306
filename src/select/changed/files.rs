//! Lists of changed files, from GitHub or git.

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileStatus {
    /// It is new.
    Added,
    Removed,
    /// Its content changed.
    Modified,
    /// It was renamed.
    Renamed,
    /// It is a copy of another.
    Copied,
    /// Its type or its permissions changed.
    Changed,
    /// Nothing: GitHub lists such files as well.
    Unchanged,
    /// An unknown status, which counts as a change.
    Other,
}

impl FileStatus {
    /// The status with GitHub's name for it.
    pub fn of_github(word: &str) -> Self {
        match word {
            "added" => Self::Added,
            "removed" => Self::Removed,
            "modified" => Self::Modified,
            "renamed" => Self::Renamed,
            "copied" => Self::Copied,
            "changed" => Self::Changed,
            "unchanged" => Self::Unchanged,
            _ => Self::Other,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its path, relative to the repository's folder, with `/`.
    pub path: String,
    /// Its path before it was renamed, or that of the file that it was copied from.
    pub previous: Option<String>,
    /// What happened.
    pub status: FileStatus,
}

impl ChangedFile {
    /// A file that kept its name.
    pub fn new(path: impl Into<String>, status: FileStatus) -> Self {
        Self { path: path.into(), previous: None, status }
    }

    /// A file under another name.
    pub fn renamed(previous: impl Into<String>, path: impl Into<String>) -> Self {
        Self { path: path.into(), previous: Some(previous.into()), status: FileStatus::Renamed }
    }
}

/// Where a list comes from. At the limit of each, files may be missing: `docs/reference/github-actions.md#changed-files`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListSource {
    /// `GET /repos/…/pulls/N/files`, all pages.
    PullRequest,
    /// `GET /repos/…/compare/A...B`.
    Comparison,
    /// `GET /repos/…/commits/SHA`, all pages.
    Commit,
    /// git, which has no limit.
    Git,
}

impl ListSource {
    /// The number of files at which a list may be cut.
    pub const fn limit(self) -> Option<usize> {
        match self {
            Self::PullRequest | Self::Commit => Some(3000),
            Self::Comparison => Some(300),
            Self::Git => None,
        }
    }

    /// Why a list of this length may lack files.
    pub(super) fn doubt(self, length: usize, is_complete: bool) -> Option<String> {
        match self.limit() {
            Some(limit) if length >= limit => Some(format!("GitHub lists no more than {limit} changed files")),
            _ if !is_complete => Some("the list of changed files is not complete".to_owned()),
            _ => None,
        }
    }
}

/// The files that have changed, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedFiles {
    /// The list.
    Known {
        /// Where it comes from.
        source: ListSource,
        files: Vec<ChangedFile>,
        /// Whether the list was read to its end.
        is_complete: bool,
    },
    /// There is no list.
    Unknown {
        /// The reason, as text after a colon.
        reason: String,
    },
}

impl ChangedFiles {
    /// A list that was read to its end.
    pub fn complete(source: ListSource, files: Vec<ChangedFile>) -> Self {
        Self::Known { source, files, is_complete: true }
    }

    /// No list.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown { reason: reason.into() }
    }

    /// Whether a file has changed, as far as that is known.
    pub fn may_include(&self, path: &str) -> bool {
        match self {
            Self::Known { source, files, is_complete } => {
                source.doubt(files.len(), *is_complete).is_some() || files.iter().any(|file| file.path == path)
            }
            Self::Unknown { .. } => true,
        }
    }

    /// Makes the paths relative to a folder of the checkout, with `../` for files outside of it. `folder` is relative to the checkout, with
    /// `/`; empty for the checkout itself.
    #[must_use]
    pub fn seen_from(self, folder: &str) -> Self {
        match self {
            Self::Known { source, files, is_complete } => {
                let relative = |path: String| relative_to(&path, folder);
                let files = files.into_iter().map(|file| ChangedFile {
                    path: relative(file.path),
                    previous: file.previous.map(relative),
                    status: file.status,
                });
                Self::Known { source, files: files.collect(), is_complete }
            }
            unknown @ Self::Unknown { .. } => unknown,
        }
    }

    /// Every path that a change concerns, old names included.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let files = match self {
            Self::Known { files, .. } => files.as_slice(),
            Self::Unknown { .. } => &[],
        };
        let changed = files.iter().filter(|file| file.status != FileStatus::Unchanged);
        changed.flat_map(|file| {
            std::iter::once(file.path.as_str()).chain(file.previous.as_deref().filter(|_| file.status != FileStatus::Copied))
        })
    }
}

/// A path of the checkout as seen from one of its folders.
fn relative_to(path: &str, folder: &str) -> String {
    let folder: Vec<&str> = folder.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let parts: Vec<&str> = path.split('/').collect();
    let shared = folder.iter().zip(&parts[..parts.len().saturating_sub(1)]).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..", folder.len() - shared);
    up.chain(parts[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_a_folder() {
        for (path, folder, seen) in [
            ("a/b.py", "", "a/b.py"),
            ("a/b.py", ".", "a/b.py"),
            ("a/b.py", "a", "b.py"),
            ("a/b.py", "a/", "b.py"),
            ("a/b.py", "a/c", "../b.py"),
            ("x/b.py", "a/c", "../../x/b.py"),
            ("ab/b.py", "a", "../ab/b.py"),
            ("a", "a", "../a"),
        ] {
            assert_eq!(relative_to(path, folder), seen, "{path} from {folder}");
        }
    }

    #[test]
    fn old_names_are_seen_from_there_too() {
        let files = ChangedFiles::complete(ListSource::Git, vec![ChangedFile::renamed("models/a/x.py", "shared/x.py")]);
        assert_eq!(files.seen_from("models/a").paths().collect::<Vec<_>>(), ["../../shared/x.py", "x.py"]);
        let unknown = ChangedFiles::unknown("why");
        assert_eq!(unknown.clone().seen_from("a"), unknown);
    }

    #[test]
    fn words_of_github_are_known() {
        for (word, status) in [
            ("added", FileStatus::Added),
            ("removed", FileStatus::Removed),
            ("modified", FileStatus::Modified),
            ("renamed", FileStatus::Renamed),
            ("copied", FileStatus::Copied),
            ("changed", FileStatus::Changed),
            ("unchanged", FileStatus::Unchanged),
            ("teleported", FileStatus::Other),
        ] {
            assert_eq!(FileStatus::of_github(word), status);
        }
    }
}
