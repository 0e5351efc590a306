//! Which folder of a repository holds a model's project.
//!
//! A setting decides; else the configuration's own folder, if it has a `cog.yaml`; else the repository itself. Otherwise the folders with a
//! `cog.yaml` are listed, and one of them is used if that is certain: it is the only one, or the only one that is named like the model.

use std::fs;
use std::path::Path;

use cog_findings::text::shorten;
use cog_findings::{Finding, Location};

use crate::config::repository_file::Folders;
use crate::config::rules;
use crate::domain::identity::ModelRef;
use crate::domain::project_place::{COG_YAML, ProjectPlace, SELECT_SCRIPTS, below, folder_in_repository};

/// How deep projects are looked for.
const MAX_LEVELS: usize = 4;

/// How many folders are looked into. A repository with more names its models' folders.
const MAX_FOLDERS: usize = 5000;

/// The most bytes of paths in a message.
pub(super) const MAX_NAMES_BYTES: usize = 400;

/// Folders that hold other people's code.
const OTHERS: [&str; 6] = ["node_modules", "site-packages", "venv", "__pycache__", "safe-push-report", "target"];

/// What is known of a model when its folder is chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnplacedModel<'a> {
    /// The name that selects it.
    pub(super) name: &'a str,
    /// Its configuration, relative to the repository; empty without one.
    pub(super) file: &'a str,
    pub(super) live: Option<&'a ModelRef>,
}

/// The folders of a repository, below its own, that have a `cog.yaml`.
#[derive(Debug, Default)]
pub(super) struct Projects {
    folders: Vec<String>,
}

impl Projects {
    /// Looks for projects. A repository that is a project itself, or whose script makes it one, has no others.
    pub(super) fn find(root: &Path, select_script: Option<&str>) -> Self {
        let is_prepared = match select_script {
            Some(named) => named != "none",
            None => SELECT_SCRIPTS.iter().any(|path| root.join(path).is_file()),
        };
        let mut found = Self::default();
        if !is_prepared && !root.join(COG_YAML).is_file() {
            found.walk(root);
        }
        found
    }

    fn walk(&mut self, root: &Path) {
        let mut level = vec![String::new()];
        let mut looked_into = 0_usize;
        for _ in 0..=MAX_LEVELS {
            let mut next = Vec::new();
            for folder in &level {
                looked_into += 1;
                if looked_into > MAX_FOLDERS {
                    return;
                }
                if root.join(folder).join(COG_YAML).is_file() {
                    self.folders.push(folder.clone());
                    continue;
                }
                next.extend(inner_folders(root, folder));
            }
            level = next;
        }
        self.folders.sort();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().map(String::as_str)
    }

    /// The folder of a model without a setting, and a finding where none is certain.
    fn of(&self, root: &Path, model: UnplacedModel<'_>) -> (String, Option<Finding>) {
        if let Some((beside, _)) = model.file.rsplit_once('/')
            && let Some(beside) = folder_in_repository(beside)
            && !beside.is_empty()
            && root.join(&beside).join(COG_YAML).is_file()
        {
            return (beside, None);
        }
        let named = |folder: &&String| {
            let last = folder.rsplit('/').next().unwrap_or(folder);
            last == model.name || model.live.is_some_and(|live| last.eq_ignore_ascii_case(live.name()))
        };
        let called_so: Vec<&String> = self.folders.iter().filter(named).collect();
        match (self.folders.as_slice(), called_so.as_slice()) {
            ([], _) => (String::new(), None),
            ([only], _) => (only.clone(), None),
            (_, [only]) => ((*only).clone(), None),
            (all, several) => {
                let candidates = if several.is_empty() { all.iter().collect::<Vec<_>>() } else { several.to_vec() };
                let names: Vec<&str> = candidates.iter().map(|folder| folder.as_str()).collect();
                let message = format!(
                    "it is not clear which folder holds '{}': cog.yaml is in {}",
                    model.name,
                    shorten(&names.join(", "), MAX_NAMES_BYTES)
                );
                let hint = format!("name it in .safe-push.yaml, as in `models: {{{}: {{folder: {}}}}}`", model.name, names[0]);
                let finding = Finding::new(&rules::FOLDER_UNCLEAR, message).hint(hint);
                let file = Some(model.file).filter(|file| !file.is_empty());
                (String::new(), Some(file.into_iter().fold(finding, |finding, file| finding.at(Location::file(file)))))
            }
        }
    }

    /// Where a model's project is, and findings about the settings that name it.
    pub(super) fn place(&self, root: &Path, model: UnplacedModel<'_>, settings: &Folders) -> (ProjectPlace, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut inside = |key: &str, named: &Option<(String, Location)>| {
            let (text, location) = named.as_ref()?;
            let folder = folder_in_repository(text);
            if folder.is_none() {
                let message = format!("{key} is {}, which is outside the repository", shorten(text, 100));
                let finding = Finding::new(&rules::OUTSIDE, message).at(location.clone());
                findings.push(finding.hint("name a folder of the repository"));
            }
            folder
        };
        let (named, context) = (inside("folder", &settings.folder), inside("context", &settings.context));
        let folder = match named {
            Some(named) => named,
            None => {
                let (folder, finding) = self.of(root, model);
                findings.extend(finding);
                folder
            }
        };
        let Some(context) = context else { return (ProjectPlace::of_folder(&folder), findings) };
        match below(&folder, &context) {
            Some(rest) => {
                let config_folder = rest.to_owned();
                (ProjectPlace { context, config_folder }, findings)
            }
            None => {
                let message = format!("context is {context}, which does not contain the model's folder, {folder}");
                let location = settings.context.as_ref().map(|(_, location)| location.clone());
                let finding = Finding::new(&rules::CONTEXT_BESIDE, message);
                let finding = location.into_iter().fold(finding, Finding::at);
                findings.push(finding.hint("name a folder above the model's, such as `.`"));
                (ProjectPlace::of_folder(&folder), findings)
            }
        }
    }
}

/// The folders in a folder, links and hidden ones left out.
fn inner_folders(root: &Path, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let is_ours = |name: &str| !name.starts_with('.') && !OTHERS.contains(&name);
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_ours(name));
    let mut paths: Vec<String> = names.map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") }).collect();
    paths.sort();
    paths
}
