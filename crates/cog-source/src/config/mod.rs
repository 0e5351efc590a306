//! `cog.yaml`: every key, rule and error of `docs/reference/cog.md#configuration-file`.
//!
//! [`parse`] reports all mistakes at once, each at the line and column of the wrong value. It reads one text only. Whether the
//! requirements file exists and whether a concurrent predictor is async is left to callers that see the project.
//!
//! It is stricter than Cog: unknown keys are reported, and a missing `build` is an error rather than `FROM python:-slim`.

mod build;
mod check;
mod keys;
mod read;
mod reader;
mod types;
mod weights;

#[cfg(test)]
mod tests;

pub use types::{Build, CogConfig, Concurrency, ManagedWeights, RunCommand, SecretMount, WeightSource};

pub use crate::environment::Variable;
pub use crate::target::Target;

use cog_findings::{Finding, Location};
use repository_files::FileError;

use crate::rules;
use crate::sdk::SdkVersion;
use crate::yaml;

/// A configuration and the findings about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The configuration, unless the text is not a YAML mapping. Wrong values are omitted, so that later checks can use the rest:
    /// build from it only when no finding is an error.
    pub config: Option<CogConfig>,
    /// The findings, in the order of the file.
    pub findings: Vec<Finding>,
}

impl Parsed {
    /// Whether the file can be built from.
    pub fn is_usable(&self) -> bool {
        self.config.is_some() && !self.findings.iter().any(Finding::is_error)
    }
}

/// Reads `cog.yaml` for the SDK that it names.
///
/// ```
/// use cog_source::config::parse;
///
/// let parsed = parse("build:\n  gpu: yes please\nrun: run.py:Runner\n", "cog.yaml");
/// assert!(!parsed.is_usable());
/// assert_eq!(parsed.findings[0].message, "`build.python_version` is not set");
/// assert_eq!(parsed.findings[1].message, "build.gpu is the text 'yes please', not true or false");
/// ```
pub fn parse(text: &str, file: &str) -> Parsed {
    parse_for(text, file, None)
}

/// The finding about a `cog.yaml` whose bytes are not text.
pub fn not_text(error: &FileError, file: &str) -> Finding {
    let line = if let FileError::NotText { line, .. } = error { *line } else { 1 };
    let finding = Finding::new(&rules::UNREADABLE, error.to_string()).at(Location::at(file, line, 1));
    error.fix().into_iter().fold(finding, Finding::hint)
}

/// Reads `cog.yaml` for an SDK that overrides the one in it.
pub fn parse_for(text: &str, file: &str, sdk: Option<&SdkVersion>) -> Parsed {
    let root = match yaml::read(text, file) {
        Ok(root) => root,
        Err(error) => {
            let finding = Finding::new(&rules::UNREADABLE, error.message).at(error.location).hint(error.hint);
            return Parsed { config: None, findings: vec![finding] };
        }
    };
    let (config, mut findings) = read::read(&root, file, sdk);
    if let Some(config) = &config {
        let in_file = config.build.sdk_version.as_ref().map(|written| &written.value);
        let sdk = sdk.or(in_file).cloned().unwrap_or_default();
        findings.extend(check::check(config, &sdk));
    }
    findings.sort_by_key(|finding| finding.location.as_ref().map(|location| (location.line, location.column)));
    Parsed { config, findings }
}
