//! A cleanup, as JSON with frozen names and as text for a terminal.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::cleanup::Cleanup;
use crate::report::escape;
use crate::report::measurement::size;

/// The value of `schema` in these documents.
const SCHEMA: &str = "safe-push/clean/v1";

/// How many digits of a container's id identify it.
const ID_DIGITS: usize = 12;

/// A cleanup with frozen names: fields may be added, but never renamed or removed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CleanupJson {
    /// `safe-push/clean/v1`.
    schema: &'static str,
    /// Whether things were only listed.
    dry_run: bool,
    /// Containers of earlier runs.
    containers: Vec<ContainerJson>,
    /// Networks of earlier runs.
    networks: Vec<NetworkJson>,
    /// Names of images of earlier runs.
    images: Vec<ImageJson>,
    /// Temporary folders of earlier runs.
    folders: Vec<FolderJson>,
    /// Things whose process may still run elsewhere.
    kept: usize,
    /// What removing them freed, or would free.
    freed_bytes: u64,
    /// What could not be removed, and why.
    problems: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ContainerJson {
    id: String,
    name: String,
    image: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct NetworkJson {
    id: String,
    name: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ImageJson {
    name: String,
    size_bytes: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FolderJson {
    path: String,
    size_bytes: u64,
}

/// The cleanup as a JSON document.
pub(crate) fn cleanup_json(cleanup: &Cleanup) -> CleanupJson {
    let Cleanup { dry_run, daemon, folders, freed_bytes, problems } = cleanup.clone();
    let container = |left: crate::domain::cleanup::LeftContainer| ContainerJson { id: left.id, name: left.name, image: left.image };
    let folder = |left: crate::domain::cleanup::LeftFolder| FolderJson {
        path: left.path.display().to_string(),
        size_bytes: left.size_bytes,
    };
    CleanupJson {
        schema: SCHEMA,
        dry_run,
        containers: daemon.containers.into_iter().map(container).collect(),
        networks: daemon.networks.into_iter().map(|left| NetworkJson { id: left.id, name: left.name }).collect(),
        images: daemon.images.into_iter().map(|left| ImageJson { name: left.name, size_bytes: left.size_bytes }).collect(),
        folders: folders.into_iter().map(folder).collect(),
        kept: daemon.kept,
        freed_bytes,
        problems,
    }
}

/// The cleanup as lines of text.
pub(crate) fn cleanup_text(cleanup: &Cleanup) -> String {
    let Cleanup { dry_run, daemon, folders, freed_bytes, .. } = cleanup;
    let counts = [
        (daemon.containers.len(), "container", "containers"),
        (daemon.networks.len(), "network", "networks"),
        (daemon.images.len(), "image", "images"),
        (folders.len(), "folder", "folders"),
    ];
    let counts: Vec<String> =
        counts.iter().filter(|(count, ..)| *count > 0).map(|(count, one, many)| counted(*count, one, many)).collect();
    let mut lines = vec![match (counts.is_empty(), dry_run) {
        (true, _) => "nothing is left of earlier runs".to_owned(),
        (false, true) => format!("would remove {}", listed(&counts)),
        (false, false) => format!("removed {}; freed {}", listed(&counts), size(*freed_bytes)),
    }];
    for container in &daemon.containers {
        let id = container.id.get(..ID_DIGITS).unwrap_or(&container.id);
        lines.push(format!("  container  {id}  {} ({})", container.name, container.image));
    }
    lines.extend(daemon.networks.iter().map(|network| format!("  network    {}", network.name)));
    lines.extend(daemon.images.iter().map(|image| format!("  image      {}  {}", image.name, size(image.size_bytes))));
    lines.extend(folders.iter().map(|folder| format!("  folder     {}  {}", folder.path.display(), size(folder.size_bytes))));
    if daemon.kept > 0 {
        let kept = counted(daemon.kept, "item was", "items were");
        lines.push(format!("{kept} kept for up to a day: whether their process has ended cannot be seen from here"));
    }
    lines.iter().map(|line| escape::printable(line)).collect::<Vec<_>>().join("\n")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::domain::cleanup::{LeftContainer, LeftFolder, LeftImage, LeftInDaemon, LeftNetwork};

    fn cleanup() -> Cleanup {
        let image = |name: &str, size_bytes| LeftImage { name: name.to_owned(), size_bytes };
        Cleanup {
            dry_run: false,
            daemon: LeftInDaemon {
                containers: vec![LeftContainer {
                    id: "0123456789abcdef".to_owned(),
                    name: "eager_bell".to_owned(),
                    image: "127.0.0.1:1/acme/m:x".to_owned(),
                }],
                networks: vec![LeftNetwork { id: "n1".to_owned(), name: "safe-push-x".to_owned() }],
                images: vec![image("safe-push-run:x", 121_000_000), image("safe-push-build:\u{1b}[31my", 900)],
                kept: 2,
            },
            folders: vec![LeftFolder { path: "/tmp/safe-push-sandbox-x".into(), size_bytes: 30_000_000 }],
            freed_bytes: 31_500_000,
            problems: vec!["failed to remove a network".to_owned()],
        }
    }

    #[test]
    fn what_was_freed_is_listed_and_stays_text() {
        assert_snapshot!(cleanup_text(&cleanup()), @r"
        removed 1 container, 1 network, 2 images and 1 folder; freed 31.5 MB
          container  0123456789ab  eager_bell (127.0.0.1:1/acme/m:x)
          network    safe-push-x
          image      safe-push-run:x  121.0 MB
          image      safe-push-build:y  900 bytes
          folder     /tmp/safe-push-sandbox-x  30.0 MB
        2 items were kept for up to a day: whether their process has ended cannot be seen from here
        ");
    }

    #[test]
    fn nothing_and_a_list_say_so() {
        assert_eq!(cleanup_text(&Cleanup::default()), "nothing is left of earlier runs");
        let listed = cleanup_text(&Cleanup { dry_run: true, ..cleanup() });
        assert!(listed.starts_with("would remove 1 container, 1 network, 2 images and 1 folder\n"), "{listed}");
    }

    #[test]
    fn the_document_has_every_field() {
        let document = serde_json::to_value(cleanup_json(&cleanup())).unwrap();
        assert_eq!(document["schema"], "safe-push/clean/v1");
        assert_eq!(document["images"][0], serde_json::json!({"name": "safe-push-run:x", "size_bytes": 121_000_000}));
        assert_eq!(document["folders"][0], serde_json::json!({"path": "/tmp/safe-push-sandbox-x", "size_bytes": 30_000_000}));
        assert_eq!((&document["kept"], &document["freed_bytes"]), (&serde_json::json!(2), &serde_json::json!(31_500_000)));
    }
}
