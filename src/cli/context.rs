//! What every command is given.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::action::{ActionStep, CodeTrust};
use crate::cli::environment::Environment;
use crate::cli::observe;
use crate::cli::printer::Printer;
use crate::domain::events::Observer;
use crate::support::untrusted::Launcher;

/// The surroundings of a command.
pub(super) struct Context {
    pub(super) environment: Environment,
    pub(super) printer: Printer,
    pub(super) verbosity: u8,
    /// Fires on a signal.
    pub(super) cancelled: CancellationToken,
    /// The step of a workflow that this process is, when it runs as an action.
    pub(super) action: Option<ActionStep>,
    /// Starts whatever executes or parses files of the repository.
    pub(super) launcher: Launcher,
}

impl Context {
    /// Copies the context for another folder, without the settings from variables.
    pub(super) fn at(&self, folder: &Path) -> Self {
        Self {
            environment: self.environment.bare_at(folder),
            printer: self.printer.clone(),
            verbosity: self.verbosity,
            cancelled: self.cancelled.clone(),
            action: None,
            launcher: self.launcher.clone(),
        }
    }

    /// Whose code a folder holds, as the event that started the workflow says it. Outside of workflows it is the user's own.
    pub(super) fn code_of(&self, repository: &Path) -> CodeTrust {
        CodeTrust::of(&self.environment, repository)
    }

    /// The observer that shows the progress of a run.
    pub(super) fn observer(&self) -> Arc<dyn Observer> {
        observe::observer(&self.printer, self.verbosity)
    }
}
