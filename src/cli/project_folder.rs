//! The folder that a command works in: the one that was named, or the nearest project above the current one, as Cog looks for it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::arguments::{Arguments, Command, SchemaCommand};
use crate::cli::environment::Environment;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::domain::verdict::Verdict;

/// What makes a folder a project.
const MARKS: [&str; 4] = ["cog.yaml", "cog-safe-push.yaml", ".safe-push.yaml", "cog-safe-push-configs"];

/// How many folders up a project is looked for.
const MAX_LEVELS: usize = 100;

/// Changes to the folder of the command, so that relative paths and reports refer to it.
pub(super) fn enter(arguments: &Arguments, environment: &mut Environment, printer: &Printer) -> Result<(), Failure> {
    if let Some(named) = &arguments.global.working_directory {
        let folder = change_to(named).map_err(|error| {
            Failure::new(Verdict::Misconfigured, error).hint("name an existing folder with --working-directory")
        })?;
        environment.move_to(folder);
        return Ok(());
    }
    if !looks_upwards(&arguments.command) || environment.is_workflow() {
        return Ok(());
    }
    if let Some(above) = nearest_above(environment.folder()) {
        environment.move_to(change_to(&above)?);
        printer.say(&format!("note: the project is {}", above.display()));
    }
    Ok(())
}

fn change_to(folder: &Path) -> anyhow::Result<PathBuf> {
    env::set_current_dir(folder).with_context(|| format!("failed to change to {}", folder.display()))?;
    env::current_dir().context("failed to read the current folder")
}

/// Whether a command works on the project around it.
fn looks_upwards(command: &Command) -> bool {
    match command {
        Command::Run(_) | Command::Check(_) | Command::Build(_) | Command::Verify(_) | Command::Select(_) | Command::Image(_) => {
            true
        }
        Command::Schema(command) => matches!(command, SchemaCommand::Show(_)),
        _ => false,
    }
}

/// The nearest project above a folder that is not a project, within its repository.
fn nearest_above(folder: &Path) -> Option<PathBuf> {
    let is_project = |folder: &Path| MARKS.iter().any(|mark| folder.join(mark).exists());
    for (level, ancestor) in folder.ancestors().take(MAX_LEVELS).enumerate() {
        if is_project(ancestor) {
            return (level > 0).then(|| ancestor.to_owned());
        }
        if ancestor.join(".git").exists() {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_project_is_found_above_within_the_repository() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("repository/models/hotdog/src/deep");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir(root.path().join("repository/.git")).unwrap();
        fs::write(root.path().join("cog.yaml"), "").unwrap();
        assert_eq!(nearest_above(&inner), None, "what is above the repository is another project");
        let project = root.path().join("repository/models/hotdog");
        fs::write(project.join("cog.yaml"), "").unwrap();
        assert_eq!(nearest_above(&inner), Some(project.clone()));
        assert_eq!(nearest_above(&project), None, "it is the project itself");
    }
}
