//! Follows `docs/development/adding-a-rule.md` on a copy of the workspace: applies its blocks in order, and runs the test that they add.

use std::fs;
use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../../docs/development/adding-a-rule.md");
const NEW_TEST: &str = "a_description_that_repeats_the_name_is_reported";

/// Where a block of the page goes.
enum Edit {
    Append,
    Before(String),
    BeforeLast(String),
    After(String),
}

/// A fenced block with `append=FILE`, or `file=FILE` and `after="LINE"`, `before="LINE"` or `before-last="LINE"`.
struct Block {
    file: String,
    edit: Edit,
    code: String,
}

fn blocks() -> Vec<Block> {
    let block = |fenced: &str| {
        let (header, code) = fenced.split_once('\n')?;
        let attribute = |name: &str| {
            let value = header.split_once(&format!(" {name}="))?.1;
            Some(match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next()?.to_owned(),
                None => value.split(' ').next()?.to_owned(),
            })
        };
        let code = code.to_owned();
        if let Some(file) = attribute("append") {
            return Some(Block { file, edit: Edit::Append, code });
        }
        let edit = attribute("after")
            .map(Edit::After)
            .or_else(|| attribute("before").map(Edit::Before))
            .or_else(|| attribute("before-last").map(Edit::BeforeLast))?;
        Some(Block { file: attribute("file")?, edit, code })
    };
    PAGE.split("\n```").skip(1).step_by(2).filter_map(block).collect()
}

/// Inserts the block's code where it says. `None` if the file does not contain the line.
fn apply(edit: &Edit, text: &str, code: &str) -> Option<String> {
    let line_at = |line: &str, last: bool| {
        let whole = format!("\n{line}\n");
        let found = if last { text.rfind(&whole) } else { text.find(&whole) };
        found.map(|position| position + 1)
    };
    let (position, code) = match edit {
        Edit::Append => (text.len(), format!("\n{code}\n")),
        Edit::Before(line) => (line_at(line, false)?, format!("{code}\n")),
        Edit::BeforeLast(line) => (line_at(line, true)?, format!("{code}\n")),
        Edit::After(line) => (line_at(line, false)? + line.len() + 1, format!("{code}\n")),
    };
    Some(format!("{}{code}{}", &text[..position], &text[position..]))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A copy of the two crates that the page changes, as a separate workspace with the same locked dependencies.
fn workspace(folder: &Path) {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["cog-findings", "cog-schema"] {
        copy(&repository.join("crates").join(name), &folder.join("crates").join(name));
    }
    fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let manifest = fs::read_to_string(repository.join("Cargo.toml")).unwrap();
    let shared = manifest.split("\n[package]\n").next().unwrap();
    let lints = &manifest[manifest.find("[workspace.lints.rust]").unwrap()..];
    let lints = lints.split("\n[profile").next().unwrap();
    fs::write(folder.join("Cargo.toml"), format!("{shared}\n{lints}")).unwrap();
}

#[test]
fn the_steps_on_the_page_add_a_rule() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path());
    let blocks = blocks();
    assert_eq!(blocks.len(), 5, "a block of the page has lost its place");
    for block in &blocks {
        let path = folder.path().join(&block.file);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", block.file));
        let changed = apply(&block.edit, &text, &block.code)
            .unwrap_or_else(|| panic!("{} does not have the line that this block names:\n{}", block.file, block.code));
        fs::write(path, changed).unwrap();
    }
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet", "-p", "cog-schema", "--lib", NEW_TEST])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("recipe"))
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
