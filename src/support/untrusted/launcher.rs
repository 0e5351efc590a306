//! Starts programs through the isolator, watches them, and ends what they leave behind.

use std::env;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::isolator;
use super::policy::{IsolationPolicy, checkout, is_home, owner};
use super::program::{ProgramKind, UntrustedProgram};
use crate::support::ExposeSecret;
use crate::support::process::{self, Bounds, ProcessError, ProcessOutput};
use crate::support::temporary_folder::{Purpose, temporary_folder};

/// How much of the isolation is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredIsolation {
    /// All of it: secrets of others are within reach.
    All,
    /// As much as the machine offers.
    Available,
}

/// Starts programs that execute or parse files of the repository.
#[derive(Debug, Clone, Default)]
pub struct Launcher {
    isolator: Option<Isolator>,
}

#[derive(Debug, Clone)]
struct Isolator {
    program: PathBuf,
    need: RequiredIsolation,
    /// The user's folder.
    home: Option<PathBuf>,
}

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// It could not be started or watched, or was ended.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It was not started, because the isolation is incomplete.
    #[error("the repository's code was not run: {problem}")]
    NotIsolated {
        /// What is missing.
        problem: String,
    },
}

impl LaunchError {
    /// The fix, as an imperative.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Process(_) => None,
            Self::NotIsolated { .. } => Some(
                "use a runner with Linux 5.13 or newer and Docker 23 or newer, which allow Landlock in containers, or leave the script \
                 out with `select_script: none`",
            ),
        }
    }
}

impl Launcher {
    /// A launcher whose isolator is this program, which has to begin with [`isolator::enter`].
    ///
    /// # Errors
    /// The system does not say where this program is.
    pub fn of_this_program(need: RequiredIsolation, home: Option<PathBuf>) -> io::Result<Self> {
        Ok(Self { isolator: Some(Isolator { program: env::current_exe()?, need, home }) })
    }

    /// A launcher without an isolator: the environment is scrubbed, and everything else is as it is for any child of this process. For
    /// tests of what programs say.
    pub fn without_isolator() -> Self {
        Self::default()
    }

    /// Runs a program to its end. Blocks.
    ///
    /// # Errors
    /// It could not be started as it has to be, or was ended.
    pub fn run(&self, program: &UntrustedProgram, bounds: Bounds<'_>) -> Result<ProcessOutput, LaunchError> {
        match &self.isolator {
            Some(isolator) => isolator.run(program, bounds),
            None => Ok(process::run(with_environment(Command::new(&program.program).args(&program.arguments), program), bounds)?),
        }
    }
}

fn with_environment<'a>(command: &'a mut Command, program: &UntrustedProgram) -> &'a mut Command {
    command.current_dir(&program.folder).env_clear();
    if program.kind == ProgramKind::Script {
        // What Python keeps of imports would count as a change that the script made, and go into the image.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
    }
    command.envs(program.variables.iter().map(|(name, value)| (name, value.expose_secret())))
}

impl Isolator {
    fn run(&self, program: &UntrustedProgram, bounds: Bounds<'_>) -> Result<ProcessOutput, LaunchError> {
        let failed = |source| LaunchError::Process(ProcessError::NotStarted(source));
        if program.kind == ProgramKind::Script && is_home(&program.folder, self.home.as_deref()) {
            let problem = "its folder is the user's home folder, with everything that is private in it".to_owned();
            return Err(LaunchError::NotIsolated { problem });
        }
        // What is noted beside the private folder is not the program's to write.
        let marked = temporary_folder(Purpose::Program).map_err(failed)?;
        let private = marked.path().join("private");
        fs::create_dir(&private).map_err(failed)?;
        let owner = owner(&checkout(&program.folder, self.home.as_deref()));
        if let Some((user, group)) = owner {
            fs::set_permissions(marked.path(), Permissions::from_mode(0o711)).map_err(failed)?;
            chown(&private, Some(user), Some(group)).map_err(failed)?;
        }
        fs::set_permissions(&private, Permissions::from_mode(0o700)).map_err(failed)?;
        let policy = IsolationPolicy::of(
            program,
            &private,
            self.home.as_deref(),
            self.need == RequiredIsolation::All && program.kind == ProgramKind::Script,
        );
        let policy = serde_json::to_string(&policy).map_err(|error| failed(error.into()))?;
        let mut command = Command::new(&self.program);
        command.arg(isolator::ARGUMENT).arg(policy).arg(&program.program).args(&program.arguments);
        with_environment(&mut command, program).env("TMPDIR", &private);
        if program.kind == ProgramKind::Script {
            command.env("HOME", &private);
        }
        if let Some((user, group)) = owner {
            // Without a list of groups, the standard library leaves none.
            command.uid(user).gid(group);
        }
        let ended = process::run_in_session(&mut command, bounds, owner, marked.path())?;
        if ended.status.code() == Some(isolator::FAILED.into())
            && let Some(problem) = ended.stderr.text().lines().find_map(|line| line.strip_prefix(isolator::REASON))
        {
            return Err(LaunchError::NotIsolated { problem: problem.to_owned() });
        }
        Ok(ended)
    }
}
