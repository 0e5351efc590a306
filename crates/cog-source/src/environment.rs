//! The rules of `environment` in `cog.yaml`: `docs/reference/cog.md#environment-variables`.

use std::fmt;

/// Variables that Cog or the platform sets.
const RESERVED_NAMES: &[&str] = &[
    "HF_ENDPOINT",
    "HF_HUB_ENABLE_HF_TRANSFER",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "PATH",
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "VIRTUAL_ENV",
];

/// Prefixes of such variables. `CUDA` itself is free, `CUDA_…` is not.
const RESERVED_PREFIXES: &[&str] = &["CUDA_", "KUBERNETES_", "NVIDIA_", "NV_", "PGET_", "R8_", "REPLICATE_"];

/// An environment variable of the image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    pub name: String,
    /// The value; may be empty and may contain `=`.
    pub value: String,
}

impl fmt::Display for Variable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.name, self.value)
    }
}

/// Why an entry of `environment` is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VariableError {
    /// The entry has no `=`, or nothing before it.
    #[error("`{entry}` is not of the form NAME=value")]
    Form { entry: String },
    /// The name has invalid characters.
    #[error("`{name}` is not a valid variable name")]
    Name { name: String },
    /// The value has a control character, such as a line break, which a Dockerfile cannot express.
    #[error("the value of `{name}` contains a control character")]
    Value { name: String },
    /// Cog or the platform sets the variable.
    #[error("`{name}` is reserved")]
    Reserved { name: String },
}

impl Variable {
    /// Reads `NAME=value`, split at the first `=`.
    pub(crate) fn parse(entry: &str) -> Result<Self, VariableError> {
        let (name, value) = entry
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| VariableError::Form { entry: entry.to_owned() })?;
        let mut characters = name.chars();
        let starts_well = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if !starts_well || !characters.all(|character| character.is_ascii_alphanumeric() || character == '_') {
            return Err(VariableError::Name { name: name.to_owned() });
        }
        if is_reserved(name) {
            return Err(VariableError::Reserved { name: name.to_owned() });
        }
        if value.chars().any(|character| character.is_control() && character != '\t') {
            return Err(VariableError::Value { name: name.to_owned() });
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// Whether the variable is reserved for Cog or the platform.
fn is_reserved(name: &str) -> bool {
    RESERVED_NAMES.contains(&name) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_split_at_the_first_equals_sign() {
        let variable = Variable::parse("URL=https://example.com/?a=b").unwrap();
        assert_eq!((variable.name.as_str(), variable.value.as_str()), ("URL", "https://example.com/?a=b"));
        assert_eq!(Variable::parse("EMPTY=").unwrap().value, "");
    }

    #[test]
    fn entries_without_a_name_or_sign_are_rejected() {
        for entry in ["NAME", "", "=value", "="] {
            assert_eq!(Variable::parse(entry), Err(VariableError::Form { entry: entry.to_owned() }));
        }
    }

    #[test]
    fn names_are_those_of_a_shell() {
        for name in ["1A", "A-B", "A B", "Ä"] {
            assert_eq!(Variable::parse(&format!("{name}=x")), Err(VariableError::Name { name: name.to_owned() }));
        }
        assert!(Variable::parse("_a1=x").is_ok());
    }

    #[test]
    fn reserved_names_and_prefixes_are_rejected() {
        for name in ["PATH", "LD_LIBRARY_PATH", "HF_ENDPOINT", "R8_X", "REPLICATE_API_TOKEN", "CUDA_HOME", "NV_X", "PGET_MAX"] {
            assert_eq!(Variable::parse(&format!("{name}=x")), Err(VariableError::Reserved { name: name.to_owned() }));
        }
        for name in ["CUDA", "COG_LOG_LEVEL", "HF_HOME", "path", "NVX"] {
            assert!(Variable::parse(&format!("{name}=x")).is_ok(), "{name}");
        }
    }

    #[test]
    fn line_breaks_are_rejected() {
        assert_eq!(Variable::parse("A=x\ny"), Err(VariableError::Value { name: "A".to_owned() }));
        assert!(Variable::parse("A=x\ty").is_ok());
    }
}
