//! Git in a checkout whose settings somebody else may have written: no setting of it starts a program.

use std::collections::BTreeMap;
use std::path::Path;

use super::program::{ProgramKind, UntrustedProgram};
use crate::support::SecretString;
use crate::support::process::ProcessOutput;

/// What git is started with: programs and the user's own settings.
const VARIABLES: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LANG"];

/// What git reads of a user's own settings.
const SETTINGS_OF_USER: [&str; 3] = [".gitconfig", ".config/git", ".gitignore"];

/// Settings that win over those of the checkout, of files that it includes, and of the user. In a container the checkout belongs to another
/// user, which git distrusts unless configured.
const SETTINGS: [&str; 15] = [
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
    "diff.submodule=short",
    "log.showSignature=false",
];

/// Variables that win over settings.
const ENVIRONMENT: [(&str, &str); 9] = [
    // In other locales, a pattern does not match bytes that are not text.
    ("LC_ALL", "C"),
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
/// A `diff` needs [`DIFF_WITHOUT_PROGRAMS`] and [`FiltersOff`]. Commands that enter submodules, as `status` and `describe --dirty` do, are
/// not to be used: git takes none of these settings there.
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
        .settings_of_user(&SETTINGS_OF_USER)
}

/// Options of a `diff` with which it starts no program, given that filters are off ([`FiltersOff`]). Git starts itself in a submodule to
/// see whether files differ there, with the submodule's own settings alone; that `.gitmodules` cannot ask for with this option.
pub const DIFF_WITHOUT_PROGRAMS: [&str; 3] = ["--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty"];

/// The arguments of `git config` that list the filters of a checkout and their programs.
const LIST_FILTERS: [&str; 4] = ["config", "-z", "--get-regexp", r"^filter\..*\.(clean|smudge|process)$"];

/// The exit code of `git config` when nothing is listed.
const NOTHING_LISTED: i32 = 1;

/// Why filters are on, so that files must not be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FiltersError {
    #[error("git could not list its filters")]
    NotListed,
    #[error("a filter in git's settings has a name that is not UTF-8")]
    NotUtf8,
    #[error("git is older than 2.31 and cannot disable its filters")]
    StillOn,
}

/// Settings that turn filters off: a filter is a program, which compares a file's contents in another form.
///
/// They are variables and not arguments, because git ends the name of a setting in an argument at its first `=`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FiltersOff(BTreeMap<String, String>);

impl FiltersOff {
    /// Turns the filters of a checkout off, and asks git whether they are. `git` starts it with these arguments, and `run` runs it.
    pub fn find(
        git: impl Fn(&[&str]) -> UntrustedProgram,
        run: impl Fn(UntrustedProgram) -> Option<ProcessOutput>,
    ) -> Result<Self, FiltersError> {
        let list = |off: &Self| {
            let ended = run(off.apply(git(&LIST_FILTERS))).filter(|ended| !ended.stdout.cut).ok_or(FiltersError::NotListed)?;
            match ended.status.code() {
                Some(0) => Ok(ended.stdout.bytes),
                Some(NOTHING_LISTED) if ended.stdout.bytes.is_empty() => Ok(Vec::new()),
                _ => Err(FiltersError::NotListed),
            }
        };
        let off = Self::of(&list(&Self::default())?)?;
        if !off.0.is_empty() && programs(&list(&off)?).values().any(|program| !program.is_empty()) {
            return Err(FiltersError::StillOn);
        }
        Ok(off)
    }

    fn of(listed: &[u8]) -> Result<Self, FiltersError> {
        let mut settings = BTreeMap::new();
        for name in programs(listed).into_keys() {
            let name = std::str::from_utf8(name).map_err(|_invalid| FiltersError::NotUtf8)?;
            settings.insert(name.to_owned(), String::new());
            if let Some((filter, _)) = name.rsplit_once('.') {
                settings.insert(format!("{filter}.required"), "false".to_owned());
            }
        }
        Ok(Self(settings))
    }

    /// The program with these settings, which win over all others.
    #[must_use]
    pub fn apply(&self, git: UntrustedProgram) -> UntrustedProgram {
        let git = git.variable("GIT_CONFIG_COUNT", self.0.len().to_string());
        self.0.iter().enumerate().fold(git, |git, (index, (name, value))| {
            git.variable(format!("GIT_CONFIG_KEY_{index}"), name.as_str())
                .variable(format!("GIT_CONFIG_VALUE_{index}"), value.as_str())
        })
    }
}

/// The last program of each setting. A zero byte ends each, and a line break each name.
fn programs(listed: &[u8]) -> BTreeMap<&[u8], &[u8]> {
    let records = listed.split(|byte| *byte == 0).filter(|record| !record.is_empty());
    let parts = records.map(|record| {
        let mut parts = record.splitn(2, |byte| *byte == b'\n');
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_turned_off_whatever_their_names_hold() {
        let off = FiltersOff::of(b"filter.lfs.process\na\0filter.a=b.c.clean\nx\ny\0filter.lfs.process\n\0").unwrap();
        let expected = ["filter.a=b.c.clean=", "filter.a=b.c.required=false", "filter.lfs.process=", "filter.lfs.required=false"];
        assert_eq!(off.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(), expected);
        assert_eq!(FiltersOff::of(b"").unwrap(), FiltersOff::default());
        assert_eq!(FiltersOff::of(b"filter.\xff.clean\nx\0"), Err(FiltersError::NotUtf8));
    }

    #[test]
    fn the_last_program_of_a_filter_counts() {
        let listed = b"filter.a.clean\nx\0filter.b.clean\0filter.a.clean\n\0";
        assert!(programs(listed).values().all(|program| program.is_empty()));
        assert!(programs(b"filter.a.clean\n\0filter.a.clean\nx\0").values().any(|program| !program.is_empty()));
    }
}
