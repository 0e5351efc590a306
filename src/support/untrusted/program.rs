//! The program to start.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::support::SecretString;

/// How a program relates to the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramKind {
    /// A program of the machine that reads the repository's files, as Ruff and git do. It writes nothing and needs no network.
    Reader,
    /// Code of the repository. It may change the checkout and use the network.
    Script,
}

/// A program that executes or parses files of the repository.
#[derive(Debug, Clone)]
pub struct UntrustedProgram {
    /// What it is.
    pub kind: ProgramKind,
    /// Its path, or a name that is looked up on its `PATH`.
    pub program: PathBuf,
    /// Its arguments. Other processes can read them.
    pub arguments: Vec<OsString>,
    /// The folder that it is started in. The checkout around it is what the program may see.
    pub folder: PathBuf,
    /// Its environment; nothing else of this process's.
    pub variables: BTreeMap<String, SecretString>,
    /// Its own settings: files and folders of the user's folder that it may read.
    pub settings_of_user: &'static [&'static str],
}

impl UntrustedProgram {
    /// A program without arguments and variables.
    pub fn new(kind: ProgramKind, program: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self {
            kind,
            program: program.into(),
            arguments: Vec::new(),
            folder: folder.into(),
            variables: BTreeMap::new(),
            settings_of_user: &[],
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Lets it read its own settings in the user's folder.
    #[must_use]
    pub fn settings_of_user(self, settings_of_user: &'static [&'static str]) -> Self {
        Self { settings_of_user, ..self }
    }

    /// Sets variables.
    #[must_use]
    pub fn variables(mut self, variables: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        self.variables.extend(variables);
        self
    }
}
