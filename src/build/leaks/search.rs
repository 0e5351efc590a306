//! The search for secrets in a stream of bytes.

use std::io::{self, Read};

use cog_findings::Finding;

use crate::build::leaks::NamedSecret;
use crate::build::rules;
use crate::support::ExposeSecret;
use crate::support::secrets::{Redactor, SecretScan, SecretSearch, weakness};

/// The size of one chunk of a stream, in bytes.
pub(super) const CHUNK_BYTES: usize = 1024 * 1024;

/// The shortest word that makes a line of a secret count by itself. The other lines of a key file occur in many files.
const KEY_WORD_BYTES: usize = 16;

/// Secrets to be looked for.
#[derive(Debug)]
pub(super) struct SecretScanner {
    names: Vec<String>,
    forms: SecretSearch,
    redactor: Redactor,
}

impl SecretScanner {
    /// The search for secrets that can be found; weak ones are left out. `None` when there is nothing to look for.
    pub(super) fn new(secrets: &[NamedSecret]) -> io::Result<Option<Self>> {
        let strong = secrets.iter().filter(|(_, value)| weakness(value.expose_secret().as_bytes()).is_none());
        let (names, values): (Vec<String>, Vec<&str>) =
            strong.map(|(name, value)| (name.clone(), value.expose_secret().trim())).unzip();
        let forms = SecretSearch::new(values.iter().map(|value| value.as_bytes()), is_key_line).map_err(io::Error::other)?;
        let redactor = Redactor::of(values);
        Ok((!forms.is_empty()).then_some(Self { names, forms, redactor }))
    }

    /// A stream that is about to be read.
    pub(super) fn begin(&self) -> SecretScan<'_> {
        self.forms.begin()
    }

    /// The name of a secret that was found.
    pub(super) fn name(&self, found: usize) -> &str {
        self.names.get(found).map_or("a secret", String::as_str)
    }

    /// A place as it may be shown: its name may itself contain a secret.
    pub(super) fn shown(&self, place: &str) -> String {
        self.redactor.text(place).into_inner()
    }

    /// The names of the secrets that a stream holds.
    pub(super) fn of_stream(&self, mut stream: impl Read) -> io::Result<Vec<&str>> {
        let mut scan = self.begin();
        let mut buffer = vec![0; CHUNK_BYTES / 4];
        loop {
            match stream.read(&mut buffer)? {
                0 => break,
                length => scan.feed(&buffer[..length]),
            }
        }
        Ok(scan.finish().into_iter().map(|found| self.name(found)).collect())
    }
}

/// Whether a line of a secret is a secret by itself: it holds a long word of letters and digits.
fn is_key_line(line: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/_=-".contains(byte);
    line.split(|byte| !is_word(byte))
        .any(|word| word.len() >= KEY_WORD_BYTES && word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic))
}

/// Secrets whose absence cannot be proven: one finding for each.
pub fn unprovable(secrets: &[NamedSecret]) -> Vec<Finding> {
    let weak = secrets.iter().filter_map(|(name, value)| Some((name, weakness(value.expose_secret().as_bytes())?)));
    let finding = |(name, weakness): (&String, _)| {
        let message = format!("the value of {name} {weakness}, so its absence from an official model cannot be proven");
        Finding::new(&rules::SECRET_NOT_PROVABLE, message).hint("use a longer value; if it is not a secret, do not pass it as one")
    };
    weak.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "sk-live-0123456789+/?~";

    fn named(name: &str, value: &str) -> NamedSecret {
        (name.to_owned(), value.into())
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let search = SecretScanner::new(&[named("KEY", SECRET)]).unwrap().unwrap();
        let almost = [&SECRET.as_bytes()[1..], b" ", &SECRET.as_bytes()[..SECRET.len() - 1]].concat();
        assert_eq!(search.of_stream(&almost[..]).unwrap(), [""; 0]);
        assert_eq!(search.of_stream(SECRET.as_bytes()).unwrap(), ["KEY"]);
        assert!(SecretScanner::new(&[named("SHORT", "abc")]).unwrap().is_none());
    }

    #[test]
    fn a_short_or_common_key_is_an_error() {
        let found = unprovable(&[named("SHORT", "abc"), named("KEY", SECRET), named("WORD", "production")]);
        let said: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "the value of SHORT is only 3 bytes long; a secret has at least 8, so its absence from an official model cannot be proven",
                "the value of WORD is a common word or placeholder that also occurs in harmless text, so its absence from an official model cannot be proven",
            ]
        );
        assert!(found.iter().all(Finding::is_error));
    }

    #[test]
    fn only_lines_that_look_like_keys_are_secrets_of_their_own() {
        let file = "{\n  \"type\": \"service_account\",\n  \"private_key_id\": \"0a1b2c3d4e5f60718293\",\n  \"uri\": \"https://accounts.example/auth\"\n}";
        let search = SecretScanner::new(&[named("FILE", file)]).unwrap().unwrap();
        assert_eq!(search.of_stream(&b"  \"private_key_id\": \"0a1b2c3d4e5f60718293\","[..]).unwrap(), ["FILE"]);
        assert_eq!(
            search.of_stream(&b"\"type\": \"service_account\", \"uri\": \"https://accounts.example/auth\""[..]).unwrap(),
            [""; 0]
        );
    }
}
