//! The class or function that a model runs.

use std::fmt;

/// A class or function in a file of the project: `predict.py:Predictor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The file, relative to the project, with `/` and `.py`.
    pub file: String,
    /// The class or function.
    pub name: String,
}

impl Target {
    /// Reads `file.py:Name`. `.py:` has to occur exactly once, and neither side may be empty.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(".py:");
        let (stem, name) = (parts.next()?, parts.next()?);
        if parts.next().is_some() || stem.is_empty() || name.is_empty() {
            return None;
        }
        Some(Self { file: format!("{stem}.py"), name: name.to_owned() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_a_file_and_a_member() {
        for (text, expected) in [
            ("predict.py:Predictor", Some("predict.py:Predictor")),
            ("src/run.py:run", Some("src/run.py:run")),
            ("predict:Predictor", None),
            ("predict.py", None),
            ("a.py:b.py:C", None),
            (".py:C", None),
            ("a.py:", None),
        ] {
            let target = Target::parse(text);
            assert_eq!(target.map(|target| target.to_string()).as_deref(), expected, "{text}");
        }
    }
}
