//! Paths of git's own: its settings may hold a token, and it runs its hooks.

use std::path::Path;

/// Whether a path is in a `.git` folder, also by way of a link.
pub(super) fn is_of_git(root: &Path, path: &Path) -> bool {
    let is_git = |path: &Path| path.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git"));
    let real = root.join(path).ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
    let leads_there = real.zip(root.canonicalize().ok()).is_some_and(|(real, root)| real.strip_prefix(root).is_ok_and(is_git));
    is_git(path) || leads_there
}
