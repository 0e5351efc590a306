//! Whole loads: files, variables and flags of a repository in a folder of its own.

mod cases;
mod choosing;
mod files;
mod folders;
mod layers;
mod mistakes;
mod same_model;
mod scalars;

use std::collections::BTreeMap;
use std::fs;

use cog_findings::Finding;

use crate::config::settings::Key;
use crate::config::{ConfigError, Configured, Flags, LoadedModels, Sources, configured, load};

/// A repository and what it is loaded with.
struct Repository {
    folder: tempfile::TempDir,
    sources: Sources,
}

impl Repository {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources { repository: folder.path().to_owned(), ..Sources::default() };
        Self { folder, sources }
    }

    /// With one model, whose configuration has a few more lines.
    fn with_model(text: &str) -> Self {
        Self::new().file("cog-safe-push.yaml", &format!("model: acme/hotdog\n{text}"))
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// With models, each with a configuration of its own.
    fn with_models(names: &[&str]) -> Self {
        names.iter().fold(Self::new(), |repository, name| {
            repository.file(&format!("cog-safe-push-configs/{name}.yaml"), &format!("model: acme/{name}\n"))
        })
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn flag(mut self, key: Key, value: &str) -> Self {
        let Flags(flags): &mut Flags = &mut self.sources.flags;
        flags.entry(key).or_default().push(value.to_owned());
        self
    }

    fn model(mut self, model: &str) -> Self {
        self.sources.model_argument = Some(model.to_owned());
        self
    }

    fn in_action(mut self) -> Self {
        self.sources.action = true;
        self
    }

    fn load(&self) -> Result<LoadedModels, ConfigError> {
        load(&self.sources)
    }

    fn loaded(&self) -> LoadedModels {
        self.load().unwrap_or_else(|error| panic!("{error}: {:#?}", error.findings()))
    }

    fn configured(&self) -> Configured {
        configured(&self.sources).unwrap()
    }

    fn names(&self) -> Vec<String> {
        self.loaded().models.into_iter().map(|model| model.plan.name).collect()
    }

    fn error(&self) -> ConfigError {
        self.load().unwrap_err()
    }

    /// The mistakes, each on one line.
    fn mistakes(&self) -> Vec<String> {
        said(&self.error().findings())
    }
}

/// Findings, each on one line.
fn said(findings: &[Finding]) -> Vec<String> {
    let line = |finding: &Finding| {
        let place = finding.location.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let details: BTreeMap<_, _> = finding.details.iter().cloned().collect();
        let details = details.iter().map(|(label, value)| format!(" ({label} {value})")).collect::<String>();
        let hint = finding.hint.as_ref().map(|hint| format!(" [{hint}]")).unwrap_or_default();
        format!("{} {place}{}{details}{hint}", finding.code, finding.message)
    };
    findings.iter().map(line).collect()
}
