//! The project's layer against the step of a build that it stands for: the same shell command, run on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use safe_push::build::{Graft, list_context};
use safe_push::domain::identity::VersionRef;

use super::fixture::{Fixture, FullBuild};

/// Something in a project.
#[derive(Debug, Clone)]
enum Thing {
    File { content: Vec<u8>, mode: u32 },
    Folder { mode: u32 },
    Link { target: String },
}

fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a",
        "b",
        "data",
        "umlaut-äöü",
        "with blank",
        "-dash",
        ".hidden",
        "weights.bin",
        "ignored.log",
        "日本",
        "x".repeat(120).leak(),
    ])
    .prop_map(str::to_owned)
}

fn things() -> impl Strategy<Value = Thing> {
    let modes = prop::sample::select(vec![0o644, 0o600, 0o755, 0o750, 0o444]);
    prop_oneof![
        4 => (prop::collection::vec(any::<u8>(), 0..400), modes).prop_map(|(content, mode)| Thing::File { content, mode }),
        2 => prop::sample::select(vec![0o755, 0o700, 0o775]).prop_map(|mode| Thing::Folder { mode }),
        1 => prop::sample::select(vec!["run.py", "../outside", "/etc/passwd", "missing"]).prop_map(|target| Thing::Link { target: target.to_owned() }),
    ]
}

fn projects() -> impl Strategy<Value = (BTreeMap<Vec<String>, Thing>, Option<&'static str>, bool)> {
    let path = prop::collection::vec(names(), 1..4);
    let ignored = prop::option::of(prop::sample::select(vec!["*.log\n", "data\n!data/a\n", "**/b\n", "weights.bin\n"]));
    (prop::collection::btree_map(path, things(), 0..12), ignored, any::<bool>())
}

fn write(root: &Path, project: &BTreeMap<Vec<String>, Thing>) {
    for (parts, thing) in project {
        let path: PathBuf = parts.iter().fold(root.to_owned(), |path, part| path.join(part));
        // What is in the way of another thing stays.
        if path.symlink_metadata().is_ok() || fs::create_dir_all(path.parent().unwrap()).is_err() {
            continue;
        }
        let (made, mode) = match thing {
            Thing::File { content, mode } => (fs::write(&path, content), Some(*mode)),
            Thing::Folder { mode } => (fs::create_dir(&path), Some(*mode)),
            Thing::Link { target } => (symlink(target, &path), None),
        };
        if let (Ok(()), Some(mode)) = (made, mode) {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

/// Everything about a tree that a model can see: type, mode, time, content or target.
fn tree(root: &Path) -> BTreeMap<PathBuf, String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let kind = metadata.file_type();
            let content = match (kind.is_symlink(), kind.is_dir()) {
                (true, _) => format!("-> {}", fs::read_link(&path).unwrap().display()),
                (_, true) => "folder".to_owned(),
                _ => format!("{:?}", fs::read(&path).unwrap()),
            };
            let shown = format!("{:o} {} {content}", metadata.mode(), metadata.mtime());
            found.insert(path.strip_prefix(root).unwrap().to_owned(), shown);
            if kind.is_dir() {
                walk(root, &path, found);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

fn shell(command: &str) {
    let output = Command::new("sh").args(["-c", command]).env("SOURCE_DATE_EPOCH", "315532800").output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What the step of the build makes of the files that are sent.
fn built(project: &Path, copy_command: &str, scratch: &Path) -> BTreeMap<PathBuf, String> {
    let (mount, image) = (scratch.join("mnt"), scratch.join("image"));
    fs::create_dir(&mount).unwrap();
    fs::create_dir(&image).unwrap();
    let listed: Vec<u8> = list_context(project)
        .unwrap()
        .iter()
        .flat_map(|path| {
            let mut line = b"./".to_vec();
            line.extend(path.as_os_str().as_encoded_bytes());
            line.push(0);
            line
        })
        .collect();
    let list = scratch.join("list");
    fs::write(&list, listed).unwrap();
    shell(&format!(
        "tar -C '{}' --no-recursion --null --verbatim-files-from -T '{}' -cf - | tar -C '{}' -xpf -",
        project.display(),
        list.display(),
        mount.display()
    ));
    let command =
        copy_command.replace("/mnt", &mount.display().to_string()).replace("/src", &image.join("src").display().to_string());
    shell(&command);
    tree(&image)
}

/// What a daemon unpacks of the graft's layer.
fn grafted(graft: &Graft, scratch: &Path) -> BTreeMap<PathBuf, String> {
    let image = scratch.join("grafted");
    fs::create_dir(&image).unwrap();
    let layer = graft.layers[0].file.try_clone().unwrap();
    std::io::Seek::rewind(&mut (&layer)).unwrap();
    let unpacked = Command::new("tar").arg("-C").arg(&image).args(["-xzpf", "-"]).stdin(Stdio::from(layer)).output().unwrap();
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    tree(&image)
}

#[test]
fn any_project_has_the_same_files_in_a_graft_as_in_a_build() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() });
    let (plain, renamed): ((Fixture, VersionRef), (Fixture, VersionRef)) = runtime.block_on(async {
        let plain = Fixture::new().await;
        let version = plain.full_build(&FullBuild::default()).await;
        let mut renamed = Fixture::new().await;
        renamed.source.config_file = "gpu model.yaml".to_owned();
        let other = renamed.full_build(&FullBuild::default()).await;
        ((plain, version), (renamed, other))
    });
    let (plain, renamed) = (std::sync::Mutex::new(plain), std::sync::Mutex::new(renamed));
    let checked = runner.run(&projects(), |(project, ignored, is_renamed)| {
        let mut guard = if is_renamed { renamed.lock().unwrap() } else { plain.lock().unwrap() };
        let (fixture, version) = &mut *guard;
        let (folder, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(folder.path(), &project);
        let config = folder.path().join(&fixture.source.config_file);
        // A link would have other content, and a folder is a reason to build.
        if config.symlink_metadata().is_err() {
            fs::write(&config, "run: run.py:Runner\n").unwrap();
        }
        if let Some(ignored) = ignored {
            fs::write(folder.path().join(".dockerignore"), ignored).unwrap();
        }
        fixture.source.folder = folder;
        let (graft, request) =
            runtime.block_on(async { (fixture.graft_on(version).await.unwrap(), fixture.source.request().await) });
        let copy_command = request.recipe.source.unwrap().copy_command;
        let expected = built(fixture.source.path(), &copy_command, scratch.path());
        prop_assert_eq!(grafted(&graft, scratch.path()), expected);
        Ok(())
    });
    checked.unwrap();
}
