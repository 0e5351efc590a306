//! Build secrets as the user writes them: `id=token,env=HF_TOKEN` or `id=token,src=secrets/token.txt`.
//!
//! The syntax is that of `cog build --secret` and `docker build --secret`: comma-separated fields, quoted if a value contains a comma.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::clients::docker::BuildSecret;

/// BuildKit rejects larger ones.
const MOST_BYTES: u64 = 500 * 1024;

/// A secret has no value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text does not define a secret.
    #[error("'{text}' does not name a build secret: {problem}")]
    Malformed {
        /// The text, which holds names but no values.
        text: String,
        problem: String,
    },
    /// The variable is not set.
    #[error("the build secret '{id}' needs the environment variable {variable}, which is not set")]
    NotSet { id: String, variable: String },
    /// The file could not be read.
    #[error("the build secret '{id}' needs the file {}, which cannot be read", path.display())]
    Unreadable {
        id: String,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// BuildKit would reject it.
    #[error("the build secret '{id}' is larger than {} KiB", MOST_BYTES / 1024)]
    TooLarge { id: String },
}

/// A secret by name and source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpec {
    /// Its name in the Dockerfile.
    pub id: String,
    pub source: SecretSource,
}

/// Where a secret's value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file, relative to the project.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
}

impl SecretSpec {
    /// Parses `id=..,src=..|env=..,type=file|env`. Without a source, `type=env` means a variable of that name, otherwise a file.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let malformed = |problem: String| SecretError::Malformed { text: text.to_owned(), problem };
        let (mut id, mut file, mut variable, mut kind) = (None, None, None, None);
        for field in split_fields(text).ok_or_else(|| malformed("a quote is not closed".to_owned()))? {
            let (name, value) = field.split_once('=').ok_or_else(|| malformed(format!("'{field}' is not name=value")))?;
            let place = match name.trim().to_ascii_lowercase().as_str() {
                "id" => &mut id,
                "src" | "source" => &mut file,
                "env" => &mut variable,
                "type" if matches!(value, "file" | "env") => &mut kind,
                "type" => return Err(malformed(format!("'{value}' is not a type: use file or env"))),
                other => return Err(malformed(format!("'{other}' is not a field: use id, src, env or type"))),
            };
            if place.replace(value.to_owned()).is_some() {
                return Err(malformed(format!("'{}' is set twice", name.trim())));
            }
        }
        let id = id.filter(|id| !id.is_empty()).ok_or_else(|| malformed("it has no id".to_owned()))?;
        let source = match (file, variable, kind.as_deref()) {
            (Some(_), Some(_), _) => return Err(malformed("src and env cannot be combined".to_owned())),
            // With type=env, Docker reads src as the variable's name.
            (Some(name), None, Some("env")) | (None, Some(name), None | Some("env")) => SecretSource::Variable(name),
            (None, Some(_), _) => return Err(malformed("env needs type=env or none".to_owned())),
            (Some(path), None, _) => SecretSource::File(PathBuf::from(path)),
            (None, None, Some("env")) => SecretSource::Variable(id.clone()),
            (None, None, _) => SecretSource::File(PathBuf::from(&id)),
        };
        Ok(Self { id, source })
    }

    /// Gets the value. `variable` looks up an environment variable. Blocks.
    pub fn resolve(&self, project: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<BuildSecret, SecretError> {
        let bytes = match &self.source {
            SecretSource::Variable(name) => {
                variable(name).ok_or_else(|| SecretError::NotSet { id: self.id.clone(), variable: name.clone() })?.into_bytes()
            }
            SecretSource::File(path) => {
                let path = project.join(path);
                read(&path).map_err(|source| SecretError::Unreadable { id: self.id.clone(), path, source })?
            }
        };
        if bytes.len() as u64 > MOST_BYTES {
            return Err(SecretError::TooLarge { id: self.id.clone() });
        }
        Ok(BuildSecret { id: self.id.clone(), value: bytes.into() })
    }
}

/// The variables that a build's secrets name. Malformed secrets are skipped: preparing the build reports them.
pub fn variables_of(secrets: &[String]) -> BTreeSet<String> {
    let sources = secrets.iter().filter_map(|text| Some(SecretSpec::parse(text).ok()?.source));
    sources.filter_map(|source| if let SecretSource::Variable(name) = source { Some(name) } else { None }).collect()
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Splits a line of CSV: a quoted field may contain commas, and quotes written twice.
fn split_fields(text: &str) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.trim().chars().peekable();
    while let Some(character) = characters.next() {
        let field = fields.last_mut()?;
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(String::new()),
            other => field.push(other),
        }
    }
    (!quoted).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::ExposeSecret;

    #[test]
    fn only_variables_that_secrets_name_are_read() {
        let secrets = ["id=a,env=A", "id=b,src=B", "id=c,type=env", "nonsense"].map(str::to_owned);
        assert_eq!(variables_of(&secrets).into_iter().collect::<Vec<_>>(), ["A", "c"]);
    }

    #[test]
    fn secrets_are_parsed_as_docker_does() {
        let file = |path: &str| SecretSource::File(PathBuf::from(path));
        let variable = |name: &str| SecretSource::Variable(name.to_owned());
        let cases = [
            ("id=a,src=b", file("b")),
            ("id=a,source=/x/y", file("/x/y")),
            ("id=a,env=B", variable("B")),
            ("type=env,id=a,env=B", variable("B")),
            ("id=a,type=env,src=B", variable("B")),
            ("id=a", file("a")),
            ("id=a,type=env", variable("a")),
            ("id=a,type=file", file("a")),
            ("ID=a,SRC=b", file("b")),
            ("id=a,\"src=b,c\"", file("b,c")),
            ("id=a,src=x=y", file("x=y")),
        ];
        for (text, source) in cases {
            assert_eq!(SecretSpec::parse(text).unwrap(), SecretSpec { id: "a".to_owned(), source }, "{text}");
        }
    }

    #[test]
    fn malformed_secrets_are_rejected_with_the_reason() {
        let cases = [
            ("src=b", "no id"),
            ("id=,src=b", "no id"),
            ("id", "not name=value"),
            ("id=a,target=b", "'target' is not a field"),
            ("id=a,type=ssh", "'ssh' is not a type"),
            ("id=a,src=b,env=C", "cannot be combined"),
            ("id=a,env=B,type=file", "type=env"),
            ("id=a,id=b", "twice"),
            ("id=a,\"src=b", "quote"),
        ];
        for (text, problem) in cases {
            let error = SecretSpec::parse(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn values_come_from_project_files_and_variables() {
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("token"), [0xff, b'\n']).unwrap();
        let resolve = |text: &str| {
            let lookup = |name: &str| (name == "HF_TOKEN").then(|| "hf".to_owned());
            SecretSpec::parse(text).unwrap().resolve(project.path(), &lookup)
        };
        assert_eq!(resolve("id=a,src=token").unwrap().value.expose_secret(), [0xff, b'\n']);
        assert_eq!(resolve("id=a,env=HF_TOKEN").unwrap().value.expose_secret(), b"hf");
        assert!(matches!(resolve("id=a,env=OTHER"), Err(SecretError::NotSet { .. })));
        assert!(matches!(resolve("id=a,src=missing"), Err(SecretError::Unreadable { .. })));
        fs::write(project.path().join("large"), vec![0; 600 * 1024]).unwrap();
        assert!(matches!(resolve("id=a,src=large"), Err(SecretError::TooLarge { .. })));
    }
}
