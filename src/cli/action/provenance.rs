//! Whose code is checked out. The event says which commits it is about; git's own files say which one is there. Nothing is run to find out.

use std::fs;
use std::path::{Path, PathBuf};

use repository_files::FileError;

use crate::cli::action::event::WorkflowEvent;
use crate::cli::environment::Environment;

/// The most bytes of a file of git that names commits.
const HEAD_BYTES: u64 = 4096;
const PACKED_BYTES: u64 = 64 * 1024 * 1024;

/// Whose code a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum CodeTrust {
    /// The repository's own, as far as the event says.
    Own,
    /// Somebody else's, for this reason: its scripts are not run, and no token is used for it.
    Foreign(String),
}

impl CodeTrust {
    /// Decides for a folder. Outside of workflows, the code is the user's own.
    pub(in crate::cli) fn of(environment: &Environment, repository: &Path) -> Self {
        if !environment.is_workflow() {
            return Self::Own;
        }
        let event = WorkflowEvent::of(environment);
        let outermost = environment.get("GITHUB_WORKSPACE").map(PathBuf::from);
        let folder = outermost.as_deref().unwrap_or(repository);
        Self::of_event(&event, || head_commit(repository, outermost.as_deref()), || is_empty(folder))
    }

    fn of_event(event: &WorkflowEvent, head: impl FnOnce() -> Option<String>, is_empty: impl FnOnce() -> bool) -> Self {
        if event.is_fork {
            return Self::Foreign("The code is from a fork".to_owned());
        }
        if matches!(event.name.as_str(), "pull_request_target" | "workflow_run") {
            return Self::Foreign(format!("{} gives secrets to code of other events, so the code counts as foreign", event.name));
        }
        let name = if event.name.is_empty() { "the event" } else { event.name.as_str() };
        match head() {
            Some(head) if event.vouched.iter().any(|vouched| vouched.eq_ignore_ascii_case(&head)) => Self::Own,
            Some(head) => Self::Foreign(format!(
                "Commit {} is checked out, which is not the one that {name} is about, so the code counts as foreign (check out the \
                 event's own commit: actions/checkout without `ref`)",
                head.get(..7).unwrap_or(&head)
            )),
            // A workflow that checks nothing out, to test what is live.
            None if is_empty() => Self::Own,
            None => Self::Foreign(format!(
                "The checked-out commit is not known, so the code counts as foreign on {name} (check it out with actions/checkout)"
            )),
        }
    }

    /// Why the code is somebody else's.
    pub(in crate::cli) fn why_foreign(&self) -> Option<&str> {
        match self {
            Self::Own => None,
            Self::Foreign(reason) => Some(reason),
        }
    }
}

/// Whether a folder has nobody's code, because it has nothing.
fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// The commit that is checked out around a folder, not looked for above `outermost`.
pub(in crate::cli) fn head_commit(folder: &Path, outermost: Option<&Path>) -> Option<String> {
    head(folder, outermost).0
}

/// The commit and the branch that are checked out around a folder, as far as they are known.
pub(in crate::cli) fn checked_out(folder: &Path) -> (Option<String>, Option<String>) {
    head(folder, None)
}

fn head(folder: &Path, outermost: Option<&Path>) -> (Option<String>, Option<String>) {
    let Some(git) = git_folder(folder, outermost) else { return (None, None) };
    let Ok(head) = text(&git, "HEAD", HEAD_BYTES) else { return (None, None) };
    let Some(name) = head.trim().strip_prefix("ref:").map(str::trim) else { return (commit(&head), None) };
    let id = match text(&git, name, HEAD_BYTES) {
        Ok(loose) => commit(&loose),
        Err(error) if error.is_missing() => {
            text(&git, "packed-refs", PACKED_BYTES).ok().and_then(|packed_refs| packed(&packed_refs, name))
        }
        Err(_) => None,
    };
    (id, name.strip_prefix("refs/heads/").map(str::to_owned))
}

fn git_folder(folder: &Path, outermost: Option<&Path>) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    let outermost = outermost.and_then(|outermost| outermost.canonicalize().ok());
    let mut above = folder.ancestors();
    let inside = above.by_ref().take_while(|path| outermost.as_deref().is_none_or(|outermost| path.starts_with(outermost)));
    let git = inside.map(|path| path.join(".git")).find(|git| git.symlink_metadata().is_ok())?;
    // A link or a file here is a worktree's, or somebody's trick: neither is what a checkout makes.
    git.symlink_metadata().ok().is_some_and(|kind| kind.is_dir()).then_some(git)
}

fn text(git: &Path, name: &str, limit_bytes: u64) -> Result<String, FileError> {
    repository_files::read_text(git, Path::new(name), limit_bytes)
}

fn packed(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(_, found)| *found == name).and_then(|(id, _)| commit(id))
}

/// A commit's id: SHA-1 or SHA-256.
fn commit(text: &str) -> Option<String> {
    let id = text.trim();
    (matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIP: &str = "ffffffffffffffffffffffffffffffffffffffff";
    const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";

    fn event(name: &str) -> WorkflowEvent {
        WorkflowEvent { name: name.to_owned(), vouched: vec![TIP.to_owned()], ..WorkflowEvent::default() }
    }

    fn is_own(event: &WorkflowEvent, head: Option<&str>) -> bool {
        CodeTrust::of_event(event, || head.map(str::to_owned), || false) == CodeTrust::Own
    }

    #[test]
    fn the_events_own_commit_is_trusted_and_no_other() {
        for name in ["push", "pull_request", "merge_group", "workflow_dispatch", "schedule", "issue_comment", "release", ""] {
            assert!(is_own(&event(name), Some(TIP)), "{name}");
            assert!(!is_own(&event(name), Some(HEAD)), "{name}");
            assert!(!is_own(&event(name), None), "{name}");
        }
    }

    #[test]
    fn an_empty_folder_has_nobodys_code() {
        let folder = tempfile::tempdir().unwrap();
        let is_trusted = |name: &str| CodeTrust::of_event(&event(name), || None, || is_empty(folder.path())) == CodeTrust::Own;
        assert!(is_trusted("schedule") && !is_trusted("pull_request_target"));
        fs::write(folder.path().join("cog.yaml"), "").unwrap();
        assert!(!is_trusted("schedule"));
        assert!(!is_empty(&folder.path().join("missing")));
    }

    #[test]
    fn events_that_lend_secrets_and_forks_are_never_trusted() {
        for name in ["pull_request_target", "workflow_run"] {
            assert!(!is_own(&event(name), Some(TIP)), "{name}");
        }
        assert!(!is_own(&WorkflowEvent { is_fork: true, ..event("pull_request") }, Some(TIP)));
    }

    #[test]
    fn the_commit_is_found_wherever_git_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let head = || head_commit(&folder.path().join("models/a"), Some(folder.path()));
        fs::create_dir_all(folder.path().join("models/a")).unwrap();
        assert_eq!(head(), None, "there is no checkout");
        write(".git/HEAD", &format!("{HEAD}\n"));
        assert_eq!(head().as_deref(), Some(HEAD));
        write(".git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(head(), None);
        write(".git/packed-refs", &format!("# pack-refs with: peeled\n{TIP} refs/heads/main\n"));
        assert_eq!(head().as_deref(), Some(TIP));
        write(".git/refs/heads/main", &format!("{HEAD}\n"));
        assert_eq!(head().as_deref(), Some(HEAD));
        write(".git/HEAD", "ref: ../../outside\n");
        assert_eq!(head(), None);
        write("models/a/.git/HEAD", &format!("{TIP}\n"));
        assert_eq!(head().as_deref(), Some(TIP), "a checkout of its own");
    }

    #[test]
    fn a_checkout_outside_of_the_workspace_is_not_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".git")).unwrap();
        fs::create_dir_all(folder.path().join("workspace")).unwrap();
        fs::write(folder.path().join(".git/HEAD"), HEAD).unwrap();
        let workspace = folder.path().join("workspace");
        assert_eq!(head_commit(&workspace, Some(&workspace)), None);
    }
}
