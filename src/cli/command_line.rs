//! Reads a command line.
//!
//! `run` is the default: command lines that start with OWNER/NAME or a flag are runs, so that those of `cog-safe-push` work unchanged. A
//! bare word is a command, or a mistake: it never starts a run.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Command, FromArgMatches};
use cog_findings::text::{nearest, shorten};

use crate::cli::arguments::Arguments;
use crate::cli::help;

/// Global options whose value is the next word.
const WITH_VALUE: [&str; 4] = ["--format", "--color", "--working-directory", "-C"];

/// The most bytes of a word that an error repeats.
const WORD_BYTES: usize = 100;

/// Reads a command line. Without a subcommand, it is a `run`.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let command = help::command();
    let words = with_default(words.into_iter().collect(), &command)?;
    let mut matches = command.try_get_matches_from(words)?;
    Arguments::from_arg_matches_mut(&mut matches)
}

fn with_default(mut words: Vec<OsString>, command: &Command) -> Result<Vec<OsString>, clap::Error> {
    let mut index = 1;
    while let Some(word) = words.get(index).and_then(|word| word.to_str()) {
        let is_global = matches!(word, "-q" | "--quiet" | "--verbose")
            || (word.starts_with("-v") && word[1..].chars().all(|c| c == 'v'))
            || (word.starts_with("-C") && word.len() > 2)
            || WITH_VALUE.iter().any(|name| word.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
        if WITH_VALUE.contains(&word) {
            index += 2;
        } else if is_global {
            index += 1;
        } else {
            break;
        }
    }
    let next = words.get(index).and_then(|word| word.to_str());
    let is_about_the_program = matches!(next, Some("-h" | "--help" | "-V" | "--version" | "help"));
    let is_known = |word: &str| command.get_subcommands().any(|known| known.get_name() == word);
    let is_command = next.is_some_and(is_known);
    let explained = words.get(index + 1).and_then(|word| word.to_str()).filter(|word| !word.starts_with('-'));
    if next == Some("help")
        && let Some(word) = explained.filter(|word| *word != "help" && !is_known(word))
    {
        return Err(no_command(word, command.clone()));
    }
    if is_about_the_program || is_command {
        return Ok(words);
    }
    if let Some(word) = next.filter(|word| !word.starts_with('-') && !word.contains('/')) {
        return Err(no_command(word, command.clone()));
    }
    words.insert(index.min(words.len()), "run".into());
    Ok(words)
}

/// A word that is not a command. It may be a misspelled one, or the name of a model, which has to follow a command.
fn no_command(word: &str, mut command: Command) -> clap::Error {
    let names: Vec<String> = command.get_subcommands().map(|known| known.get_name().to_owned()).collect();
    let shown = shorten(word, WORD_BYTES).replace(char::is_control, "?");
    let hint = match nearest(word, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `safe-push {near}`?"),
        None => format!("if it is a model, use `safe-push run {shown}`; `safe-push help` lists the commands"),
    };
    command.error(ErrorKind::InvalidSubcommand, format!("'{shown}' is not a command\n  hint: {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Key;

    fn words(line: &str) -> Result<String, String> {
        let words = std::iter::once("safe-push").chain(line.split_whitespace()).map(OsString::from).collect();
        let words = with_default(words, &help::command()).map_err(|error| error.to_string())?;
        Ok(words.iter().skip(1).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_command_is_well_formed() {
        help::command().debug_assert();
    }

    /// The values of a flag on a command line.
    fn flag(line: &str, key: Key) -> Vec<String> {
        let words = std::iter::once("safe-push").chain(line.split_whitespace()).map(OsString::from);
        let crate::cli::arguments::Command::Run(run) = parse(words).unwrap().command else { panic!("{line} is not a run") };
        let crate::config::Flags(mut flags) = run.settings.into_flags();
        flags.remove(&key).unwrap_or_default()
    }

    #[test]
    fn flags_are_read_as_argparse_reads_them() {
        assert_eq!(flag("--parallel 2 --parallel 3", Key::parallel).last().map(String::as_str), Some("3"));
        assert_eq!(flag("--no-comp", Key::compare_outputs), ["true"]);
        assert_eq!(flag("--no-push --no-push", Key::test_only), ["true"]);
        assert_eq!(flag("--fuzz-iterations -1", Key::fuzz_iterations), ["-1"]);
        assert_eq!(flag("--test-case a=1 --test-case a=2", Key::test_cases), ["a=1", "a=2"]);
    }

    #[test]
    fn a_command_line_without_a_command_is_a_run() {
        for (line, expected) in [
            ("", "run"),
            ("acme/hotdog", "run acme/hotdog"),
            ("--no-push acme/hotdog", "run --no-push acme/hotdog"),
            ("-vv --format json acme/hotdog", "-vv --format json run acme/hotdog"),
            ("--format=json", "--format=json run"),
            ("-C models/a --no-push", "-C models/a run --no-push"),
            ("-Cmodels/a", "-Cmodels/a run"),
            ("check acme/hotdog", "check acme/hotdog"),
            ("-q check", "-q check"),
            ("--help", "--help"),
            ("help check", "help check"),
            ("-V", "-V"),
            ("--test-model check", "run --test-model check"),
        ] {
            assert_eq!(words(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn a_bare_word_never_runs() {
        for (word, near) in [("chek", "check"), ("verfy", "verify"), ("ruls", "rules"), ("ini", "init")] {
            assert!(words(word).unwrap_err().contains(&format!("did you mean `safe-push {near}`?")), "{word}");
        }
        assert!(words("help chek").unwrap_err().contains("did you mean `safe-push check`?"));
        for line in ["help help", "help --help", "help schema diff", "-q help check"] {
            assert_eq!(words(line).unwrap(), line);
        }
        let error = words("hotdog --no-push").unwrap_err();
        assert!(error.contains("if it is a model, use `safe-push run hotdog`"), "{error}");
    }
}
