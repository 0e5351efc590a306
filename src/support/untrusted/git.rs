//! Git in a checkout whose settings somebody else may have written: no setting of it starts a program.

use std::path::Path;

use super::program::{ProgramKind, UntrustedProgram};
use crate::support::SecretString;

/// What git is started with: programs and the user's own settings.
const VARIABLES: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LANG"];

/// Settings that win over those of the checkout, of files that it includes, and of the user. In a container the checkout belongs to another
/// user, which git distrusts unless told.
const SETTINGS: [&str; 14] = [
    "safe.directory=*",
    "core.quotePath=false",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.editor=false",
    "core.askPass=false",
    "core.sshCommand=false",
    "core.gitProxy=",
    "core.alternateRefsCommand=false",
    "credential.helper=",
    "protocol.allow=never",
    "submodule.recurse=false",
    "log.showSignature=false",
];

/// Variables that win over settings.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    // Missing objects of a partial clone stay missing.
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_PAGER", "cat"),
    ("GIT_EDITOR", "false"),
    ("GIT_ASKPASS", "false"),
    ("GIT_SSH_COMMAND", "false"),
];

/// Git in a folder, with these of its own arguments. `variable` looks one up in the environment.
///
/// A `diff` needs `--no-ext-diff`, `--no-textconv` and `--ignore-submodules=dirty`, and the names of the checkout's filters: see
/// [`without_filters`].
pub fn git<'a>(folder: &Path, variable: impl Fn(&str) -> Option<&'a str>, arguments: &[&str]) -> UntrustedProgram {
    let settings = SETTINGS.into_iter().flat_map(|setting| ["-c", setting]);
    let given = VARIABLES.into_iter().filter_map(|name| Some((name.to_owned(), SecretString::from(variable(name)?))));
    let fixed = ENVIRONMENT.into_iter().map(|(name, value)| (name.to_owned(), SecretString::from(value)));
    UntrustedProgram::new(ProgramKind::Reader, "git", folder)
        .arguments(["--no-pager"])
        .arguments(settings)
        .arguments(["-C"])
        .arguments([folder])
        .arguments(arguments.iter().copied())
        .variables(given.chain(fixed))
}

/// The arguments of `git config` that list the filters of a checkout, each ended by a zero byte.
pub const LIST_FILTERS: [&str; 5] = ["config", "--name-only", "-z", "--get-regexp", r"^filter\..*\.(clean|smudge|process)$"];

/// Settings that turn these filters off: a filter is a program, which compares a file's contents in another form.
pub fn without_filters(listed: &[u8]) -> Vec<String> {
    let names = listed.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok()).filter(|name| !name.is_empty());
    let names = names.flat_map(|name| {
        let filter = name.rsplit_once('.').map(|(filter, _)| format!("{filter}.required=false"));
        [Some(format!("{name}=")), filter]
    });
    names.flatten().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_turned_off_whatever_their_names_hold() {
        let off = without_filters(b"filter.lfs.process\0filter.a.b.clean\0");
        let expected = ["filter.lfs.process=", "filter.lfs.required=false", "filter.a.b.clean=", "filter.a.b.required=false"];
        assert_eq!(off, expected.iter().flat_map(|setting| ["-c", setting]).collect::<Vec<_>>());
        assert!(without_filters(b"").is_empty());
    }
}
