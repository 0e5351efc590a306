//! The registry's backend: access to models, and the versions that pushes add.

use std::collections::BTreeMap;

use serde_json::Value;

use super::database::{Runtime, Version};
use super::options::VersionTags;
use super::registry::{Access, PushedManifest, RegistryBackend};
use super::service::Service;

/// The namespaces of Cog's labels; the second is the older one. See `docs/reference/cog.md#labels`.
const NAMESPACES: [&str; 2] = ["run.cog.", "org.cogmodel."];

fn label<'a>(labels: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    NAMESPACES.iter().find_map(|namespace| labels.get(&format!("{namespace}{name}"))).map(String::as_str)
}

impl RegistryBackend for Service {
    fn authenticate(&self, username: &str, password: &str) -> bool {
        self.account.is_cli_login(username, password)
    }

    fn repository(&self, name: &str, username: &str) -> Access {
        match self.database().models.get(name) {
            None => Access::Missing,
            Some(model) if model.owner == username => Access::Allowed,
            Some(_) => Access::Forbidden,
        }
    }

    /// A pushed tag adds a version. A manifest pushed by digest only belongs to an index whose tag follows.
    fn pushed(&self, push: PushedManifest) {
        let counts = match (self.options.version_tags, push.tag.as_deref()) {
            (_, None) => false,
            (VersionTags::Any, Some(_)) => true,
            (VersionTags::LatestOnly, Some(tag)) => tag == "latest",
        };
        let Some(id) = push.digest.strip_prefix("sha256:").filter(|_| counts) else { return };
        // Not by the digest: only a name of ours says later whose image it is.
        let image = format!("{}/{}:{}", self.host, push.repository, push.pull_tag);
        self.add_version(&push.repository, id, &push.labels, Runtime::Image { reference: image, pull: true });
    }
}

impl Service {
    /// Adds a version of an image with these labels. An existing version is left unchanged.
    pub(super) fn add_version(&self, model: &str, id: &str, labels: &BTreeMap<String, String>, runtime: Runtime) {
        let created_at = self.clock.now();
        let visible_at = self.instant() + self.options.version_delay;
        let mut database = self.database();
        let sequence = database.next_sequence();
        let Some(model) = database.models.get_mut(model) else { return };
        if model.versions.iter().any(|version| version.id == id) {
            return;
        }
        let runtime = model.pushed_script.clone().map_or(runtime, Runtime::Script);
        if let Runtime::Script(script) = &runtime {
            self.scripted.add(&model.full_name(), id, script.clone());
        }
        model.versions_made += 1;
        model.versions.push(Version {
            id: id.to_owned(),
            created_at,
            cog_version: label(labels, "version").map(str::to_owned),
            schema: label(labels, "openapi_schema").and_then(|text| serde_json::from_str::<Value>(text).ok()),
            runtime,
            visible_at,
            is_disabled: false,
            is_trained_on: false,
            sequence,
        });
    }
}
