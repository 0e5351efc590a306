//! Build secrets as the user names them: `id=token,env=HF_TOKEN` or `id=token,src=secrets/token.txt`.
//!
//! The form is that of `cog build --secret` and `docker build --secret`: comma-separated fields, quoted where a value holds a comma. Who
//! may name which source is left to `config`, reading the value to `build`.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// A text that names no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' does not name a build secret: {problem}")]
pub struct MalformedSecret {
    /// The text. It holds names, no values.
    pub text: String,
    pub problem: String,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpec {
    /// Its name in the Dockerfile.
    pub id: String,
    /// Where its value is.
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
    /// Reads `id=..,src=..|env=..,type=file|env`. Without a source, a variable of that name is meant if `type=env`, else a file.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        let malformed = |problem: String| MalformedSecret { text: text.to_owned(), problem };
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
                return Err(malformed(format!("'{}' is given twice", name.trim())));
            }
        }
        let id = id.filter(|id| !id.is_empty()).ok_or_else(|| malformed("it has no id".to_owned()))?;
        let source = match (file, variable, kind.as_deref()) {
            (Some(_), Some(_), _) => return Err(malformed("src and env exclude one another".to_owned())),
            // With type=env Docker reads src as the variable's name.
            (Some(name), None, Some("env")) | (None, Some(name), None | Some("env")) => SecretSource::Variable(name),
            (None, Some(_), _) => return Err(malformed("env needs type=env or none".to_owned())),
            (Some(path), None, _) => SecretSource::File(PathBuf::from(path)),
            (None, None, Some("env")) => SecretSource::Variable(id.clone()),
            (None, None, _) => SecretSource::File(PathBuf::from(&id)),
        };
        Ok(Self { id, source })
    }
}

/// The variables that a build's secrets name. Malformed secrets are reported when the build is prepared.
pub fn variables_of(secrets: &[String]) -> BTreeSet<String> {
    let sources = secrets.iter().filter_map(|text| Some(SecretSpec::parse(text).ok()?.source));
    sources.filter_map(|source| if let SecretSource::Variable(name) = source { Some(name) } else { None }).collect()
}

/// One line of CSV: a field in quotes may hold commas, and quotes written twice.
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

    #[test]
    fn only_variables_that_secrets_name_are_asked_for() {
        let secrets = ["id=a,env=A", "id=b,src=B", "id=c,type=env", "nonsense"].map(str::to_owned);
        assert_eq!(variables_of(&secrets).into_iter().collect::<Vec<_>>(), ["A", "c"]);
    }

    #[test]
    fn secrets_are_read_as_docker_reads_them() {
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
    fn what_names_no_secret_is_refused_with_the_reason() {
        let cases = [
            ("src=b", "no id"),
            ("id=,src=b", "no id"),
            ("id", "not name=value"),
            ("id=a,target=b", "'target' is not a field"),
            ("id=a,type=ssh", "'ssh' is not a type"),
            ("id=a,src=b,env=C", "exclude"),
            ("id=a,env=B,type=file", "type=env"),
            ("id=a,id=b", "twice"),
            ("id=a,\"src=b", "quote"),
        ];
        for (text, problem) in cases {
            let error = SecretSpec::parse(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
