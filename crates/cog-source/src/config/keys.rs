//! The keys of `cog.yaml`.

use cog_findings::text::nearest;
use cog_findings::{Finding, Severity};

use crate::rules;
use crate::sdk::SdkVersion;
use crate::yaml::Key;

/// The keys of one mapping.
pub(super) struct Keys {
    /// The path of the mapping, with a dot behind it; empty for the document itself.
    pub(super) path: &'static str,
    /// The keys that Cog 0.22 reads.
    pub(super) known: &'static [&'static str],
    /// The keys that only Cog up to 0.16 reads.
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
    /// The finding about a key that only Cog up to 0.16 reads.
    pub(super) fn legacy_finding(&self, key: &Key, sdk: &SdkVersion) -> Finding {
        let (path, name) = (self.path, &key.name);
        let finding = if sdk.is_legacy() {
            Finding::new(&rules::LEGACY_KEY, format!("`{path}{name}` does not change how safe-push builds"))
        } else {
            Finding::new(&rules::LEGACY_KEY, format!("`{path}{name}` has no effect since Cog 0.17"))
                .with_severity(Severity::Warning)
                .hint("remove it")
        };
        finding.at(key.location.clone())
    }

    /// The hint about a key that Cog does not read: the same key of another mapping, the nearest one of this mapping, or all.
    pub(super) fn hint(&self, name: &str) -> String {
        let elsewhere = [&ROOT, &BUILD].into_iter().find(|keys| keys.path != self.path && keys.known.contains(&name));
        if let Some(keys) = elsewhere {
            return format!("did you mean `{}{name}`?", keys.path);
        }
        match nearest(name, self.known.iter().copied()) {
            Some(near) => format!("did you mean `{}{near}`?", self.path),
            None => format!("the keys are {}", self.known.join(", ")),
        }
    }
}
