//! Files of git's own that may hold a token.

use std::path::Path;

/// Git's settings, in which `actions/checkout` and others leave tokens, and the address that was fetched last.
const PRIVATE: [&str; 3] = ["config", "config.worktree", "FETCH_HEAD"];

/// Whether a path is that of git's settings in a `.git` folder, which may hold a token.
pub fn is_private_to_git(path: &Path) -> bool {
    let is_private = path.file_name().is_some_and(|name| PRIVATE.iter().any(|private| name.eq_ignore_ascii_case(private)));
    let is_git = |folder: &Path| folder.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git"));
    is_private && path.parent().is_some_and(is_git)
}
