//! A release, offline: the scripts of its steps against a remote and a `gh` that refuse what GitHub refuses a token of GitHub Actions.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Refuses changed workflow files that no branch has, and moved tags of releases.
const PRE_RECEIVE: &str = r#"#!/bin/bash
set -eu
zero=0000000000000000000000000000000000000000
while read -r old new ref; do
    [ "$new" != "$zero" ] || continue
    case $ref in refs/tags/v*.*.*)
        if [ "$old" != "$zero" ]; then echo "refusing to move $ref" >&2; exit 1; fi ;;
    esac
    workflows=$(git rev-parse --quiet --verify "$new:.github/workflows" || true)
    known=no
    for branch in $(git for-each-ref --format='%(refname)' refs/heads); do
        [ "$(git rev-parse --quiet --verify "$branch:.github/workflows" || true)" != "$workflows" ] || known=yes
    done
    if [ $known = no ]; then
        echo "refusing to allow a GitHub App to create or update workflow \`.github/workflows\` without \`workflows\` permission" >&2
        exit 1
    fi
done
"#;

/// Draft releases take files, published ones do not change.
const GH: &str = r#"#!/bin/bash
set -eu
echo "$*" >>"$GH_STATE/log"
[ "$1" = release ] || exit 9
release=$GH_STATE/$3
case $2 in
    create) [ ! -e "$release" ] || { echo "a release with the tag $3 exists" >&2; exit 1; }
        case "$*" in *--draft*) mkdir "$release" ;; *) echo "not a draft" >&2; exit 1 ;; esac ;;
    upload) [ -d "$release" ] && [ ! -e "$release/published" ] || { echo "HTTP 422: the release is immutable" >&2; exit 1; }
        shift 5
        for file in "$@"; do cp "$file" "$release/"; done ;;
    edit) [ -d "$release" ] && [ ! -e "$release/published" ] || { echo "HTTP 422: the release is immutable" >&2; exit 1; }
        touch "$release/published" ;;
    *) exit 9 ;;
esac
"#;

/// A binary that only says what it was asked.
const BINARY: &str = "#!/bin/sh\necho \"$*\"\n";

struct Release {
    folder: TempDir,
}

fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Release {
    /// A clone of a repository with the files that a release reads, for this version.
    fn new(version: &str) -> Self {
        let release = Self { folder: tempfile::tempdir().unwrap() };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let scripts = fs::read_dir(root.join("script")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let scripts = scripts.filter(|name| name.starts_with("release-")).map(|name| format!("script/{name}"));
        let files = ["action.yml", "push/action.yml", "select-model/action.yml", "report/action.yml", "LICENSE"];
        let files = files.map(str::to_owned).into_iter().chain([".github/workflows/model-ci.yaml".to_owned()]).chain(scripts);
        for file in files {
            let to = release.work().join(&file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(root.join(&file), to).unwrap();
        }
        release.set_version(version);
        program(&release.folder.path().join("programs/gh"), GH);
        fs::create_dir(release.state()).unwrap();
        let origin = release.origin().display().to_string();
        release.git(&["init", "--quiet", "--bare", "--initial-branch=main", &origin]);
        release.git(&["init", "--quiet", "--initial-branch=main"]);
        release.commit("first");
        release.git(&["push", "--quiet", &origin, "HEAD:refs/heads/main"]);
        program(&release.origin().join("hooks/pre-receive"), PRE_RECEIVE);
        release
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn origin(&self) -> PathBuf {
        self.folder.path().join("origin.git")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("releases")
    }

    fn set_version(&self, version: &str) {
        fs::write(self.work().join("Cargo.toml"), format!("[workspace.package]\nversion = \"{version}\"\n")).unwrap();
        fs::write(self.work().join("CHANGELOG.md"), format!("# Changelog\n\n## {version}\n\nText\n")).unwrap();
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    fn run(&self, name: &str, arguments: &[&str], version: &str) -> Output {
        let programs = self.folder.path().join("programs");
        let mut command = Command::new(name);
        command
            .args(arguments)
            .current_dir(self.work())
            .env("PATH", format!("{}:{}", programs.display(), std::env::var_os("PATH").unwrap().display()))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GH_TOKEN", "ghs_secret")
            .env("GH_STATE", self.state())
            .env("REPOSITORY", "acme/safe-push-action")
            .env("REMOTE", self.origin())
            .env("VERSION", version)
            .env("TAG", format!("v{version}"))
            .env("IMAGE", image(version));
        for (name, value) in
            [("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@x"), ("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@x")]
        {
            command.env(name, value);
        }
        command.output().unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.run("git", arguments, "0.0.0");
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn script(&self, name: &str, arguments: &[&str], version: &str) -> Output {
        self.run(&format!("script/{name}"), arguments, version)
    }

    fn remote(&self, name: &str) -> String {
        let (origin, commit) = (self.origin().display().to_string(), format!("{name}^{{commit}}"));
        self.git(&["--git-dir", &origin, "rev-parse", &commit])
    }
}

fn image(version: &str) -> String {
    format!("ghcr.io/acme/safe-push-action:v{version}@sha256:{}", "a".repeat(64))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn passes(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

fn refuses(output: &Output, why: &str) {
    assert!(!output.status.success() && said(output).contains(why), "not refused with '{why}': {}", said(output));
}

#[test]
fn a_release_needs_nothing_that_a_workflows_token_may_not_do() {
    let release = Release::new("1.3.0");
    let workflows = release.git(&["rev-parse", "HEAD:.github/workflows"]);
    passes(&release.script("release-plan", &[], "1.3.0"));
    assert_eq!(release.remote("refs/heads/release/v1.3.0"), release.git(&["rev-parse", "HEAD"]));

    program(&release.folder.path().join("binary"), BINARY);
    let (binary, dist) = (release.folder.path().join("binary"), release.folder.path().join("dist"));
    for target in ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"] {
        passes(&release.script("release-archive", &[target, &binary.display().to_string(), &dist.display().to_string()], "1.3.0"));
    }
    // main goes on while the release is built, with another workflow.
    let built = release.git(&["rev-parse", "HEAD"]);
    fs::write(release.work().join(".github/workflows/new.yaml"), "on: push\n").unwrap();
    release.commit("another workflow");
    release.git(&[
        "--git-dir",
        &release.origin().display().to_string(),
        "fetch",
        "--quiet",
        &release.work().display().to_string(),
        "+HEAD:refs/heads/main",
    ]);
    release.git(&["checkout", "--quiet", "--detach", &built]);

    passes(&release.script("release-tags", &[], "1.3.0"));
    let released = release.git(&["rev-parse", "HEAD"]);
    assert_eq!((release.remote("v1.3.0"), release.remote("v1")), (released.clone(), released.clone()));
    assert_eq!(release.git(&["rev-parse", "HEAD:.github/workflows"]), workflows, "a release changed workflows");
    for action in ["action.yml", "push/action.yml", "select-model/action.yml", "report/action.yml"] {
        let action: Value = serde_saphyr::from_str(&release.git(&["show", &format!("HEAD:{action}")])).unwrap();
        assert_eq!(action["runs"]["image"], format!("docker://{}", image("1.3.0")));
    }
    assert!(!release.git(&["ls-remote", &release.origin().display().to_string()]).contains("release/"), "the branch stayed");

    let files: Vec<String> = fs::read_dir(&dist).unwrap().map(|entry| entry.unwrap().path().display().to_string()).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    passes(&release.script("release-publish", &files, "1.3.0"));
    let published: Vec<String> = fs::read_dir(release.state().join("v1.3.0"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(published.contains(&"safe-push-aarch64-apple-darwin.tar.gz.sha256".to_owned()), "{published:?}");
    refuses(&release.script("release-publish", &files, "1.3.0"), "immutable");
}

#[test]
fn a_release_that_cannot_succeed_does_not_begin() {
    let release = Release::new("1.3.0");
    refuses(&release.script("release-plan", &[], "1.4.0"), "Cargo.toml has version 1.3.0");
    refuses(&release.script("release-plan", &[], "v1.3"), "is not X.Y.Z");
    fs::write(release.work().join("CHANGELOG.md"), "# Changelog\n").unwrap();
    refuses(&release.script("release-plan", &[], "1.3.0"), "no section");
    release.git(&["checkout", "--quiet", "CHANGELOG.md"]);
    passes(&release.script("release-plan", &[], "1.3.0"));
    passes(&release.script("release-tags", &[], "1.3.0"));
    release.git(&["checkout", "--quiet", "main"]);
    refuses(&release.script("release-plan", &[], "1.3.0"), "the tag v1.3.0 exists");
    assert!(!release.state().join("v1.4.0").exists(), "nothing is left of what was refused");
}

#[test]
fn a_fix_for_an_older_release_does_not_move_the_major_tag_back() {
    let release = Release::new("1.3.0");
    passes(&release.script("release-plan", &[], "1.3.0"));
    passes(&release.script("release-tags", &[], "1.3.0"));
    let newest = release.remote("v1");
    release.git(&["checkout", "--quiet", "main"]);
    release.set_version("1.2.9");
    release.commit("fix");
    passes(&release.script("release-plan", &[], "1.2.9"));
    passes(&release.script("release-tags", &[], "1.2.9"));
    assert_ne!(release.remote("v1.2.9"), newest);
    assert_eq!(release.remote("v1"), newest);
}

#[test]
fn a_commit_with_workflows_of_its_own_is_refused_as_github_refuses_it() {
    let release = Release::new("1.3.0");
    fs::write(release.work().join(".github/workflows/new.yaml"), "on: push\n").unwrap();
    release.commit("another workflow");
    refuses(
        &release.run("git", &["push", &release.origin().display().to_string(), "HEAD:refs/tags/v9.9.9"], "1.3.0"),
        "without `workflows` permission",
    );
}

/// What cargo-binstall looks for without metadata: NAME-TARGET.tar.gz, with NAME in a folder of that name.
#[test]
fn an_archive_is_named_for_cargo_binstall_and_the_same_each_time() {
    let release = Release::new("1.3.0");
    program(&release.folder.path().join("binary"), BINARY);
    let binary = release.folder.path().join("binary").display().to_string();
    let target = "x86_64-unknown-linux-gnu";
    let folders = ["one", "two"].map(|name| release.folder.path().join(name));
    for folder in &folders {
        passes(&release.script("release-archive", &[target, &binary, &folder.display().to_string()], "1.3.0"));
    }
    let name = format!("safe-push-{target}.tar.gz");
    assert_eq!(fs::read(folders[0].join(&name)).unwrap(), fs::read(folders[1].join(&name)).unwrap());
    passes(&Command::new("sha256sum").args(["--check", &format!("{name}.sha256")]).current_dir(&folders[0]).output().unwrap());
    let listed = Command::new("tar").args(["-tzf", &name]).current_dir(&folders[0]).output().unwrap();
    for file in ["safe-push", "completions/safe-push.bash", "completions/_safe-push", "completions/safe-push.fish"] {
        assert!(said(&listed).contains(&format!("safe-push-{target}/{file}\n")), "no {file}: {}", said(&listed));
    }
    let completion = format!("safe-push-{target}/completions/_safe-push.ps1");
    let shown = Command::new("tar").args(["-xOzf", &name, &completion]).current_dir(&folders[0]).output().unwrap();
    assert_eq!(said(&shown), "completions powershell\n");
}

#[test]
fn after_the_first_release_no_page_waits_for_it_any_more() {
    let (folder, root) = (tempfile::tempdir().unwrap(), Path::new(env!("CARGO_MANIFEST_DIR")));
    let script = folder.path().join("script/release-readme");
    program(&script, &fs::read_to_string(root.join("script/release-readme")).unwrap());
    let mut pages = vec![PathBuf::from("README.md")];
    for pattern in ["docs", "docs/guides"] {
        fs::create_dir_all(folder.path().join(pattern)).unwrap();
        let entries =
            fs::read_dir(root.join(pattern)).unwrap().map(|entry| PathBuf::from(pattern).join(entry.unwrap().file_name()));
        pages.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    for page in &pages {
        fs::copy(root.join(page), folder.path().join(page)).unwrap();
    }
    passes(&Command::new(&script).output().unwrap());
    let after = |page: &str| fs::read_to_string(folder.path().join(page)).unwrap();
    assert!(after("README.md").contains("model-ci.yaml@v1\n"), "{}", after("README.md"));
    assert!(after("README.md").contains("\nYou need Docker; no account"), "{}", after("README.md"));
    assert!(after("docs/installation.md").starts_with("# Installation\n\n## Requirements\n"), "{}", after("docs/installation.md"));
    assert!(after("docs/action.md").contains("\nPin the commit of the release that you use.\n"), "{}", after("docs/action.md"));
}
