//! The projects of a repository, and files that `init` writes.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::cli::context::Context;
use crate::cli::failure::Failure;

/// What makes a folder a project.
const PROJECT_FILE: &str = "cog.yaml";

/// How deep projects are looked for.
const MOST_LEVELS: usize = 4;

/// Folders with a `cog.yaml` below another folder, relative to it and sorted. A project within a project is part of it.
pub(super) fn find(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    search(folder, "", MOST_LEVELS, &mut found);
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

/// Writes a file that is not there yet, or that may be replaced.
pub(super) fn write_new(path: &Path, text: &str, force: bool, context: &Context) -> Result<(), Failure> {
    if path.exists() && !force {
        return Err(Failure::request(format!("{} is already there", path.display())).hint("edit it, or replace it with --force"));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?;
    context.printer.result(&format!("wrote {}", path.display()));
    Ok(())
}
