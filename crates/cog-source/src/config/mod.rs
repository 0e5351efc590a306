//! `cog.yaml`: every key, rule and error of `docs/reference/cog.md#configuration-file`.
//!
//! [`parse`] reports all mistakes at once, each at the line and column of the wrong value. It reads one text only. Whether the
//! requirements file exists and whether a concurrent predictor is async is left to callers that see the project.
//!
//! It is stricter than Cog: unknown keys are reported, and a missing `build` is an error rather than `FROM python:-slim`.

mod check;
mod keys;
mod read;
mod types;
mod weights;

#[cfg(test)]
mod tests;

pub use types::{Build, CogConfig, Concurrency, Located, ManagedWeights, RunCommand, SecretMount, Target, WeightSource};

use cog_findings::Finding;

use crate::rules;
use crate::sdk::SdkVersion;
use crate::yaml;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The configuration, unless the text is no YAML mapping. Values at fault are left out of it, so that later checks can still
    /// use the rest: build from it only when no finding is an error.
    pub config: Option<CogConfig>,
    /// Everything there is to say, in the order of the file.
    pub findings: Vec<Finding>,
}

impl Parsed {
    /// Whether the file can be built from.
    pub fn is_usable(&self) -> bool {
        self.config.is_some() && !self.findings.iter().any(Finding::is_error)
    }
}

/// Reads `cog.yaml` for the SDK that it names itself.
pub fn parse(text: &str, file: &str) -> Parsed {
    parse_for(text, file, None)
}

/// Reads `cog.yaml` for an SDK that overrules the one in it, as the `cog_version` setting does.
pub fn parse_for(text: &str, file: &str, sdk: Option<&SdkVersion>) -> Parsed {
    let root = match yaml::read(text, file) {
        Ok(root) => root,
        Err(error) => {
            let finding = Finding::new(&rules::UNREADABLE, error.message).at(error.location);
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
