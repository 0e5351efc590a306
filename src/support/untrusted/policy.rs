//! What a program may see and change.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::program::{ProgramKind, UntrustedProgram};
use crate::support::ExposeSecret;

/// Where the programs of a machine are, and what they need. Nothing here belongs to a person or to one run.
const SYSTEM: [&str; 14] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix",
    "/snap",
    "/home/linuxbrew",
    "/run/current-system",
    "/etc/resolv.conf",
    "/proc",
    "/sys",
];

/// Where software is that did not come with the system, one folder each.
const ADDED: &str = "/opt";

/// What a runner of GitHub Actions keeps in its own folder: its registration and the workspaces of others.
const OF_A_RUNNER: [&str; 4] = [".runner", ".credentials", ".credentials_rsaparams", "_work"];

/// Devices that hold nothing.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Siblings of a folder of programs that belong to it, as in `~/.pyenv/shims` and `~/venv/bin`.
const BESIDE_PROGRAMS: [&str; 7] = ["lib", "lib64", "libexec", "share", "versions", "pyvenv.cfg", "plugins"];

/// The restrictions of a program, in the form that the isolator receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IsolationPolicy {
    /// What may be read and executed.
    pub(super) read: Vec<PathBuf>,
    /// What may be changed as well.
    pub(super) write: Vec<PathBuf>,
    /// Whether connections over TCP are allowed.
    pub(super) network: bool,
    /// Whether the program is not started without Landlock and seccomp.
    pub(super) required: bool,
}

impl IsolationPolicy {
    /// What a program needs: system folders, its checkout, its private folder. `home` is the user's folder, which is never a checkout.
    pub(super) fn of(program: &UntrustedProgram, private: &Path, home: Option<&Path>, required: bool) -> Self {
        let checkout = checkout(&program.folder, home);
        let mut read: Vec<PathBuf> =
            SYSTEM.iter().map(PathBuf::from).chain(etc()).chain(added_software(Path::new(ADDED))).collect();
        let mut write: Vec<PathBuf> = DEVICES.iter().map(PathBuf::from).chain([private.to_owned()]).collect();
        let on_path = program.variables.get("PATH").map(ExposeSecret::expose_secret);
        read.extend(env::split_paths(on_path.unwrap_or_default()).flat_map(|folder| with_libraries(&folder, home)));
        read.extend(program.program.canonicalize().ok());
        read.extend(separate_git_folders(&checkout));
        read.extend(home.into_iter().flat_map(|home| program.settings_of_user.iter().map(|name| home.join(name))));
        match program.kind {
            ProgramKind::Reader => read.push(checkout),
            ProgramKind::Script => write.push(checkout),
        }
        Self { read, write, network: program.kind == ProgramKind::Script, required }
    }
}

/// The checkout that a folder is in, else the folder itself. The user's folder and what contains it are not one, even under git.
pub(super) fn checkout(folder: &Path, home: Option<&Path>) -> PathBuf {
    let folder = folder.canonicalize().unwrap_or_else(|_missing| folder.to_owned());
    let home = home.and_then(|home| home.canonicalize().ok());
    let is_home = |candidate: &Path| home.as_deref().is_some_and(|home| home.starts_with(candidate));
    let found = folder.ancestors().find(|ancestor| ancestor.join(".git").exists());
    let found = found.filter(|found| !is_home(found) && found.parent().is_some()).map(Path::to_owned);
    found.unwrap_or(folder)
}

/// Whether a folder is the user's own.
pub(super) fn is_home(folder: &Path, home: Option<&Path>) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_missing| path.to_owned());
    home.is_some_and(|home| real(home) == real(folder))
}

/// Where git keeps a worktree's history: a `.git` file names it. Only a folder of git's own counts.
fn separate_git_folders(checkout: &Path) -> Vec<PathBuf> {
    let Ok(text) = repository_files::read_text(checkout, Path::new(".git"), 4096) else { return Vec::new() };
    let Some(named) = text.strip_prefix("gitdir:").map(str::trim) else { return Vec::new() };
    let folder = checkout.join(named);
    let mut folders: Vec<PathBuf> = folder.canonicalize().into_iter().collect();
    // A worktree's folder is `.git/worktrees/NAME`, a submodule's `.git/modules/NAME`.
    folders.retain(|folder| folder.components().any(|part| part.as_os_str() == ".git"));
    let whole = folders.first().and_then(|folder| folder.ancestors().find(|ancestor| ancestor.ends_with(".git")));
    folders.extend(whole.map(Path::to_owned));
    folders
}

/// What everybody may read in `/etc`: where this process is root, that does not go without saying.
fn etc() -> Vec<PathBuf> {
    let entries = fs::read_dir("/etc").into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.metadata().is_ok_and(|found| found.permissions().mode() & 0o004 != 0)).collect()
}

/// Folders of added software that everybody may read. A runner is often installed beside them and is not one.
fn added_software(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_public = |path: &PathBuf| path.metadata().is_ok_and(|found| found.permissions().mode() & 0o004 != 0);
    entries.filter(is_public).filter(|path| !OF_A_RUNNER.iter().any(|name| path.join(name).symlink_metadata().is_ok())).collect()
}

/// A folder of programs, with the libraries beside it. `/` and the user's own folder are not one.
fn with_libraries(folder: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let is_too_much = !folder.is_absolute() || folder.parent().is_none() || home.is_some_and(|home| home.starts_with(folder));
    if is_too_much {
        return Vec::new();
    }
    let parent = folder.parent().filter(|parent| home != Some(*parent));
    // Keyrings and the settings of other programs are in `~/.local/share`.
    let is_users = |parent: &Path| home.is_some_and(|home| parent == home.join(".local"));
    let beside = parent.into_iter().flat_map(|parent| {
        let names = BESIDE_PROGRAMS.iter().filter(move |name| !(is_users(parent) && **name == "share"));
        names.map(|name| parent.join(name))
    });
    beside.chain([folder.to_owned()]).collect()
}

/// The user to run as: the owner of the checkout, if this process is root and the owner is not.
pub(super) fn owner(checkout: &Path) -> Option<(u32, u32)> {
    let owner = fs::metadata(checkout).ok()?;
    (rustix::process::geteuid().is_root() && owner.uid() != 0).then(|| (owner.uid(), owner.gid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_around_a_folder_is_seen_and_never_the_users_folder() {
        let outer = tempfile::tempdir().unwrap();
        let outer = outer.path().canonicalize().unwrap();
        fs::create_dir_all(outer.join("home/model/inner")).unwrap();
        fs::create_dir(outer.join("home/.git")).unwrap();
        let (home, inner) = (outer.join("home"), outer.join("home/model/inner"));
        assert_eq!(checkout(&inner, Some(&home)), inner, "settings of a user may be under git");
        fs::create_dir(outer.join("home/model/.git")).unwrap();
        assert_eq!(checkout(&inner, Some(&home)), outer.join("home/model"));
        assert_eq!(checkout(&inner, None), outer.join("home/model"));
    }

    #[test]
    fn only_folders_of_git_are_added_for_a_worktree() {
        let outer = tempfile::tempdir().unwrap();
        let outer = outer.path().canonicalize().unwrap();
        fs::create_dir_all(outer.join("main/.git/worktrees/w")).unwrap();
        fs::create_dir_all(outer.join("secrets")).unwrap();
        fs::create_dir(outer.join("w")).unwrap();
        fs::write(outer.join("w/.git"), "gitdir: ../main/.git/worktrees/w\n").unwrap();
        assert_eq!(separate_git_folders(&outer.join("w")), [outer.join("main/.git/worktrees/w"), outer.join("main/.git")]);
        fs::write(outer.join("w/.git"), "gitdir: ../secrets\n").unwrap();
        assert!(separate_git_folders(&outer.join("w")).is_empty());
    }

    #[test]
    fn added_software_can_be_read_and_a_runner_beside_it_cannot() {
        let outer = tempfile::tempdir().unwrap();
        for folder in ["pipx/bin", "actions-runner/bin", "private"] {
            fs::create_dir_all(outer.path().join(folder)).unwrap();
        }
        fs::write(outer.path().join("actions-runner/.credentials"), "{}").unwrap();
        fs::set_permissions(outer.path().join("private"), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(added_software(outer.path()), [outer.path().join("pipx")]);
        assert!(added_software(&outer.path().join("missing")).is_empty());
    }

    #[test]
    fn only_git_reads_the_users_settings_of_git() {
        let outer = tempfile::tempdir().unwrap();
        let home = outer.path().join("home");
        let read = |program: &UntrustedProgram| IsolationPolicy::of(program, outer.path(), Some(&home), true).read;
        let is_of_home = |path: &PathBuf| path.starts_with(&home);
        let ruff = UntrustedProgram::new(ProgramKind::Reader, "ruff", outer.path().join("model"));
        assert!(!read(&ruff).iter().any(is_of_home));
        let git = super::super::git(&outer.path().join("model"), |_| None, &["status"]);
        assert!(read(&git).contains(&home.join(".gitconfig")));
    }

    #[test]
    fn a_reader_changes_nothing_and_reaches_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let private = tempfile::tempdir().unwrap();
        let reader = UntrustedProgram::new(ProgramKind::Reader, "git", folder.path());
        let policy = IsolationPolicy::of(&reader, private.path(), None, true);
        let root = folder.path().canonicalize().unwrap();
        assert!(policy.read.contains(&root) && !policy.write.contains(&root) && !policy.network);
        let script = UntrustedProgram { kind: ProgramKind::Script, ..reader };
        let policy = IsolationPolicy::of(&script, private.path(), None, true);
        assert!(policy.write.contains(&root) && policy.network);
    }
}
