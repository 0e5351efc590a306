//! Files at the top of a repository whose names are almost those of files that are read.

use std::fs;
use std::path::Path;

use cog_findings::text::nearest;
use cog_findings::{Finding, Location};

use crate::config::files::DEFAULT_CONFIG;
use crate::config::repository_file::FILE;
use crate::config::rules;

/// Names that people give to the repository's settings.
const LIKE_SETTINGS: [&str; 5] = [".safe-push.yml", "safe-push.yaml", "safe-push.yml", ".safepush.yaml", ".safe_push.yaml"];

/// Names that people give to the configuration of the only model.
const LIKE_CONFIG: [&str; 4] = ["cog-safe-push.yml", ".cog-safe-push.yaml", ".cog-safe-push.yml", "cog_safe_push.yaml"];

/// Findings about such files, and about a folder whose name is almost that of the configurations' folder.
pub(super) fn find(root: &Path, config_dir: &str) -> Vec<Finding> {
    let renamed = |name: &&str, to: &str| {
        let finding = Finding::new(&rules::NOT_READ, format!("'{name}' is not read")).at(Location::file(*name));
        finding.hint(format!("rename it to {to}"))
    };
    let exists = |name: &&&str| root.join(name).is_file();
    let settings = LIKE_SETTINGS.iter().filter(exists).map(|name| renamed(name, FILE));
    let config = LIKE_CONFIG.iter().filter(exists).map(|name| renamed(name, DEFAULT_CONFIG));
    settings.chain(config).chain(similar_folder(root, config_dir)).collect()
}

/// A folder beside a missing one, with a similar name and a configuration in it.
fn similar_folder(root: &Path, config_dir: &str) -> Option<Finding> {
    if config_dir.contains('/') || root.join(config_dir).exists() || root.join(DEFAULT_CONFIG).exists() {
        return None;
    }
    let holds_configurations = |folder: &Path| {
        let names = fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        names.into_iter().any(|name| name.ends_with(".yaml") || name.ends_with(".yml"))
    };
    let entries = fs::read_dir(root).ok()?.flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.contains("push") && holds_configurations(&root.join(name)))
        .collect();
    names.sort();
    let near = nearest(config_dir, names.iter().map(String::as_str))?;
    let finding = Finding::new(&rules::NOT_READ, format!("the configurations in '{near}' are not read")).at(Location::file(near));
    Some(finding.hint(format!("rename the folder to {config_dir}, or name it with config_dir in {FILE}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(files: &[&str]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let findings = find(root.path(), "cog-safe-push-configs");
        findings.into_iter().map(|finding| format!("{} [{}]", finding.message, finding.hint.unwrap())).collect()
    }

    #[test]
    fn files_with_the_other_extension_are_reported() {
        assert_eq!(said(&[".safe-push.yml"]), ["'.safe-push.yml' is not read [rename it to .safe-push.yaml]"]);
        assert_eq!(said(&["cog-safe-push.yml"]), ["'cog-safe-push.yml' is not read [rename it to cog-safe-push.yaml]"]);
        assert!(said(&[".safe-push.yaml", "cog-safe-push.yaml", "README.md"]).is_empty());
    }

    #[test]
    fn a_folder_with_a_similar_name_is_reported_where_the_right_one_is_missing() {
        let hint = "the configurations in 'cog-safe-push-config' are not read [rename the folder to cog-safe-push-configs, or name it \
                    with config_dir in .safe-push.yaml]";
        assert_eq!(said(&["cog-safe-push-config/a.yaml"]), [hint]);
        assert!(said(&["cog-safe-push-config/a.yaml", "cog-safe-push-configs/a.yaml"]).is_empty());
        assert!(said(&["cog-safe-push-config/README.md"]).is_empty());
    }
}
