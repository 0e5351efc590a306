//! Which models a run is about: the names that the repository has, the choice among them, and the matrix for GitHub Actions.
//!
//! What a name's configuration says is left to `config`. `script/select-model` and changed files are not read yet.

pub mod rules;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::text::nearest;

/// More jobs than this are refused by GitHub for one matrix.
const MATRIX_JOBS: usize = 256;

/// A choice that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// A name without a configuration.
    #[error("there is no model '{name}'")]
    Unknown {
        /// The name.
        name: String,
        /// The nearest one.
        near: Option<String>,
        /// All there are.
        known: Vec<String>,
    },
    /// More models than one matrix takes.
    #[error("{count} models are more than the {MATRIX_JOBS} jobs of one matrix")]
    TooMany {
        /// How many.
        count: usize,
    },
}

impl SelectError {
    /// The way out.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { near: Some(near), .. } => Some(format!("did you mean '{near}'?")),
            Self::Unknown { known, .. } if known.is_empty() => Some("the configuration folder is empty or missing".to_owned()),
            Self::Unknown { known, .. } => Some(format!("there are {}", known.join(", "))),
            Self::TooMany { .. } => Some("name the models with --models, in several workflows".to_owned()),
        }
    }
}

/// The names of the repository's models: the stems of its configurations, sorted.
pub fn names(repository: &Path, config_dir: &str) -> Vec<String> {
    let entries = fs::read_dir(repository.join(config_dir)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|file| Some(file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml"))?.to_owned()))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The models of a request: `all`, or names separated by commas, in the order of the request and each once.
pub fn choose(request: &str, known: &[String]) -> Result<Vec<String>, SelectError> {
    if request.trim() == "all" {
        return Ok(known.to_vec());
    }
    let mut chosen: Vec<String> = Vec::new();
    for name in request.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !known.iter().any(|known| known == name) {
            let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            return Err(SelectError::Unknown { name: name.to_owned(), near, known: known.to_vec() });
        }
        if !chosen.iter().any(|chosen| chosen == name) {
            chosen.push(name.to_owned());
        }
    }
    Ok(chosen)
}

/// The matrix of a workflow: one job for each model.
pub fn matrix(models: &[String]) -> Result<Value, SelectError> {
    if models.len() > MATRIX_JOBS {
        return Err(SelectError::TooMany { count: models.len() });
    }
    Ok(json!({ "model": models }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<String> {
        ["dev", "schnell"].map(str::to_owned).to_vec()
    }

    #[test]
    fn requests_name_models() {
        assert_eq!(choose("all", &known()).unwrap(), known());
        assert_eq!(choose(" schnell, dev,schnell ", &known()).unwrap(), ["schnell", "dev"]);
        assert_eq!(choose("", &known()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_name_has_a_neighbour_or_a_list() {
        let hint = |request: &str| choose(request, &known()).unwrap_err().hint().unwrap();
        assert_eq!(hint("schnel"), "did you mean 'schnell'?");
        assert_eq!(hint("pro-ultra"), "there are dev, schnell");
        assert_eq!(choose("x", &[]).unwrap_err().hint().unwrap(), "the configuration folder is empty or missing");
    }

    #[test]
    fn names_are_the_stems_of_configurations() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b.yaml", "a.yml", ".hidden.yaml", "README.md"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        assert_eq!(names(folder.path(), "."), ["a", "b"]);
        assert!(names(folder.path(), "nowhere").is_empty());
    }

    #[test]
    fn a_matrix_has_a_limit() {
        assert_eq!(matrix(&known()).unwrap(), json!({ "model": ["dev", "schnell"] }));
        assert!(matrix(&vec!["x".to_owned(); 257]).is_err());
    }
}
