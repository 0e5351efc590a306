//! The secrets that a script has written into a project's files.
//!
//! A script does not say what it wrote: its key may come from a variable, a vault or another file. Two things count as a key: the value of
//! a variable that is now in a changed file, and a word of such a file that looks like a key and is in no other file.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::build::context::{ContextError, ContextFiles};
use crate::build::leaks::NamedSecret;
use crate::build::leaks::search::Search;

/// The most bytes read of a file: keys are in small files.
const MOST_BYTES: u64 = 1024 * 1024;

/// More words than this are not keys.
const MOST_WORDS: usize = 1000;

/// The characters of keys: letters and digits, without those that separate parts of addresses and expressions.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test of this file")]
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9_-]{16,512}").unwrap());

/// The secrets that `written` files of a project hold, paths relative to it. Blocks.
///
/// # Errors
/// When a file cannot be read.
pub fn written_secrets(project: &Path, written: &[PathBuf], variables: &[NamedSecret]) -> Result<Vec<NamedSecret>, ContextError> {
    let mut secrets = Vec::new();
    let mut words = Vec::new();
    let unusable = |source| ContextError::Unreadable { path: project.to_owned(), source };
    let known = Search::new(variables).map_err(unusable)?;
    for relative in written {
        let path = project.join(relative);
        if !path.is_file() {
            continue;
        }
        let unreadable = |source| ContextError::Unreadable { path: path.clone(), source };
        let open = || repository_files::open(project, relative).map_err(|error| unreadable(error.into()));
        if let Some(known) = &known {
            let names: BTreeSet<&str> = known.of_stream(open()?).map_err(unreadable)?.into_iter().collect();
            secrets.extend(variables.iter().filter(|(name, _)| names.contains(name.as_str())).cloned());
        }
        let mut bytes = Vec::new();
        open()?.take(MOST_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
        let name = format!("what was written into {}", relative.display());
        words.extend(keys(&String::from_utf8_lossy(&bytes)).into_iter().map(|word| (name.clone(), word.into())));
    }
    words.truncate(MOST_WORDS);
    secrets.extend(not_elsewhere(project, written, words)?);
    Ok(secrets)
}

/// The words of a text that look like keys, each once.
fn keys(text: &str) -> BTreeSet<&str> {
    let is_key = |word: &&str| word.contains(|c: char| c.is_ascii_digit()) && word.contains(|c: char| c.is_ascii_alphabetic());
    WORD.find_iter(text).map(|found| found.as_str()).filter(is_key).collect()
}

fn open_listed(project: &Path, path: &str) -> io::Result<File> {
    Ok(repository_files::open(project, Path::new(path))?)
}

/// The words that no other file of the project contains: what is in the source as well is not a secret of the script.
fn not_elsewhere(project: &Path, written: &[PathBuf], words: Vec<NamedSecret>) -> Result<Vec<NamedSecret>, ContextError> {
    // By place, for several words have one file's name.
    let numbered: Vec<NamedSecret> = words.iter().enumerate().map(|(place, (_, word))| (place.to_string(), word.clone())).collect();
    let unusable = |source| ContextError::Unreadable { path: project.to_owned(), source };
    let Some(search) = Search::new(&numbered).map_err(unusable)? else { return Ok(words) };
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
    use crate::support::ExposeSecret as _;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        folder
    }

    fn found(files: &[(&str, &str)], written: &[&str], variables: &[(&str, &str)]) -> Vec<(String, String)> {
        let written: Vec<PathBuf> = written.iter().map(PathBuf::from).collect();
        let variables: Vec<NamedSecret> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let found = written_secrets(project(files).path(), &written, &variables).unwrap();
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
}
