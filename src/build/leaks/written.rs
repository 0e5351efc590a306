//! The secrets that a script has written into a project's files.
//!
//! A script does not say what it wrote: its key may come from a variable, a vault or another file. Three things count as a key: the value
//! of a variable that is now in a changed file, a word of such a file that looks like a key, and a word that is a whole file. Words count
//! only if they are in no other file. Files without a key are listed. Elsewhere it is checked that the script's changes are undone.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::build::context::{ContextError, ContextFiles};
use crate::build::leaks::NamedSecret;
use crate::build::leaks::search::SecretScanner;
use crate::support::ExposeSecret;
use crate::support::secrets::weakness;

/// The most bytes read of a file: keys are in small files.
const MAX_BYTES: u64 = 1024 * 1024;

/// More words than this are not keys.
const MAX_WORDS: usize = 1000;

/// The characters of keys: letters and digits, without those that separate parts of addresses and expressions.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test of this file")]
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9_-]{16,512}").unwrap());

/// A shorter value of a variable is a number or a switch.
const LEAST_BYTES: usize = 4;

/// Values that are switches.
const SWITCHES: [&str; 4] = ["true", "false", "null", "none"];

/// What a script has written.
#[derive(Debug, Default)]
pub struct WrittenSecrets {
    /// The secrets in its files, also those that are too weak to be looked for.
    pub secrets: Vec<NamedSecret>,
    /// The files, relative to the project, in which nothing looks like a key, or of which only a part was read.
    pub unrecognized: Vec<PathBuf>,
}

/// The secrets that `written` files of a project hold, paths relative to it. Blocks.
///
/// # Errors
/// When a file cannot be read.
pub fn written_secrets(project: &Path, written: &[PathBuf], variables: &[NamedSecret]) -> Result<WrittenSecrets, ContextError> {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let mut words = Vec::new();
    let mut unrecognized = Vec::new();
    let mut without_variable = Vec::new();
    let unusable = |source| ContextError::Unreadable { path: project.to_owned(), source };
    let known = SecretScanner::new(variables).map_err(unusable)?;
    let weak: Vec<&NamedSecret> = variables.iter().filter(|(_, value)| is_weak_key(value.expose_secret().trim())).collect();
    for relative in written {
        let path = project.join(relative);
        if !path.is_file() {
            continue;
        }
        let unreadable = |source| ContextError::Unreadable { path: path.clone(), source };
        let open = || repository_files::open(project, relative).map_err(|error| unreadable(error.into()));
        let mut here = BTreeSet::new();
        if let Some(known) = &known {
            let found: BTreeSet<&str> = known.of_stream(open()?).map_err(unreadable)?.into_iter().collect();
            here.extend(variables.iter().map(|(name, _)| name.as_str()).filter(|name| found.contains(name)));
        }
        let mut bytes = Vec::new();
        open()?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            unrecognized.push(relative.clone());
        }
        let text = String::from_utf8_lossy(&bytes);
        here.extend(weak.iter().filter(|(_, value)| has_word(&text, value.expose_secret().trim())).map(|(name, _)| name.as_str()));
        if here.is_empty() && !unrecognized.contains(relative) {
            without_variable.push(relative);
        }
        named.extend(here);
        words.extend(keys(&text).into_iter().map(|word| (name_of(relative), word.into())));
    }
    unrecognized.extend(
        words
            .drain(words.len().min(MAX_WORDS)..)
            .filter_map(|(name, _): NamedSecret| written.iter().find(|path| name_of(path) == name).cloned()),
    );
    let words = not_elsewhere(project, written, words)?;
    let has_no_word = |path: &&PathBuf| words.iter().all(|(name, _)| *name != name_of(path));
    unrecognized.extend(without_variable.into_iter().filter(has_no_word).cloned());
    unrecognized.sort();
    unrecognized.dedup();
    let mut secrets: Vec<NamedSecret> = variables.iter().filter(|(name, _)| named.contains(name.as_str())).cloned().collect();
    secrets.extend(words);
    Ok(WrittenSecrets { secrets, unrecognized })
}

/// The name of a word in a file, for findings.
fn name_of(written: &Path) -> String {
    format!("what was written into {}", written.display())
}

/// Whether a value may be a key, but one that cannot be looked for in an image.
fn is_weak_key(value: &str) -> bool {
    value.len() >= LEAST_BYTES && weakness(value.as_bytes()).is_some() && !SWITCHES.contains(&value.to_ascii_lowercase().as_str())
}

/// Whether a text has a short value that is not only a part of a longer word.
fn has_word(text: &str, value: &str) -> bool {
    let is_apart = |neighbor: Option<char>| neighbor.is_none_or(|neighbor| !neighbor.is_alphanumeric());
    text.match_indices(value)
        .any(|(place, _)| is_apart(text[..place].chars().next_back()) && is_apart(text[place + value.len()..].chars().next()))
}

/// The words of a text that look like keys, each once. The word of a file that has only one always counts.
fn keys(text: &str) -> BTreeSet<&str> {
    let is_key = |word: &&str| word.contains(|c: char| c.is_ascii_digit()) && word.contains(|c: char| c.is_ascii_alphabetic());
    let mut found: BTreeSet<&str> = WORD.find_iter(text).map(|found| found.as_str()).filter(is_key).collect();
    let mut parts = text.split_whitespace();
    if let (Some(only), None) = (parts.next(), parts.next()) {
        let value = value_of(only);
        if weakness(value.as_bytes()).is_none() {
            found.insert(value);
        }
    }
    found
}

/// What a word assigns, as `NAME='VALUE'`, else the word.
fn value_of(word: &str) -> &str {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match word.split_once('=') {
        Some((name, value)) if is_name(name) && !value.trim_matches('=').is_empty() => value.trim_matches(['\'', '"']),
        _ => word,
    }
}

fn open_listed(project: &Path, path: &str) -> io::Result<File> {
    Ok(repository_files::open(project, Path::new(path))?)
}

/// The words that no other file of the project contains: what is in the source as well is not a secret of the script.
fn not_elsewhere(project: &Path, written: &[PathBuf], words: Vec<NamedSecret>) -> Result<Vec<NamedSecret>, ContextError> {
    // By index, because several words have the same file's name.
    let numbered: Vec<NamedSecret> = words.iter().enumerate().map(|(place, (_, word))| (place.to_string(), word.clone())).collect();
    let unusable = |source| ContextError::Unreadable { path: project.to_owned(), source };
    let Some(search) = SecretScanner::new(&numbered).map_err(unusable)? else { return Ok(words) };
    let mut elsewhere = BTreeSet::new();
    for file in ContextFiles::scan(project, &[], Vec::new())?.listing() {
        if written.iter().any(|path| path == Path::new(&file.path)) {
            continue;
        }
        let path = project.join(&file.path);
        let unreadable = |source| ContextError::Unreadable { path: path.clone(), source };
        elsewhere.extend(search.of_stream(open_listed(project, &file.path).map_err(unreadable)?).map_err(unreadable)?);
    }
    let kept = words.into_iter().zip(&numbered).filter(|(_, (place, _))| !elsewhere.contains(place.as_str()));
    Ok(kept.map(|(word, _)| word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        folder
    }

    fn written(files: &[(&str, &str)], written: &[&str], variables: &[(&str, &str)]) -> WrittenSecrets {
        let written: Vec<PathBuf> = written.iter().map(PathBuf::from).collect();
        let variables: Vec<NamedSecret> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        written_secrets(project(files).path(), &written, &variables).unwrap()
    }

    fn found(files: &[(&str, &str)], written: &[&str], variables: &[(&str, &str)]) -> Vec<(String, String)> {
        let found = self::written(files, written, variables).secrets;
        found.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_variable_whose_value_was_written_is_a_secret() {
        let variables = [("FAL_KEY", "only letters"), ("HOME", "/home/somebody"), ("SHORT", "key")];
        let seen = found(&[("key.txt", "key = 'only letters'\n")], &["key.txt", "gone.txt"], &variables);
        assert_eq!(seen, [pair("FAL_KEY", "only letters")]);
        let encoded = found(&[("key.txt", "b25seSBsZXR0ZXJz")], &["key.txt"], &variables);
        assert_eq!(encoded[0], pair("FAL_KEY", "only letters"));
    }

    #[test]
    fn words_that_look_like_keys_are_secrets_unless_they_stand_elsewhere() {
        let key = "KEY = 'r4nd0m-0123456789abcdef'\nURL = 'https://queue.service-2024-of-models.example'\nlonger_than_sixteen_letters = 1\n";
        let files = [("key.py", key), ("predict.py", "URL = 'https://queue.service-2024-of-models.example'\n")];
        assert_eq!(found(&files, &["key.py"], &[]), [pair("what was written into key.py", "r4nd0m-0123456789abcdef")]);
    }

    #[test]
    fn a_weak_value_of_a_variable_counts_as_a_word_of_its_own() {
        let variables = [("API_KEY", "abc1234"), ("PIN", "4711"), ("WORD", "password"), ("SWITCH", "true"), ("SHELL_LEVEL", "1")];
        let seen = found(&[("key.txt", "abc1234\nflag = true\nlevel: 1\n")], &["key.txt"], &variables);
        assert_eq!(seen, [pair("API_KEY", "abc1234")]);
        let seen =
            found(&[("a.py", "PIN='4711'\nxabc1234 = 47110\n"), ("b.py", "password=password")], &["a.py", "b.py"], &variables);
        assert_eq!(seen, [pair("PIN", "4711"), pair("WORD", "password")]);
    }

    #[test]
    fn a_file_of_one_word_is_a_key_whatever_it_looks_like() {
        let key = "AbCdEfGhIjKlMnOpQrStUvWx";
        assert_eq!(
            found(&[("vault.txt", &format!("{key}\n"))], &["vault.txt"], &[]),
            [pair("what was written into vault.txt", key)]
        );
        let assigned = found(&[(".env", &format!("API_KEY='{key}'\n"))], &[".env"], &[]);
        assert_eq!(assigned, [pair("what was written into .env", key)]);
        // What the source says as well is not one.
        assert_eq!(found(&[("a.txt", "some-mode-of-work"), ("b.py", "MODE = 'some-mode-of-work'")], &["a.txt"], &[]), Vec::new());
    }

    #[test]
    fn files_in_which_nothing_looks_like_a_key_are_named() {
        let large = "a few words\n".repeat(100_000);
        let files = [("key.txt", "r4nd0m-0123456789abcdef"), ("flag.txt", "use a key"), ("large.txt", large.as_str())];
        let seen = written(&files, &["key.txt", "flag.txt", "large.txt", "gone.txt"], &[]);
        assert_eq!(seen.unrecognized, ["flag.txt", "large.txt"].map(PathBuf::from));
        assert_eq!(seen.secrets.len(), 1);
    }
}
