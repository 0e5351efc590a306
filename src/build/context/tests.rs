use std::os::unix::fs::{PermissionsExt as _, symlink};

use futures::StreamExt;
use tokio::io::AsyncReadExt;

use super::archive::PIPE_BYTES;
use super::*;

const TIME: u64 = 1_700_000_000;

/// A project with these files; names that end in `/` are folders.
fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, contents) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
    folder
}

fn sent(files: &[(&str, &str)]) -> Vec<String> {
    let folder = project(files);
    list_context(folder.path()).unwrap().into_iter().map(|path| path.to_string_lossy().into_owned()).collect()
}

async fn archive(folder: &Path, generated: Vec<RecipeFile>) -> Vec<u8> {
    let (mut stream, _) = ContextFiles::scan(folder, &[], generated).unwrap().into_stream(TIME);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

fn generated(path: &str, contents: &str) -> RecipeFile {
    RecipeFile { path: path.to_owned(), contents: contents.as_bytes().to_vec() }
}

#[test]
fn everything_but_git_and_cogs_own_folder_is_sent_in_order() {
    let files = [("b.py", ""), ("a/z.txt", ""), ("a/b.txt", ""), (".git/config", ""), (".cog/cache/x", ""), ("sub/config", "")];
    assert_eq!(sent(&files), ["a", "a/b.txt", "a/z.txt", "b.py", "sub", "sub/config"]);
}

#[test]
fn the_settings_of_another_checkout_are_not_sent() {
    let files =
        [("sub/.git/config", "token"), ("sub/.git/modules/x/config", "token"), ("sub/.git/FETCH_HEAD", ""), ("sub/.git/HEAD", "")];
    assert_eq!(sent(&files), ["sub", "sub/.git", "sub/.git/HEAD", "sub/.git/modules", "sub/.git/modules/x"]);
}

#[test]
fn the_ignore_file_is_applied_and_sent_too() {
    let files = [(".dockerignore", "data\n*.log\n"), ("data/big", ""), ("a.log", ""), ("sub/a.log", ""), ("predict.py", "")];
    assert_eq!(sent(&files), [".dockerignore", "predict.py", "sub", "sub/a.log"]);
}

#[test]
fn an_exception_brings_only_its_own_folders_along() {
    let files =
        [(".dockerignore", "data\n!data/keep/x\n!data/empty/no\n"), ("data/keep/x", ""), ("data/keep/y", ""), ("data/empty/z", "")];
    assert_eq!(sent(&files), [".dockerignore", "data", "data/keep", "data/keep/x"]);
}

#[test]
fn a_bad_ignore_file_is_an_error_with_a_hint() {
    let folder = project(&[(".dockerignore", "ok\n[\n")]);
    let error = list_context(folder.path()).unwrap_err();
    assert_eq!(error.to_string(), "line 2 of .dockerignore is not a pattern: '['");
    assert!(error.hint().is_some());
}

#[test]
fn a_missing_project_is_an_error() {
    assert!(matches!(list_context(Path::new("/nonexistent/project")), Err(ContextError::Unreadable { .. })));
}

#[test]
fn generated_files_stay_in_their_folder() {
    let folder = project(&[]);
    for path in ["Dockerfile", ".cog/build/../../x", ".cog/build/", "/.cog/build/x", ".cog/build/a//b"] {
        let outcome = ContextFiles::scan(folder.path(), &[], vec![generated(path, "")]);
        assert!(matches!(outcome, Err(ContextError::Misplaced { .. })), "{path}");
    }
}

#[test]
fn sockets_are_not_sent() {
    let folder = project(&[("predict.py", "")]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("server.sock")).unwrap();
    assert_eq!(list_context(folder.path()).unwrap(), [Path::new("predict.py")]);
}

#[test]
fn the_size_counts_files_and_generated_ones() {
    let folder = project(&[("a", "12345")]);
    let files = ContextFiles::scan(folder.path(), &[], vec![generated(".cog/build/Dockerfile", "123")]).unwrap();
    assert_eq!(files.size_bytes(), 8);
}

#[tokio::test]
async fn the_archive_keeps_modes_links_and_contents_but_not_owners_or_times() {
    let folder = project(&[("run.sh", "#!/bin/sh\n"), ("weights/w", "123")]);
    fs::set_permissions(folder.path().join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("../elsewhere", folder.path().join("link")).unwrap();
    let bytes = archive(folder.path(), vec![generated(".cog/build/requirements.txt", "six\n")]).await;
    let mut entries = tokio_tar::Archive::new(bytes.as_slice()).entries().unwrap();
    let mut seen = Vec::new();
    while let Some(entry) = entries.next().await {
        let mut entry = entry.unwrap();
        let header = entry.header().clone();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, TIME));
        let mut contents = String::new();
        entry.read_to_string(&mut contents).await.unwrap();
        let path = entry.path().unwrap().to_string_lossy().trim_end_matches('/').to_owned();
        let link = entry.link_name().unwrap().map(|link| link.to_string_lossy().into_owned());
        seen.push((path, header.entry_type().as_byte(), contents, link, header.mode().unwrap()));
    }
    let names: Vec<&str> = seen.iter().map(|entry| entry.0.as_str()).collect();
    assert_eq!(names, [".cog", ".cog/build", ".cog/build/requirements.txt", "link", "run.sh", "weights", "weights/w"]);
    assert_eq!((seen[2].2.as_str(), seen[2].4), ("six\n", 0o644));
    assert_eq!((seen[3].1, seen[3].3.as_deref()), (b'2', Some("../elsewhere")));
    assert_eq!((seen[4].2.as_str(), seen[4].4), ("#!/bin/sh\n", 0o750));
    assert_eq!((seen[5].1, seen[6].2.as_str()), (b'5', "123"));
}

#[tokio::test]
async fn the_same_tree_gives_the_same_bytes() {
    let long = format!("{}/{}.txt", "folder".repeat(20), "name".repeat(30));
    let files = [("b", "2"), ("a", "1"), (long.as_str(), "3")];
    let (one, other) = (project(&files), project(&[files[2], files[1], files[0]]));
    assert_eq!(archive(one.path(), vec![]).await, archive(other.path(), vec![]).await);
}

#[tokio::test]
async fn a_file_that_shrinks_while_being_read_is_an_error() {
    let folder = project(&[("a", "12345")]);
    let files = ContextFiles::scan(folder.path(), &[], vec![]).unwrap();
    fs::write(folder.path().join("a"), "1").unwrap();
    let (mut stream, failure) = files.into_stream(TIME);
    assert!(stream.read_to_end(&mut Vec::new()).await.is_err());
    let error = failure.take().unwrap();
    assert!(error.hint().is_some_and(|hint| hint.contains("changed")), "{error:?}");
}

#[tokio::test]
async fn a_file_that_grows_while_being_read_is_cut() {
    let folder = project(&[("a", "12345")]);
    let files = ContextFiles::scan(folder.path(), &[], vec![]).unwrap();
    let expected = archive(folder.path(), vec![]).await;
    fs::write(folder.path().join("a"), "12345678").unwrap();
    let mut bytes = Vec::new();
    files.into_stream(TIME).0.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, expected);
}

#[tokio::test]
async fn a_reader_that_hangs_up_is_not_a_failure_of_the_project() {
    let folder = project(&[("a", &"x".repeat(4 * PIPE_BYTES))]);
    let (stream, failure) = ContextFiles::scan(folder.path(), &[], vec![]).unwrap().into_stream(TIME);
    drop(stream);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(failure.take().is_none());
}

#[test]
fn only_the_unsent_paths_stay_behind() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["report/run.json", "deep/report/run.json", "predict.py"] {
        fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
        fs::write(folder.path().join(path), "").unwrap();
    }
    let paths = |unsent: &[&str]| {
        let unsent: Vec<_> = unsent.iter().map(|path| folder.path().join(path)).collect();
        let files = ContextFiles::scan(folder.path(), &unsent, vec![]).unwrap();
        files.entries.iter().map(|entry| entry.path.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(paths(&["report"]), "deep deep/report deep/report/run.json predict.py");
    assert_eq!(paths(&["deep/../deep/report"]), "deep predict.py report report/run.json");
    assert_eq!(paths(&["", "..", "nowhere"]), paths(&[]));
}
