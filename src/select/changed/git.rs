//! The list of changed files from a checkout's own history.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cog_findings::text::shorten;

use crate::select::changed::{ChangedFile, ChangedFiles, FileStatus, ListSource};
use crate::support::process::{Bounds, ProcessOutput};
use crate::support::untrusted::{DIFF_WITHOUT_PROGRAMS, FiltersOff, Launcher, UntrustedProgram, git};

/// Git answers at once, except for its first scan of a large working tree.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A longer list is cut, and then counts as unknown.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The default base of comparisons: origin's default branch.
const BASES: [&str; 3] = ["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master"];

/// A checkout.
#[derive(Clone, Copy)]
pub struct GitRepository<'a> {
    /// The folder in it that is compared.
    pub folder: &'a Path,
    /// Variables of the environment. Git gets the few that it needs.
    pub environment: &'a BTreeMap<String, String>,
    /// Whether the run was canceled.
    pub cancelled: &'a dyn Fn() -> bool,
    /// Starts git.
    pub launcher: &'a Launcher,
}

/// The files that differ between the working tree and the point where it branched off `base`, or else origin's default branch. Uncommitted
/// changes count, because they would be built. Blocks while git runs.
pub fn changed_since(repository: GitRepository<'_>, base: Option<&str>) -> ChangedFiles {
    match list(repository, base) {
        Ok(files) => files,
        Err(reason) => ChangedFiles::unknown(reason),
    }
}

/// The folder within its checkout, with `/`; `None` if git does not know it. Blocks while git runs.
pub fn folder_in_checkout(repository: GitRepository<'_>) -> Option<String> {
    repository.line(&["rev-parse", "--show-prefix"])
}

fn list(repository: GitRepository<'_>, base: Option<&str>) -> Result<ChangedFiles, String> {
    let Some(prefix) = folder_in_checkout(repository) else {
        return Err("the folder is not a git repository, or git is not installed".to_owned());
    };
    let base = repository.base(base)?;
    let Some(left) = repository.line(&["merge-base", &base.commit, "HEAD"]) else {
        return Err(format!("git does not know where HEAD left {}: the history may be shallow (fetch-depth: 0)", base.name));
    };
    let filters = FiltersOff::find(|arguments| repository.git(arguments), |program| repository.run(&program));
    let filters = filters.map_err(|error| error.to_string())?;
    let compared = ["diff", "--name-status", "-z", "--find-renames"].into_iter().chain(DIFF_WITHOUT_PROGRAMS);
    let arguments: Vec<&str> = compared.chain([left.as_str(), "--"]).collect();
    let changed = output(repository.run(&filters.apply(repository.git(&arguments))));
    let untracked = repository.bytes(&["ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", ":/"]);
    let (Some(changed), Some(untracked)) = (changed, untracked) else {
        return Err("git could not list the changed files".to_owned());
    };
    let mut files = parse(&changed).ok_or("git's list of changed files could not be read")?;
    files.extend(records(&untracked).map(|path| ChangedFile::new(path, FileStatus::Added)));
    Ok(ChangedFiles::complete(ListSource::Git, files).seen_from(&prefix))
}

struct Base {
    name: String,
    commit: String,
}

impl GitRepository<'_> {
    fn base(self, named: Option<&str>) -> Result<Base, String> {
        let commit = |name: &str| {
            let commit = format!("{name}^{{commit}}");
            self.line(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])
        };
        if let Some(name) = named {
            // A branch that only the remote has is meant by its plain name as well.
            let found = commit(name).or_else(|| commit(&format!("refs/remotes/origin/{name}")));
            let shown = shorten(name, 100);
            return match found {
                Some(commit) => Ok(Base { name: shown, commit }),
                None => Err(format!("git does not know '{shown}' (--base)")),
            };
        }
        let found = BASES.iter().find_map(|name| Some(Base { name: (*name).to_owned(), commit: commit(name)? }));
        found.ok_or_else(|| "git does not know origin's default branch; name a commit with --base".to_owned())
    }

    /// The output of git, if it succeeds.
    fn bytes(self, arguments: &[&str]) -> Option<Vec<u8>> {
        output(self.run(&self.git(arguments)))
    }

    fn git(self, arguments: &[&str]) -> UntrustedProgram {
        git(self.folder, |name| self.environment.get(name).map(String::as_str), arguments)
    }

    fn run(self, program: &UntrustedProgram) -> Option<ProcessOutput> {
        let bounds = Bounds { time: TIME_LIMIT, bytes: MAX_BYTES, cancelled: self.cancelled };
        self.launcher.run(program, bounds).inspect_err(|error| tracing::debug!(%error, "git")).ok()
    }

    fn line(self, arguments: &[&str]) -> Option<String> {
        Some(String::from_utf8_lossy(&self.bytes(arguments)?).trim().to_owned())
    }
}

fn output(ended: Option<ProcessOutput>) -> Option<Vec<u8>> {
    ended.filter(|ended| ended.status.success() && !ended.stdout.cut).map(|ended| ended.stdout.bytes)
}

fn records(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|byte| *byte == 0).filter(|record| !record.is_empty()).map(|record| String::from_utf8_lossy(record).into_owned())
}

/// Reads `git diff --name-status -z`: a status, then one path, or two for what was renamed or copied.
fn parse(bytes: &[u8]) -> Option<Vec<ChangedFile>> {
    let mut records = records(bytes);
    let mut files = Vec::new();
    while let Some(status) = records.next() {
        let (status, has_two) = match status.chars().next()? {
            'A' => (FileStatus::Added, false),
            'D' => (FileStatus::Removed, false),
            'M' => (FileStatus::Modified, false),
            'T' => (FileStatus::Changed, false),
            'R' => (FileStatus::Renamed, true),
            'C' => (FileStatus::Copied, true),
            _ => (FileStatus::Other, false),
        };
        let first = records.next()?;
        files.push(match has_two {
            true => ChangedFile { previous: Some(first), path: records.next()?, status },
            false => ChangedFile::new(first, status),
        });
    }
    Some(files)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    struct Checkout {
        folder: tempfile::TempDir,
        environment: BTreeMap<String, String>,
    }

    impl Checkout {
        /// A repository whose origin has one commit.
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let environment = BTreeMap::from([
                ("PATH".to_owned(), std::env::var_os("PATH").unwrap().into_string().unwrap()),
                ("HOME".to_owned(), folder.path().display().to_string()),
            ]);
            let checkout = Self { folder, environment };
            checkout.git("init --quiet --initial-branch=main");
            checkout.write("predict.py", "one\ntwo\nthree\n");
            checkout.write("models/a/x.py", "x\n");
            checkout.write(".gitignore", "*.log\n");
            checkout.commit();
            checkout
        }

        fn git(&self, line: &str) {
            let words = line.split(' ');
            let settings = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"];
            let output = Command::new("git").args(settings).args(words).current_dir(self.folder.path()).output().unwrap();
            assert!(output.status.success(), "git {line}: {}", String::from_utf8_lossy(&output.stderr));
        }

        fn commit(&self) {
            self.git("add --all");
            self.git("commit --quiet --message=change");
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn changed_in(&self, folder: &str, base: Option<&str>) -> ChangedFiles {
            let folder = self.folder.path().join(folder);
            changed_since(
                GitRepository {
                    folder: &folder,
                    environment: &self.environment,
                    cancelled: &|| false,
                    launcher: &Launcher::without_isolator(),
                },
                base,
            )
        }

        fn paths(&self, base: Option<&str>) -> Vec<String> {
            let files = self.changed_in("", base);
            assert!(matches!(files, ChangedFiles::Known { .. }), "{files:?}");
            files.paths().map(str::to_owned).collect()
        }

        fn reason(&self, base: Option<&str>) -> String {
            match self.changed_in("", base) {
                ChangedFiles::Unknown { reason } => reason,
                known => panic!("{known:?}"),
            }
        }
    }

    #[test]
    fn commits_since_origins_default_branch_are_listed() {
        let checkout = Checkout::new();
        checkout.git("update-ref refs/remotes/origin/main HEAD");
        assert!(checkout.paths(None).is_empty());
        checkout.write("predict.py", "another\n");
        checkout.write("new.py", "new\n");
        checkout.commit();
        assert_eq!(checkout.paths(None), ["new.py", "predict.py"]);
    }

    #[test]
    fn origins_own_default_branch_comes_first() {
        let checkout = Checkout::new();
        checkout.git("update-ref refs/remotes/origin/main HEAD");
        checkout.write("new.py", "new\n");
        checkout.commit();
        checkout.git("update-ref refs/remotes/origin/trunk HEAD");
        checkout.git("symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/trunk");
        assert!(checkout.paths(None).is_empty());
    }

    #[test]
    fn what_the_base_gained_since_does_not_count() {
        let checkout = Checkout::new();
        checkout.git("checkout --quiet -b feature");
        checkout.write("feature.py", "f\n");
        checkout.commit();
        checkout.git("checkout --quiet main");
        checkout.write("other.py", "o\n");
        checkout.commit();
        checkout.git("checkout --quiet feature");
        assert_eq!(checkout.paths(Some("main")), ["feature.py"]);
    }

    #[test]
    fn what_is_not_committed_counts_and_what_is_ignored_does_not() {
        let checkout = Checkout::new();
        checkout.write("predict.py", "another\n");
        checkout.write("staged.py", "s\n");
        checkout.git("add staged.py");
        checkout.write("new file.py", "n\n");
        checkout.write("run.log", "l\n");
        assert_eq!(checkout.paths(Some("HEAD")), ["predict.py", "staged.py", "new file.py"]);
    }

    #[test]
    fn renamed_and_removed_files_are_listed() {
        let checkout = Checkout::new();
        checkout.git("mv predict.py renamed.py");
        checkout.git("rm --quiet models/a/x.py");
        checkout.commit();
        let ChangedFiles::Known { files, .. } = checkout.changed_in("", Some("HEAD~1")) else { panic!() };
        assert_eq!(
            files,
            [ChangedFile::new("models/a/x.py", FileStatus::Removed), ChangedFile::renamed("predict.py", "renamed.py")]
        );
    }

    #[test]
    fn names_with_strange_characters_are_kept() {
        let checkout = Checkout::new();
        checkout.write("ä\tb\n\"c\".py", "x\n");
        checkout.commit();
        assert_eq!(checkout.paths(Some("HEAD~1")), ["ä\tb\n\"c\".py"]);
    }

    #[test]
    fn a_folder_of_the_checkout_sees_its_own_paths() {
        let checkout = Checkout::new();
        checkout.write("models/a/x.py", "y\n");
        checkout.write("models/b/new.py", "y\n");
        let files = checkout.changed_in("models/a", Some("HEAD"));
        assert_eq!(files.paths().collect::<Vec<_>>(), ["x.py", "../b/new.py"]);
    }

    #[test]
    fn a_base_that_is_not_known_is_reported() {
        let checkout = Checkout::new();
        assert_eq!(checkout.reason(None), "git does not know origin's default branch; name a commit with --base");
        assert_eq!(checkout.reason(Some("nothing")), "git does not know 'nothing' (--base)");
        assert_eq!(checkout.reason(Some("--output=x")), "git does not know '--output=x' (--base)");
        assert!(!checkout.folder.path().join("x").exists());
    }

    /// A filter that leaves a mark, in settings of the checkout and of its submodule. Nothing but the settings keeps it from running here.
    #[test]
    fn filters_are_not_run_whatever_they_are_called() {
        let checkout = Checkout::new();
        let outside = tempfile::tempdir().unwrap();
        let (mark, filter) = (outside.path().join("mark"), outside.path().join("filter"));
        fs::write(&filter, format!("#!/bin/sh\ntouch '{}'\ncat\n", mark.display())).unwrap();
        fs::set_permissions(&filter, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        checkout.write("inner/x.txt", "x\n");
        for line in ["init --quiet", "add --all", "commit --quiet --message=x"] {
            checkout.git(&format!("-C inner {line}"));
        }
        checkout.write(".gitmodules", "[submodule \"inner\"]\n\tpath = inner\n\turl = ./inner\n\tignore = none\n");
        checkout.commit();
        for (folder, file) in [(".", "predict.py"), ("inner", "x.txt")] {
            checkout.git(&format!("-C {folder} config filter.a=b.clean {}", filter.display()));
            checkout.write(&format!("{folder}/.git/info/attributes"), "* filter=a=b\n");
            checkout.write(&format!("{folder}/{file}"), "z\n");
        }
        assert_eq!(checkout.paths(Some("HEAD")), ["predict.py"]);
        assert!(!mark.exists(), "git started a filter");
        checkout.git("diff --stat");
        assert!(mark.exists(), "the setting is effective");

        fs::remove_file(&mark).unwrap();
        let settings = checkout.folder.path().join(".git/config");
        let hostile = format!("\"]\n\tclean = {}\n", filter.display());
        fs::write(&settings, [&fs::read(&settings).unwrap(), &b"[filter \"\xff"[..], hostile.as_bytes()].concat()).unwrap();
        fs::write(checkout.folder.path().join(".git/info/attributes"), b"* filter=\xff\n").unwrap();
        assert_eq!(checkout.reason(Some("HEAD")), "a filter in git's settings has a name that is not UTF-8");
        assert!(!mark.exists(), "git started a filter");
        checkout.git("diff --stat");
        assert!(mark.exists(), "the setting is effective");
    }

    #[test]
    fn histories_without_a_common_commit_are_reported() {
        let checkout = Checkout::new();
        checkout.git("checkout --quiet --orphan other");
        checkout.write("other.py", "o\n");
        checkout.commit();
        assert!(checkout.reason(Some("main")).starts_with("git does not know where HEAD left main"));
    }

    #[test]
    fn a_folder_without_git_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let environment = BTreeMap::from([("PATH".to_owned(), std::env::var_os("PATH").unwrap().into_string().unwrap())]);
        let launcher = Launcher::without_isolator();
        let repository =
            GitRepository { folder: folder.path(), environment: &environment, cancelled: &|| false, launcher: &launcher };
        assert_eq!(
            changed_since(repository, None),
            ChangedFiles::unknown("the folder is not a git repository, or git is not installed")
        );
    }

    #[test]
    fn a_list_that_ends_early_is_none() {
        assert_eq!(parse(b"R100\0a\0"), None);
        assert_eq!(parse(b"M\0"), None);
        assert_eq!(parse(b""), Some(Vec::new()));
        assert_eq!(parse(b"U\0a\0"), Some(vec![ChangedFile::new("a", FileStatus::Other)]));
    }
}
