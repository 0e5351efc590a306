//! Which keys `cog.yaml` may have, and what is said about those it may not have.

use cog_findings::text::nearest;
use cog_findings::{Finding, Severity};

use crate::rules;
use crate::sdk::SdkVersion;
use crate::yaml::Key;

/// The keys of one mapping.
pub(super) struct Keys {
    /// Where the mapping stands, with a dot behind; empty for the document itself.
    pub(super) path: &'static str,
    /// What Cog 0.22 reads.
    pub(super) known: &'static [&'static str],
    /// What only Cog up to 0.16 read.
    pub(super) legacy: &'static [&'static str],
}

pub(super) const ROOT: Keys = Keys {
    path: "",
    known: &["build", "concurrency", "environment", "image", "model", "predict", "run", "train", "weights"],
    legacy: &["tests"],
};

pub(super) const BUILD: Keys = Keys {
    path: "build.",
    known: &[
        "cuda",
        "cudnn",
        "gpu",
        "pre_install",
        "python_packages",
        "python_requirements",
        "python_version",
        "run",
        "sdk_version",
        "system_packages",
    ],
    legacy: &["cog_runtime", "fast", "python_overrides"],
};

pub(super) const RUN: Keys = Keys { path: "build.run.", known: &["command", "mounts"], legacy: &[] };

pub(super) const MOUNT: Keys = Keys { path: "build.run.mounts.", known: &["id", "target", "type"], legacy: &[] };

pub(super) const CONCURRENCY: Keys = Keys { path: "concurrency.", known: &["default_target", "max"], legacy: &[] };

pub(super) const WEIGHTS: Keys = Keys { path: "weights.", known: &["name", "source", "target"], legacy: &[] };

pub(super) const WEIGHT_SOURCE: Keys = Keys { path: "weights.source.", known: &["exclude", "include", "uri"], legacy: &[] };

impl Keys {
    /// What is to be said about a key; nothing when Cog reads it.
    pub(super) fn judge(&self, key: &Key, sdk: &SdkVersion) -> Option<Finding> {
        let name = key.name.as_str();
        if self.known.contains(&name) {
            return None;
        }
        let path = self.path;
        if self.legacy.contains(&name) {
            let finding = if sdk.is_legacy() {
                Finding::new(&rules::LEGACY_KEY, format!("`{path}{name}` does not change how safe-push builds"))
            } else {
                Finding::new(&rules::LEGACY_KEY, format!("`{path}{name}` has no effect since Cog 0.17"))
                    .with_severity(Severity::Warning)
                    .hint("remove it")
            };
            return Some(finding.at(key.location.clone()));
        }
        let finding = Finding::new(&rules::UNKNOWN_KEY, format!("`{path}{name}` is not a key of cog.yaml; Cog ignores it"));
        let finding = match self.meant(name) {
            Some(meant) => finding.hint(format!("did you mean `{meant}`?")),
            None => finding.hint(format!("known here: {}", self.known.join(", "))),
        };
        Some(finding.at(key.location.clone()))
    }

    /// The key that was meant: the nearest one here, or one of the same name that belongs elsewhere.
    fn meant(&self, name: &str) -> Option<String> {
        let elsewhere = [&ROOT, &BUILD].into_iter().find(|keys| keys.path != self.path && keys.known.contains(&name));
        match elsewhere {
            Some(keys) => Some(format!("{}{name}", keys.path)),
            None => nearest(name, self.known.iter().copied()).map(|near| format!("{}{near}", self.path)),
        }
    }
}
