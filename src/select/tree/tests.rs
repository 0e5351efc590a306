use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;

struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { folder: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn before(&self) -> Snapshot {
        Snapshot::take(self.folder.path()).unwrap()
    }

    /// All files with their content.
    fn all(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let entries =
            scan::scan(self.folder.path(), ContentPolicy::Kept { most_file_bytes: 1 << 30, most_bytes: 1 << 30 }).unwrap();
        entries.into_iter().map(|(path, entry)| (path, entry.bytes)).collect()
    }

    /// Everything is as it was, whatever is done to it.
    fn is_put_back_after(&self, work: impl FnOnce(&Self)) {
        let (all, before) = (self.all(), self.before());
        work(self);
        assert_eq!(before.changes().unwrap().restore(), Vec::<String>::new());
        assert_eq!(self.all(), all);
    }
}

#[test]
fn a_changed_file_is_put_back() {
    let tree = Tree::new(&[("cog.yaml", "old"), ("predict.py", "same")]);
    tree.is_put_back_after(|tree| tree.write("cog.yaml", "a new one that is longer"));
}

#[test]
fn a_replaced_file_is_put_back() {
    let tree = Tree::new(&[("cog.yaml", "old")]);
    tree.is_put_back_after(|tree| {
        tree.write("cog.yaml.tmp", "new");
        fs::rename(tree.path("cog.yaml.tmp"), tree.path("cog.yaml")).unwrap();
    });
}

#[test]
fn new_files_and_folders_go() {
    let tree = Tree::new(&[("a", "a")]);
    tree.is_put_back_after(|tree| {
        tree.write("cog.yaml", "new");
        tree.write("deep/er/file", "new");
        symlink("/etc", tree.path("link")).unwrap();
    });
}

#[test]
fn removed_files_and_folders_come_back() {
    let tree = Tree::new(&[("a", "a"), ("deep/er/b", "b"), ("deep/c", "c")]);
    fs::create_dir(tree.path("empty")).unwrap();
    tree.is_put_back_after(|tree| {
        fs::remove_file(tree.path("a")).unwrap();
        fs::remove_dir_all(tree.path("deep")).unwrap();
        fs::remove_dir(tree.path("empty")).unwrap();
    });
}

#[test]
fn a_folder_in_place_of_a_file_and_the_other_way_round() {
    let tree = Tree::new(&[("a", "a"), ("b/c", "c")]);
    tree.is_put_back_after(|tree| {
        fs::remove_file(tree.path("a")).unwrap();
        tree.write("a/x", "x");
        fs::remove_dir_all(tree.path("b")).unwrap();
        tree.write("b", "b");
    });
}

#[test]
fn links_are_put_back_and_never_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("file"), "outside").unwrap();
    let tree = Tree::new(&[("a", "a")]);
    symlink("a", tree.path("link")).unwrap();
    let before = tree.before();
    fs::remove_file(tree.path("link")).unwrap();
    symlink(outside.path().join("file"), tree.path("link")).unwrap();
    assert!(before.changes().unwrap().restore().is_empty());
    assert_eq!(fs::read_link(tree.path("link")).unwrap(), PathBuf::from("a"));
    assert_eq!(fs::read_to_string(outside.path().join("file")).unwrap(), "outside");
}

#[test]
fn a_way_through_a_link_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    let tree = Tree::new(&[("d/a", "a"), ("z", "z")]);
    let before = tree.before();
    fs::remove_dir_all(tree.path("d")).unwrap();
    let changes = before.changes().unwrap();
    symlink(outside.path(), tree.path("d")).unwrap();
    let reported = changes.restore();
    assert!(reported.iter().any(|line| line.starts_with("d/a ") && line.ends_with("d is a link")), "{reported:?}");
    assert!(!outside.path().join("a").exists());
}

#[test]
fn the_users_own_work_is_what_is_put_back() {
    let tree = Tree::new(&[("cog.yaml", "committed")]);
    tree.write("cog.yaml", "the user's own change");
    tree.is_put_back_after(|tree| tree.write("cog.yaml", "the script's"));
    assert_eq!(tree.read("cog.yaml"), "the user's own change");
}

#[test]
fn what_somebody_changed_after_the_script_is_left_alone() {
    let tree = Tree::new(&[("cog.yaml", "old"), ("gone", "gone")]);
    let before = tree.before();
    tree.write("cog.yaml", "the script's");
    tree.write("made", "the script's");
    fs::remove_file(tree.path("gone")).unwrap();
    let changes = before.changes().unwrap();
    tree.write("cog.yaml", "the user's own");
    tree.write("made", "the user's own");
    tree.write("gone", "the user's own");
    assert_eq!(
        changes.restore(),
        ["made", "cog.yaml", "gone"].map(|path| format!("{path} was changed after the select script, and was left as it is"))
    );
    assert_eq!([tree.read("cog.yaml"), tree.read("made"), tree.read("gone")], ["the user's own"; 3]);
}

#[test]
fn a_folder_that_came_to_hold_something_stays() {
    let tree = Tree::new(&[]);
    let before = tree.before();
    tree.write("made/file", "the script's");
    let changes = before.changes().unwrap();
    tree.write("made/cache", "the run's");
    assert_eq!(changes.restore(), ["made was made by the select script and stays, for something else is in it"]);
    assert!(!tree.path("made/file").exists() && tree.path("made/cache").exists());
}

#[test]
fn permissions_and_times_are_put_back() {
    let tree = Tree::new(&[("run.sh", "old")]);
    fs::set_permissions(tree.path("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    let was = fs::metadata(tree.path("run.sh")).unwrap();
    tree.is_put_back_after(|tree| {
        tree.write("run.sh", "new");
        fs::set_permissions(tree.path("run.sh"), fs::Permissions::from_mode(0o644)).unwrap();
    });
    let is = fs::metadata(tree.path("run.sh")).unwrap();
    assert_eq!((is.mode(), is.mtime(), is.mtime_nsec()), (was.mode(), was.mtime(), was.mtime_nsec()));
}

#[test]
fn a_read_only_file_is_put_back() {
    let tree = Tree::new(&[("cog.yaml", "old")]);
    tree.is_put_back_after(|tree| {
        tree.write("cog.yaml", "new");
        fs::set_permissions(tree.path("cog.yaml"), fs::Permissions::from_mode(0o444)).unwrap();
    });
}

#[test]
fn a_file_that_is_too_large_is_reported() {
    let tree = Tree::new(&[]);
    fs::write(tree.path("weights"), vec![0; 3 * 1024 * 1024]).unwrap();
    let before = tree.before();
    tree.write("weights", "other");
    assert_eq!(before.changes().unwrap().restore(), ["weights was changed by the select script and is too large to be restored"]);
}

#[test]
fn a_large_file_that_is_left_alone_or_new_is_accepted() {
    let tree = Tree::new(&[]);
    fs::write(tree.path("weights"), vec![0; 3 * 1024 * 1024]).unwrap();
    let before = tree.before();
    fs::write(tree.path("more"), vec![0; 3 * 1024 * 1024]).unwrap();
    assert!(before.changes().unwrap().restore().is_empty());
    assert!(tree.path("weights").exists() && !tree.path("more").exists());
}

#[test]
fn git_is_left_to_git() {
    let tree = Tree::new(&[(".git/index", "old"), ("sub/.git", "gitdir: x")]);
    let before = tree.before();
    tree.write(".git/index", "new");
    let changes = before.changes().unwrap();
    assert_eq!(changes.files().count(), 0);
    assert!(changes.restore().is_empty());
    assert_eq!(tree.read(".git/index"), "new");
}

#[test]
fn changed_files_are_named() {
    let tree = Tree::new(&[("a", "a"), ("b", "b")]);
    let before = tree.before();
    tree.write("a", "x");
    tree.write("new/file", "x");
    fs::remove_file(tree.path("b")).unwrap();
    let changes = before.changes().unwrap();
    let files: Vec<String> = changes.files().map(|path| path.display().to_string()).collect();
    assert_eq!(files, ["a", "b", "new/file"]);
}

#[test]
fn a_folder_that_is_not_there_cannot_be_remembered() {
    assert!(Snapshot::take(Path::new("/nowhere/at/all")).is_err());
}

mod any_work {
    use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};

    use super::*;

    #[derive(Debug, Clone)]
    enum Work {
        Write(usize, String),
        Replace(usize, String),
        Remove(usize),
        Link(usize),
        Mode(usize, u32),
    }

    const PATHS: [&str; 7] = ["a", "b", "d/a", "d/b", "d/e/a", "f/a", "new"];

    fn work() -> impl Strategy<Value = Work> {
        let path = || 0..PATHS.len();
        prop_oneof![
            (path(), "[a-c]{0,3}").prop_map(|(path, text)| Work::Write(path, text)),
            (path(), "[a-c]{0,3}").prop_map(|(path, text)| Work::Replace(path, text)),
            path().prop_map(Work::Remove),
            path().prop_map(Work::Link),
            (path(), prop_oneof![Just(0o600), Just(0o755), Just(0o444)]).prop_map(|(path, mode)| Work::Mode(path, mode)),
        ]
    }

    /// Scripts fail now and then; what they have done by then counts.
    fn perform(tree: &Tree, work: &Work) -> io::Result<()> {
        match work {
            Work::Write(path, text) => {
                fs::create_dir_all(tree.path(PATHS[*path]).parent().unwrap())?;
                fs::write(tree.path(PATHS[*path]), text)
            }
            Work::Replace(path, text) => {
                fs::write(tree.path("temporary"), text)?;
                fs::rename(tree.path("temporary"), tree.path(PATHS[*path])).or_else(|_| fs::remove_file(tree.path("temporary")))
            }
            Work::Remove(path) => match PATHS[*path].split_once('/') {
                Some((folder, _)) => fs::remove_dir_all(tree.path(folder)),
                None => fs::remove_file(tree.path(PATHS[*path])),
            },
            Work::Link(path) => symlink("a", tree.path(PATHS[*path])),
            Work::Mode(path, mode) => fs::set_permissions(tree.path(PATHS[*path]), fs::Permissions::from_mode(*mode)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn is_undone(works in proptest::collection::vec(work(), 0..12)) {
            let tree = Tree::new(&[("a", "a"), ("b", "b"), ("d/a", "da"), ("d/e/a", "dea")]);
            let modes = |tree: &Tree| -> Vec<u32> {
                ["a", "b", "d/a", "d/e/a"].iter().map(|path| fs::symlink_metadata(tree.path(path)).unwrap().mode()).collect()
            };
            let was = modes(&tree);
            tree.is_put_back_after(|tree| {
                for work in &works {
                    let _failed = perform(tree, work);
                }
            });
            assert_eq!(modes(&tree), was);
        }
    }
}

#[test]
fn files_that_are_left_are_those_that_are_neither_gone_nor_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let large = vec![b'x'; usize::try_from(MAX_FILE_BYTES).unwrap() + 1];
    for (name, bytes) in
        [("same.txt", &b"same"[..]), ("changed.txt", b"old"), ("deleted.txt", b"old"), ("large.bin", &large), ("apart.txt", b"a")]
    {
        fs::write(path(name), bytes).unwrap();
    }
    symlink("same.txt", path("link")).unwrap();
    let before = Snapshot::take(folder.path()).unwrap();
    for name in ["same.txt", "changed.txt", "new.txt", "gone.txt", "apart.txt"] {
        fs::write(path(name), "key").unwrap();
    }
    fs::create_dir(path("made")).unwrap();
    fs::write(path("made/key.txt"), "key").unwrap();
    fs::write(path("large.bin"), [&large[..], b"y"].concat()).unwrap();
    fs::remove_file(path("deleted.txt")).unwrap();
    fs::remove_file(path("link")).unwrap();
    symlink("elsewhere", path("link")).unwrap();
    let changes = before.changes().unwrap();
    // Written anew, with the same content.
    fs::remove_file(path("same.txt")).unwrap();
    fs::write(path("same.txt"), "same").unwrap();
    fs::remove_file(path("gone.txt")).unwrap();
    let left: Vec<&Path> = changes.left().collect();
    assert_eq!(left, ["apart.txt", "changed.txt", "large.bin", "link", "made/key.txt", "new.txt"].map(Path::new));
}
