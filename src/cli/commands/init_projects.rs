//! The projects of a repository, and files that `init` writes.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use crate::cli::context::Context;
use crate::cli::failure::Failure;

/// What makes a folder a project.
const PROJECT_FILE: &str = "cog.yaml";

/// How deep projects are looked for.
const MAX_LEVELS: usize = 4;

/// Folders with a `cog.yaml` below another folder, relative to it and sorted. A project within a project is part of it.
pub(super) fn find(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    search(folder, "", MAX_LEVELS, &mut found);
    found.sort();
    found
}

fn search(folder: &Path, shown: &str, levels: usize, found: &mut Vec<String>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    for name in folders.filter_map(|entry| entry.file_name().into_string().ok()) {
        if name.starts_with('.') || matches!(name.as_str(), "node_modules" | "venv" | "target" | "__pycache__") {
            continue;
        }
        let path = if shown.is_empty() { name.clone() } else { format!("{shown}/{name}") };
        let inner = folder.join(&name);
        if inner.join(PROJECT_FILE).is_file() {
            found.push(path);
        } else if levels > 1 {
            search(&inner, &path, levels - 1, found);
        }
    }
}

/// What happens to a file that exists already.
#[derive(Debug, Clone, Copy)]
pub(super) enum Existing {
    /// An error, with this way to replace it.
    Refuse(&'static str),
    Keep,
    Replace,
}

/// Writes a file inside the repository. A link in its place is replaced, not followed.
pub(super) fn write_new(repository: &Path, path: &Path, text: &str, existing: Existing, context: &Context) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        match existing {
            Existing::Refuse(hint) => return Err(Failure::request(format!("{} is already there", path.display())).hint(hint)),
            Existing::Keep => {
                context.printer.say(&format!("kept {}, which is already there", path.display()));
                return Ok(());
            }
            Existing::Replace => {}
        }
    }
    write(repository, path, text).with_context(|| format!("failed to write {}", path.display()))?;
    context.printer.result(&format!("wrote {}", path.display()));
    Ok(())
}

fn write(repository: &Path, path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(repository);
    fs::create_dir_all(folder)?;
    let (real, repository) = (folder.canonicalize()?, repository.canonicalize()?);
    anyhow::ensure!(real.starts_with(&repository), "{} leads out of the repository, to {}", folder.display(), real.display());
    // Readable as files are that the user creates.
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(&real)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
